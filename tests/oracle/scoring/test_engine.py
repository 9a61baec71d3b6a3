import hashlib
import json
import subprocess
import sys
from dataclasses import replace

import pytest

from oracle.errors import InvalidPayment
from oracle.scoring import Alert, RiskEngine, RiskModel, ScreeningLists
from oracle.scoring.config import HOUR
from oracle.scoring.features import FEATURES
from oracle.scoring.state import Ledger
from oracle.scoring.state.ledger import IDLE
from oracle.scoring.state.wallet import PARTNERS, RECENT
from tests.oracle.scoring.helpers import DAY, TOKEN, Economy, address


def test_evidence__any_assessment__canonical_and_hashed(economy: Economy) -> None:
    assessment = economy.pay("alice", "bob", 9_500.0)
    text = assessment.evidence()
    document = json.loads(text)
    assert text == json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    assert assessment.evidence_hash == "0x" + hashlib.sha256(text).hexdigest()
    assert document["payment"]["amount"] == "9500000000"
    assert document["scores"]["overall"] == assessment.overall
    assert document["model_version"] == economy.engine.model.version
    assert document["lists_version"] == economy.engine.lists.version
    assert set(document["features"]) == set(FEATURES)
    assert document["alerts"] == ["AMOUNT_ANOMALY"]
    assert b"." not in text.replace(b"0.", b"").split(b'"scores"')[1].split(b"}")[0]  # no float outside of strings


def test_evidence__every_feature__decimal_with_six_places(economy: Economy) -> None:
    for value in economy.pay("alice", "bob", 12.34).features.values():
        whole, _, places = value.partition(".")
        assert len(places) == 6
        assert whole.lstrip("-").isdigit()


def test_explanations__first__says_what_decided(economy: Economy) -> None:
    first = economy.pay("alice", "bob", 9_500.0).explanations[0]
    assert first.analyzer == "overall"
    assert "One finding decides" in first.sentence


def test_assess__before_observe__wallet_unknown(economy: Economy) -> None:
    payment = economy.payment("alice", "bob", 10.0)
    economy.engine.assess(payment)
    assert economy.engine.wallet(address("alice")).transaction_count == 0
    assert economy.engine.wallet_count == 0


def test_wallet__after_payments__counts_volumes_and_risk(economy: Economy) -> None:
    first = economy.pay("alice", "bob", 9_500.0)
    economy.pay("bob", "alice", 2.5, after=HOUR)
    second = economy.pay("alice", "carol", 4.0, after=HOUR)
    view = economy.engine.wallet(address("alice").upper().replace("0X", "0x"))
    assert (view.transaction_count, view.sent_count, view.received_count) == (3, 2, 1)
    assert view.total_volume == 9_506_500_000
    assert view.avg_amount == 9_506_500_000 // 3
    assert view.risk_score == second.overall
    assert view.peak_risk_score == first.overall
    assert view.last_seen - view.first_seen == 2 * HOUR


def test_wallet__never_seen__zeros(economy: Economy) -> None:
    view = economy.engine.wallet(address("nobody"))
    assert (view.transaction_count, view.risk_score, view.peak_risk_score, view.kinds) == (0, 0, 0, ())


@pytest.mark.parametrize(
    ("field", "value"),
    [("sender", "0x12"), ("recipient", "alice"), ("recipient", "0x" + "A" * 40), ("token", ""), ("amount", -1),
     ("amount", 2**256), ("decimals", 60), ("timestamp", -1)],
)  # fmt: skip
def test_assess__unusable_payment__refused_with_the_field(economy: Economy, field: str, value: object) -> None:
    payment = replace(economy.payment("alice", "bob", 1.0), **{field: value})  # type: ignore[arg-type]
    with pytest.raises(InvalidPayment, match=field):
        economy.engine.assess(payment)
    with pytest.raises(InvalidPayment, match=field):
        economy.engine.observe(payment)


@pytest.mark.parametrize("amount", [0, 1, 2**96, 2**256 - 1])
def test_assess__extreme_amounts__scored(economy: Economy, amount: int) -> None:
    for _ in range(8):
        payment = replace(economy.payment("alice", "bob", 1.0), amount=amount)
        assert 0 <= economy.engine.assess_and_observe(payment).overall <= 100


def test_assess__payments_to_oneself_over_and_over__wash_trading(economy: Economy) -> None:
    for _ in range(6):
        last = economy.pay("alice", "alice", 50.0, after=60)
    assert Alert.WASH_TRADING in last.alerts


def test_assess__clock_runs_backwards__counts_as_simultaneous(economy: Economy) -> None:
    economy.pay("alice", "bob", 10.0)
    economy.now -= DAY
    economy.pay("alice", "bob", 10.0)
    economy.now += DAY
    assert economy.pay("alice", "bob", 10.0).features["sent_hour"] == "2.000000"  # log2(1 + 3)


def test_observe__one_wallet_a_thousand_times__bounded(model: RiskModel, economy: Economy) -> None:
    ledger = Ledger(model.config)
    for number in range(3_000):
        economy.now += 60
        ledger.observe(economy.payment("hub", f"customer {number}", 1.0 + number))
    hub = ledger.wallet(address("hub"))
    assert hub is not None
    assert len(hub.paid) == PARTNERS
    assert len(hub.sent) == RECENT
    assert len(hub.amounts) == 64
    assert sum(len(alike) for alike in hub.resembling.values()) == PARTNERS
    assert hub.sent_count == 3_000


def test_observe__silent_wallets__are_forgotten(model: RiskModel, economy: Economy) -> None:
    ledger = Ledger(model.config)
    for number in range(200):
        ledger.observe(economy.payment(f"a{number}", f"b{number}", 5.0))
    economy.now += IDLE + DAY
    for _ in range(200):
        ledger.observe(economy.payment("x", "y", 5.0))
    assert len(ledger) == 2


def test_engine__imports__neither_chain_nor_database_nor_training() -> None:
    program = (
        "import sys, oracle.scoring, oracle.scoring.simulator\n"
        "bad = {'web3', 'sqlalchemy', 'fastapi', 'httpx', 'sklearn', 'lightgbm', 'eth_account', 'pydantic'}\n"
        "print(sorted(bad & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "[]"


def test_engine__other_token_address__same_verdict(model: RiskModel) -> None:
    engine = RiskEngine(model, ScreeningLists())
    payment = Economy(model).payment("alice", "bob", 10.0)
    other = replace(payment, token="0x" + "ab" * 20)
    assert payment.token == TOKEN
    assert engine.assess(payment).overall == engine.assess(other).overall
