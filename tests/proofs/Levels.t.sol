// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RiskLevels} from "../../contracts/libraries/RiskLevels.sol";
import {RiskLevel, RiskThresholds} from "../../contracts/libraries/Types.sol";

/// @title The level of a score, for all 256 scores and all limits
contract LevelsProof {
    using RiskLevels for RiskThresholds;
    using RiskLevels for uint32;

    function levelOf(RiskThresholds memory limits, uint8 score) external pure returns (RiskLevel) {
        return limits.pack().levelOf(score);
    }

    function validate(RiskThresholds memory limits) external pure {
        limits.validate();
    }

    /// @notice Total: an answer for exactly the scores 0 to 100, whatever the limits.
    function check_level_total(uint8 score, uint8 safe, uint8 low, uint8 medium, uint8 high) public view {
        (bool answered,) =
            address(this).staticcall(abi.encodeCall(this.levelOf, (RiskThresholds(safe, low, medium, high), score)));
        assert(answered == (score <= 100));
    }

    /// @notice Exact: the first level whose limit is not exceeded, where the limits are in order.
    function check_level_exact(uint8 score, uint8 safe, uint8 low, uint8 medium, uint8 high) public pure {
        if (score > 100 || safe >= low || low >= medium || medium >= high) return;
        RiskLevel level = RiskThresholds(safe, low, medium, high).pack().levelOf(score);
        RiskLevel expected = score <= safe
            ? RiskLevel.Safe
            : score <= low
                ? RiskLevel.Low
                : score <= medium ? RiskLevel.Medium : score <= high ? RiskLevel.High : RiskLevel.Critical;
        assert(level == expected);
    }

    /// @notice Packed limits are the limits.
    function check_limits_packAndUnpack(uint8 safe, uint8 low, uint8 medium, uint8 high) public pure {
        RiskThresholds memory back = RiskLevels.unpack(RiskThresholds(safe, low, medium, high).pack());
        assert(back.safe == safe && back.low == low && back.medium == medium && back.high == high);
    }

    /// @notice Limits that are accepted are in order, and leave a CRITICAL level.
    function check_limits_acceptedOnesAreInOrder(uint8 safe, uint8 low, uint8 medium, uint8 high) public view {
        (bool accepted,) =
            address(this).staticcall(abi.encodeCall(this.validate, (RiskThresholds(safe, low, medium, high))));
        assert(accepted == (safe > 0 && safe < low && low < medium && medium < high && high <= 95));
    }

    /// @notice The overall score is at most 100, at most the highest of the five and at least the lowest.
    function check_overall_withinTheScores(uint8 v, uint8 a, uint8 p, uint8 g, uint8 t) public pure {
        if (v > 100 || a > 100 || p > 100 || g > 100 || t > 100) return;
        uint256 overall = RiskLevels.overall(v, a, p, g, t);
        assert(overall == (uint256(v) * 25 + uint256(a) * 25 + uint256(p) * 20 + uint256(g) * 20 + uint256(t) * 10) / 100);
        assert(overall <= 100);
    }
}
