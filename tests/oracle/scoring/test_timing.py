import pytest

from oracle.scoring.types import Alert
from tests.oracle.scoring.helpers import DAY, HOUR, START, Economy, findings, raised


def office_hours(economy: Economy, days: int) -> None:
    for day in range(days):
        economy.now = START + day * DAY + 10 * HOUR + day % 3 * HOUR
        economy.pay("alice", f"shop {day % 3}", 20.0 + day % 5)


def test_assess__at_night_for_someone_who_sleeps__timing_scores(economy: Economy) -> None:
    office_hours(economy, 30)
    economy.now = START + 31 * DAY + 3 * HOUR
    night = economy.pay("alice", "shop 0", 22.0)
    assert night.timing >= 60
    assert night.overall <= 40
    assert any("00:00 and 06:00 UTC" in one.sentence for one in findings(night, "timing"))


def test_assess__usual_hour__timing_silent(economy: Economy) -> None:
    office_hours(economy, 30)
    economy.now = START + 35 * DAY + 11 * HOUR
    assert economy.pay("alice", "shop 0", 22.0).timing == 0


def test_assess__at_night_for_a_night_owl__timing_silent(economy: Economy) -> None:
    for day in range(30):
        economy.now = START + day * DAY + 3 * HOUR
        last = economy.pay("owl", "shop", 20.0)
    assert last.timing == 0


def test_assess__at_night_without_history__timing_silent(economy: Economy) -> None:
    economy.now = START + 3 * HOUR
    assert economy.pay("newcomer", "shop", 20.0).timing == 0


@pytest.mark.parametrize("amount", [50_000.0, 2_000_000.0])
def test_assess__loan_used_and_returned_in_one_transaction__flash_loan(economy: Economy, amount: float) -> None:
    tx = "0x" + "ab" * 32
    economy.pay("lender", "attacker", amount, block=7, tx=tx)
    used = economy.pay("attacker", "market", amount, block=7, tx=tx)
    economy.pay("market", "attacker", amount * 1.1, block=7, tx=tx)
    returned = economy.pay("attacker", "lender", amount * 1.0009, block=7, tx=tx)
    assert raised(used, Alert.FLASH_LOAN_ATTACK)
    assert raised(returned, Alert.FLASH_LOAN_ATTACK)
    assert returned.overall > 80
    assert "one transaction" in returned.explanations[0].sentence


def test_assess__in_and_out_in_different_blocks__no_flash_loan(economy: Economy) -> None:
    economy.pay("lender", "trader", 50_000.0, block=7)
    assert not raised(economy.pay("trader", "market", 50_000.0, after=12, block=8), Alert.FLASH_LOAN_ATTACK)


def test_assess__block_unknown__no_flash_loan(economy: Economy) -> None:
    economy.pay("lender", "trader", 50_000.0)
    assert not raised(economy.pay("trader", "market", 50_000.0), Alert.FLASH_LOAN_ATTACK)
