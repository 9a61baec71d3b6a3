// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {ComplianceEngine} from "../../../contracts/ComplianceEngine.sol";
import {FraudOracle} from "../../../contracts/FraudOracle.sol";
import {PayFlowCore} from "../../../contracts/PayFlowCore.sol";
import {CoreGovernance} from "../../../contracts/core/CoreGovernance.sol";
import {IComplianceEngine} from "../../../contracts/interfaces/IComplianceEngine.sol";
import {IPayFlowCore} from "../../../contracts/interfaces/IPayFlowCore.sol";
import {Payment, PaymentStatus, RiskThresholds} from "../../../contracts/libraries/Types.sol";
import {FeeToken, MoodyToken, NoReturnToken} from "../../../contracts/mocks/HostileTokens.sol";
import {TestSanctionsSource} from "../../../contracts/mocks/SanctionsSources.sol";
import {TestStablecoin} from "../../../contracts/mocks/TestStablecoin.sol";
import {vm} from "./Vm.sol";

/// @title A deployment with its people, and a ledger beside it that says what must have happened
/// @dev Handlers act through `_try`, judge each step by what `_look` saw before and after it, and put what breaks a promise
/// into `violations`, one counter per promise, so that the invariants can tell. What they did with success they count in
/// `done`: tools/contracts/fuzz.py demands that nothing of it was never reached.
abstract contract World {
    struct Seen {
        PaymentStatus status;
        uint256 sender;
        uint256 recipient;
        uint256 core;
    }

    /// @dev The analysis that a single signer recorded last.
    struct Recorded {
        uint256 since;
        uint8 score;
        bool ofItsTerms;
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
    /// @dev The external sanctions source, and an oracle and an engine of this core's that nobody put in place.
    TestSanctionsSource internal source;
    FraudOracle internal spareOracle;
    ComplianceEngine internal spareCompliance;

    address internal constant ADMIN = address(0xA0001);
    address internal constant RISK_ADMIN = address(0xA0002);
    address internal constant OFFICER = address(0xA0003);
    address internal constant REVIEWER = address(0xA0004);
    address internal constant PAUSER = address(0xA0005);
    address internal constant THIEF = address(0xA0006);
    address internal constant RELAYER = address(0xA0007);
    uint256[] internal signerKeys;
    address[] internal signers;
    /// @dev Payers hold keys, so that they can sign permits, authorisations and intents.
    uint256[] internal payerKeys;
    address[] internal payers;
    address[] internal payees;

    /// @notice Every payment that was opened.
    Payment[] internal payments;
    bytes32[] internal ids;
    mapping(bytes32 id => PaymentStatus) internal lastStatus;
    /// @dev What entitles to a verdict on the payment was shown, by the handler's own account: a quorum, the analysis of a
    /// single signer while one is enough, or a sender who is spared.
    mapping(bytes32 id => bool) internal judged;
    mapping(bytes32 id => uint256) internal moved;
    /// @notice Sum of the open escrows in a token, by the handler's own account.
    mapping(address token => uint256) public openEscrow;
    /// @notice Number of broken promises found, by promise 1 to 7.
    uint256[8] public violations;
    /// @notice Which of the handler's checks noticed.
    string public firstViolation;
    /// @notice Steps that changed something (of what must be refused: that were refused), by the name of the action.
    mapping(string action => uint256) public done;
    string[] private _actions;
    uint256 internal nextRef;
    bool public moodySlashed;

    // What is in force, by the handlers' own account.
    /// @dev Signers that must agree.
    uint256 internal required = QUORUM;
    /// @dev Whose payments need no score.
    mapping(address wallet => bool) internal spared;
    /// @dev Whether the engine asks the external source, and whom that names.
    bool internal sourceAsked;
    mapping(address account => bool) internal sourceNames;
    /// @dev References that were revoked, or used for an instant payment.
    mapping(address sender => mapping(bytes16 ref => bool)) internal given;
    mapping(bytes32 id => Recorded) internal recorded;

    constructor() {
        vm.warp(1_800_000_000);
        coin = new TestStablecoin();
        oldCoin = new NoReturnToken();
        moody = new MoodyToken();
        fee = new FeeToken();
        source = new TestSanctionsSource();
        for (uint256 i = 0; i < SIGNERS; ++i) {
            signerKeys.push(0x51600 + i);
            signers.push(vm.addr(signerKeys[i]));
        }
        for (uint256 i = 0; i < 3; ++i) {
            payerKeys.push(0x9a1e0 + i);
            payers.push(vm.addr(payerKeys[i]));
            payees.push(address(uint160(0xBEE0 + i)));
        }
        _deploy();
        _spare(payers[2]);
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
        (oracle, spareOracle) = (_newOracle(QUORUM), _newOracle(1));
        (compliance, spareCompliance) = (_newCompliance(), _newCompliance());
        core.bind(address(oracle), address(compliance));
    }

    function _newOracle(uint8 quorum) private returns (FraudOracle) {
        return new FraudOracle(
            FraudOracle.Setup({
                admin: ADMIN,
                changeDelay: DELAY,
                riskAdmins: _one(RISK_ADMIN),
                signers: signers,
                quorum: quorum,
                thresholds: RiskThresholds(20, 40, 60, 80),
                maxReportLifetime: 1 days,
                core: address(core)
            })
        );
    }

    function _newCompliance() private returns (ComplianceEngine) {
        IComplianceEngine.Tier[] memory tiers = new IComplianceEngine.Tier[](1);
        tiers[0] = IComplianceEngine.Tier(50_000_000, 200_000_000, 2_000_000_000, true);
        return new ComplianceEngine(
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
    }

    /// @dev One payer is on the whitelist from the start, in the way that anybody gets there.
    function _spare(address payer) private {
        bytes memory change = abi.encodeCall(oracle.whitelistWallet, (payer));
        vm.prank(ADMIN);
        oracle.scheduleChange(change);
        vm.warp(1_800_000_000 + DELAY);
        vm.prank(ADMIN);
        oracle.executeChange(change);
        spared[payer] = true;
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

    /// @notice Whether every payment that a verdict moved had a quorum, or what else entitles to one.
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

    /// @notice What people without a claim hold: the thief, whoever governs, the signers, and the contracts beside the core.
    function unearned() external view returns (uint256 sum) {
        address[9] memory nobodies =
            [ADMIN, RISK_ADMIN, OFFICER, REVIEWER, PAUSER, THIEF, RELAYER, address(oracle), address(compliance)];
        for (uint256 i = 0; i < nobodies.length; ++i) {
            sum += _heldBy(nobodies[i]);
        }
        for (uint256 i = 0; i < SIGNERS; ++i) {
            sum += _heldBy(signers[i]);
        }
    }

    /// @notice What was done how often: `name=times`, separated by spaces.
    function tally() external view returns (string memory line) {
        for (uint256 i = 0; i < _actions.length; ++i) {
            line = string.concat(line, i == 0 ? "" : " ", _actions[i], "=", Strings.toString(done[_actions[i]]));
        }
    }

    function _heldBy(address account) private view returns (uint256) {
        return coin.balanceOf(account) + oldCoin.balanceOf(account) + moody.balanceOf(account) + fee.balanceOf(account);
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
            if (now_.core != before.core || now_.sender != before.sender || now_.recipient != before.recipient) {
                _violate(2, action);
            }
            return;
        }
        _count(action);
        address payee = _step(payment, before.status, now_.status, action);
        uint256 sent = payee == address(0) ? 0 : payment.amount;
        if (before.core - now_.core != sent) _violate(2, action);
        if (now_.recipient - before.recipient != (payee == payment.recipient ? sent : 0)) _violate(2, action);
        if (now_.sender - before.sender != (payee == payment.sender ? sent : 0)) _violate(2, action);
    }

    /// @dev Keeps the ledger of a payment whose status has changed, and judges the edge. Whose balance must have grown by
    /// the amount is left to the caller: zero where nobody's.
    function _step(Payment memory payment, PaymentStatus from, PaymentStatus to, string memory action)
        internal
        returns (address payee)
    {
        bytes32 id = core.paymentId(payment);
        if (!_isEdge(from, to)) _violate(2, action);
        _count(string.concat(_nameOf(from), ">", _nameOf(to)));
        lastStatus[id] = to;
        if (_isOpen(to)) return address(0);
        ++moved[id];
        openEscrow[payment.token] -= payment.amount;
        if (to != PaymentStatus.Settled) return payment.sender;
        if (_isListed(payment.recipient) || _isFrozen(payment.sender) || _isSanctioned(payment.sender)) {
            _violate(5, action);
        }
        // who is not told whether somebody is sanctioned lets nothing pass
        if (!_sourceAnswers()) _violate(5, action);
        return payment.recipient;
    }

    function _remember(Payment memory payment, string memory action) internal {
        bytes32 id = core.paymentId(payment);
        payments.push(payment);
        ids.push(id);
        lastStatus[id] = core.getPayment(id).status;
        _count(action);
        if (_isOpen(lastStatus[id])) openEscrow[payment.token] += payment.amount;
        else ++moved[id];
    }

    function _count(string memory action) internal {
        if (done[action]++ == 0) _actions.push(action);
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

    function _nameOf(PaymentStatus status) private pure returns (string memory) {
        return ["None", "Pending", "Settled", "Held", "Blocked", "Rejected", "Cancelled", "Frozen", "Released"][uint8(status)];
    }

    function _isListed(address account) internal view returns (bool) {
        (, bool frozen, bool blacklisted,,) = compliance.standing(account);
        return frozen || blacklisted || _isSanctioned(account) || oracle.isBlacklisted(account);
    }

    /// @dev By the own list, or by an external source that answers.
    function _isSanctioned(address account) internal view returns (bool sanctioned) {
        (sanctioned,,,,) = compliance.standing(account);
        if (sourceAsked && _sourceAnswers()) sanctioned = sanctioned || sourceNames[account];
    }

    function _sourceAnswers() internal view returns (bool) {
        return !sourceAsked || source.mood() == TestSanctionsSource.Mood.Honest;
    }

    function _isFrozen(address account) internal view returns (bool frozen) {
        (, frozen,,,) = compliance.standing(account);
    }

    function _pick(uint256 seed) internal view returns (Payment memory payment, bool found) {
        uint256 count = payments.length;
        if (count == 0) return (payment, false);
        // three times in four one that is still open: there is little to be done with the others
        uint256 place = seed % count;
        for (uint256 i = 0; i < count && seed / count % 4 != 0; ++i) {
            if (_isOpen(lastStatus[ids[(place + i) % count]])) return (payments[(place + i) % count], true);
        }
        return (payments[place], true);
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
