"""How far a figure would move with other wallets: percentile intervals from resampled wallets.

Rows of one wallet are alike, so that resampling rows would draw intervals several times too narrow (Davison and
Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8). Whole wallets are drawn with replacement
instead: a draw is a weight per wallet, the scores are sorted once per seed, and each measure is a running sum under the
drawn weights.
"""

from collections.abc import Sequence
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
    estimates, draws = [], []
    for at, seed in enumerate(seeds):
        values, fraud, known = checked(table[at % len(table)], labels, weights)
        drawn = _draw(owner, fraud, resamples, stratified, np.random.default_rng(seed))
        if at < len(table):
            estimates.append(_measure(values, fraud, known, owner, np.ones((1, drawn.shape[1])))[0])
        draws.append(_measure(values, fraud, known, owner, drawn))
    found = np.concatenate(draws)
    if not len(found):
        raise ValueError("no draw held both classes; draw stratified, or resample more often")
    tail = (1.0 - level) / 2
    low, high = np.quantile(found, (tail, 1.0 - tail), axis=0)
    centre = np.mean(estimates, axis=0)
    return tuple(
        Interval(name, float(centre[i]), float(low[i]), float(high[i]), level, len(seeds), len(found))
        for i, name in enumerate(MEASURES)
    )


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
    order, last = places(scores)
    owner, hit, alarm = owner[order], (known * fraud)[order], (known * ~fraud)[order]
    step = max(1, _CELLS // len(scores))
    found = []
    for start in range(0, len(times), step):
        drawn = times[start : start + step, owner]
        hits = np.cumsum(drawn * hit, axis=1)[:, last]
        alarms = np.cumsum(drawn * alarm, axis=1)[:, last]
        both = (hits[:, -1] > 0) & (alarms[:, -1] > 0)
        ranks = Ranking(scores[order][last], hits[both], alarms[both])
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
