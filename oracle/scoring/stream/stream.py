"""The face of the stream: one payment at a time for a node, a table of them for backtests and training."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from oracle.errors import ConfigurationError
from oracle.scoring.stream import kernels
from oracle.scoring.stream.features import COLUMNS
from oracle.scoring.stream.state import allocate, nbytes

Side = Literal["sender", "recipient"]
_MASK = (1 << 64) - 1
_TIME_END = 1 << 32


def key_of(text: str) -> int:
    """A 64-bit key, never 0, of an address or a hash given as 0x and hexadecimal digits; "" has key 1. Case does not
    matter. All digits take part, so look-alike addresses have unrelated keys."""
    number = int(text, 16) if text else 0
    key = 0x9E3779B97F4A7C15
    while number:
        key = (key ^ (number & _MASK)) * 0xBF58476D1CE4E5B9 & _MASK
        key ^= key >> 29
        number >>= 64
    return key or 1


@dataclass(frozen=True, slots=True)
class Transfer:
    """One token transfer as the stream sees it. `time` in unix seconds, below 2^32; keys by `key_of`; `amount` in token
    units; `stable`: a token is worth about a dollar."""

    time: int
    sender: int
    recipient: int
    token: int
    tx: int
    amount: float
    stable: bool = True

    def __post_init__(self) -> None:
        if not 0.0 <= self.amount < inf or not 0 <= self.time < _TIME_END:
            raise ConfigurationError(
                f"A transfer of {self.amount} at {self.time} cannot be read: the amount must be a number from 0 on and"
                f" the time unix seconds below 2^32."
            )


@dataclass(frozen=True, slots=True)
class Table:
    """N transfers in the order of the chain, column by column, each (N,): see `Transfer`."""

    time: NDArray[np.int64]
    sender: NDArray[np.uint64]
    recipient: NDArray[np.uint64]
    token: NDArray[np.uint64]
    tx: NDArray[np.uint64]
    amount: NDArray[np.float64]
    stable: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if not bool(np.all(np.isfinite(self.amount) & (self.amount >= 0))):
            raise ConfigurationError("A table holds an amount that is negative or no number: leave such transfers out.")
        if self.time.size and not (int(self.time.min()) >= 0 and int(self.time.max()) < _TIME_END):
            raise ConfigurationError("A table holds a time outside 0 to 2^32 seconds: leave such transfers out.")

    @classmethod
    def of(cls, transfers: Sequence[Transfer]) -> "Table":
        """The same transfers, column by column."""
        return cls(
            np.array([t.time for t in transfers], np.int64),
            np.array([t.sender for t in transfers], np.uint64),
            np.array([t.recipient for t in transfers], np.uint64),
            np.array([t.token for t in transfers], np.uint64),
            np.array([t.tx for t in transfers], np.uint64),
            np.array([t.amount for t in transfers], np.float64),
            np.array([t.stable for t in transfers], np.bool_),
        )


class Stream:
    """Features of payments as of the moment before each. Not safe for threads that share one."""

    def __init__(self, wallets: int = 1 << 17, pairs: int = 1 << 19) -> None:
        """Room for about this many wallets and ordered pairs; see `state.allocate`."""
        self._state = allocate(wallets, pairs)
        self._columns = np.array(COLUMNS, np.int64)

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes."""
        return nbytes(self._state)

    def features(self, payment: Transfer) -> NDArray[np.float64]:
        """The vectors (2, F) of the sender and of the recipient in the order of `FEATURES`, NaN where a window is
        empty; remembers nothing."""
        rows: NDArray[np.float64] = kernels.extract_both(self._state, *_scalars(payment), self._columns)
        return rows

    def observe(self, payment: Transfer) -> None:
        """Remember a payment. The caller gives each once, in the order of the chain."""
        kernels.observe(self._state, *_scalars(payment))

    def batch(
        self, table: Table, pays: NDArray[np.bool_], wanted: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float64]:
        """Vectors (M, F) of the M wanted transfers, or of all; each transfer is remembered after its vector is made.

        `pays` (N,) says whether the subject is the sender; `wanted` (N,) which transfers need a vector.
        """
        chosen = np.ones(table.time.size, np.bool_) if wanted is None else wanted
        rows = np.empty((int(chosen.sum()), self._columns.size), np.float64)
        kernels.replay(
            self._state,
            table.time,
            table.sender,
            table.recipient,
            table.token,
            table.tx,
            table.amount,
            table.stable,
            pays,
            chosen,
            self._columns,
            rows,
        )
        return rows


def feature_table(
    transfers: Sequence[Transfer], sides: Sequence[Side], stream: Stream | None = None
) -> NDArray[np.float64]:
    """Vectors (N, F) of N transfers in the order of the chain, each seen from its side as of the moment before it.

    What training and benchmarks use; a long stream with few wanted rows is cheaper through `Stream.batch`.
    """
    pays = np.array([side == "sender" for side in sides], np.bool_)
    return (stream or Stream()).batch(Table.of(transfers), pays)


def _scalars(payment: Transfer) -> tuple[int, np.uint64, np.uint64, np.uint64, np.uint64, float, bool]:
    return (
        payment.time,
        np.uint64(payment.sender),
        np.uint64(payment.recipient),
        np.uint64(payment.token),
        np.uint64(payment.tx),
        payment.amount,
        payment.stable,
    )
