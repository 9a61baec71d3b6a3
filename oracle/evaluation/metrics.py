"""How well scores tell two classes apart: weighted, with ties counted exactly.

Everything follows from two running sums over the distinct scores, highest first: the weight of fraud and of licit rows
that score as high or higher (`Ranking`). Rows that share a score stand or fall together, so no order among ties can
flatter a figure. An alert is a score at or above the threshold.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.scoring.numbers import Floats


@dataclass(frozen=True, slots=True)
class Ranking:
    """The K distinct scores, falling, and what reaches each: all of shape (K,), or (B, K) for B sets of weights."""

    thresholds: Floats
    hits: Floats
    """Weight of fraud rows at or above."""
    alarms: Floats
    """Weight of licit rows at or above."""

    def roc_auc(self) -> Floats:
        """Area under the ROC curve by trapezes: P(fraud scores higher) + P(tie) / 2, shape () or (B,)."""
        steps = np.diff(self.alarms, axis=-1, prepend=0.0)
        before = self.hits - np.diff(self.hits, axis=-1, prepend=0.0)
        area: Floats = (steps * (before + self.hits)).sum(axis=-1) / (2.0 * self.hits[..., -1] * self.alarms[..., -1])
        return area

    def pr_auc(self) -> Floats:
        """Average precision: sum of (recall step × precision), no interpolation, shape () or (B,)."""
        reached = self.hits + self.alarms
        precision = self.hits / np.where(reached > 0, reached, 1.0)
        found: Floats = (np.diff(self.hits, axis=-1, prepend=0.0) * precision).sum(axis=-1) / self.hits[..., -1]
        return found

    def f1(self) -> Floats:
        """F1 at each threshold, shape (K,) or (B, K): 2·hits / (alerts + all fraud)."""
        return 2.0 * self.hits / (self.hits + self.alarms + self.hits[..., -1:])

    def within(self, limit: float) -> NDArray[np.bool_]:
        """Which thresholds keep the false positive rate at or below `limit`, shape (K,) or (B, K)."""
        return self.alarms / self.alarms[..., -1:] <= limit

    def recall_within(self, limit: float) -> Floats:
        """The largest recall whose false positive rate is at most `limit`, shape () or (B,)."""
        found: Floats = np.where(self.within(limit), self.hits, 0.0).max(axis=-1) / self.hits[..., -1]
        return found


@dataclass(frozen=True, slots=True)
class Confusion:
    """Weights (counts where none were given) of the four outcomes at a threshold; alert means score >= threshold."""

    threshold: float
    true_negative: float
    false_positive: float
    false_negative: float
    true_positive: float

    @property
    def recall(self) -> float:
        """Share of fraud that is alerted."""
        return self.true_positive / (self.true_positive + self.false_negative)

    @property
    def false_positive_rate(self) -> float:
        """Share of licit rows that are alerted."""
        return self.false_positive / (self.false_positive + self.true_negative)

    @property
    def precision(self) -> float:
        """Share of alerts that are fraud, 0 without alerts."""
        alerts = self.true_positive + self.false_positive
        return self.true_positive / alerts if alerts else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.true_positive / (2 * self.true_positive + self.false_positive + self.false_negative)


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows of like probability: their total weight, mean probability and share of fraud."""

    weight: float
    predicted: float
    observed: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Bins of equal mass in the order of probability, and what they miss by.

    `error`: expected calibration error, the bins' |observed − predicted| weighted by mass (Naeini, Cooper and
    Hauskrecht 2015, with bins of equal mass as in Nixon et al. 2019). `brier`: mean squared difference of probability
    and label (Brier 1950).
    """

    bins: tuple[Bin, ...]
    error: float
    brier: float


def checked(
    scores: NDArray[Any], labels: NDArray[Any], weights: NDArray[Any] | None = None
) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """The three arrays, shape (N,), as float, bool and float; weights of one where none are given.

    Raises ValueError for shapes that differ, a score that is NaN, a label other than 0 and 1, a weight that is negative
    or not finite, and where one class has no weight.
    """
    scores = np.asarray(scores, dtype=np.float64)
    labels = np.asarray(labels)
    known = np.ones(scores.shape) if weights is None else np.asarray(weights, dtype=np.float64)
    if scores.ndim != 1 or labels.shape != scores.shape or known.shape != scores.shape:
        raise ValueError(f"scores {scores.shape}, labels {labels.shape} and weights {known.shape} must all be (N,)")
    if np.isnan(scores).any():
        raise ValueError(f"row {int(np.flatnonzero(np.isnan(scores))[0])} has the score NaN; give every row a score")
    if not np.isin(labels, (0, 1)).all():
        raise ValueError(f"labels are {np.unique(labels).tolist()[:5]}; leave out rows of other labels than 0 and 1")
    if not (np.isfinite(known) & (known >= 0)).all():
        raise ValueError("weights must be finite and not negative")
    fraud = labels.astype(bool)
    if not (known[fraud].sum() > 0 and known[~fraud].sum() > 0):
        raise ValueError(f"{int(fraud.sum())} fraud rows of {len(fraud)}: both classes need rows of positive weight")
    return scores, fraud, known


def ranking(scores: NDArray[Any], labels: NDArray[Any], weights: NDArray[Any] | None = None) -> Ranking:
    """The ranking of rows, arrays of shape (N,). Raises ValueError as `checked` does."""
    values, fraud, known = checked(scores, labels, weights)
    order, last = places(values)
    known, fraud = known[order], fraud[order]
    return Ranking(values[order][last], np.cumsum(known * fraud)[last].copy(), np.cumsum(known * ~fraud)[last].copy())


def places(scores: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The order of falling scores, shape (N,), and in it the last place of each distinct score, shape (K,)."""
    order = np.argsort(-scores, kind="stable").astype(np.int64)
    ranked = scores[order]
    return order, np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)).astype(np.int64)


def roc_auc(scores: NDArray[Any], labels: NDArray[Any], weights: NDArray[Any] | None = None) -> float:
    """P(a fraud row scores higher than a licit one), ties half. Raises ValueError as `checked` does."""
    return float(ranking(scores, labels, weights).roc_auc())


def pr_auc(scores: NDArray[Any], labels: NDArray[Any], weights: NDArray[Any] | None = None) -> float:
    """Average precision. Raises ValueError as `checked` does."""
    return float(ranking(scores, labels, weights).pr_auc())


def confusion(
    scores: NDArray[Any], labels: NDArray[Any], threshold: float, weights: NDArray[Any] | None = None
) -> Confusion:
    """Outcomes where scores of `threshold` and above alert. Raises ValueError as `checked` does."""
    values, fraud, known = checked(scores, labels, weights)
    alert = values >= threshold
    return Confusion(
        float(threshold),
        true_negative=float(known[~alert & ~fraud].sum()),
        false_positive=float(known[alert & ~fraud].sum()),
        false_negative=float(known[~alert & fraud].sum()),
        true_positive=float(known[alert & fraud].sum()),
    )


def best_f1(scores: NDArray[Any], labels: NDArray[Any], weights: NDArray[Any] | None = None) -> Confusion:
    """Outcomes at the threshold of the largest F1, the highest such threshold. It is chosen on these very rows, so it
    flatters; for an honest figure choose on others and use `confusion`. Raises ValueError as `checked` does."""
    ranks = ranking(scores, labels, weights)
    return confusion(scores, labels, float(ranks.thresholds[int(np.argmax(ranks.f1()))]), weights)


def recall_at_fpr(
    scores: NDArray[Any], labels: NDArray[Any], limit: float, weights: NDArray[Any] | None = None
) -> Confusion:
    """Outcomes at the lowest threshold whose false positive rate is at most `limit`.

    Rows that tie at the border are left out together, so the rate may lie below the limit and never above. The
    threshold is infinite, and the recall 0, where even the highest score would break the limit. Raises ValueError as
    `checked`.
    """
    ranks = ranking(scores, labels, weights)
    kept = int(np.count_nonzero(ranks.within(limit)))
    return confusion(scores, labels, float(ranks.thresholds[kept - 1]) if kept else math.inf, weights)


def calibration(
    probabilities: NDArray[Any], labels: NDArray[Any], weights: NDArray[Any] | None = None, bins: int = 15
) -> Calibration:
    """Reliability in at most `bins` bins of equal mass; equal probabilities share a bin.

    Raises ValueError as `checked` does and for a probability outside of 0 to 1.
    """
    values, fraud, known = checked(probabilities, labels, weights)
    if values.min() < 0 or values.max() > 1:
        raise ValueError(f"probabilities reach from {values.min()} to {values.max()}, outside of 0 to 1")
    distinct, place = np.unique(values, return_inverse=True)
    mass = np.bincount(place, known)
    whole = float(mass.sum())
    bin_of = np.minimum((np.cumsum(mass) - mass / 2) * bins // whole, bins - 1).astype(np.int64)
    held = np.bincount(bin_of, mass, bins)
    mean = np.bincount(bin_of, mass * distinct, bins)
    share = np.bincount(bin_of, np.bincount(place, known * fraud), bins)
    found = tuple(
        Bin(weight, predicted / weight, observed / weight)
        for weight, predicted, observed in zip(held.tolist(), mean.tolist(), share.tolist(), strict=True)
        if weight > 0
    )
    error = math.fsum(one.weight * abs(one.observed - one.predicted) for one in found) / whole
    return Calibration(found, error, float((known * (values - fraud) ** 2).sum() / whole))


def equal_wallets(wallets: NDArray[Any]) -> Floats:
    """Weights, shape (N,), under which each wallet counts as much as every other; they add up to N."""
    _, owner = np.unique(wallets, return_inverse=True)
    sizes = np.bincount(owner)
    return np.asarray(len(owner) / len(sizes) / sizes[owner], dtype=np.float64)


def thinned(ranks: Ranking, points: int = 400) -> tuple[Sequence[float], Sequence[float], Sequence[float]]:
    """False positive rate, recall and precision of at most about `points` thresholds, both ends among them.

    Evenly spaced in the place along the curve (rate + recall), so that no part of it is drawn from few points. A ROC
    curve starts at (0, 0), which has no precision, so it is for the caller to add.
    """
    rate, recall = ranks.alarms / ranks.alarms[-1], ranks.hits / ranks.hits[-1]
    wanted = np.searchsorted(rate + recall, np.linspace(0.0, 2.0, points))
    kept = np.unique(np.clip(np.concatenate([[0], wanted, [len(rate) - 1]]), 0, len(rate) - 1))
    reached = ranks.hits + ranks.alarms
    precision = ranks.hits / np.where(reached > 0, reached, 1.0)
    return rate[kept].tolist(), recall[kept].tolist(), precision[kept].tolist()
