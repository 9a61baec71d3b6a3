"""Counting payments while the journal is slow: nobody else waits for it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection

from oracle.node.counts import KEPT, Analyses, Recount
from oracle.scoring import RiskLevel
from oracle.store import Database, payments

PATIENCE = 10


class Slow(Database):
    """A journal whose readers and writers wait until they are let go, as on a scan of very many rows or a busy disk."""

    def __init__(self, url: str) -> None:
        self.go = threading.Event()
        self.go.set()
        self.reads = self.writes = 0
        super().__init__(url)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        self.reads += 1
        assert self.go.wait(PATIENCE)
        with super().reading() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        self.writes += 1
        assert self.go.wait(PATIENCE)
        with super().writing() as connection:
            yield connection


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Slow]:
    with Slow(f"sqlite:///{tmp_path / 'journal.sqlite3'}") as found:
        yield found
        found.go.set()


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_recount__asked_often__reads_the_journal_once_a_second(journal: Slow) -> None:
    clock = Clock()
    stages = Recount(journal, "stage", clock)
    assert [stages() for _ in range(100)] == [{}] * 100
    assert journal.reads == 1
    clock.now += KEPT
    stages()
    assert journal.reads == 2


def test_recount__one_thread_counts__the_others_take_the_count_before(journal: Slow) -> None:
    clock = Clock()
    stages = Recount(journal, "stage", clock)
    stages()
    clock.now += KEPT
    journal.go.clear()
    counting = threading.Thread(target=stages)
    counting.start()
    while journal.reads < 2:
        time.sleep(0.001)
    assert [stages() for _ in range(100)] == [{}] * 100
    journal.go.set()
    counting.join(PATIENCE)
    assert journal.reads == 2


def test_recount__first_of_all__everybody_waits_for_one_count(journal: Slow) -> None:
    stages, found = Recount(journal, "stage", Clock()), list[object]()
    journal.go.clear()
    crowd = [threading.Thread(target=lambda: found.append(stages())) for _ in range(5)]
    for one in crowd:
        one.start()
    journal.go.set()
    for one in crowd:
        one.join(PATIENCE)
    assert found == [{}] * 5
    assert journal.reads == 1


def test_analyses__flushed_or_not__are_counted_once(journal: Slow) -> None:
    analyses = Analyses(journal)
    for level in (RiskLevel.SAFE, RiskLevel.MEDIUM, RiskLevel.CRITICAL):
        analyses.add(level)
    before = analyses.total()
    analyses.flush()
    assert analyses.total() == before == {"analyses": 3, "flagged": 1, "blocked": 1}
    with journal.reading() as connection:
        assert payments.read_counters(connection) == before


def test_analyses__one_is_added_while_others_are_written__does_not_wait_and_is_counted_once(journal: Slow) -> None:
    analyses, before = Analyses(journal), journal.writes
    analyses.add(RiskLevel.SAFE)
    journal.go.clear()
    flushing = threading.Thread(target=analyses.flush)
    flushing.start()
    while journal.writes == before:
        time.sleep(0.001)
    adding = threading.Thread(target=analyses.add, args=(RiskLevel.MEDIUM,))
    adding.start()
    adding.join(PATIENCE / 2)
    assert not adding.is_alive()
    journal.go.set()
    flushing.join(PATIENCE)
    assert analyses.total() == {"analyses": 2, "flagged": 1}
    analyses.flush()
    assert analyses.total() == {"analyses": 2, "flagged": 1}
