import math

import numpy as np
import pytest

from oracle.evaluation.agebands import age_bands, age_edges, within_bands
from oracle.evaluation.metrics import roc_auc


def test_age_bands__of_a_model_that_only_knows_age__fall_to_chance() -> None:
    dice = np.random.default_rng(1)
    wallets = np.arange(4000)
    labels = wallets % 2
    ages = dice.normal(size=4000) + 1.5 * labels
    found = age_bands(ages, labels, wallets, ages, age_edges(ages, wallets, 200))
    assert roc_auc(ages, labels) > 0.84
    assert found.roc_auc < 0.53


def test_age_bands__of_a_model_that_knows_fraud__keep_it() -> None:
    dice = np.random.default_rng(2)
    wallets = np.arange(2000)
    labels = wallets % 2
    ages = dice.normal(size=2000) + labels
    scores = dice.normal(size=2000) + 2 * labels
    found = age_bands(scores, labels, wallets, ages, age_edges(ages, wallets, 10))
    assert found.roc_auc == pytest.approx(roc_auc(scores, labels), abs=0.02)


def test_age_bands__of_any_wallets__count_pairs_of_wallets_of_one_band() -> None:
    """Against the definition: every pair of wallets of one band, every pair of their rows."""
    dice = np.random.default_rng(3)
    wallets = np.concatenate([np.arange(24), dice.integers(0, 24, 100)])
    labels, ages = wallets % 2, (wallets % 5) * 1.0
    scores = dice.integers(0, 6, 124) / 2.0
    won, pairs = 0.0, 0
    for guilty in range(1, 24, 2):
        for other in range(0, 24, 2):
            if guilty % 5 == other % 5:
                a, b = scores[wallets == guilty], scores[wallets == other]
                won += float(np.mean((a[:, None] > b) + 0.5 * (a[:, None] == b)))
                pairs += 1
    found = age_bands(scores, labels, wallets, ages, (0.5, 1.5, 2.5, 3.5))
    assert found.pairs == pairs
    assert found.roc_auc == pytest.approx(won / pairs)
    assert sum(band.licit + band.fraud for band in found.bands) == 24


def test_age_bands__without_two_classes_in_a_band__have_no_figure() -> None:
    found = age_bands(np.arange(4.0), np.array([0, 0, 1, 1]), np.arange(4), np.arange(4.0), (1.5,))
    assert found.pairs == 0
    assert math.isnan(found.roc_auc)


def test_age_bands__edges_that_fall_and_ages_that_are_missing__are_refused() -> None:
    with pytest.raises(ValueError, match="must rise"):
        age_bands(np.arange(2.0), np.array([0, 1]), np.arange(2), np.arange(2.0), (2.0, 1.0))
    with pytest.raises(ValueError, match="age is NaN"):
        age_bands(np.arange(2.0), np.array([0, 1]), np.arange(2), np.array([1.0, math.nan]), ())


def test_within_bands__of_any_rows__is_the_weighted_share_of_pairs_of_one_band() -> None:
    dice = np.random.default_rng(4)
    labels, bands = dice.integers(0, 2, 60), dice.integers(0, 4, 60)
    scores, weights = dice.integers(0, 5, 60) / 2.0, dice.random(60)
    won = pairs = 0.0
    for guilty in np.flatnonzero(labels == 1):
        for other in np.flatnonzero((labels == 0) & (bands == bands[guilty])):
            weight = weights[guilty] * weights[other]
            won += weight * ((scores[guilty] > scores[other]) + 0.5 * (scores[guilty] == scores[other]))
            pairs += weight
    assert within_bands(scores, labels, bands, weights) == pytest.approx(won / pairs)


def test_within_bands__without_both_classes_in_any_band__has_no_figure() -> None:
    labels = np.array([0, 0, 1, 1])
    assert math.isnan(within_bands(np.arange(4.0), labels, labels, np.ones(4)))
