"""What scores the rows of a backtest, and the line that each row becomes."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from oracle.backtest.source import Row
from oracle.scoring import RiskLevel

HEADER = ("row", "id", "time", "score", "level", "alerts", "label", "kind")
"""The columns that every backtest writes first; a judge adds its own, the last of which is `sentence`."""

_LEVELS = tuple(RiskLevel.of(score).name for score in range(101))

Record = tuple[str, ...]
"""One line of the output, cell by cell."""


class Judge(Protocol):
    """Scores rows as of the rows played before them."""

    chunk: int
    """How many rows to play at once: a matter of speed only."""
    columns: tuple[str, ...]
    """The columns after `HEADER`."""

    @property
    def identity(self) -> Mapping[str, str]:
        """All that scores follow from beside the rows."""

    def play(self, rows: Sequence[Row], wanted: Sequence[bool]) -> list[Record]:
        """The records of the wanted rows, each as of all rows before it; every row is remembered, wanted or not.

        What is remembered does not depend on what is wanted. Raises InvalidPayment.
        """


def first_cells(row: Row, score: int, alerts: str) -> Record:
    """The cells under `HEADER`."""
    return (
        str(row.number),
        row.payment.payment_id,
        str(row.payment.timestamp),
        str(score),
        _LEVELS[score],
        alerts,
        str(row.label),
        row.kind,
    )
