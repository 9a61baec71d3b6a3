"""Circles of payments within a week: remarked on, with the payments that they are made of, and never more than that."""

import pytest

from oracle.scoring import Alert, Assessment, Explanation
from oracle.scoring.analyzers.pattern import judge_circle
from oracle.scoring.types import ALERT_SCORE
from oracle.scoring.typology import Circle
from tests.oracle.scoring.helpers import DAY, Economy


def remarks(assessment: Assessment) -> list[Explanation]:
    return [one for one in assessment.explanations if "closes a circle" in one.sentence]


def test_circle__of_four_payments_over_days__names_them_in_order(economy: Economy) -> None:
    steps = (("alice", "bob", 900.0), ("bob", "carol", 880.0), ("carol", "dave", 870.0))
    before = [economy.pay(*step, after=DAY).payment.payment_id for step in steps]
    (remark,) = remarks(economy.pay("dave", "alice", 860.0, after=DAY))
    assert remark.payments == tuple(before)
    assert "circle of 4 payments" in remark.sentence
    assert "96% of the largest" in remark.sentence
    assert remark.analyzer == "pattern"
    assert remark.alerts == Alert(0)
    assert remark.score < ALERT_SCORE


def test_circle__money_paid_back_to_its_sender__is_a_refund_and_no_circle(economy: Economy) -> None:
    economy.pay("alice", "bob", 900.0)
    assert remarks(economy.pay("bob", "alice", 900.0, after=DAY)) == []


def test_circle__a_step_older_than_a_week__is_forgotten(economy: Economy) -> None:
    economy.pay("alice", "bob", 900.0)
    economy.pay("bob", "carol", 900.0, after=DAY)
    assert remarks(economy.pay("carol", "alice", 900.0, after=7 * DAY)) == []


def test_circle__steps_against_the_order_of_time__close_nothing(economy: Economy) -> None:
    economy.pay("bob", "carol", 900.0)
    economy.pay("alice", "bob", 900.0, after=DAY)
    assert remarks(economy.pay("carol", "alice", 900.0, after=DAY)) == []


@pytest.mark.parametrize(("ratio", "score"), [(0.79, None), (0.8, 40), (0.95, 60), (1.0, 60)])
def test_circle__the_less_is_lost_on_the_way__the_higher_the_score(ratio: float, score: int | None) -> None:
    found = judge_circle(Circle(3, ratio, DAY, ("0x01", "0x02")))
    assert [one.score for one in found] == ([] if score is None else [score])
