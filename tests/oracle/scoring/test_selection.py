import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from oracle.scoring import RiskModel
from oracle.scoring.ensemble.anomaly import MEMBERS, AnomalyEnsemble, mean
from oracle.scoring.training.selection import selected


def members(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """One that tells much, one that tells something else, one that tells nothing, and one that misleads."""
    dice = np.random.default_rng(seed)
    labels = (dice.random(3_000) < 0.1).astype(np.float64)
    first, second = labels * (dice.random(3_000) < 0.7), labels * (dice.random(3_000) < 0.5)
    columns = (dice.random(3_000) + first, dice.random(3_000) + 0.8 * second, dice.random(3_000), -labels)
    return np.array([np.argsort(np.argsort(one)) / 3_000 for one in columns]).T, labels


@pytest.mark.parametrize("seed", range(3))
def test_selected__members_of_all_kinds__mean_beats_the_best_and_the_plain_mean(seed: int) -> None:
    ranks, labels = members(seed)
    weights = selected(ranks, labels)
    reached = roc_auc_score(labels, ranks @ np.array(weights))
    assert reached > max(roc_auc_score(labels, ranks[:, one]) for one in range(4))
    assert reached > roc_auc_score(labels, ranks.mean(axis=1))
    assert weights[3] == 0


def test_selected__one_member_tells_all__has_all_the_weight() -> None:
    ranks, labels = members(7)
    weights = selected(np.column_stack([labels, ranks]), labels)
    assert weights == (1, 0, 0, 0, 0)


def test_selected__nothing_is_labelled__is_refused() -> None:
    with pytest.raises(ValueError, match="0 of 5 rows are labelled"):
        selected(np.zeros((5, 2)), np.zeros(5))


def test_opinion__weights_of_the_model__rank_the_weighted_mean() -> None:
    (ensemble,) = RiskModel.default().channels
    assert isinstance(ensemble, AnomalyEnsemble)
    x = np.full(len(RiskModel.default().scaler.curves), 0.9)
    opinion = ensemble.opinion(x)
    ranks = [opinion.members[name] for name in MEMBERS]
    assert opinion.rank == ensemble.curves[-1](mean(ranks, ensemble.weights))
    assert sum(ensemble.weights) > 0


@pytest.mark.parametrize("weights", [(0, 0, 0, 0, 0), (1, -1, 1, 1, 1), (1, 1)])
def test_of__weights_that_are_none__are_refused(weights: tuple[int, ...]) -> None:
    (ensemble,) = RiskModel.default().channels
    assert isinstance(ensemble, AnomalyEnsemble)
    arrays = ensemble.arrays() | {"weights.members": np.array(weights, np.int32)}
    with pytest.raises(ValueError, match="weights"):
        AnomalyEnsemble.of(arrays, len(RiskModel.default().scaler.curves))
