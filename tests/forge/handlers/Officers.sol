// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {IComplianceEngine} from "../../../contracts/interfaces/IComplianceEngine.sol";
import {Payment, PaymentStatus, RiskThresholds} from "../../../contracts/libraries/Types.sol";
import {TestSanctionsSource} from "../../../contracts/mocks/SanctionsSources.sol";
import {vm} from "../support/Vm.sol";
import {Signers} from "./Signers.sol";

/// @title What reviewers, compliance officers and admins do, and what they may not
abstract contract Officers is Signers {
    /// @dev How many loosenings the handlers make after the delay, and how many there are.
    uint256 private constant MADE = 9;
    uint256 private constant LOOSENINGS = 18;

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

    // Whoever is listed can do next to nothing: lists are cleared more often than they grow, or a run would soon stand still.

    function sanction(uint256 whom, uint256 kind) external {
        if (_list(compliance.sanction.selector, compliance.unsanction.selector, whom, kind)) _count("sanction");
    }

    function freeze(uint256 whom, uint256 kind) external {
        if (_list(compliance.freezeAccount.selector, compliance.releaseAccount.selector, whom, kind)) _count("freeze");
    }

    /// @dev Returns whether somebody is listed now.
    function _list(bytes4 add, bytes4 remove, uint256 whom, uint256 kind) private returns (bool) {
        if (kind % 3 == 0) {
            // two times in three a party of a payment that may be under way
            return _tryOn(address(compliance), OFFICER, abi.encodeWithSelector(add, _somebody(whom), ""));
        }
        for (uint256 i = 0; i < 6; ++i) {
            _tryOn(address(compliance), OFFICER, abi.encodeWithSelector(remove, _anyone(i), ""));
        }
        return false;
    }

    /// @notice Off the blacklist is a change that waits.
    function blacklist(uint256 whom) external {
        if (whom % 12 != 0) return;
        if (_tryOn(address(oracle), RISK_ADMIN, abi.encodeCall(oracle.blacklistWallet, (_anyone(whom / 12), "")))) {
            _count("blacklist");
        }
    }

    /// @notice The external source names somebody, or nobody any more; or it fails, in one of three ways.
    function nameAtTheSource(uint256 whom, bool named, uint256 mood_) external {
        if (mood_ % 4 == 0) {
            source.setMood(TestSanctionsSource.Mood(mood_ / 4 % 4));
        } else {
            source.setMood(TestSanctionsSource.Mood.Honest);
            for (uint256 i = 0; i < 6; ++i) {
                _name(_anyone(i), false);
            }
            if (named) _name(_somebody(whom), true);
        }
        if (sourceAsked) _count("nameAtTheSource");
    }

    function _name(address account, bool named) private {
        sourceNames[account] = named;
        source.setListed(account, named);
    }

    function pause(uint256 kind) external {
        bool on = kind % 4 == 0;
        if (_try(on ? PAUSER : ADMIN, on ? abi.encodeCall(core.pause, ()) : abi.encodeCall(core.unpause, ()))) {
            _count("pause");
        }
    }

    function suspendToken(uint256 which) external {
        if (which % 12 != 0) return;
        if (_try(RISK_ADMIN, abi.encodeCall(core.suspendToken, (address(moody))))) _count("suspendToken");
    }

    /// @notice Announce a loosening; it must not be in force before its delay.
    function schedule(uint256 kind, uint256 whom) external {
        (address target, bytes memory call) = _loosening(kind % MADE, whom);
        if (_tryOn(target, ADMIN, abi.encodeWithSignature("scheduleChange(bytes)", call))) {
            _scheduled.push(abi.encode(target, call, block.timestamp + DELAY));
            _count("schedule");
        }
    }

    function execute(uint256 which) external {
        if (_scheduled.length == 0) return;
        (address target, bytes memory call, uint256 due) =
            abi.decode(_scheduled[which % _scheduled.length], (address, bytes, uint256));
        bool accepted = _tryOn(target, ADMIN, abi.encodeWithSignature("executeChange(bytes)", call));
        if (accepted && block.timestamp < due) _violate(6, "execute");
        if (accepted) {
            _note(call);
            _scheduled[which % _scheduled.length] = _scheduled[_scheduled.length - 1];
            _scheduled.pop();
            _count("execute");
        }
    }

    /// @notice The changes after which something else is possible, waited for to the second: a wallet that is spared, a
    /// single signer, an external source.
    function change(uint256 kind, uint256 whom) external {
        if (whom % 5 != 0) return; // a day passes, after which most of what was under way is over
        (address target, bytes memory call) = _loosening(kind % 3, whom / 5);
        if (!_tryOn(target, ADMIN, abi.encodeWithSignature("scheduleChange(bytes)", call))) return;
        uint256 due = block.timestamp + DELAY;
        vm.warp(due - 1);
        bytes memory make = abi.encodeWithSignature("executeChange(bytes)", call);
        if (_tryOn(target, ADMIN, make)) _violate(6, "change");
        vm.warp(due);
        if (!_tryOn(target, ADMIN, make)) return;
        _note(call);
        _count("change");
    }

    /// @notice The opposite of two of them is made at once.
    function tighten(uint256 kind, uint256 whom) external {
        if (kind % 2 == 0) {
            if (required == QUORUM || !_tryOn(address(oracle), ADMIN, abi.encodeCall(oracle.setQuorum, (QUORUM)))) return;
            required = QUORUM;
        } else {
            address wallet = _anyone(whom);
            bytes memory call = abi.encodeCall(oracle.unwhitelistWallet, (wallet));
            if (!spared[wallet] || !_tryOn(address(oracle), RISK_ADMIN, call)) return;
            spared[wallet] = false;
        }
        _count("tighten");
    }

    /// @notice Nobody loosens anything at once, nor makes a change that was not announced, nor touches an escrow.
    function overreach(uint256 kind, uint256 whom, uint256 which) external {
        address[7] memory callers = [ADMIN, RISK_ADMIN, OFFICER, REVIEWER, PAUSER, THIEF, RELAYER];
        kind %= LOOSENINGS;
        (address target, bytes memory call) = _loosening(kind, whom);
        bytes memory make = abi.encodeWithSignature("executeChange(bytes)", call);
        for (uint256 i = 0; i < callers.length; ++i) {
            if (_tryOn(target, callers[i], call)) _violate(6, "overreach");
            if (kind >= MADE && _tryOn(target, callers[i], make)) _violate(6, "overreach");
        }
        _count(string.concat("overreach:", Strings.toString(kind)));
        (Payment memory payment, bool found) = _pick(which);
        if (!found) return;
        Seen memory before = _look(payment);
        _try(ADMIN, abi.encodeCall(core.approve, (payment, "")));
        _try(ADMIN, abi.encodeCall(core.releaseFrozen, (payment)));
        if (!spared[payment.sender]) _try(ADMIN, abi.encodeCall(core.executeWhitelisted, (payment)));
        if (_look(payment).status != before.status) _violate(6, "overreach");
        _count("overreach");
    }

    /// @dev Changes that let more through, each of which must wait. Signers, oracle and engine stay as they are, so that the
    /// handlers know them; the rest they keep account of in `_note`.
    function _loosening(uint256 kind, uint256 whom) private view returns (address, bytes memory) {
        if (kind == 0) return (address(oracle), abi.encodeCall(oracle.whitelistWallet, (payers[whom % 3])));
        // while it is one already, a quorum of none
        if (kind == 1) return (address(oracle), abi.encodeCall(oracle.setQuorum, (required == 1 ? 0 : 1)));
        if (kind == 2) {
            address other = sourceAsked ? address(0) : address(source);
            return (address(compliance), abi.encodeCall(compliance.setSanctionsSource, (other)));
        }
        if (kind == 3) {
            RiskThresholds memory limits = oracle.thresholds();
            if (limits.high < 95) (limits.medium, limits.high) = (limits.medium + 1, limits.high + 1);
            else limits.safe += 1;
            return (address(oracle), abi.encodeCall(oracle.setThresholds, (limits)));
        }
        if (kind == 4) return (address(oracle), abi.encodeCall(oracle.unblacklistWallet, (_anyone(whom))));
        if (kind == 5) {
            uint32 lifetime = uint32(oracle.maxReportLifetime() + 1);
            return (address(oracle), abi.encodeCall(oracle.setMaxReportLifetime, (lifetime)));
        }
        if (kind == 6) {
            IComplianceEngine.Tier memory tier = compliance.tierLimits(0);
            tier.perPayment += 1;
            return (address(compliance), abi.encodeCall(compliance.setTier, (0, tier)));
        }
        if (kind == 7) return (address(core), abi.encodeCall(core.setWindows, (SETTLE_WINDOW, REVIEW_WINDOW)));
        if (kind == 8) return (address(core), abi.encodeCall(core.listToken, (address(moody))));
        if (kind == 9) {
            return (address(compliance), abi.encodeCall(compliance.setTravelRule, (compliance.travelRuleCents() + 1)));
        }
        if (kind == 10) return (address(core), abi.encodeCall(core.setOracle, (address(spareOracle))));
        if (kind == 11) return (address(core), abi.encodeCall(core.setCompliance, (address(spareCompliance))));
        return _grant(kind, whom);
    }

    /// @dev Every role to the thief.
    function _grant(uint256 kind, uint256 whom) private view returns (address target, bytes memory call) {
        bytes32 role = oracle.AI_ORACLE_ROLE();
        target = address(oracle);
        if (kind == 13) role = oracle.RISK_ADMIN_ROLE();
        else if (kind == 14) (target, role) = (address(compliance), compliance.COMPLIANCE_ROLE());
        else if (kind == 15) (target, role) = (address(core), core.REVIEWER_ROLE());
        else if (kind == 16) (target, role) = (address(core), core.COMPLIANCE_ROLE());
        else if (kind == 17) (target, role) = (whom % 2 == 0 ? address(core) : address(oracle), bytes32(0));
        call = abi.encodeWithSignature("grantRole(bytes32,address)", role, THIEF);
    }

    /// @dev A change was made.
    function _note(bytes memory made) private {
        bytes4 selector = bytes4(made);
        uint256 argument;
        assembly ("memory-safe") {
            argument := mload(add(made, 36))
        }
        if (selector == oracle.whitelistWallet.selector) spared[address(uint160(argument))] = true;
        else if (selector == oracle.setQuorum.selector) required = argument;
        else if (selector == compliance.setSanctionsSource.selector) sourceAsked = argument != 0;
    }

    function _somebody(uint256 seed) private view returns (address) {
        (Payment memory payment, bool found) = _pick(seed / 3);
        if (!found || seed % 3 == 2) return _anyone(seed / 3);
        return seed % 3 == 0 ? payment.sender : payment.recipient;
    }

    function _anyone(uint256 seed) internal view returns (address) {
        return seed % 6 < 3 ? payers[seed % 3] : payees[seed % 3];
    }
}
