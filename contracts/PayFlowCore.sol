// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {CoreGovernance} from "./core/CoreGovernance.sol";
import {IComplianceEngine} from "./interfaces/IComplianceEngine.sol";
import {IERC3009} from "./interfaces/IERC3009.sol";
import {IFraudOracle} from "./interfaces/IFraudOracle.sol";
import {IPayFlowCore} from "./interfaces/IPayFlowCore.sol";
import {BoundedCall} from "./libraries/BoundedCall.sol";
import {ForwardedCalls} from "./libraries/ForwardedCalls.sol";
import {PaymentSlot, PaymentSlots} from "./libraries/PaymentSlot.sol";
import {Payment, PaymentStatus, RiskLevel, SignedBatch, SignedReport, Verdict} from "./libraries/Types.sol";

/// @title PayFlowCore
/// @notice Holds escrows and lets them go: to the recipient by a verdict, or back to the sender. Nowhere else.
/// @dev One storage slot per payment, keyed by the hash of its terms; the terms come back in calldata. The state of a
/// payment is written before its tokens move. A refund calls nothing that could stop it but the token itself.
contract PayFlowCore is CoreGovernance, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @dev What a payer signs for a relayer.
    bytes32 private constant INTENT_TYPEHASH = keccak256(
        "PaymentIntent(address sender,address recipient,address token,uint256 amount,bytes16 ref,uint256 deadline)"
    );
    /// @dev Most payments of a batch.
    uint256 private constant MAX_BATCH = 100;
    /// @dev Gas that one payment of a batch may use: a hostile token cannot use up the others' gas.
    uint256 private constant BATCH_ITEM_GAS = 400_000;
    /// @dev Gas for the sanctions check of a refund. It is always available, or the refund reverts: the check can
    /// be answered wrongly by nobody, and starved by nobody.
    uint256 private constant REFUND_CHECK_GAS = 250_000;
    /// @dev Of the deployment: a chain that changes its id must not change the ids of open escrows. Signatures are bound to the
    /// present id by their own domains; those for a token, where the token computes its domain anew.
    uint256 private immutable _chainId = block.chainid;

    mapping(bytes32 paymentId => PaymentSlot) private _payments;
    /// @dev A bit for each reference with which a sender has paid instantly, or which the sender revoked.
    mapping(address sender => mapping(uint256 word => uint256)) private _usedReferences;

    constructor(Setup memory setup) CoreGovernance(setup) EIP712("PayFlowCore", "1") {}

    // --- opening an escrow ---------------------------------------------------------------------------------------

    /// @inheritdoc IPayFlowCore
    function createPayment(address recipient, address token, uint256 amount, bytes16 ref)
        external
        nonReentrant
        returns (bytes32)
    {
        return _openByAllowance(msg.sender, recipient, token, amount, ref);
    }

    /// @notice createPayment with an EIP-2612 permit instead of an earlier approval.
    function createPaymentWithPermit(
        address recipient,
        address token,
        uint256 amount,
        bytes16 ref,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant returns (bytes32) {
        _requireAccepted(token);
        _permit(token, amount, deadline, v, r, s);
        return _openByAllowance(msg.sender, recipient, token, amount, ref);
    }

    /// @notice Open an escrow for `payment.sender` by their EIP-3009 authorisation to this contract, whose nonce is the
    /// payment id: whoever brings it can change no term.
    /// @param signature The authorisation's signature, as r, s, v.
    function createPaymentWithAuthorization(
        Payment calldata payment,
        uint256 validAfter,
        uint256 validBefore,
        bytes calldata signature
    ) external nonReentrant returns (bytes32) {
        _requireUnused(payment);
        bytes32 id = _admit(payment.sender, payment.recipient, payment.token, payment.amount, payment.ref);
        _receiveByAuthorization(id, payment, validAfter, validBefore, signature);
        return id;
    }

    /// @notice Open an escrow for `payment.sender` by their signed PaymentIntent and their approval of the token. Refused once the
    /// sender has used or revoked the reference.
    /// @dev Smart accounts may sign by ERC-1271; accounts that delegate their code (EIP-7702) by their key too. The id can be
    /// used once, so that an intent can be used once.
    function createPaymentFor(Payment calldata payment, uint256 deadline, bytes calldata signature)
        external
        nonReentrant
        returns (bytes32)
    {
        if (block.timestamp > deadline) revert IntentExpired(deadline, block.timestamp);
        _requireUnused(payment);
        bytes32 digest = _hashTypedDataV4(
            keccak256(
                abi.encode(
                    INTENT_TYPEHASH,
                    payment.sender,
                    payment.recipient,
                    payment.token,
                    payment.amount,
                    payment.ref,
                    deadline
                )
            )
        );
        _requireSignature(payment.sender, digest, signature);
        return _openByAllowance(payment.sender, payment.recipient, payment.token, payment.amount, payment.ref);
    }

    /// @notice Give a reference up: no intent and no authorisation that was signed for it can be brought any more, and no instant
    /// payment be made with it. Open escrows stay what they are.
    function revokeReference(bytes16 ref) external nonReentrant {
        (uint256 word, uint256 bit) = _placeOf(ref);
        _usedReferences[msg.sender][word] |= bit;
        emit ReferenceRevoked(msg.sender, ref);
    }

    // --- verdicts ------------------------------------------------------------------------------------------------

    /// @inheritdoc IPayFlowCore
    function settleNow(Payment calldata payment, SignedReport[] calldata reports)
        external
        nonReentrant
        whenNotPaused
        returns (PaymentStatus)
    {
        bytes32 id = _idOf(payment);
        Verdict memory verdict = ForwardedCalls.verifyReports(_oracle, id, reports);
        return _apply(id, payment.sender, payment.recipient, payment.token, payment.amount, verdict);
    }

    /// @inheritdoc IPayFlowCore
    function settleBatch(Payment[] calldata payments, SignedBatch[] calldata batches)
        external
        nonReentrant
        whenNotPaused
        returns (PaymentStatus[] memory results)
    {
        uint256 size = payments.length;
        if (size == 0 || size > MAX_BATCH) revert InvalidBatchSize(size, MAX_BATCH);
        bytes32[] memory ids = new bytes32[](size);
        for (uint256 i = 0; i < size; ++i) {
            ids[i] = _idOf(payments[i]);
        }
        Verdict[] memory verdicts = ForwardedCalls.verifyBatch(_oracle, ids, batches);
        results = new PaymentStatus[](size);
        for (uint256 i = 0; i < size; ++i) {
            results[i] = _applyAlone(ids[i], payments[i], verdicts[i]);
        }
    }

    /// @notice One payment of a batch. The core calls it on itself, so that a failure undoes that payment alone.
    /// @dev Besides settleBatch the core calls itself for scheduled changes only, and this is none.
    function applyBatchVerdict(bytes32 id, Payment calldata payment, Verdict calldata verdict)
        external
        returns (PaymentStatus)
    {
        if (msg.sender != address(this)) revert OnlySelf(msg.sender);
        return _apply(id, payment.sender, payment.recipient, payment.token, payment.amount, verdict);
    }

    /// @notice Settle by the analysis that a single signer recorded for this payment in the oracle.
    function executePayment(bytes32 id) external nonReentrant whenNotPaused returns (PaymentStatus) {
        PaymentSlot slot = _payments[id];
        if (slot.status() == PaymentStatus.None) revert PaymentUnknown(id);
        IFraudOracle.Analysis memory analysis = IFraudOracle(_oracle).recordedAnalysis(id);
        if (analysis.sender == address(0)) revert VerdictMissing(id);
        address token = _tokenList[slot.tokenIndex()];
        bytes32 analyzed = _idOf(analysis.sender, analysis.recipient, token, analysis.amount, slot.ref());
        if (analyzed != id) revert TermsMismatch(id, analyzed);
        return _apply(
            id, analysis.sender, analysis.recipient, token, analysis.amount, _unreported(analysis.score)
        );
    }

    /// @notice Settle for a whitelisted sender: spared the score, never the sanctions check.
    function executeWhitelisted(Payment calldata payment) external nonReentrant whenNotPaused returns (PaymentStatus) {
        bytes32 id = _idOf(payment);
        if (!IFraudOracle(_oracle).isWhitelisted(payment.sender)) revert VerdictMissing(id);
        return _apply(id, payment.sender, payment.recipient, payment.token, payment.amount, _unreported(0));
    }

    /// @inheritdoc IPayFlowCore
    function payInstant(Payment calldata payment, SignedReport[] calldata reports)
        external
        nonReentrant
        returns (bytes32 id)
    {
        return _payInstantByAllowance(payment, reports);
    }

    /// @notice payInstant with an EIP-2612 permit instead of an earlier approval.
    function payInstantWithPermit(
        Payment calldata payment,
        SignedReport[] calldata reports,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant returns (bytes32) {
        _requireAccepted(payment.token);
        _permit(payment.token, payment.amount, deadline, v, r, s);
        return _payInstantByAllowance(payment, reports);
    }

    /// @notice payInstant by the payer's EIP-3009 authorisation, whose nonce is the instantPaymentId; anyone may bring it.
    function payInstantWithAuthorization(
        Payment calldata payment,
        SignedReport[] calldata reports,
        uint256 validAfter,
        uint256 validBefore,
        bytes calldata signature
    ) external nonReentrant returns (bytes32 id) {
        id = _recordInstant(payment, reports);
        _receiveByAuthorization(id, payment, validAfter, validBefore, signature);
        uint256 before = _balanceOf(payment.token, payment.recipient);
        _send(payment.token, payment.recipient, payment.amount);
        _requireReceived(payment.token, payment.recipient, before, payment.amount);
    }

    // --- ways back, open in a pause too --------------------------------------------------------------------------

    /// @notice Take a pending payment back. Sender only.
    function cancel(Payment calldata payment) external nonReentrant returns (PaymentStatus) {
        (bytes32 id, PaymentSlot slot) = _known(payment);
        if (msg.sender != payment.sender) revert OnlySender(id, msg.sender, payment.sender);
        _requireStatus(id, slot, PaymentStatus.Pending);
        emit PaymentCancelled(id, msg.sender);
        return _refund(id, payment, slot, PaymentStatus.Cancelled);
    }

    /// @notice Send a payment back to its sender once no quorum settled it, or no reviewer decided it, in time. Anyone
    /// may do that.
    function reclaim(Payment calldata payment) external nonReentrant returns (PaymentStatus) {
        (bytes32 id, PaymentSlot slot) = _known(payment);
        uint256 deadline = slot.settleDeadline();
        if (slot.status() == PaymentStatus.Held) deadline = slot.reviewDeadline();
        else _requireStatus(id, slot, PaymentStatus.Pending);
        if (block.timestamp <= deadline) revert TooEarlyToReclaim(id, deadline, block.timestamp);
        emit PaymentReclaimed(id, msg.sender);
        return _refund(id, payment, slot, PaymentStatus.Cancelled);
    }

    /// @notice Send a frozen escrow back to its sender, who must not be sanctioned any more. As with every refund, an external
    /// source of sanctions that does not answer names nobody: a dead one must not keep money for ever.
    function releaseFrozen(Payment calldata payment) external nonReentrant onlyRole(COMPLIANCE_ROLE) {
        (bytes32 id, PaymentSlot slot) = _known(payment);
        _requireStatus(id, slot, PaymentStatus.Frozen);
        if (_isSanctionedForRefund(payment.sender)) revert SenderStillSanctioned(id, payment.sender);
        _payments[id] = slot.withStatus(PaymentStatus.Released);
        emit PaymentReleased(id, msg.sender);
        _send(payment.token, payment.sender, payment.amount);
    }

    // --- review --------------------------------------------------------------------------------------------------

    /// @notice Let a held payment pass.
    function approve(Payment calldata payment, string calldata note)
        external
        nonReentrant
        whenNotPaused
        onlyRole(REVIEWER_ROLE)
        returns (PaymentStatus)
    {
        (bytes32 id, PaymentSlot slot) = _reviewable(payment);
        (bool senderSanctioned, address refused) =
            IComplianceEngine(_compliance).screen(payment.sender, payment.recipient);
        if (senderSanctioned) {
            emit PaymentReviewed(id, msg.sender, PaymentStatus.Frozen, note);
            return _freeze(id, payment.sender, slot);
        }
        if (refused != address(0)) revert PartyListed(id, refused);
        _payments[id] = slot.withStatus(PaymentStatus.Settled);
        emit PaymentReviewed(id, msg.sender, PaymentStatus.Settled, note);
        _send(payment.token, payment.recipient, payment.amount);
        return PaymentStatus.Settled;
    }

    /// @notice Send a held payment back.
    function reject(Payment calldata payment, string calldata note)
        external
        nonReentrant
        onlyRole(REVIEWER_ROLE)
        returns (PaymentStatus)
    {
        (bytes32 id, PaymentSlot slot) = _reviewable(payment);
        emit PaymentReviewed(id, msg.sender, PaymentStatus.Rejected, note);
        return _refund(id, payment, slot, PaymentStatus.Rejected);
    }

    // --- views ---------------------------------------------------------------------------------------------------

    /// @inheritdoc IPayFlowCore
    function paymentId(Payment calldata payment) external view returns (bytes32) {
        return _idOf(payment);
    }

    /// @inheritdoc IPayFlowCore
    function instantPaymentId(Payment calldata payment) external view returns (bytes32) {
        return _instantIdOf(payment);
    }

    /// @inheritdoc IPayFlowCore
    function isReferenceUsed(address sender, bytes16 ref) public view returns (bool) {
        (uint256 word, uint256 bit) = _placeOf(ref);
        return _usedReferences[sender][word] & bit != 0;
    }

    /// @inheritdoc IPayFlowCore
    function getPayment(bytes32 id) external view returns (PaymentState memory) {
        PaymentSlot slot = _payments[id];
        return PaymentState({
            ref: slot.ref(),
            settleDeadline: slot.settleDeadline(),
            reviewDeadline: slot.reviewDeadline(),
            tokenIndex: slot.tokenIndex(),
            status: slot.status(),
            score: slot.score(),
            flagged: slot.flagged()
        });
    }

    /// @notice EIP-712 domain separator of payers' intents.
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    // --- inner workings ------------------------------------------------------------------------------------------

    function _openByAllowance(address sender, address recipient, address token, uint256 amount, bytes16 ref)
        private
        returns (bytes32 id)
    {
        id = _admit(sender, recipient, token, amount, ref);
        _pull(token, sender, address(this), amount);
    }

    // What the three functions between these marks call before they write is the compliance engine, which asks at most
    // a sanctions source, by a static call; and every way in is guarded.
    // slither-disable-start reentrancy-no-eth,reentrancy-benign

    /// @dev The record and its event come before the tokens: what follows is the transfer, or all of it is undone.
    function _admit(address sender, address recipient, address token, uint256 amount, bytes16 ref)
        private
        returns (bytes32 id)
    {
        (IComplianceEngine engine, uint256 settleWindow) = _requireOpen();
        id = _idOf(sender, recipient, token, amount, ref);
        (uint256 index, uint8 decimals) = _requireSound(sender, recipient, token, amount);
        PaymentSlot slot = _payments[id];
        if (PaymentSlot.unwrap(slot) != 0) revert PaymentAlreadyExists(id, slot.status());
        engine.enrollPayment(sender, recipient, amount, decimals, ref);
        uint256 settleDeadline;
        unchecked {
            settleDeadline = block.timestamp + settleWindow;
        }
        _payments[id] = PaymentSlots.opened(ref, settleDeadline, index);
        emit PaymentCreated(id, sender, recipient, token, amount, ref, uint40(settleDeadline));
    }

    function _payInstantByAllowance(Payment calldata payment, SignedReport[] calldata reports)
        private
        returns (bytes32 id)
    {
        if (msg.sender != payment.sender) revert OnlySender(_instantIdOf(payment), msg.sender, payment.sender);
        id = _recordInstant(payment, reports);
        _pull(payment.token, payment.sender, payment.recipient, payment.amount);
    }

    function _recordInstant(Payment calldata payment, SignedReport[] calldata reports) private returns (bytes32 id) {
        // slither-disable-next-line unused-return: there is no deadline
        (IComplianceEngine engine,) = _requireOpen();
        id = _instantIdOf(payment);
        (address sender, address recipient) = (payment.sender, payment.recipient);
        (address token, uint256 amount, bytes16 ref) = (payment.token, payment.amount, payment.ref);
        // slither-disable-next-line unused-return: where the token lies in the list matters to escrows
        (, uint8 decimals) = _requireSound(sender, recipient, token, amount);
        (uint256 word, uint256 bit) = _placeOf(ref);
        mapping(uint256 => uint256) storage used = _usedReferences[sender];
        uint256 bits = used[word];
        if (bits & bit != 0) revert ReferenceUsed(sender, ref);
        Verdict memory verdict = ForwardedCalls.verifyReports(_oracle, id, reports);
        if (verdict.level > RiskLevel.Medium) revert InstantPaymentRefused(id, verdict.score, verdict.level);
        engine.beforeInstantPayment(sender, recipient, amount, decimals, ref, verdict.score);
        used[word] = bits | bit;
        emit PaymentPaidInstantly(id, sender, recipient, token, amount, ref);
        _emitVerdict(id, PaymentStatus.Settled, verdict);
    }

    /// @dev What was signed for an escrow and left lying must not be brought after the payer went the other way.
    function _requireUnused(Payment calldata payment) private view {
        if (isReferenceUsed(payment.sender, payment.ref)) revert ReferenceUsed(payment.sender, payment.ref);
    }

    /// @dev What any new payment must satisfy before it is screened.
    function _requireSound(address sender, address recipient, address token, uint256 amount)
        private
        view
        returns (uint256 index, uint8 decimals)
    {
        (index, decimals) = _requireAccepted(token);
        if (amount == 0 || amount > type(uint96).max) revert InvalidAmount(amount);
        if (recipient == address(0) || recipient == sender || recipient == token || recipient == address(this)) {
            revert InvalidRecipient(recipient);
        }
    }

    /// @dev The scalars, not the terms, so that they may come from calldata or from a recorded analysis.
    function _apply(
        bytes32 id,
        address sender,
        address recipient,
        address token,
        uint256 amount,
        Verdict memory verdict
    ) private returns (PaymentStatus status) {
        PaymentSlot slot = _payments[id];
        if (PaymentSlot.unwrap(slot) == 0) revert PaymentUnknown(id);
        _requireStatus(id, slot, PaymentStatus.Pending);
        if (block.timestamp > slot.settleDeadline()) {
            revert SettleDeadlinePassed(id, slot.settleDeadline(), block.timestamp);
        }
        bool held = verdict.level == RiskLevel.High;
        bool blocked = verdict.level == RiskLevel.Critical;
        (bool senderSanctioned, bool refused) =
            IComplianceEngine(_compliance).handleVerdict(sender, recipient, verdict.score, held, blocked);

        // a sender who is sanctioned was found just now, so the refund of a blocked payment need not ask again
        address payee = address(0);
        if (senderSanctioned) {
            status = PaymentStatus.Frozen;
        } else if (blocked || refused) {
            (status, payee) = (PaymentStatus.Blocked, sender);
        } else if (held) {
            status = PaymentStatus.Held;
            slot = slot.withReview(block.timestamp + _reviewWindow);
        } else {
            (status, payee) = (PaymentStatus.Settled, recipient);
        }
        bool flagged = status == PaymentStatus.Settled && verdict.level == RiskLevel.Medium;
        _payments[id] = slot.judged(verdict.score, status, flagged);
        _emitVerdict(id, status, verdict);
        if (status == PaymentStatus.Frozen) emit PaymentFrozen(id, sender);
        if (payee != address(0)) _send(token, payee, amount);
    }

    // slither-disable-end reentrancy-no-eth,reentrancy-benign

    /// @dev Undoes what it did where it fails, and None then says so.
    function _applyAlone(bytes32 id, Payment calldata payment, Verdict memory verdict)
        private
        returns (PaymentStatus)
    {
        _requireGas(BATCH_ITEM_GAS);
        (bool applied, uint256 status, bytes memory reason) =
            ForwardedCalls.applyBatchVerdict(this.applyBatchVerdict.selector, BATCH_ITEM_GAS, id, payment, verdict);
        if (applied) return PaymentStatus(status);
        emit SettlementSkipped(id, reason);
        return PaymentStatus.None;
    }

    function _emitVerdict(bytes32 id, PaymentStatus status, Verdict memory verdict) private {
        emit VerdictApplied(
            id,
            status,
            verdict.score,
            verdict.level,
            verdict.alerts,
            verdict.modelVersion,
            verdict.evidenceHash
        );
    }

    function _refund(bytes32 id, Payment calldata payment, PaymentSlot slot, PaymentStatus status)
        private
        returns (PaymentStatus)
    {
        if (_isSanctionedForRefund(payment.sender)) return _freeze(id, payment.sender, slot);
        _payments[id] = slot.withStatus(status);
        _send(payment.token, payment.sender, payment.amount);
        return status;
    }

    function _freeze(bytes32 id, address sender, PaymentSlot slot) private returns (PaymentStatus) {
        _payments[id] = slot.withStatus(PaymentStatus.Frozen);
        emit PaymentFrozen(id, sender);
        return PaymentStatus.Frozen;
    }

    /// @dev A compliance engine that fails names nobody: it must not be able to trap money.
    function _isSanctionedForRefund(address sender) private view returns (bool) {
        _requireGas(REFUND_CHECK_GAS);
        (bool answered, uint256 answer) = BoundedCall.ask(
            _compliance, REFUND_CHECK_GAS, abi.encodeCall(IComplianceEngine.isSanctionedForRefund, (sender))
        );
        return answered && answer == 1;
    }

    /// @dev An inner call gets at most 63/64 of what is left.
    function _requireGas(uint256 needed) private view {
        uint256 left = gasleft();
        if (left < needed + needed / 32 + 20_000) revert NotEnoughGas(left, needed + needed / 32 + 20_000);
    }

    function _receiveByAuthorization(
        bytes32 id,
        Payment calldata payment,
        uint256 validAfter,
        uint256 validBefore,
        bytes calldata signature
    ) private {
        uint256 before = _balanceOf(payment.token, address(this));
        IERC3009(payment.token).receiveWithAuthorization(
            payment.sender, address(this), payment.amount, validAfter, validBefore, id, signature
        );
        _requireReceived(payment.token, address(this), before, payment.amount);
    }

    /// @dev Takes exactly `amount`, or reverts.
    function _pull(address token, address from, address to, uint256 amount) private {
        uint256 before = _balanceOf(token, to);
        if (!IERC20(token).trySafeTransferFrom(from, to, amount)) revert TransferFailed(token, to, amount);
        _requireReceived(token, to, before, amount);
    }

    function _send(address token, address to, uint256 amount) private {
        if (!IERC20(token).trySafeTransfer(to, amount)) revert TransferFailed(token, to, amount);
    }

    function _requireReceived(address token, address holder, uint256 before, uint256 amount) private view {
        uint256 balance = _balanceOf(token, holder);
        unchecked {
            if (balance < before || balance - before != amount) {
                revert TokenChargedFee(token, amount, balance > before ? balance - before : 0);
            }
        }
    }

    /// @dev IERC20.balanceOf without the decoder; a token that answers with less than a word reverts.
    function _balanceOf(address token, address holder) private view returns (uint256 held) {
        bytes4 selector = IERC20.balanceOf.selector;
        bool answered;
        assembly ("memory-safe") {
            mstore(0, selector)
            mstore(4, shr(96, shl(96, holder)))
            answered := staticcall(gas(), token, 0, 36, 0, 32)
            answered := and(answered, gt(returndatasize(), 31))
            held := mload(0)
        }
        if (!answered) revert BalanceUnknown(token, holder);
    }

    /// @dev By the account's key, or else by its code (ERC-1271). No key exists for the address of a contract, so that
    /// asking for one first lets in nobody else.
    function _requireSignature(address payer, bytes32 digest, bytes calldata signature) private view {
        // slither-disable-next-line unused-return: the third value says what was wrong, which is not told
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (failure == ECDSA.RecoverError.NoError && signer == payer) return;
        if (!SignatureChecker.isValidERC1271SignatureNowCalldata(payer, digest, signature)) revert InvalidIntent(payer, signer);
    }

    /// @dev A permit that somebody else has brought already has done its work: the transfer tells.
    function _permit(address token, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) private {
        try IERC20Permit(token).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
    }

    function _known(Payment calldata payment) private view returns (bytes32 id, PaymentSlot slot) {
        id = _idOf(payment);
        slot = _payments[id];
        if (PaymentSlot.unwrap(slot) == 0) revert PaymentUnknown(id);
    }

    function _reviewable(Payment calldata payment) private view returns (bytes32 id, PaymentSlot slot) {
        (id, slot) = _known(payment);
        _requireStatus(id, slot, PaymentStatus.Held);
        if (block.timestamp > slot.reviewDeadline()) {
            revert ReviewDeadlinePassed(id, slot.reviewDeadline(), block.timestamp);
        }
    }

    function _requireStatus(bytes32 id, PaymentSlot slot, PaymentStatus expected) private pure {
        PaymentStatus status = slot.status();
        if (status != expected) revert WrongStatus(id, status, expected);
    }

    /// @dev The words of the terms are hashed as they came: what has bits beyond a member's type is the id of no payment, and
    /// can open none, because opening reads the members.
    function _idOf(Payment calldata payment) private view returns (bytes32 id) {
        uint256 chain = _chainId;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, chain)
            mstore(add(free, 32), address())
            calldatacopy(add(free, 64), payment, 160)
            id := keccak256(free, 224)
        }
    }

    /// @dev With a word more than an escrow's preimage, so that the two are never the same.
    function _instantIdOf(Payment calldata payment) private view returns (bytes32 id) {
        uint256 chain = _chainId;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, chain)
            mstore(add(free, 32), address())
            calldatacopy(add(free, 64), payment, 160)
            mstore(add(free, 224), 1)
            id := keccak256(free, 256)
        }
    }

    function _idOf(address sender, address recipient, address token, uint256 amount, bytes16 ref)
        private
        view
        returns (bytes32 id)
    {
        uint256 chain = _chainId;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, chain)
            mstore(add(free, 32), address())
            mstore(add(free, 64), shr(96, shl(96, sender)))
            mstore(add(free, 96), shr(96, shl(96, recipient)))
            mstore(add(free, 128), shr(96, shl(96, token)))
            mstore(add(free, 160), amount)
            mstore(add(free, 192), ref)
            id := keccak256(free, 224)
        }
    }

    /// @dev Where the bit of a reference lies.
    function _placeOf(bytes16 ref) private pure returns (uint256 word, uint256 bit) {
        return (uint128(ref) >> 8, 1 << (uint128(ref) & 0xff));
    }

    function _unreported(uint8 score) private view returns (Verdict memory) {
        return Verdict(score, IFraudOracle(_oracle).levelOf(score), 0, bytes32(0), bytes32(0));
    }
}
