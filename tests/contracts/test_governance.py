"""What an admin can do at once, what waits, and what an admin cannot do at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from conftest import DELAY, LIFETIME, System
from support import DOLLAR, STATUS, only, refused, signer_account


def test_grant_role__directly__reverts_for_every_role(system: System) -> None:
    for contract in (system.oracle, system.core, system.compliance):
        with refused(contract.OnlyScheduled, caller=system.admin.address):
            contract.grantRole(bytes([1] * 32), system.stranger, sender=system.admin)


def test_change__before_its_delay__reverts(system: System) -> None:
    call = system.oracle.setQuorum.encode_input(1)
    receipt = system.oracle.scheduleChange(call, sender=system.admin)
    scheduled = only(receipt, system.oracle.ChangeScheduled, proposer=system.admin.address, call=call)
    with refused(system.oracle.ChangeNotReady, readyAt=scheduled.readyAt):
        system.oracle.executeChange(call, sender=system.admin)
    with refused(system.oracle.ChangeAlreadyScheduled):
        system.oracle.scheduleChange(call, sender=system.admin)
    system.wait(DELAY)
    only(system.oracle.executeChange(call, sender=system.admin), system.oracle.ChangeExecuted)
    with refused(system.oracle.ChangeUnknown):
        system.oracle.executeChange(call, sender=system.admin)


def test_change__cancelled_or_expired__cannot_be_made(system: System) -> None:
    call = system.oracle.setQuorum.encode_input(1)
    system.oracle.scheduleChange(call, sender=system.admin)
    system.oracle.cancelChange(call, sender=system.admin)
    system.wait(DELAY)
    with refused(system.oracle.ChangeUnknown):
        system.oracle.executeChange(call, sender=system.admin)
    system.oracle.scheduleChange(call, sender=system.admin)
    system.wait(DELAY + 14 * 86_400 + 1)
    with refused(system.oracle.ChangeExpired):
        system.oracle.executeChange(call, sender=system.admin)
    system.oracle.scheduleChange(call, sender=system.admin)


def test_change__proposed_by_a_stranger__reverts(system: System) -> None:
    call = system.oracle.setQuorum.encode_input(1)
    for function in (system.oracle.scheduleChange, system.oracle.cancelChange, system.oracle.executeChange):
        with refused(system.oracle.ProposalRefused, caller=system.stranger.address):
            function(call, sender=system.stranger)


def test_quorum__rises_at_once_and_falls_after_the_delay(system: System) -> None:
    only(system.oracle.setQuorum(3, sender=system.admin), system.oracle.QuorumChanged, previous=1, quorum=3)
    with refused(system.oracle.LooseningWaits, what="quorum"):
        system.oracle.setQuorum(2, sender=system.admin)
    system.change(system.oracle, system.oracle.setQuorum.encode_input(1))
    assert system.oracle.quorum() == 1
    for wrong in (16, 255):
        with refused(system.oracle.InvalidQuorum, quorum=wrong):
            system.oracle.setQuorum(wrong, sender=system.admin)


def test_quorum__above_the_number_of_signers__nothing_settles_and_everything_is_reclaimable(system: System) -> None:
    terms = system.pay()
    system.oracle.setQuorum(2, sender=system.admin)
    with refused(system.oracle.QuorumMismatch, given=1, required=2):
        system.settle(terms)
    system.core.cancel(terms.tuple(), sender=system.payer)
    assert STATUS[system.status(terms)] == "Cancelled"


def test_thresholds__fall_at_once_and_rise_after_the_delay(system: System) -> None:
    system.oracle.setThresholds((10, 30, 50, 70), sender=system.admin)
    terms = system.pay()
    system.settle(terms, 55)
    assert STATUS[system.status(terms)] == "Held"
    with refused(system.oracle.LooseningWaits, what="thresholds"):
        system.oracle.setThresholds((10, 30, 50, 71), sender=system.admin)
    system.change(system.oracle, system.oracle.setThresholds.encode_input((20, 40, 60, 80)))
    assert tuple(system.oracle.thresholds()) == (20, 40, 60, 80)


@pytest.mark.parametrize(
    "limits", [(0, 40, 60, 80), (40, 40, 60, 80), (20, 60, 60, 80), (20, 40, 80, 80), (90, 93, 95, 96)]
)
def test_thresholds__out_of_order_or_bounds__reverts(system: System, limits: tuple[int, ...]) -> None:
    call = system.oracle.setThresholds.encode_input(limits)
    system.oracle.scheduleChange(call, sender=system.admin)
    system.wait(DELAY)
    with refused(system.oracle.InvalidThresholds):
        system.oracle.executeChange(call, sender=system.admin)


def test_signer__added_after_the_delay_and_removed_at_once(system: System) -> None:
    role, newcomer = system.oracle.AI_ORACLE_ROLE(), signer_account(5)
    receipt = system.change(system.oracle, system.oracle.grantRole.encode_input(role, newcomer.address))
    only(receipt, system.oracle.SignerAdded, signer=newcomer.address, signers=2)
    terms = system.pay()
    system.core.settleNow(terms.tuple(), system.signed(system.report(terms), newcomer), sender=system.stranger)
    receipt = system.oracle.revokeRole(role, newcomer.address, sender=system.admin)
    only(receipt, system.oracle.SignerRemoved, signer=newcomer.address, signers=1)


def test_signer__that_is_a_contract__refused(system: System) -> None:
    call = system.oracle.grantRole.encode_input(system.oracle.AI_ORACLE_ROLE(), system.token)
    system.oracle.scheduleChange(call, sender=system.admin)
    system.wait(DELAY)
    with refused(system.oracle.ContractSigner, signer=system.token.address):
        system.oracle.executeChange(call, sender=system.admin)


def test_signer__renounces__cannot_sign_any_more(system: System, accounts: Any) -> None:
    role, account = system.oracle.AI_ORACLE_ROLE(), accounts[8]
    system.change(system.oracle, system.oracle.grantRole.encode_input(role, account))
    system.oracle.renounceRole(role, account, sender=account)
    assert system.oracle.signerCount() == 1


def test_signers__at_most_32__one_more_is_refused(system: System) -> None:
    role = system.oracle.AI_ORACLE_ROLE()
    calls = [system.oracle.grantRole.encode_input(role, signer_account(100 + n).address) for n in range(32)]
    for call in calls:
        system.oracle.scheduleChange(call, sender=system.admin)
    system.wait(DELAY)
    for call in calls[:31]:
        system.oracle.executeChange(call, sender=system.admin)
    with refused(system.oracle.TooManySigners, largest=32):
        system.oracle.executeChange(calls[31], sender=system.admin)


def test_report_lifetime__shrinks_at_once_and_grows_after_the_delay(system: System) -> None:
    system.oracle.setMaxReportLifetime(3600, sender=system.admin)
    with refused(system.oracle.LooseningWaits, what="report lifetime"):
        system.oracle.setMaxReportLifetime(3601, sender=system.admin)
    receipt = system.change(system.oracle, system.oracle.setMaxReportLifetime.encode_input(3601))
    only(receipt, system.oracle.MaxReportLifetimeChanged, previous=3600, lifetime=3601)
    assert system.oracle.maxReportLifetime() == 3601
    with refused(system.oracle.InvalidMaxLifetime, lifetime=0):
        system.oracle.setMaxReportLifetime(0, sender=system.admin)


def test_lists__blacklisting_is_immediate_and_whitelisting_waits(system: System) -> None:
    receipt = system.oracle.blacklistWallet(system.payee, "scam 12", sender=system.admin)
    only(receipt, system.oracle.WalletBlacklisted, wallet=system.payee.address, reason="scam 12")
    for function in (system.oracle.unblacklistWallet, system.oracle.whitelistWallet):
        with refused(system.oracle.OnlyScheduled, caller=system.admin.address):
            function(system.payee, sender=system.admin)
    system.change(system.oracle, system.oracle.unblacklistWallet.encode_input(system.payee))
    assert not system.oracle.isBlacklisted(system.payee)


def test_roles__strangers_can_neither_pause_nor_list_nor_suspend(system: System) -> None:
    calls = (
        (system.core.pause, ()),
        (system.core.unpause, ()),
        (system.core.suspendToken, (system.token,)),
        (system.oracle.blacklistWallet, (system.payer, "")),
        (system.oracle.unwhitelistWallet, (system.payer,)),
        (system.oracle.setQuorum, (2,)),
        (system.oracle.setThresholds, ((1, 2, 3, 4),)),
    )
    for function, arguments in calls:
        with refused(system.core.AccessControlUnauthorizedAccount, account=system.stranger.address):
            function(*arguments, sender=system.stranger)


def test_default_admin__changes_in_two_steps_after_the_delay(system: System) -> None:
    system.core.beginDefaultAdminTransfer(system.stranger, sender=system.admin)
    with refused(system.core.AccessControlEnforcedDefaultAdminDelay):
        system.core.acceptDefaultAdminTransfer(sender=system.stranger)
    system.wait(DELAY + 1)
    system.core.acceptDefaultAdminTransfer(sender=system.stranger)
    assert system.core.defaultAdmin() == system.stranger.address


def test_replace_oracle__payment_in_flight__judged_by_the_new_one(system: System, project: Any) -> None:
    terms = system.pay()
    old = system.signed(system.report(terms))
    key = signer_account(99)
    newer = system.admin.deploy(
        project.FraudOracle,
        (system.admin, DELAY, [system.admin], [key.address], 1, (20, 40, 60, 80), 86_400, system.core),
    )
    receipt = system.change(system.core, system.core.setOracle.encode_input(newer))
    only(receipt, system.core.OracleChanged, previous=system.oracle.address, oracle=newer.address)
    with refused(newer.UnauthorizedSigner):
        system.core.settleNow(terms.tuple(), old, sender=system.stranger)
    replace(system, oracle=newer, signers=[key]).settle(terms)
    assert STATUS[system.status(terms)] == "Settled"


def test_replace_oracle__blacklist__the_old_one_stays_in_force_and_the_new_one_is_mirrored(
    system: System, project: Any
) -> None:
    newer = system.admin.deploy(
        project.FraudOracle,
        (system.admin, DELAY, [system.admin], [signer_account(99).address], 1, (20, 40, 60, 80), 86_400, system.core),
    )
    system.oracle.blacklistWallet(system.payee, "test", sender=system.admin)
    newer.blacklistWallet(system.stranger, "not in force yet", sender=system.admin)
    assert not system.compliance.standing(system.stranger).blacklisted
    system.change(system.core, system.core.setOracle.encode_input(newer))
    assert system.compliance.standing(system.payee).blacklisted
    newer.mirrorBlacklist([system.stranger, system.payee, system.payer], sender=system.payer)
    standings = [system.compliance.standing(one).blacklisted for one in (system.stranger, system.payee, system.payer)]
    assert standings == [True, True, False]
    # the retired oracle has nothing to say any more
    system.change(system.oracle, system.oracle.unblacklistWallet.encode_input(system.payee))
    assert system.compliance.standing(system.payee).blacklisted
    system.change(newer, newer.unblacklistWallet.encode_input(system.payee))
    assert not system.compliance.standing(system.payee).blacklisted


def test_oracle__without_a_core__keeps_its_own_lists(system: System, project: Any) -> None:
    alone = system.admin.deploy(
        project.FraudOracle,
        (
            system.admin,
            DELAY,
            [system.admin],
            [signer_account(99).address],
            1,
            (20, 40, 60, 80),
            86_400,
            "0x" + "00" * 20,
        ),
    )
    alone.blacklistWallet(system.payee, "test", sender=system.admin)
    assert alone.isBlacklisted(system.payee)
    assert not alone.shouldApproveTransaction(system.payer, system.payee, 1).approved


@pytest.mark.parametrize(
    "words",
    [
        [],
        [1, 2, 0, 3],
        [101, 4, 0, 0, 0],
        [100, 5, 0, 0, 0],
        [1, 0, 2**32, 0, 0],
        [1, 0, 0, 0, 0, 0],
    ],
)
def test_replace_oracle__with_one_that_answers_nonsense__nothing_settles_and_refunds_work(
    system: System, project: Any, words: list[int]
) -> None:
    terms = system.pay()
    report = system.report(terms)
    signed, batch = system.signed(report), ([report.tuple()], system.domain.sign_batch([report], *system.signers))
    nonsense = system.admin.deploy(project.NonsenseModule, system.core)
    system.change(system.core, system.core.setOracle.encode_input(nonsense))
    nonsense.setAnswer(b"".join(word.to_bytes(32, "big") for word in words), sender=system.admin)
    with refused(system.core.MalformedVerdict, oracle=nonsense.address):
        system.core.settleNow(terms.tuple(), signed, sender=system.stranger)
    nonsense.setAnswer(b"".join(word.to_bytes(32, "big") for word in [32, 1, *words]), sender=system.admin)
    with refused(system.core.MalformedVerdict, oracle=nonsense.address):
        system.core.settleBatch([terms.tuple()], [batch], sender=system.stranger)
    system.core.cancel(terms.tuple(), sender=system.payer)
    assert STATUS[system.status(terms)] == "Cancelled"


def test_replace_compliance__payment_in_flight__checked_by_the_new_one(system: System, project: Any) -> None:
    terms = system.pay()
    newer = system.admin.deploy(
        project.ComplianceEngine,
        (
            system.admin,
            DELAY,
            [system.officer],
            [(1, 1, 1, True)],
            1,
            "0x" + "00" * 20,
            system.core,
        ),
    )
    newer.sanction(system.payee, "test", sender=system.officer)
    system.change(system.core, system.core.setCompliance.encode_input(newer))
    system.settle(terms)
    assert STATUS[system.status(terms)] == "Blocked"


def test_replace_compliance__with_one_that_always_fails__refunds_still_work(system: System, project: Any) -> None:
    before = system.token.balanceOf(system.payer)
    terms = system.pay()
    broken = system.admin.deploy(project.NonsenseModule, system.core)
    system.change(system.core, system.core.setCompliance.encode_input(broken))
    broken.setBroken(True, sender=system.admin)
    system.core.cancel(terms.tuple(), sender=system.payer)
    assert system.token.balanceOf(system.payer) == before


def test_blacklist__engine_that_fails__is_kept_by_the_oracle_and_can_be_mirrored_later(
    system: System, project: Any
) -> None:
    broken = system.admin.deploy(project.NonsenseModule, system.core)
    system.change(system.core, system.core.setCompliance.encode_input(broken))
    broken.setBroken(True, sender=system.admin)
    receipt = system.oracle.blacklistWallet(system.payee, "test", sender=system.admin)
    only(
        receipt,
        system.oracle.BlacklistNotMirrored,
        wallet=system.payee.address,
        compliance=broken.address,
        listed=True,
    )
    assert system.oracle.isBlacklisted(system.payee)
    with refused(broken.OutOfOrder):
        system.oracle.mirrorBlacklist([system.payee], sender=system.payer)
    system.change(system.core, system.core.setCompliance.encode_input(system.compliance))
    system.oracle.mirrorBlacklist([system.payee], sender=system.payer)
    assert system.compliance.standing(system.payee).blacklisted


def test_replace__with_what_serves_another_core_or_none__reverts(system: System, project: Any) -> None:
    foreign = system.admin.deploy(project.NonsenseModule, system.payee)
    for function in (system.core.setOracle, system.core.setCompliance):
        for part, core in ((foreign, system.payee.address), (system.token, "0x" + "00" * 20)):
            call = function.encode_input(part)
            system.core.scheduleChange(call, sender=system.admin)
            system.wait(DELAY)
            with refused(system.core.BoundElsewhere, part=part.address, core=core):
                system.core.executeChange(call, sender=system.admin)


def test_replace__with_an_address_without_code__reverts(system: System) -> None:
    for function in (system.core.setOracle, system.core.setCompliance):
        call = function.encode_input(system.stranger)
        system.core.scheduleChange(call, sender=system.admin)
        system.wait(DELAY)
        with refused(system.core.NotAContract, account=system.stranger.address):
            system.core.executeChange(call, sender=system.admin)


def test_windows__change_after_the_delay_and_spare_payments_in_flight(system: System) -> None:
    terms = system.pay()
    deadline = system.core.getPayment(system.id(terms)).settleDeadline
    system.change(system.core, system.core.setWindows.encode_input(60, 60))
    assert system.core.getPayment(system.id(terms)).settleDeadline == deadline
    later = system.pay()
    assert system.core.getPayment(system.id(later)).settleDeadline == system.now + 60
    call = system.core.setWindows.encode_input(59, 60)
    system.core.scheduleChange(call, sender=system.admin)
    system.wait(DELAY)
    with refused(system.core.InvalidWindow, window=59):
        system.core.executeChange(call, sender=system.admin)


def test_admin__has_no_way_to_escrowed_money(system: System) -> None:
    core, terms = system.core, system.pay()
    for function, arguments, error in (
        (core.cancel, (terms.tuple(),), core.OnlySender),
        (core.reclaim, (terms.tuple(),), core.TooEarlyToReclaim),
        (core.settleNow, (terms.tuple(), []), system.oracle.QuorumMismatch),
        (core.settleBatch, ([terms.tuple()], []), system.oracle.QuorumMismatch),
        (core.executePayment, (system.id(terms),), core.VerdictMissing),
        (core.executeWhitelisted, (terms.tuple(),), core.VerdictMissing),
        (core.releaseFrozen, (terms.tuple(),), core.AccessControlUnauthorizedAccount),
        (core.approve, (terms.tuple(), ""), core.AccessControlUnauthorizedAccount),
        (core.reject, (terms.tuple(), ""), core.AccessControlUnauthorizedAccount),
    ):
        with refused(error):
            function(*arguments, sender=system.admin)
    core.pause(sender=system.admin)
    core.suspendToken(system.token, sender=system.admin)
    assert system.token.balanceOf(core) == terms.amount == 100 * DOLLAR
    assert STATUS[system.status(terms)] == "Pending"


OPEN = {
    "core": {
        "createPayment",
        "createPaymentFor",
        "createPaymentWithAuthorization",
        "createPaymentWithPermit",
        "payInstant",
        "payInstantWithAuthorization",
        "payInstantWithPermit",
        "settleNow",
        "settleBatch",
        "executePayment",
        "executeWhitelisted",
        "cancel",
        "reclaim",
        "revokeReference",
    },
    "oracle": {"mirrorBlacklist"},
    "compliance": set(),
}
"""What anybody may call: terms, signatures and deadlines decide there, not roles."""
ROLE, MAY = "AccessControlUnauthorizedAccount", ""
NAMES_THE_CALLER = {
    ROLE: "account",
    "OnlyScheduled": "caller",
    "OnlySelf": "caller",
    "OnlyBinder": "caller",
    "OnlyCore": "caller",
    "OnlyOracle": "caller",
    "ProposalRefused": "caller",
    "AccessControlInvalidDefaultAdmin": "defaultAdmin",
}

Refusals = dict[str, tuple[tuple[Any, ...], str, str]]


def governed(system: System, name: str) -> Refusals:
    """All other functions: arguments, and how a stranger is refused, and the admin who holds no other role (MAY: not at
    all). What can both tighten and loosen is asked to loosen.
    """
    someone, role, terms = system.payer, bytes([1] * 32), system.terms()
    change = getattr(system, name).grantRole.encode_input(role, someone)
    everywhere: Refusals = {
        "scheduleChange": ((change,), "ProposalRefused", MAY),
        "cancelChange": ((change,), "ProposalRefused", MAY),
        "executeChange": ((change,), "ProposalRefused", MAY),
        "grantRole": ((role, someone), "OnlyScheduled", "OnlyScheduled"),
        "revokeRole": ((role, someone), ROLE, MAY),
        "renounceRole": ((role, someone), "AccessControlBadConfirmation", "AccessControlBadConfirmation"),
        "beginDefaultAdminTransfer": ((someone,), ROLE, MAY),
        "cancelDefaultAdminTransfer": ((), ROLE, MAY),
        "acceptDefaultAdminTransfer": ((), "AccessControlInvalidDefaultAdmin", "AccessControlInvalidDefaultAdmin"),
        "changeDefaultAdminDelay": ((1,), ROLE, MAY),
        "rollbackDefaultAdminDelay": ((), ROLE, MAY),
    }
    own: dict[str, Refusals] = {
        "core": {
            "bind": ((system.oracle, system.compliance), "OnlyBinder", "AlreadyBound"),
            "pause": ((), ROLE, ROLE),
            "unpause": ((), ROLE, MAY),
            "suspendToken": ((system.token,), ROLE, ROLE),
            "listToken": ((system.token,), "OnlyScheduled", "OnlyScheduled"),
            "setOracle": ((system.oracle,), "OnlyScheduled", "OnlyScheduled"),
            "setCompliance": ((system.compliance,), "OnlyScheduled", "OnlyScheduled"),
            "setWindows": ((60, 60), "OnlyScheduled", "OnlyScheduled"),
            "approve": ((terms.tuple(), ""), ROLE, ROLE),
            "reject": ((terms.tuple(), ""), ROLE, ROLE),
            "releaseFrozen": ((terms.tuple(),), ROLE, ROLE),
            "applyBatchVerdict": (
                (system.id(terms), terms.tuple(), (0, 0, 0, bytes(32), bytes(32))),
                "OnlySelf",
                "OnlySelf",
            ),
        },
        "oracle": {
            "updateRiskScore": ((someone, 1, bytes(32)), ROLE, ROLE),
            "analyzeTransaction": ((bytes(32), someone, someone, 1, 1, 1, 1, 1, 1), ROLE, ROLE),
            "raiseAlert": ((someone, bytes(32), 1, ""), ROLE, ROLE),
            "blacklistWallet": ((someone, ""), ROLE, ROLE),
            "unblacklistWallet": ((someone,), "OnlyScheduled", "OnlyScheduled"),
            "whitelistWallet": ((someone,), "OnlyScheduled", "OnlyScheduled"),
            "unwhitelistWallet": ((someone,), ROLE, ROLE),
            "setThresholds": (((20, 40, 60, 81),), ROLE, ROLE),
            "setQuorum": ((2,), ROLE, "LooseningWaits"),
            "setMaxReportLifetime": ((LIFETIME + 1,), ROLE, "LooseningWaits"),
        },
        "compliance": {
            "enrollPayment": ((someone, system.payee, 1, 6, bytes(16)), "OnlyCore", "OnlyCore"),
            "beforeInstantPayment": ((someone, system.payee, 1, 6, bytes(16), 1), "OnlyCore", "OnlyCore"),
            "handleVerdict": ((someone, system.payee, 1, False, False), "OnlyCore", "OnlyCore"),
            "onBlacklist": ((someone, True), "OnlyOracle", "OnlyOracle"),
            "sanction": ((someone, ""), ROLE, ROLE),
            "unsanction": ((someone, ""), ROLE, ROLE),
            "freezeAccount": ((someone, ""), ROLE, ROLE),
            "releaseAccount": ((someone, ""), ROLE, ROLE),
            "classify": ((someone, 1, 0), ROLE, ROLE),
            "setJurisdictionBlocked": ((1, True), ROLE, ROLE),
            "setTier": ((0, (50_000_001, 200_000_000, 2_000_000_000, True)), ROLE, "LooseningWaits"),
            "setTravelRule": ((100_001,), ROLE, "LooseningWaits"),
            "setSanctionsSource": ((system.token,), "OnlyScheduled", "OnlyScheduled"),
        },
    }
    return everywhere | own[name]


@pytest.mark.parametrize("name", OPEN)
def test_governed_functions__all_of_the_abi_called_directly_by_a_stranger_or_the_admin__refused_by_name(
    council: System, name: str
) -> None:
    contract, callers = getattr(council, name), (council.stranger, council.admin)
    for role in ("RISK_ADMIN_ROLE", "PAUSER_ROLE"):
        if hasattr(contract, role):
            contract.revokeRole(getattr(contract, role)(), council.admin, sender=council.admin)
    refusals = governed(council, name)
    assert {method.name for method in contract.contract_type.mutable_methods} == set(refusals) | OPEN[name]
    for function, (arguments, *errors) in refusals.items():
        for caller, error in zip(callers, errors, strict=True):
            if error == MAY:
                continue
            named = {NAMES_THE_CALLER[error]: caller.address} if error in NAMES_THE_CALLER else {}
            with refused(getattr(contract, error), **named):
                getattr(contract, function)(*arguments, sender=caller)


def test_change__of_any_function_that_is_none__cannot_be_scheduled(system: System) -> None:
    """The core's call of itself must not pay with what it holds, nor pass for a quorum's verdict."""
    terms = system.pay()
    own = system.terms(sender=system.core.address, recipient=system.stranger.address)
    role = system.core.RISK_ADMIN_ROLE()
    for contract, call in (
        (
            system.core,
            system.core.payInstant.encode_input(own.tuple(), system.signed(system.instant_report(own))),
        ),
        (
            system.core,
            system.core.applyBatchVerdict.encode_input(
                system.id(terms), terms.tuple(), (0, 0, 0, bytes(32), bytes(32))
            ),
        ),
        (system.core, system.core.cancel.encode_input(own.tuple())),
        (system.core, system.core.renounceRole.encode_input(role, system.core)),
        (system.oracle, system.oracle.updateRiskScore.encode_input(system.payer, 0, bytes(32))),
        (system.oracle, system.oracle.unwhitelistWallet.encode_input(system.payer)),
        (system.compliance, system.compliance.onBlacklist.encode_input(system.payer, False)),
        (system.compliance, system.compliance.unsanction.encode_input(system.payer, "")),
        (system.core, b""),
        (system.core, b"\x01\x02\x03"),
    ):
        with refused(contract.NotAChange, length=len(call), expected=0):
            contract.scheduleChange(call, sender=system.admin)


def test_change__with_calldata_of_another_length__cannot_be_scheduled(system: System) -> None:
    """One change has one id: nothing behind the arguments makes a second one of it."""
    for contract, call in (
        (system.oracle, system.oracle.setQuorum.encode_input(1)),
        (system.oracle, system.oracle.setThresholds.encode_input((20, 40, 60, 80))),
        (system.oracle, system.oracle.setMaxReportLifetime.encode_input(60)),
        (system.oracle, system.oracle.whitelistWallet.encode_input(system.payer)),
        (system.oracle, system.oracle.unblacklistWallet.encode_input(system.payer)),
        (system.core, system.core.setOracle.encode_input(system.oracle)),
        (system.core, system.core.setCompliance.encode_input(system.compliance)),
        (system.core, system.core.setWindows.encode_input(60, 60)),
        (system.core, system.core.listToken.encode_input(system.token)),
        (system.compliance, system.compliance.setTier.encode_input(0, (1, 1, 1, True))),
        (system.compliance, system.compliance.setTravelRule.encode_input(1)),
        (system.compliance, system.compliance.setSanctionsSource.encode_input(system.token)),
        (system.compliance, system.compliance.grantRole.encode_input(bytes(31) + b"\x01", system.payer)),
    ):
        for other in (call + b"\x00", call[:-1]):
            with refused(contract.NotAChange, length=len(other), expected=len(call)):
                contract.scheduleChange(other, sender=system.admin)
        contract.scheduleChange(call, sender=system.admin)


def test_whitelist__wallet_that_is_blacklisted_too__counts_for_nothing(system: System) -> None:
    system.change(system.oracle, system.oracle.whitelistWallet.encode_input(system.payer))
    terms = system.pay()
    system.oracle.blacklistWallet(system.payer, "test", sender=system.admin)
    assert not system.oracle.isWhitelisted(system.payer)
    with refused(system.core.VerdictMissing):
        system.core.executeWhitelisted(terms.tuple(), sender=system.stranger)
