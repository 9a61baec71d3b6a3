from itertools import combinations
from math import factorial

import numba
import numpy as np
import pytest

from oracle.scoring.supervised import shap
from oracle.scoring.supervised.from_lightgbm import from_lightgbm
from oracle.scoring.supervised.quadrature import gauss_legendre
from oracle.scoring.supervised.shap import TreeShap
from oracle.scoring.supervised.trees import SCALE, BoostedTrees
from tests.oracle.scoring.supervised.conftest import Case, boosted


@pytest.mark.parametrize("count", [1, 2, 3, 7, 20])
def test_gauss_legendre__of_n_nodes__integrates_degree_2n_minus_1(count: int) -> None:
    nodes, weights = gauss_legendre(count)
    for degree in range(2 * count):
        assert np.sum(weights * nodes**degree) == pytest.approx(1 / (degree + 1), rel=1e-14)


def test_contributions__strange_values__what_lightgbm_says(case: Case) -> None:
    ours = TreeShap.of(from_lightgbm(case.booster))
    theirs = case.booster.predict(case.rows[:100], pred_contrib=True)
    found = np.array([ours.contributions(row) for row in case.rows[:100]])
    assert np.abs(found - theirs[:, :-1]).max() < 1e-6
    assert abs(ours.expected - theirs[0, -1]) < 1e-6


def test_contributions__of_every_row__add_up_to_the_raw_score(case: Case) -> None:
    trees = from_lightgbm(case.booster)
    ours = TreeShap.of(trees)
    for row in case.rows:
        assert ours.expected + ours.contributions(row).sum() == pytest.approx(trees.raw(row) / SCALE, abs=1e-9)


def test_contributions__against_all_coalitions__are_shapley_values() -> None:
    case = boosted(11, trees=2, leaves=6, features=5)
    trees = from_lightgbm(case.booster)
    ours = TreeShap.of(trees)
    for row in case.rows[:10]:
        expected = []
        for own in range(5):
            others = [one for one in range(5) if one != own]
            value = 0.0
            for size in range(5):
                weight = factorial(size) * factorial(4 - size) / factorial(5)
                for present in combinations(others, size):
                    gain = _worth(trees, row, {*present, own}) - _worth(trees, row, set(present))
                    value += weight * gain
            expected.append(value)
        assert ours.contributions(row) == pytest.approx(expected, abs=1e-10)


def _worth(trees: BoostedTrees, row: np.ndarray, present: set[int]) -> float:
    def below(node: int) -> float:
        feature = int(trees.feature[node])
        left, right = int(trees.left[node]), int(trees.right[node])
        if feature < 0:
            return float(trees.leaf[node]) / SCALE
        if feature in present:
            goes_left = trees.default_left[node] if np.isnan(row[feature]) else row[feature] <= trees.threshold[node]
            return below(left if goes_left else right)
        return float(trees.cover[left] * below(left) + trees.cover[right] * below(right)) / float(trees.cover[node])

    return sum(below(int(root)) for root in trees.offsets[:-1])


def test_contributions__wrong_shape__refused() -> None:
    ours = TreeShap.of(from_lightgbm(boosted(1, trees=2).booster))
    with pytest.raises(ValueError, match=r"\(9,\)"):
        ours.contributions(np.zeros(9))


def test_contribute__machine_code__neither_fuses_nor_reorders() -> None:
    TreeShap.of(from_lightgbm(boosted(1, trees=2).booster)).contributions(np.zeros(8))
    kept = shap._contribute
    fresh = numba.jit(**kept.targetoptions)(kept.py_func)  # code that comes from the cache cannot be read
    fresh.compile(kept.signatures[0])
    for code in fresh.inspect_asm().values():
        assert "mul" in code
        assert "fmadd" not in code
        assert "fmla" not in code
