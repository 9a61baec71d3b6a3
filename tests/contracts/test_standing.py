"""What is known of an account, from both lists and from verdicts, wherever it is asked for."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Deploy, System
from support import REFUSAL, STATUS, refused

OWN, SOURCE = "own list", "external source"


@pytest.fixture(scope="module")
def sourced(deploy: Deploy, project: Any, accounts: Any) -> tuple[System, Any]:
    source = accounts[0].deploy(project.TestSanctionsSource)
    return deploy(source=source.address), source


@pytest.mark.parametrize("by", [OWN, SOURCE])
@pytest.mark.parametrize(("party", "status"), [("payer", "Frozen"), ("payee", "Blocked")])
def test_verdict__either_list_alone_names_a_party_meanwhile__sender_frozen_recipient_refused(
    sourced: tuple[System, Any], by: str, party: str, status: str
) -> None:
    system, source = sourced
    terms, subject = system.pay(), getattr(system, party)
    if by == OWN:
        system.compliance.sanction(subject, "test", sender=system.officer)
    else:
        source.setListed(subject, True, sender=system.admin)
    assert system.compliance.isSanctioned(subject)
    assert system.compliance.isSanctionedForRefund(subject)
    system.settle(terms)
    assert STATUS[system.status(terms)] == status


def test_verdict__external_source_names_nobody__settles(sourced: tuple[System, Any]) -> None:
    system, _ = sourced
    terms, held = system.pay(), system.held()
    system.settle(terms)
    system.core.approve(held.tuple(), "", sender=system.reviewer)
    assert STATUS[system.status(terms)] == STATUS[system.status(held)] == "Settled"
    assert not system.compliance.isSanctioned(system.payer)
    assert not system.compliance.isSanctionedForRefund(system.payer)


@pytest.mark.parametrize("by", [OWN, SOURCE])
def test_approve__either_list_alone_names_the_recipient__refused(sourced: tuple[System, Any], by: str) -> None:
    system, source = sourced
    terms = system.held()
    if by == OWN:
        system.compliance.sanction(system.payee, "test", sender=system.officer)
    else:
        source.setListed(system.payee, True, sender=system.admin)
    with refused(system.core.PartyListed, paymentId=system.id(terms), party=system.payee.address):
        system.core.approve(terms.tuple(), "", sender=system.reviewer)


def test_unsanction__before_the_verdict__settles_as_if_never_listed(system: System) -> None:
    for party in (system.payer, system.payee):
        terms = system.pay()
        system.compliance.sanction(party, "test", sender=system.officer)
        system.compliance.unsanction(party, "mistaken", sender=system.officer)
        system.settle(terms)
        assert STATUS[system.status(terms)] == "Settled"


def test_external_source__every_tier_closed_and_every_limit_zero__is_asked_first(deploy: Deploy, project: Any) -> None:
    system = deploy(tiers=[(0, 0, 0, False)], travel=0)
    source = system.admin.deploy(project.TestSanctionsSource)
    system.change(system.compliance, system.compliance.setSanctionsSource.encode_input(source))
    parties = (system.payer, system.payee)
    ref = bytes(15) + b"\x01"
    assert REFUSAL[system.compliance.checkPayment(*parties, 1, 6, ref).refusal] == "TierClosed"
    source.setListed(system.payee, True, sender=system.admin)
    assert REFUSAL[system.compliance.checkPayment(*parties, 1, 6, ref).refusal] == "RecipientSanctioned"


def test_jurisdiction__unknown_one_is_blocked__refuses_nobody(system: System) -> None:
    system.compliance.setJurisdictionBlocked(0, True, sender=system.officer)
    system.compliance.classify(system.payer, 1, 0, sender=system.officer)
    system.compliance.classify(system.payee, 1, 756, sender=system.officer)
    refusal, _ = system.compliance.assess(system.payer, system.payee)
    assert REFUSAL[refusal] == "None"
    system.pay()


def test_pay_instant__verdict__is_counted_as_neither_held_nor_blocked(system: System) -> None:
    for score in (50, 20):
        terms = system.terms()
        signed = system.signed(system.instant_report(terms, score))
        system.core.payInstant(terms.tuple(), signed, sender=system.payer)
    profile = system.compliance.riskProfile(system.payer)
    assert (profile.last, profile.peak, profile.average) == (20, 50, 35)
    assert (profile.count, profile.held, profile.blocked) == (2, 0, 0)


def test_pay_instant__amount__counts_against_the_limits(system: System) -> None:
    terms = system.terms()
    system.core.payInstant(terms.tuple(), system.signed(system.instant_report(terms)), sender=system.payer)
    assert tuple(system.compliance.spent(system.payer)) == (10_000, 10_000)


def test_should_approve__every_reason__is_that_of_what_is_known(system: System, accounts: Any) -> None:
    oracle, node = system.oracle, accounts[8]
    system.change(oracle, oracle.grantRole.encode_input(oracle.AI_ORACLE_ROLE(), node))
    for score, approved, word in (
        (20, True, "no party"),
        (40, True, "no party"),
        (41, True, "MEDIUM"),
        (60, True, "MEDIUM"),
        (61, False, "HIGH"),
        (80, False, "HIGH"),
        (81, False, "CRITICAL"),
        (100, False, "CRITICAL"),
    ):
        oracle.updateRiskScore(system.payer, score, bytes(32), sender=node)
        found = oracle.shouldApproveTransaction(system.payer, system.payee, 1)
        assert (found.approved, found.riskScore) == (approved, score)
        assert word in found.reason
    risk = oracle.getWalletRisk(system.payer)
    assert (risk.score, risk.peakScore, risk.updates, risk.updatedAt) == (100, 100, 8, system.now)
    system.change(oracle, oracle.whitelistWallet.encode_input(system.payer))
    assert tuple(oracle.shouldApproveTransaction(system.payer, system.payee, 1)) == (
        True,
        0,
        "the sender is whitelisted",
    )
    for party, reason in ((system.payee, "the recipient is blacklisted"), (system.payer, "the sender is blacklisted")):
        oracle.blacklistWallet(party, "test", sender=system.admin)
        assert tuple(oracle.shouldApproveTransaction(system.payer, system.payee, 1)) == (False, 100, reason)
    risk = oracle.getWalletRisk(system.payer)
    assert (risk.blacklisted, risk.whitelisted, oracle.isWhitelisted(system.payer)) == (True, True, False)
