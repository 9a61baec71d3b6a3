"""The five anomaly detectors on stream vectors, fitted on ordinary wallets, weighed by fraud (docs/scoring.md).

The same transform, estimators and sizes as `oracle.scoring.training`, asked for whole tables at once. A feature that is
NaN (an empty window) takes the middle rank, so that what is missing tells a detector nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import DBSCAN
from sklearn.ensemble import IsolationForest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.neural_network import MLPRegressor
from sklearn.svm import OneClassSVM
from threadpoolctl import threadpool_limits

from oracle.scoring.ensemble import MEMBERS, RankCurve
from oracle.scoring.numbers import Floats
from oracle.scoring.stream import FEATURES
from oracle.scoring.stream.features import HISTORY
from oracle.scoring.training import settings
from oracle.scoring.training.curves import feature_curve, score_curve
from oracle.scoring.training.selection import selected

DETECTORS = MEMBERS
LEARNER = "detectors/2: forest, SVM, LOF, DBSCAN, autoencoder on licit wallets, 3 quarters fit, 1 ranks and weighs"
_CALIBRATING = 0.25
"""Share of the licit training wallets that the ranks come from, and beside the training fraud the weights."""
_OVERSHOOT = 0.5

COMPACT: tuple[int, ...] = tuple(
    place
    for place, feature in enumerate(FEATURES)
    if feature.horizon == 0 or (feature.name.startswith("own_") and feature.horizon == HISTORY)
)
"""Columns of `FEATURES` that the channel sees: the payment alone, and the wallet's whole remembered habit as shares.

Of the `CHOICES` that were tried with one dealing of the stablecoin wallets this one did best (mean rank 0.65, the
others 0.45 to 0.52), so what is measured on those wallets flatters it."""

CHOICES = 8
"""Sets of columns among which COMPACT was chosen."""

WEEK_COMPACT: tuple[int, ...] = tuple(
    place for place, feature in enumerate(FEATURES) if feature.horizon == 0 or feature.name.startswith("own_7d_")
)
"""The same for the habit of the last 7 days."""


@dataclass(frozen=True, slots=True)
class Detectors:
    """Fitted on one set of ordinary rows. `curves`: of the columns in `columns`; `ranks` and `weights`: of the
    detectors."""

    columns: tuple[int, ...]
    curves: tuple[RankCurve, ...]
    fitted: tuple[Any, ...]
    eps: float
    ranks: tuple[RankCurve, ...]
    weights: tuple[int, ...] = (1,) * len(DETECTORS)

    def raw(self, rows: Floats) -> Floats:
        """Raw scores of rows (M, F), shape (5, M) in the order of DETECTORS, higher is more unusual."""
        forest, svm, lof, core, network = self.fitted
        with threadpool_limits(limits=1):
            x = scaled(self.curves, rows[:, list(self.columns)])
            error = network.predict(x) - x
            return np.stack(
                [
                    -forest.score_samples(x),
                    -svm.decision_function(x),
                    -lof.score_samples(x),
                    core.kneighbors(x, n_neighbors=1)[0][:, 0] / self.eps,
                    (error * error).mean(axis=1),
                ]
            )

    def member_ranks(self, raw: Floats) -> Floats:
        """The ranks among ordinary rows, shape (M, 5), of raw scores (5, M)."""
        return np.array([at(curve, own) for curve, own in zip(self.ranks, raw, strict=True)]).T

    def rank(self, raw: Floats) -> Floats:
        """The weighted mean of these ranks, shape (M,)."""
        return np.asarray(self.member_ranks(raw) @ np.array(self.weights) / sum(self.weights))


def at(curve: RankCurve, values: Floats) -> Floats:
    """`curve` of many values at once, shape (M,); NaN gives 0.5."""
    knots = np.array(curve.values)
    found = np.interp(values, knots, np.array(curve.ranks))
    if curve.width:
        found = found + _OVERSHOOT * np.minimum(1.0, np.maximum(0.0, values - knots[-1]) / curve.width)
        found = found - _OVERSHOOT * np.minimum(1.0, np.maximum(0.0, knots[0] - values) / curve.width)
    return np.asarray(np.where(np.isnan(values), 0.5, found), dtype=np.float64)


def scaled(curves: Sequence[RankCurve], rows: Floats) -> Floats:
    """Rows (M, K) through the transform of K features."""
    return np.stack([at(curve, column) for curve, column in zip(curves, rows.T, strict=True)], axis=1)


def fit_detectors(
    rows: Floats,
    wallets: NDArray[Any],
    columns: Sequence[int] = COMPACT,
    seed: int = 0,
    *,
    fraud: Floats | None = None,
) -> Detectors:
    """From rows (N, F) of ordinary wallets (N,); each wallet is drawn from equally often. Columns that are empty are
    left out. Rows of `fraud` (M, F), of other wallets than will be scored, decide what each detector weighs; without
    them all weigh the same. Raises ValueError for fewer than eight wallets."""
    _, owner = np.unique(wallets, return_inverse=True)
    count = int(owner.max()) + 1 if len(owner) else 0
    if count < 8:
        raise ValueError(f"{count} ordinary wallets are too few to fit detectors on; take at least 8")
    dice = np.random.default_rng(seed)
    held = np.zeros(count, np.bool_)
    held[dice.permutation(count)[: max(2, round(_CALIBRATING * count))]] = True
    inside = ~held[owner]
    kept = tuple(one for one in columns if not np.isnan(rows[inside, one]).all())
    curves = tuple(feature_curve(own[~np.isnan(own)]) for own in rows[inside][:, list(kept)].T)
    x = _drawn(scaled(curves, rows[inside][:, list(kept)]), owner[inside], settings.SVM_POINTS, dice)
    with threadpool_limits(limits=1), catch_warnings():
        simplefilter("ignore", ConvergenceWarning)  # the number of epochs is the regularisation
        fitted, eps = _estimators(x, seed)
    bare = Detectors(kept, curves, fitted, eps, ())
    raw = bare.raw(rows[~inside])
    found = replace(bare, ranks=tuple(score_curve(own) for own in raw))
    if fraud is None or not len(fraud):
        return found
    # by ordinary rows that no detector was fitted on, as none was on fraud
    known = np.concatenate([found.member_ranks(raw), found.member_ranks(found.raw(fraud))])
    labels = np.repeat((0.0, 1.0), (raw.shape[1], len(fraud)))
    return replace(found, weights=selected(known, labels))


def _estimators(x: Floats, seed: int) -> tuple[tuple[Any, ...], float]:
    forest = IsolationForest(
        n_estimators=settings.TREES, max_samples=min(settings.SUBSAMPLE, len(x)), random_state=seed
    )
    third = max(1, min(300, len(x) // 2))
    squares = ((x[:third, None, :] - x[None, third : 2 * third, :]) ** 2).sum(axis=2)
    svm = OneClassSVM(nu=settings.SVM_OUTSIDE, gamma=float(2.0 / max(np.median(squares), 1e-9)))
    points = x[: settings.REFERENCE_POINTS]
    lof = LocalOutlierFactor(n_neighbors=min(settings.NEIGHBOURS, len(points) - 1), novelty=True)
    near = NearestNeighbors(n_neighbors=settings.DBSCAN_MINIMUM).fit(points).kneighbors()[0][:, -1]
    eps = max(float(np.quantile(near, settings.DBSCAN_QUANTILE)), 1e-9)
    clusters = DBSCAN(eps=eps, min_samples=settings.DBSCAN_MINIMUM).fit(points)
    core = points[clusters.core_sample_indices_]
    network = MLPRegressor(
        hidden_layer_sizes=settings.HIDDEN, max_iter=60, early_stopping=True, random_state=seed, learning_rate_init=3e-3
    )
    return (
        forest.fit(x),
        svm.fit(x),
        lof.fit(points),
        NearestNeighbors(n_neighbors=1).fit(core if len(core) else points),
        network.fit(x, x),
    ), eps


def _drawn(x: Floats, owner: NDArray[np.int64], most: int, dice: np.random.Generator) -> Floats:
    """At most `most` rows in random order, a row of a wallet with many rows less likely."""
    chance = 1.0 / np.bincount(owner)[owner]
    size = min(most, len(x))
    drawn: Floats = x[dice.choice(len(x), size, replace=False, p=chance / chance.sum())]
    return drawn
