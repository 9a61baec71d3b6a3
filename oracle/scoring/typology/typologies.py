"""The face of the typologies: one payment at a time for a node, a table of them for backtests."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.errors import InvalidPayment
from oracle.scoring.stream import Table, Transfer
from oracle.scoring.typology import kernels
from oracle.scoring.typology.facts import FEATURES, Counters, Cut, TypologyFacts
from oracle.scoring.typology.state import allocate, nbytes

WEEK = 7 * 86_400
QUARTER = 90 * 86_400
"""The window for slow schemes; give it the edges that such a time holds."""


class Typologies:
    """Shapes that a payment would complete, as of the moment before it. Not safe for threads that share one."""

    def __init__(
        self, window: int = WEEK, wallets: int = 1 << 18, edges: int = 1 << 20, listed: Iterable[int] = ()
    ) -> None:
        """`window` in seconds; room for about this many wallets and the latest `edges` transfers, rounded up to a
        power of two; `listed` are keys by `key_of` and stay as they are for the life of the state.

        Raises:
            ConfigurationError: see `state.allocate`.
        """
        self._state = allocate(window, wallets, edges, listed)
        self._vector = np.empty(kernels.WIDTH, np.float64)

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes."""
        return nbytes(self._state)

    @property
    def counters(self) -> Counters:
        """Looks made, how often a bound ended a search, and what was forgotten too early."""
        count = self._state.tally.tolist()
        return Counters(
            count[kernels.LOOKS],
            count[kernels.CUTS],
            count[kernels.CUTS + 1],
            count[kernels.CUTS + 2],
            count[kernels.CUTS + 3],
            count[kernels.LOST_WALLETS],
            count[kernels.LOST_EDGES],
        )

    def look(self, payment: Transfer) -> TypologyFacts:
        """What the payment would complete; remembers nothing but that it looked.

        Raises:
            InvalidPayment: the payment is older than the last one remembered.
        """
        self._see(payment)
        return self._facts()

    def cycle(self, payment: Transfer) -> TypologyFacts | None:
        """`look` for payments that close a cycle, None for all others: quicker, since the facts of most are not asked
        for.

        Raises:
            InvalidPayment: see `look`.
        """
        self._see(payment)
        return self._facts() if self._vector[kernels.CYCLE_LENGTH] else None

    def _see(self, payment: Transfer) -> None:
        self._refuse_past(payment.time)
        kernels.look(self._state, *_scalars(payment), self._vector)

    def _facts(self) -> TypologyFacts:
        state, vector = self._state, self._vector.tolist()
        values: list[Any] = [int(x) for x in vector]
        values[kernels.CYCLE_RATIO], values[kernels.CUT] = vector[kernels.CYCLE_RATIO], Cut(values[kernels.CUT])
        cycle: tuple[int, ...] = ()
        if length := values[kernels.CYCLE_LENGTH]:
            places = state.path[: length - 1] & (state.edge.shape[0] - 1)
            cycle = tuple(state.edge[places, kernels.ID].tolist())
        values += [cycle, int(state.source[0]) % (1 << 64)]
        return TypologyFacts(*values)

    def observe(self, payment: Transfer, name: int) -> None:
        """Remember a payment under an id of the caller's, a signed 64-bit number. The caller gives each once, in the
        order of the chain.

        Raises:
            InvalidPayment: the payment is older than the last one remembered.
        """
        self._refuse_past(payment.time)
        kernels.observe(self._state, *_scalars(payment), name)

    def batch(self, table: Table, names: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
        """Vectors (N, F) in the order of `FEATURES`; each transfer is remembered after its vector is made, under its id
        in `names` (N,) or its place in the table.

        Raises:
            InvalidPayment: the table is not in the order of time, or begins before the last payment remembered.
        """
        n = table.time.size
        if n:
            self._refuse_past(int(table.time[0]))
            back = np.flatnonzero(np.diff(table.time) < 0)
            if back.size:
                self._refuse(int(table.time[back[0] + 1]), int(table.time[back[0]]))
        ids = np.arange(n, dtype=np.int64) if names is None else np.asarray(names, np.int64)
        rows = np.empty((n, len(FEATURES)), np.float64)
        kernels.replay(self._state, table.time, table.sender, table.recipient, table.amount, ids, rows)
        return rows

    def _refuse_past(self, time: int) -> None:
        last = int(self._state.tally[kernels.LAST_TIME])
        if time < last:
            self._refuse(time, last)

    @staticmethod
    def _refuse(time: int, last: int) -> None:
        raise InvalidPayment(
            field="time",
            value=time,
            problem=f"the payment before it was at {last}; give payments in the order of the chain",
        )


def _scalars(payment: Transfer) -> tuple[int, np.uint64, np.uint64, float]:
    return payment.time, np.uint64(payment.sender), np.uint64(payment.recipient), payment.amount
