from typing import Any

import numpy as np
import pytest

from oracle.evaluation.judge import judge
from oracle.evaluation.metrics import calibration, confusion, equal_wallets, roc_auc
from oracle.evaluation.report import Outcomes
from tests.oracle.evaluation.helpers import judged, passed, population


def test_judge__of_scores_of_several_seeds__draws_the_first_and_estimates_over_all() -> None:
    features, labels, wallets = population()
    dice = np.random.default_rng(1)
    scores = np.stack([features[:, 0] + 0.3 * dice.normal(size=len(labels)) for _ in range(10)])
    mine = confusion(scores[1], labels, 0.5)
    found = judge("m", scores, labels, wallets, audit=passed(), outcomes={"mine": mine}, resamples=3)
    assert found.figures[0].value == pytest.approx(np.mean([roc_auc(one, labels) for one in scores]))
    assert found.outcomes[-1] == Outcomes("mine", mine)
    assert np.trapezoid(found.roc.y, found.roc.x) == pytest.approx(roc_auc(scores[0], labels), abs=0.005)


def test_judge__of_any_scores__draws_curves_from_end_to_end_and_histograms_of_all_rows() -> None:
    found = judged("m", None)
    assert (found.roc.x[0], found.roc.y[0], found.roc.x[-1], found.roc.y[-1]) == (0, 0, 1, 1)
    assert found.precision_recall.x[-1] == 1
    assert sum(found.histogram.licit) == pytest.approx(1)
    assert sum(found.histogram.fraud) == pytest.approx(1)
    assert len(found.histogram.edges) == len(found.histogram.licit) + 1


def test_judge__with_probabilities__calibrates_those_and_without_says_nothing_of_them() -> None:
    features, labels, wallets = population()
    probabilities = 1 / (1 + np.exp(-features[:, 0]))
    found = judge("m", features[:, 0], labels, wallets, audit=None, probabilities=probabilities, resamples=2)
    assert found.calibration == calibration(probabilities, labels)
    without = judge("m", features[:, 0], labels, wallets, audit=None, resamples=2)
    assert without.calibration is None
    assert "Brier score" not in {one.name for one in without.figures}


def test_judge__with_weights_of_calibration__measures_probabilities_under_them_alone() -> None:
    features, labels, wallets = population()
    probabilities, weights = 1 / (1 + np.exp(-features[:, 0])), equal_wallets(wallets)
    given: dict[str, Any] = {"audit": None, "probabilities": probabilities, "resamples": 2}
    found = judge("m", features[:, 0], labels, wallets, calibrated_under=weights, **given)
    assert found.calibration == calibration(probabilities, labels, weights)
    assert found.figures[0] == judge("m", features[:, 0], labels, wallets, **given).figures[0]


def test_judge__of_probabilities__gives_their_error_an_interval_around_it() -> None:
    """Of well calibrated ones every draw has a larger error than they have; the interval is not to lie above it."""
    dice = np.random.default_rng(2)
    chances = dice.random(400)
    labels, wallets = (dice.random(400) < chances).astype(np.float64), np.arange(400)
    found = judge("m", chances, labels, wallets, audit=None, probabilities=chances, resamples=10)
    figures = {one.name: one for one in found.figures}
    for name in ("expected calibration error", "Brier score"):
        one = figures[name]
        assert one.low is not None
        assert one.high is not None
        assert 0 <= one.low < one.value < one.high < 0.25


def test_judge__of_scores_that_are_all_alike__still_has_a_histogram() -> None:
    _, labels, wallets = population()
    found = judge("m", np.zeros(len(labels)), labels, wallets, audit=None, resamples=2)
    assert max(found.histogram.licit) == 1
    assert found.figures[0].value == 0.5
