// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICoreBound} from "./ICoreBound.sol";

/// @title Who may pay how much, and who may not be paid at all
/// @dev Amounts are in cents of the tokens' unit of account, rounded up.
interface IComplianceEngine is ICoreBound {
    /// @notice Why compliance refuses a payment; the same value in `checkPayment` and in the error.
    enum Refusal {
        None,
        SenderSanctioned,
        RecipientSanctioned,
        SanctionsUnavailable,
        SenderFrozen,
        RecipientFrozen,
        JurisdictionBlocked,
        TierClosed,
        AbovePaymentLimit,
        AboveDailyLimit,
        AboveMonthlyLimit,
        TravelRuleReference,
        SenderBlacklisted,
        RecipientBlacklisted
    }

    /// @notice Limits of a tier, in cents; 2^64 - 1 means no limit.
    struct Tier {
        uint64 perPayment;
        uint64 daily;
        uint64 monthly;
        bool open;
    }

    /// @notice What verdicts said of an account.
    struct RiskProfile {
        uint8 last;
        uint8 peak;
        uint8 average;
        uint32 count;
        uint32 held;
        uint32 blocked;
    }

    /// @notice A payment is refused. `subject` is the party or, for limits, the sender; `limit` and `would` are in cents.
    error ComplianceRefused(Refusal refusal, address subject, uint256 limit, uint256 would);

    /// @notice Check a new payment against everything and count it against the sender's limits. Core only.
    /// @param decimals Decimals of the token.
    /// @param ref The payer's reference; the travel rule demands one from its threshold on.
    function enrollPayment(address sender, address recipient, uint256 amount, uint8 decimals, bytes16 ref) external;

    /// @notice Both at once for a payment without escrow: check and count it, and record its verdict. Core only.
    function beforeInstantPayment(
        address sender,
        address recipient,
        uint256 amount,
        uint8 decimals,
        bytes16 ref,
        uint8 score
    ) external;

    /// @notice The oracle's blacklist changed. Only the oracle that the core uses.
    /// @dev Kept here too, beside the other standing of an account, so that a payment asks one contract only.
    function onBlacklist(address wallet, bool listed) external;

    /// @notice Record a verdict in the sender's risk profile and read both parties' standing again. Core only.
    /// @dev Reverts where the external source does not answer: nothing is paid out unchecked.
    /// @return senderSanctioned Whether the money must stay where it is.
    /// @return refused Whether the recipient must not be paid: it is listed, or the sender's account is frozen.
    function handleVerdict(address sender, address recipient, uint8 score, bool held, bool blocked)
        external
        returns (bool senderSanctioned, bool refused);

    /// @notice Both parties' standing. Reverts where the external source does not answer.
    /// @return senderSanctioned Whether the money must stay where it is.
    /// @return refused The party for whom the recipient must not be paid: a listed recipient, or a frozen sender.
    function screen(address sender, address recipient) external view returns (bool senderSanctioned, address refused);

    /// @notice What is known of two wallets, for contracts that gate something of their own: lists, freezes, jurisdictions, and
    /// the scores of their last payments.
    /// @return refusal Why a payment between them would be refused, None where their standing is no reason.
    /// @return score The higher last score of the two, 0 to 100.
    function assess(address sender, address recipient) external view returns (Refusal refusal, uint8 score);

    /// @notice A refusal as a sentence.
    function describe(Refusal refusal) external pure returns (string memory);

    /// @notice Whether `account` is sanctioned. Reverts where the external source does not answer.
    function isSanctioned(address account) external view returns (bool);

    /// @notice As isSanctioned, for refunds: an external source that does not answer names nobody.
    function isSanctionedForRefund(address account) external view returns (bool);
}
