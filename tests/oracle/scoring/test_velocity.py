import pytest

from oracle.scoring.analyzers import judge_velocity
from oracle.scoring.analyzers.velocity import RATIO_SCORES
from oracle.scoring.features.velocity import VelocitySignals
from oracle.scoring.numbers import interpolate
from oracle.scoring.types import Alert
from tests.oracle.scoring.helpers import DAY, HOUR, Economy, raised


def signals(ratio: float, confidence: float = 1.0) -> VelocitySignals:
    return VelocitySignals(
        sent_hour=round(2 * ratio), sent_day=0, sent_week=0, sent_month=0, volume_day=0,
        received_hour=0, received_day=0, received_week=0, inflow_day=0,
        expected_hour=2.0, expected_day=6.0, ratio_hour=ratio, ratio_day=0.0,
        confidence_hour=confidence, confidence_day=confidence, gap=60, gap_count=1, gap_median=60, gap_variation=-1.0,
    )  # fmt: skip


@pytest.mark.parametrize(("ratio", "score"), [(2.0, 30), (5.0, 70), (7.5, 80), (10.0, 90), (20.0, 100), (500.0, 100)])
def test_judge_velocity__times_the_expected__scores_as_promised(ratio: float, score: int) -> None:
    assert [one.score for one in judge_velocity(signals(ratio), 0.0)] == [score]


def test_judge_velocity__no_more_than_expected__nothing() -> None:
    assert judge_velocity(signals(1.0), 0.5) == []


def test_judge_velocity__without_history__nothing() -> None:
    assert judge_velocity(signals(50.0, confidence=0.0), 0.0) == []


def test_ratio_scores__more_payments__never_score_less() -> None:
    scores = [interpolate(RATIO_SCORES, step / 10) for step in range(400)]
    assert scores == sorted(scores)


def test_assess__burst_of_a_quiet_wallet__velocity_alert_and_held(economy: Economy) -> None:
    economy.habit("alice", [20.0, 25.0, 30.0] * 6)
    economy.now += DAY
    for number in range(24):
        last = economy.pay("alice", f"stranger {number}", 25.0, after=20)
    assert raised(last, Alert.VELOCITY_ANOMALY)
    assert last.velocity >= 90
    assert last.overall > 60
    assert "times the" in last.explanations[0].sentence


def test_assess__same_payroll_every_month__no_burst(economy: Economy) -> None:
    for _ in range(3):
        economy.now += 30 * DAY
        scores = [economy.pay("employer", f"worker {n}", 2_000.0 + 50 * n, after=9).overall for n in range(25)]
    assert max(scores) <= 40


def test_assess__first_burst_of_a_fresh_wallet__is_no_evidence(economy: Economy) -> None:
    assert max(economy.pay("shop", f"supplier {n}", 90.0 + n, after=30 + n * 17 % 40).overall for n in range(20)) <= 40


def test_assess__payments_like_clockwork__regularity_is_named(economy: Economy) -> None:
    for _ in range(14):
        last = economy.pay("bot", "target", 3.0, after=300)
    assert any("vary by" in one.sentence for one in last.explanations)


def test_assess__irregular_payments__regularity_is_not_named(economy: Economy) -> None:
    for number in range(14):
        last = economy.pay("human", "target", 3.0, after=300 + 211 * (number * 7 % 5))
    assert not any("vary by" in one.sentence for one in last.explanations)


def test_assess__velocity_window__forgets_after_an_hour(economy: Economy) -> None:
    economy.habit("alice", [20.0] * 12)
    for number in range(10):
        economy.pay("alice", f"n{number}", 20.0, after=5)
    assert economy.pay("alice", "shop", 20.0, after=2 * DAY + HOUR).velocity < 50
