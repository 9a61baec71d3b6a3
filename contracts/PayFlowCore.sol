// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IComplianceEngine} from "./interfaces/IComplianceEngine.sol";
import {IERC3009} from "./interfaces/IERC3009.sol";
import {IFraudOracle} from "./interfaces/IFraudOracle.sol";
import {IPayFlowCore} from "./interfaces/IPayFlowCore.sol";
import {BoundedCall} from "./libraries/BoundedCall.sol";
import {Governed} from "./libraries/Governed.sol";
import {Payment, PaymentStatus, RiskLevel, SignedBatch, SignedReport, Verdict} from "./libraries/Types.sol";

/// @title PayFlowCore
/// @notice Holds escrows and lets them go: to the recipient by a verdict, or back to the sender. Nowhere else.
/// @dev One storage slot per payment, keyed by the hash of its terms; the terms come back in calldata. The state of a
/// payment is written before its tokens move. A refund calls nothing that could stop it but the token itself.
contract PayFlowCore is IPayFlowCore, Governed, EIP712, ReentrancyGuardTransient, Pausable {
    using SafeERC20 for IERC20;

    /// @notice Everything that the constructor needs.
    struct Setup {
        address admin;
        uint48 changeDelay;
        address[] riskAdmins;
        address[] reviewers;
        address[] officers;
        address[] pausers;
        address oracle;
        address compliance;
        uint32 settleWindow;
        uint32 reviewWindow;
        address[] tokens;
    }

    struct TokenConfig {
        uint16 index;
        uint8 decimals;
        bool accepted;
    }

    /// @notice Lists and suspends tokens.
    bytes32 public constant RISK_ADMIN_ROLE = keccak256("RISK_ADMIN_ROLE");
    /// @notice Decides held payments.
    bytes32 public constant REVIEWER_ROLE = keccak256("REVIEWER_ROLE");
    /// @notice Releases frozen escrows to their senders.
    bytes32 public constant COMPLIANCE_ROLE = keccak256("COMPLIANCE_ROLE");
    /// @notice Pauses. The default admin ends a pause.
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");
    /// @notice What a payer signs for a relayer.
    bytes32 public constant INTENT_TYPEHASH = keccak256(
        "PaymentIntent(address sender,address recipient,address token,uint256 amount,bytes16 ref,uint256 deadline)"
    );
    /// @notice Most payments of a batch.
    uint256 public constant MAX_BATCH = 100;
    /// @notice Gas that one payment of a batch may use: a hostile token cannot use up the others' gas.
    uint256 public constant BATCH_ITEM_GAS = 400_000;
    /// @notice Gas for the sanctions check of a refund. It is always available, or the refund reverts: the check can
    /// be answered wrongly by nobody, and starved by nobody.
    uint256 public constant REFUND_CHECK_GAS = 250_000;
    /// @notice Bounds of the time for a quorum and of the time for a reviewer, seconds.
    uint256 public constant SHORTEST_WINDOW = 1 minutes;
    /// @notice See SHORTEST_WINDOW.
    uint256 public constant LONGEST_WINDOW = 30 days;

    // The pause flag of the last base shares this slot.
    address private _compliance;
    uint32 private _settleWindow;
    uint32 private _reviewWindow;

    /// @dev Set while settleBatch calls the core itself: a self-call from anywhere else (a scheduled change is one) must
    /// not pass for a quorum's verdict.
    bool private transient _settlingBatch;

    address private _oracle;
    mapping(bytes32 paymentId => PaymentState) private _payments;
    mapping(address token => TokenConfig) private _tokens;
    address[] private _tokenList;

    constructor(Setup memory setup) Governed(setup.changeDelay, setup.admin) EIP712("PayFlowCore", "1") {
        _grantAll(RISK_ADMIN_ROLE, setup.riskAdmins);
        _grantAll(REVIEWER_ROLE, setup.reviewers);
        _grantAll(COMPLIANCE_ROLE, setup.officers);
        _grantAll(PAUSER_ROLE, setup.pausers);
        _setOracle(setup.oracle);
        _setCompliance(setup.compliance);
        _setWindows(setup.settleWindow, setup.reviewWindow);
        for (uint256 i = 0; i < setup.tokens.length; ++i) {
            _listToken(setup.tokens[i]);
        }
    }

    // --- opening an escrow ---------------------------------------------------------------------------------------

    /// @inheritdoc IPayFlowCore
    function createPayment(address recipient, address token, uint256 amount, bytes16 ref)
        external
        nonReentrant
        whenNotPaused
        returns (bytes32)
    {
        return _open(Payment(msg.sender, recipient, token, amount, ref), "");
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
    ) external nonReentrant whenNotPaused returns (bytes32) {
        _requireAccepted(token);
        _permit(token, amount, deadline, v, r, s);
        return _open(Payment(msg.sender, recipient, token, amount, ref), "");
    }

    /// @notice Open an escrow for `payment.sender` by their EIP-3009 authorisation to this contract, whose nonce is the
    /// payment id: whoever brings it can change no term.
    /// @param signature The authorisation's signature, as r, s, v.
    function createPaymentWithAuthorization(
        Payment calldata payment,
        uint256 validAfter,
        uint256 validBefore,
        bytes calldata signature
    ) external nonReentrant whenNotPaused returns (bytes32) {
        return _open(payment, abi.encode(validAfter, validBefore, signature));
    }

    /// @notice Open an escrow for `payment.sender` by their signed PaymentIntent and their approval of the token.
    /// @dev Smart accounts may sign by ERC-1271. The id can be used once, so that an intent can be used once.
    function createPaymentFor(Payment calldata payment, uint256 deadline, bytes calldata signature)
        external
        nonReentrant
        whenNotPaused
        returns (bytes32)
    {
        if (block.timestamp > deadline) revert IntentExpired(deadline, block.timestamp);
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
        if (!SignatureChecker.isValidSignatureNow(payment.sender, digest, signature)) {
            revert InvalidIntent(payment.sender, msg.sender);
        }
        return _open(payment, "");
    }

    // --- verdicts ------------------------------------------------------------------------------------------------

    /// @inheritdoc IPayFlowCore
    function settle(Payment calldata payment, SignedReport[] calldata reports)
        external
        nonReentrant
        whenNotPaused
        returns (PaymentStatus)
    {
        bytes32 id = _idOf(payment);
        return _apply(id, payment, IFraudOracle(_oracle).verifyReports(id, reports));
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
        Verdict[] memory verdicts = IFraudOracle(_oracle).verifyBatch(ids, batches);
        results = new PaymentStatus[](size);
        _settlingBatch = true;
        for (uint256 i = 0; i < size; ++i) {
            results[i] = _applyAlone(ids[i], payments[i], verdicts[i]);
        }
        _settlingBatch = false;
    }

    /// @notice One payment of a batch. The core calls it on itself, so that a failure undoes that payment alone.
    function applyVerdict(bytes32 id, Payment calldata payment, Verdict calldata verdict)
        external
        returns (PaymentStatus)
    {
        if (msg.sender != address(this) || !_settlingBatch) revert OnlySelf(msg.sender);
        return _apply(id, payment, verdict);
    }

    /// @notice Settle by the analysis that a single signer recorded for this payment in the oracle.
    function executePayment(bytes32 id) external nonReentrant whenNotPaused returns (PaymentStatus) {
        PaymentState memory state = _payments[id];
        if (state.status == PaymentStatus.None) revert PaymentUnknown(id);
        IFraudOracle.Analysis memory analysis = IFraudOracle(_oracle).recordedAnalysis(id);
        if (analysis.sender == address(0)) revert VerdictMissing(id);
        Payment memory payment = Payment(
            analysis.sender, analysis.recipient, _tokenList[state.tokenIndex], analysis.amount, state.ref
        );
        if (_idOf(payment) != id) revert TermsMismatch(id, _idOf(payment));
        return _apply(id, payment, _unreported(analysis.score));
    }

    /// @notice Settle for a whitelisted sender: spared the score, never the sanctions check.
    function executeWhitelisted(Payment calldata payment) external nonReentrant whenNotPaused returns (PaymentStatus) {
        bytes32 id = _idOf(payment);
        if (!IFraudOracle(_oracle).isWhitelisted(payment.sender)) revert VerdictMissing(id);
        return _apply(id, payment, _unreported(0));
    }

    /// @inheritdoc IPayFlowCore
    function payInstant(Payment calldata payment, SignedReport[] calldata reports)
        external
        nonReentrant
        whenNotPaused
        returns (bytes32)
    {
        return _payInstant(payment, reports, "");
    }

    /// @notice payInstant with an EIP-2612 permit instead of an earlier approval.
    function payInstantWithPermit(
        Payment calldata payment,
        SignedReport[] calldata reports,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant whenNotPaused returns (bytes32) {
        _requireAccepted(payment.token);
        _permit(payment.token, payment.amount, deadline, v, r, s);
        return _payInstant(payment, reports, "");
    }

    /// @notice payInstant by the payer's EIP-3009 authorisation, whose nonce is the payment id; anyone may bring it.
    function payInstantWithAuthorization(
        Payment calldata payment,
        SignedReport[] calldata reports,
        uint256 validAfter,
        uint256 validBefore,
        bytes calldata signature
    ) external nonReentrant whenNotPaused returns (bytes32) {
        return _payInstant(payment, reports, abi.encode(validAfter, validBefore, signature));
    }

    // --- ways back, open in a pause too --------------------------------------------------------------------------

    /// @notice Take a pending payment back. Sender only.
    function cancel(Payment calldata payment) external nonReentrant returns (PaymentStatus) {
        (bytes32 id, PaymentState storage state) = _known(payment);
        if (msg.sender != payment.sender) revert OnlySender(id, msg.sender, payment.sender);
        _requireStatus(id, state, PaymentStatus.Pending);
        emit PaymentCancelled(id, msg.sender);
        return _refund(id, payment, state, PaymentStatus.Cancelled);
    }

    /// @notice Send a payment back to its sender once no quorum settled it, or no reviewer decided it, in time. Anyone
    /// may do that.
    function reclaim(Payment calldata payment) external nonReentrant returns (PaymentStatus) {
        (bytes32 id, PaymentState storage state) = _known(payment);
        uint256 deadline = state.settleDeadline;
        if (state.status == PaymentStatus.Held) deadline = state.reviewDeadline;
        else _requireStatus(id, state, PaymentStatus.Pending);
        if (block.timestamp <= deadline) revert TooEarlyToReclaim(id, deadline, block.timestamp);
        emit PaymentReclaimed(id, msg.sender);
        return _refund(id, payment, state, PaymentStatus.Cancelled);
    }

    /// @notice Send a frozen escrow back to its sender, who must not be sanctioned any more.
    function releaseFrozen(Payment calldata payment) external nonReentrant onlyRole(COMPLIANCE_ROLE) {
        (bytes32 id, PaymentState storage state) = _known(payment);
        _requireStatus(id, state, PaymentStatus.Frozen);
        if (_isSanctionedForRefund(payment.sender)) revert SenderStillSanctioned(id, payment.sender);
        state.status = PaymentStatus.Released;
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
        (bytes32 id, PaymentState storage state) = _reviewable(payment);
        (bool senderSanctioned, bool recipientListed) =
            IComplianceEngine(_compliance).screen(payment.sender, payment.recipient);
        if (senderSanctioned) {
            emit PaymentReviewed(id, msg.sender, PaymentStatus.Frozen, note);
            return _freeze(id, payment.sender, state);
        }
        if (recipientListed || IFraudOracle(_oracle).isBlacklisted(payment.recipient)) {
            revert RecipientListed(id, payment.recipient);
        }
        state.status = PaymentStatus.Settled;
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
        (bytes32 id, PaymentState storage state) = _reviewable(payment);
        emit PaymentReviewed(id, msg.sender, PaymentStatus.Rejected, note);
        return _refund(id, payment, state, PaymentStatus.Rejected);
    }

    // --- administration ------------------------------------------------------------------------------------------

    /// @notice Stop new payments and settlements, at once. Ways back stay open.
    function pause() external onlyRole(PAUSER_ROLE) {
        _pause();
    }

    /// @notice End a pause.
    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _unpause();
    }

    /// @notice List a token, as a scheduled change.
    function listToken(address token) external onlyScheduled {
        _listToken(token);
    }

    /// @notice Take no new payments in a token, at once. Those in flight go on.
    function suspendToken(address token) external onlyRole(RISK_ADMIN_ROLE) {
        _requireAccepted(token);
        _tokens[token].accepted = false;
        emit TokenSuspended(token, msg.sender);
    }

    /// @notice Replace the oracle, as a scheduled change. Payments in flight are judged by the new one.
    function setOracle(address oracle_) external onlyScheduled {
        _setOracle(oracle_);
    }

    /// @notice Replace the compliance engine, as a scheduled change. Payments in flight are checked by the new one.
    function setCompliance(address compliance_) external onlyScheduled {
        _setCompliance(compliance_);
    }

    /// @notice Set the time for a quorum and for a reviewer, as a scheduled change. Payments in flight keep theirs.
    function setWindows(uint32 settleWindow_, uint32 reviewWindow_) external onlyScheduled {
        _setWindows(settleWindow_, reviewWindow_);
    }

    // --- views ---------------------------------------------------------------------------------------------------

    /// @inheritdoc IPayFlowCore
    function paymentId(Payment calldata payment) external view returns (bytes32) {
        return _idOf(payment);
    }

    /// @inheritdoc IPayFlowCore
    function getPayment(bytes32 id) external view returns (PaymentState memory) {
        return _payments[id];
    }

    /// @notice Whether new payments in a token are taken, and why not.
    function checkToken(address token) external view returns (TokenStanding standing, string memory reason) {
        standing = _standing(token);
        if (standing == TokenStanding.NeverListed) reason = "the risk admin has not listed this token";
        else if (standing == TokenStanding.Suspended) reason = "the risk admin has suspended this token";
        else reason = "the token is accepted";
    }

    /// @notice All tokens that were ever listed; a payment's tokenIndex points here.
    function tokens() external view returns (address[] memory) {
        return _tokenList;
    }

    /// @notice The oracle whose quorum decides.
    function oracle() external view returns (address) {
        return _oracle;
    }

    /// @notice The compliance engine in force.
    function compliance() external view returns (address) {
        return _compliance;
    }

    /// @notice Seconds for a quorum, seconds for a reviewer.
    function windows() external view returns (uint32 settleWindow, uint32 reviewWindow) {
        return (_settleWindow, _reviewWindow);
    }

    /// @notice EIP-712 domain separator of payers' intents.
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    // --- inner workings ------------------------------------------------------------------------------------------

    /// @dev `authorization` is empty for a pull by allowance, else the ABI encoding of an EIP-3009 authorisation.
    function _open(Payment memory payment, bytes memory authorization) private returns (bytes32 id) {
        TokenConfig memory token;
        (id, token) = _admit(payment);
        uint40 settleDeadline = uint40(block.timestamp + _settleWindow);
        _payments[id] = PaymentState({
            ref: payment.ref,
            settleDeadline: settleDeadline,
            reviewDeadline: 0,
            tokenIndex: token.index,
            status: PaymentStatus.Pending,
            score: 0,
            flagged: false
        });
        emit PaymentCreated(
            id, payment.sender, payment.recipient, payment.token, payment.amount, payment.ref, settleDeadline
        );
        _receive(id, payment, authorization);
    }

    function _payInstant(Payment calldata payment, SignedReport[] calldata reports, bytes memory authorization)
        private
        returns (bytes32 id)
    {
        TokenConfig memory token;
        (id, token) = _admit(payment);
        if (authorization.length == 0 && msg.sender != payment.sender) {
            revert OnlySender(id, msg.sender, payment.sender);
        }
        Verdict memory verdict = IFraudOracle(_oracle).verifyReports(id, reports);
        if (verdict.level > RiskLevel.Medium) revert InstantPaymentRefused(id, verdict.score, verdict.level);
        (bool senderSanctioned, bool recipientListed) = IComplianceEngine(_compliance).onVerdict(
            payment.sender, payment.recipient, verdict.score, false, false
        );
        if (senderSanctioned) revert SenderStillSanctioned(id, payment.sender);
        if (recipientListed) revert RecipientListed(id, payment.recipient);
        _payments[id] = PaymentState({
            ref: payment.ref,
            settleDeadline: uint40(block.timestamp),
            reviewDeadline: 0,
            tokenIndex: token.index,
            status: PaymentStatus.Settled,
            score: verdict.score,
            flagged: verdict.level == RiskLevel.Medium
        });
        emit PaymentPaidInstantly(
            id, payment.sender, payment.recipient, payment.token, payment.amount, payment.ref
        );
        _emitVerdict(id, PaymentStatus.Settled, verdict);
        if (authorization.length == 0) {
            uint256 before = IERC20(payment.token).balanceOf(payment.recipient);
            _pull(payment, payment.recipient);
            _requireReceived(payment, before, payment.recipient);
        } else {
            _receive(id, payment, authorization);
            _send(payment.token, payment.recipient, payment.amount);
        }
    }

    /// @dev Everything that a new payment must satisfy, whichever way it is paid.
    function _admit(Payment memory payment) private returns (bytes32 id, TokenConfig memory token) {
        token = _requireAccepted(payment.token);
        if (payment.amount == 0 || payment.amount > type(uint96).max) revert InvalidAmount(payment.amount);
        address recipient = payment.recipient;
        if (
            recipient == address(0) || recipient == payment.sender || recipient == payment.token
                || recipient == address(this)
        ) {
            revert InvalidRecipient(recipient);
        }
        id = _idOf(payment);
        PaymentStatus status = _payments[id].status;
        if (status != PaymentStatus.None) revert PaymentAlreadyExists(id, status);
        (bool senderListed, bool recipientListed) = IFraudOracle(_oracle).areBlacklisted(payment.sender, recipient);
        if (senderListed) revert PartyBlacklisted(payment.sender);
        if (recipientListed) revert PartyBlacklisted(recipient);
        IComplianceEngine(_compliance).onPayment(
            payment.sender, recipient, payment.amount, token.decimals, payment.ref
        );
    }

    function _apply(bytes32 id, Payment memory payment, Verdict memory verdict) private returns (PaymentStatus status) {
        PaymentState storage state = _payments[id];
        if (state.status == PaymentStatus.None) revert PaymentUnknown(id);
        _requireStatus(id, state, PaymentStatus.Pending);
        if (block.timestamp > state.settleDeadline) {
            revert SettleDeadlinePassed(id, state.settleDeadline, block.timestamp);
        }
        bool held = verdict.level == RiskLevel.High;
        bool blocked = verdict.level == RiskLevel.Critical;
        (bool senderSanctioned, bool recipientListed) =
            IComplianceEngine(_compliance).onVerdict(payment.sender, payment.recipient, verdict.score, held, blocked);
        state.score = verdict.score;

        if (senderSanctioned) {
            _emitVerdict(id, PaymentStatus.Frozen, verdict);
            return _freeze(id, payment.sender, state);
        }
        if (blocked || recipientListed || IFraudOracle(_oracle).isBlacklisted(payment.recipient)) {
            _emitVerdict(id, PaymentStatus.Blocked, verdict);
            return _refund(id, payment, state, PaymentStatus.Blocked);
        }
        if (held) {
            state.reviewDeadline = uint40(block.timestamp + _reviewWindow);
            state.status = PaymentStatus.Held;
            _emitVerdict(id, PaymentStatus.Held, verdict);
            return PaymentStatus.Held;
        }
        state.flagged = verdict.level == RiskLevel.Medium;
        state.status = PaymentStatus.Settled;
        _emitVerdict(id, PaymentStatus.Settled, verdict);
        _send(payment.token, payment.recipient, payment.amount);
        return PaymentStatus.Settled;
    }

    /// @dev Undoes what it did where it fails, and None then says so.
    function _applyAlone(bytes32 id, Payment calldata payment, Verdict memory verdict)
        private
        returns (PaymentStatus status)
    {
        _requireGas(BATCH_ITEM_GAS);
        (bool settled, bytes memory answer) = BoundedCall.call(
            address(this), BATCH_ITEM_GAS, abi.encodeCall(this.applyVerdict, (id, payment, verdict))
        );
        if (settled) status = abi.decode(answer, (PaymentStatus));
        else emit SettlementSkipped(id, answer);
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

    function _refund(bytes32 id, Payment memory payment, PaymentState storage state, PaymentStatus status)
        private
        returns (PaymentStatus)
    {
        if (_isSanctionedForRefund(payment.sender)) return _freeze(id, payment.sender, state);
        state.status = status;
        _send(payment.token, payment.sender, payment.amount);
        return status;
    }

    function _freeze(bytes32 id, address sender, PaymentState storage state) private returns (PaymentStatus) {
        state.status = PaymentStatus.Frozen;
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

    function _receive(bytes32 id, Payment memory payment, bytes memory authorization) private {
        uint256 before = IERC20(payment.token).balanceOf(address(this));
        if (authorization.length == 0) {
            _pull(payment, address(this));
        } else {
            (uint256 validAfter, uint256 validBefore, bytes memory signature) =
                abi.decode(authorization, (uint256, uint256, bytes));
            IERC3009(payment.token).receiveWithAuthorization(
                payment.sender, address(this), payment.amount, validAfter, validBefore, id, signature
            );
        }
        _requireReceived(payment, before, address(this));
    }

    function _pull(Payment memory payment, address to) private {
        if (!IERC20(payment.token).trySafeTransferFrom(payment.sender, to, payment.amount)) {
            revert TransferFailed(payment.token, to, payment.amount);
        }
    }

    function _send(address token, address to, uint256 amount) private {
        if (!IERC20(token).trySafeTransfer(to, amount)) revert TransferFailed(token, to, amount);
    }

    function _requireReceived(Payment memory payment, uint256 before, address holder) private view {
        uint256 balance = IERC20(payment.token).balanceOf(holder);
        if (balance != before + payment.amount) {
            revert TokenChargedFee(payment.token, payment.amount, balance > before ? balance - before : 0);
        }
    }

    /// @dev A permit that somebody else has brought already has done its work: the transfer tells.
    function _permit(address token, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) private {
        try IERC20Permit(token).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
    }

    function _known(Payment calldata payment) private view returns (bytes32 id, PaymentState storage state) {
        id = _idOf(payment);
        state = _payments[id];
        if (state.status == PaymentStatus.None) revert PaymentUnknown(id);
    }

    function _reviewable(Payment calldata payment) private view returns (bytes32 id, PaymentState storage state) {
        (id, state) = _known(payment);
        _requireStatus(id, state, PaymentStatus.Held);
        if (block.timestamp > state.reviewDeadline) {
            revert ReviewDeadlinePassed(id, state.reviewDeadline, block.timestamp);
        }
    }

    function _requireStatus(bytes32 id, PaymentState storage state, PaymentStatus expected) private view {
        PaymentStatus status = state.status;
        if (status != expected) revert WrongStatus(id, status, expected);
    }

    function _idOf(Payment memory payment) private view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), payment));
    }

    function _unreported(uint8 score) private view returns (Verdict memory) {
        return Verdict(score, IFraudOracle(_oracle).levelOf(score), 0, bytes32(0), bytes32(0));
    }

    function _standing(address token) private view returns (TokenStanding) {
        if (_tokens[token].accepted) return TokenStanding.Accepted;
        bool listed = _tokenList.length != 0 && _tokenList[_tokens[token].index] == token;
        return listed ? TokenStanding.Suspended : TokenStanding.NeverListed;
    }

    function _requireAccepted(address token) private view returns (TokenConfig memory config) {
        config = _tokens[token];
        if (!config.accepted) revert TokenRefused(token, _standing(token));
    }

    function _listToken(address token) private {
        TokenStanding standing = _standing(token);
        if (standing == TokenStanding.Accepted || token.code.length == 0) revert TokenCannotBeListed(token);
        if (standing == TokenStanding.NeverListed) {
            uint256 index = _tokenList.length;
            uint8 decimals = IERC20Metadata(token).decimals();
            if (index > type(uint16).max || decimals > 24) revert TokenCannotBeListed(token);
            _tokenList.push(token);
            _tokens[token] = TokenConfig(uint16(index), decimals, true);
        } else {
            _tokens[token].accepted = true;
        }
        emit TokenListed(token, _tokens[token].index, _tokens[token].decimals);
    }

    function _setOracle(address oracle_) private {
        if (oracle_.code.length == 0) revert NotAContract(oracle_);
        emit OracleChanged(_oracle, oracle_);
        _oracle = oracle_;
    }

    function _setCompliance(address compliance_) private {
        if (compliance_.code.length == 0) revert NotAContract(compliance_);
        emit ComplianceChanged(_compliance, compliance_);
        _compliance = compliance_;
    }

    function _setWindows(uint32 settleWindow_, uint32 reviewWindow_) private {
        _requireWindow(settleWindow_);
        _requireWindow(reviewWindow_);
        (_settleWindow, _reviewWindow) = (settleWindow_, reviewWindow_);
        emit WindowsChanged(settleWindow_, reviewWindow_);
    }

    function _requireWindow(uint256 window) private pure {
        if (window < SHORTEST_WINDOW || window > LONGEST_WINDOW) {
            revert InvalidWindow(window, SHORTEST_WINDOW, LONGEST_WINDOW);
        }
    }

    function _grantAll(bytes32 role, address[] memory holders) private {
        for (uint256 i = 0; i < holders.length; ++i) {
            _grantRole(role, holders[i]);
        }
    }

    function _mayPropose(address caller, bytes4 selector) internal view override returns (bool) {
        if (selector == this.applyVerdict.selector) return false;
        return super._mayPropose(caller, selector)
            || (selector == this.listToken.selector && hasRole(RISK_ADMIN_ROLE, caller));
    }
}
