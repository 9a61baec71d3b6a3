"""What the journal keeps, and what a rewind takes away."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oracle.signing import RiskReport, SignedReport
from oracle.store import BlockRef, Database, EventRow, PaymentRow, Scored, intents, lists, payments


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(f"sqlite:///{tmp_path / 'journal.sqlite3'}") as opened:
        yield opened


def a_hash(number: int) -> str:
    return f"0x{number:064x}"


def a_payment(number: int, **changes: Any) -> Scored:
    values: dict[str, Any] = {
        "payment_id": a_hash(number),
        "sender": "0x" + "aa" * 20,
        "recipient": "0x" + "bb" * 20,
        "token": "0x" + "cc" * 20,
        "amount": 2**95 + number,
        "reference": "0x" + "11" * 16,
        "instant": False,
        "created_at": 1_000 + number,
        "settle_deadline": 5_000,
        "block": number,
        "block_hash": a_hash(1_000 + number),
        "log_index": 0,
        "tx": a_hash(2_000 + number),
        "status": "pending",
        "status_block": number,
        "verdict_score": None,
        "settled_tx": "",
        "settled_at": None,
        "stage": "signed",
        "reason": "",
        "refusals": 0,
        "retry_at": 0,
        "score": 7,
        "level": "safe",
        "alerts": 0,
        "lists_version": "v",
    }
    row = PaymentRow(**{**values, **changes})
    report = RiskReport(row.payment_id, 7, 1, 2, 3, 4, 5, 0, a_hash(1), a_hash(2), 1_000, 5_000)
    return Scored(row, SignedReport(report, a_hash(3), "0x" + "dd" * 20, "0x00"), b"{}")


def an_event(number: int, payment: int, name: str = "PaymentCreated") -> EventRow:
    return EventRow(a_hash(number), a_hash(1_000 + number), 0, number, 1_000, a_hash(payment), name, {"n": 2**200})


def test_add_scored__amounts_beyond_64_bits__come_back_exact(database: Database) -> None:
    with database.writing() as connection:
        payments.add_scored(connection, [a_payment(1)])
    with database.reading() as connection:
        assert payments.payment(connection, a_hash(1)) == a_payment(1).payment
        assert payments.signed_reports(connection, [a_hash(1)])[a_hash(1)] == a_payment(1).report
        assert payments.evidence_of(connection, a_hash(1)) == b"{}"


def test_page__many_payments__newest_first_without_overlap(database: Database) -> None:
    with database.writing() as connection:
        payments.add_scored(connection, [a_payment(number) for number in range(1, 8)])
    seen: list[str] = []
    before = None
    with database.reading() as connection:
        while rows := payments.page(connection, status=None, stage=None, wallet=None, limit=3, before=before):
            seen += [row.payment_id for row in rows]
            before = (rows[-1].block, rows[-1].log_index)
    assert seen == [a_hash(number) for number in range(7, 0, -1)]


def numbers_due(database: Database, now: int, **which: Any) -> list[int]:
    with database.reading() as connection:
        stages, limit = ("signed", "waiting"), which.pop("limit", 10)
        found = payments.due(connection, stages=stages, status="pending", now=now, longest=1_000, limit=limit, **which)
        return [row.block for row in found]


def test_due__never_put_off_first_then_longest_due__and_only_when_its_time_has_come(database: Database) -> None:
    with database.writing() as connection:
        later = [a_payment(1, stage="waiting", retry_at=500), a_payment(5, stage="waiting", retry_at=400)]
        payments.add_scored(connection, [a_payment(3), a_payment(2), *later, a_payment(4, stage="done")])
    assert numbers_due(database, 399) == [2, 3]
    assert numbers_due(database, 500) == [2, 3, 5, 1]


def test_due__refused_or_not__are_told_apart_and_limited_apart(database: Database) -> None:
    with database.writing() as connection:
        refused = [a_payment(number, stage="waiting", refusals=1, retry_at=number) for number in range(1, 6)]
        payments.add_scored(connection, [*refused, a_payment(6), a_payment(7)])
    assert numbers_due(database, 500, refused=False, limit=3) == [6, 7]
    assert numbers_due(database, 500, refused=True, limit=3) == [1, 2, 3]


def test_due__put_off_for_longer_than_anything_is__the_clock_was_wrong_and_it_is_due(database: Database) -> None:
    with database.writing() as connection:
        payments.add_scored(connection, [a_payment(1, retry_at=1_501), a_payment(2, retry_at=1_500)])
    assert numbers_due(database, 500) == [1]


def test_due__settle_deadline_asked_for__only_what_ends_before_or_after_it(database: Database) -> None:
    with database.writing() as connection:
        payments.add_scored(connection, [a_payment(n, settle_deadline=98 + n) for n in (1, 2, 3, 4)])
    assert numbers_due(database, 500, before=100) == [1]
    assert numbers_due(database, 500, after=100) == [3, 4]
    # nothing that is left out takes a place
    assert numbers_due(database, 500, after=100, limit=1) == [3]


def test_any_in__stage_and_status_both_count(database: Database) -> None:
    with database.writing() as connection:
        payments.add_scored(connection, [a_payment(1, stage="stuck"), a_payment(2, stage="done", status="settled")])
    with database.reading() as connection:
        assert payments.any_in(connection, stages=("signed", "stuck"), status="pending")
        assert not payments.any_in(connection, stages=("signed",), status="pending")
        assert not payments.any_in(connection, stages=("done",), status="pending")


def test_in_stage__more_are_carried_than_a_look_takes__finds_the_others(database: Database) -> None:
    with database.writing() as connection:
        payments.add_scored(connection, [a_payment(n, stage="submitted") for n in (1, 2, 3, 4)])
        carried = [a_payment(n).payment.payment_id for n in (1, 2)]
        intents.add_intent(
            connection, kind="settle", nonce=1, destination="0x", calldata="0x", payment_ids=carried, now=1
        )
    with database.reading() as connection:
        besides = intents.carried(0)
        found = payments.in_stage(connection, stage="submitted", status="pending", besides=besides, limit=2)
    assert [row.block for row in found] == [3, 4]


def test_replay__more_than_one_slice__gives_all_in_canonical_order(database: Database) -> None:
    numbers = list(range(1, 1_203))
    with database.writing() as connection:
        payments.add_scored(connection, [a_payment(number) for number in reversed(numbers)])
    with database.reading() as connection:
        assert [row.block for row in payments.replay(connection)] == numbers


def test_rewind__events_payments_and_chain_lists__go_back_and_the_rest_stays(database: Database) -> None:
    with database.writing() as connection:
        payments.add_blocks(connection, [BlockRef(n, a_hash(n), n) for n in range(1, 6)], keep=100)
        payments.add_scored(connection, [a_payment(2), a_payment(4)])
        payments.add_events(connection, [an_event(2, 2), an_event(4, 4), an_event(5, 2, "VerdictApplied")])
        for block, source in ((2, "chain"), (4, "chain"), (4, "api")):
            lists.add_change(
                connection,
                block=block,
                log_index=0,
                added=True,
                address="0x" + "ee" * 20,
                kind="BLACKLISTED",
                source=source,
                note="",
                at=0,
            )
        intent = intents.add_intent(
            connection,
            kind="settle",
            nonce=1,
            destination="0x" + "cc" * 20,
            calldata="0x",
            payment_ids=[a_hash(4)],
            now=0,
        )
    with database.writing() as connection:
        assert payments.rewind(connection, 3) == [a_hash(2)]
    with database.reading() as connection:
        assert payments.cursor(connection) == BlockRef(3, a_hash(3), 3)
        assert payments.payment(connection, a_hash(4)) is None
        assert payments.signed_reports(connection, [a_hash(4)]) == {}
        assert payments.evidence_of(connection, a_hash(4)) == b""
        assert [event.name for event in payments.events_of(connection, a_hash(2))] == ["PaymentCreated"]
        assert [(row.block, row.source) for row in lists.changes(connection)] == [(2, "chain"), (4, "api")]
        # what was sent stays: only the chain can say what became of it
        assert intents.payments_of(connection, intent) == [a_hash(4)]


def test_add_blocks__long_history__keeps_what_is_asked_for(database: Database) -> None:
    with database.writing() as connection:
        payments.add_blocks(connection, [BlockRef(n, a_hash(n), n) for n in range(1, 101)], keep=10)
    with database.reading() as connection:
        assert payments.block_at(connection, 89) is None
        assert payments.block_at(connection, 90) is not None
        assert payments.previous_block(connection, 90) is None


def test_is_held__intents_come_and_go__only_unfinished_ones_hold(database: Database) -> None:
    with database.writing() as connection:
        ids = [
            intents.add_intent(
                connection,
                kind="settle",
                nonce=nonce,
                destination="0x" + "cc" * 20,
                calldata="0x",
                payment_ids=[a_hash(nonce)],
                now=0,
            )
            for nonce in range(4)
        ]
        for intent, state in zip(ids, (intents.OPEN, intents.MINED, intents.FINAL, intents.DISPLACED), strict=True):
            intents.change_intent(connection, intent, state=state)
    with database.reading() as connection:
        assert [n for n in range(4) if intents.is_held(connection, a_hash(n))] == [0, 1]


def test_due__more_are_held_than_a_look_takes__finds_the_others(database: Database) -> None:
    with database.writing() as connection:
        payments.add_scored(connection, [a_payment(number) for number in range(1, 7)])
        held = [a_hash(number) for number in range(1, 5)]
        intents.add_intent(
            connection, kind="settle", nonce=0, destination="0x" + "cc" * 20, calldata="0x", payment_ids=held, now=0
        )
    assert numbers_due(database, 500, besides=intents.waits(), limit=2) == [5, 6]


def test_add_to_counters__twice__adds_up(database: Database) -> None:
    for _ in range(2):
        with database.writing() as connection:
            payments.add_to_counters(connection, {"analyses": 3})
    with database.reading() as connection:
        assert payments.read_counters(connection) == {"analyses": 6}
