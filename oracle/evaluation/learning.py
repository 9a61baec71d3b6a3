"""Would more wallets help? The figures as the number of training wallets grows, on the same held-out wallets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.evaluation.crossval import FitPredict, Progress, cross_validate
from oracle.evaluation.metrics import ranking
from oracle.scoring.numbers import Floats

FRACTIONS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Trained on `fraction` of the training wallets of each fold (`wallets` of them on average): means over the seeds,
    and the lowest and highest ROC-AUC of a seed."""

    fraction: float
    wallets: float
    roc_auc: float
    roc_auc_low: float
    roc_auc_high: float
    pr_auc: float
    recall_at_1pct_fpr: float


def learning_curve(
    rows: NDArray[Any],
    labels: NDArray[Any],
    wallets: NDArray[Any],
    fit_predict: FitPredict,
    *,
    learner: str,
    weights: NDArray[Any] | None = None,
    fractions: Sequence[float] = FRACTIONS,
    seeds: Sequence[int] = (0, 1, 2),
    count: int = 5,
    known: Mapping[int, Floats] | None = None,
    of_licit: bool = False,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> tuple[CurvePoint, ...]:
    """One point a fraction, in their order; arguments as `cross_validate`, `weights` (N,) for the measures. `known`: by
    seed, the scores (N,) of the whole training wallets where they were computed before. `of_licit`: the learner uses
    licit wallets only, so that only those are counted.

    Within a seed the training wallets of a smaller fraction are among those of a larger one, and both classes keep
    their share, so that the points differ by the number of wallets alone. Raises ValueError as `cross_validate` and
    `metrics.checked` do, and for a fraction outside of 0 to 1.
    """
    if not all(0 < fraction <= 1 for fraction in fractions):
        raise ValueError(f"fractions {list(fractions)} must lie above 0 and at most at 1")
    report = progress or (lambda _what, _share: None)
    points = []
    for at, fraction in enumerate(fractions):
        sizes: list[int] = []
        figures = []
        for place, seed in enumerate(seeds):
            done = (at + place / len(seeds)) / len(fractions)

            def partly(what: str, share: float, done: float = done) -> None:
                report(what, done + share / len(seeds) / len(fractions))

            def part(
                train: Floats,
                told: Floats,
                own: NDArray[Any],
                test: Floats,
                fraction: float = fraction,
                seed: int = seed,
            ) -> NDArray[Any]:
                chosen = nested_wallets(own, told, fraction, seed)
                return fit_predict(train[chosen], told[chosen], own[chosen], test)

            if fraction == 1 and known is not None and seed in known:
                scores = known[seed]
            else:
                scores = cross_validate(
                    rows,
                    labels,
                    wallets,
                    part,
                    learner=f"{learner}, {fraction:g} of the wallets",
                    seeds=(seed,),
                    count=count,
                    cache=cache,
                    progress=partly,
                )[0]
            ranks = ranking(scores, labels, weights)
            figures.append((float(ranks.roc_auc()), float(ranks.pr_auc()), float(ranks.recall_within(0.01))))
            sizes.append(_size(labels, wallets, fraction, count, of_licit))
        areas, precisions, recalls = (np.array(column) for column in zip(*figures, strict=True))
        points.append(
            CurvePoint(
                float(fraction),
                float(np.mean(sizes)),
                float(areas.mean()),
                float(areas.min()),
                float(areas.max()),
                float(precisions.mean()),
                float(recalls.mean()),
            )
        )
    report(f"{learner}, done", 1.0)
    return tuple(points)


def nested_wallets(wallets: NDArray[Any], labels: NDArray[Any], fraction: float, seed: int) -> NDArray[np.bool_]:
    """The rows, shape (N,), of a random `fraction` of the wallets of each class, at least one of each. With the same
    seed a larger fraction holds all of a smaller one."""
    _, owner = np.unique(wallets, return_inverse=True)
    fraud = np.bincount(owner, np.asarray(labels, dtype=np.float64)) > 0
    dice = np.random.default_rng(seed)
    chosen = np.zeros(len(fraud), dtype=np.bool_)
    for kind in (False, True):
        members = dice.permutation(np.flatnonzero(fraud == kind))
        chosen[members[: max(1, round(fraction * len(members)))]] = True
    return np.asarray(chosen[owner])


def _size(labels: NDArray[Any], wallets: NDArray[Any], fraction: float, count: int, of_licit: bool) -> int:
    """Training wallets of a fold, of both classes or of licit ones only, to within rounding."""
    _, owner = np.unique(wallets, return_inverse=True)
    suspect = int((np.bincount(owner, np.asarray(labels, dtype=np.float64)) > 0).sum())
    inside = (count - 1) / count
    licit = round(fraction * inside * (int(owner.max()) + 1 - suspect))
    return licit if of_licit else licit + round(fraction * inside * suspect)
