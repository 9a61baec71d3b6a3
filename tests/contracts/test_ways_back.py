"""cancel, reclaim and review: the sender gets the money back, whoever is asleep."""

from __future__ import annotations

import pytest
from conftest import REVIEW_WINDOW, SETTLE_WINDOW, System
from support import STATUS, only, refused


def test_cancel__pending__refunds_the_sender(system: System) -> None:
    before = system.token.balanceOf(system.payer)
    terms = system.pay()
    receipt = system.core.cancel(terms.tuple(), sender=system.payer)
    only(receipt, system.core.PaymentCancelled, paymentId=system.id(terms), by=system.payer.address)
    assert system.token.balanceOf(system.payer) == before
    assert STATUS[system.status(terms)] == "Cancelled"


def test_cancel__by_anyone_else__reverts(system: System) -> None:
    terms = system.pay()
    for caller in (system.payee, system.admin, system.stranger):
        with refused(system.core.OnlySender, caller=caller.address, sender=system.payer.address):
            system.core.cancel(terms.tuple(), sender=caller)


def test_cancel__held_or_final__reverts(system: System) -> None:
    held, settled = system.held(), system.pay()
    system.settle(settled)
    for terms, status in ((held, "Held"), (settled, "Settled")):
        with refused(system.core.WrongStatus, status=STATUS.index(status), expected=STATUS.index("Pending")):
            system.core.cancel(terms.tuple(), sender=system.payer)


def test_cancel__unknown_payment__reverts(system: System) -> None:
    with refused(system.core.PaymentUnknown):
        system.core.cancel(system.terms().tuple(), sender=system.payer)


def test_reclaim__before_the_deadline__reverts(system: System) -> None:
    for terms in (system.pay(), system.held()):
        with refused(system.core.TooEarlyToReclaim, paymentId=system.id(terms)):
            system.core.reclaim(terms.tuple(), sender=system.payer)


@pytest.mark.parametrize(("held", "window"), [(False, SETTLE_WINDOW), (True, REVIEW_WINDOW)])
def test_reclaim__after_the_deadline__anyone_can_refund_the_sender(system: System, held: bool, window: int) -> None:
    before = system.token.balanceOf(system.payer)
    terms = system.held() if held else system.pay()
    system.wait(window + 1)
    receipt = system.core.reclaim(terms.tuple(), sender=system.stranger)
    only(receipt, system.core.PaymentReclaimed, paymentId=system.id(terms), by=system.stranger.address)
    assert system.token.balanceOf(system.payer) == before
    with refused(system.core.WrongStatus, status=STATUS.index("Cancelled")):
        system.core.reclaim(terms.tuple(), sender=system.stranger)


def test_ways_back__paused__stay_open(system: System) -> None:
    before = system.token.balanceOf(system.payer)
    first, second, held = system.pay(), system.pay(), system.held()
    system.core.pause(sender=system.admin)
    system.core.cancel(first.tuple(), sender=system.payer)
    system.core.reject(held.tuple(), "no", sender=system.reviewer)
    system.wait(SETTLE_WINDOW + 1)
    system.core.reclaim(second.tuple(), sender=system.payer)
    assert system.token.balanceOf(system.payer) == before


def test_refund__sender_sanctioned__frozen(system: System) -> None:
    terms = system.pay()
    system.compliance.sanction(system.payer, "test", sender=system.officer)
    receipt = system.core.cancel(terms.tuple(), sender=system.payer)
    only(receipt, system.core.PaymentFrozen, paymentId=system.id(terms))
    assert STATUS[system.status(terms)] == "Frozen"
    assert system.token.balanceOf(system.core) == terms.amount
    with refused(system.core.WrongStatus, status=STATUS.index("Frozen")):
        system.core.cancel(terms.tuple(), sender=system.payer)


def test_refund__account_frozen_but_not_sanctioned__reaches_the_sender(system: System) -> None:
    before = system.token.balanceOf(system.payer)
    terms = system.pay()
    system.compliance.freezeAccount(system.payer, "inquiry", sender=system.officer)
    system.core.cancel(terms.tuple(), sender=system.payer)
    assert system.token.balanceOf(system.payer) == before


def test_approve__held__pays_the_recipient(system: System) -> None:
    terms = system.held()
    before = system.token.balanceOf(system.payee)
    receipt = system.core.approve(terms.tuple(), "called the customer", sender=system.reviewer)
    only(
        receipt,
        system.core.PaymentReviewed,
        paymentId=system.id(terms),
        reviewer=system.reviewer.address,
        status=STATUS.index("Settled"),
        note="called the customer",
    )
    assert system.token.balanceOf(system.payee) - before == terms.amount


def test_reject__held__refunds_the_sender(system: System) -> None:
    before = system.token.balanceOf(system.payer)
    terms = system.held()
    receipt = system.core.reject(terms.tuple(), "scam", sender=system.reviewer)
    only(receipt, system.core.PaymentReviewed, status=STATUS.index("Rejected"), note="scam")
    assert system.token.balanceOf(system.payer) == before


def test_review__by_anyone_else__reverts(system: System) -> None:
    terms = system.held()
    for caller in (system.payer, system.payee, system.admin):
        for call in (system.core.approve, system.core.reject):
            with refused(
                system.core.AccessControlUnauthorizedAccount,
                account=caller.address,
                neededRole=system.core.REVIEWER_ROLE(),
            ):
                call(terms.tuple(), "", sender=caller)


@pytest.mark.parametrize("score", [10, 90])
def test_review__payment_that_is_not_held__reverts(system: System, score: int) -> None:
    terms = system.pay()
    system.settle(terms, score)
    for call in (system.core.approve, system.core.reject):
        with refused(system.core.WrongStatus, status=system.status(terms), expected=STATUS.index("Held")):
            call(terms.tuple(), "", sender=system.reviewer)


def test_review__after_the_review_deadline__reverts(system: System) -> None:
    terms = system.held()
    system.wait(REVIEW_WINDOW + 1)
    for call in (system.core.approve, system.core.reject):
        with refused(system.core.ReviewDeadlinePassed, paymentId=system.id(terms)):
            call(terms.tuple(), "", sender=system.reviewer)


def test_approve__recipient_listed_meanwhile__reverts_and_can_be_rejected(system: System) -> None:
    terms = system.held()
    system.oracle.blacklistWallet(system.payee, "test", sender=system.admin)
    with refused(system.core.PartyListed, party=system.payee.address):
        system.core.approve(terms.tuple(), "", sender=system.reviewer)
    system.core.reject(terms.tuple(), "", sender=system.reviewer)
    assert STATUS[system.status(terms)] == "Rejected"


def test_approve__sender_frozen_meanwhile__reverts_and_can_be_rejected(system: System) -> None:
    before = system.token.balanceOf(system.payer)
    terms = system.held()
    system.compliance.freezeAccount(system.payer, "inquiry 7", sender=system.officer)
    with refused(system.core.PartyListed, party=system.payer.address):
        system.core.approve(terms.tuple(), "", sender=system.reviewer)
    system.core.reject(terms.tuple(), "", sender=system.reviewer)
    assert system.token.balanceOf(system.payer) == before


def test_approve__sender_sanctioned_meanwhile__frozen(system: System) -> None:
    terms = system.held()
    system.compliance.sanction(system.payer, "test", sender=system.officer)
    system.core.approve(terms.tuple(), "", sender=system.reviewer)
    assert STATUS[system.status(terms)] == "Frozen"


def test_approve__paused__reverts(system: System) -> None:
    terms = system.held()
    system.core.pause(sender=system.admin)
    with refused(system.core.EnforcedPause):
        system.core.approve(terms.tuple(), "", sender=system.reviewer)
