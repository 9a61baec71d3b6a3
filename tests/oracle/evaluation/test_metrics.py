import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    f1_score,
    roc_auc_score,
    roc_curve,
)

from oracle.evaluation.metrics import (
    best_f1,
    calibration,
    confusion,
    equal_wallets,
    pr_auc,
    ranking,
    recall_at_fpr,
    roc_auc,
    thinned,
)
from oracle.scoring.numbers import Floats

Case = tuple[Floats, Floats, Floats]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Scores with many ties, both labels, weights that are sometimes zero."""
    size = draw(st.integers(2, 60))
    scores = draw(st.lists(st.integers(-3, 8), min_size=size, max_size=size))
    rest = size - 2
    labels = [0, 1, *draw(st.lists(st.integers(0, 1), min_size=rest, max_size=rest))]
    weighed = st.lists(st.sampled_from([0.0, 0.25, 1.0, 3.0, 7.5]), min_size=rest, max_size=rest)
    weights = [1.0, 2.0, *draw(weighed)]
    return np.array(scores) / 8.0, np.array(labels, dtype=np.float64), np.array(weights)


@settings(deadline=None)
@given(cases())
def test_roc_auc__with_ties_and_weights__equals_scikit_learn(case: Case) -> None:
    scores, labels, weights = case
    assert roc_auc(scores, labels, weights) == pytest.approx(roc_auc_score(labels, scores, sample_weight=weights))
    assert roc_auc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))


@settings(deadline=None)
@given(cases())
def test_pr_auc__with_ties_and_weights__equals_scikit_learn(case: Case) -> None:
    scores, labels, weights = case
    assert pr_auc(scores, labels, weights) == pytest.approx(
        average_precision_score(labels, scores, sample_weight=weights)
    )


@settings(deadline=None)
@given(cases(), st.integers(-4, 9))
def test_confusion__at_any_threshold__equals_scikit_learn(case: Case, level: int) -> None:
    scores, labels, weights = case
    found = confusion(scores, labels, level / 8.0, weights)
    wanted = confusion_matrix(labels, scores >= level / 8.0, sample_weight=weights)
    assert [
        [found.true_negative, found.false_positive],
        [found.false_negative, found.true_positive],
    ] == pytest.approx(wanted)
    assert found.f1 == pytest.approx(f1_score(labels, scores >= level / 8.0, sample_weight=weights, zero_division=0))


@settings(deadline=None)
@given(cases())
def test_best_f1__over_all_thresholds__is_the_largest(case: Case) -> None:
    scores, labels, weights = case
    others = [confusion(scores, labels, float(one), weights).f1 for one in np.unique(scores)]
    assert best_f1(scores, labels, weights).f1 == pytest.approx(max(others))


@settings(deadline=None)
@given(cases(), st.sampled_from([0.0, 0.001, 0.01, 0.1, 0.25, 0.5, 1.0]))
def test_recall_at_fpr__with_ties__never_exceeds_the_limit_and_misses_no_better_threshold(
    case: Case, limit: float
) -> None:
    scores, labels, weights = case
    found = recall_at_fpr(scores, labels, limit, weights)
    assert found.false_positive_rate <= limit
    rates, recalls, _ = roc_curve(labels, scores, sample_weight=weights, drop_intermediate=False)
    assert found.recall == pytest.approx(recalls[rates <= limit].max())
    assert float(ranking(scores, labels, weights).recall_within(limit)) == pytest.approx(found.recall)


def test_recall_at_fpr__licit_row_on_top__has_no_threshold() -> None:
    found = recall_at_fpr(np.array([3.0, 2.0, 1.0]), np.array([0, 1, 0]), 0.01)
    assert found.threshold == math.inf
    assert found.recall == 0.0


def test_recall_at_fpr__a_thousand_licit_rows__allows_exactly_ten_at_one_percent() -> None:
    scores = np.concatenate([np.arange(1000.0), [989.5]])
    found = recall_at_fpr(scores, np.append(np.zeros(1000), 1), 0.01)
    assert (found.false_positive, found.threshold, found.recall) == (10.0, 989.5, 1.0)


@settings(deadline=None)
@given(cases())
def test_brier__of_probabilities__equals_scikit_learn(case: Case) -> None:
    scores, labels, weights = case
    probabilities = (scores + 3 / 8) / 2
    found = calibration(probabilities, labels, weights)
    assert found.brier == pytest.approx(brier_score_loss(labels, probabilities, sample_weight=weights))


@settings(deadline=None)
@given(cases(), st.integers(1, 12))
def test_calibration__bins__hold_all_mass_in_order_and_share_no_probability(case: Case, bins: int) -> None:
    scores, labels, weights = case
    probabilities = (scores + 3 / 8) / 2
    found = calibration(probabilities, labels, weights, bins)
    assert len(found.bins) <= bins
    assert sum(one.weight for one in found.bins) == pytest.approx(weights.sum())
    assert sum(one.weight * one.predicted for one in found.bins) == pytest.approx((weights * probabilities).sum())
    assert sum(one.weight * one.observed for one in found.bins) == pytest.approx((weights * labels).sum())
    means = [one.predicted for one in found.bins]
    assert means == sorted(means)


def test_calibration__probabilities_that_are_true__miss_by_little_and_shifted_ones_by_the_shift() -> None:
    dice = np.random.default_rng(1)
    probabilities = dice.random(40_000) * 0.8
    labels = dice.random(40_000) < probabilities
    assert calibration(probabilities, labels).error < 0.01
    assert calibration(probabilities + 0.2, labels).error == pytest.approx(0.2, abs=0.01)
    masses = [one.weight for one in calibration(probabilities, labels, bins=10).bins]
    assert max(masses) - min(masses) <= 1


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_equal_wallets__of_any_sizes__weighs_each_wallet_alike(wallets: list[int]) -> None:
    weights = equal_wallets(np.array(wallets))
    sums = np.bincount(np.unique(wallets, return_inverse=True)[1], weights)
    assert sums == pytest.approx(np.full(len(sums), len(wallets) / len(sums)))


def test_thinned__of_many_thresholds__keeps_the_curve_within_a_hundredth() -> None:
    dice = np.random.default_rng(2)
    labels = dice.random(20_000) < 0.3
    ranks = ranking(labels + dice.normal(size=20_000), labels)
    rate, recall, precision = thinned(ranks)
    assert len(rate) == len(recall) == len(precision) <= 402
    area = np.trapezoid([0.0, *recall], [0.0, *rate])
    assert area == pytest.approx(float(ranks.roc_auc()), abs=0.001)
    assert (rate[-1], recall[-1]) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("scores", "labels", "weights", "problem"),
    [
        ([1.0, math.nan], [0, 1], None, "row 1 has the score NaN"),
        ([1.0, 2.0], [0, 2], None, "labels are"),
        ([1.0, 2.0], [1, 1], None, "both classes"),
        ([1.0, 2.0], [0, 1], [1.0, 0.0], "both classes"),
        ([1.0, 2.0], [0, 1], [1.0, -1.0], "weights must be"),
        ([1.0, 2.0], [0, 1, 1], None, "must all be"),
    ],
)
def test_roc_auc__of_unusable_rows__names_the_problem(
    scores: list[float], labels: list[int], weights: list[float] | None, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        roc_auc(np.array(scores), np.array(labels), None if weights is None else np.array(weights))


def test_calibration__of_log_odds__is_refused() -> None:
    with pytest.raises(ValueError, match="outside of 0 to 1"):
        calibration(np.array([-1.0, 2.0]), np.array([0, 1]))
