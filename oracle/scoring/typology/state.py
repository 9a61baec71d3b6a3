"""What the typologies remember: flat arrays, bounded from the first day on.

The edges lie in one ring: a new edge overwrites the oldest of all. The wallets lie in a set-associative table, where a
new wallet takes the place in its bucket that has been silent longest. Memory is fixed when the state is made, and the
cost of an update is bounded however full the tables are and however long the stream has run.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oracle.errors import ConfigurationError
from oracle.scoring.typology.kernels import BUDGET, CYCLE, HOPS, LAST_TIME, SCAN, SLOTS, WAYS

_SCRATCH = 5
_TALLIES = 10
_SMALLEST_RING = 16


class State(NamedTuple):
    """W wallet places, a multiple of `WAYS`; E edge places, a power of two. Times in unix seconds.

    -1 is never or none.
    """

    window: NDArray[np.int64]  # (1,) seconds
    listed: NDArray[np.uint64]  # (L,) ascending
    key: NDArray[np.uint64]  # (W,) 0 is an empty place
    last: NDArray[np.int64]  # (W,) when last seen
    head: NDArray[np.int64]  # (W, 2) number of the newest edge as sender, as recipient
    hop_time: NDArray[np.int64]  # (W, 2, HOPS) oldest edge of the freshest path of d + 1 edges from, to a listed wallet
    edge: NDArray[np.int64]  # (E, 8) columns as `kernels` names them; 64 bytes, so that an edge costs one cache miss
    real: NDArray[np.float64]  # (E, 8) the same memory, for the amount
    tally: NDArray[np.int64]  # (10,) places as `kernels` names them
    slot: NDArray[np.int64]  # (5, SLOTS, 4) stamp, key, value; from here on: room for one look, and its evidence
    seen: NDArray[np.int64]  # (5, SCAN)
    rank: NDArray[np.int64]  # (5, SCAN)
    alike: NDArray[np.bool_]  # (SCAN,)
    before: NDArray[np.int64]  # (SCAN,)
    middle: NDArray[np.int64]  # (SCAN,)
    middle_by: NDArray[np.int64]  # (SCAN,)
    label: NDArray[np.int64]  # (BUDGET + 2, 3)
    path: NDArray[np.int64]  # (CYCLE,) edge numbers of the cycle found last, in the order of time
    source: NDArray[np.int64]  # (1,) key, as a signed number, of the best source found last, 0 for none


def allocate(window: int, wallets: int, edges: int, listed: Iterable[int]) -> State:
    """An empty state for about `wallets` wallets and the latest `edges` transfers, rounded up to a power of two.

    Raises:
        ConfigurationError: a window of no length, a capacity below one bucket, or a listed key outside 64 bits.
    """
    if window < 1 or wallets < WAYS or edges < _SMALLEST_RING:
        raise ConfigurationError(
            f"Typologies over {window} seconds, {wallets} wallets and {edges} edges cannot be kept: use a window of at"
            f" least one second and at least {WAYS} wallets and {_SMALLEST_RING} edges."
        )
    names = sorted(set(listed))
    if names and not (names[0] > 0 and names[-1] < 1 << 64):
        raise ConfigurationError("A listed key lies outside 1 to 2^64 - 1: make the keys of listed wallets by key_of.")
    w = -(-wallets // WAYS) * WAYS
    edge = np.zeros((1 << (edges - 1).bit_length(), 8), np.int64)
    tally = np.zeros(_TALLIES, np.int64)
    tally[LAST_TIME] = -1
    return State(
        np.array([window], np.int64),
        np.array(names, np.uint64),
        np.zeros(w, np.uint64),
        np.zeros(w, np.int64),
        np.full((w, 2), -1, np.int64),
        np.full((w, 2, HOPS), -1, np.int64),
        edge,
        edge.view(np.float64),
        tally,
        np.zeros((_SCRATCH, SLOTS, 4), np.int64),
        np.zeros((_SCRATCH, SCAN), np.int64),
        np.zeros((_SCRATCH, SCAN), np.int64),
        np.zeros(SCAN, np.bool_),
        np.zeros(SCAN, np.int64),
        np.zeros(SCAN, np.int64),
        np.zeros(SCAN, np.int64),
        np.zeros((BUDGET + 2, 3), np.int64),
        np.zeros(CYCLE, np.int64),
        np.zeros(1, np.int64),
    )


def nbytes(state: State) -> int:
    """Memory held, in bytes; it does not change while the stream runs. `real` is the memory of `edge`."""
    return sum(int(array.nbytes) for array in state) - int(state.real.nbytes)
