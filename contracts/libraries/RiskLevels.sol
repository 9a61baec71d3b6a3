// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RiskLevel, RiskThresholds} from "./Types.sol";

/// @title Levels of a score, and the bounds that keep their order
library RiskLevels {
    /// @notice A score above 100.
    error InvalidScore(uint256 score);
    /// @notice Limits that are out of order or out of bounds (1 <= safe < low < medium < high <= 95).
    error InvalidThresholds(uint8 safe, uint8 low, uint8 medium, uint8 high);

    /// @notice No threshold may be set above it: a CRITICAL level always remains.
    uint8 internal constant HIGHEST_THRESHOLD = 95;

    /// @notice The level of `score`. Reverts for scores above 100.
    function levelOf(RiskThresholds memory limits, uint8 score) internal pure returns (RiskLevel) {
        if (score > 100) revert InvalidScore(score);
        if (score <= limits.safe) return RiskLevel.Safe;
        if (score <= limits.low) return RiskLevel.Low;
        if (score <= limits.medium) return RiskLevel.Medium;
        if (score <= limits.high) return RiskLevel.High;
        return RiskLevel.Critical;
    }

    /// @notice Reverts unless the limits are in order and within bounds.
    function validate(RiskThresholds memory limits) internal pure {
        if (
            limits.safe == 0 || limits.safe >= limits.low || limits.low >= limits.medium || limits.medium >= limits.high
                || limits.high > HIGHEST_THRESHOLD
        ) {
            revert InvalidThresholds(limits.safe, limits.low, limits.medium, limits.high);
        }
    }

    /// @notice Whether no limit of `proposed` is above that of `current`: nothing gets through that did not before.
    function isAsStrict(RiskThresholds memory proposed, RiskThresholds memory current) internal pure returns (bool) {
        return proposed.safe <= current.safe && proposed.low <= current.low && proposed.medium <= current.medium
            && proposed.high <= current.high;
    }

    /// @notice 25% velocity, 25% amount, 20% pattern, 20% graph, 10% timing, rounded down. Reverts for scores above 100.
    function overall(uint8 velocity, uint8 amount, uint8 pattern, uint8 graph, uint8 timing)
        internal
        pure
        returns (uint8)
    {
        requireScore(velocity);
        requireScore(amount);
        requireScore(pattern);
        requireScore(graph);
        requireScore(timing);
        return uint8(
            (uint256(velocity) * 25 + uint256(amount) * 25 + uint256(pattern) * 20 + uint256(graph) * 20
                    + uint256(timing) * 10) / 100
        );
    }

    /// @notice Reverts for a score above 100.
    function requireScore(uint8 score) internal pure {
        if (score > 100) revert InvalidScore(score);
    }
}
