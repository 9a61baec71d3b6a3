"""Look-alike addresses: who is recognised after which history, who is spared, and what chance alone could do."""

import csv
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pytest

from oracle.datasets.folder import data_folder
from oracle.scoring import Alert, Assessment, Payment, RiskEngine, RiskLevel, RiskModel, ScreeningLists
from oracle.scoring.state.resemblance import (
    FEW_PARTNERS,
    SLIPS,
    different_digits,
    is_imitation,
    resemblance,
    resemblance_key,
    shared_digits,
)
from oracle.scoring.state.wallet import PARTNERS
from tests.oracle.scoring.helpers import HOUR, TOKEN, Economy, address, findings, raised

COUNTERFEIT = "0x" + "71" * 20
MEANT = address("meant")
FAKE = MEANT[:6] + "9" * 32 + MEANT[-4:]
DUST = 0.001
Step = tuple[str, str, float, str]
PAID: Step = ("alice", MEANT, 400.0, TOKEN)


def after(economy: Economy, steps: Sequence[Step], *, gap: int = HOUR) -> list[Assessment]:
    found = []
    for sender, recipient, amount, token in steps:
        economy.now += gap
        found.append(economy.engine.assess_and_observe(economy.payment(sender, recipient, amount, token=token)))
    return found


def pays(economy: Economy, recipient: str, amount: float = 500.0) -> Assessment:
    economy.now += HOUR
    return economy.engine.assess_and_observe(economy.payment("alice", recipient, amount))


def named(assessment: Assessment, meant: str) -> bool:
    return any(one.alerts & Alert.ADDRESS_POISONING and meant in one.sentence for one in assessment.explanations)


BAITS: dict[str, Step] = {
    "zero from the look-alike": (FAKE, "alice", 0.0, TOKEN),
    "dust from the look-alike": (FAKE, "alice", DUST, TOKEN),
    "counterfeit from the look-alike": (FAKE, "alice", 400.0, COUNTERFEIT),
    "zero in the victim's name": ("alice", FAKE, 0.0, TOKEN),
    "counterfeit in the victim's name": ("alice", FAKE, 400.0, COUNTERFEIT),
}


@pytest.mark.parametrize("gap", [HOUR, 0])
@pytest.mark.parametrize("bait", BAITS.values(), ids=BAITS)
def test_assess__bait_after_the_genuine_payment__bait_and_payoff_recognised(
    economy: Economy, bait: Step, gap: int
) -> None:
    _, planted = after(economy, [PAID, bait], gap=gap)
    payoff = pays(economy, FAKE)
    assert named(planted, MEANT)
    assert named(payoff, MEANT)
    assert payoff.level is RiskLevel.CRITICAL


@pytest.mark.parametrize("bait", BAITS.values(), ids=BAITS)
def test_assess__genuine_address_after_bait_and_payoff__not_accused(economy: Economy, bait: Step) -> None:
    after(economy, [PAID, bait])
    pays(economy, FAKE)
    assert not raised(pays(economy, MEANT), Alert.ADDRESS_POISONING)
    assert named(pays(economy, FAKE), MEANT)


@pytest.mark.parametrize("amount", [0.0, DUST])
def test_assess__dust_bait_before_the_first_genuine_payment__gains_nothing(economy: Economy, amount: float) -> None:
    _, genuine = after(economy, [(FAKE, "alice", amount, TOKEN), PAID])
    assert not raised(genuine, Alert.ADDRESS_POISONING)
    for _ in range(2):
        payoff = pays(economy, FAKE)
        assert payoff.level is RiskLevel.CRITICAL
        assert named(payoff, MEANT)
        assert not raised(pays(economy, MEANT), Alert.ADDRESS_POISONING)


def test_assess__bait__explanation_points_at_the_genuine_dealing(economy: Economy) -> None:
    genuine, bait = after(economy, [PAID, BAITS["dust from the look-alike"]])
    assert next(one for one in bait.explanations if "plants" in one.sentence and one.payments).payments == (
        genuine.payment_id,
    )


def test_assess__dust_bait__explanation_says_so_and_points_at_it(economy: Economy) -> None:
    genuine, bait = after(economy, [PAID, BAITS["dust from the look-alike"]])
    found = next(one for one in findings(pays(economy, FAKE), "graph") if one.alerts & Alert.ADDRESS_POISONING)
    assert "first 4 and last 4 digits" in found.sentence
    assert "nothing but dust" in found.sentence
    assert found.payments == (genuine.payment_id, bait.payment_id)


def test_assess__meant_address_had_only_paid_the_victim__recognised(economy: Economy) -> None:
    after(economy, [(MEANT, "alice", 500.0, TOKEN)])
    payoff = pays(economy, FAKE, 500.0)
    assert payoff.level is RiskLevel.CRITICAL
    assert named(payoff, MEANT)


def test_assess__unclear_which_one_imitates__held_and_not_blocked(economy: Economy) -> None:
    after(economy, [(MEANT, "alice", 5.0, TOKEN)])
    doubtful = pays(economy, FAKE)
    assert doubtful.level is RiskLevel.HIGH
    assert named(doubtful, MEANT)
    assert "one of the two imitates the other" in doubtful.explanations[0].sentence


def test_assess__real_money_as_bait_before_the_first_genuine_payment__both_held_none_blocked(economy: Economy) -> None:
    after(economy, [(FAKE, "alice", 1.0, TOKEN)])
    for recipient in (MEANT, FAKE, MEANT, FAKE):
        assert pays(economy, recipient).level is RiskLevel.HIGH


def test_assess__payment_back_up_to_what_the_first_payer_gave__not_accused(economy: Economy) -> None:
    after(economy, [(MEANT, "alice", 500.0, TOKEN), ("alice", FAKE, 500.0, TOKEN)])
    assert not raised(pays(economy, MEANT, 300.0), Alert.ADDRESS_POISONING)


def test_assess__one_digit_wrong__held_as_mistyped_and_only_once(economy: Economy) -> None:
    after(economy, [PAID])
    slip = MEANT[:20] + ("0" if MEANT[20] != "0" else "1") + MEANT[21:]
    first, second = pays(economy, slip, 40.0), pays(economy, slip, 40.0)
    assert first.level is RiskLevel.HIGH
    assert not raised(first, Alert.ADDRESS_POISONING)
    assert f"differs in 1 digit from {MEANT}" in first.explanations[0].sentence
    assert "mistyped" in first.explanations[0].sentence
    assert "mistyped" not in second.explanations[0].sentence


@pytest.mark.parametrize(("others", "accused"), [(FEW_PARTNERS - 1, True), (FEW_PARTNERS, False)])
def test_assess__six_digits_alike__evidence_for_a_wallet_with_few_counterparties_only(
    economy: Economy, others: int, accused: bool
) -> None:
    after(economy, [PAID])
    after(economy, [("alice", f"shop {number}", 20.0, TOKEN) for number in range(others)])
    six = MEANT[:5] + "".join("f" if one != "f" else "0" for one in MEANT[5:39]) + MEANT[39:]
    seven = MEANT[:5] + "".join("e" if one != "e" else "1" for one in MEANT[5:38]) + MEANT[38:]
    assert shared_digits(six, MEANT) == (3, 3)
    assert raised(pays(economy, six), Alert.ADDRESS_POISONING) is accused
    assert raised(pays(economy, seven), Alert.ADDRESS_POISONING)


@pytest.mark.parametrize("partners", [1, FEW_PARTNERS, FEW_PARTNERS + 1, 2 * PARTNERS])
def test_is_imitation__random_addresses__chance_below_one_in_100000_for_any_wallet(partners: int) -> None:
    chance = sum(
        (15 / 16) ** 2 * 16.0 ** -(leading + trailing)
        for leading, trailing in product(range(2, 20), range(3, 20))  # all others have another resemblance key
        if is_imitation(leading, trailing, partners)
    )
    assert 0 < partners * chance < 1e-5


def test_resemblance__shared_digits__are_what_a_person_counts() -> None:
    one, other = "0x000a" + "1" * 30 + "beef00", "0x000a" + "2" * 30 + "beef00"
    assert shared_digits(one, other) == (4, 6)
    assert resemblance(one, other) == (2, 5)
    assert different_digits(one, other) == 30
    assert resemblance_key(one) == resemblance_key(other)
    assert different_digits(MEANT, FAKE) > SLIPS


def _payoffs(chain: str) -> list[tuple[str, str, str]]:
    path: Path = data_folder() / "address_poisoning" / f"payoff_transfers_{chain}.csv"
    if not path.is_file():
        pytest.skip(f"the confirmed payoffs are not here ({path.name}); docs/data.md says where to get them")
    with path.open(encoding="ascii", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [tuple(row[f].lower() for f in ("topics_from_addr", "topics_to_addr", "intended_addr")) for row in rows]  # type: ignore[misc]


@pytest.mark.parametrize(("chain", "count"), [("ethereum", 1_225), ("bsc", 3_473)])
def test_assess__confirmed_payoffs__all_recognised_with_the_meant_address(
    model: RiskModel, chain: str, count: int
) -> None:
    cases = _payoffs(chain)
    assert len(cases) == count
    for number, (victim, fake, meant) in enumerate(cases):
        assert is_imitation(*resemblance(fake, meant), partners=2)
        if number % 10:
            continue
        engine = RiskEngine(model, ScreeningLists())
        engine.observe(Payment("0x01", victim, meant, TOKEN, 10**9, 6, 1_690_000_000))
        engine.observe(Payment("0x02", fake, victim, TOKEN, 0, 6, 1_690_000_012))
        payoff = engine.assess(Payment("0x03", victim, fake, TOKEN, 10**9, 6, 1_690_003_600))
        assert payoff.level is RiskLevel.CRITICAL
        assert named(payoff, meant)
