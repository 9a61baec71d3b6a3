"""What a verification is made of, each alone: documents, files of lists, calldata."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from oracle.chain.abi import load_abi
from oracle.chain.contracts import PaymentTerms
from oracle.errors import DataInvalid
from oracle.scoring import ListKind
from oracle.signing import LocalSigner, ReportDigests, RiskReport, Signature
from oracle.verify import read_changes
from oracle.verify.calldata import Input, brought_by, calls, has_more
from oracle.verify.evidence import Difference, check_evidence, hash_of
from oracle.verify.reports import Reports, sifted

WALLET = "0x" + "ab" * 20
TERMS = PaymentTerms("0x" + "11" * 20, "0x" + "22" * 20, "0x" + "33" * 20, 5, "0x" + "44" * 16)
REPORT = RiskReport(
    payment_id="0x" + "01" * 32,
    overall_score=7,
    velocity_score=1,
    amount_score=2,
    pattern_score=3,
    graph_score=4,
    timing_score=5,
    alerts=1 << 31,
    model_version="0x" + "02" * 32,
    evidence_hash="0x" + "03" * 32,
    issued_at=100,
    expires_at=200,
)


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


OURS: dict[str, Any] = {"a": [{"b": index} for index in range(12)], "c": {}, "d": "x"}


@pytest.mark.parametrize(
    ("given", "difference"),
    [
        (OURS, None),
        (OURS | {"d": "y"}, Difference('d = "y"', 'd = "x"')),
        (OURS | {"a": OURS["a"][:11]}, Difference(None, "a.11.b = 11")),
        (
            OURS | {"a": [{"b": index + (index in (2, 10))} for index in range(12)]},
            Difference("a.2.b = 3", "a.2.b = 2"),
        ),
        (OURS | {"c": None}, Difference("c = null", "c = {}")),
        (OURS | {"c": {"e": 1, "f": 2}}, Difference("c.e = 1", "c = {}")),
        (OURS | {"a": []}, Difference("a = []", "a.0.b = 0")),
    ],
    ids=["same", "value", "shorter", "two, in their own order", "empty", "not empty any more", "empty now"],
)
def test_check_evidence__documents_by_line__first_difference(given: Any, difference: Difference | None) -> None:
    found = check_evidence(canonical(given), source="", on_chain=hash_of(canonical(OURS)), recomputed=canonical(OURS))
    assert found.difference == difference
    assert found.authentic is (difference is None)


def test_check_evidence__other_bytes_with_the_same_values__neither_authentic_nor_identical() -> None:
    found = check_evidence(
        json.dumps(OURS).encode(), source="", on_chain=hash_of(canonical(OURS)), recomputed=canonical(OURS)
    )
    assert found.authentic is False
    assert found.difference is not None
    assert "canonical" in str(found.difference.given)


@pytest.mark.parametrize("given", [b"", b"\xff\xfe", b"[1]", b"[" * 100_000, b'{"a":'])
def test_check_evidence__no_document__said_and_not_raised(given: bytes) -> None:
    found = check_evidence(given, source="", on_chain=None, recomputed=canonical(OURS))
    assert found.authentic is None
    assert found.difference is not None
    assert "no evidence document" in str(found.difference.given)


def test_check_evidence__line_feed_at_the_end__forgiven() -> None:
    document = canonical(OURS)
    found = check_evidence(document + b"\n", source="", on_chain=hash_of(document), recomputed=document)
    assert (found.authentic, found.difference) == (True, None)


def test_read_changes__entries_in_any_order__by_block_and_else_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "lists.json"
    path.write_text(
        json.dumps(
            [
                {"address": WALLET.upper().replace("X", "x"), "kind": "blacklisted", "block": 9},
                {"address": WALLET, "kind": "mixer", "source": "anna", "note": "n"},
                {"address": WALLET, "kind": "blacklisted", "block": 9, "added": False},
            ]
        )
    )
    found = read_changes(path)
    assert [(one.block, one.change.kind, one.change.added) for one in found] == [
        (0, ListKind.MIXER, True),
        (9, ListKind.BLACKLISTED, True),
        (9, ListKind.BLACKLISTED, False),
    ]
    assert {one.change.address for one in found} == {WALLET}
    assert (found[0].change.source, found[1].change.source) == ("anna", "api")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not accepted"),
        ("[" * 100_000, "is not accepted"),
        ("{}", "is not accepted"),
        ('[{"kind": "mixer"}]', "line 1, column address"),
        ('[{"address": "0x12", "kind": "mixer"}]', "'0x12' expected 0x and 40"),
        ('[{"address": "0x' + "00" * 20 + '", "kind": "mixer"}]', "null address"),
        ('[{"address": "0x' + "ab" * 20 + '", "kind": "friend"}]', "'friend' is no kind of list"),
        ('[{"address": "0x' + "ab" * 20 + '", "kind": "mixer", "block": -1}]', "column block: '-1'"),
        ('[{"address": "0x' + "ab" * 20 + '", "kind": "mixer", "colour": "red"}]', "column colour"),
    ],
)
def test_read_changes__file_that_cannot_be_used__names_entry_and_field(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "lists.json"
    path.write_text(text)
    with pytest.raises(DataInvalid, match=r"docs/verifying\.md") as refused:
        read_changes(path)
    assert said in str(refused.value)


ANNA, BERT, EVE = (LocalSigner(bytes([number]) * 32) for number in (1, 2, 3))
DIGESTS = ReportDigests(chain_id=1, verifying_contract="0x" + "55" * 20)
SIGNERS = frozenset({ANNA.address, BERT.address})
SIGNED = ANNA.sign(DIGESTS.report(REPORT))


def settle_now(*reports: RiskReport, by: LocalSigner = ANNA) -> bytes:
    signed = [(one.as_abi(), by.sign(DIGESTS.report(one)).full()) for one in reports]
    return encoded("settleNow", TERMS.as_abi(), signed)


def encoded(name: str, *arguments: Any) -> bytes:
    return bytes.fromhex(load_abi("PayFlowCore").functions[name].call_data(*arguments)[2:])


def found_in(data: bytes, *, direct: bool) -> Reports:
    given = Input(data, direct)
    return sifted(REPORT.payment_id, list(brought_by(given)), given, digests=DIGESTS, signers=SIGNERS)


@pytest.mark.parametrize("direct", [True, False])
def test_reports__several_reports_and_others__those_on_the_payment_once_each(direct: bool) -> None:
    second = replace(REPORT, overall_score=9)
    stranger = replace(REPORT, payment_id="0x" + "ee" * 32)
    data = settle_now(REPORT, stranger, second, REPORT)
    assert found_in(data, direct=direct) == Reports((REPORT, second))


@pytest.mark.parametrize("reports_signed", [(0, 1), (1, 0), (0,)], ids=["as brought", "other order", "a part"])
def test_reports__batch__the_payments_own_where_the_signature_is_on_all_of_it(reports_signed: tuple[int, ...]) -> None:
    batch = [replace(REPORT, payment_id="0x" + "ee" * 32), REPORT]
    signature = BERT.sign(DIGESTS.batch([batch[number] for number in reports_signed])).full()
    brought = [([one.as_abi() for one in batch], signature)]
    found = found_in(encoded("settleBatch", [TERMS.as_abi()] * 2, brought), direct=True)
    assert found.counted == ((REPORT,) if reports_signed == (0, 1) else ())
    assert len(found.notes) == (reports_signed != (0, 1))


@pytest.mark.parametrize("before", [b"\x12\x34", bytes(100), b"\xff" * 37])
def test_reports__call_within_another_call__found(before: bytes) -> None:
    inner = settle_now(REPORT)
    outer = before + inner[:4] + b"\xff" * 7 + inner + bytes(28)  # the selector stands there by chance too
    assert found_in(outer, direct=False).counted == (REPORT,)
    assert found_in(outer, direct=True).counted == ()


@pytest.mark.parametrize("data", [b"", b"\x12\x34", settle_now(REPORT)[:150]])
@pytest.mark.parametrize("direct", [True, False])
def test_reports__nothing_to_read__none(data: bytes, direct: bool) -> None:
    assert found_in(data, direct=direct) == Reports()


def test_reports__padding_that_is_not_zero__read_as_the_contract_reads_it() -> None:
    data = settle_now(REPORT)
    assert data[-31:] == bytes(31)
    assert found_in(data[:-1] + b"\x01", direct=True) == Reports((REPORT,))


@pytest.mark.parametrize(
    ("signatures", "counts"),
    [
        (SIGNED.full(), True),
        (SIGNED.compact(), True),
        (SIGNED.full() + BERT.sign(DIGESTS.report(REPORT)).full(), True),
        (SIGNED.full() + EVE.sign(DIGESTS.report(REPORT)).full(), False),
        (EVE.sign(DIGESTS.report(REPORT)).full(), False),
        (ANNA.sign(DIGESTS.batch([REPORT])).full(), False),
        (ANNA.sign(DIGESTS.report(replace(REPORT, velocity_score=99))).full(), False),
        (SIGNED.full()[:-1] + b"\x1d", False),
        (b"\x01" * 65, False),
        (b"\x01" * 66, False),
        (b"", False),
    ],
    ids=[
        "65 bytes",
        "64 bytes",
        "of two signers",
        "of one signer and a stranger",
        "of a stranger",
        "on a batch",
        "on another report",
        "no recovery id",
        "of nobody",
        "odd length",
        "none",
    ],
)
def test_reports__by_signature__only_what_signers_signed_counts(signatures: bytes, counts: bool) -> None:
    found = found_in(encoded("settleNow", TERMS.as_abi(), [(REPORT.as_abi(), signatures)]), direct=False)
    assert found.counted == ((REPORT,) if counts else ())
    assert len(found.notes) == (not counts)


def test_reports__high_s__is_no_signature_as_for_the_contract() -> None:
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    raw = SIGNED.full()
    mirrored = raw[:32] + (order - SIGNED.s).to_bytes(32, "big") + bytes([27 + (1 - SIGNED.parity)])
    assert Signature.from_bytes(raw).signer(DIGESTS.report(REPORT)) == ANNA.address
    assert found_in(encoded("settleNow", TERMS.as_abi(), [(REPORT.as_abi(), mirrored)]), direct=True).counted == ()


def test_reports__forged_ones_of_several_kinds__counted_in_one_note() -> None:
    fakes = [settle_now(replace(REPORT, velocity_score=number), by=EVE) for number in (50, 60)]
    again = settle_now(REPORT, by=EVE)  # the same words as the signed one: nothing was forged
    found = found_in(b"\xff" + b"".join(fakes) + again + settle_now(REPORT), direct=False)
    assert found.counted == (REPORT,)
    assert len(found.notes) == 1
    assert "2 reports" in found.notes[0]


def test_has_more__bytes_behind_a_direct_call__said() -> None:
    for data in (settle_now(REPORT), encoded("executeWhitelisted", TERMS.as_abi())):
        assert not has_more(Input(data, direct=True))
        assert has_more(Input(data + b"\x00", direct=True))
        assert not has_more(Input(data + b"\x00", direct=False))


def test_calls__by_selector_and_arguments() -> None:
    data = encoded("executeWhitelisted", TERMS.as_abi())
    assert calls("executeWhitelisted", Input(data, direct=True))
    assert not calls("executePayment", Input(data, direct=True))
    assert not calls("executeWhitelisted", Input(data[:20], direct=True))
    assert calls("executeWhitelisted", Input(b"\x00" + data, direct=False))
    assert not calls("executeWhitelisted", Input(b"\x00" + data, direct=True))
