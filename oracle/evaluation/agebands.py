"""What remains when age cannot help: ROC-AUC among pairs of wallets of the same age band.

On labels that were collected by age, a model that has learnt age looks good over all pairs. A pair from one band
differs little in age, so what still orders it is something else, as far as the bands are narrow. Run the age probe over
the same bands (`probes.audit` with a `measure` that returns `age_bands(scores, ..).roc_auc`) to see how much age is
left in them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.evaluation.metrics import checked, equal_wallets, ranking


@dataclass(frozen=True, slots=True)
class Band:
    """One band: age from `low` to below `high` (as the caller measures it), its wallets, and ROC-AUC within (NaN where
    a class is missing)."""

    low: float
    high: float
    licit: int
    fraud: int
    roc_auc: float


@dataclass(frozen=True, slots=True)
class AgeBands:
    """`roc_auc`: over all pairs of a fraud and a licit wallet of one band, `pairs` of them; NaN without any."""

    bands: tuple[Band, ...]
    pairs: int
    roc_auc: float


def age_edges(ages: NDArray[Any], wallets: NDArray[Any], count: int) -> tuple[float, ...]:
    """Inner edges, rising, that divide the wallets into at most `count` bands of about equally many, by each wallet's
    mean age. `ages` and `wallets` have shape (N,)."""
    of_wallet = _wallet_ages(ages, wallets)[0]
    return tuple(np.unique(np.quantile(of_wallet, np.arange(1, count) / count)).tolist())


def age_bands(
    scores: NDArray[Any], labels: NDArray[Any], wallets: NDArray[Any], ages: NDArray[Any], edges: tuple[float, ...]
) -> AgeBands:
    """ROC-AUC within bands divided at the `edges`; all arrays of shape (N,).

    Each wallet counts once whatever its number of rows: the chance that a row drawn from a fraud wallet scores higher
    than one drawn from a licit wallet of its band, both wallets drawn with equal chance. A wallet lies in one band, by
    the mean age of its rows. Raises ValueError as `metrics.checked` does, for an age that is NaN and for edges that do
    not rise.
    """
    values, fraud, _ = checked(scores, labels)
    if list(edges) != sorted(set(edges)):
        raise ValueError(f"edges {edges} must rise")
    if np.isnan(np.asarray(ages, dtype=np.float64)).any():
        raise ValueError("an age is NaN; give every row an age or leave the row out")
    of_wallet, owner = _wallet_ages(ages, wallets)
    suspect = np.bincount(owner, fraud) > 0
    weights = equal_wallets(wallets)
    place = np.searchsorted(np.array(edges, dtype=np.float64), of_wallet, side="right")
    borders = [-np.inf, *edges, np.inf]
    found, won, pairs = [], 0.0, 0
    for band in range(len(edges) + 1):
        inside = (place == band)[owner]
        guilty = int((suspect & (place == band)).sum())
        others = int((~suspect & (place == band)).sum())
        area = float("nan")
        if guilty and others:
            area = float(ranking(values[inside], suspect[owner][inside], weights[inside]).roc_auc())
            won += area * guilty * others
            pairs += guilty * others
        found.append(Band(float(borders[band]), float(borders[band + 1]), others, guilty, area))
    return AgeBands(tuple(found), pairs, won / pairs if pairs else float("nan"))


def within_bands(scores: NDArray[Any], labels: NDArray[Any], bands: NDArray[Any], weights: NDArray[Any]) -> float:
    """ROC-AUC over the pairs of a fraud and a licit row that lie in one band, NaN without any; arrays of shape (N,).

    Here a band is a row's own (its wallet's age on that day), so that a wallet may lie in several; a pair counts by the
    product of its rows' `weights`. Raises ValueError as `metrics.checked` does.
    """
    values, fraud, known = checked(scores, labels, weights)
    won = pairs = 0.0
    for band in np.unique(bands):
        own = np.asarray(bands) == band
        weight = float(known[own & fraud].sum() * known[own & ~fraud].sum())
        if weight > 0:
            won += weight * float(ranking(values[own], fraud[own], known[own]).roc_auc())
            pairs += weight
    return won / pairs if pairs else float("nan")


def _wallet_ages(ages: NDArray[Any], wallets: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    _, owner = np.unique(wallets, return_inverse=True)
    sums = np.bincount(owner, np.asarray(ages, dtype=np.float64))
    return np.asarray(sums / np.bincount(owner), dtype=np.float64), owner.astype(np.int64)
