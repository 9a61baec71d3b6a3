// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PaymentStatus} from "./Types.sol";

/// @notice What the core stores of a payment, in one word: every step reads it once and writes it once.
///
///      bits 0..127    ref             the payer's reference
///      bits 128..167  settleDeadline  unix seconds
///      bits 168..207  reviewDeadline  unix seconds, 0 where it is not held
///      bits 208..223  tokenIndex      position in the core's list of tokens
///      bits 224..231  status          PaymentStatus
///      bits 232..239  score           0 to 100
///      bit  240       flagged
type PaymentSlot is uint256;

using PaymentSlots for PaymentSlot global;

/// @title Packing and unpacking of PaymentSlot
library PaymentSlots {
    uint256 private constant STATUS = 0xff << 224;
    uint256 private constant SCORE = 0xff << 232;

    /// @notice A payment that has just been opened.
    function opened(bytes16 ref_, uint256 settleDeadline_, uint256 tokenIndex_) internal pure returns (PaymentSlot) {
        return PaymentSlot.wrap(
            (uint256(PaymentStatus.Pending) << 224) | (tokenIndex_ << 208) | (settleDeadline_ << 128)
                | uint128(ref_)
        );
    }

    /// @notice The same with another status.
    function withStatus(PaymentSlot slot, PaymentStatus status_) internal pure returns (PaymentSlot) {
        return PaymentSlot.wrap((PaymentSlot.unwrap(slot) & ~STATUS) | (uint256(status_) << 224));
    }

    /// @notice A pending payment with the score of its verdict.
    function judged(PaymentSlot slot, uint8 score_, PaymentStatus status_, bool flagged_)
        internal
        pure
        returns (PaymentSlot)
    {
        uint256 word = PaymentSlot.unwrap(slot) & ~(STATUS | SCORE);
        word |= (uint256(score_) << 232) | (uint256(status_) << 224);
        return PaymentSlot.wrap(flagged_ ? word | (1 << 240) : word);
    }

    /// @notice A payment with a deadline for its reviewer.
    function withReview(PaymentSlot slot, uint256 deadline) internal pure returns (PaymentSlot) {
        return PaymentSlot.wrap(PaymentSlot.unwrap(slot) | (deadline << 168));
    }

    /// @notice The payer's reference.
    function ref(PaymentSlot slot) internal pure returns (bytes16) {
        return bytes16(uint128(PaymentSlot.unwrap(slot)));
    }

    /// @notice Until when a quorum may settle, unix seconds.
    function settleDeadline(PaymentSlot slot) internal pure returns (uint40) {
        return uint40(PaymentSlot.unwrap(slot) >> 128);
    }

    /// @notice Until when a reviewer may decide, unix seconds.
    function reviewDeadline(PaymentSlot slot) internal pure returns (uint40) {
        return uint40(PaymentSlot.unwrap(slot) >> 168);
    }

    /// @notice Position of its token in the core's list.
    function tokenIndex(PaymentSlot slot) internal pure returns (uint16) {
        return uint16(PaymentSlot.unwrap(slot) >> 208);
    }

    /// @notice Where it stands.
    function status(PaymentSlot slot) internal pure returns (PaymentStatus) {
        return PaymentStatus(uint8(PaymentSlot.unwrap(slot) >> 224));
    }

    /// @notice The verdict's score.
    function score(PaymentSlot slot) internal pure returns (uint8) {
        return uint8(PaymentSlot.unwrap(slot) >> 232);
    }

    /// @notice Whether it settled at MEDIUM.
    function flagged(PaymentSlot slot) internal pure returns (bool) {
        return PaymentSlot.unwrap(slot) >> 240 & 1 == 1;
    }
}
