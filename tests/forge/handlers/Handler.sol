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
        // what anyone may do: executeRecorded and executeWhitelisted judge it
        if (how == 1 && recorded[id].since != 0 || how == 2 && spared[payment.sender]) return;
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
        _count("steal");
    }

    /// @notice Payments with changed terms are no payments.
    function redirect(uint256 which, uint256 change) external {
        (Payment memory payment, bool found) = _pick(which);
        if (!found || !_changeATerm(payment, 1 + change % 3)) return;
        if (_try(payment.sender, abi.encodeCall(core.cancel, (payment)))) _violate(2, "redirect");
        if (_try(THIEF, abi.encodeCall(core.reclaim, (payment)))) _violate(2, "redirect");
        _count("redirect");
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
        _count("mood");
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
        _count("wait");
    }

    /// @notice To the very second of a deadline, where off-by-one mistakes show.
    function waitForADeadline(uint256 which) external {
        (Payment memory payment, bool found) = _pick(which);
        if (!found) return;
        IPayFlowCore.PaymentState memory state = _state(payment);
        uint256 deadline = state.status == PaymentStatus.Held ? state.reviewDeadline : state.settleDeadline;
        if (deadline <= block.timestamp) return;
        vm.warp(deadline);
        _count("waitForADeadline");
    }

    /// @notice The way out: after the deadlines every open escrow goes home, each at the word of a stranger, in a pause too;
    /// that of a sanctioned sender once nobody names the sender any more, at the word of compliance. All of it is undone.
    function tryTheWayOut(uint256 seldom) external {
        if (seldom % 3 != 0) return; // it takes longer than all others
        uint256 last = 0;
        for (uint256 i = 0; i < ids.length; ++i) {
            if (!_isOpen(lastStatus[ids[i]])) continue;
            IPayFlowCore.PaymentState memory state = core.getPayment(ids[i]);
            uint256 deadline = state.status == PaymentStatus.Held ? state.reviewDeadline : state.settleDeadline;
            if (deadline > last) last = deadline;
        }
        if (last == 0) return;
        uint256 snapshot = vm.snapshotState();
        if (block.timestamp <= last) vm.warp(last + 1);
        _try(PAUSER, abi.encodeCall(core.pause, ()));
        // the token must let go, and have what it was asked to keep: no core can make it
        moody.setMood(MoodyToken.Mood.Good);
        for (uint256 i = 0; i < 3; ++i) {
            moody.setBlocked(payers[i], false);
        }
        uint256 held = moody.balanceOf(address(core));
        if (held < openEscrow[address(moody)]) moody.mint(address(core), openEscrow[address(moody)] - held);
        bool all = true;
        for (uint256 i = 0; i < ids.length; ++i) {
            if (_isOpen(lastStatus[ids[i]])) all = _goesHome(payments[i]) && all;
        }
        vm.revertToState(snapshot);
        if (!all) _violate(4, "tryTheWayOut");
        _count("tryTheWayOut");
    }

    function _goesHome(Payment memory payment) private returns (bool) {
        Seen memory before = _look(payment);
        bool sanctioned = _isSanctioned(payment.sender);
        if (before.status != PaymentStatus.Frozen) {
            _try(THIEF, abi.encodeCall(core.reclaim, (payment)));
            PaymentStatus reached = _look(payment).status;
            if (reached != (sanctioned ? PaymentStatus.Frozen : PaymentStatus.Cancelled)) return false;
        }
        if (_look(payment).status == PaymentStatus.Frozen) {
            bytes memory release = abi.encodeCall(core.releaseFrozen, (payment));
            if (sanctioned && _try(OFFICER, release)) return false;
            _tryOn(address(compliance), OFFICER, abi.encodeCall(compliance.unsanction, (payment.sender, "")));
            source.setListed(payment.sender, false);
            sourceNames[payment.sender] = false;
            if (!_try(OFFICER, release)) return false;
        }
        return _look(payment).sender == before.sender + payment.amount;
    }
}
