import pytest

from oracle.scoring.types import Alert
from tests.oracle.scoring.helpers import DAY, HOUR, Economy, findings, raised


@pytest.mark.parametrize(
    ("amount", "score"),
    [(8_999.999999, 0), (9_000.0, 70), (9_400.0, 70), (9_999.999999, 70), (10_000.0, 15), (9_500.5, 70)],
)
def test_assess__just_under_the_reporting_threshold__scores_70(economy: Economy, amount: float, score: int) -> None:
    assert economy.pay("alice", "bob", amount).amount == score


def test_assess__second_piece_under_the_threshold__held(economy: Economy) -> None:
    economy.pay("alice", "bob", 9_500.0)
    second = economy.pay("alice", "carol", 9_700.0, after=5 * HOUR)
    assert second.amount >= 85
    assert second.overall > 60
    assert len(findings(second, "amount")[0].payments) == 1


def test_assess__under_the_threshold_among_larger_ones__no_alert(economy: Economy) -> None:
    for amount in (14_000.0, 22_000.0, 9_300.0, 31_000.0):
        last = economy.pay("maker", "exchange", amount, after=HOUR)
    last = economy.pay("maker", "exchange", 9_600.0, after=HOUR)
    assert last.amount == 70
    assert not raised(last, Alert.AMOUNT_ANOMALY)


def test_assess__far_above_the_own_habit_to_a_stranger__held(economy: Economy) -> None:
    economy.habit("alice", [20.0, 35.0, 18.0, 50.0, 27.0] * 3)
    drained = economy.pay("alice", "stranger", 25_000.0, after=DAY)
    assert raised(drained, Alert.AMOUNT_ANOMALY)
    assert 60 < drained.overall <= 80
    assert "robust standard deviations" in drained.explanations[0].sentence


def test_assess__rent_out_of_income__not_flagged(economy: Economy) -> None:
    economy.pay("employer", "alice", 4_000.0)
    economy.habit("alice", [20.0, 35.0, 18.0, 50.0, 27.0] * 3)
    assert economy.pay("alice", "landlord", 1_200.0, after=DAY).overall <= 40


def test_assess__same_large_sum_again__much_less(economy: Economy) -> None:
    economy.habit("alice", [20.0, 35.0, 18.0, 50.0, 27.0] * 2)
    first = economy.pay("alice", "landlord", 1_200.0, after=DAY).amount
    assert economy.pay("alice", "landlord", 1_200.0, after=30 * DAY).amount < first / 2


def test_assess__less_than_usual__nothing(economy: Economy) -> None:
    economy.habit("alice", [500.0, 700.0, 450.0, 620.0] * 3)
    assert economy.pay("alice", "kiosk", 2.0, after=DAY).amount == 0


def test_assess__first_payment_of_a_fresh_wallet__safe(economy: Economy) -> None:
    assert economy.pay("newcomer", "shop", 37.5).overall <= 20


def test_assess__huge_first_payment__pointed_out_but_approved(economy: Economy) -> None:
    first = economy.pay("newcomer", "seller", 800_123.0)
    assert 0 < first.amount <= 40
    assert first.overall <= 40


def test_assess__dust_to_a_stranger__dust_alert(economy: Economy) -> None:
    first = economy.pay("attacker", "victim 0", 0.0001)
    assert raised(first, Alert.DUST_ATTACK)
    for number in range(1, 6):
        last = economy.pay("attacker", f"victim {number}", 0.0001, after=60)
    assert first.overall < last.overall
    assert last.overall > 60


def test_assess__dust_between_acquaintances__no_alert(economy: Economy) -> None:
    economy.pay("alice", "bob", 12.0)
    assert not raised(economy.pay("bob", "alice", 0.01, after=HOUR), Alert.DUST_ATTACK)


def test_assess__round_sum_to_a_stranger__mentioned(economy: Economy) -> None:
    assert any("round sum" in one.sentence for one in economy.pay("alice", "bob", 5_000.0).explanations)


def test_assess__tokens_of_other_decimals__same_amount(economy: Economy) -> None:
    from dataclasses import replace

    payment = economy.payment("alice", "bob", 9_500.0)
    wei = replace(payment, amount=9_500 * 10**18, decimals=18)
    assert economy.engine.assess(wei).features == economy.engine.assess(payment).features
