"""What the document says besides sentences: a program can follow every reason to where it comes from."""

import json

import pytest

from oracle.scoring import ListEntry, ListKind, RiskEngine, RiskModel, ScreeningLists
from oracle.scoring.simulator import simulate, simulated_lists
from oracle.scoring.stream import Stream, transfer_of
from oracle.scoring.supervised.trees import SCALE
from tests.oracle.scoring.helpers import HOUR, Economy, address


def test_evidence__listed_party__holds_the_entry(model: RiskModel) -> None:
    entry = ListEntry(address("thief"), ListKind.SCAM, "the police of Zug", "case 7")
    economy = Economy(model, ScreeningLists([entry]))
    document = json.loads(economy.pay("alice", "thief", 20.0).evidence())
    found = [one["entries"] for one in document["explanations"] if one["entries"]]
    assert found == [[{"address": entry.address, "kind": "scam", "source": "the police of Zug", "note": "case 7"}]]


def test_evidence__money_from_listed_wallets__names_them_with_kind_and_source_and_the_payments(
    model: RiskModel,
) -> None:
    entries = [ListEntry(address(f"thief {n}"), ListKind.SCAM, f"source {n}") for n in range(6)]
    economy = Economy(model, ScreeningLists(entries))
    paid = [economy.payment(f"thief {n}", "alice", 50.0) for n in range(6)]
    for one in paid:
        economy.engine.observe(one)
    economy.now += HOUR
    assessment = economy.pay("alice", "bob", 40.0)
    (finding,) = (one for one in assessment.explanations if one.sentence.startswith("One hop away"))
    assert finding.entries == tuple(entries[2:])
    assert finding.payments == tuple(one.payment_id for one in paid[2:])
    assert finding.sentence.endswith(f"6 listed wallets, such as {entries[5].address} (scam).")


def test_evidence__supervised_model__its_parts_add_up_to_what_the_trees_say(model: RiskModel) -> None:
    engine, stream = RiskEngine(model, simulated_lists(7)), Stream()
    assert model.supervised is not None
    explained = 0
    for one in simulate(7, 3_000, episodes=2):
        transfer = transfer_of(one.payment, 0)
        both = model.supervised.trees.raw_batch(stream.features(transfer))
        said = json.loads(engine.assess_and_observe(one.payment).evidence())["supervised"]
        stream.observe(transfer)
        if said:
            explained += 1
            parts = [said["base"], said["other_contributions"], *(part["log_odds"] for part in said["contributions"])]
            assert sum(map(float, parts)) == pytest.approx(float(said["log_odds"]), abs=1e-5)
            assert float(said["log_odds"]) == pytest.approx(max(both) / SCALE, abs=1e-6)
    assert explained > 20
