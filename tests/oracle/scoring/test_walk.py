from collections import deque
from itertools import islice
from random import Random

import pytest

from oracle.scoring import ScoringConfig
from oracle.scoring.features.walk import _PUSHES, _RESIDUE, HUB, STOP, nearness
from oracle.scoring.state import Ledger, ledger
from oracle.scoring.state.circles import FANOUT, NOBODY, Circles
from tests.oracle.scoring.helpers import DAY, Economy, address


def test_nearness__friends_and_strangers__friends_are_nearer(economy: Economy) -> None:
    known = Ledger(ScoringConfig())
    for group in ("x", "y"):
        for step in range(30):
            economy.now += 60
            known.observe(economy.payment(f"{group}{step % 5}", f"{group}{(step * 3 + 1) % 5}", 10.0))
    assert nearness(known, address("x0"), address("x1")) > 0.05
    assert nearness(known, address("x0"), address("y1")) == 0.0


def test_nearness__all_it_can_reach__is_a_probability(economy: Economy) -> None:
    known = Ledger(ScoringConfig())
    for step in range(60):
        known.observe(economy.payment(f"w{step % 7}", f"w{(step * 5 + 2) % 7}", 10.0))
    reached = [nearness(known, address("w0"), address(f"w{n}")) for n in range(7)]
    assert 0.5 < sum(reached) <= 1.0


def written_down(known: Ledger, start: str, target: str) -> float:
    """Forward push over the wallets' own records, word for word from the paper."""
    mass: dict[str, float] = {}
    residue, queue = {start: 1.0}, deque([start])
    for _ in range(_PUSHES):
        if not queue:
            break
        at = queue.popleft()
        rest = residue.pop(at)
        mass[at] = mass.get(at, 0.0) + STOP * rest
        wallet = known.wallet(at)
        if wallet is None or (wallet.partners_seen > HUB and at != start):
            continue
        latest = [*islice(reversed(wallet.paid.items()), FANOUT), *islice(reversed(wallet.payers.items()), FANOUT)]
        payments = sum(pair.count for _, pair in latest)
        for other, pair in latest:
            before = residue.get(other, 0.0)
            residue[other] = before + (1.0 - STOP) * rest * pair.count / payments
            if before < _RESIDUE <= residue[other]:
                queue.append(other)
    return mass.get(target, 0.0) + STOP * residue.get(target, 0.0)


@pytest.mark.parametrize("seed", range(4))
def test_nearness__wallets_come_and_are_forgotten__same_bits_as_from_their_own_records(
    economy: Economy, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(ledger, "MAX_WALLETS", 120)
    dice, known = Random(seed), Ledger(ScoringConfig())  # noqa: S311 (the same economy each time)
    # a hub, regulars who pay it and each other, and passers-by who are forgotten and come again
    names = ["hub"] * 8 + [f"regular {n}" for n in range(25)] * 2 + [f"passer-by {n}" for n in range(150)]
    reached = 0
    for step in range(4_000):
        sender, recipient = dice.choice(names), dice.choice(names)
        economy.now += dice.randrange(3_600)
        known.observe(economy.payment(sender, recipient, 5.0))
        if step % 3 == 0:
            start, target = address(dice.choice(names[:70])), address(dice.choice(names[:70]))
            near = nearness(known, start, target)
            reached += near > 0.0
            assert near == written_down(known, start, target), (step, start, target)
    assert reached > 200
    hub = known.wallet(address("hub"))
    assert hub is not None
    assert hub.partners_seen > HUB


def test_observe__wallets_forgotten_for_years__numbers_are_used_again(
    economy: Economy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "MAX_WALLETS", 50)
    known = Ledger(ScoringConfig())
    for step in range(6_000):
        economy.now += DAY // 4
        known.observe(economy.payment(f"once {step}", f"w{step % 5}", 5.0))
    assert len(known) <= 51
    assert known.circles.number(address("once 1")) == NOBODY
    # everybody known, and those whom they dealt with last
    assert len(known.circles.others) <= 1 << 10
    assert known.circles.number(address("once 5999")) != NOBODY


def test_circles__forgotten_wallet_that_stands_in_a_row__keeps_its_number_until_it_falls_off() -> None:
    circles = Circles()
    for name in ("a", "b"):
        circles.found(name)
    circles.paid("a", "b", 1, (1, 1))
    number = circles.number("b")
    circles.forget("b")
    assert circles.number("b") == number
    for other in range(FANOUT):
        circles.found(f"other {other}")
        circles.paid("a", f"other {other}", 1, (2 + other, 1))
    assert circles.number("b") == NOBODY
    circles.found("c")
    assert circles.number("c") == number


def test_circles__wallet_that_paid_itself__is_forgotten_once() -> None:
    circles = Circles()
    circles.found("a")
    circles.paid("a", "a", 1, (1, 1))
    circles.forget("a")
    assert circles.number("a") == NOBODY
    for name in ("b", "c"):
        circles.found(name)
    assert circles.number("b") != circles.number("c")
