import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.evaluation.conformal import bound
from oracle.evaluation.drift import DriftAlarm


def test_alarm__while_the_promise_is_kept__sounds_in_at_most_delta_of_runs() -> None:
    dice = np.random.default_rng(1)
    runs, delta = 200, 0.1
    false = sum(DriftAlarm.start(0.02, delta).after_all(dice.random(1500) < 0.02).alarmed for _ in range(runs))
    assert false / runs <= delta


def test_alarm__on_a_rate_that_depends_on_the_past_but_keeps_the_promise__sounds_in_at_most_delta_of_runs() -> None:
    """No independence is assumed: here alerts come only right after quiet spells, in bursts, never above the rate."""
    dice = np.random.default_rng(2)
    false = 0
    for _ in range(200):
        alarm, last = DriftAlarm.start(0.05, 0.1), 0.0
        for _ in range(1000):
            last = float(dice.random() < (0.05 if last or alarm.wealth > 1 else 0.01))
            alarm = alarm.after(last)
        false += alarm.alarmed
    assert false / 200 <= 0.1


@pytest.mark.parametrize("quiet", [0, 500, 5000])
def test_alarm__after_a_shift_to_three_times_the_rate__sounds_soon(quiet: int) -> None:
    dice = np.random.default_rng(3)
    delays, early = [], 0
    for _ in range(20):
        stream = np.concatenate([dice.random(quiet) < 0.02, dice.random(3000) < 0.06])
        alarm = DriftAlarm.start(0.02, 0.05).after_all(stream)
        assert alarm.alarmed
        if alarm.raised <= quiet:
            early += 1
        else:
            delays.append(alarm.raised - quiet)
    assert early <= 2  # 5% of runs are allowed to
    assert np.median(delays) < 800
    assert max(delays) < 2500


def test_alarm__after_a_shift_to_ten_times_the_rate__sounds_within_a_hundred() -> None:
    dice = np.random.default_rng(4)
    stream = np.concatenate([dice.random(1000) < 0.02, dice.random(300) < 0.2])
    assert 1000 < DriftAlarm.start(0.02, 0.05).after_all(stream).raised < 1100


def test_alarm__on_shares_of_rows_between_0_and_1__keeps_quiet_at_the_rate_and_sounds_above() -> None:
    dice = np.random.default_rng(5)
    assert not DriftAlarm.start(0.1).after_all(dice.beta(1, 9, 2000)).alarmed
    assert DriftAlarm.start(0.1).after_all(dice.beta(3, 7, 2000)).alarmed


@settings(deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.3, 1.0]), max_size=30), st.sampled_from([0.01, 0.1, 0.5]))
def test_wealth__before_any_observation__gains_nothing_on_average_at_the_rate(past: list[float], rate: float) -> None:
    """The martingale property itself, exactly: E[wealth after x] = wealth for x 1 with probability rate, else 0."""
    alarm = DriftAlarm.start(rate).after_all(past)
    mean = rate * alarm.after(1.0).wealth + (1 - rate) * alarm.after(0.0).wealth
    assert mean == pytest.approx(alarm.wealth)
    assert alarm.after(0.0).wealth >= 0


def test_wealth__at_the_start__is_one_and_never_overflows() -> None:
    alarm = DriftAlarm.start(0.01)
    assert alarm.wealth == 1.0
    assert math.isfinite(alarm.after_all([1.0] * 2000).wealth)


def test_alarm__once_raised__stays_raised_and_says_when() -> None:
    alarm = DriftAlarm.start(0.01).after_all([1.0] * 10)
    assert alarm.alarmed
    assert alarm.after_all([0.0] * 3000).raised == alarm.raised <= 10


def test_state__written_and_read_at_any_point__goes_on_with_the_same_bits() -> None:
    stream = (np.random.default_rng(6).random(400) < 0.05).astype(float).tolist()
    straight = DriftAlarm.start(0.02).after_all(stream)
    stopped = DriftAlarm.from_json(DriftAlarm.start(0.02).after_all(stream[:123]).to_json()).after_all(stream[123:])
    assert stopped == straight
    assert stopped.to_json() == straight.to_json()
    assert straight.observed == pytest.approx(np.mean(stream))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"rate":0.1,"delta":0.1,"bets":[0.0],"seen":0,"total":0.0,"raised":0}']
)
def test_state__read_from_anything_else__is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        DriftAlarm.from_json(text)


@pytest.mark.parametrize("observation", [-0.1, 1.1, math.nan])
def test_observation__outside_of_0_to_1__is_refused(observation: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        DriftAlarm.start(0.1).after(observation)


def test_alarm__on_the_rate_limit_of_a_conformal_bound__is_quiet_on_exchangeable_wallets_and_sounds_on_drift() -> None:
    dice = np.random.default_rng(7)
    found = bound(dice.normal(size=500), np.arange(500), 0.02)
    alarm = DriftAlarm.start(found.rate_limit(0.99), 0.05).after_all(found.alerts(dice.normal(size=3000)))
    assert not alarm.alarmed
    assert alarm.after_all(found.alerts(dice.normal(size=2000) + 1)).alarmed
