"""Reports and signatures: exactly k distinct current signers on exactly this payment, in time, not changed."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from conftest import Deploy, System
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from support import Domain, Report, malleate, refused, refused_raw, signer_account


def settle(system: System, terms: Any, *signed: Any) -> Any:
    return system.core.settleNow(terms.tuple(), list(signed), sender=system.stranger)


def ask(system: System, data: bytes) -> None:
    """Call the core with exactly these bytes."""
    system.chain.provider.web3.eth.call({"to": system.core.address, "from": system.stranger.address, "data": data})


def test_report_digest__any_report__is_that_of_the_typed_data(system: System) -> None:
    # Signatures recovered by the contract are the proof of equality; the digest is compared for a clear message.
    report = system.report(system.terms(), 42, alerts=2**32 - 1)
    message = system.domain.message("RiskReport", report.values())
    digest = keccak(b"\x19" + message.version + message.header + message.body)
    assert bytes(system.oracle.reportDigest(report.tuple())) == digest
    message = system.domain.message("RiskReportBatch", {"reports": [report.values(), report.values()]})
    digest = keccak(b"\x19" + message.version + message.header + message.body)
    assert bytes(system.oracle.batchDigest([report.tuple(), report.tuple()])) == digest


def test_settle__expired_report__reverts(system: System) -> None:
    terms = system.pay()
    report = system.report(terms, issuedAt=system.now - 100, expiresAt=system.now - 1)
    with refused(system.oracle.ReportExpired, paymentId=system.id(terms), expiresAt=report.expiresAt):
        settle(system, terms, *system.signed(report))


def test_settle__report_from_the_future__reverts(system: System) -> None:
    terms = system.pay()
    issued = system.now + 600
    with refused(system.oracle.ReportFromFuture, paymentId=system.id(terms), issuedAt=issued):
        settle(system, terms, *system.signed(system.report(terms, issuedAt=issued, expiresAt=issued + 10)))


def test_settle__report_valid_for_too_long_or_backwards__reverts(system: System) -> None:
    terms, now = system.pay(), system.now
    for issued, expires in ((now, now + 86_401), (now + 10, now + 5)):
        report = system.report(terms, issuedAt=issued, expiresAt=expires)
        with refused(system.oracle.InvalidReportLifetime, issuedAt=issued, expiresAt=expires, longest=86_400):
            settle(system, terms, *system.signed(report))


def test_settle__report_on_another_payment__reverts(system: System) -> None:
    terms, other = system.pay(), system.pay()
    with refused(system.oracle.WrongPayment, expected=system.id(terms), given=system.id(other)):
        settle(system, terms, *system.signed(system.report(other)))


@pytest.mark.parametrize("change", ["chain_id", "contract", "version", "name"])
def test_settle__signature_for_another_domain__reverts(system: System, change: str) -> None:
    terms = system.pay()
    report = system.report(terms)
    own = system.domain
    other = Domain(
        contract=system.core.address if change == "contract" else own.contract,
        chain_id=1 if change == "chain_id" else own.chain_id,
        name="Fraud0racle" if change == "name" else own.name,
        version="2" if change == "version" else own.version,
    )
    with refused(system.oracle.UnauthorizedSigner):
        settle(system, terms, (report.tuple(), other.sign(report, *system.signers)))


def test_settle__stranger_signs__reverts_with_the_stranger(system: System) -> None:
    terms, stranger = system.pay(), signer_account(77)
    with refused(system.oracle.UnauthorizedSigner, signer=stranger.address):
        settle(system, terms, *system.signed(system.report(terms), stranger))


def test_settle__removed_signer__reverts_at_once(system: System) -> None:
    terms = system.pay()
    signed = system.signed(system.report(terms))
    removed = system.signers[0].address
    system.oracle.revokeRole(system.oracle.AI_ORACLE_ROLE(), removed, sender=system.admin)
    with refused(system.oracle.UnauthorizedSigner, signer=removed):
        settle(system, terms, *signed)


def test_settle__report_changed_after_signing__reverts(system: System) -> None:
    terms = system.pay()
    report = system.report(terms, 95)
    signature = system.domain.sign(report, *system.signers)
    with refused(system.oracle.UnauthorizedSigner):
        settle(system, terms, (report.but(overallScore=5).tuple(), signature))


def test_settle__high_s_signature__reverts(system: System) -> None:
    terms = system.pay()
    report = system.report(terms)
    with refused(system.oracle.MalleableSignature):
        settle(system, terms, (report.tuple(), malleate(system.domain.sign(report, *system.signers))))


@pytest.mark.parametrize("length", [0, 1, 32, 63, 66, 127, 64 * 65])
def test_settle__signatures_of_no_valid_length__reverts(system: System, length: int) -> None:
    terms = system.pay()
    report = system.report(terms)
    with refused(system.oracle.MalformedSignatures, length=length):
        settle(system, terms, (report.tuple(), bytes(length)))


def test_settle__truncated_signature__reverts(system: System) -> None:
    # 64 bytes are read in the compact form, whose parity bit is then missing: with v = 28 they recover a stranger (with
    # v = 27 they are the compact form)
    terms = system.pay()
    reports = (system.report(terms, alerts=alerts) for alerts in range(256))
    signed = ((report, system.domain.sign(report, *system.signers)) for report in reports)
    report, signature = next((report, signature) for report, signature in signed if signature[64] == 28)
    with refused(system.oracle.UnauthorizedSigner):
        settle(system, terms, (report.tuple(), signature[:64]))


def test_settle__signature_of_zeros__reverts(system: System) -> None:
    terms = system.pay()
    with refused(system.oracle.InvalidSignature):
        settle(system, terms, (system.report(terms).tuple(), bytes(65)))


@pytest.mark.parametrize("compact", [False, True])
def test_settle__both_forms_of_signatures__settle(council: System, compact: bool) -> None:
    terms = council.pay()
    settle(council, terms, *council.signed(council.report(terms), *council.signers[:3], compact=compact))
    assert council.status(terms) == 2


def test_settle__duplicate_signer__reverts_in_one_report_and_across_reports(council: System) -> None:
    terms = council.pay()
    first, second = council.signers[:2]
    report = council.report(terms)
    with refused(council.oracle.DuplicateSigner, signer=first.address):
        settle(council, terms, *council.signed(report, first, second, first))
    other = report.but(overallScore=11)
    with refused(council.oracle.DuplicateSigner, signer=first.address):
        settle(council, terms, *council.signed(report, first, second), *council.signed(other, first))


@pytest.mark.parametrize("given", [0, 1, 2, 4, 5])
def test_settle__more_or_fewer_signers_than_the_quorum__reverts(council: System, given: int) -> None:
    terms = council.pay()
    signed = council.signed(council.report(terms), *council.signers[:given]) if given else []
    with refused(council.oracle.QuorumMismatch, given=given, required=3):
        settle(council, terms, *signed)


@pytest.mark.parametrize("scores", [(10, 50, 90), (90, 10, 50), (50, 50, 0), (100, 100, 0), (0, 0, 100)])
def test_settle__signers_disagree__median_decides_and_its_report_speaks(
    council: System, scores: tuple[int, ...]
) -> None:
    terms = council.pay()
    signed = []
    for score, signer in zip(scores, council.signers, strict=False):
        report = council.report(terms, score, alerts=score, modelVersion=bytes([score] * 32))
        signed += council.signed(report, signer)
    verdict = council.oracle.verifyReports(council.id(terms), signed)
    median = sorted(scores)[1]
    assert verdict.score == median
    assert verdict.alerts == median
    assert bytes(verdict.modelVersion) == bytes([median] * 32)


def test_verify_reports__every_quorum_up_to_15__higher_middle_median(deploy: Deploy) -> None:
    system = deploy(quorum=1, signers=15)
    terms = system.pay()
    for quorum in range(1, 16):
        if quorum > 1:
            system.oracle.setQuorum(quorum, sender=system.admin)
        scores = [(37 * number + 11 * quorum) % 101 for number in range(quorum)]
        signed = list(
            itertools.chain.from_iterable(
                system.signed(system.report(terms, score), signer)
                for score, signer in zip(scores, system.signers, strict=False)
            )
        )
        assert system.oracle.verifyReports(system.id(terms), signed).score == sorted(scores)[quorum // 2]


def test_verify_reports__minority_of_liars__median_stays_within_the_honest_range(council: System) -> None:
    terms = council.terms()

    @given(st.lists(st.integers(0, 100), min_size=2, max_size=2), st.integers(0, 100), st.permutations(range(3)))
    @settings(max_examples=25, deadline=None)
    def check(honest: list[int], lie: int, order: list[int]) -> None:
        scores = [[*honest, lie][place] for place in order]
        signed = []
        for score, signer in zip(scores, council.signers, strict=False):
            signed += council.signed(council.report(terms, score), signer)
        verdict = council.oracle.verifyReports(council.id(terms), signed)
        assert min(honest) <= verdict.score <= max(honest)

    check()


def test_verify_reports__random_reports__contract_recovers_the_signer(system: System) -> None:
    terms = system.terms()
    word = st.binary(min_size=32, max_size=32)
    score = st.integers(0, 100)

    @given(score, score, score, st.integers(0, 2**32 - 1), word, word, st.integers(0, 3600), st.booleans())
    @settings(max_examples=25, deadline=None)
    def check(
        overall: int, one: int, two: int, alerts: int, model: bytes, proof: bytes, life: int, compact: bool
    ) -> None:
        report = Report(
            system.id(terms), overall, one, two, one, two, one, alerts, model, proof, system.now, system.now + 60 + life
        )
        verdict = system.oracle.verifyReports(system.id(terms), system.signed(report, compact=compact))
        assert (verdict.score, verdict.alerts, bytes(verdict.evidenceHash)) == (overall, alerts, proof)

    check()


@pytest.mark.parametrize(
    ("word", "value", "error", "named"),
    [
        *[(word, 256 + 10, "InvalidScore", {"score": 256 + 10}) for word in range(1, 7)],
        (7, 2**32, "InvalidAlerts", {"alerts": 2**32}),
        (10, 2**64, "ReportFromFuture", {"issuedAt": 2**64}),
        (11, 2**64, "InvalidReportLifetime", {"expiresAt": 2**64}),
    ],
)
def test_settle__report_with_bits_beyond_a_members_type__refused_with_the_whole_word(
    system: System, word: int, value: int, error: str, named: dict[str, int]
) -> None:
    terms = system.pay()
    call = bytearray(system.core.settleNow.encode_input(terms.tuple(), system.signed(system.report(terms))))
    # selector, terms, offset of the reports; their number, offset of the first; its words
    start = 4 + 32 * (5 + 1 + 2 + word)
    ask(system, bytes(call))
    assert call[start - 32 * word : start - 32 * word + 32] == system.id(terms)
    call[start : start + 32] = value.to_bytes(32, "big")
    with refused_raw(getattr(system.oracle, error), **named):
        ask(system, bytes(call))


def test_settle__terms_with_bits_beyond_an_address__are_no_payment(system: System) -> None:
    terms = system.pay()
    call = bytearray(system.core.settleNow.encode_input(terms.tuple(), system.signed(system.report(terms))))
    ask(system, bytes(call))
    call[4] = 1
    # the words are hashed as they came, which is the id of nothing: the report is about another payment
    nothing = keccak(
        system.chain.chain_id.to_bytes(32, "big")
        + bytes(12)
        + bytes.fromhex(system.core.address[2:])
        + bytes(call[4 : 4 + 160])
    )
    with refused_raw(system.oracle.WrongPayment, expected=nothing, given=system.id(terms)):
        ask(system, bytes(call))
