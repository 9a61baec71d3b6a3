// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountProfile} from "../../contracts/libraries/AccountProfile.sol";
import {PaymentSlot, PaymentSlots} from "../../contracts/libraries/PaymentSlot.sol";
import {RollingLimits} from "../../contracts/libraries/RollingLimits.sol";
import {PaymentStatus} from "../../contracts/libraries/Types.sol";

/// @title Words that hold several members: none runs into another; and what the windows count
contract LimitsProof {
    uint256 private constant CALLERS = 0xf << 252;

    /// @notice Nothing that is added is forgotten within the exact windows, for two payments.
    function check_windows_secondPaymentSeesTheFirst(uint16 first, uint8 later, uint24 a, uint24 b) public pure {
        if (uint256(first) + later > type(uint16).max || first == 0) return;
        (uint256 slot,,) = RollingLimits.add(0, first, a);
        (, uint256 daily, uint256 monthly) = RollingLimits.add(slot, uint256(first) + later, b);
        // a difference of three buckets of 8 hours may be less than 24 hours, of 90 buckets less than 30 days
        if (later <= 3) assert(daily == uint256(a) + b);
        if (later <= 90) assert(monthly == uint256(a) + b);
    }

    /// @notice The caller's four bits stay, whatever is added.
    function check_windows_callersBitsStay(uint256 slot, uint16 index, uint128 cents) public pure {
        (uint256 moved,,) = RollingLimits.add(slot, index, cents);
        assert(moved & CALLERS == slot & CALLERS);
    }

    /// @notice In cents, rounded up, with six decimals, for amounts up to 2^24 base units.
    function check_cents_roundUp(uint24 amount) public pure {
        uint256 cents = RollingLimits.toCents(amount, 6);
        assert(cents * 10_000 >= amount);
        assert(cents == 0 || (cents - 1) * 10_000 < amount);
    }

    /// @notice A verdict changes the members that it names, by as much as it says.
    function check_profile_oneVerdictMore(uint256 word, uint8 score, bool held, bool blocked) public pure {
        if (score > 100) return;
        // counters that are not at their end: see the note in the library
        if (uint32(word >> 48) == type(uint32).max || uint32(word >> 80) == type(uint32).max) return;
        if (uint32(word >> 112) == type(uint32).max || uint40(word >> 144) > type(uint40).max - 100) return;
        uint256 next = AccountProfile.unwrap(AccountProfile.wrap(word).withVerdict(score, held, blocked));
        assert(uint32(next) == uint32(word));
        assert(uint8(next >> 32) == score);
        assert(uint8(next >> 40) == (score > uint8(word >> 40) ? score : uint8(word >> 40)));
        assert(uint32(next >> 48) == uint32(word >> 48) + 1);
        assert(uint32(next >> 80) == uint32(word >> 80) + (held ? 1 : 0));
        assert(uint32(next >> 112) == uint32(word >> 112) + (blocked ? 1 : 0));
        assert(uint40(next >> 144) == uint40(word >> 144) + score);
        assert(next >> 184 == word >> 184);
    }

    /// @notice What a payment's word is made of comes out of it again.
    function check_slot_membersAreApart(
        bytes16 ref,
        uint40 settleDeadline,
        uint40 reviewDeadline,
        uint16 index,
        uint8 score,
        uint8 status,
        bool flagged
    ) public pure {
        if (status > uint8(type(PaymentStatus).max)) return;
        PaymentSlot slot = PaymentSlots.opened(ref, settleDeadline, index);
        assert(slot.status() == PaymentStatus.Pending && slot.score() == 0 && !slot.flagged());
        slot = slot.withReview(reviewDeadline).judged(score, PaymentStatus(status), flagged);
        assert(slot.ref() == ref && slot.settleDeadline() == settleDeadline && slot.reviewDeadline() == reviewDeadline);
        assert(slot.tokenIndex() == index && slot.score() == score && slot.flagged() == flagged);
        assert(slot.status() == PaymentStatus(status));
        slot = slot.withStatus(PaymentStatus.Cancelled);
        assert(slot.status() == PaymentStatus.Cancelled && slot.score() == score && slot.ref() == ref);
    }
}
