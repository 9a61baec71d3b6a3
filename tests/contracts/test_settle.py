"""settle: the level decides, and nothing settles twice, late, or against the lists."""

from __future__ import annotations

import pytest
from conftest import REVIEW_WINDOW, SETTLE_WINDOW, System
from support import EVIDENCE, LEVEL, MODEL, STATUS, only, refused

BOUNDARIES = [
    (0, "Safe", "Settled"),
    (20, "Safe", "Settled"),
    (21, "Low", "Settled"),
    (40, "Low", "Settled"),
    (41, "Medium", "Settled"),
    (60, "Medium", "Settled"),
    (61, "High", "Held"),
    (80, "High", "Held"),
    (81, "Critical", "Blocked"),
    (100, "Critical", "Blocked"),
]


@pytest.mark.parametrize(("score", "level", "status"), BOUNDARIES)
def test_settle__score_at_a_limit__level_and_state_follow(system: System, score: int, level: str, status: str) -> None:
    terms = system.pay()
    payer, payee = system.token.balanceOf(system.payer), system.token.balanceOf(system.payee)
    receipt = system.settle(terms, score, alerts=0b101)
    only(
        receipt,
        system.core.VerdictApplied,
        paymentId=system.id(terms),
        status=STATUS.index(status),
        score=score,
        level=LEVEL.index(level),
        alerts=0b101,
        modelVersion=MODEL,
        evidenceHash=EVIDENCE,
    )
    state = system.core.getPayment(system.id(terms))
    assert STATUS[state.status] == status
    assert state.score == score
    assert state.flagged == (level == "Medium")
    paid, refunded = status == "Settled", status == "Blocked"
    assert system.token.balanceOf(system.payee) - payee == (terms.amount if paid else 0)
    assert system.token.balanceOf(system.payer) - payer == (terms.amount if refunded else 0)
    assert system.token.balanceOf(system.core) == (terms.amount if status == "Held" else 0)
    if status == "Held":
        assert state.reviewDeadline == system.now + REVIEW_WINDOW


@pytest.mark.parametrize(
    "field",
    ["overallScore", "velocityScore", "amountScore", "patternScore", "graphScore", "timingScore"],
)
def test_settle__score_of_101__reverts(system: System, field: str) -> None:
    terms = system.pay()
    with refused(system.oracle.InvalidScore, score=101):
        system.settle(terms, **{"score": 10, field: 101} if field != "overallScore" else {"score": 101})


def test_settle__second_report_for_same_payment__reverts(system: System) -> None:
    terms = system.pay()
    system.settle(terms)
    with refused(
        system.core.WrongStatus,
        paymentId=system.id(terms),
        status=STATUS.index("Settled"),
        expected=STATUS.index("Pending"),
    ):
        system.settle(terms)


def test_settle__held_payment__a_better_report_does_not_help(system: System) -> None:
    terms = system.held()
    with refused(system.core.WrongStatus, status=STATUS.index("Held")):
        system.settle(terms, 0)


def test_settle__unknown_payment__reverts(system: System) -> None:
    terms = system.terms()
    with refused(system.core.PaymentUnknown, paymentId=system.id(terms)):
        system.settle(terms)


def test_settle__changed_term__is_another_payment(system: System) -> None:
    terms = system.pay()
    signed = system.signed(system.report(terms))
    for change in (
        {"recipient": system.stranger.address},
        {"amount": terms.amount + 1},
        {"sender": system.stranger.address},
    ):
        changed = terms.but(**change)
        with refused(system.oracle.WrongPayment, expected=system.id(changed), given=system.id(terms)):
            system.core.settleNow(changed.tuple(), signed, sender=system.stranger)


def test_settle__after_the_settle_deadline__reverts(system: System) -> None:
    terms = system.pay()
    deadline = system.core.getPayment(system.id(terms)).settleDeadline
    system.wait(SETTLE_WINDOW + 1)
    with refused(system.core.SettleDeadlinePassed, paymentId=system.id(terms), deadline=deadline):
        system.settle(terms)


def test_settle__paused__reverts_and_goes_on_afterwards(system: System) -> None:
    terms = system.pay()
    system.core.pause(sender=system.admin)
    with refused(system.core.EnforcedPause):
        system.settle(terms)
    system.core.unpause(sender=system.admin)
    system.settle(terms)
    assert system.status(terms) == STATUS.index("Settled")


def test_settle__recipient_listed_meanwhile__blocked_and_refunded(system: System) -> None:
    for sanctioned in (True, False):
        with system.isolated():
            terms = system.pay()
            if sanctioned:
                system.compliance.sanction(system.payee, "test", sender=system.officer)
            else:
                system.oracle.blacklistWallet(system.payee, "test", sender=system.admin)
            before = system.token.balanceOf(system.payer)
            receipt = system.settle(terms, 5)
            only(receipt, system.core.VerdictApplied, status=STATUS.index("Blocked"), score=5)
            assert system.token.balanceOf(system.payer) - before == terms.amount
            assert system.token.balanceOf(system.payee) == 1_000_000 * 10**6


def test_settle__sender_sanctioned_meanwhile__frozen_until_compliance_releases(system: System) -> None:
    for score in (5, 90):
        with system.isolated():
            terms = system.pay()
            system.compliance.sanction(system.payer, "test", sender=system.officer)
            receipt = system.settle(terms, score)
            only(receipt, system.core.PaymentFrozen, paymentId=system.id(terms), sender=system.payer.address)
            only(receipt, system.core.VerdictApplied, status=STATUS.index("Frozen"))
            assert system.token.balanceOf(system.core) == terms.amount
            with refused(system.core.SenderStillSanctioned, sender=system.payer.address):
                system.core.releaseFrozen(terms.tuple(), sender=system.officer)
            system.compliance.unsanction(system.payer, "cleared", sender=system.officer)
            with refused(system.core.AccessControlUnauthorizedAccount):
                system.core.releaseFrozen(terms.tuple(), sender=system.payer)
            before = system.token.balanceOf(system.payer)
            released = system.core.releaseFrozen(terms.tuple(), sender=system.officer)
            only(released, system.core.PaymentReleased, paymentId=system.id(terms))
            assert system.token.balanceOf(system.payer) - before == terms.amount
            assert system.status(terms) == STATUS.index("Released")


def test_settle__blacklisted_sender__still_gets_the_own_refund(system: System) -> None:
    terms = system.pay()
    system.oracle.blacklistWallet(system.payer, "test", sender=system.admin)
    before = system.token.balanceOf(system.payer)
    system.settle(terms, 95)
    assert system.token.balanceOf(system.payer) - before == terms.amount


def test_settle__several_verdicts__risk_profile_follows(system: System) -> None:
    for score in (10, 70, 95, 30):
        system.settle(system.pay(), score)
    profile = system.compliance.riskProfile(system.payer)
    assert (profile.last, profile.peak, profile.average) == (30, 95, (10 + 70 + 95 + 30) // 4)
    assert (profile.count, profile.held, profile.blocked) == (4, 1, 1)
