"""Empirical distribution functions with few points."""

import numpy as np

from oracle.scoring.ensemble import RankCurve, Scaler

_FEATURE_LEVELS = np.linspace(0.0, 1.0, 21)
_TAIL = (0.95, 0.975, 0.99, 0.995, 0.9975, 0.999)
_SCORE_LEVELS = np.array(sorted({*np.linspace(0.0, 0.9, 19).tolist(), *_TAIL, 1.0}))


def feature_curve(values: np.ndarray) -> RankCurve:
    """The quantile transform of one feature; a value that many payments share gets the middle of their ranks."""
    ordered = np.sort(values)
    knots = np.unique(np.quantile(ordered, _FEATURE_LEVELS, method="lower"))
    below = np.searchsorted(ordered, knots, side="left") / len(ordered)
    upto = np.searchsorted(ordered, knots, side="right") / len(ordered)
    spread = float(knots[-1] - np.median(ordered))
    return RankCurve(tuple(knots.tolist()), tuple(((below + upto) / 2).tolist()), max(spread, 1.0))


def score_curve(values: np.ndarray) -> RankCurve:
    """The rank of a score among held-out ordinary payments: the share that scores lower; 1 only beyond all of them."""
    ordered = np.sort(np.round(values, 9))
    knots = np.unique(np.quantile(ordered, _SCORE_LEVELS, method="lower"))
    ranks = np.searchsorted(ordered, knots, side="left") / len(ordered)
    # the maximum of n is exceeded once in n + 1; half of its size farther out is as far as ranks go
    end = float(knots[-1] + max((knots[-1] - np.median(ordered)) / 2, 1e-9))
    return RankCurve((*knots.tolist(), end), (*ranks.tolist(), 1.0))


def scaler(vectors: np.ndarray) -> Scaler:
    """One curve a column of `vectors`, shape (payments, features)."""
    return Scaler(tuple(feature_curve(column) for column in vectors.T))
