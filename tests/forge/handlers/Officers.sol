// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IComplianceEngine} from "../../../contracts/interfaces/IComplianceEngine.sol";
import {Payment, PaymentStatus, RiskThresholds} from "../../../contracts/libraries/Types.sol";
import {vm} from "../support/Vm.sol";
import {Signers} from "./Signers.sol";

/// @title What reviewers, compliance officers and admins do, and what they may not
abstract contract Officers is Signers {
    bytes[] private _scheduled;

    function review(uint256 which, bool approve) external {
        (Payment memory payment, bool found) = _pick(which);
        if (!found) return;
        Seen memory before = _look(payment);
        bytes memory data =
            approve ? abi.encodeCall(core.approve, (payment, "")) : abi.encodeCall(core.reject, (payment, ""));
        bool accepted = _try(REVIEWER, data);
        if (accepted && before.status != PaymentStatus.Held) _violate(2, "review");
        _judge(payment, before, "review");
    }

    function release(uint256 which) external {
        (Payment memory payment, bool found) = _pick(which);
        if (!found) return;
        Seen memory before = _look(payment);
        _try(OFFICER, abi.encodeCall(core.releaseFrozen, (payment)));
        _judge(payment, before, "release");
    }

    function sanction(uint256 whom, bool listed) external {
        address account = _anyone(whom);
        bytes memory data = listed
            ? abi.encodeCall(compliance.sanction, (account, ""))
            : abi.encodeCall(compliance.unsanction, (account, ""));
        if (_tryOn(address(compliance), OFFICER, data)) ++done["sanction"];
    }

    function freeze(uint256 whom, bool frozen) external {
        // every other time somebody who has paid, whose payment may be under way
        (Payment memory payment, bool found) = _pick(whom / 2);
        address account = found && whom % 2 == 0 ? payment.sender : _anyone(whom);
        bytes memory data = frozen
            ? abi.encodeCall(compliance.freezeAccount, (account, ""))
            : abi.encodeCall(compliance.releaseAccount, (account, ""));
        if (_tryOn(address(compliance), OFFICER, data)) ++done["freeze"];
    }

    function blacklist(uint256 whom) external {
        if (whom % 3 != 0) return;
        _tryOn(address(oracle), RISK_ADMIN, abi.encodeCall(oracle.blacklistWallet, (_anyone(whom / 3), "")));
    }

    function pause(bool on) external {
        _try(on ? PAUSER : ADMIN, on ? abi.encodeCall(core.pause, ()) : abi.encodeCall(core.unpause, ()));
    }

    function suspendToken(uint256 which) external {
        if (which % 4 == 0) _try(RISK_ADMIN, abi.encodeCall(core.suspendToken, (address(moody))));
    }

    /// @notice Announce a loosening; it must not be in force before its delay.
    function schedule(uint256 kind, uint256 whom) external {
        bytes memory call = _loosening(kind, whom);
        if (_tryOn(_targetOf(kind), ADMIN, abi.encodeWithSignature("scheduleChange(bytes)", call))) {
            _scheduled.push(abi.encode(_targetOf(kind), call, block.timestamp + DELAY));
        }
    }

    function execute(uint256 which) external {
        if (_scheduled.length == 0) return;
        (address target, bytes memory call, uint256 due) =
            abi.decode(_scheduled[which % _scheduled.length], (address, bytes, uint256));
        bool accepted = _tryOn(target, ADMIN, abi.encodeWithSignature("executeChange(bytes)", call));
        if (accepted && block.timestamp < due) _violate(6, "execute");
        if (accepted) {
            _scheduled[which % _scheduled.length] = _scheduled[_scheduled.length - 1];
            _scheduled.pop();
            ++done["execute"];
        }
    }

    /// @notice No admin loosens anything at once, nor touches an escrow.
    function overreach(uint256 kind, uint256 whom, uint256 which) external {
        if (_tryOn(_targetOf(kind), ADMIN, _loosening(kind, whom))) _violate(6, "overreach");
        if (_tryOn(_targetOf(kind), RISK_ADMIN, _loosening(kind, whom))) _violate(6, "overreach");
        (Payment memory payment, bool found) = _pick(which);
        if (!found) return;
        Seen memory before = _look(payment);
        _try(ADMIN, abi.encodeCall(core.approve, (payment, "")));
        _try(ADMIN, abi.encodeCall(core.releaseFrozen, (payment)));
        _try(ADMIN, abi.encodeCall(core.executeWhitelisted, (payment)));
        if (_look(payment).status != before.status) _violate(6, "overreach");
    }

    function _targetOf(uint256 kind) private view returns (address) {
        return kind % 6 < 3 ? address(oracle) : kind % 6 == 3 ? address(compliance) : address(core);
    }

    /// @dev Changes that let more through. Signers and quorum stay as they are, so that the handlers know them.
    function _loosening(uint256 kind, uint256 whom) private view returns (bytes memory) {
        kind %= 6;
        if (kind == 0) {
            RiskThresholds memory limits = oracle.thresholds();
            if (limits.high < 95) (limits.medium, limits.high) = (limits.medium + 1, limits.high + 1);
            else limits.safe += 1;
            return abi.encodeCall(oracle.setThresholds, (limits));
        }
        if (kind == 1) return abi.encodeCall(oracle.unblacklistWallet, (_anyone(whom)));
        if (kind == 2) {
            return abi.encodeCall(oracle.setMaxReportLifetime, (uint32(oracle.maxReportLifetime() + 1)));
        }
        if (kind == 3) {
            IComplianceEngine.Tier memory tier = compliance.tierLimits(0);
            tier.perPayment += 1;
            return abi.encodeCall(compliance.setTier, (0, tier));
        }
        if (kind == 4) return abi.encodeCall(core.setWindows, (SETTLE_WINDOW, REVIEW_WINDOW));
        return abi.encodeCall(core.listToken, (address(moody)));
    }

    function _anyone(uint256 seed) internal view returns (address) {
        return seed % 6 < 3 ? payers[seed % 3] : payees[seed % 3];
    }
}
