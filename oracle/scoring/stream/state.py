"""What the stream remembers: flat arrays, bounded from the first day on.

Both tables are set-associative: a key may lie only in the 16 places of its own bucket, and a new key takes the place
that has been silent longest. So the cost of an update never depends on how full a table is, nothing is ever rehashed,
and memory is fixed when the state is made. What a busy bucket forgets is always its least recent wallet or pair.
"""
# mypy: disable-error-code="assignment"

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oracle.errors import ConfigurationError
from oracle.scoring.supervised.compiled import compiled

WAYS = 16
RING = 48
"""Events remembered of one wallet; `history` means these."""


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


@compiled
def mix(x):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014): every bit of a key moves every bit of its place."""
    x = np.uint64(x)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@compiled
def pair_of(sender, recipient):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Key of the ordered pair; never 0, which marks an empty place."""
    key = mix(mix(sender) + np.uint64(0x9E3779B97F4A7C15) * np.uint64(recipient))
    return key | np.uint64(1)


@compiled
def find(keys, key):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Place of a key, or -1."""
    start = np.int64(mix(key) % np.uint64(keys.size // WAYS)) * WAYS
    for place in range(start, start + WAYS):
        if keys[place] == key:
            return place
    return -1


@compiled
def claim(keys, last, key):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Place of a key and whether it is new there; a new key takes an empty place or the one silent longest."""
    start = np.int64(mix(key) % np.uint64(keys.size // WAYS)) * WAYS
    oldest = start
    for place in range(start, start + WAYS):
        if keys[place] == key:
            return place, False
        if keys[place] == 0:
            oldest = place
            break
        if last[place] < last[oldest]:
            oldest = place
    keys[oldest] = key
    return oldest, True
