"""`train`: from a seed to the bytes of a model file."""

from dataclasses import replace
from warnings import catch_warnings, simplefilter

import numpy as np
from sklearn.cluster import DBSCAN
from sklearn.ensemble import IsolationForest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.neural_network import MLPRegressor
from sklearn.svm import OneClassSVM
from threadpoolctl import threadpool_limits

from oracle.scoring.config import ScoringConfig
from oracle.scoring.ensemble import AnomalyEnsemble, Forest, RankCurve
from oracle.scoring.ensemble.anomaly import mean
from oracle.scoring.features import VELOCITY_FEATURES
from oracle.scoring.model import serialise
from oracle.scoring.training import export
from oracle.scoring.training.curves import scaler, score_curve
from oracle.scoring.training.data import Progress, fraudulent_life, ordinary_life
from oracle.scoring.training.selection import selected
from oracle.scoring.training.settings import (
    DBSCAN_MINIMUM,
    DBSCAN_QUANTILE,
    HIDDEN,
    NEIGHBOURS,
    REFERENCE_POINTS,
    SUBSAMPLE,
    SVM_OUTSIDE,
    SVM_POINTS,
    TREES,
    VELOCITY_TREES,
)


def train(
    seed: int,
    *,
    payments: int = 24_000,
    config: ScoringConfig | None = None,
    supervised: bytes | None = None,
    progress: Progress | None = None,
) -> bytes:
    """A model trained on simulated ordinary life: `payments` to fit on and as many others to calibrate on. Simulated
    frauds in further economies decide what each detector weighs.

    `supervised` is the file of a supervised model to put in. The same arguments give the same bytes on the same machine
    and library versions; one thread computes, because the order of sums in BLAS depends on their number. Raises
    ValueError for fewer than 4,000 payments, too few for the tails of the ranks.
    """
    if payments < 4_000:
        raise ValueError(f"{payments} payments are too few to calibrate on; take at least 4,000")
    config = config or ScoringConfig()
    report = progress or (lambda _what, _share: None)
    with threadpool_limits(limits=1):
        fit, held_out = ordinary_life(seed, payments, config, report)
        scale = scaler(fit)
        x, y = _scaled(scale.curves, fit), _scaled(scale.curves, held_out)
        width = len(VELOCITY_FEATURES)
        report("fitting the velocity forest", 0.45)
        velocity = _forest(x[:, :width], VELOCITY_TREES, seed)
        velocity_curve = score_curve(np.array([velocity.raw(row) for row in y[:, :width]]))
        ensemble = _ensemble(x, y, seed, report)
        report("weighing the detectors", 0.85)
        z, frauds = fraudulent_life(seed, payments, config)
        ensemble = _weighed(ensemble, y, _scaled(scale.curves, z), frauds)
    report("writing", 1.0)
    return serialise(
        config=config,
        scaler=scale,
        velocity_forest=velocity,
        velocity_curve=velocity_curve,
        ensemble=ensemble,
        training={"seed": str(seed), "payments": str(payments), "source": "simulator"},
        supervised=supervised,
    )


def _scaled(curves: tuple[RankCurve, ...], vectors: np.ndarray) -> np.ndarray:
    columns = [[curve(value) for value in column.tolist()] for curve, column in zip(curves, vectors.T, strict=True)]
    return np.array(columns).T


def _forest(x: np.ndarray, trees: int, seed: int) -> Forest:
    return export.forest(IsolationForest(n_estimators=trees, max_samples=SUBSAMPLE, random_state=seed).fit(x))


def _ensemble(x: np.ndarray, y: np.ndarray, seed: int, report: Progress) -> AnomalyEnsemble:
    dice = np.random.default_rng(seed)
    forest = _forest(x, TREES, seed)
    report("fitting the One-Class SVM", 0.55)
    # half of the median squared distance, so that the kernel tells neighbours from strangers
    sample = x[dice.choice(len(x), SVM_POINTS, replace=False)]
    squares = ((sample[:300, None, :] - sample[None, 300:600, :]) ** 2).sum(axis=2)
    svm = OneClassSVM(nu=SVM_OUTSIDE, gamma=float(2.0 / np.median(squares))).fit(sample)
    report("fitting LOF and DBSCAN", 0.6)
    points = x[dice.choice(len(x), REFERENCE_POINTS, replace=False)]
    lof = LocalOutlierFactor(n_neighbors=NEIGHBOURS, novelty=True, algorithm="kd_tree").fit(points)
    near = NearestNeighbors(n_neighbors=DBSCAN_MINIMUM).fit(points).kneighbors()[0][:, -1]
    dbscan = DBSCAN(eps=float(np.quantile(near, DBSCAN_QUANTILE)), min_samples=DBSCAN_MINIMUM).fit(points)
    report("fitting the autoencoder", 0.65)
    network = MLPRegressor(
        hidden_layer_sizes=HIDDEN, max_iter=60, early_stopping=True, random_state=seed, learning_rate_init=3e-3
    )
    with catch_warnings():
        simplefilter("ignore", ConvergenceWarning)  # the number of epochs is the regularisation
        network.fit(x, x)
    parts = (forest, export.one_class_svm(svm), export.neighbourhood(lof, dbscan, points), export.autoencoder(network))
    report("calibrating", 0.75)
    bare = AnomalyEnsemble(*parts, curves=(), weights=())
    raw = np.array([bare.raw(row) for row in y])
    return replace(bare, curves=tuple(score_curve(column) for column in raw.T))


def _weighed(bare: AnomalyEnsemble, y: np.ndarray, z: np.ndarray, frauds: np.ndarray) -> AnomalyEnsemble:
    """With weights by what frauds among `z` tell, and the mean ranked among the ordinary payments `y`."""

    def ranks(rows: np.ndarray) -> np.ndarray:
        raw = (bare.raw(row) for row in rows)
        return np.array([[curve(score) for curve, score in zip(bare.curves, one, strict=True)] for one in raw])

    weights = selected(ranks(z), frauds)
    means = np.array([mean(row, weights) for row in ranks(y).tolist()])
    return replace(bare, curves=(*bare.curves, score_curve(means)), weights=weights)
