"""settleBatch: one signature per signer, and one bad payment does not stop the others."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Deploy, System
from support import DOLLAR, STATUS, Terms, events, refused

MOODS = {"ReturnFalse": 1, "Paused": 2, "BurnGas": 3, "ReturnBomb": 4}


def settle(system: System, payments: list[Terms], scores: list[int], **options: Any) -> Any:
    reports = [system.report(terms, score) for terms, score in zip(payments, scores, strict=True)]
    signature = system.domain.sign_batch(reports, *system.signers[: system.quorum], compact=True)
    batch = ([report.tuple() for report in reports], signature)
    return system.core.settleBatch([terms.tuple() for terms in payments], [batch], sender=system.stranger, **options)


def test_settle_batch__every_level__each_payment_its_own_way(council: System) -> None:
    payments = [council.pay() for _ in range(5)]
    settle(council, payments, [0, 30, 50, 70, 90])
    assert [STATUS[council.status(terms)] for terms in payments] == [
        "Settled",
        "Settled",
        "Settled",
        "Held",
        "Blocked",
    ]


def test_settle_batch__bad_payments_among_good_ones__good_ones_settle_and_bad_ones_are_named(system: System) -> None:
    good, cancelled, unknown, last = system.pay(), system.pay(), system.terms(), system.pay()
    system.core.cancel(cancelled.tuple(), sender=system.payer)
    receipt = settle(system, [good, cancelled, unknown, last], [10, 10, 10, 10])
    assert STATUS[system.status(good)] == STATUS[system.status(last)] == "Settled"
    skipped = events(receipt, system.core.SettlementSkipped)
    assert [bytes(event.paymentId) for event in skipped] == [system.id(cancelled), system.id(unknown)]
    assert all(len(event.reason) >= 4 for event in skipped)


@pytest.mark.parametrize("mood", MOODS)
def test_settle_batch__token_that_misbehaves__others_settle_and_it_stays_reclaimable(
    system: System, project: Any, mood: str
) -> None:
    moody = system.admin.deploy(project.MoodyToken)
    system.change(system.core, system.core.listToken.encode_input(moody))
    moody.mint(system.payer, 100 * DOLLAR, sender=system.admin)
    moody.approve(system.core, 2**256 - 1, sender=system.payer)
    first, bad, last = system.pay(), system.pay(system.terms(token=moody.address)), system.pay()
    moody.setMood(MOODS[mood], sender=system.admin)
    receipt = settle(system, [first, bad, last], [1, 1, 1], gas=3_000_000)
    assert [STATUS[system.status(terms)] for terms in (first, bad, last)] == ["Settled", "Pending", "Settled"]
    (skipped,) = events(receipt, system.core.SettlementSkipped)
    assert bytes(skipped.paymentId) == system.id(bad)
    assert len(skipped.reason) <= 256
    moody.setMood(0, sender=system.admin)
    system.core.cancel(bad.tuple(), sender=system.payer)
    assert moody.balanceOf(system.payer) == 100 * DOLLAR


def test_settle_batch__too_little_gas__reverts_as_a_whole(system: System) -> None:
    payments = [system.pay() for _ in range(3)]
    with refused(system.core.NotEnoughGas):
        settle(system, payments, [1, 1, 1], gas=500_000)


def test_settle_batch__recipient_listed_meanwhile__only_that_one_is_blocked(system: System) -> None:
    payments = [system.pay(), system.pay(system.terms(recipient=system.stranger.address)), system.pay()]
    system.oracle.blacklistWallet(system.stranger, "test", sender=system.admin)
    settle(system, payments, [1, 1, 1])
    assert [STATUS[system.status(terms)] for terms in payments] == ["Settled", "Blocked", "Settled"]


def test_settle_batch__signers_disagree__median_of_each_payment(deploy: Deploy) -> None:
    system = deploy(quorum=3, signers=3)
    payments = [system.pay(), system.pay()]
    batches = []
    for signer, scores in zip(system.signers, ((10, 90), (70, 20), (95, 85)), strict=True):
        reports = [system.report(terms, score) for terms, score in zip(payments, scores, strict=True)]
        batches.append(([report.tuple() for report in reports], system.domain.sign_batch(reports, signer)))
    system.core.settleBatch([terms.tuple() for terms in payments], batches, sender=system.stranger)
    assert [STATUS[system.status(terms)] for terms in payments] == ["Held", "Blocked"]


def test_settle_batch__size_out_of_bounds__reverts(system: System) -> None:
    for size in (0, 101):
        with refused(system.core.InvalidBatchSize, size=size, largest=100):
            system.core.settleBatch([system.terms().tuple()] * size, [], sender=system.stranger)


def test_settle_batch__reports_for_fewer_payments__reverts(system: System) -> None:
    first, second = system.pay(), system.pay()
    report = system.report(first)
    batch = ([report.tuple()], system.domain.sign_batch([report], *system.signers))
    with refused(system.oracle.BatchLengthMismatch, payments=2, reports=1):
        system.core.settleBatch([first.tuple(), second.tuple()], [batch], sender=system.stranger)


def test_settle_batch__same_payment_twice__settles_once(system: System) -> None:
    terms = system.pay()
    before = system.token.balanceOf(system.payee)
    receipt = settle(system, [terms, terms], [1, 1])
    assert len(events(receipt, system.core.SettlementSkipped)) == 1
    assert system.token.balanceOf(system.payee) - before == terms.amount


def test_settle_batch__signature_of_a_single_report__is_worth_nothing(system: System) -> None:
    terms = system.pay()
    report = system.report(terms)
    with refused(system.oracle.UnauthorizedSigner):
        system.core.settleBatch(
            [terms.tuple()], [([report.tuple()], system.domain.sign(report, *system.signers))], sender=system.stranger
        )


def test_apply_verdict__called_from_outside__reverts(system: System) -> None:
    terms = system.pay()
    with refused(system.core.OnlySelf, caller=system.admin.address):
        system.core.applyBatchVerdict(
            system.id(terms), terms.tuple(), (0, 0, 0, bytes(32), bytes(32)), sender=system.admin
        )


def test_apply_verdict__as_a_scheduled_change__cannot_even_be_announced(system: System) -> None:
    """A scheduled change is a self-call too: it must not be a way around the quorum."""
    terms = system.pay()
    verdict = (0, 0, 0, bytes(32), bytes(32))
    call = system.core.applyBatchVerdict.encode_input(system.id(terms), terms.tuple(), verdict)
    with refused(system.core.NotAChange, expected=0):
        system.core.scheduleChange(call, sender=system.admin)
    assert STATUS[system.status(terms)] == "Pending"
