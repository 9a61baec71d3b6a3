// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Payment, PaymentStatus, RiskLevel, Verdict} from "../../../contracts/libraries/Types.sol";
import {IPayFlowCore} from "../../../contracts/interfaces/IPayFlowCore.sol";
import {MoodyToken} from "../../../contracts/mocks/HostileTokens.sol";
import {vm} from "../support/Vm.sol";
import {Officers} from "./Officers.sol";

/// @title Everybody: the handlers above, and a thief, hostile tokens, and time
contract Handler is Officers {
    /// @notice Whatever a stranger calls, no payment moves but by its deadline.
    function steal(uint256 which, uint256 how, uint256 noise) external {
        (Payment memory payment, bool found) = _pick(which);
        if (!found) return;
        bytes32 id = core.paymentId(payment);
        Seen memory before = _look(payment);
        how %= 9;
        bytes memory data;
        if (how == 0) {
            data = abi.encodeCall(
                core.applyBatchVerdict, (id, payment, Verdict(0, RiskLevel.Safe, 0, bytes32(0), bytes32(0)))
            );
        } else if (how == 1) {
            data = abi.encodeCall(core.executePayment, (id));
        } else if (how == 2) {
            data = abi.encodeCall(core.executeWhitelisted, (payment));
        } else if (how == 3) {
            data = abi.encodeCall(core.releaseFrozen, (payment));
        } else if (how == 4) {
            data = abi.encodeCall(core.approve, (payment, ""));
        } else if (how == 5) {
            data = abi.encodeCall(core.reject, (payment, ""));
        } else if (how == 6) {
            data = abi.encodeCall(core.cancel, (payment));
        } else if (how == 7) {
            data = abi.encodeCall(core.bind, (THIEF, THIEF));
        } else {
            data = abi.encodeWithSignature("scheduleChange(bytes)", abi.encodeCall(core.setOracle, (THIEF)));
        }
        if (_try(noise % 2 == 0 ? THIEF : payment.recipient, data) && payment.recipient != payment.sender) {
            _violate(2, "steal");
        }
        if (_look(payment).status != before.status) _violate(2, "steal");
        ++done["steal"];
    }

    /// @notice Payments with changed terms are no payments.
    function redirect(uint256 which, uint256 change) external {
        (Payment memory payment, bool found) = _pick(which);
        if (!found || !_changeATerm(payment, 1 + change % 3)) return;
        if (_try(payment.sender, abi.encodeCall(core.cancel, (payment)))) _violate(2, "redirect");
        if (_try(THIEF, abi.encodeCall(core.reclaim, (payment)))) _violate(2, "redirect");
        ++done["redirect"];
    }

    /// @notice The moody token's owner changes its behaviour.
    function mood(uint256 kind, uint256 whom, uint256 amount) external {
        kind %= 10;
        if (kind >= 7) moody.setMood(MoodyToken.Mood.Good);
        if (kind < 6) {
            moody.setMood(MoodyToken.Mood(kind == 3 ? 0 : kind));
        } else if (kind == 6) {
            moody.setBlocked(_anyone(whom), amount % 2 == 0);
        } else if (kind == 7) {
            moody.mint(address(core), amount % 1e9);
        } else if (kind == 8) {
            uint256 held = moody.balanceOf(address(core));
            if (held != 0) moody.slash(address(core), 1 + amount % held);
            moodySlashed = true;
        } else {
            (Payment memory payment, bool found) = _pick(whom);
            if (found) moody.setCallback(address(core), abi.encodeCall(core.reclaim, (payment)));
        }
        ++done["mood"];
    }

    /// @notice A token that calls back for a second refund while the first is under way.
    function ambush(uint256 which, bool byCancel) external {
        (Payment memory payment, bool found) = _pick(which);
        if (!found || payment.token != address(moody)) return;
        IPayFlowCore.PaymentState memory state = _state(payment);
        uint256 deadline = state.status == PaymentStatus.Held ? state.reviewDeadline : state.settleDeadline;
        if (!byCancel && block.timestamp <= deadline) vm.warp(deadline + 1);
        moody.setMood(MoodyToken.Mood.Good);
        moody.mint(address(core), payment.amount); // so that there is something to take a second time
        moody.setCallback(address(core), abi.encodeCall(core.reclaim, (payment)));
        Seen memory before = _look(payment);
        if (byCancel) _try(payment.sender, abi.encodeCall(core.cancel, (payment)));
        else _try(RELAYER, abi.encodeCall(core.reclaim, (payment)));
        moody.setMood(MoodyToken.Mood.Good);
        _judge(payment, before, "ambush");
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + 1 + time % (time % 7 == 0 ? 1 days : 30 minutes));
        ++done["wait"];
    }

    /// @notice To the very second of a deadline, where off-by-one mistakes show.
    function waitForADeadline(uint256 which) external {
        (Payment memory payment, bool found) = _pick(which);
        if (!found) return;
        IPayFlowCore.PaymentState memory state = _state(payment);
        uint256 deadline = state.status == PaymentStatus.Held ? state.reviewDeadline : state.settleDeadline;
        if (deadline <= block.timestamp) return;
        vm.warp(deadline);
        ++done["waitForADeadline"];
    }

    /// @notice The way out: after the deadlines, anyone sends an open escrow of a sound token home, in a pause too.
    function tryTheWayOut(uint256 which) external {
        (Payment memory payment, bool found) = _pick(which);
        if (!found || payment.token == address(moody)) return;
        PaymentStatus status = lastStatus[core.paymentId(payment)];
        if (status != PaymentStatus.Pending && status != PaymentStatus.Held) return;
        IPayFlowCore.PaymentState memory state = _state(payment);
        (bool sanctioned,,,,) = compliance.standing(payment.sender);
        uint256 snapshot = vm.snapshotState();
        uint256 deadline = status == PaymentStatus.Held ? state.reviewDeadline : state.settleDeadline;
        if (block.timestamp <= deadline) vm.warp(deadline + 1);
        _try(PAUSER, abi.encodeCall(core.pause, ()));
        _try(THIEF, abi.encodeCall(core.reclaim, (payment)));
        PaymentStatus reached = _look(payment).status;
        vm.revertToState(snapshot);
        if (reached != (sanctioned ? PaymentStatus.Frozen : PaymentStatus.Cancelled)) _violate(4, "tryTheWayOut");
        ++done["tryTheWayOut"];
    }
}
