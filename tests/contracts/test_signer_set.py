"""Who makes a quorum: one of several, a set that has changed, and signatures spread over reports and batches."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import DELAY, Deploy, System
from support import refused, signer_account

STRANGERS = [signer_account(number) for number in (71, 72)]


def test_one_of_several__every_signer_is_enough_and_a_stranger_is_not(deploy: Deploy) -> None:
    system = deploy(quorum=1, signers=5)
    terms = system.pay()
    report = system.report(terms)
    for signer in system.signers:
        assert system.oracle.verifyReports(system.id(terms), system.signed(report, signer)).score == 10
    with refused(system.oracle.UnauthorizedSigner, signer=STRANGERS[0].address):
        system.core.settleNow(terms.tuple(), system.signed(report, STRANGERS[0]), sender=system.stranger)
    batch = ([report.tuple()], system.domain.sign_batch([report], STRANGERS[0]))
    with refused(system.oracle.UnauthorizedSigner, signer=STRANGERS[0].address):
        system.core.settleBatch([terms.tuple()], [batch], sender=system.stranger)


def test_set_that_changes__newcomers_count_at_once_and_the_removed_no_more(council: System) -> None:
    oracle, terms = council.oracle, council.terms()
    role, newcomer = oracle.AI_ORACLE_ROLE(), signer_account(73)
    report = council.report(terms)

    def verify(*signers: Any) -> Any:
        return oracle.verifyReports(council.id(terms), council.signed(report, *signers))

    with refused(oracle.UnauthorizedSigner, signer=newcomer.address):
        verify(*council.signers[:2], newcomer)
    council.change(oracle, oracle.grantRole.encode_input(role, newcomer.address))
    assert verify(newcomer, *council.signers[3:]).score == 10
    members = [*council.signers, newcomer]
    while len(members) > 3:
        # from the middle, so that the last one takes its place
        removed = members.pop(1)
        oracle.revokeRole(role, removed.address, sender=council.admin)
        assert {one.address for one in members} == set(oracle.signers())
        with refused(oracle.UnauthorizedSigner, signer=removed.address):
            verify(*members[:2], removed)
        for place in range(len(members)):
            assert verify(*[*members, *members][place : place + 3]).score == 10
    oracle.revokeRole(role, members[0].address, sender=council.admin)
    with refused(oracle.UnauthorizedSigner, signer=members[0].address):
        verify(*members)


def test_set_that_shrinks_to_one__that_one_is_enough_and_none_is_nobody(deploy: Deploy) -> None:
    system = deploy(quorum=1, signers=3)
    oracle, terms = system.oracle, system.terms()
    report, role = system.report(terms), oracle.AI_ORACLE_ROLE()
    for signer in system.signers[:2]:
        oracle.revokeRole(role, signer.address, sender=system.admin)
        with refused(oracle.UnauthorizedSigner, signer=signer.address):
            oracle.verifyReports(system.id(terms), system.signed(report, signer))
    last = system.signers[2]
    assert oracle.verifyReports(system.id(terms), system.signed(report, last)).score == 10
    oracle.revokeRole(role, last.address, sender=system.admin)
    with refused(oracle.UnauthorizedSigner, signer=last.address):
        oracle.verifyReports(system.id(terms), system.signed(report, last))
    system.change(oracle, oracle.grantRole.encode_input(role, last.address))
    assert oracle.verifyReports(system.id(terms), system.signed(report, last)).score == 10


def test_set__too_little_gas_for_its_code__newcomer_is_refused_and_nothing_changed(system: System) -> None:
    oracle = system.oracle
    calls = [oracle.grantRole.encode_input(oracle.AI_ORACLE_ROLE(), one.address) for one in STRANGERS]
    for call in calls:
        oracle.scheduleChange(call, sender=system.admin)
    system.wait(DELAY)
    oracle.executeChange(calls[0], sender=system.admin)
    with system.isolated():
        enough = int(oracle.executeChange(calls[1], sender=system.admin).gas_used)
    # all but a 64th goes to the creation, which fails for the price of its code; what is left names the refusal
    with refused(oracle.SignerSetNotStored, signers=3):
        oracle.executeChange(calls[1], sender=system.admin, gas=enough - 2_000)
    assert {system.signers[0].address, STRANGERS[0].address} == set(oracle.signers())
    oracle.executeChange(calls[1], sender=system.admin)
    assert oracle.signerCount() == 3


@pytest.mark.parametrize(("given", "shares"), [(0, ()), (1, (1,)), (2, (1, 1)), (2, (2,)), (4, (2, 2)), (5, (1, 2, 2))])
def test_quorum__missed_over_several_reports_or_batches__counted_in_all(
    council: System, given: int, shares: tuple[int, ...]
) -> None:
    terms = council.terms()
    left = list(council.signers)
    reports, batches = [], []
    for number, share in enumerate(shares):
        signers = [left.pop() for _ in range(share)]
        report = council.report(terms, number)
        reports += council.signed(report, *signers)
        batches.append(([report.tuple()], council.domain.sign_batch([report], *signers)))
    with refused(council.oracle.QuorumMismatch, given=given, required=3):
        council.oracle.verifyReports(council.id(terms), reports)
    with refused(council.oracle.QuorumMismatch, given=given, required=3):
        council.oracle.verifyBatch([council.id(terms)], batches)


def test_quorum__exceeded_by_strangers__refused_before_they_are_recovered(council: System) -> None:
    terms = council.terms()
    first, second = council.report(terms, 1), council.report(terms, 2)
    reports = [*council.signed(first, *council.signers[:2]), *council.signed(second, *STRANGERS)]
    with refused(council.oracle.QuorumMismatch, given=4, required=3):
        council.oracle.verifyReports(council.id(terms), reports)
    batches = [
        ([first.tuple()], council.domain.sign_batch([first], *council.signers[:2])),
        ([second.tuple()], council.domain.sign_batch([second], *STRANGERS)),
    ]
    with refused(council.oracle.QuorumMismatch, given=4, required=3):
        council.oracle.verifyBatch([council.id(terms)], batches)


def test_quorum__one_signer_in_two_batches__refused(council: System) -> None:
    terms = council.terms()
    first, second = council.report(terms, 1), council.report(terms, 2)
    twice = council.signers[1]
    batches = [
        ([first.tuple()], council.domain.sign_batch([first], council.signers[0], twice)),
        ([second.tuple()], council.domain.sign_batch([second], twice)),
    ]
    with refused(council.oracle.DuplicateSigner, signer=twice.address):
        council.oracle.verifyBatch([council.id(terms)], batches)


def test_batches__signed_together_and_apart__median_of_each_payment(council: System) -> None:
    payments = [council.terms(), council.terms()]
    scores = {(10, 90): council.signers[:2], (70, 20): council.signers[2:3]}
    batches = []
    for pair, signers in scores.items():
        reports = [council.report(terms, score, alerts=score) for terms, score in zip(payments, pair, strict=True)]
        batches.append(([report.tuple() for report in reports], council.domain.sign_batch(reports, *signers)))
    verdicts = council.oracle.verifyBatch([council.id(terms) for terms in payments], batches)
    assert [(one.score, one.alerts) for one in verdicts] == [(10, 10), (90, 90)]
