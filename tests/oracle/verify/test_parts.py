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
from oracle.signing import RiskReport
from oracle.verify import read_changes
from oracle.verify.calldata import calls, reports_on
from oracle.verify.evidence import Difference, check_evidence, hash_of

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


def settle_now(*reports: RiskReport) -> str:
    signed = [(one.as_abi(), b"\x01" * 65) for one in reports]
    return load_abi("PayFlowCore").functions["settleNow"].call_data(TERMS.as_abi(), signed)


def test_reports_on__several_reports_and_others__those_on_the_payment_once_each() -> None:
    second = replace(REPORT, overall_score=9)
    stranger = replace(REPORT, payment_id="0x" + "ee" * 32)
    assert reports_on(REPORT.payment_id, settle_now(REPORT, stranger, second, REPORT)) == (REPORT, second)


def test_reports_on__batch__the_payments_own() -> None:
    stranger = replace(REPORT, payment_id="0x" + "ee" * 32)
    batch = [([stranger.as_abi(), REPORT.as_abi()], b"\x01" * 65)]
    data = load_abi("PayFlowCore").functions["settleBatch"].call_data([TERMS.as_abi(), TERMS.as_abi()], batch)
    assert reports_on(REPORT.payment_id, data) == (REPORT,)


@pytest.mark.parametrize("before", [b"\x12\x34", bytes(100), b"\xff" * 37])
def test_reports_on__call_within_another_call__found(before: bytes) -> None:
    inner = bytes.fromhex(settle_now(REPORT)[2:])
    outer = (
        "0x" + (before + inner[:4] + b"\xff" * 7 + inner + bytes(28)).hex()
    )  # the selector stands there by chance too
    assert reports_on(REPORT.payment_id, outer) == (REPORT,)


@pytest.mark.parametrize("data", ["0x", "0x1234", settle_now(REPORT)[:300]])
def test_reports_on__nothing_to_read__none(data: str) -> None:
    assert reports_on(REPORT.payment_id, data) == ()


def test_calls__by_selector_and_arguments() -> None:
    data = load_abi("PayFlowCore").functions["executeWhitelisted"].call_data(TERMS.as_abi())
    assert calls("executeWhitelisted", data)
    assert not calls("executePayment", data)
    assert not calls("executeWhitelisted", data[:20])
