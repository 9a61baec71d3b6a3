import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.scoring.supervised.calibration import ONE, OrdinaryRank, ProbabilityCurve
from oracle.scoring.supervised.fit_calibration import ANCHORS, fit_ordinary, fit_probability, shares
from oracle.scoring.supervised.trees import SCALE, Ints


def log_odds(seed: int, count: int) -> tuple[Ints, np.ndarray]:
    """Raw scores twice as sure as they should be, and labels."""
    dice = np.random.default_rng(seed)
    truth = dice.normal(-1, 2, size=count)
    labels = (dice.random(count) < 1 / (1 + np.exp(-truth))).astype(np.float64)
    return np.round(2 * truth * SCALE).astype(np.int64), labels


def test_fit_probability__scores_too_sure__right_on_new_rows() -> None:
    raws, labels = log_odds(1, 20_000)
    curve = fit_probability(raws, labels, np.ones(len(raws)))
    fresh, _ = log_odds(2, 5_000)
    truth = 1 / (1 + np.exp(-fresh / SCALE / 2))
    assert np.abs(curve.batch(fresh) - truth).mean() < 0.01


def test_fit_probability__classes_apart__never_certain() -> None:
    raws = np.arange(200, dtype=np.int64) * SCALE
    curve = fit_probability(raws, (raws > 100 * SCALE).astype(np.float64), np.ones(200))
    assert 0.0 < curve(-(2**50)) < 0.2
    assert 0.8 < curve(2**50) < 1.0


def test_fit_probability__heavier_rows__count_more() -> None:
    raws, labels = log_odds(1, 5_000)
    even = fit_probability(raws, labels, np.ones(5_000))
    tilted = fit_probability(raws, labels, np.where(labels == 1.0, 9.0, 1.0))
    assert tilted(0) > even(0) + 0.2


def test_fit_probability__one_score_for_all__the_rate() -> None:
    labels = np.array([1.0, 0.0, 0.0, 0.0])
    assert fit_probability(np.zeros(4, dtype=np.int64), labels, np.ones(4))(7) == pytest.approx(0.25)


def test_fit_probability__one_class__refused() -> None:
    with pytest.raises(ValueError, match="one class"):
        fit_probability(np.zeros(4, dtype=np.int64), np.zeros(4), np.ones(4))


@given(st.lists(st.integers(-(2**58), 2**58), min_size=2, max_size=20))
def test_probability_curve__any_raws__rises_and_stays_within_bounds(raws: list[int]) -> None:
    labelled, labels = log_odds(1, 300)
    curve = fit_probability(labelled, labels, np.ones(300))
    found = curve.batch(np.array(sorted(raws), dtype=np.int64))
    assert (np.diff(found) >= 0).all()
    assert found.min() >= 0
    assert found.max() <= 1


def test_probability_curve__at_and_between_knots__straight_lines() -> None:
    curve = ProbabilityCurve.of({"knots": np.array([0, 10]), "values": np.array([0, ONE // 2])})
    assert [curve(raw) for raw in (-1, 0, 5, 10, 11)] == [0.0, 0.0, 0.25, 0.5, 0.5]


def ordinary(seed: int, wallets: int) -> tuple[Ints, np.ndarray]:
    dice = np.random.default_rng(seed)
    counts = dice.integers(1, 120, size=wallets)
    owner = np.repeat(np.arange(wallets), counts)
    mood = np.repeat(dice.normal(size=wallets), counts)
    return np.round((mood + dice.normal(size=len(owner)) - 4) * SCALE).astype(np.int64), owner


def test_shares__of_the_levels__ten_times_rarer_each() -> None:
    table = shares()
    assert table[[0, 21, 41, 61, 81]] == pytest.approx([1, 0.1, 0.01, 0.001, 0.0001])
    assert table[51] == pytest.approx(10**-2.5)
    assert len(ANCHORS) == 6


@pytest.mark.parametrize("equal", [True, False])
def test_fit_ordinary__unseen_wallets__reach_scores_as_rarely_as_stated(equal: bool) -> None:
    rank = fit_ordinary(*ordinary(1, 3000), equal_wallets=equal)
    raws, owner = ordinary(2, 3000)
    scores = rank.batch(raws)
    weights = (1 / np.bincount(owner))[owner] if equal else np.ones(len(raws))
    for score in (21, 41, 61):
        assert weights[scores >= score].sum() / weights.sum() == pytest.approx(rank.shares[score], rel=0.35)


def test_fit_ordinary__beyond_the_count__goes_on_to_the_low_side_and_says_so() -> None:
    rank = fit_ordinary(*ordinary(1, 300))
    raws, _ = ordinary(2, 30_000)
    assert 30 < rank.supported < 81
    assert 0 < (rank.batch(raws) >= 81).mean() < rank.shares[81] * 1.5
    assert (np.diff(rank.cuts[rank.supported :]) > 0).all()


def test_fit_ordinary__all_scores_alike__zero_for_all() -> None:
    rank = fit_ordinary(np.zeros(100, dtype=np.int64), np.arange(100))
    assert rank(0) == 0
    assert rank(-1) == 0
    assert rank.batch(np.array([0, 1])).max() <= 100


def test_fit_ordinary__few_wallets__refused() -> None:
    with pytest.raises(ValueError, match="19 ordinary wallets"):
        fit_ordinary(np.arange(19), np.arange(19))


def test_rank__of_its_own_least_raws__exact() -> None:
    rank = fit_ordinary(*ordinary(1, 500))
    for score in (1, 21, 41, 61, 100):
        assert rank(rank.least_raw(score)) >= score > rank(rank.least_raw(score) - 1)


@given(st.lists(st.integers(-(2**58), 2**58), min_size=2, max_size=20))
def test_rank__any_raws__monotone_and_total(raws: list[int]) -> None:
    rank = fit_ordinary(*ordinary(1, 40))
    found = [rank(raw) for raw in sorted(raws)]
    assert found == sorted(found)
    assert 0 <= found[0] <= found[-1] <= 100
    assert rank.batch(np.array(sorted(raws), dtype=np.int64)).tolist() == found


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({"knots": np.array([1, 1]), "values": np.array([0, 1])}, "rise"),
        ({"knots": np.array([1, 2]), "values": np.array([1, 0])}, "rise"),
        ({"knots": np.array([1, 2]), "values": np.array([0, ONE + 1])}, "rise"),
        ({"knots": np.array([1, 2]), "values": np.array([0])}, "1 values"),
        ({"knots": np.array([1.0, 2]), "values": np.array([0, 1])}, "float64"),
    ],
)
def test_probability_curve__arrays_that_do_not_fit__refused(arrays: dict[str, np.ndarray], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        ProbabilityCurve.of(arrays)


@pytest.mark.parametrize(
    ("name", "array", "problem"),
    [
        ("cuts", np.arange(100)[::-1].copy(), "rise"),
        ("cuts", np.arange(99), "shapes"),
        ("shares", np.ones(101), "fall"),
        ("supported", np.array([101]), "rise"),
    ],
)
def test_rank__arrays_that_do_not_fit__refused(name: str, array: np.ndarray, problem: str) -> None:
    arrays = fit_ordinary(*ordinary(1, 40)).arrays()
    assert OrdinaryRank.of(arrays)(0) >= 0
    with pytest.raises(ValueError, match=problem):
        OrdinaryRank.of(arrays | {name: array})
