"""The circle that a payment would close, with the ids of the payments that it is made of."""

from dataclasses import dataclass

from oracle.scoring.stream import Transfer
from oracle.scoring.typology.typologies import WEEK, Typologies

EDGES, WALLETS = 1 << 18, 1 << 16
"""Payments and wallets that are remembered: the latest ones."""


@dataclass(frozen=True, slots=True)
class Circle:
    """`length` payments, each made by whom the one before had paid, the new one the last; `ratio` is the smallest sum
    over the largest, `seconds` the time from the first to the new one, `payment_ids` those before it."""

    length: int
    ratio: float
    seconds: int
    payment_ids: tuple[str, ...]


class Closings:
    """Remembers the payments of a week. Not thread-safe; its state is a function of the payments in their order."""

    def __init__(self) -> None:
        self._typologies = Typologies(WEEK, WALLETS, EDGES)
        self._ids: list[str] = []
        self._count = 0

    def look(self, transfer: Transfer) -> Circle | None:
        """The shortest circle, of at most six payments, that the payment closes; remembers nothing.

        Raises InvalidPayment where it is older than the last one remembered.
        """
        facts = self._typologies.cycle(transfer)
        if facts is None:
            return None
        ids = tuple(self._ids[name % EDGES] for name in facts.cycle_ids)
        return Circle(facts.cycle, facts.cycle_ratio, facts.cycle_seconds, ids)

    def observe(self, transfer: Transfer, payment_id: str) -> None:
        """Remember a payment that was made. Raises InvalidPayment where it is older than the one before."""
        self._typologies.observe(transfer, self._count)
        place = self._count % EDGES
        if place == len(self._ids):
            self._ids.append(payment_id)
        else:
            self._ids[place] = payment_id
        self._count += 1
