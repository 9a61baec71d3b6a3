"""What is noted about payments: one commit for all of them, and on the feed only what is news."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import event

from oracle.node import FeedEvent, Stage
from oracle.node.bus import EventBus
from oracle.node.metrics import NodeMetrics
from oracle.node.outbox import milliseconds
from oracle.node.plan import RetryPolicy
from oracle.node.progress import Progress
from oracle.store import Database, PaymentRow, payments
from tests.oracle.store.test_journal import a_hash, a_payment

Scene = tuple[Database, Progress, list[FeedEvent]]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    told: list[FeedEvent] = []
    bus = EventBus()
    bus.subscribe(told.append)
    with Database(f"sqlite:///{tmp_path / 'journal.sqlite3'}") as database:
        metrics = NodeMetrics(CollectorRegistry())
        yield database, Progress(database=database, bus=bus, metrics=metrics, retry=RetryPolicy(2, 300, 8)), told


def add(database: Database, count: int, refusals: int = 0) -> list[PaymentRow]:
    stage = "waiting" if refusals else "signed"
    scored = [a_payment(number, refusals=refusals, stage=stage) for number in range(count)]
    with database.writing() as connection:
        payments.add_scored(connection, scored)
    return [one.payment for one in scored]


def test_refused__two_hundred_payments__one_commit_and_all_told(scene: Scene) -> None:
    database, progress, told = scene
    rows = add(database, 200)
    commits: list[object] = []
    event.listen(database._engine, "commit", commits.append)
    progress.refused(rows, "paused")
    assert len(commits) == 1
    assert len(told) == 200
    with database.reading() as connection:
        found = payments.payments_by_id(connection, [row.payment_id for row in rows])
    assert {(row.stage, row.reason, row.refusals) for row in found.values()} == {("waiting", "paused", 1)}


def test_skipped__first_time__may_try_alone_at_once__later_it_waits_and_keeps_the_reason(scene: Scene) -> None:
    database, progress, _ = scene
    for refusals, waits, reason in ((0, 0, "skipped"), (1, 4_000, "why"), (4, 32_000, "why")):
        (row,) = add(database, 1, refusals)
        now = milliseconds()
        progress.skipped([replace(row, reason="why" if refusals else "")], "skipped")
        with database.writing() as connection:
            found = payments.payments_by_id(connection, [a_hash(0)])[a_hash(0)]
            payments.rewind(connection, -1)
        assert (found.refusals, found.reason) == (refusals + 1, reason)
        assert waits <= found.retry_at - now < waits + 1_000


def test_lack_reports__formerly_refused__waits_as_long_as_after_another_refusal(scene: Scene) -> None:
    database, progress, _ = scene
    (row,) = add(database, 1, refusals=6)
    now = milliseconds()
    progress.lack_reports([row], have=1, quorum=2)
    with database.reading() as connection:
        found = payments.payments_by_id(connection, [row.payment_id])[row.payment_id]
    assert (found.stage, found.refusals) == (Stage.SHARING, 6)
    assert 64_000 <= found.retry_at - now < 65_000
