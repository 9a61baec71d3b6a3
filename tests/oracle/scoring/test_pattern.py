from oracle.scoring.types import Alert
from tests.oracle.scoring.helpers import DAY, HOUR, Economy, raised


def test_assess__one_sum_through_five_wallets__layering(economy: Economy) -> None:
    assessed = [economy.pay(f"hop {n}", f"hop {n + 1}", 5_000.0 - 10 * n, after=HOUR) for n in range(6)]
    assert [raised(one, Alert.LAYERING) for one in assessed] == [False, False, False, True, True, True]
    assert all(one.overall > 60 for one in assessed[3:])
    assert assessed[3].explanations[1].payments == (assessed[2].payment_id,)


def test_assess__the_sum_waits_for_two_days__no_layering(economy: Economy) -> None:
    assessed = [economy.pay(f"hop {n}", f"hop {n + 1}", 5_000.0, after=2 * DAY) for n in range(6)]
    assert not any(raised(one, Alert.LAYERING) for one in assessed)


def test_assess__deposit_swept_by_the_exchange__ordinary(economy: Economy) -> None:
    economy.pay("exchange", "alice", 800.0)
    economy.pay("alice", "deposit address", 800.0, after=HOUR)
    assert economy.pay("deposit address", "exchange", 800.0, after=HOUR).overall <= 40


def test_assess__sum_sent_back_once__ordinary(economy: Economy) -> None:
    economy.pay("alice", "bob", 60.0)
    assert economy.pay("bob", "alice", 60.0, after=HOUR).overall <= 40


def test_assess__sum_sent_back_and_forth__wash_trading(economy: Economy) -> None:
    for lap in range(8):
        sides = ("alice", "bob") if lap % 2 == 0 else ("bob", "alice")
        last = economy.pay(*sides, 1_000.0 + lap, after=HOUR)
    assert raised(last, Alert.WASH_TRADING)
    assert last.overall > 60


def test_assess__sum_in_a_ring_of_three__wash_trading(economy: Economy) -> None:
    ring = ["a", "b", "c"]
    for step in range(14):
        last = economy.pay(ring[step % 3], ring[(step + 1) % 3], 700.0, after=HOUR)
    assert raised(last, Alert.WASH_TRADING)


def test_assess__swap_of_two_tokens_in_one_transaction__no_round_trip(economy: Economy) -> None:
    other = "0x" + "71" * 20
    for lap in range(8):
        economy.now += HOUR
        paid = economy.payment("trader", "pool", 1_000.0, block=lap + 1, tx=f"0x{lap}")
        back = economy.payment("pool", "trader", 999.0, block=lap + 1, tx=f"0x{lap}", token=other)
        economy.engine.assess_and_observe(paid)
        last = economy.engine.assess_and_observe(back)
    assert not last.alerts


def test_assess__equal_sums_in_and_out_of_a_pool__mixing_on_both_sides(economy: Economy) -> None:
    for number in range(9):
        deposit = economy.pay(f"payer {number}", "pool", 1_000.0, after=HOUR)
        payout = economy.pay("pool", f"payee {number}", 995.0, after=HOUR)
    assert raised(deposit, Alert.MIXING_DETECTED)
    assert raised(payout, Alert.MIXING_DETECTED)
    assert payout.overall > 60


def test_assess__shop_with_many_customers__no_mixing(economy: Economy) -> None:
    for number in range(20):
        economy.pay(f"customer {number}", "shop", 10.0 + 1.7 * number, after=HOUR)
        last = economy.pay("shop", f"supplier {number % 6}", 40.0 + 3 * number, after=HOUR)
    assert not raised(last, Alert.MIXING_DETECTED)


def test_assess__all_that_came_in_leaves_in_parts__pattern_alert(economy: Economy) -> None:
    economy.pay("source", "mule", 10_000.0)
    for number in range(4):
        last = economy.pay("mule", f"fresh {number}", 2_480.0 + number, after=300)
    assert raised(last, Alert.PATTERN_ANOMALY)
    assert last.overall > 60
    assert "has left again" in last.explanations[0].sentence


def test_assess__spending_a_part_of_the_salary__ordinary(economy: Economy) -> None:
    economy.pay("employer", "alice", 3_000.0)
    for number in range(4):
        last = economy.pay("alice", f"shop {number}", 60.0 + 7 * number, after=300)
    assert last.overall <= 20
