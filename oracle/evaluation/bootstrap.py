"""How far a figure would move with other wallets: percentile intervals from resampled wallets.

Rows of one wallet are alike, so that resampling rows would draw intervals several times too narrow (Davison and
Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8). Whole wallets are drawn with replacement
instead: a draw is a weight per wallet, the scores are sorted once per seed, and each measure is a running sum under the
drawn weights.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.evaluation.metrics import Ranking, checked, places
from oracle.scoring.numbers import Floats

MEASURES = ("ROC-AUC", "PR-AUC", "best F1", "recall at 1% FPR", "recall at 0.1% FPR")
"""What `wallet_bootstrap` measures, in its order."""

LEAST_SEEDS = 10
_CELLS = 2**21
"""Weights that are drawn and summed at once: 16 MB an array."""


@dataclass(frozen=True, slots=True)
class Interval:
    """`estimate` on the wallets as they are (mean over seeds); `low` to `high` holds `level` of `resamples` draws."""

    measure: str
    estimate: float
    low: float
    high: float
    level: float
    seeds: int
    resamples: int


def wallet_bootstrap(
    scores: NDArray[Any],
    labels: NDArray[Any],
    wallets: NDArray[Any],
    *,
    weights: NDArray[Any] | None = None,
    seeds: Sequence[int] = tuple(range(LEAST_SEEDS)),
    resamples: int = 100,
    stratified: bool = True,
    level: float = 0.95,
) -> tuple[Interval, ...]:
    """Intervals of all `MEASURES`.

    `scores` has shape (N,), or (S, N) with one row per seed, as a cross-validation over S seeds gives them: the
    interval then covers both the choice of wallets and that of folds. `labels`, `wallets`, `weights`: shape (N,).
    `resamples`: per seed. `stratified` draws wallets with fraud and wallets without apart, which keeps their numbers;
    without it, draws that lack a class are left out and not counted. Best F1 is chosen anew in each draw, as it was for
    the estimate.

    Raises ValueError as `metrics.checked` does, for fewer than ten seeds and for scores of another number of seeds.
    """
    table = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    if len(seeds) < LEAST_SEEDS or len(set(seeds)) < len(seeds):
        raise ValueError(f"{len(set(seeds))} different seeds; an interval takes at least {LEAST_SEEDS}")
    if len(table) not in (1, len(seeds)):
        raise ValueError(f"scores of {len(table)} seeds do not fit {len(seeds)} seeds")
    _, owner = np.unique(wallets, return_inverse=True)
    estimates, drawings = [], []
    for at, seed in enumerate(seeds):
        values, fraud, known = checked(table[at % len(table)], labels, weights)
        drawn = _draw(owner, fraud, resamples, stratified, np.random.default_rng(seed))
        if at < len(table):
            estimates.append(_measure(values, fraud, known, owner, np.ones((1, drawn.shape[1])))[0])
        drawings.append(_measure(values, fraud, known, owner, drawn))
    found = np.concatenate(drawings)
    if not len(found):
        raise ValueError("no draw held both classes; draw stratified, or resample more often")
    tail = (1.0 - level) / 2
    low, high = np.quantile(found, (tail, 1.0 - tail), axis=0)
    centre = np.mean(estimates, axis=0)
    return tuple(
        Interval(name, float(centre[i]), float(low[i]), float(high[i]), level, len(seeds), len(found))
        for i, name in enumerate(MEASURES)
    )


def draws(
    labels: NDArray[Any], wallets: NDArray[Any], *, seeds: Sequence[int], resamples: int
) -> tuple[NDArray[np.int64], Floats]:
    """The stratified draws of `wallet_bootstrap`, for figures of another kind: each row's place among the W wallets,
    shape (N,), and how often each wallet was drawn, shape (len(seeds) · resamples, W)."""
    _, owner = np.unique(wallets, return_inverse=True)
    fraud = np.asarray(labels) > 0
    drawn = [_draw(owner, fraud, resamples, True, np.random.default_rng(seed)) for seed in seeds]
    return owner.astype(np.int64), np.concatenate(drawn)


def rankings(
    scores: NDArray[Any], labels: NDArray[Any], weights: NDArray[Any], owner: NDArray[np.int64], times: Floats
) -> Iterator[Ranking]:
    """The ranking of rows (N,) under the draws `times` (D, W), some draws at a time and in their order. A draw may lack
    a class."""
    fraud = np.asarray(labels) > 0
    order, last = places(np.asarray(scores, dtype=np.float64))
    owner, hit, alarm = owner[order], (weights * fraud)[order], (weights * ~fraud)[order]
    step = max(1, _CELLS // len(scores))
    for start in range(0, len(times), step):
        drawn = times[start : start + step, owner]
        hits = np.cumsum(drawn * hit, axis=1)[:, last]
        alarms = np.cumsum(drawn * alarm, axis=1)[:, last]
        yield Ranking(scores[order][last], hits, alarms)


def middle(found: NDArray[Any], level: float = 0.95) -> tuple[float, float] | tuple[None, None]:
    """What holds the middle `level` of the draws `found` (D,), those left out that are NaN; nothing where all are."""
    known = found[~np.isnan(found)]
    if not len(known):
        return None, None
    low, high = np.quantile(known, ((1.0 - level) / 2, (1.0 + level) / 2)).tolist()
    return low, high


def f1_interval(
    alerts: NDArray[Any], labels: NDArray[Any], wallets: NDArray[Any], *, seeds: Sequence[int], resamples: int
) -> tuple[float, float] | tuple[None, None]:
    """The interval of F1 where a threshold from elsewhere chose the alerts; arrays of shape (N,)."""
    owner, times = draws(labels, wallets, seeds=seeds, resamples=resamples)
    alert, fraud = np.asarray(alerts) > 0, np.asarray(labels) > 0
    size = times.shape[1]
    hits, ones, all_fraud = (times @ np.bincount(owner, of, size) for of in (alert & fraud, alert, fraud))
    return middle(2.0 * hits / (ones + all_fraud))


def _draw(
    owner: NDArray[np.int64], fraud: NDArray[np.bool_], resamples: int, stratified: bool, dice: np.random.Generator
) -> Floats:
    """How often each wallet was drawn, shape (resamples, wallets)."""
    wallets = int(owner.max()) + 1
    suspect = np.bincount(owner, fraud) > 0
    groups = [np.flatnonzero(suspect), np.flatnonzero(~suspect)] if stratified else [np.arange(wallets)]
    times = np.zeros((resamples, wallets))
    for members in groups:
        for one in range(resamples):
            chosen = dice.integers(0, len(members), len(members)) if len(members) else members
            times[one, members] = np.bincount(chosen, minlength=len(members))
    return times


def _measure(
    scores: Floats, fraud: NDArray[np.bool_], known: Floats, owner: NDArray[np.int64], times: Floats
) -> Floats:
    """The measures of each draw that holds both classes, shape (draws, len(MEASURES))."""
    found = []
    for drawn in rankings(scores, fraud, known, owner, times):
        both = (drawn.hits[:, -1] > 0) & (drawn.alarms[:, -1] > 0)
        ranks = Ranking(drawn.thresholds, drawn.hits[both], drawn.alarms[both])
        found.append(
            np.stack(
                [
                    ranks.roc_auc(),
                    ranks.pr_auc(),
                    ranks.f1().max(axis=-1),
                    ranks.recall_within(0.01),
                    ranks.recall_within(0.001),
                ],
                axis=1,
            )
        )
    return np.concatenate(found)
