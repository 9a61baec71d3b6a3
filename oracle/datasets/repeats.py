"""Leaving rows out on purpose: transfers that a data set holds twice, and more than the first of each wallet."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oracle.datasets.transfers import Transfers


@dataclass(frozen=True, slots=True)
class Distinct:
    """`transfers` without repeats.

    Of the rows left out, `other_side` stood in the history of another wallet than the row that was kept, `same_side` in
    that of the same wallet.
    """

    transfers: Transfers
    other_side: int
    same_side: int

    @property
    def left_out(self) -> int:
        """How many rows were left out."""
        return self.other_side + self.same_side


def without_repeats(transfers: Transfers) -> Distinct:
    """The first row of each (transaction, sender, recipient, token, amount).

    A transfer between two wallets of a labelled set stands in the histories of both. Rows without a transaction are all
    kept, because nothing tells a repeat from a second payment of the same sum. A repeat within one history is either a
    second, equal transfer in the same transaction or an artefact: without log indices nobody can say, so that both are
    left out.
    """
    blank = np.array([hash_ == "" for hash_ in transfers.transactions], np.bool_)
    rows = np.arange(len(transfers), dtype=np.int64)
    key = np.column_stack(
        (transfers.tx, transfers.sender, transfers.recipient, transfers.token, _coded(transfers.units))
    )
    if blank.any():
        alone = blank[transfers.tx]
        key = np.column_stack((key, np.where(alone, rows, -1)))
    _, first, group = np.unique(key, axis=0, return_index=True, return_inverse=True)
    kept = first[group.reshape(-1)]
    repeat = kept != rows
    same = repeat & (transfers.wallet == transfers.wallet[kept])
    return Distinct(transfers.take(~repeat), int((repeat & ~same).sum()), int(same.sum()))


def first_per_wallet(transfers: Transfers, most: int = 100) -> Transfers:
    """The first `most` rows of each wallet's history, so that no single wallet decides a figure. Rows that belong to no
    wallet count for their sender."""
    return transfers.take(among_first(transfers, most))


def among_first(transfers: Transfers, most: int = 100) -> NDArray[np.bool_]:
    """Whether each row is among the first `most` of its wallet's history, shape (N,)."""
    owner = np.where(transfers.wallet >= 0, transfers.wallet, transfers.sender)
    order = np.argsort(owner, kind="stable")
    sorted_owner = owner[order]
    starts = np.flatnonzero(np.append(True, sorted_owner[1:] != sorted_owner[:-1]))
    lengths = np.diff(np.append(starts, owner.size))
    rank = np.empty(owner.size, np.int64)
    rank[order] = np.arange(owner.size) - np.repeat(starts, lengths)
    return rank < most


def _coded(units: NDArray[np.object_]) -> NDArray[np.int64]:
    """Equal numbers for equal amounts; the amounts themselves do not fit 64 bits."""
    known: dict[int, int] = {}
    return np.array([known.setdefault(amount, len(known)) for amount in units.tolist()], np.int64)
