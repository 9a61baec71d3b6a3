"""Verdicts of a real node on a real chain, recomputed by an outsider who has no journal."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from oracle.chain.status import PaymentStatus
from oracle.errors import ModelInvalid, PaymentUnknown, RpcInconsistent, RpcUnavailable
from oracle.node import ListKind
from oracle.scoring import RiskLevel, RiskModel
from oracle.verify import Outcome, read_changes
from tests.oracle.devnet import Devnet, devnet
from tests.oracle.faulty_rpc import Call
from tests.oracle.node.test_quorum import SECOND, SECOND_KEY, reports_of, serving
from tests.oracle.running import running
from tests.oracle.verify import scene
from tests.oracle.verify.scene import DOLLAR, faulty, outsider, verified

SIGNER = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"


@dataclass
class Life:
    """A chain with a past, after its node has ended. Ids by what they stand for."""

    net: Devnet
    ids: dict[str, str] = field(default_factory=dict)
    documents: dict[str, bytes] = field(default_factory=dict)


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    folder = tmp_path_factory.mktemp("verify")
    with devnet(folder) as net:
        past = Life(net)
        suspect = net.accounts[6]
        with scene.working(net, folder / "data") as node:
            past.ids["first"] = scene.settled(net, node, 3 * DOLLAR)
            past.ids["to the suspect"] = scene.settled(net, node, 4 * DOLLAR, recipient=suspect)
            net.anvil.call("evm_setAutomine", False)
            together = [net.terms(5 * DOLLAR + number, recipient=net.accounts[7 + number]) for number in range(3)]
            for terms in together:
                net.post(
                    terms.sender,
                    "PayFlowCore",
                    "createPayment",
                    terms.recipient,
                    terms.token,
                    terms.amount,
                    bytes.fromhex(terms.reference[2:]),
                )
            net.anvil.mine()
            net.anvil.call("evm_setAutomine", True)
            past.ids["in one block"] = together[1].payment_id(chain_id=scene.CHAIN, core=net.core)
            node.reaches(past.ids["in one block"], PaymentStatus.SETTLED)
            # the payer has dealt with somebody who is listed from now on, by both contracts
            net.send(net.admin, "FraudOracle", "blacklistWallet", suspect, "stolen funds")
            net.send(net.admin, "ComplianceEngine", "sanction", net.accounts[9], "list of today")
            past.ids["behind a listing"] = scene.settled(net, node, 6 * DOLLAR)
            past.ids["instant"], past.documents["instant"] = scene.paid_instantly(net, node, 2 * DOLLAR)
            past.ids["overtaken"], past.documents["overtaken"] = scene.paid_instantly(
                net, node, 7 * DOLLAR, (8 * DOLLAR, net.accounts[7]), (9 * DOLLAR, net.accounts[8])
            )
            past.ids["last"] = scene.settled(net, node, 10 * DOLLAR)
            for name, payment_id in past.ids.items():
                past.documents.setdefault(name, node.service.payment(payment_id).evidence)
            past.documents["instant, as the node keeps it"] = node.service.payment(past.ids["instant"]).evidence
        yield past


@pytest.mark.parametrize(
    "name", ["first", "to the suspect", "in one block", "behind a listing", "instant", "overtaken", "last"]
)
def test_verify__honest_verdict__identical_to_the_byte(life: Life, name: str) -> None:
    found = verified(life.net, life.ids[name], document=life.documents[name], source="the node")
    assert found.reasons == ()
    assert found.outcome is Outcome.IDENTICAL
    assert found.document == life.documents[name]
    assert found.evidence is not None
    assert (found.evidence.authentic, found.evidence.difference) == (True, None)
    names = {one.name for one in found.fields}
    assert {"score", "level", "alerts", "model_version", "evidence_hash", "velocity_score", "timing_score"} <= names
    assert ("expires_at" in names) is not found.instant


def test_verify__list_events_before_the_payment__are_part_of_it(life: Life) -> None:
    before, after = verified(life.net, life.ids["first"]), verified(life.net, life.ids["behind a listing"])
    assert (before.list_changes, after.list_changes) == (1, 3)  # the first: the token
    assert before.lists_version != after.lists_version
    assert json.loads(after.document)["lists_version"] == after.lists_version
    assert after.payments == 5


def test_verify__instant_payment_overtaken_by_others__found_in_the_state_of_its_quote(life: Life) -> None:
    found = verified(life.net, life.ids["overtaken"])
    assert found.outcome is Outcome.IDENTICAL
    assert found.payments == 9  # two of them came between the quote and the payment
    assert json.loads(found.document)["payment"]["block"] == 0


def test_verify__instant_payment_with_the_nodes_later_document__no_accusation(life: Life) -> None:
    found = verified(
        life.net, life.ids["instant"], document=life.documents["instant, as the node keeps it"], source="the node"
    )
    assert found.outcome is Outcome.IDENTICAL
    assert found.evidence is None
    assert "later look" in found.notes[0]


def test_verify__instant_payment_whose_calldata_is_gone__says_what_is_missing_or_takes_it_from_the_document(
    life: Life,
) -> None:
    def pruned(call: Call, answer: object) -> object:
        gone = {"jsonrpc": "2.0", "id": call["id"], "result": None}
        return gone if call["method"] == "eth_getTransactionByHash" else answer

    with faulty(life.net, pruned) as settings:
        missing = verified(life.net, life.ids["instant"], settings=settings)
        assert missing.outcome is Outcome.IMPOSSIBLE
        assert "When its report was made is not known" in missing.reasons[0]
        document = life.documents["instant"]
        found = verified(life.net, life.ids["instant"], settings=settings, document=document, source="the quote")
        assert found.outcome is Outcome.IDENTICAL
        assert [one.name for one in found.fields] == ["score", "level", "alerts", "model_version", "evidence_hash"]


def test_verify__altered_document__detected_with_the_first_line_that_differs(life: Life) -> None:
    altered = json.loads(life.documents["last"])
    altered["scores"]["overall"] += 1
    altered["scores"]["timing"] += 1
    text = json.dumps(altered, sort_keys=True, separators=(",", ":")).encode()
    found = verified(life.net, life.ids["last"], document=text, source="somebody")
    assert found.outcome is Outcome.DIFFERS
    assert all(one.equal for one in found.fields)
    assert found.evidence is not None
    assert found.evidence.authentic is False
    assert found.evidence.difference is not None
    assert found.evidence.difference.given == f"scores.overall = {altered['scores']['overall']}"
    assert found.evidence.difference.recomputed == f"scores.overall = {altered['scores']['overall'] - 1}"
    assert "not the one that was signed" in found.reasons[0]


def test_verify__tampered_model_file__refused(life: Life, tmp_path: Path) -> None:
    data = bytearray(scene.SHIPPED.read_bytes())
    data[-5] ^= 1
    (tmp_path / "tampered").write_bytes(data)
    with pytest.raises(ModelInvalid, match="altered"):
        verified(life.net, life.ids["first"], settings=outsider(life.net, model_file=tmp_path / "tampered"))


def test_verify__another_model__says_which_file_is_needed(life: Life, tmp_path: Path) -> None:
    version = scene.other_model(tmp_path / "other")
    found = verified(life.net, life.ids["first"], settings=outsider(life.net, model_file=tmp_path / "other"))
    assert found.outcome is Outcome.DIFFERS
    parted = {one.name: one for one in found.fields if not one.equal}
    assert set(parted) == {"model_version", "evidence_hash"}
    assert parted["model_version"].recomputed == version
    assert parted["model_version"].chain == RiskModel.default().version
    assert RiskModel.default().version in found.reasons[0]
    assert "--model" in found.reasons[0]


def test_verify__node_that_refuses_wide_ranges__same_answer(life: Life) -> None:
    def narrow(call: Call, answer: object) -> object:
        where = call["params"][0] if call["method"] == "eth_getLogs" else {}
        if "fromBlock" in where and int(where["toBlock"], 16) - int(where["fromBlock"], 16) > 3:
            return {"jsonrpc": "2.0", "id": call["id"], "error": {"code": -32005, "message": "too many blocks"}}
        return answer

    with faulty(life.net, narrow) as settings:
        assert verified(life.net, life.ids["last"], settings=settings) == verified(life.net, life.ids["last"])


def by_range(call: Call) -> bool:
    """Whether it asks for the logs of all three contracts in a range of blocks."""
    where = call["params"][0] if call["method"] == "eth_getLogs" else {}
    return "fromBlock" in where and len(where["address"]) == 3


@pytest.mark.parametrize(
    "altered",
    [
        lambda _logs: [],
        lambda logs: logs[1:],
        lambda logs: [one | {"blockHash": "0x" + "ab" * 32} for one in logs],
        lambda logs: [one | {"data": "0x12"} for one in logs],
        lambda _logs: "nothing",
    ],
    ids=["hidden", "the first hidden", "of another chain", "not decodable", "no list"],
)
def test_verify__node_with_wrong_logs_of_a_range__every_block_is_read_before_it_differs(
    life: Life, altered: Callable[[Any], Any]
) -> None:
    def wrong(call: Call, answer: dict[str, Any]) -> object:
        return answer | {"result": altered(answer["result"])} if by_range(call) else answer

    doubts: list[bool] = []
    with faulty(life.net, wrong, log_range=8, log_range_max=100) as settings:
        found = verified(life.net, life.ids["last"], settings=settings, on_doubt=lambda: doubts.append(True))
    assert found.outcome is Outcome.IDENTICAL
    assert doubts == [True]


def test_verify__honest_verdict_on_a_long_chain__blocks_without_events_fetched_if_asked_for(net: Devnet) -> None:
    terms = net.terms(3 * DOLLAR)
    net.anvil.call("anvil_mine", hex(500))
    payment_id = scene.open_escrow(net, terms)
    scene.settle_with(net, terms, scene.honest(net, terms, verified(net, payment_id)))
    asked: list[str] = []

    def listening(call: Call, answer: object) -> object:
        asked.append(call["method"])
        return answer

    with faulty(net, listening) as settings:
        quick = verified(net, payment_id, settings=settings)
        assert quick.outcome is Outcome.IDENTICAL
        assert len(asked) < 40
        assert verified(net, payment_id, settings=settings, thorough=True) == quick
        assert asked.count("eth_getBlockByNumber") > 500


def test_verify__node_that_hides_the_payment_from_its_block__is_not_believed(life: Life) -> None:
    def hiding(call: Call, answer: dict[str, Any]) -> object:
        by_hash = call["method"] == "eth_getLogs" and "blockHash" in call["params"][0]
        return answer | {"result": []} if by_range(call) or by_hash else answer

    with (
        faulty(life.net, hiding, log_range=1, log_range_max=1) as settings,
        pytest.raises(RpcInconsistent, match="is found by its payment's id"),
    ):
        verified(life.net, life.ids["first"], settings=settings)


def test_verify__unknown_payment_or_no_node__errors_of_the_tree(life: Life) -> None:
    with pytest.raises(PaymentUnknown):
        verified(life.net, "0x" + "ab" * 32)
    away = outsider(life.net).model_copy(update={"rpc_url": "http://127.0.0.1:9"})
    with pytest.raises(RpcUnavailable):
        verified(life.net, life.ids["first"], settings=away)


def test_verify__progress__ends_at_the_payments_block(life: Life) -> None:
    seen: list[tuple[int, int, int]] = []
    settings = outsider(life.net, log_range=2, log_range_max=2)
    found = verified(life.net, life.ids["last"], settings=settings, progress=lambda *where: seen.append(where))
    assert found.outcome is Outcome.IDENTICAL
    assert len(seen) > 5
    assert seen == sorted(seen)
    assert all(last == found.last_block for _, last, _ in seen)


def test_verify__signer_with_an_entry_of_its_own__differs_until_it_is_given(net: Devnet, tmp_path: Path) -> None:
    with scene.working(net, tmp_path / "data") as node:
        scene.settled(net, node, 3 * DOLLAR)
        block = scene.caught_up(net, node) + 1
        node.service.list_add(ListKind.BLACKLIST, net.accounts[5], note="known", by="anna")
        blocked = net.pay(3 * DOLLAR, recipient=net.accounts[5])
        assert node.reaches(blocked, PaymentStatus.BLOCKED).score > 80
        document = node.service.payment(blocked).evidence
    plain = verified(net, blocked)
    assert plain.outcome is Outcome.DIFFERS
    assert {"score", "level", "alerts", "evidence_hash"} <= {one.name for one in plain.fields if not one.equal}
    assert "--lists" in plain.reasons[0]
    told = verified(net, blocked, document=document, source="the node")
    assert told.evidence is not None
    assert told.evidence.authentic
    assert json.loads(document)["lists_version"] in told.reasons[0]
    assert told.lists_version in told.reasons[0]
    entry = {"address": net.accounts[5], "kind": "blacklisted", "source": "anna", "note": "known", "block": block}
    (tmp_path / "lists.json").write_text(json.dumps([entry]))
    given = verified(net, blocked, changes=read_changes(tmp_path / "lists.json"))
    assert given.outcome is Outcome.IDENTICAL
    (tmp_path / "lists.json").write_text(json.dumps([entry | {"note": "another"}]))
    assert verified(net, blocked, changes=read_changes(tmp_path / "lists.json")).outcome is Outcome.DIFFERS


def test_verify__nodes_that_disagree__the_median_differs_and_the_other_report_is_named(tmp_path: Path) -> None:
    with devnet(tmp_path, signers=[SIGNER, SECOND], quorum=2) as net:
        net.anvil.call("anvil_setBalance", SECOND, hex(10**18))
        with (
            running(net.settings(tmp_path / "second", private_key=SECOND_KEY)) as second,
            serving(reports_of(second.service)) as url,
            running(net.settings(tmp_path / "first", peers=url, submit_stagger=0)) as first,
        ):
            second.ready()
            agreed = scene.settled(net, first, 2 * DOLLAR)
            second.service.list_add(ListKind.BLACKLIST, net.payee)
            disputed = net.pay(3 * DOLLAR)
            first.reaches(disputed, PaymentStatus.BLOCKED)
            ours = first.service.payment(disputed).report
        assert verified(net, agreed).outcome is Outcome.IDENTICAL
        found = verified(net, disputed)
        assert found.outcome is Outcome.DIFFERS
        assert found.score == ours.overall_score
        assert ours.evidence_hash in found.notes[0]


def test_verify__signer_that_lies__every_field_that_differs(net: Devnet) -> None:
    terms = net.terms(3 * DOLLAR)
    payment_id = scene.open_escrow(net, terms)
    scene.settle_with(net, terms, scene.report(net, terms, alerts=1 << 4 | 1 << 20))
    found = verified(net, payment_id)
    assert found.outcome is Outcome.DIFFERS
    parted = {one.name: one for one in found.fields if not one.equal}
    assert parted["alerts"].chain == "SANCTIONED_INTERACTION, unknown bits 0x100000"
    assert parted["alerts"].recomputed == "none"
    assert {"score", "evidence_hash", "velocity_score"} <= set(parted)
    assert "model_version" not in parted


def test_verify__report_that_contradicts_its_own_document__is_told_apart(net: Devnet) -> None:
    terms = net.terms(3 * DOLLAR)
    payment_id = scene.open_escrow(net, terms)
    pending = verified(net, payment_id)
    assert pending.outcome is Outcome.IMPOSSIBLE
    assert "not settled yet" in pending.reasons[0]
    said = replace(scene.honest(net, terms, pending), timing_score=99)
    scene.settle_with(net, terms, said)
    found = verified(net, payment_id)
    assert found.outcome is Outcome.DIFFERS
    parted = {one.name for one in found.fields if not one.equal}
    assert "timing_score" in parted
    assert not parted & {"score", "evidence_hash", "velocity_score"}
    assert "contradicts the evidence document" in found.reasons[0]


def test_verify__limits_changed_since__level_by_those_in_force_at_the_verdict(net: Devnet, tmp_path: Path) -> None:
    with scene.working(net, tmp_path / "data") as node:
        before = scene.settled(net, node, 3 * DOLLAR)
        net.send(net.admin, "FraudOracle", "setThresholds", (1, 2, 60, 80))
        after = scene.settled(net, node, 4 * DOLLAR)
    net.send(net.admin, "FraudOracle", "setThresholds", (1, 2, 3, 4))
    for payment_id, limits in ((before, (20, 40, 60, 80)), (after, (1, 2, 60, 80))):
        found = verified(net, payment_id)
        assert found.outcome is Outcome.IDENTICAL
        level = RiskLevel(sum(found.score > limit for limit in limits))
        assert next(one.recomputed for one in found.fields if one.name == "level") == level.name
        assert (level is RiskLevel.of(found.score)) is (payment_id == before)


def test_verify__analysis_of_one_signer__cannot_be_recomputed_and_says_who(net: Devnet) -> None:
    terms = net.terms(3 * DOLLAR)
    payment_id = scene.open_escrow(net, terms)
    raw = bytes.fromhex(payment_id[2:])
    parties = (terms.sender, terms.recipient, terms.amount)
    net.send(net.signer, "FraudOracle", "analyzeTransaction", raw, *parties, 10, 20, 30, 10, 10)
    net.send(net.payee, "PayFlowCore", "executePayment", raw)
    found = verified(net, payment_id)
    assert found.status is PaymentStatus.SETTLED
    assert found.outcome is Outcome.IMPOSSIBLE
    assert net.signer in found.reasons[0]
    assert "with score 16 (the verdict has 16)" in found.reasons[0]


def test_verify__whitelisted_sender__follows_from_the_list(net: Devnet) -> None:
    terms = net.terms(3 * DOLLAR)
    payment_id = scene.open_escrow(net, terms)
    net.scheduled("FraudOracle", "whitelistWallet", net.payer)
    net.send(net.payee, "PayFlowCore", "executeWhitelisted", terms.as_abi())
    net.send(net.admin, "FraudOracle", "unwhitelistWallet", net.payer)
    found = verified(net, payment_id)
    assert found.outcome is Outcome.IDENTICAL
    assert net.payer in found.notes[0]


def test_verify__oracle_that_was_replaced__said_as_a_reason(net: Devnet) -> None:
    net.replace_oracle()
    terms = net.terms(3 * DOLLAR)
    payment_id = scene.open_escrow(net, terms)
    scene.settle_with(net, terms, scene.report(net, terms))
    found = verified(net, payment_id)
    assert found.outcome is Outcome.DIFFERS
    assert net.addresses["FraudOracle"] in found.reasons[-1]


def test_verify__cancelled_payment__has_no_verdict_to_compare(net: Devnet) -> None:
    terms = net.terms(3 * DOLLAR)
    payment_id = scene.open_escrow(net, terms)
    net.send(net.payer, "PayFlowCore", "cancel", terms.as_abi())
    found = verified(net, payment_id)
    assert found.outcome is Outcome.IMPOSSIBLE
    assert "cancelled without a verdict" in found.reasons[0]


def test_verify__entry_of_the_chain_that_is_no_party__passed_over(net: Devnet) -> None:
    net.send(net.admin, "FraudOracle", "blacklistWallet", "0x000000000000000000000000000000000000dEaD", "burnt")
    payment_id = net.pay(3 * DOLLAR)
    found = verified(net, payment_id)
    assert found.list_changes == 1  # the token
    assert "no party" in found.notes[0]
