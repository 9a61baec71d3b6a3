"""How many payments there are of each kind, and how many hypothetical ones were analysed."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from threading import Lock

from oracle.scoring import RiskLevel
from oracle.store import Database, payments

COUNTED = {RiskLevel.MEDIUM: "flagged", RiskLevel.HIGH: "held", RiskLevel.CRITICAL: "blocked"}
KEPT = 1.0
"""Seconds that a count of all payments is given again: it reads every row."""


class Recount:
    """How many payments have each value of a column, at most a second old. Thread-safe.

    One thread counts at a time; others take the count before, so that nobody waits for the journal but whoever asks
    first of all.
    """

    def __init__(self, database: Database, column: str, clock: Callable[[], float] = time.monotonic) -> None:
        """`column`: "stage" or "level". `clock` gives seconds."""
        self._database = database
        self._column = column
        self._clock = clock
        self._turn = Lock()
        self._found: Mapping[str, int] | None = None
        self._until = float("-inf")

    def __call__(self) -> Mapping[str, int]:
        """The count. Raises StoreError."""
        if (found := self._found) is not None and self._clock() < self._until:
            return found
        if not self._turn.acquire(blocking=found is None):
            assert found is not None  # noqa: S101 - who has none waits for the turn
            return found
        try:
            if self._found is None or self._clock() >= self._until:
                with self._database.reading() as connection:
                    self._found = payments.count_by(connection, self._column)
                self._until = self._clock() + KEPT
            return self._found
        finally:
            self._turn.release()


class Analyses:
    """Counts of hypothetical analyses, kept in memory between two visits to the journal. Thread-safe: whoever adds one
    never waits for the disk."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pending: Counter[str] = Counter()
        self._lock = Lock()
        self._moving = Lock()
        """Held while counts go from memory to the journal, so that `total` sees each in exactly one of the two."""

    def add(self, level: RiskLevel) -> None:
        """One more came to this level."""
        with self._lock:
            self._pending["analyses"] += 1
            if level in COUNTED:
                self._pending[COUNTED[level]] += 1

    def flush(self) -> None:
        """Write them to the journal. Raises StoreError (nothing is lost by that)."""
        with self._moving:
            with self._lock:
                added = self._pending.copy()
            if not added:
                return
            with self._database.writing() as connection:
                payments.add_to_counters(connection, added)
            with self._lock:
                self._pending -= added

    def total(self) -> Counter[str]:
        """All since the journal began. Raises StoreError."""
        with self._moving:
            with self._database.reading() as connection:
                kept = Counter(payments.read_counters(connection))
            with self._lock:
                return kept + self._pending
