import numpy as np
import pytest

from oracle.scoring.numbers import Floats
from oracle.scoring.supervised.counterfactual import largest_amount, least_changes, least_feature_change
from oracle.scoring.supervised.model import SupervisedModel
from oracle.scoring.supervised.train import FitSettings, fit
from tests.oracle.scoring.supervised.conftest import rows_and_labels

ROWS, LABELS = rows_and_labels(1, 2400, 8, 0.1)


@pytest.fixture(scope="module")
def model() -> SupervisedModel:
    quick = FitSettings(trees=25, folds=3, learning_rate=0.2, min_data_in_leaf=10)
    return fit(ROWS, LABELS, np.arange(2400) // 6, tuple("abcdefgh"), quick, 7)


def suspicious(model: SupervisedModel) -> Floats:
    scores = model.score_batch(ROWS)
    whole = ~np.isnan(ROWS).any(axis=1)
    rows: Floats = ROWS[whole][np.argsort(-scores[whole], kind="stable")[:30]]
    return rows


def test_least_feature_change__against_a_fine_grid__nothing_nearer(model: SupervisedModel) -> None:
    found = 0
    for x in suspicious(model):
        target = model.score(x) - 5
        change = least_feature_change(model, x, 2, target, low=-5.0, high=5.0)
        grid = np.tile(x, (4001, 1))
        grid[:, 2] = np.linspace(-5, 5, 4001)
        enough = grid[model.score_batch(grid) <= target, 2]
        if change is None:
            assert not len(enough)
            continue
        found += 1
        moved = x.copy()
        moved[2] = change.value
        assert model.score(moved) == change.score <= target
        assert not len(enough) or abs(change.value - x[2]) <= np.abs(enough - x[2]).min()
    assert found > 5


def test_least_changes__bounds_that_allow_none__empty(model: SupervisedModel) -> None:
    x = suspicious(model)[0]
    assert least_changes(model, x, model.score(x), [(2, -5.0, 5.0)]) == ()
    assert least_changes(model, x, model.score(x) - 1, [(2, float(x[2]), float(x[2]))]) == ()
    x[2] = np.nan
    assert least_feature_change(model, x, 2, 0, low=-5.0, high=5.0) is None


def test_largest_amount__features_that_follow_it__what_trying_all_finds(model: SupervisedModel) -> None:
    found = 0
    for x in suspicious(model):

        def vector(amount: int, x: Floats = x) -> Floats:
            moved = x.copy()
            moved[0], moved[3] = float(amount), 2.0 - amount / 200
            return moved

        scores = [model.score(vector(amount)) for amount in range(1, 600)]
        target = model.score(vector(600)) - 5
        enough = [amount for amount, score in enumerate(scores, start=1) if score <= target]
        change = largest_amount(model, vector, 600, target)
        if change is None:
            assert not enough
            continue
        found += 1
        assert change.amount == enough[-1]
        assert change.score == scores[change.amount - 1]
    assert found > 3


def test_largest_amount__no_room_or_no_budget__none(model: SupervisedModel) -> None:
    x = suspicious(model)[0]
    assert largest_amount(model, lambda _: x, 1, 0) is None
    assert largest_amount(model, lambda _: x, 10**30, model.score(x) - 1) is None
