from collections.abc import Callable
from typing import Any

import lightgbm
import numpy as np
import pytest

from oracle.scoring.supervised.from_lightgbm import from_lightgbm
from oracle.scoring.supervised.trees import SCALE, BoostedTrees
from tests.oracle.scoring.supervised.conftest import Case, boosted, rows_and_labels


def test_raw_batch__strange_values__what_lightgbm_predicts(case: Case) -> None:
    ours = from_lightgbm(case.booster).raw_batch(case.rows) / SCALE
    assert np.abs(ours - case.booster.predict(case.rows, raw_score=True)).max() < 1e-6


def test_raw__row_by_row__same_integers_as_the_batch(case: Case) -> None:
    trees = from_lightgbm(case.booster)
    assert [trees.raw(row) for row in case.rows] == trees.raw_batch(case.rows).tolist()


def test_raw_batch__rows_in_other_orders_and_layouts__same_integers(case: Case) -> None:
    trees = from_lightgbm(case.booster)
    order = np.random.default_rng(0).permutation(len(case.rows))
    expected = trees.raw_batch(case.rows)
    assert (trees.raw_batch(np.asfortranarray(case.rows)[order]) == expected[order]).all()
    assert trees.raw(np.repeat(case.rows[0], 2)[::2]) == expected[0]


def test_raw__no_rows_and_wrong_shapes__empty_or_refused() -> None:
    trees = from_lightgbm(boosted(1, trees=3).booster)
    assert trees.raw_batch(np.empty((0, 8))).shape == (0,)
    with pytest.raises(ValueError, match=r"\(7,\)"):
        trees.raw(np.zeros(7))
    with pytest.raises(ValueError, match=r"\(1, 9\)"):
        trees.raw_batch(np.zeros((1, 9)))


def test_from_lightgbm__labels_all_alike__trees_of_one_leaf() -> None:
    rows, _ = rows_and_labels(1, 100, 8, 0.0)
    settings = {"objective": "regression", "verbose": -1, "num_threads": 1}
    booster = lightgbm.train(settings, lightgbm.Dataset(rows, np.full(100, 3.0)), 2)
    assert from_lightgbm(booster).raw(rows[0]) == 3 * SCALE


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"zero_as_missing": True}, "zero for missing"),
        ({"linear_tree": True}, "linear"),
        ({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "summed"),
        ({"objective": "multiclass", "num_class": 2}, "summed"),
        ({"categorical_feature": [1], "min_data_per_group": 1, "cat_smooth": 0}, "'=='"),
    ],
)
def test_from_lightgbm__what_flat_trees_cannot_say__refused(settings: dict[str, Any], problem: str) -> None:
    rows, labels = rows_and_labels(1, 400, 4, 0.0)
    rows[:, 1] += 1
    rows[:, [0, 2, 3]] = np.abs(rows[:, [0, 2, 3]]) * (labels[:, None] + 0.1)
    if "categorical_feature" in settings:
        rows[:, 1] = labels
    categorical = settings.pop("categorical_feature", "auto")
    params = {"objective": "binary", "verbose": -1, "num_threads": 1} | settings
    booster = lightgbm.train(params, lightgbm.Dataset(rows, labels, params=params, categorical_feature=categorical), 3)
    with pytest.raises(ValueError, match=problem):
        from_lightgbm(booster)


def test_arrays__stored_and_read__same_trees(case: Case) -> None:
    trees = from_lightgbm(case.booster)
    again = BoostedTrees.of(trees.arrays(), trees.features)
    assert (again.raw_batch(case.rows) == trees.raw_batch(case.rows)).all()


def test_thresholds__of_each_feature__rise_and_are_all_of_them(case: Case) -> None:
    trees = from_lightgbm(case.booster)
    found = [trees.thresholds(feature) for feature in range(trees.features)]
    assert all((np.diff(one) > 0).all() for one in found)
    assert {value for one in found for value in one} == set(trees.threshold[trees.feature >= 0])


def _set(name: str, place: int, value: float) -> Callable[[dict[str, Any]], None]:
    def change(arrays: dict[str, Any]) -> None:
        arrays[name][place] = value

    return change


def _cut(name: str) -> Callable[[dict[str, Any]], None]:
    def change(arrays: dict[str, Any]) -> None:
        arrays[name] = arrays[name][:-1]

    return change


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (_set("left", 0, 0), "left"),
        (_set("right", 0, 10**6), "right"),
        (_set("right", -1, 1), "right"),
        (_set("feature", 0, 8), "beyond 8"),
        (_set("threshold", 0, np.nan), "no number"),
        (_set("leaf", -1, 2**60), "bounds"),
        (_set("cover", -1, 0.0), "positive"),
        (_set("cover", 0, 17.0), "children"),
        (_set("offsets", 0, 1), "offsets"),
        (_set("offsets", 1, 10**6), "offsets"),
        (_cut("left"), "length"),
        (_cut("offsets"), "offsets"),
        (lambda arrays: arrays.update(leaf=arrays["leaf"].astype(np.float64)), "float64"),
    ],
)
def test_of__arrays_that_do_not_fit__refused(change: Callable[[dict[str, Any]], None], problem: str) -> None:
    arrays = {name: array.copy() for name, array in from_lightgbm(boosted(1, trees=3).booster).arrays().items()}
    change(arrays)
    with pytest.raises(ValueError, match=problem):
        BoostedTrees.of(arrays, 8)
