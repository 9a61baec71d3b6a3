// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ComplianceEngine} from "../../../contracts/ComplianceEngine.sol";
import {FraudOracle} from "../../../contracts/FraudOracle.sol";
import {PayFlowCore} from "../../../contracts/PayFlowCore.sol";
import {CoreGovernance} from "../../../contracts/core/CoreGovernance.sol";
import {IComplianceEngine} from "../../../contracts/interfaces/IComplianceEngine.sol";
import {IPayFlowCore} from "../../../contracts/interfaces/IPayFlowCore.sol";
import {Payment, PaymentStatus, RiskThresholds} from "../../../contracts/libraries/Types.sol";
import {FeeToken, MoodyToken, NoReturnToken} from "../../../contracts/mocks/HostileTokens.sol";
import {TestStablecoin} from "../../../contracts/mocks/TestStablecoin.sol";
import {vm} from "./Vm.sol";

/// @title A deployment with its people, and a ledger beside it that says what must have happened
/// @dev Handlers act through `_try`, judge each step by `_before` and `_after`, and put what breaks a promise into
/// `violations`, one counter per promise, so that the invariants can tell.
abstract contract World {
    struct Seen {
        PaymentStatus status;
        uint256 sender;
        uint256 recipient;
        uint256 core;
    }

    uint48 internal constant DELAY = 1 days;
    uint32 internal constant SETTLE_WINDOW = 1 hours;
    uint32 internal constant REVIEW_WINDOW = 2 hours;
    uint8 internal constant QUORUM = 3;
    uint256 internal constant SIGNERS = 5;
    uint256 internal constant MOST_PAYMENTS = 16;

    FraudOracle public oracle;
    ComplianceEngine public compliance;
    PayFlowCore public core;
    TestStablecoin public coin;
    NoReturnToken public oldCoin;
    MoodyToken public moody;
    FeeToken public fee;

    address internal constant ADMIN = address(0xA0001);
    address internal constant RISK_ADMIN = address(0xA0002);
    address internal constant OFFICER = address(0xA0003);
    address internal constant REVIEWER = address(0xA0004);
    address internal constant PAUSER = address(0xA0005);
    address internal constant THIEF = address(0xA0006);
    address internal constant RELAYER = address(0xA0007);
    uint256[] internal signerKeys;
    /// @dev Payers hold keys, so that they can sign permits, authorisations and intents.
    uint256[] internal payerKeys;
    address[] internal payers;
    address[] internal payees;

    /// @notice Every payment that was opened.
    Payment[] internal payments;
    bytes32[] internal ids;
    mapping(bytes32 id => PaymentStatus) internal lastStatus;
    /// @dev A valid quorum was shown for the payment, by the handler's own account.
    mapping(bytes32 id => bool) internal judged;
    mapping(bytes32 id => uint256) internal moved;
    /// @notice Sum of the open escrows in a token, by the handler's own account.
    mapping(address token => uint256) public openEscrow;
    /// @notice Number of broken promises found, by promise 1 to 7.
    uint256[8] public violations;
    /// @notice Which of the handler's checks noticed.
    string public firstViolation;
    /// @notice Steps that changed something, by the name of the action.
    mapping(bytes32 action => uint256) public done;
    uint256 internal nextRef;
    bool public moodySlashed;

    constructor() {
        vm.warp(1_800_000_000);
        coin = new TestStablecoin();
        oldCoin = new NoReturnToken();
        moody = new MoodyToken();
        fee = new FeeToken();
        for (uint256 i = 0; i < SIGNERS; ++i) {
            signerKeys.push(0x51600 + i);
        }
        for (uint256 i = 0; i < 3; ++i) {
            payerKeys.push(0x9a1e0 + i);
            payers.push(vm.addr(payerKeys[i]));
            payees.push(address(uint160(0xBEE0 + i)));
        }
        _deploy();
        for (uint256 i = 0; i < 3; ++i) {
            coin.mint(payers[i], 1e15);
            oldCoin.mint(payers[i], 1e15);
            moody.mint(payers[i], 1e15);
            fee.mint(payers[i], 1e15);
            address[4] memory tokens = [address(coin), address(oldCoin), address(moody), address(fee)];
            for (uint256 t = 0; t < 4; ++t) {
                vm.prank(payers[i]);
                IERC20Approve(tokens[t]).approve(address(core), type(uint256).max);
            }
        }
    }

    function _deploy() private {
        address[] memory tokens = new address[](4);
        (tokens[0], tokens[1], tokens[2], tokens[3]) = (address(coin), address(oldCoin), address(moody), address(fee));
        core = new PayFlowCore(
            CoreGovernance.Setup({
                admin: ADMIN,
                changeDelay: DELAY,
                riskAdmins: _one(RISK_ADMIN),
                reviewers: _one(REVIEWER),
                officers: _one(OFFICER),
                pausers: _one(PAUSER),
                binder: address(this),
                settleWindow: SETTLE_WINDOW,
                reviewWindow: REVIEW_WINDOW,
                tokens: tokens
            })
        );
        address[] memory signers = new address[](SIGNERS);
        for (uint256 i = 0; i < SIGNERS; ++i) {
            signers[i] = vm.addr(signerKeys[i]);
        }
        oracle = new FraudOracle(
            FraudOracle.Setup({
                admin: ADMIN,
                changeDelay: DELAY,
                riskAdmins: _one(RISK_ADMIN),
                signers: signers,
                quorum: QUORUM,
                thresholds: RiskThresholds(20, 40, 60, 80),
                maxReportLifetime: 1 days,
                core: address(core)
            })
        );
        IComplianceEngine.Tier[] memory tiers = new IComplianceEngine.Tier[](1);
        tiers[0] = IComplianceEngine.Tier(50_000_000, 200_000_000, 2_000_000_000, true);
        compliance = new ComplianceEngine(
            ComplianceEngine.Setup({
                admin: ADMIN,
                changeDelay: DELAY,
                officers: _one(OFFICER),
                tiers: tiers,
                travelRuleCents: 100_000,
                sanctionsSource: address(0),
                core: address(core)
            })
        );
        core.bind(address(oracle), address(compliance));
    }

    // --- what the invariants ask ----------------------------------------------------------------------------------

    /// @notice Number of payments so far.
    function paymentCount() external view returns (uint256) {
        return payments.length;
    }

    /// @notice Whether every payment's status is the one that the handlers saw last.
    function statusesAreAsSeen() external view returns (bool) {
        for (uint256 i = 0; i < payments.length; ++i) {
            bytes32 id = ids[i];
            if (core.getPayment(id).status != lastStatus[id]) return false;
        }
        return true;
    }

    /// @notice Whether no payment's money moved more than once, and that of final ones exactly once.
    function moneyMovedOnce() external view returns (bool) {
        for (uint256 i = 0; i < payments.length; ++i) {
            bytes32 id = ids[i];
            if (moved[id] != (_isOpen(lastStatus[id]) ? 0 : 1)) return false;
        }
        return true;
    }

    /// @notice Whether every payment that a verdict moved had a quorum.
    function verdictsHadQuorums() external view returns (bool) {
        for (uint256 i = 0; i < payments.length; ++i) {
            bytes32 id = ids[i];
            PaymentStatus status = lastStatus[id];
            bool byVerdict = status == PaymentStatus.Settled || status == PaymentStatus.Held
                || status == PaymentStatus.Blocked || status == PaymentStatus.Rejected;
            if (byVerdict && !judged[id]) return false;
        }
        return true;
    }

    /// @notice What people without a claim hold: the thief, and whoever governs.
    function unearned() external view returns (uint256 sum) {
        address[7] memory nobodies = [ADMIN, RISK_ADMIN, OFFICER, REVIEWER, PAUSER, THIEF, RELAYER];
        for (uint256 i = 0; i < 7; ++i) {
            sum += coin.balanceOf(nobodies[i]) + oldCoin.balanceOf(nobodies[i]) + moody.balanceOf(nobodies[i]);
        }
    }

    // --- what the handlers share ----------------------------------------------------------------------------------

    function _try(address sender, bytes memory data) internal returns (bool success) {
        vm.prank(sender);
        (success,) = address(core).call(data);
    }

    function _tryOn(address target, address sender, bytes memory data) internal returns (bool success) {
        vm.prank(sender);
        (success,) = target.call(data);
    }

    function _look(Payment memory payment) internal view returns (Seen memory seen) {
        IERC20 token = IERC20(payment.token);
        seen.status = core.getPayment(core.paymentId(payment)).status;
        seen.sender = token.balanceOf(payment.sender);
        seen.recipient = token.balanceOf(payment.recipient);
        seen.core = token.balanceOf(address(core));
    }

    /// @dev Judges one payment's step: the status moves along an allowed edge, and the money with it, once and rightly.
    function _judge(Payment memory payment, Seen memory before, string memory action) internal {
        bytes32 id = core.paymentId(payment);
        Seen memory now_ = _look(payment);
        if (before.status != lastStatus[id]) _violate(2, action);
        if (now_.status == before.status) {
            if (now_.core != before.core) _violate(2, action);
            return;
        }
        ++done[keccak256(bytes(action))];
        if (!_isEdge(before.status, now_.status)) _violate(2, action);
        lastStatus[id] = now_.status;
        if (_isOpen(now_.status)) {
            if (now_.core != before.core || now_.recipient != before.recipient) _violate(2, action);
            return;
        }
        ++moved[id];
        openEscrow[payment.token] -= payment.amount;
        bool toRecipient = now_.status == PaymentStatus.Settled;
        if (before.core - now_.core != payment.amount) _violate(2, action);
        if (toRecipient && now_.recipient - before.recipient != payment.amount) _violate(2, action);
        if (!toRecipient && now_.sender - before.sender != payment.amount) _violate(2, action);
        if (toRecipient && (_isListed(payment.recipient) || _isFrozen(payment.sender))) _violate(5, action);
    }

    function _remember(Payment memory payment, string memory action) internal {
        bytes32 id = core.paymentId(payment);
        payments.push(payment);
        ids.push(id);
        lastStatus[id] = core.getPayment(id).status;
        ++done[keccak256(bytes(action))];
        if (_isOpen(lastStatus[id])) openEscrow[payment.token] += payment.amount;
        else ++moved[id];
    }

    function _violate(uint256 number, string memory action) internal {
        if (bytes(firstViolation).length == 0) firstViolation = action;
        ++violations[number];
    }

    function _isOpen(PaymentStatus status) internal pure returns (bool) {
        return status == PaymentStatus.Pending || status == PaymentStatus.Held || status == PaymentStatus.Frozen;
    }

    function _isEdge(PaymentStatus from, PaymentStatus to) internal pure returns (bool) {
        if (from == PaymentStatus.Pending) {
            return to == PaymentStatus.Settled || to == PaymentStatus.Held || to == PaymentStatus.Blocked
                || to == PaymentStatus.Cancelled || to == PaymentStatus.Frozen;
        }
        if (from == PaymentStatus.Held) {
            return to == PaymentStatus.Settled || to == PaymentStatus.Rejected || to == PaymentStatus.Cancelled
                || to == PaymentStatus.Frozen;
        }
        return from == PaymentStatus.Frozen && to == PaymentStatus.Released;
    }

    function _isListed(address account) internal view returns (bool) {
        (bool sanctioned, bool frozen, bool blacklisted,,) = compliance.standing(account);
        return sanctioned || frozen || blacklisted || oracle.isBlacklisted(account);
    }

    function _isFrozen(address account) internal view returns (bool frozen) {
        (, frozen,,,) = compliance.standing(account);
    }

    function _pick(uint256 seed) internal view returns (Payment memory payment, bool found) {
        if (payments.length == 0) return (payment, false);
        return (payments[seed % payments.length], true);
    }

    function _state(Payment memory payment) internal view returns (IPayFlowCore.PaymentState memory) {
        return core.getPayment(core.paymentId(payment));
    }

    function _one(address account) internal pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = account;
    }
}

interface IERC20Approve {
    function approve(address spender, uint256 amount) external;
}
