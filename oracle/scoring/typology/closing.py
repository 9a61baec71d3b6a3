"""The circle that a payment would close, with the ids of the payments that it is made of."""

from dataclasses import dataclass

from oracle.scoring.stream import transfer_of
from oracle.scoring.types import Payment
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
        self._now = 0

    def look(self, payment: Payment) -> Circle | None:
        """The shortest circle, of at most six payments, that the payment closes; remembers nothing."""
        facts = self._typologies.look(transfer_of(payment, self._now))
        if not facts.cycle:
            return None
        ids = tuple(self._ids[name % EDGES] for name in facts.cycle_ids)
        return Circle(facts.cycle, facts.cycle_ratio, facts.cycle_seconds, ids)

    def observe(self, payment: Payment) -> None:
        """Remember a payment that was made."""
        transfer = transfer_of(payment, self._now)
        self._typologies.observe(transfer, self._count)
        place = self._count % EDGES
        if place == len(self._ids):
            self._ids.append(payment.payment_id)
        else:
            self._ids[place] = payment.payment_id
        self._count += 1
        self._now = transfer.time
