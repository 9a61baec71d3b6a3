"""What the stream remembers: flat arrays, bounded from the first day on.

Both tables are set-associative: a key may lie only in the 16 places of its own bucket, and a new key takes the place
that has been silent longest. So the cost of an update never depends on how full a table is, nothing is ever rehashed,
and memory is fixed when the state is made. What a busy bucket forgets is always its least recent wallet or pair.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oracle.errors import ConfigurationError
from oracle.scoring.stream.kernels import RING, WAYS


class State(NamedTuple):
    """W wallet places and P pair places, both multiples of `WAYS`; R = `RING`. Times are unix seconds."""

    wallet_key: NDArray[np.uint64]  # (W,) 0 is an empty place
    wallet_last: NDArray[np.int64]  # (W,) when last seen
    wallet_count: NDArray[np.int64]  # (W,) events ever written into the ring; only its remainder by R is used
    when: NDArray[np.uint32]  # (W, R)
    other: NDArray[np.uint32]  # (W, R) the counterparty's key, its low half
    token: NDArray[np.uint32]  # (W, R)
    tx: NDArray[np.uint32]  # (W, R)
    amount: NDArray[np.float32]  # (W, R) token units; only of tokens that are worth a dollar
    size: NDArray[np.float32]  # (W, R) log2(1 + amount)
    flags: NDArray[np.uint8]  # (W, R) bit 0 outgoing, bit 1 stable, bits 2.. significant digits
    pair_key: NDArray[np.uint64]  # (P,) sender and recipient, in this order
    pair_last: NDArray[np.int64]  # (P,)


def allocate(wallets: int, pairs: int) -> State:
    """An empty state for about `wallets` wallets and `pairs` ordered pairs at once.

    Raises:
        ConfigurationError: a capacity below one bucket.
    """
    if wallets < WAYS or pairs < WAYS:
        raise ConfigurationError(
            f"The stream's capacity of {wallets} wallets and {pairs} pairs is too small: use at least {WAYS} of each."
        )
    w, p = -(-wallets // WAYS) * WAYS, -(-pairs // WAYS) * WAYS
    return State(
        np.zeros(w, np.uint64),
        np.zeros(w, np.int64),
        np.zeros(w, np.int64),
        np.zeros((w, RING), np.uint32),
        np.zeros((w, RING), np.uint32),
        np.zeros((w, RING), np.uint32),
        np.zeros((w, RING), np.uint32),
        np.zeros((w, RING), np.float32),
        np.zeros((w, RING), np.float32),
        np.zeros((w, RING), np.uint8),
        np.zeros(p, np.uint64),
        np.zeros(p, np.int64),
    )


def nbytes(state: State) -> int:
    """Memory held, in bytes; it does not change while the stream runs."""
    return sum(int(array.nbytes) for array in state)
