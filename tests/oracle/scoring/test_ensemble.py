"""Our inference against scikit-learn's own scores."""

from typing import Any

import numpy as np
import pytest
from sklearn.cluster import DBSCAN
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.neural_network import MLPRegressor
from sklearn.svm import OneClassSVM

from oracle.scoring import RiskModel
from oracle.scoring.ensemble import MEMBERS, AnomalyEnsemble, RankCurve
from oracle.scoring.features import FEATURES
from oracle.scoring.training import export
from oracle.scoring.training.curves import feature_curve, score_curve

SIZE = 12


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    dice = np.random.default_rng(7)
    return np.concatenate([dice.normal(0.5, 0.1, (250, SIZE)), dice.normal(0.1, 0.05, (150, SIZE))])


@pytest.fixture(scope="module")
def strange() -> np.ndarray:
    dice = np.random.default_rng(8)
    return np.concatenate([dice.normal(0.5, 0.2, (60, SIZE)), dice.uniform(-1.0, 2.0, (40, SIZE))])


def scores(raw: Any, rows: np.ndarray) -> np.ndarray:
    return np.array([raw(row) for row in rows])


def test_forest__any_point__equals_scikit_learn(points: np.ndarray, strange: np.ndarray) -> None:
    fitted = IsolationForest(n_estimators=50, max_samples=128, random_state=1).fit(points)
    ours = scores(export.forest(fitted).raw, strange)
    assert ours == pytest.approx(-fitted.score_samples(strange), abs=1e-9)


def test_one_class_svm__any_point__equals_scikit_learn(points: np.ndarray, strange: np.ndarray) -> None:
    fitted = OneClassSVM(nu=0.1, gamma=2.0).fit(points)
    ours = scores(export.one_class_svm(fitted).raw, strange)
    assert ours == pytest.approx(-fitted.decision_function(strange), abs=1e-9)


def test_neighbourhood__any_point__equals_scikit_learn(points: np.ndarray, strange: np.ndarray) -> None:
    lof = LocalOutlierFactor(n_neighbors=20, novelty=True, algorithm="kd_tree").fit(points)
    dbscan = DBSCAN(eps=0.4, min_samples=5).fit(points)
    ours = scores(export.neighbourhood(lof, dbscan, points).raw, strange)
    assert ours[:, 0] == pytest.approx(-lof.score_samples(strange), abs=1e-9)
    core = NearestNeighbors(n_neighbors=1, algorithm="kd_tree").fit(points[dbscan.core_sample_indices_])
    assert ours[:, 1] == pytest.approx(core.kneighbors(strange)[0][:, 0] / 0.4, abs=1e-9)


def test_neighbourhood__points_of_a_cluster__score_at_most_one_under_dbscan(points: np.ndarray) -> None:
    lof = LocalOutlierFactor(n_neighbors=20, novelty=True, algorithm="kd_tree").fit(points)
    dbscan = DBSCAN(eps=0.3, min_samples=5).fit(points)
    ours = scores(export.neighbourhood(lof, dbscan, points).raw, points)[:, 1]
    assert np.array_equal(ours <= 1.0, dbscan.labels_ >= 0)


def test_autoencoder__any_point__equals_scikit_learn(points: np.ndarray, strange: np.ndarray) -> None:
    fitted = MLPRegressor(hidden_layer_sizes=(8, 3, 8), solver="lbfgs", max_iter=5_000, random_state=1).fit(
        points, points
    )
    ours = scores(export.autoencoder(fitted).raw, strange)
    assert ours == pytest.approx(((fitted.predict(strange) - strange) ** 2).mean(axis=1), abs=1e-9)


def test_opinion__shipped_model__ranks_of_all_members(model: RiskModel) -> None:
    channel = model.channels[0]
    assert isinstance(channel, AnomalyEnsemble)
    usual = channel.opinion(np.full(len(FEATURES), 0.5))
    odd = channel.opinion(np.full(len(FEATURES), 1.5))
    assert tuple(usual.members) == MEMBERS
    assert all(0.0 <= rank <= 1.0 for rank in usual.members.values())
    assert odd.rank > 0.99


def test_score_curve__held_out_scores__rank_is_the_share_below() -> None:
    values = np.random.default_rng(3).lognormal(size=20_000)
    curve = score_curve(values)
    for share in (0.1, 0.5, 0.9, 0.99, 0.999):
        assert curve(float(np.quantile(values, share))) == pytest.approx(share, abs=0.003)
    assert curve(1e9) == 1.0
    assert curve(-1.0) == 0.0


def test_feature_curve__shared_values__get_the_middle_of_their_ranks() -> None:
    curve = feature_curve(np.array([0.0] * 90 + [1.0] * 10))
    assert (curve(0.0), curve(1.0)) == (0.45, 0.95)
    assert 0.95 < curve(1.5) < curve(2.0) <= 1.45


def test_rank_curve__inside__rises() -> None:
    curve = RankCurve((0.0, 1.0, 4.0), (0.0, 0.5, 1.0))
    ranks = [curve(step / 10) for step in range(-5, 60)]
    assert ranks == sorted(ranks)
