"""What the assembly blocks compute, member by member: bounds, masks, layouts, and what is beside them in memory."""

from __future__ import annotations

import random
from typing import Any

import pytest
from conftest import DELAY, ZERO, Deploy, System
from eth_abi import encode
from eth_utils import keccak
from support import LEVEL, STATUS, Report, events, refused, replace_code, returning, reverting_with

SCORES = ("overallScore", "velocityScore", "amountScore", "patternScore", "graphScore", "timingScore")


# --- levels and reports ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limits", [(19, 37, 59, 79), (2, 8, 16, 64), (1, 3, 5, 7)])
def test_levels__limits_of_other_bits_than_the_usual__every_score(system: System, limits: tuple[int, ...]) -> None:
    system.oracle.setThresholds(limits, sender=system.admin)
    found = [LEVEL[system.oracle.levelOf(score)] for score in range(101)]
    assert found == [LEVEL[sum(score > limit for limit in limits)] for score in range(101)]


@pytest.mark.parametrize("member", SCORES)
def test_report__each_of_its_scores__100_is_the_highest(system: System, member: str) -> None:
    terms = system.terms()
    highest = system.report(terms, **{"score": 10, member: 100}) if member != SCORES[0] else system.report(terms, 100)
    assert system.oracle.verifyReports(system.id(terms), system.signed(highest)).score == highest.overallScore
    beyond = highest.but(**{member: 101})
    with refused(system.oracle.InvalidScore, score=101):
        system.oracle.verifyReports(system.id(terms), system.signed(beyond))
    batch = ([beyond.tuple()], system.domain.sign_batch([beyond], *system.signers))
    with refused(system.oracle.InvalidScore, score=101):
        system.oracle.verifyBatch([system.id(terms)], [batch])


@pytest.mark.parametrize("size", [0, 1, 2, 7])
def test_digests__batches_of_any_length__those_of_the_typed_data(system: System, size: int) -> None:
    rng = random.Random(size)  # noqa: S311
    reports = [_any_report(rng) for _ in range(size)]
    digest = bytes(system.oracle.batchDigest([report.tuple() for report in reports]))
    struct = keccak(BATCH_TYPE + keccak(b"".join(_struct(report) for report in reports)))
    assert digest == keccak(b"\x19\x01" + bytes(system.oracle.domainSeparator()) + struct)
    for report in reports:
        one = keccak(b"\x19\x01" + bytes(system.oracle.domainSeparator()) + _struct(report))
        assert bytes(system.oracle.reportDigest(report.tuple())) == one


def test_batch__times_of_a_report_in_the_middle__as_of_a_single_one(system: System) -> None:
    payments, now = [system.terms() for _ in range(3)], system.now
    ids = [system.id(terms) for terms in payments]
    reports = [system.report(terms) for terms in payments]
    for times, error in (
        ({"issuedAt": now + 15, "expiresAt": now + 15}, None),
        ({"issuedAt": now - 100, "expiresAt": now}, None),
        ({"issuedAt": now + 16, "expiresAt": now + 20}, system.oracle.ReportFromFuture),
        ({"issuedAt": now - 100, "expiresAt": now - 1}, system.oracle.ReportExpired),
        ({"issuedAt": now + 1, "expiresAt": now}, system.oracle.InvalidReportLifetime),
    ):
        changed = [reports[0], reports[1].but(**times), reports[2]]
        batch = ([report.tuple() for report in changed], system.domain.sign_batch(changed, *system.signers))
        if error is None:
            assert len(system.oracle.verifyBatch(ids, [batch])) == 3
            continue
        with refused(error, paymentId=ids[1]):
            system.oracle.verifyBatch(ids, [batch])


# --- signatures and seats ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("compact", [False, True])
def test_signatures__every_signer_at_every_place__is_counted_once(deploy: Deploy, compact: bool) -> None:
    system = deploy(quorum=3, signers=5)
    terms = system.terms()
    report, (a, b, c, d, e) = system.report(terms), system.signers
    for three in ((a, b, c), (c, d, e), (e, a, d), (b, e, c)):
        verdict = system.oracle.verifyReports(system.id(terms), system.signed(report, *three, compact=compact))
        assert verdict.score == report.overallScore
    for one, other in ((a, b), (b, c), (c, d), (d, e), (e, a)):
        for three in ((one, one, other), (one, other, one), (other, one, one)):
            with refused(system.oracle.DuplicateSigner, signer=one.address):
                system.oracle.verifyReports(system.id(terms), system.signed(report, *three, compact=compact))


@pytest.mark.parametrize("v", [0, 1, 2, 26, 29, 255])
def test_signature__recovery_identifier_of_none__is_none(system: System, v: int) -> None:
    terms = system.terms()
    report = system.report(terms)
    signature = system.domain.sign(report, *system.signers)[:64] + bytes([v])
    with refused(system.oracle.InvalidSignature):
        system.oracle.verifyReports(system.id(terms), [(report.tuple(), signature)])


# --- what the core hands on and gets back ------------------------------------------------------------------------


def test_ids__any_terms__hashes_of_their_words(system: System) -> None:
    rng = random.Random(4)  # noqa: S311
    for _ in range(5):
        terms = system.terms(rng.getrandbits(90))
        types = ["uint256", "address", "address", "address", "address", "uint256", "bytes16"]
        values = [system.chain.chain_id, system.core.address, *terms.tuple()]
        assert system.id(terms) == keccak(encode(types, values))
        assert system.instant_id(terms) == keccak(encode([*types, "bool"], [*values, True]))


def test_windows__of_odd_seconds__are_kept_to_the_second(system: System) -> None:
    system.change(system.core, system.core.setWindows.encode_input(3601, 7203))
    terms = system.pay()
    opened = system.now
    assert system.core.getPayment(system.id(terms)).settleDeadline == opened + 3601
    system.settle(terms, 70)
    assert system.core.getPayment(system.id(terms)).reviewDeadline == system.now + 7203


def test_verdict__of_any_words_that_are_one__arrives_as_the_oracle_gave_it(system: System, project: Any) -> None:
    payments, nonsense = [system.pay() for _ in range(4)], _as_oracle(system, project)
    given = [(100, 4, 2**32 - 1, 11, 12), (0, 0, 0, 13, 14), (77, 1, 5, 2**256 - 1, 2**255), (41, 2, 7, 15, 16)]
    nonsense.setAnswer(_words(given[0]), sender=system.admin)
    receipt = system.core.settleNow(payments[0].tuple(), [], sender=system.stranger)
    assert [_verdict(event) for event in events(receipt, system.core.VerdictApplied)] == [given[0]]
    nonsense.setAnswer(_words((32, 3), *given[1:]), sender=system.admin)
    receipt = system.core.settleBatch([terms.tuple() for terms in payments[1:]], [], sender=system.stranger)
    assert [_verdict(event) for event in events(receipt, system.core.VerdictApplied)] == given[1:]
    assert [STATUS[system.status(terms)] for terms in payments] == ["Blocked", "Settled", "Settled", "Settled"]


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("wrong", [(101, 4, 0, 0, 0), (100, 5, 0, 0, 0), (1, 0, 2**32, 0, 0)])
def test_verdict__that_is_none__is_refused_alone_and_with_its_batch(
    system: System, project: Any, place: int, wrong: tuple[int, ...]
) -> None:
    payments, nonsense = [system.pay() for _ in range(3)], _as_oracle(system, project)
    items: list[tuple[int, ...]] = [(1, 0, 0, 0, 0)] * 3
    items[place] = wrong
    nonsense.setAnswer(_words(wrong), sender=system.admin)
    with refused(system.core.MalformedVerdict, oracle=nonsense.address):
        system.core.settleNow(payments[place].tuple(), [], sender=system.stranger)
    nonsense.setAnswer(_words((32, 3), *items), sender=system.admin)
    with refused(system.core.MalformedVerdict, oracle=nonsense.address):
        system.core.settleBatch([terms.tuple() for terms in payments], [], sender=system.stranger)


def test_batch__answer_of_another_shape__is_refused(system: System, project: Any) -> None:
    payments, nonsense = [system.pay() for _ in range(2)], _as_oracle(system, project)
    fine = [(1, 0, 0, 0, 0)] * 2
    for answer in (
        _words((33, 2), *fine),
        _words((32, 1), *fine),
        _words((32, 3), *fine),
        _words((32, 2), *fine, (0,)),
        _words((32, 2), *fine)[:-1],
        b"",
    ):
        nonsense.setAnswer(answer, sender=system.admin)
        with refused(system.core.MalformedVerdict, oracle=nonsense.address):
            system.core.settleBatch([terms.tuple() for terms in payments], [], sender=system.stranger)


@pytest.mark.parametrize("length", [0, 1, 255, 256, 257, 700])
def test_batch__payment_that_fails__its_reason_is_kept_up_to_256_bytes(system: System, length: int) -> None:
    payments = [system.pay() for _ in range(2)]
    reports = [system.report(terms) for terms in payments]
    batch = ([report.tuple() for report in reports], system.domain.sign_batch(reports, *system.signers))
    reason = random.Random(length).randbytes(length)  # noqa: S311
    replace_code(system, system.compliance.address, reverting_with(reason))
    receipt = system.core.settleBatch([terms.tuple() for terms in payments], [batch], sender=system.stranger)
    skipped = events(receipt, system.core.SettlementSkipped)
    assert [(bytes(one.paymentId), bytes(one.reason)) for one in skipped] == [
        (system.id(terms), reason[:256]) for terms in payments
    ]


@pytest.mark.parametrize("length", [0, 1, 300])
def test_settle__oracle_that_fails__its_reason_is_passed_on_whole(system: System, length: int) -> None:
    terms, signed = system.pay(), system.signed(system.report(system.terms()))
    reason = b"\xfe\xed\xfa\xce" + random.Random(length).randbytes(length)  # noqa: S311
    replace_code(system, system.oracle.address, reverting_with(reason))
    web3 = system.chain.provider.web3
    for call in (
        system.core.settleNow.encode_input(terms.tuple(), signed),
        system.core.settleBatch.encode_input([terms.tuple()], []),
    ):
        answer = web3.provider.make_request(
            "eth_call", [{"to": system.core.address, "data": "0x" + call.hex()}, "latest"]
        )
        assert answer["error"]["data"] == "0x" + reason.hex()


# --- answers of one word -----------------------------------------------------------------------------------------


def test_sanctions_source__answer_shorter_than_a_word_or_a_revert__is_no_answer(system: System, project: Any) -> None:
    source = system.admin.deploy(project.TestSanctionsSource)
    system.change(system.compliance, system.compliance.setSanctionsSource.encode_input(source))
    check = system.compliance.checkPayment
    # the word's last byte is then what lay in memory: zero, where it is the end of such an address
    sender, recipient = "0x" + "11" * 19 + "00", "0x" + "22" * 19 + "00"
    for length, ok in ((0, False), (31, False), (32, True), (33, True)):
        replace_code(system, source.address, returning(bytes(length)))
        assert check(system.payer, system.payee, 1, 6, bytes(16)).ok == ok
        assert check(sender, recipient, 1, 6, bytes(16)).ok == ok
    for length in (0, 32, 64):
        replace_code(system, source.address, reverting_with(bytes(length)))
        assert not check(system.payer, system.payee, 1, 6, bytes(16)).ok


def test_token__balance_shorter_than_a_word__is_unknown(system: System, project: Any) -> None:
    token = system.admin.deploy(project.NonsenseModule, system.core)
    token.setAnswer((1).to_bytes(32, "big"), sender=system.admin)
    system.change(system.core, system.core.listToken.encode_input(token))
    terms = system.terms(1, token=token.address)
    for code in (returning(bytes(31)), reverting_with(bytes(64)), reverting_with(b"")):
        replace_code(system, token.address, code)
        with refused(system.core.BalanceUnknown, token=token.address, holder=system.core.address):
            system.pay(terms)


def test_replace__with_what_reverts_with_a_word__names_no_core(system: System, project: Any) -> None:
    part = system.admin.deploy(project.NonsenseModule, system.core)
    replace_code(system, part.address, reverting_with(b"\xff" * 32))
    call = system.core.setOracle.encode_input(part)
    system.core.scheduleChange(call, sender=system.admin)
    system.wait(DELAY)
    with refused(system.core.BoundElsewhere, part=part.address, core=ZERO):
        system.core.executeChange(call, sender=system.admin)


@pytest.mark.parametrize("answer", [b"", (18).to_bytes(32, "big")], ids=["none", "others"])
def test_list_token__again_with_no_or_other_decimals__is_refused_and_can_be_made_later(
    system: System, project: Any, answer: bytes
) -> None:
    """Limits and nodes would count in the old unit: a hundred million dollars would pass as a cent."""
    token = system.admin.deploy(project.NonsenseModule, system.core)
    token.setAnswer((6).to_bytes(32, "big"), sender=system.admin)
    call = system.core.listToken.encode_input(token)
    system.change(system.core, call)
    system.core.suspendToken(token, sender=system.admin)
    token.setAnswer(answer, sender=system.admin)
    system.core.scheduleChange(call, sender=system.admin)
    system.wait(DELAY)
    with refused(system.core.TokenCannotBeListed, token=token.address):
        system.core.executeChange(call, sender=system.admin)
    token.setAnswer((6).to_bytes(32, "big"), sender=system.admin)
    (listed,) = events(system.core.executeChange(call, sender=system.admin), system.core.TokenListed)
    assert (listed.token, listed.decimals) == (token.address, 6)
    assert system.core.checkToken(token)[0] == 0


def _any_report(rng: random.Random) -> Report:
    scores = {name: rng.randint(0, 100) for name in SCORES}
    hashes = [rng.randbytes(32) for _ in range(3)]
    times = sorted(rng.getrandbits(64) for _ in range(2))
    return Report(
        hashes[0],
        **scores,
        alerts=rng.getrandbits(32),
        modelVersion=hashes[1],
        evidenceHash=hashes[2],
        issuedAt=times[0],
        expiresAt=times[1],
    )


MEMBERS = (
    "RiskReport(bytes32 paymentId,uint8 overallScore,uint8 velocityScore,uint8 amountScore,uint8 patternScore,"
    "uint8 graphScore,uint8 timingScore,uint32 alerts,bytes32 modelVersion,bytes32 evidenceHash,uint64 issuedAt,"
    "uint64 expiresAt)"
)
BATCH_TYPE = keccak(text="RiskReportBatch(RiskReport[] reports)" + MEMBERS)


def _struct(report: Report) -> bytes:
    words = [value if isinstance(value, bytes) else int(value).to_bytes(32, "big") for value in report.tuple()]
    return bytes(keccak(keccak(text=MEMBERS) + b"".join(words)))


def _as_oracle(system: System, project: Any) -> Any:
    """A module that answers whatever it is told, as the core's oracle."""
    nonsense = system.admin.deploy(project.NonsenseModule, system.core)
    call = system.core.setOracle.encode_input(nonsense)
    system.core.scheduleChange(call, sender=system.admin)
    system.wait(DELAY)
    system.core.executeChange(call, sender=system.admin)
    return nonsense


def _words(*items: tuple[int, ...]) -> bytes:
    return b"".join(word.to_bytes(32, "big") for item in items for word in item)


def _verdict(event: Any) -> tuple[int, ...]:
    hashes = (int.from_bytes(bytes(value), "big") for value in (event.modelVersion, event.evidenceHash))
    return (event.score, event.level, event.alerts, *hashes)
