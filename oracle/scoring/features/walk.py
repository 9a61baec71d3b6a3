"""Nearness in the payment graph: approximate personalised PageRank by forward push.

R. Andersen, F. Chung, K. Lang: "Local Graph Partitioning using PageRank Vectors" (FOCS 2006). A walker starts at a
wallet, stops with probability `STOP` at each step, and otherwise follows a past payment, to either side; the
nearness of two wallets is the probability to stop at the other one. The push form touches the neighbourhood only,
whatever the graph's size, and adds in the order in which payments came, so that every machine gets the same bits.
Like node2vec it measures nearness by random walks; unlike it, it needs no training, answers for wallets that are
minutes old, and its number means something.
"""

import numpy as np
from numpy.typing import NDArray

from oracle.scoring.compiled import compiled
from oracle.scoring.state import Ledger

STOP = 0.2
_PUSHES = 16
_RESIDUE = 0.004
HUB = 64
"""Counterparties from which the walk stops: everyone is two steps from everyone through an exchange."""


def nearness(ledger: Ledger, start: str, target: str) -> float:
    """Probability that the walk from `start` stops at `target`, from below; 0 when it is not reached.

    It follows the counterparties dealt with last; a hub's thousands say nothing about nearness."""
    circles = ledger.circles
    first, last = circles.number(start), circles.number(target)
    if first < 0 or last < 0:
        return STOP if start == target else 0.0
    return float(_walk(circles.others, circles.counts, circles.filled, circles.partners, first, last))


@compiled
def _walk(
    others: NDArray[np.int32],
    counts: NDArray[np.int32],
    filled: NDArray[np.int8],
    partners: NDArray[np.int64],
    start: int,
    target: int,
) -> float:
    # wallets met so far, in the order of meeting, found again through a table of their numbers
    most = _PUSHES * others.shape[1] + 1
    met = np.empty(most, np.int32)
    residue = np.zeros(most, np.float64)
    queue = np.empty(most, np.int32)
    size = 1
    while size < 2 * most:
        size *= 2
    table = np.full(size, -1, np.int32)
    met[0], residue[0], queue[0], table[start & (size - 1)] = start, 1.0, 0, 0
    known, queued, stopped = 1, 1, 0.0
    for push in range(_PUSHES):
        if push == queued:
            break
        at = queue[push]
        row = met[at]
        rest = residue[at]
        residue[at] = 0.0
        if row == target:
            stopped += STOP * rest
        if partners[row] > HUB and row != start:
            continue
        width = others.shape[1] // 2
        payments = 0
        for half in range(2):
            for place in range(half * width, half * width + filled[row, half]):
                payments += counts[row, place]
        passed = (1.0 - STOP) * rest
        for half in range(2):
            for place in range(half * width, half * width + filled[row, half]):
                other = others[row, place]
                slot = other & (size - 1)
                while table[slot] >= 0 and met[table[slot]] != other:
                    slot = (slot + 1) & (size - 1)
                if table[slot] < 0:
                    table[slot] = known
                    met[known] = other
                    known += 1
                index = table[slot]
                before = residue[index]
                residue[index] = after = before + passed * counts[row, place] / payments
                if before < _RESIDUE <= after:
                    queue[queued] = index
                    queued += 1
    for index in range(known):
        if met[index] == target:
            stopped += STOP * residue[index]
    return stopped
