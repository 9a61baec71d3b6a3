import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from oracle.evaluation.conformal import Level, bound, cohort_bounds, empirical_rates, wallets_needed
from oracle.scoring.numbers import Floats


def _wallets(dice: np.random.Generator, count: int) -> tuple[Floats, NDArray[np.int64]]:
    """Wallets of 1 to about 400 rows; larger ones score higher, and rows of one wallet are alike."""
    sizes = np.minimum(1 + dice.pareto(0.7, count).astype(np.int64), 400)
    owner = np.repeat(np.arange(count), sizes)
    level = dice.normal(size=count) + 0.3 * np.log(sizes)
    return level[owner] + 0.5 * dice.normal(size=len(owner)), owner


@pytest.mark.parametrize("level", ["wallet", "row"])
@pytest.mark.parametrize(("alpha", "count"), [(0.1, 30), (0.05, 99), (0.01, 99)])
def test_bound__for_new_wallets_of_very_unequal_size__holds_on_average(level: Level, alpha: float, count: int) -> None:
    dice = np.random.default_rng(7)
    rates = []
    for _ in range(300):
        scores, owner = _wallets(dice, count + 200)
        seen = owner < count
        alerts = bound(scores[seen], owner[seen], alpha, level).alerts(scores[~seen])
        fresh = owner[~seen] - count
        hits = np.bincount(fresh, alerts)
        rates.append(np.mean(hits > 0) if level == "wallet" else np.mean(hits / np.bincount(fresh)))
    noise = 4 * np.std(rates) / math.sqrt(len(rates))
    assert np.mean(rates) <= alpha + noise
    assert np.mean(rates) >= alpha - noise - 2 / count  # and wastes little


def test_bound__calibrated_over_rows_as_if_independent__would_not_hold_for_wallets() -> None:
    """What the grouping is for: small wallets score higher here, and rows of large ones would outvote them."""
    dice = np.random.default_rng(8)
    grouped: list[np.floating] = []
    pooled: list[np.floating] = []
    for _ in range(50):
        scores, owner = _wallets(dice, 400)
        scores = scores - np.log(np.bincount(owner))[owner]
        seen = owner < 200
        fresh = owner[~seen] - 200
        for rates, wallets in ((grouped, owner[seen]), (pooled, np.arange(seen.sum()))):
            alerts = bound(scores[seen], wallets, 0.05, "row").alerts(scores[~seen])
            rates.append(np.mean(np.bincount(fresh, alerts) / np.bincount(fresh)))
    assert np.mean(grouped) <= 0.05 + 4 * np.std(grouped) / math.sqrt(50)
    assert np.mean(pooled) > 0.2


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=5), min_size=1, max_size=25), st.integers(1, 9))
def test_bound__of_any_wallets__is_the_formula(wallets: list[list[int]], tenths: int) -> None:
    alpha, count = tenths / 10, len(wallets)
    scores = np.array([float(one) for own in wallets for one in own])
    owner = np.repeat(np.arange(count), [len(own) for own in wallets])
    exact = Fraction(tenths, 10)
    place = math.ceil((count + 1) * (1 - exact))
    highest = sorted(max(own) for own in wallets)
    assert bound(scores, owner, alpha).threshold == (highest[place - 1] if place <= count else math.inf)

    def risk(t: float) -> Fraction:
        return (sum((Fraction(sum(x > t for x in own), len(own)) for own in wallets), Fraction(1))) / (count + 1)

    found = bound(scores, owner, alpha, "row").threshold
    assert math.isinf(found) or risk(found) <= exact
    lower = [t for t in sorted(set(scores.tolist())) if t < found]
    # the least such score, where shares that add up to the limit itself may count as above it by their rounding
    assert all(risk(t) > exact - Fraction(1, 10**9) for t in lower)


@settings(deadline=None)
@given(st.integers(1, 400).map(lambda n: n / 1000))
def test_wallets_needed__one_fewer__gives_no_threshold(alpha: float) -> None:
    count = wallets_needed(alpha)
    scores = np.arange(float(count))
    for level in ("wallet", "row"):
        assert math.isfinite(bound(scores, np.arange(count), alpha, level).threshold)
        if count > 1:
            assert math.isinf(bound(scores[1:], np.arange(count - 1), alpha, level).threshold)


def test_wallets_needed__for_one_percent_and_one_in_a_thousand__are_99_and_999() -> None:
    assert (wallets_needed(0.01), wallets_needed(0.001)) == (99, 999)


def test_bound__infinite__alerts_nothing() -> None:
    assert not bound(np.arange(5.0), np.arange(5), 0.01).alerts(np.array([1e300, math.inf])).any()


def test_least_alert__as_a_threshold_of_the_measures__alerts_the_same_scores() -> None:
    scores = np.repeat(np.arange(40.0), 2)
    found = bound(scores, np.repeat(np.arange(40), 2), 0.1)
    assert found.alerts(scores).tolist() == (scores >= found.least_alert).tolist()
    assert 0 < found.alerts(scores).sum() < 10


def test_rate_limit__of_one_calibration_set__is_kept_as_often_as_it_says() -> None:
    dice = np.random.default_rng(9)
    kept = 0
    for _ in range(500):
        found = bound(dice.random(199), np.arange(199), 0.05)
        kept += 1 - found.threshold <= found.rate_limit(0.9)  # uniform scores: the true rate is 1 - threshold
    assert 0.87 <= kept / 500 <= 0.93
    assert bound(dice.random(5), np.arange(5), 0.05).rate_limit() == 0.0


def test_rate_limit__of_a_row_bound__is_refused() -> None:
    with pytest.raises(ValueError, match="level 'row'"):
        bound(np.arange(30.0), np.arange(30), 0.1, "row").rate_limit()


def test_cohort_bounds__of_unlike_cohorts__hold_in_each_where_one_bound_for_all_does_not() -> None:
    dice = np.random.default_rng(10)
    pooled, apart = [], []
    for _ in range(100):
        cohorts = np.array(["new", "old"])[(np.arange(400) % 4 > 0).astype(np.int64)]
        scores = dice.normal(size=400) + 2.0 * (cohorts == "new")
        seen = np.arange(400) < 200
        fresh = ~seen & (cohorts == "new")
        pooled.append(bound(scores[seen], np.flatnonzero(seen), 0.1).alerts(scores[fresh]).mean())
        bounds = cohort_bounds(scores[seen], np.flatnonzero(seen), cohorts[seen], 0.1)
        apart.append(bounds.alerts(scores[fresh], cohorts[fresh]).mean())
    assert np.mean(apart) <= 0.1 + 4 * np.std(apart) / 10
    assert np.mean(pooled) > 0.2


def test_cohort_bounds__of_small_and_unknown_cohorts__never_alert_and_are_named() -> None:
    cohorts = np.array(["a"] * 20 + ["b"] * 3)
    found = cohort_bounds(np.arange(23.0), np.arange(23), cohorts, 0.1)
    assert found.unbounded == ("b",)
    assert found.alerts(np.array([99.0, 99.0, 99.0]), np.array(["a", "b", "c"])).tolist() == [True, False, False]


def test_cohort_bounds__wallet_of_two_cohorts__is_refused() -> None:
    with pytest.raises(ValueError, match="wallet 7 has rows of two cohorts"):
        cohort_bounds(np.arange(3.0), np.array([7, 7, 8]), np.array(["a", "b", "a"]), 0.1)


@pytest.mark.parametrize("level", ["wallet", "row"])
def test_empirical_rates__on_twenty_splits__stay_near_the_bound(level: Level) -> None:
    scores, owner = _wallets(np.random.default_rng(11), 1000)
    found = empirical_rates(scores, owner, 0.05, level)
    assert len(found.rates) == 20
    assert (found.calibrating, found.without_threshold) == (500, 0)
    assert 0.02 <= found.mean <= 0.07
    assert found.worst == max(found.rates)
    assert found == empirical_rates(scores, owner, 0.05, level)


def test_empirical_rates__of_too_few_wallets__say_that_no_split_had_a_threshold() -> None:
    scores, owner = _wallets(np.random.default_rng(13), 150)
    found = empirical_rates(scores, owner, 0.01)
    assert (found.mean, found.without_threshold) == (0.0, 20)
    assert empirical_rates(scores, owner, 0.01, cohorts=owner % 2).without_threshold == 20


def test_empirical_rates__by_cohort__uses_each_cohorts_own_bound() -> None:
    scores, owner = _wallets(np.random.default_rng(12), 400)
    shifted = scores + 10.0 * (owner % 2)
    found = empirical_rates(shifted, owner, 0.1, cohorts=owner % 2)
    assert found.rates == pytest.approx(empirical_rates(scores, owner, 0.1, cohorts=owner % 2).rates)
    assert found.mean <= 0.13


@pytest.mark.parametrize(
    ("scores", "wallets", "alpha", "problem"),
    [
        ([], [], 0.1, "with rows in them"),
        ([1.0], [1, 2], 0.1, "with rows in them"),
        ([math.nan], [1], 0.1, "NaN"),
        ([1.0], [1], 0.0, "alpha is 0"),
        ([1.0], [1], 1.0, "alpha is 1"),
    ],
)
def test_bound__of_unusable_rows__names_the_problem(
    scores: list[float], wallets: list[int], alpha: float, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        bound(np.array(scores), np.array(wallets), alpha)
