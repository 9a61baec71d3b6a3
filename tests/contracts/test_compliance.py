"""ComplianceEngine: limits that cannot be exceeded, sources that fail closed, and the same answer from both paths."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import UNLIMITED, ZERO, Deploy, System
from hypothesis import given, settings
from hypothesis import strategies as st
from support import DOLLAR, REFUSAL, STATUS, Terms, only, refused

HOUR, DAY = 3600, 86_400
TIERS = [(30_000, 50_000, 80_000, True), (UNLIMITED, UNLIMITED, UNLIMITED, True), (0, 0, 0, False)]


@pytest.fixture(scope="module")
def limited(deploy: Deploy) -> System:
    """300 dollars a payment, 500 in 24 hours, 800 in 30 days."""
    return deploy(tiers=TIERS)


@pytest.fixture(scope="module")
def sourced(deploy: Deploy, project: Any, accounts: Any) -> tuple[System, Any]:
    source = accounts[0].deploy(project.TestSanctionsSource)
    return deploy(source=source.address), source


def check(system: System, terms: Any) -> tuple[bool, str, str]:
    ok, refusal, reason = system.compliance.checkPayment(terms.sender, terms.recipient, terms.amount, 6, terms.ref)
    return ok, REFUSAL[refusal], reason


def test_limit_per_payment__exactly_and_above(limited: System) -> None:
    limited.pay(limited.terms(300 * DOLLAR))
    above = limited.terms(300 * DOLLAR + 1)
    assert check(limited, above)[:2] == (False, "AbovePaymentLimit")
    with refused(
        limited.compliance.ComplianceRefused,
        refusal=REFUSAL.index("AbovePaymentLimit"),
        subject=limited.payer.address,
        limit=30_000,
        would=30_001,
    ):
        limited.pay(above)


def test_daily_limit__rolls_with_time_and_is_never_exceeded(limited: System) -> None:
    limited.pay(limited.terms(300 * DOLLAR))
    limited.pay(limited.terms(200 * DOLLAR))
    with refused(
        limited.compliance.ComplianceRefused, refusal=REFUSAL.index("AboveDailyLimit"), limit=50_000, would=50_001
    ):
        limited.pay(limited.terms(10_000))
    limited.wait(DAY - 1)
    with refused(limited.compliance.ComplianceRefused, refusal=REFUSAL.index("AboveDailyLimit")):
        limited.pay(limited.terms(10_000))
    limited.wait(8 * HOUR + 1)
    limited.pay(limited.terms(300 * DOLLAR))
    with refused(limited.compliance.ComplianceRefused, refusal=REFUSAL.index("AboveMonthlyLimit"), limit=80_000):
        limited.pay(limited.terms(10_000))


def test_rolling_windows__any_sequence_of_payments__sum_is_at_least_the_exact_one(deploy: Deploy) -> None:
    system = deploy(tiers=[(100_000_000, 200_000_000, 2_000_000_000, True)], travel=2**47)

    @given(st.lists(st.tuples(st.integers(0, 11 * DAY), st.integers(1, 10_000)), min_size=1, max_size=8))
    @settings(max_examples=8, deadline=None)
    def run(payments: list[tuple[int, int]]) -> None:
        with system.isolated():
            made: list[tuple[int, int]] = []
            for pause, cents in payments:
                system.wait(pause)
                system.pay(system.terms(cents * 10_000))
                made.append((system.now, cents))
                daily, monthly = system.compliance.spent(system.payer)
                now = system.now
                exact_day = sum(c for at, c in made if at > now - DAY)
                exact_month = sum(c for at, c in made if at > now - 30 * DAY)
                assert exact_day <= daily <= sum(c for at, c in made if at > now - DAY - 8 * HOUR)
                assert exact_month <= monthly <= sum(c for at, c in made if at > now - 40 * DAY)

    run()


def test_tier__institution__has_no_limits_and_closed_tier_may_not_pay(limited: System) -> None:
    limited.compliance.classify(limited.payer, 1, 0, sender=limited.officer)
    limited.pay(limited.terms(500_000 * DOLLAR))
    limited.compliance.classify(limited.payer, 2, 0, sender=limited.officer)
    with refused(limited.compliance.ComplianceRefused, refusal=REFUSAL.index("TierClosed")):
        limited.pay()
    with refused(limited.compliance.UnknownTier, tier=3, tiers=3):
        limited.compliance.classify(limited.payer, 3, 0, sender=limited.officer)


@pytest.mark.parametrize("party", ["payer", "payee"])
def test_jurisdiction_blocked__refused_and_opened_again(system: System, party: str) -> None:
    subject = getattr(system, party)
    system.compliance.classify(subject, 0, 408, sender=system.officer)
    system.compliance.setJurisdictionBlocked(408, True, sender=system.officer)
    terms = system.terms()
    assert check(system, terms)[1] == "JurisdictionBlocked"
    with refused(
        system.compliance.ComplianceRefused, refusal=REFUSAL.index("JurisdictionBlocked"), subject=subject.address
    ):
        system.pay(terms)
    system.compliance.setJurisdictionBlocked(408, False, sender=system.officer)
    system.pay(terms)


@pytest.mark.parametrize(("party", "refusal"), [("payer", "SenderFrozen"), ("payee", "RecipientFrozen")])
def test_freeze__account_can_neither_pay_nor_be_paid_until_released(system: System, party: str, refusal: str) -> None:
    subject, open_payment = getattr(system, party), system.pay()
    receipt = system.compliance.freezeAccount(subject, "inquiry 7", sender=system.officer)
    only(receipt, system.compliance.AccountFrozen, account=subject.address, reason="inquiry 7")
    with refused(system.compliance.ComplianceRefused, refusal=REFUSAL.index(refusal), subject=subject.address):
        system.pay()
    system.settle(open_payment)
    assert STATUS[system.status(open_payment)] == "Blocked"
    system.compliance.releaseAccount(subject, "closed", sender=system.officer)
    system.pay()


def test_external_source__lists_a_party__refused(sourced: tuple[System, Any]) -> None:
    system, source = sourced
    source.setListed(system.payee, True, sender=system.admin)
    assert system.compliance.isSanctioned(system.payee)
    with refused(
        system.compliance.ComplianceRefused,
        refusal=REFUSAL.index("RecipientSanctioned"),
        subject=system.payee.address,
    ):
        system.pay()


SILENT = {
    "reverts": 1,
    "burns gas": 2,
    "answers nonsense": 3,
    "has no code": "0x",
    "answers a byte too few": "0x601f5ff3",  # 31 zeros, which read as a word would be "not listed"
}
"""A mood of the sources for tests, or the code that stands in a source's place."""


@pytest.mark.parametrize("how", SILENT)
def test_external_source__does_not_answer__closed_for_payments_and_open_for_refunds(
    sourced: tuple[System, Any], how: str
) -> None:
    system, source = sourced
    pending, held = system.pay(), system.held()
    balance = system.token.balanceOf(system.payer)
    instead = SILENT[how]
    if isinstance(instead, str):
        system.chain.provider.make_request("anvil_setCode", [source.address, instead])
    else:
        source.setMood(instead, sender=system.admin)
    assert check(system, system.terms())[1] == "SanctionsUnavailable"
    with refused(system.compliance.ComplianceRefused, refusal=REFUSAL.index("SanctionsUnavailable")):
        system.pay()
    at_once = system.terms()
    with refused(system.compliance.ComplianceRefused, refusal=REFUSAL.index("SanctionsUnavailable")):
        system.core.payInstant(at_once.tuple(), system.signed(system.instant_report(at_once)), sender=system.payer)
    with refused(system.compliance.SanctionsSourceFailed, source=source.address):
        system.settle(pending)
    with refused(system.compliance.SanctionsSourceFailed, source=source.address):
        system.core.approve(held.tuple(), "", sender=system.reviewer)
    system.core.cancel(pending.tuple(), sender=system.payer)
    system.core.reject(held.tuple(), "", sender=system.reviewer)
    assert system.token.balanceOf(system.payer) - balance == pending.amount + held.amount


def test_external_source__does_not_answer__own_list_still_freezes_refunds(sourced: tuple[System, Any]) -> None:
    system, source = sourced
    terms = system.pay()
    source.setMood(1, sender=system.admin)
    system.compliance.sanction(system.payer, "test", sender=system.officer)
    system.core.cancel(terms.tuple(), sender=system.payer)
    assert STATUS[system.status(terms)] == "Frozen"


def test_refund__gas_too_short_for_the_sanctions_check__reverts_instead_of_skipping_it(
    sourced: tuple[System, Any],
) -> None:
    system, source = sourced
    terms = system.pay()
    source.setListed(system.payer, True, sender=system.admin)
    for gas in (120_000, 200_000, 280_000):
        with refused(system.core.NotEnoughGas):
            system.core.cancel(terms.tuple(), sender=system.payer, gas=gas)
    system.core.cancel(terms.tuple(), sender=system.payer, gas=500_000)
    assert STATUS[system.status(terms)] == "Frozen"


@pytest.fixture(scope="module")
def strict(deploy: Deploy, project: Any, accounts: Any) -> tuple[System, Any]:
    """Everything that can refuse: limits, a closed tier, a travel rule from 200 dollars on, an external source."""
    source = accounts[0].deploy(project.TestSanctionsSource)
    return deploy(tiers=TIERS, source=source.address, travel=20_000), source


def arranged(system: System, source: Any, refusal: str) -> Terms:
    """Terms of a payment that is refused for that reason, whatever must have happened before."""
    engine, officer, terms = system.compliance, system.officer, system.terms()
    party = system.payer if refusal.startswith("Sender") else system.payee
    match refusal.removeprefix("Sender").removeprefix("Recipient"):
        case "Sanctioned":
            engine.sanction(party, "", sender=officer)
        case "Frozen":
            engine.freezeAccount(party, "", sender=officer)
        case "Blacklisted":
            system.oracle.blacklistWallet(party, "", sender=system.admin)
        case "SanctionsUnavailable":
            source.setMood(1, sender=system.admin)
        case "JurisdictionBlocked":
            engine.classify(system.payee, 0, 408, sender=officer)
            engine.setJurisdictionBlocked(408, True, sender=officer)
        case "TierClosed":
            engine.classify(system.payer, 2, 0, sender=officer)
        case "AbovePaymentLimit":
            return terms.but(amount=300 * DOLLAR + 1)
        case "AboveDailyLimit":
            system.pay(terms.but(amount=300 * DOLLAR))
            return system.terms(200 * DOLLAR + 1)
        case "AboveMonthlyLimit":
            for amount in (300, 300, 200):
                system.pay(system.terms(amount * DOLLAR))
                system.wait(DAY + 8 * HOUR)
            return system.terms(1)
        case "TravelRuleReference":
            return terms.but(amount=200 * DOLLAR, ref=bytes(16))
        case _:
            raise AssertionError(f"nobody has arranged {refusal}")
    return terms


@pytest.mark.parametrize("refusal", REFUSAL[1:])
def test_check_payment__every_refusal__code_and_reason_are_those_of_the_calls_that_enforce_it(
    strict: tuple[System, Any], refusal: str
) -> None:
    system, source = strict
    terms = arranged(system, source, refusal)
    ok, code, reason = check(system, terms)
    assert (ok, code) == (False, refusal)
    reports = system.signed(system.instant_report(terms))
    for pay in (
        lambda: system.pay(terms),
        lambda: system.core.payInstant(terms.tuple(), reports, sender=system.payer),
    ):
        with refused(system.compliance.ComplianceRefused) as found:
            pay()
        assert (REFUSAL[found["refusal"]], system.compliance.describe(found["refusal"])) == (code, reason)


def test_check_payment__answers_as_the_enforcing_path_does(strict: tuple[System, Any]) -> None:
    system, _ = strict
    terms = system.terms()
    assert check(system, terms) == (True, "None", "the payment complies")
    system.pay(terms)


def test_describe__every_refusal__a_sentence_of_its_own(system: System) -> None:
    reasons = {system.compliance.describe(number) for number in range(len(REFUSAL))}
    assert len(reasons) == len(REFUSAL)


def test_core_functions__called_by_anyone_else__revert(system: System) -> None:
    people, core = (system.payer, system.payee), system.core.address
    with refused(system.compliance.OnlyCore, caller=system.admin.address, core=core):
        system.compliance.enrollPayment(*people, 1, 6, bytes(16), sender=system.admin)
    with refused(system.compliance.OnlyCore, caller=system.admin.address):
        system.compliance.handleVerdict(*people, 1, False, False, sender=system.admin)
    with refused(system.compliance.OnlyCore, caller=system.admin.address):
        system.compliance.beforeInstantPayment(*people, 1, 6, bytes(16), 1, sender=system.admin)
    with refused(system.compliance.OnlyOracle, caller=system.admin.address, oracle=system.oracle.address):
        system.compliance.onBlacklist(system.payee, True, sender=system.admin)


@pytest.mark.parametrize(
    "call", ["sanction", "unsanction", "freezeAccount", "releaseAccount", "classify", "setJurisdictionBlocked"]
)
def test_officer_functions__called_by_anyone_else__revert(system: System, call: str) -> None:
    arguments = {"classify": (system.payer, 1, 0), "setJurisdictionBlocked": (1, True)}
    with refused(system.compliance.AccessControlUnauthorizedAccount, account=system.admin.address):
        getattr(system.compliance, call)(*arguments.get(call, (system.payer, "")), sender=system.admin)


def test_set_tier__tightening_is_immediate_and_loosening_waits(system: System) -> None:
    current = tuple(system.compliance.tierLimits(0))
    tighter = (current[0] - 1, *current[1:])
    system.compliance.setTier(0, tighter, sender=system.admin)
    with refused(system.compliance.LooseningWaits, what="tier"):
        system.compliance.setTier(0, current, sender=system.admin)
    system.change(system.compliance, system.compliance.setTier.encode_input(0, current))
    assert tuple(system.compliance.tierLimits(0)) == current
    for wrong in ((2, 1, 1, True), (1, 2**28, 2**31 - 1, True), (1, 1, 2**31, True)):
        with refused(system.compliance.InvalidTier):
            system.compliance.setTier(0, wrong, sender=system.admin)


def test_set_travel_rule_and_source__loosening_and_sources_wait(system: System, project: Any) -> None:
    system.compliance.setTravelRule(50_000, sender=system.admin)
    with refused(system.compliance.LooseningWaits):
        system.compliance.setTravelRule(100_000, sender=system.admin)
    source = system.admin.deploy(project.TestSanctionsSource)
    with refused(system.compliance.OnlyScheduled, caller=system.admin.address):
        system.compliance.setSanctionsSource(source, sender=system.admin)
    for one in (source.address, ZERO):
        system.change(system.compliance, system.compliance.setSanctionsSource.encode_input(one))
        assert system.compliance.sanctionsSource() == one
    with refused(system.compliance.SourceWithoutCode, source=system.stranger.address):
        system.change(system.compliance, system.compliance.setSanctionsSource.encode_input(system.stranger))


def test_freeze__sender_of_a_pending_payment__refunded_by_its_verdict(system: System) -> None:
    before = system.token.balanceOf(system.payer)
    terms, later = system.pay(), system.pay()
    system.compliance.freezeAccount(system.payer, "inquiry 7", sender=system.officer)
    system.settle(terms, 10)
    assert STATUS[system.status(terms)] == "Blocked"
    system.compliance.releaseAccount(system.payer, "closed", sender=system.officer)
    system.settle(later, 10)
    assert STATUS[system.status(later)] == "Settled"
    assert system.token.balanceOf(system.payer) == before - later.amount
