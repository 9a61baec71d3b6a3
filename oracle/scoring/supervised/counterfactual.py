"""The least change that would have lowered a score: exact, because trees change only where a threshold is crossed."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from oracle.scoring.numbers import Floats
from oracle.scoring.supervised.model import SupervisedModel


@dataclass(frozen=True, slots=True)
class FeatureChange:
    """Feature number `feature` at `value`, all else as it was, gives `score`."""

    feature: int
    value: float
    score: int


@dataclass(frozen=True, slots=True)
class AmountChange:
    """The payment at `amount` (the token's smallest unit) gives `score`."""

    amount: int
    score: int


def least_feature_change(
    model: SupervisedModel, x: Floats, feature: int, target: int, *, low: float, high: float
) -> FeatureChange | None:
    """The value within [low, high] nearest to x[feature] at which the score of `x`, shape (F,), is at most `target`.

    Between two neighbouring thresholds the score is constant, so one value of each gap within the bounds is tried: the
    one nearest to x[feature]. A row passes left at a threshold itself, so the gap above begins at the next float. None
    where no value of the feature is enough, where it is NaN (there is no nearest), or where `x` needs no change.
    """
    own = float(x[feature])
    if np.isnan(own) or model.score(x) <= target:
        return None
    thresholds = model.trees.thresholds(feature)
    down = thresholds[(thresholds < own) & (thresholds >= low)]
    up = np.nextafter(thresholds[(thresholds >= own) & (thresholds < high)], np.inf)
    values = np.concatenate([down, up])
    values = values[np.isfinite(values) & (values >= low) & (values <= high)]
    if not len(values):
        return None
    rows = np.tile(x, (len(values), 1))
    rows[:, feature] = values
    scores = model.score_batch(rows)
    enough = np.flatnonzero(scores <= target)
    if not len(enough):
        return None
    best = enough[np.argmin(np.abs(values[enough] - own))]
    return FeatureChange(feature, float(values[best]), int(scores[best]))


def least_changes(
    model: SupervisedModel, x: Floats, target: int, bounds: Sequence[tuple[int, float, float]]
) -> tuple[FeatureChange, ...]:
    """`least_feature_change` for each (feature, low, high) of `bounds` that has one, in that order."""
    found = (least_feature_change(model, x, feature, target, low=low, high=high) for feature, low, high in bounds)
    return tuple(change for change in found if change is not None)


def largest_amount(
    model: SupervisedModel,
    vector_of: Callable[[int], Floats],
    amount: int,
    target: int,
    *,
    least: int = 1,
    budget: int = 2_000,
) -> AmountChange | None:
    """The largest amount from `least` to below `amount` at which the score is at most `target`.

    `vector_of` gives the features, shape (F,), of the payment with another amount. Each feature must be monotone in the
    amount (rising or falling): then a range whose two ends lie in the same gap of every feature's thresholds scores the
    same throughout, and only ranges that cross a threshold are halved. Exact for such features. None where no amount is
    enough, or where `budget` vectors did not decide it.
    """
    if amount <= least:
        return None
    ends = vector_of(least), vector_of(amount - 1)
    # a monotone feature with the same value at both ends has it everywhere between
    moving = np.flatnonzero((ends[0] != ends[1]) & ~(np.isnan(ends[0]) & np.isnan(ends[1]))).tolist()
    thresholds = [(feature, model.trees.thresholds(feature).tolist()) for feature in moving]
    spent = 0

    def look(at: int) -> tuple[int, tuple[int, ...], int]:
        nonlocal spent
        spent += 1
        x = vector_of(at)
        gaps = tuple(
            -1 if x[feature] != x[feature] else bisect_left(own, float(x[feature])) for feature, own in thresholds
        )
        return at, gaps, model.score(x)

    # ranges whose upper end is known to score too high or is the payment itself; the highest range is on top
    waiting = [(look(least), look(amount - 1))]
    while waiting:
        low, high = waiting.pop()
        if high[2] <= target:
            return AmountChange(high[0], high[2])
        if low[1] == high[1] or low[0] == high[0]:
            continue
        if high[0] - low[0] == 1:
            if low[2] <= target:
                return AmountChange(low[0], low[2])
            continue
        if spent >= budget:
            return None
        middle = look((low[0] + high[0]) // 2)
        waiting += [(low, middle), (middle, high)]
    return None
