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

    /// @notice The four limits in one word: safe in the lowest byte, then low, medium and high.
    function pack(RiskThresholds memory limits) internal pure returns (uint32) {
        return uint32(limits.safe) | uint32(limits.low) << 8 | uint32(limits.medium) << 16 | uint32(limits.high) << 24;
    }

    /// @notice The opposite of `pack`.
    function unpack(uint32 limits) internal pure returns (RiskThresholds memory) {
        return RiskThresholds(uint8(limits), uint8(limits >> 8), uint8(limits >> 16), uint8(limits >> 24));
    }

    /// @notice The level of `score`: how many of the limits it is above. Reverts for scores above 100.
    /// @param limits As `pack` gives them, in order.
    function levelOf(uint32 limits, uint8 score) internal pure returns (RiskLevel level) {
        if (score > 100) revert InvalidScore(score);
        assembly ("memory-safe") {
            level := add(
                add(gt(score, and(limits, 0xff)), gt(score, and(shr(8, limits), 0xff))),
                add(gt(score, and(shr(16, limits), 0xff)), gt(score, and(shr(24, limits), 0xff)))
            )
        }
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
