"""From a data set's transfers to the stream's as-of vectors."""

import hashlib
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from oracle.datasets.transfers import Transfers
from oracle.scoring.numbers import Floats
from oracle.scoring.stream import Stream, Table, key_of
from oracle.scoring.types import MICRO, micro

_LEAST_ROOM = 1 << 10


def vectors(
    transfers: Transfers, pays: NDArray[np.bool_], wanted: NDArray[np.bool_], *, as_a_node: bool = False
) -> Floats:
    """Vectors (M, F) of the M wanted rows in the order of `FEATURES`, each as of the moment before it.

    All N transfers are streamed, `pays` (N,) says whether the subject of a row is its sender. The state has twice the
    room that parties and pairs can fill, so that nothing is forgotten. `as_a_node`: every token is taken for a dollar,
    as a node takes the tokens that its core lists, whatever the data set knows. Raises ConfigurationError for times and
    amounts that the stream refuses.
    """
    stream = Stream(max(2 * len(transfers.parties), _LEAST_ROOM), max(2 * len(transfers), _LEAST_ROOM))
    table = table_of(transfers)
    if as_a_node:
        table = replace(table, stable=np.ones_like(table.stable))
    return stream.batch(table, pays, wanted)


def table_of(transfers: Transfers) -> Table:
    """The same transfers as the stream reads them, with amounts as the engine counts them. Rows without a transaction
    get one each, because one that all of them shared would look like a single transaction."""
    parties = _keys(transfers.parties)
    tx = _keys(transfers.transactions)[transfers.tx]
    blank = np.array([name == "" for name in transfers.transactions], np.bool_)[transfers.tx]
    if blank.any():
        tx[blank] = _keys(tuple(f"row {row}" for row in np.flatnonzero(blank).tolist()))
    stable = np.array([token.stable for token in transfers.tokens], np.bool_)
    return Table(
        time=transfers.time,
        sender=parties[transfers.sender],
        recipient=parties[transfers.recipient],
        token=_keys(tuple(token.address for token in transfers.tokens))[transfers.token],
        tx=tx,
        amount=_amounts(transfers),
        stable=stable[transfers.token],
    )


def _amounts(transfers: Transfers) -> Floats:
    """In tokens, shape (N,): whole millionths, as of a `Payment`."""
    decimals = [token.decimals for token in transfers.tokens]
    return np.array(
        [
            micro(int(units), decimals[token]) / MICRO
            for units, token in zip(transfers.units, transfers.token.tolist(), strict=True)
        ],
        np.float64,
    )


def _keys(names: tuple[str, ...]) -> NDArray[np.uint64]:
    """Of addresses and hashes as a node keys them, of other names by their SHA-256."""
    return np.array(
        [key_of(one if one.startswith("0x") or not one else hashlib.sha256(one.encode()).hexdigest()) for one in names],
        np.uint64,
    )
