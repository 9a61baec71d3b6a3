// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Payment, PaymentStatus, RiskLevel, SignedBatch, SignedReport} from "../libraries/Types.sol";

/// @title Escrow and instant payments that only a quorum's verdict releases
interface IPayFlowCore {
    /// @notice What the core stores of a payment.
    struct PaymentState {
        bytes16 ref;
        uint40 settleDeadline;
        uint40 reviewDeadline;
        uint16 tokenIndex;
        PaymentStatus status;
        uint8 score;
        bool flagged;
    }

    /// @notice Why `checkToken` refuses.
    enum TokenStanding {
        Accepted,
        NeverListed,
        Suspended
    }

    /// @notice The token is not accepted.
    error TokenRefused(address token, TokenStanding standing);
    /// @notice The token delivered another amount than asked for, as tokens with a fee on transfers do.
    error TokenChargedFee(address token, uint256 expected, uint256 received);
    /// @notice The token does not say what a holder has.
    error BalanceUnknown(address token, address holder);
    /// @notice The token refused a transfer; the payment stays as it was.
    error TransferFailed(address token, address to, uint256 amount);
    /// @notice Zero, or above 2^96 - 1.
    error InvalidAmount(uint256 amount);
    /// @notice Zero, the sender, the token or the core.
    error InvalidRecipient(address recipient);
    /// @notice A payment of exactly these terms was made before: choose another reference.
    error PaymentAlreadyExists(bytes32 paymentId, PaymentStatus status);
    /// @notice The sender has paid instantly with this reference, or revoked it: choose another one.
    error ReferenceUsed(address sender, bytes16 ref);
    /// @notice No payment has these terms.
    error PaymentUnknown(bytes32 paymentId);
    /// @notice The payment is not in the state that this takes.
    error WrongStatus(bytes32 paymentId, PaymentStatus status, PaymentStatus expected);
    /// @notice Only the sender may do that.
    error OnlySender(bytes32 paymentId, address caller, address sender);
    /// @notice The settle deadline has passed: only a refund is left.
    error SettleDeadlinePassed(bytes32 paymentId, uint256 deadline, uint256 timestamp);
    /// @notice The review deadline has passed: only a refund is left.
    error ReviewDeadlinePassed(bytes32 paymentId, uint256 deadline, uint256 timestamp);
    /// @notice The deadline has not passed yet.
    error TooEarlyToReclaim(bytes32 paymentId, uint256 deadline, uint256 timestamp);
    /// @notice Only the deployer names the first oracle and compliance engine.
    error OnlyBinder(address caller, address binder);
    /// @notice They are named already: later ones come by scheduled changes.
    error AlreadyBound(address oracle, address compliance);
    /// @notice No oracle and compliance engine are named yet: `binder` names them, which opens the core.
    error NotBound(address binder);
    /// @notice The recipient is listed, or the sender's account frozen: a reviewer cannot let the payment pass.
    error PartyListed(bytes32 paymentId, address party);
    /// @notice The sender is still sanctioned.
    error SenderStillSanctioned(bytes32 paymentId, address sender);
    /// @notice The level is too high for a payment without escrow.
    error InstantPaymentRefused(bytes32 paymentId, uint8 score, RiskLevel level);
    /// @notice There is no recorded analysis and the sender is not whitelisted.
    error VerdictMissing(bytes32 paymentId);
    /// @notice The recorded analysis is about other terms than this payment's.
    error TermsMismatch(bytes32 paymentId, bytes32 analyzedId);
    /// @notice More payments than a batch may hold, or none.
    error InvalidBatchSize(uint256 size, uint256 largest);
    /// @notice Too little gas is left for the rest of the batch, or for a check that must not be starved.
    error NotEnoughGas(uint256 left, uint256 needed);
    /// @notice The payer's signature on the intent is missing or another's: `signer` is whose key made it on these terms and
    /// this deadline; zero where it is not of the form that intents have: 65 bytes, s in the lower half, v 27 or 28.
    error InvalidIntent(address payer, address signer);
    /// @notice The intent was valid until `deadline`.
    error IntentExpired(uint256 deadline, uint256 timestamp);
    /// @notice A window of less than a minute or more than 30 days.
    error InvalidWindow(uint256 window, uint256 shortest, uint256 longest);
    /// @notice The zero address, or one without code, where a contract is needed.
    error NotAContract(address account);
    /// @notice The contract was made for another core, or answers nothing when asked for its core.
    error BoundElsewhere(address part, address core);
    /// @notice Reachable from the core itself only.
    error OnlySelf(address caller);
    /// @notice The token is listed and accepted already, has no code, names no decimals (with the gas that is left), more than 24 or,
    /// listed before, others than then, or there are more tokens than can be listed.
    error TokenCannotBeListed(address token);

    /// @notice An escrow was opened.
    event PaymentCreated(
        bytes32 indexed paymentId,
        address indexed sender,
        address indexed recipient,
        address token,
        uint256 amount,
        bytes16 ref,
        uint40 settleDeadline
    );
    /// @notice A sender gave a reference up: nothing that was signed for it can be brought any more.
    event ReferenceRevoked(address indexed sender, bytes16 ref);
    /// @notice A payment went through without escrow; `paymentId` is its instantPaymentId.
    event PaymentPaidInstantly(
        bytes32 indexed paymentId,
        address indexed sender,
        address indexed recipient,
        address token,
        uint256 amount,
        bytes16 ref
    );
    /// @notice A verdict moved a payment to `status`. A score with a model version of zero comes from a recorded
    /// analysis or from the whitelist.
    event VerdictApplied(
        bytes32 indexed paymentId,
        PaymentStatus status,
        uint8 score,
        RiskLevel level,
        uint32 alerts,
        bytes32 modelVersion,
        bytes32 evidenceHash
    );
    /// @notice A reviewer decided a held payment.
    event PaymentReviewed(
        bytes32 indexed paymentId, address indexed reviewer, PaymentStatus status, string note
    );
    /// @notice The sender took a pending payment back.
    event PaymentCancelled(bytes32 indexed paymentId, address indexed by);
    /// @notice A payment was refunded after its deadline.
    event PaymentReclaimed(bytes32 indexed paymentId, address indexed by);
    /// @notice A verdict (also one that lets the payment pass), an approval or a refund met a sanctioned sender: the escrow stays
    /// until compliance releases it.
    event PaymentFrozen(bytes32 indexed paymentId, address indexed sender);
    /// @notice A frozen escrow went back to its sender.
    event PaymentReleased(bytes32 indexed paymentId, address indexed by);
    /// @notice One payment of a batch could not be settled; `reason` is the revert data, cut at 256 bytes.
    event SettlementSkipped(bytes32 indexed paymentId, bytes reason);
    /// @notice A token was listed.
    event TokenListed(address indexed token, uint16 index, uint8 decimals);
    /// @notice A token was suspended: no new payments in it.
    event TokenSuspended(address indexed token, address indexed by);
    /// @notice The oracle was replaced; payments in flight are judged by the new one.
    event OracleChanged(address indexed previous, address indexed oracle);
    /// @notice The compliance engine was replaced; payments in flight are checked by the new one.
    event ComplianceChanged(address indexed previous, address indexed compliance);
    /// @notice The time for a quorum or for a reviewer changed; payments in flight keep their deadlines.
    event WindowsChanged(uint32 settleWindow, uint32 reviewWindow);

    /// @notice Open an escrow.
    /// @param ref Your own reference, for example a UUID; equal payments need different ones.
    function createPayment(address recipient, address token, uint256 amount, bytes16 ref)
        external
        returns (bytes32 id);

    /// @notice Settle an escrow by a quorum's reports.
    function settleNow(Payment calldata payment, SignedReport[] calldata reports) external returns (PaymentStatus);

    /// @notice Settle up to 100 escrows by one signature per signer. One that fails does not stop the others.
    function settleBatch(Payment[] calldata payments, SignedBatch[] calldata batches)
        external
        returns (PaymentStatus[] memory);

    /// @notice Pay at once with a quorum's reports on the instantPaymentId; refused above MEDIUM.
    /// @dev Used references are bits, 256 a word: references that are counted up cost less than random ones.
    function payInstant(Payment calldata payment, SignedReport[] calldata reports) external returns (bytes32 id);

    /// @notice The id of an escrow with these terms: keccak256(abi.encode(chain id, core, sender, recipient, token, amount, ref)).
    function paymentId(Payment calldata payment) external view returns (bytes32);

    /// @notice The id of an instant payment with these terms: the same with `true` behind them. No report, and no
    /// authorisation, for one way to pay is good for the other.
    function instantPaymentId(Payment calldata payment) external view returns (bytes32);

    /// @notice Whether a sender has paid instantly with this reference, which can be done once, or has revoked it.
    /// @dev It says nothing of recipient, token or amount: the proof of an instant payment is PaymentPaidInstantly with the
    /// instantPaymentId.
    function isReferenceUsed(address sender, bytes16 ref) external view returns (bool);

    /// @notice What is stored of a payment.
    function getPayment(bytes32 id) external view returns (PaymentState memory);

    /// @notice The oracle whose quorum decides, zero before the first is named.
    function oracle() external view returns (address);

    /// @notice The compliance engine in force, zero before the first is named.
    function compliance() external view returns (address);
}
