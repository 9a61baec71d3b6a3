"""The one-signer path: analyzeTransaction, updateRiskScore, raiseAlert and executePayment."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import LIFETIME, Deploy, System
from hypothesis import given, settings
from hypothesis import strategies as st
from support import LEVEL, STATUS, Terms, only, refused


@pytest.fixture
def node(system: System, accounts: Any) -> Any:
    """An account that holds AI_ORACLE_ROLE and can send transactions."""
    account = accounts[8]
    system.change(system.oracle, system.oracle.grantRole.encode_input(system.oracle.AI_ORACLE_ROLE(), account))
    return account


def analyze(system: System, terms: Terms, scores: tuple[int, ...], sender: Any) -> Any:
    return system.oracle.analyzeTransaction(
        system.id(terms), terms.sender, terms.recipient, terms.amount, *scores, sender=sender
    )


def test_analyze_transaction__five_scores__weighted_sum_is_recorded(system: System, node: Any) -> None:
    terms = system.pay()
    receipt = analyze(system, terms, (80, 60, 40, 20, 100), node)
    overall = (25 * 80 + 25 * 60 + 20 * 40 + 20 * 20 + 10 * 100) // 100
    only(
        receipt,
        system.oracle.TransactionAnalyzed,
        transactionId=system.id(terms),
        sender=terms.sender,
        overallRisk=overall,
        approved=overall <= 60,
        signer=node.address,
    )
    risk = system.oracle.getWalletRisk(system.payer)
    assert (risk.score, risk.peakScore, risk.updates) == (overall, overall, 1)


def test_analyze_transaction__any_scores__equals_the_integer_formula(system: System, node: Any) -> None:
    score = st.integers(0, 100)

    @given(score, score, score, score, score)
    @settings(max_examples=30, deadline=None)
    def check(velocity: int, amount: int, pattern: int, graph: int, timing: int) -> None:
        scores = (velocity, amount, pattern, graph, timing)
        terms = system.terms()
        approved, overall = system.oracle.analyzeTransaction.call(
            system.id(terms), terms.sender, terms.recipient, terms.amount, *scores, sender=node
        )
        expected = sum(w * s for w, s in zip((25, 25, 20, 20, 10), scores, strict=True)) // 100
        assert overall == expected
        assert approved == (expected <= 60)

    check()


@pytest.mark.parametrize(
    ("score", "status"),
    [(0, "Settled"), (60, "Settled"), (61, "Held"), (80, "Held"), (81, "Blocked"), (100, "Blocked")],
)
def test_execute_payment__recorded_verdict__level_decides(system: System, node: Any, score: int, status: str) -> None:
    terms = system.pay()
    analyze(system, terms, (score,) * 5, node)
    receipt = system.core.executePayment(system.id(terms), sender=system.stranger)
    only(receipt, system.core.VerdictApplied, status=STATUS.index(status), score=score)
    assert STATUS[system.status(terms)] == status


def test_execute_payment__no_verdict__reverts(system: System) -> None:
    terms = system.pay()
    with refused(system.core.VerdictMissing, paymentId=system.id(terms)):
        system.core.executePayment(system.id(terms), sender=system.payer)


def test_execute_payment__unknown_payment__reverts(system: System) -> None:
    with refused(system.core.PaymentUnknown):
        system.core.executePayment(bytes(32), sender=system.payer)


@pytest.mark.parametrize("change", ["sender", "recipient", "amount"])
def test_execute_payment__analysis_of_other_terms__reverts(system: System, node: Any, change: str) -> None:
    terms = system.pay()
    wrong = terms.but(**{change: terms.amount + 1 if change == "amount" else system.stranger.address})
    system.oracle.analyzeTransaction(
        system.id(terms), wrong.sender, wrong.recipient, wrong.amount, 1, 1, 1, 1, 1, sender=node
    )
    with refused(system.core.TermsMismatch, paymentId=system.id(terms), analyzedId=system.id(wrong)):
        system.core.executePayment(system.id(terms), sender=system.payer)
    system.core.cancel(terms.tuple(), sender=system.payer)


def test_analyze_transaction__twice__the_last_one_counts(system: System, node: Any) -> None:
    terms = system.pay()
    analyze(system, terms, (1,) * 5, node)
    analyze(system, terms, (90,) * 5, node)
    system.core.executePayment(system.id(terms), sender=system.stranger)
    assert STATUS[system.status(terms)] == "Blocked"


def test_analyze_transaction__score_above_100_or_amount_too_large__reverts(system: System, node: Any) -> None:
    terms = system.terms()
    with refused(system.oracle.InvalidScore, score=101):
        analyze(system, terms, (1, 1, 101, 1, 1), node)
    with refused(system.oracle.AmountTooLarge, amount=2**96):
        analyze(system, terms.but(amount=2**96), (1,) * 5, node)


def test_execute_payment__signer_removed_since__reverts(system: System, node: Any) -> None:
    terms = system.pay()
    analyze(system, terms, (1,) * 5, node)
    system.oracle.revokeRole(system.oracle.AI_ORACLE_ROLE(), node, sender=system.admin)
    with refused(system.oracle.UnauthorizedSigner, signer=node.address):
        system.core.executePayment(system.id(terms), sender=system.payer)


def test_execute_payment__quorum_raised_since__reverts(system: System, node: Any) -> None:
    terms = system.pay()
    analyze(system, terms, (1,) * 5, node)
    system.oracle.setQuorum(2, sender=system.admin)
    with refused(system.oracle.OneSignerPathClosed, quorum=2):
        system.core.executePayment(system.id(terms), sender=system.payer)


def test_recorded_analysis__older_than_a_report_may_be__reverts(system: System, node: Any) -> None:
    terms = system.terms()
    analyze(system, terms, (1,) * 5, node)
    system.wait(LIFETIME + 1)
    with refused(system.oracle.ReportExpired, paymentId=system.id(terms)):
        system.oracle.recordedAnalysis(system.id(terms))


def test_one_signer_path__quorum_above_one__closed(deploy: Deploy, accounts: Any) -> None:
    system = deploy(quorum=2, signers=3)
    account = accounts[8]
    system.change(system.oracle, system.oracle.grantRole.encode_input(system.oracle.AI_ORACLE_ROLE(), account))
    with refused(system.oracle.OneSignerPathClosed, quorum=2):
        analyze(system, system.pay(), (1,) * 5, account)
    with refused(system.oracle.OneSignerPathClosed, quorum=2):
        system.oracle.updateRiskScore(system.payer, 10, bytes(32), sender=account)


def test_one_signer_path__without_the_role__reverts(system: System) -> None:
    role = system.oracle.AI_ORACLE_ROLE()
    with refused(system.oracle.AccessControlUnauthorizedAccount, account=system.admin.address, neededRole=role):
        analyze(system, system.terms(), (1,) * 5, system.admin)
    with refused(system.oracle.AccessControlUnauthorizedAccount, neededRole=role):
        system.oracle.updateRiskScore(system.payer, 10, bytes(32), sender=system.admin)
    with refused(system.oracle.AccessControlUnauthorizedAccount, neededRole=role):
        system.oracle.raiseAlert(system.payer, bytes(32), 1, "", sender=system.admin)


def test_update_risk_score__new_score__is_kept_with_its_peak(system: System, node: Any) -> None:
    model = bytes([7] * 32)
    system.oracle.updateRiskScore(system.payer, 85, model, sender=node)
    receipt = system.oracle.updateRiskScore(system.payer, 45, model, sender=node)
    only(
        receipt,
        system.oracle.RiskScoreUpdated,
        wallet=system.payer.address,
        signer=node.address,
        score=45,
        level=LEVEL.index("Medium"),
        modelVersion=model,
    )
    risk = system.oracle.getWalletRisk(system.payer)
    assert (risk.score, risk.peakScore, LEVEL[risk.level], bytes(risk.modelVersion)) == (45, 85, "Medium", model)
    with refused(system.oracle.InvalidScore, score=101):
        system.oracle.updateRiskScore(system.payer, 101, model, sender=node)


def test_raise_alert__by_a_signer__is_published(system: System, node: Any) -> None:
    receipt = system.oracle.raiseAlert(system.payer, bytes(32), 0b1001, "mixing", sender=node)
    only(receipt, system.oracle.AlertRaised, wallet=system.payer.address, alerts=0b1001, details="mixing")


def test_should_approve_transaction__what_is_known_decides(system: System, node: Any) -> None:
    def ask() -> Any:
        return system.oracle.shouldApproveTransaction(system.payer, system.payee, 1)

    approved, score, reason = ask()
    assert (approved, score) == (True, 0)
    assert reason
    for value, expected in ((60, True), (61, False), (81, False)):
        system.oracle.updateRiskScore(system.payee, value, bytes(32), sender=node)
        assert tuple(ask())[:2] == (expected, value)
    system.oracle.blacklistWallet(system.payee, "test", sender=system.admin)
    approved, score, reason = ask()
    assert (approved, score, reason) == (False, 100, "the recipient is blacklisted")


def test_execute_whitelisted__whitelisted_sender__spared_the_score_never_the_sanctions_check(system: System) -> None:
    terms = system.pay()
    with refused(system.core.VerdictMissing, paymentId=system.id(terms)):
        system.core.executeWhitelisted(terms.tuple(), sender=system.payer)
    system.change(system.oracle, system.oracle.whitelistWallet.encode_input(system.payer))
    system.core.executeWhitelisted(terms.tuple(), sender=system.payer)
    assert STATUS[system.status(terms)] == "Settled"
    blocked = system.pay()
    system.compliance.sanction(system.payee, "test", sender=system.officer)
    system.core.executeWhitelisted(blocked.tuple(), sender=system.payer)
    assert STATUS[system.status(blocked)] == "Blocked"
    system.oracle.unwhitelistWallet(system.payer, sender=system.admin)
    with refused(system.core.VerdictMissing):
        system.core.executeWhitelisted(terms.but(ref=bytes(16)).tuple(), sender=system.payer)
