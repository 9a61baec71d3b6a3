"""Whether one set of scores is better than another on the same rows, and wallets of like age for both classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.evaluation.metrics import roc_auc
from oracle.evaluation.report import Figure
from oracle.scoring.numbers import Floats

_TAIL = 2.5


def gain(
    name: str,
    better: Floats,
    base: Floats,
    labels: Floats,
    wallets: NDArray[Any],
    *,
    seeds: Sequence[int],
    resamples: int = 20,
) -> Figure:
    """ROC-AUC of `better` less that of `base`, with the 95% interval over resampled wallets of each class.

    Both are measured on the same draws, so that what they share falls out of the interval. Scores and labels (N,).
    """
    _, owner = np.unique(wallets, return_inverse=True)
    guilty = np.bincount(owner, labels) > 0
    draws = []
    for seed in seeds:
        dice = np.random.default_rng(seed)
        for _ in range(resamples):
            times = np.zeros(len(guilty))
            for kind in (False, True):
                members = np.flatnonzero(guilty == kind)
                times += np.bincount(dice.choice(members, len(members)), minlength=len(guilty))
            weights = times[owner]
            draws.append(roc_auc(better, labels, weights) - roc_auc(base, labels, weights))
    low, high = np.percentile(draws, (_TAIL, 100 - _TAIL)).tolist()
    return Figure(name, roc_auc(better, labels) - roc_auc(base, labels), low, high)


def matched(labels: Floats, wallets: NDArray[Any], ages: NDArray[Any], edges: Sequence[float]) -> Floats:
    """Weights (N,) under which both classes have the same distribution over the bands of age between `edges`.

    Within a band each wallet of a class weighs the same, both classes together twice the smaller one's number of
    wallets; a band without both has weight 0. `ages` (N,) are the same for all rows of a wallet.
    """
    _, first, owner = np.unique(wallets, return_index=True, return_inverse=True)
    band = np.searchsorted(np.asarray(edges, dtype=np.float64), np.asarray(ages)[first], side="right")
    guilty = np.bincount(owner, labels) > 0
    of_wallet = np.zeros(len(first))
    for one in np.unique(band).tolist():
        classes = [np.flatnonzero((band == one) & (guilty == kind)) for kind in (False, True)]
        least = min(len(members) for members in classes)
        for members in classes:
            if least:
                of_wallet[members] = least / len(members)
    rows = np.bincount(owner)
    return np.asarray((of_wallet / rows)[owner], dtype=np.float64)
