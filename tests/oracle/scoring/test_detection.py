"""What the shipped model catches in an economy that training never saw, and how often it disturbs ordinary life."""

import pytest

from oracle.scoring import Alert, RiskEngine, RiskLevel, RiskModel
from oracle.scoring.evaluation import Evaluation
from oracle.scoring.simulator import Parameters, simulate, simulated_lists


@pytest.fixture(scope="module")
def outcome(model: RiskModel) -> Evaluation:
    evaluation = Evaluation()
    for seed in (501, 502):
        evaluation.take(RiskEngine(model, simulated_lists(seed)), simulate(seed, 5_000, episodes=5))
    return evaluation


@pytest.mark.parametrize("alert", list(Alert))
def test_take__each_kind_of_fraud__nine_in_ten_are_held_and_named(outcome: Evaluation, alert: Alert) -> None:
    caught = outcome.caught[alert]
    assert caught.payments >= 10
    assert caught.held >= 0.9 * caught.payments
    assert caught.named >= 0.9 * caught.payments
    assert len(caught.episodes_held) >= 0.9 * len(caught.episodes)


def test_take__ordinary_life__two_in_a_hundred_at_most_above_low(outcome: Evaluation) -> None:
    assert outcome.false_alarm_rate <= 0.02
    assert outcome.above(RiskLevel.HIGH) == 0.0


def test_take__small_economy_of_a_demo__still_quiet(model: RiskModel) -> None:
    evaluation = Evaluation()
    for seed in range(520, 524):
        evaluation.take(RiskEngine(model, simulated_lists(seed)), simulate(seed, 450, episodes=1))
    assert evaluation.false_alarm_rate <= 0.02
    assert sum(c.held for c in evaluation.caught.values()) >= 0.9 * sum(c.payments for c in evaluation.caught.values())


def test_take__night_shift_economy__ordinary_life_stays_quiet(model: RiskModel) -> None:
    evaluation = Evaluation()
    nights = Parameters(night_share=0.5, payments_a_day=(1.0, 4.0))
    evaluation.take(RiskEngine(model, simulated_lists(530)), simulate(530, 3_000, episodes=0, parameters=nights))
    assert evaluation.false_alarm_rate <= 0.02
