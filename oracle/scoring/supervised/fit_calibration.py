"""From scores of unseen wallets to the tables of `calibration`."""

from collections.abc import Sequence
from math import log10

import numpy as np
from numpy.typing import NDArray

from oracle.scoring.numbers import Floats
from oracle.scoring.supervised.calibration import ONE, TOP, OrdinaryRank, ProbabilityCurve
from oracle.scoring.supervised.trees import LARGEST_LEAF, Ints

ANCHORS = ((0, 1.0), (21, 0.1), (41, 0.01), (61, 0.001), (81, 0.0001), (100, 10**-4.95))
"""Score and the share of ordinary payments that reach it, linear in the share's logarithm between. Each level starts
ten times rarer than the one below: one ordinary payment in a hundred is flagged (41), one in a thousand held (61), one
in ten thousand blocked (81)."""

_BINS = 60
_SUPPORT = 20
"""Different wallets that must score as high before a share counts as measured."""


def fit_probability(raws: Ints, labels: Floats, weights: Floats) -> ProbabilityCurve:
    """Isotonic regression (PAVA) over bins of equal weight.

    Isotonic regression on single rows promises 0 and 1 at its ends, because few rows decide there. Here each bin first
    takes in one row's weight of the overall rate, so that an end says what its number of rows can support. `raws`,
    `labels` (0 or 1) and `weights` have shape (N,). Raises ValueError where either class is missing.
    """
    total, positive = float(weights.sum()), float((weights * labels).sum())
    if not 0 < positive < total:
        raise ValueError("a probability cannot be calibrated on one class only")
    rate, row = positive / total, total / len(raws)
    _, place = np.unique(raws, return_inverse=True)
    weight = np.bincount(place, weights)
    bins = np.minimum((np.cumsum(weight) - weight / 2) * _BINS // total, _BINS - 1).astype(np.int64)
    blocks: list[tuple[float, float, float]] = []  # rate, weight, mean raw score
    for one in np.unique(bins):
        own = bins[place] == one
        inside = float(weights[own].sum())
        hits = float((weights * labels)[own].sum())
        centre = float((weights[own] * raws[own]).sum()) / inside
        blocks.append(((hits + row * rate) / (inside + row), inside + row, centre))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            high, low = blocks.pop(), blocks.pop()
            both = low[1] + high[1]
            blocks.append(
                ((low[0] * low[1] + high[0] * high[1]) / both, both, (low[2] * low[1] + high[2] * high[1]) / both)
            )
    knots = np.array([round(block[2]) for block in blocks], dtype=np.int64)
    kept = np.concatenate([[True], np.diff(knots) > 0])
    found = np.array([round(block[0] * ONE) for block in blocks], dtype=np.int64)
    return ProbabilityCurve.of({"knots": knots[kept], "values": found[kept]})


def shares(anchors: Sequence[tuple[int, float]] = ANCHORS) -> Floats:
    """The share of ordinary payments that each score 0–100 stands for, shape (101,)."""
    logarithms = [log10(share) for _, share in anchors]
    table: Floats = 10.0 ** np.interp(np.arange(TOP + 1), [score for score, _ in anchors], logarithms)
    table[0] = 1.0
    return table


def fit_ordinary(
    raws: Ints,
    wallets: NDArray[np.int64],
    *,
    equal_wallets: bool = True,
    anchors: Sequence[tuple[int, float]] = ANCHORS,
) -> OrdinaryRank:
    """The ranks of raw scores among payments of ordinary wallets; both arguments have shape (N,).

    With `equal_wallets` each wallet counts as one, however many payments it made: otherwise a few busy services decide
    what is ordinary. Without, each payment counts as one, which is what a node that serves the same mix will measure.
    A cut is the least raw score that at most the wanted share reaches. Where fewer than 20 wallets reach it, the excess
    over the last supported value u is taken as exponential (the tail of a log-odds score whose probability falls as a
    power), with the mean excess raised by one standard error (over wallets) so that scores err to the low side.
    Raises ValueError for fewer than 20 wallets.
    """
    _, owner = np.unique(wallets, return_inverse=True)
    counts = np.bincount(owner)
    if len(counts) < _SUPPORT:
        raise ValueError(f"{len(counts)} ordinary wallets are too few to rank among; take at least {_SUPPORT}")
    weights = (1.0 / counts)[owner] if equal_wallets else np.ones(len(raws))
    order = np.argsort(raws, kind="stable")
    values, first = np.unique(raws[order], return_index=True)
    reaching = np.cumsum(weights[order][::-1])[::-1][first] / weights.sum()  # the share that reaches each value
    highest = np.full(len(counts), raws.min())
    np.maximum.at(highest, owner, raws)
    last = int(np.sort(highest)[-_SUPPORT])
    above = raws >= last
    share_above = float(reaching[np.searchsorted(values, last)])
    excess = float((weights * (raws - last))[above].sum() / weights[above].sum())
    excess *= 1.0 + 1.0 / np.sqrt(_SUPPORT)
    wanted = shares(anchors)
    cuts = []
    supported = 0
    for score in range(1, TOP + 1):
        place = int(np.searchsorted(-reaching, -wanted[score], side="left"))
        if place < len(values) and values[place] <= last:
            cuts.append(int(values[place]))
            supported = score
        else:
            further = max(0.0, excess * float(np.log(share_above / wanted[score])))
            cuts.append(last + 1 + min(round(further), LARGEST_LEAF))
    return OrdinaryRank.of(
        {
            "cuts": np.maximum.accumulate(np.array(cuts, dtype=np.int64)),
            "shares": wanted,
            "supported": np.array([supported], dtype=np.int64),
        }
    )
