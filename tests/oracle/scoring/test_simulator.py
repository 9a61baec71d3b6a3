import re

import pytest

from oracle.scoring import Alert
from oracle.scoring.simulator import SETUP, STORIES, Parameters, simulate, simulated_lists
from oracle.scoring.state.resemblance import resemblance


@pytest.mark.parametrize(("payments", "episodes"), [(400, 1), (2_000, 3), (5_000, None)])
def test_simulate__so_many_payments__exactly_those_in_order(payments: int, episodes: int | None) -> None:
    stream = list(simulate(1, payments, episodes=episodes))
    assert len(stream) == payments
    times = [one.payment.timestamp for one in stream]
    assert times == sorted(times)
    assert len({one.payment.payment_id for one in stream}) == payments


def test_simulate__same_seed__same_payments() -> None:
    assert list(simulate(2, 700)) == list(simulate(2, 700))
    assert list(simulate(2, 700)) != list(simulate(3, 700))


def test_simulate__one_of_each__every_alert_is_there() -> None:
    labels = {one.label for one in simulate(4, 600, episodes=1)}
    assert labels == {*Alert, Alert(0)}
    assert {story.label for story in STORIES.values()} == set(Alert)


def test_simulate__chosen_stories__only_those() -> None:
    stream = list(simulate(5, 800, episodes={"wash": 3, "flash": 2}))
    frauds = {one.episode: one.story for one in stream if not one.ordinary}
    assert sorted(frauds.values()) == ["flash", "flash", "wash", "wash", "wash"]


def test_simulate__no_frauds__ordinary_life_only() -> None:
    stream = list(simulate(6, 1_000, episodes=0))
    assert all(one.ordinary and not one.label for one in stream)
    assert {"salary", "rent", "shopping", "subscription", "exchange", "market-making", "friends"} <= {
        one.story for one in stream
    }


def test_simulate__every_payment__fit_for_the_chain() -> None:
    for one in simulate(7, 1_500):
        payment = one.payment
        assert re.fullmatch("0x[0-9a-f]{40}", payment.sender)
        assert re.fullmatch("0x[0-9a-f]{40}", payment.recipient)
        assert re.fullmatch("0x[0-9a-f]{64}", payment.payment_id)
        assert payment.sender != payment.recipient
        assert 0 < payment.amount < 2**96
        assert payment.block > 0
        assert payment.decimals == 6


def test_simulate__setup_of_a_fraud__not_labelled() -> None:
    for one in simulate(8, 2_000):
        assert bool(one.label) == (not one.ordinary and one.role != SETUP)


def test_simulate__flash_loan__one_transaction() -> None:
    steps = [one.payment for one in simulate(9, 600, episodes={"flash": 1}) if one.story == "flash"]
    assert len(steps) == 4
    assert len({(step.tx, step.block) for step in steps}) == 1


def test_simulate__poisoning__imitates_someone_the_victim_pays() -> None:
    stream = list(simulate(10, 2_000, episodes={"poisoning": 3}))
    for one in stream:
        if one.role == "payoff":
            paid = {p.payment.recipient for p in stream if p.payment.sender == one.payment.sender}
            alike = max(resemblance(one.payment.recipient, other) for other in paid - {one.payment.recipient})
            assert alike[0] >= 3
            assert alike[1] >= 4


def test_simulate__other_decimals__same_value() -> None:
    wei = Parameters(decimals=18)
    for six, eighteen in zip(simulate(11, 300), simulate(11, 300, parameters=wei), strict=True):
        assert six.payment.amount * 10**12 == eighteen.payment.amount


def test_simulate__unknown_story__refused() -> None:
    with pytest.raises(ValueError, match="heist"):
        list(simulate(1, 500, episodes={"heist": 1}))


def test_simulate__more_fraud_than_payments__refused() -> None:
    with pytest.raises(ValueError, match="fewer episodes"):
        list(simulate(1, 100, episodes=5))


def test_simulated_lists__same_seed__name_the_listed_parties() -> None:
    listed = simulated_lists(12).addresses(*simulated_lists(12)._kinds[next(iter(simulated_lists(12))).address])
    for one in simulate(12, 800, episodes=1):
        if one.label is Alert.SANCTIONED_INTERACTION:
            assert {one.payment.sender, one.payment.recipient} & listed
