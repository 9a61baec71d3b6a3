// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IComplianceEngine} from "../interfaces/IComplianceEngine.sol";

/// @notice What the compliance engine keeps of an account beside its spending windows, in one word.
///
///      bit  0         on the own sanctions list
///      bit  1         frozen
///      bits 8..15     tier
///      bits 16..31    jurisdiction, ISO 3166-1 numeric, 0 unknown
///      bits 32..39    last score
///      bits 40..47    peak score
///      bits 48..79    verdicts
///      bits 80..111   of them held
///      bits 112..143  of them blocked
///      bits 144..183  sum of the scores
type AccountProfile is uint256;

using AccountProfiles for AccountProfile global;

/// @title Reading and changing AccountProfile
library AccountProfiles {
    uint256 private constant LAST_AND_PEAK = 0xffff << 32;
    uint256 private constant CLASS = 0xffffff << 8;

    /// @notice One verdict more.
    /// @dev A counter cannot run into its neighbour: 2^32 verdicts on one account are more than a chain has blocks for.
    function withVerdict(AccountProfile profile, uint8 score, bool held, bool blocked)
        internal
        pure
        returns (AccountProfile)
    {
        unchecked {
            uint256 word = AccountProfile.unwrap(profile);
            uint256 peak = (word >> 40) & 0xff;
            if (score > peak) peak = score;
            word = (word & ~LAST_AND_PEAK) | (uint256(score) << 32) | (peak << 40);
            word += (1 << 48) + (uint256(score) << 144);
            if (held) word += 1 << 80;
            if (blocked) word += 1 << 112;
            return AccountProfile.wrap(word);
        }
    }

    /// @notice On or off the own sanctions list.
    function withSanction(AccountProfile profile, bool listed) internal pure returns (AccountProfile) {
        uint256 word = AccountProfile.unwrap(profile);
        return AccountProfile.wrap(listed ? word | 1 : word & ~uint256(1));
    }

    /// @notice Frozen or released.
    function withFreeze(AccountProfile profile, bool frozen_) internal pure returns (AccountProfile) {
        uint256 word = AccountProfile.unwrap(profile);
        return AccountProfile.wrap(frozen_ ? word | 2 : word & ~uint256(2));
    }

    /// @notice With a tier and a jurisdiction.
    function classified(AccountProfile profile, uint8 tier_, uint16 jurisdiction_)
        internal
        pure
        returns (AccountProfile)
    {
        return AccountProfile.wrap(
            (AccountProfile.unwrap(profile) & ~CLASS) | (uint256(tier_) << 8) | (uint256(jurisdiction_) << 16)
        );
    }

    /// @notice Whether the own sanctions list names the account.
    function sanctioned(AccountProfile profile) internal pure returns (bool) {
        return AccountProfile.unwrap(profile) & 1 == 1;
    }

    /// @notice Whether the account is frozen.
    function frozen(AccountProfile profile) internal pure returns (bool) {
        return AccountProfile.unwrap(profile) & 2 == 2;
    }

    /// @notice The account's tier.
    function tier(AccountProfile profile) internal pure returns (uint8) {
        return uint8(AccountProfile.unwrap(profile) >> 8);
    }

    /// @notice The account's jurisdiction.
    function jurisdiction(AccountProfile profile) internal pure returns (uint16) {
        return uint16(AccountProfile.unwrap(profile) >> 16);
    }

    /// @notice What verdicts said of the account.
    function risk(AccountProfile profile) internal pure returns (IComplianceEngine.RiskProfile memory) {
        uint256 word = AccountProfile.unwrap(profile);
        uint256 count = uint32(word >> 48);
        return IComplianceEngine.RiskProfile({
            last: uint8(word >> 32),
            peak: uint8(word >> 40),
            average: count == 0 ? 0 : uint8(uint40(word >> 144) / count),
            count: uint32(count),
            held: uint32(word >> 80),
            blocked: uint32(word >> 112)
        });
    }
}
