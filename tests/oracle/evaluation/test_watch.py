"""The drift alarm over the lines of a backtest."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from oracle.errors import ConfigurationError, DataInvalid
from oracle.evaluation.watch import read_scores, watch
from tests.oracle.datasets.files import write_csv

DAY = 86_400


def lines(scores: NDArray[np.int64], a_day: int = 50) -> Iterator[tuple[int, int]]:
    """Payments at even distances."""
    return ((row * DAY // a_day, int(score)) for row, score in enumerate(scores))


def test_watch__exchangeable_scores__sound_in_at_most_delta_of_runs() -> None:
    dice = np.random.default_rng(1)
    runs = [watch(lines(dice.integers(0, 101, 4000)), delta=0.1) for _ in range(60)]
    assert sum(not one.kept for one in runs) <= 6
    assert {one.payments for one in runs} == {3000}  # the first thousand set the score
    assert abs(float(np.mean([one.observed for one in runs])) - 0.05) < 0.01


def test_watch__scores_that_rise__sound_soon_after() -> None:
    dice = np.random.default_rng(2)
    rising = np.concatenate([dice.integers(0, 61, 3000), dice.integers(40, 101, 1000)])
    found = watch(lines(rising))
    assert found.raised is not None
    assert 60 * DAY <= found.raised <= 65 * DAY
    assert found.evidence >= 100


def test_watch__one_burst_of_high_scores__is_one_period_and_no_alarm() -> None:
    dice = np.random.default_rng(3)
    scores = dice.integers(0, 61, 4000)
    scores[3000:3020] = 100
    assert watch(lines(scores)).kept
    assert not watch(lines(scores, a_day=1)).kept  # the same scores on twenty days are no burst


@pytest.mark.parametrize("spread", [1, 7, 101])
def test_watch__score_that_alerts__is_reached_by_the_share_of_the_first_payments_at_most(spread: int) -> None:
    first = np.random.default_rng(5).integers(0, spread, 1000)
    least = watch(lines(first)).least
    assert least is not None
    assert (1 + (first >= least).sum()) / 1001 <= 0.05
    assert (1 + (first >= least - 1).sum()) / 1001 > 0.05


def test_watch__too_many_first_payments_of_the_highest_score__is_an_error_that_names_the_way_out() -> None:
    scores = np.zeros(2000, np.int64)
    scores[:60] = 100
    with pytest.raises(ConfigurationError, match=r"60 of the first 1000 payments score 100.*--from"):
        watch(lines(scores))
    assert watch(lines(scores), least=61, rate=0.1).payments == 2000
    assert watch(lines(scores[60:])).payments == 940


@pytest.mark.parametrize(("rate", "reference"), [(0.5, 100), (0.0001, 1000), (0.0001, 9998)])
def test_watch__rate_that_so_few_first_payments_cannot_set__is_an_error_before_any_is_read(
    rate: float, reference: int
) -> None:
    with pytest.raises(ConfigurationError, match=f"rate {rate:g} .*{reference} first payments.*--reference.*--from"):
        watch(lines(np.zeros(1, np.int64)), rate=rate, reference=reference)


@pytest.mark.parametrize(("share", "kept"), [(0.01, True), (0.2, False)])
def test_watch__given_score__is_held_to_the_given_rate(share: float, kept: bool) -> None:
    scores = np.where(np.random.default_rng(4).random(3000) < share, 70, 10)
    found = watch(lines(scores), rate=0.02, least=61)
    assert (found.kept, found.payments, found.periods) == (kept, 3000, 60)
    assert found.observed == pytest.approx(float((scores >= 61).mean()))


@pytest.mark.parametrize("score", [0, 50, 100])
def test_watch__fewer_payments_than_set_the_score__judges_nothing(score: int) -> None:
    found = watch(lines(np.full(150, score)))
    assert (found.least, found.payments, found.periods, found.kept) == (None, 0, 0, True)


def test_read_scores__lines_of_a_backtest__are_times_and_scores(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    write_csv(path, ("row", "time", "score", "other"), [(1, 5, 0, 7), (2, 5, 100, 8)])
    assert list(read_scores(path)) == [(5, 0), (5, 100)]
    assert list(read_scores(path, "other")) == [(5, 7), (5, 8)]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(5, 101)], "line 2, column score: '101' is no whole number from 0 to 100"),
        ([(5, "")], "line 2, column score: '' is no whole number"),
        ([(5, "1.5")], "'1.5' is no whole number"),
        ([(5, 1), (4, 1)], "line 3, column time: '4' lies before the line above"),
    ],
)
def test_read_scores__numbers_that_cannot_be__are_refused_with_their_place(
    tmp_path: Path, rows: list[tuple[object, ...]], said: str
) -> None:
    path = tmp_path / "scores.csv"
    write_csv(path, ("time", "score"), rows)
    with pytest.raises(DataInvalid, match=said):
        list(read_scores(path))


def test_read_scores__without_the_column_or_the_file__says_so(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    write_csv(path, ("time", "verdict"), [(1, 1)])
    with pytest.raises(DataInvalid, match="column score: is no column of it"):
        list(read_scores(path))
    with pytest.raises(DataInvalid, match="cannot be read"):
        list(read_scores(tmp_path / "none.csv"))
