"""Bounds on false positives as time goes on, and what is said of ages."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from oracle.evaluation.conformal import bound
from oracle.evaluation.gate.alike import ages_of, sentence
from oracle.evaluation.gate.promise import bounds, later_rows, over_time
from oracle.evaluation.metrics import confusion
from oracle.evaluation.probes import Audit, Probe
from oracle.scoring.supervised.train import folds
from tests.oracle.evaluation.gate_tasks import labelled
from tests.oracle.evaluation.helpers import DAY, transfers

Case = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def wallets_over_time(moved: float, seed: int = 1) -> Case:
    """Of 400 wallets with 3 rows each every fourth is of fraud; those born late score `moved` higher."""
    dice = np.random.default_rng(seed)
    wallets = np.repeat(np.arange(400), 3)
    labels = (wallets % 4 == 0).astype(np.float64)
    scores = dice.normal(size=1200) + 4 * labels + moved * (wallets >= 200)
    return scores, labels, wallets, wallets * DAY


@pytest.mark.parametrize(("alpha", "level"), [(0.01, "row"), (0.01, "wallet"), (0.05, "row"), (0.05, "wallet")])
def test_bounds__matrix__judges_every_wallet_under_what_other_wallets_set(
    alpha: float, level: Literal["wallet", "row"]
) -> None:
    scores, labels, wallets, _ = wallets_over_time(0.0)
    fold = folds(wallets, labels, 3, 0)
    found = bounds(scores, labels, wallets, fold)[0][f"conformal bound of {alpha:.0%} of {level}s"]
    alerts, licit = np.zeros(len(scores)), labels == 0
    for one in range(3):
        others = licit & (fold != one)
        alerts[fold == one] = bound(scores[others], wallets[others], alpha, level).alerts(scores[fold == one])
    counted = confusion(alerts, labels, 1.0)
    assert found == replace(counted, threshold=bound(scores[licit], wallets[licit], alpha, level).least_alert)


def test_bounds__of_wallets_that_are_alike__come_out_at_their_rate_on_average() -> None:
    rates = []
    for seed in range(40):
        scores, labels, wallets, _ = wallets_over_time(0.0, seed)
        found = bounds(scores, labels, wallets, folds(wallets, labels, 3, seed))[0]
        rates.append(found["conformal bound of 5% of rows"].false_positive_rate)
    assert np.mean(rates) == pytest.approx(0.05, abs=0.01)
    assert max(rates) > 0.05, "a bound that is counted on what it was calibrated on never exceeds its rate"


def test_bounds__of_wallets_too_few_without_one_fold__are_left_out() -> None:
    scores, labels, wallets, _ = (column[: 3 * 160] for column in wallets_over_time(0.0))
    found, figures = bounds(
        scores, labels, wallets, folds(wallets, labels, 5, 0)
    )  # 120 licit wallets, 96 in four folds
    assert sorted(found) == ["conformal bound of 5% of rows", "conformal bound of 5% of wallets"]
    assert len(figures) == 4


def test_over_time__licit_wallets_that_stay_as_they_are__raise_no_alarm_and_fraud_in_their_place_does() -> None:
    found = over_time(*wallets_over_time(0.0))
    assert found is not None
    assert (found.calibrating, found.later, found.strangers) == (150, 150, 100)
    assert found.rate <= found.limit
    assert found.alarm == 0
    assert 0 < found.moved < 20
    assert "keeps quiet" in found.sentence


def test_over_time__licit_wallets_that_move__raise_the_alarm() -> None:
    found = over_time(*wallets_over_time(2.5))
    assert found is not None
    assert found.rate > 2 * found.limit
    assert 0 < found.alarm <= found.later
    assert f"sounds after {found.alarm} of them" in found.sentence


def test_over_time__few_wallets__gives_nothing() -> None:
    scores, labels, wallets, born = (column[:60] for column in wallets_over_time(0.0))
    assert over_time(scores, labels, wallets, born) is None


@pytest.mark.parametrize(("moved", "sounds"), [(0.0, False), (2.0, True)])
def test_later_rows__of_licit_senders__sound_the_alarm_only_where_their_share_rises(moved: float, sounds: bool) -> None:
    dice = np.random.default_rng(2)
    chosen = bound(dice.normal(size=2000), np.repeat(np.arange(400), 5), 0.01, "row")
    wallets = dice.integers(0, 300, 1500)
    labels = (wallets % 10 == 0).astype(np.float64)
    scores = dice.normal(size=1500) + np.where(labels > 0, 5.0, moved)
    found = later_rows(chosen, scores, labels, wallets, np.arange(1500))
    assert found is not None
    assert (found.later, found.strangers) == (270, 30)
    assert found.limit == pytest.approx(0.01 + 2 * (0.01 * 0.99 / 400) ** 0.5)
    assert (found.alarm > 0) == sounds
    assert found.moved > 0


def test_later_rows__of_a_bound_without_a_threshold__give_nothing() -> None:
    chosen = bound(np.arange(10.0), np.arange(10), 0.01, "row")
    assert later_rows(chosen, np.arange(4.0), np.array([0.0, 1.0, 0.0, 1.0]), np.arange(4), np.arange(4)) is None


def test_sentence__where_birth_tells_the_classes_apart__says_what_the_bands_leave() -> None:
    task = labelled("birth")
    ages = ages_of(task.transfers, task.history)
    probes = Audit((Probe("age", 2, 0.9),), 0.75)
    said = sentence(ages.born.astype(np.float64), task.labels, task.wallets, ages, probes)
    assert "age alone 0.900" in said
    assert "may thus still be how the labels were collected" in said


def test_ages__of_rows__are_bands_of_the_time_since_the_wallet_was_first_seen() -> None:
    table = transfers(4, 10)
    found = ages_of(table, table)
    days = (table.time - found.born) // DAY
    np.testing.assert_array_equal(found.life, np.where(days < 1, 0, np.where(days < 7, 1, 2)))
