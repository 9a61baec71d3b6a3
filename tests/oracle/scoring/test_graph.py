import pytest

from oracle.scoring import ScoringConfig
from oracle.scoring.state import Ledger
from oracle.scoring.state.resemblance import is_imitation, resemblance
from oracle.scoring.types import Alert
from tests.oracle.scoring.helpers import DAY, HOUR, Economy, address, raised


def look_alike(genuine: str, leading: int, trailing: int) -> str:
    middle = "".join("0123456789abcdef"[(int(digit, 16) + 5) % 16] for digit in genuine[2 + leading : 42 - trailing])
    return genuine[: 2 + leading] + middle + genuine[42 - trailing :]


@pytest.mark.parametrize(("leading", "trailing"), [(3, 4), (4, 4), (2, 4), (3, 3), (6, 6)])
def test_assess__payment_to_a_look_alike__critical_and_names_the_address_meant(
    economy: Economy, leading: int, trailing: int
) -> None:
    economy.habit("alice", [20.0, 30.0, 25.0], shops=1)
    genuine = address("alice's shop 0")
    fake = look_alike(genuine, leading, trailing)
    bait = economy.pay(fake, "alice", 0.001, after=HOUR)
    paid = economy.pay("alice", fake, 500.0, after=HOUR)
    assert raised(bait, Alert.ADDRESS_POISONING)
    assert raised(bait, Alert.DUST_ATTACK)
    assert raised(paid, Alert.ADDRESS_POISONING)
    assert paid.overall > 80
    assert genuine in paid.explanations[0].sentence


@pytest.mark.parametrize(("leading", "trailing"), [(1, 4), (3, 2), (0, 8), (2, 3)])
def test_assess__too_few_digits_alike__no_alert(economy: Economy, leading: int, trailing: int) -> None:
    economy.habit("alice", [20.0, 30.0, 25.0], shops=1)
    fake = look_alike(address("alice's shop 0"), leading, trailing)
    assert not raised(economy.pay("alice", fake, 25.0, after=HOUR), Alert.ADDRESS_POISONING)


def test_assess__genuine_address_after_the_fake_one__not_accused(economy: Economy) -> None:
    economy.habit("alice", [20.0, 30.0, 25.0], shops=1)
    genuine = address("alice's shop 0")
    economy.pay("alice", look_alike(genuine, 4, 4), 40.0, after=HOUR)
    assert not raised(economy.pay("alice", genuine, 40.0, after=HOUR), Alert.ADDRESS_POISONING)
    assert not raised(economy.pay(genuine, "alice", 40.0, after=HOUR), Alert.ADDRESS_POISONING)


def test_resemblance__vanity_zeros__count_once() -> None:
    one, other = "0x000000" + "1" * 30 + "0000", "0x000000" + "2" * 30 + "0000"
    assert resemblance(one, other) == (1, 1)
    assert not is_imitation(*resemblance(one, other), partners=2)


def test_assess__many_fresh_wallets_of_one_funder__sybil(economy: Economy) -> None:
    for number in range(10):
        economy.pay("funder", f"puppet {number}", 50.0, after=120)
    economy.now += HOUR
    assessed = [economy.pay(f"puppet {number}", "target", 45.0, after=90) for number in range(10)]
    assert raised(assessed[-1], Alert.SYBIL_ATTACK)
    assert assessed[-1].overall > 60
    assert assessed[0].overall <= 40


def test_assess__customers_of_an_exchange_in_one_shop__no_sybils(economy: Economy) -> None:
    for number in range(12):
        economy.pay("exchange", f"customer {number}", 40.0 * (number + 1), after=HOUR)
    for number in range(12):
        last = economy.pay(f"customer {number}", "shop", 9.99, after=600)
    assert not last.alerts


def test_communities__two_circles__are_told_apart(economy: Economy) -> None:
    ledger = Ledger(ScoringConfig())
    for step in range(12):
        for group in ("x", "y"):
            ledger.observe(economy.payment(f"{group}{step % 4}", f"{group}{(step + 1) % 4}", 10.0))
    labels = {group: {ledger.wallet(address(f"{group}{n}")).community for n in range(4)} for group in ("x", "y")}  # type: ignore[union-attr]
    assert len(labels["x"]) == 1
    assert labels["x"].isdisjoint(labels["y"])


def test_assess__first_meeting_of_strangers__ordinary(economy: Economy) -> None:
    economy.habit("alice", [20.0] * 14, shops=14)
    economy.habit("bob", [20.0] * 3)
    assert economy.pay("alice", "bob", 20.0, after=DAY).overall <= 20
