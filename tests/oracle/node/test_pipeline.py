"""The whole path on a real devnet: pay, score, sign, submit, confirm, and what people do afterwards."""

import hashlib
import json
import threading
from functools import partial
from pathlib import Path

import pytest
from eth_abi.abi import encode

from oracle.chain.contracts import PaymentTerms
from oracle.chain.status import PaymentStatus
from oracle.errors import (
    InvalidAddress,
    InvalidListing,
    ListingUnknown,
    NoSigner,
    NotReady,
    PaymentUnknown,
    PlainKeyRefused,
    StoreSchema,
    WrongChain,
    WrongPassword,
)
from oracle.node import ListKind, Node, NodeState, Stage
from oracle.settings import Settings
from oracle.signing import create_keystore
from tests.oracle.devnet import Anvil, Devnet, devnet
from tests.oracle.running import eventually, running

DOLLAR = 10**6


def terms_of(net: Devnet, reference: str, amount: int) -> PaymentTerms:
    return PaymentTerms(net.payer, net.payee, net.token, amount, reference)


def test_run__payments_before_and_after_its_start__are_settled(net: Devnet, tmp_path: Path) -> None:
    early = [net.pay(3 * DOLLAR + number) for number in range(3)]
    with running(net.settings(tmp_path / "data")) as node:
        for payment_id in early:
            assert node.reaches(payment_id, PaymentStatus.SETTLED).stage is Stage.DONE
        late = net.pay(4 * DOLLAR)
        node.reaches(late, PaymentStatus.SETTLED)
    for payment_id in (*early, late):
        assert net.status(payment_id) == 2
    assert len(net.events("VerdictApplied")) == 4


def test_run__several_ready_at_once__share_one_transaction(net: Devnet, tmp_path: Path) -> None:
    ids = [net.pay(3 * DOLLAR + number) for number in range(7)]
    with running(net.settings(tmp_path / "data", batch_size=4)) as node:
        views = [node.reaches(payment_id, PaymentStatus.SETTLED) for payment_id in ids]
    assert len({view.settled_tx for view in views}) == 2


def test_report__settled_payment__is_what_the_chain_took_and_its_evidence_hashes_to_it(
    net: Devnet, tmp_path: Path
) -> None:
    payment_id = net.pay(3 * DOLLAR)
    with running(net.settings(tmp_path / "data")) as node:
        node.reaches(payment_id, PaymentStatus.SETTLED)
        shouted = payment_id.upper().replace("X", "x")
        eventually(lambda: node.service.payment(shouted).attempts[0].state == "included", "the receipt is found")
        detail = node.service.payment(shouted)
        assert node.service.report(payment_id) == detail.signature
    verdict = net.events("VerdictApplied")[0]
    assert verdict["evidenceHash"] == detail.report.evidence_hash
    assert "0x" + hashlib.sha256(detail.evidence).hexdigest() == detail.report.evidence_hash
    assert json.loads(detail.evidence)["payment"]["id"] == payment_id
    assert verdict["score"] == detail.report.overall_score == detail.payment.score
    assert detail.report.issued_at == detail.payment.created_at
    assert detail.report.expires_at == detail.payment.settle_deadline
    assert [event.name for event in detail.events] == ["PaymentCreated", "VerdictApplied"]


def test_list_add__blacklisted_recipient__next_payment_to_it_is_blocked(net: Devnet, tmp_path: Path) -> None:
    with running(net.settings(tmp_path / "data")) as node:
        node.ready()
        change = node.service.list_add(ListKind.BLACKLIST, net.accounts[5].upper().replace("X", "x"), note="known")
        assert change.changed
        assert not node.service.list_add(ListKind.BLACKLIST, net.accounts[5]).changed
        assert node.service.wallet(net.accounts[5]).is_blacklisted
        payment_id = net.pay(3 * DOLLAR, recipient=net.accounts[5])
        view = node.reaches(payment_id, PaymentStatus.BLOCKED)
        assert view.score > 80
        assert node.service.stats().total_blocked == 1
        assert [one.address for one in node.service.listings(ListKind.BLACKLIST)] == [net.accounts[5]]
        after = node.service.list_remove(ListKind.BLACKLIST, net.accounts[5])
        assert after.changed
        assert after.lists_version != change.lists_version
        with pytest.raises(ListingUnknown):
            node.service.list_remove(ListKind.BLACKLIST, net.accounts[5])
    assert net.status(payment_id) == 4


def test_list_add__null_address_token_or_no_address__is_refused(net: Devnet, tmp_path: Path) -> None:
    with running(net.settings(tmp_path / "data")) as node:
        node.ready()
        with pytest.raises(InvalidListing):
            node.service.list_add(ListKind.BLACKLIST, "0x" + "00" * 20)
        with pytest.raises(InvalidAddress):
            node.service.list_add(ListKind.BLACKLIST, "0x12")
        with pytest.raises(InvalidListing, match="token"):  # accepted ones are known as tokens, by the chain's word
            node.service.list_add(ListKind.BLACKLIST, net.addresses["TestStablecoin"])
        assert node.service.listings(ListKind.BLACKLIST) == ()


def test_lists__events_of_the_chain__enter_and_leave_the_lists(net: Devnet, tmp_path: Path) -> None:
    suspect = net.accounts[6]
    with running(net.settings(tmp_path / "data")) as node:
        node.ready()
        net.send(net.admin, "FraudOracle", "blacklistWallet", suspect, "stolen funds")
        entry = eventually(lambda: node.service.listings(ListKind.BLACKLIST), "the chain's entry arrives")[0]
        assert (entry.address, entry.source, entry.note) == (suspect, "chain", "stolen funds")
        with pytest.raises(ListingUnknown):  # what the chain says, only the chain takes back
            node.service.list_remove(ListKind.BLACKLIST, suspect)


def test_lists__burn_address_that_the_chain_lists__passed_over_and_the_node_goes_on(
    net: Devnet, tmp_path: Path
) -> None:
    burn = "0x000000000000000000000000000000000000dEaD"
    for _ in range(2):  # the second time after a restart
        with running(net.settings(tmp_path / "data")) as node:
            node.ready()
            net.send(net.admin, "FraudOracle", "blacklistWallet", burn, "burnt")
            node.reaches(net.pay(3 * DOLLAR), PaymentStatus.SETTLED)
            assert node.service.listings(ListKind.BLACKLIST) == ()
        net.send(net.admin, "ComplianceEngine", "sanction", burn, "burnt")


def test_lists__reason_that_is_no_text__is_read_with_replacements_and_the_node_goes_on(
    net: Devnet, tmp_path: Path
) -> None:
    suspect = net.accounts[6]
    selector = net.function("FraudOracle", "blacklistWallet").selector
    data = selector + encode(["address", "bytes"], [suspect, b"stolen \xff\x00"])
    call = {"from": net.admin, "to": net.addresses["FraudOracle"], "data": "0x" + data.hex(), "gas": hex(2_000_000)}
    with running(net.settings(tmp_path / "data")) as node:
        node.ready()
        assert net.mined(call)["status"] == "0x1"
        node.reaches(net.pay(3 * DOLLAR), PaymentStatus.SETTLED)
        (entry,) = node.service.listings(ListKind.BLACKLIST)
        assert (entry.address, entry.note) == (suspect, "stolen \ufffd\ufffd")


def test_restart__lists_and_scores__are_as_before(net: Devnet, tmp_path: Path) -> None:
    settings = net.settings(tmp_path / "data")
    with running(settings) as node:
        node.ready()
        node.service.list_add(ListKind.BLACKLIST, net.accounts[5])
        first = net.pay(3 * DOLLAR)
        node.reaches(first, PaymentStatus.SETTLED)
        before = (node.service.wallet(net.payer), node.service.stats(), node.service.health().lists_version)
    with running(settings) as node:
        node.ready()
        assert (node.service.wallet(net.payer), node.service.stats(), node.service.health().lists_version) == before
        node.reaches(net.pay(3 * DOLLAR), PaymentStatus.SETTLED)


def test_two_nodes__same_chain__say_the_same_to_the_byte(net: Devnet, tmp_path: Path) -> None:
    ids = [net.pay(3 * DOLLAR + number) for number in range(5)]
    details = []
    for name in ("one", "two"):
        with running(net.settings(tmp_path / name)) as node:
            for payment_id in ids:
                node.reaches(payment_id, PaymentStatus.SETTLED)
            details.append([node.service.payment(one) for one in ids])
    first, second = details
    assert [one.report for one in first] == [one.report for one in second]
    assert [one.evidence for one in first] == [one.evidence for one in second]


def test_quote_instant__payer_sends_its_calldata__is_paid_at_once(net: Devnet, tmp_path: Path) -> None:
    with running(net.settings(tmp_path / "data")) as node:
        node.ready()
        token = node.service.token("pusd")
        quote = node.service.quote_instant(
            sender=net.payer, recipient=net.payee, token=token, amount=token.units("2.5"), reference=None
        )
        assert quote.refusal == ""
        before = net.read("TestStablecoin", "balanceOf", net.payee)
        receipt = net.mined({"from": net.payer, "to": quote.to, "data": quote.calldata, "gas": hex(10**6)})
        assert receipt["status"] == "0x1"
        assert net.read("TestStablecoin", "balanceOf", net.payee) - before == 2_500_000
        view = node.reaches(quote.payment_id, PaymentStatus.SETTLED)
        assert view.instant
        assert view.verdict_score == quote.reports[0].report.overall_score
        with pytest.raises(NoSigner):
            node.service.report(quote.payment_id)


def test_quote_instant__blacklisted_recipient__is_refused_with_report_and_reason(net: Devnet, tmp_path: Path) -> None:
    with running(net.settings(tmp_path / "data")) as node:
        node.ready()
        node.service.list_add(ListKind.BLACKLIST, net.accounts[5])
        quote = node.service.quote_instant(
            sender=net.payer, recipient=net.accounts[5], token=node.service.token(None), amount=DOLLAR
        )
        assert quote.calldata == ""
        assert "too high" in quote.refusal


def test_analyze__hypothetical_payment__changes_nothing_but_the_counts(net: Devnet, tmp_path: Path) -> None:
    with running(net.settings(tmp_path / "data")) as node:
        node.ready()
        token = node.service.token(None)
        wallet = node.service.wallet(net.payer)
        results = [
            node.service.analyze(
                payment_id="anything",
                sender=net.payer,
                recipient=net.payee,
                token=token,
                amount=DOLLAR,
                timestamp=10**9,
            )
            for _ in range(2)
        ]
        assert results[0].assessment == results[1].assessment
        assert results[0].approved
        assert node.service.wallet(net.payer) == wallet
        assert node.service.stats().total_analyses == 2


def test_cancel__by_the_sender__is_followed(net: Devnet, tmp_path: Path) -> None:
    with running(net.settings(tmp_path / "data", private_key=None)) as node:
        payment_id = net.pay(3 * DOLLAR)
        reference = node.reaches(payment_id, PaymentStatus.PENDING).reference
        net.send(net.payer, "PayFlowCore", "cancel", terms_of(net, reference, 3 * DOLLAR).as_abi())
        view = node.reaches(payment_id, PaymentStatus.CANCELLED)
        assert view.stage is Stage.DONE
        assert view.verdict_score is None


def test_run__no_key__scores_and_settles_nothing(net: Devnet, tmp_path: Path) -> None:
    payment_id = net.pay(3 * DOLLAR)
    with running(net.settings(tmp_path / "data", private_key=None)) as node:
        assert node.reaches(payment_id, PaymentStatus.PENDING).stage is Stage.SIGNED
        with pytest.raises(NoSigner):
            node.service.report(payment_id)
        with pytest.raises(NoSigner):
            node.service.quote_instant(sender=net.payer, recipient=net.payee, token=node.service.token(None), amount=1)
    # a key that comes later signs what waits
    with running(net.settings(tmp_path / "data")) as node:
        node.reaches(payment_id, PaymentStatus.SETTLED)


def test_run__key_without_the_role__says_so_and_settles_once_it_is_granted(tmp_path: Path) -> None:
    with devnet(tmp_path) as net:
        stranger = "0x" + "5c" * 32
        payment_id = net.pay(3 * DOLLAR)
        with running(net.settings(tmp_path / "data", private_key=stranger)) as node:
            assert "AI_ORACLE_ROLE" in node.problem("not-a-signer")
            assert node.service.health().authorised is False
            assert node.service.health().state is NodeState.DEGRADED
            assert node.reaches(payment_id, PaymentStatus.PENDING).stage is Stage.SIGNED


def test_service__before_the_chain_answered__is_not_ready(tmp_path: Path) -> None:
    node = Node(Settings(data_dir=tmp_path, rpc_url="http://127.0.0.1:1"))
    try:
        with pytest.raises(NotReady, match="has not reached the chain"):
            node.service.token(None)
        with pytest.raises(PaymentUnknown):
            node.service.payment("0x" + "11" * 32)
        assert node.service.health().state is NodeState.STARTING
        assert not node.service.health().ready
    finally:
        node.close()


def test_payments__filters_and_pages__fit_together(net: Devnet, tmp_path: Path) -> None:
    ids = [net.pay(3 * DOLLAR + number) for number in range(5)]
    with running(net.settings(tmp_path / "data")) as node:
        for payment_id in ids:
            node.reaches(payment_id, PaymentStatus.SETTLED)
        first = node.service.payments(limit=3, wallet=net.payer, status=PaymentStatus.SETTLED)
        assert [one.payment_id for one in first.payments] == ids[:1:-1]
        second = node.service.payments(limit=3, before=first.next_before)
        assert [one.payment_id for one in second.payments] == ids[1::-1]
        assert second.next_before is None
        assert node.service.payments(stage=Stage.STUCK).payments == ()


def test_run__past_of_the_chain_read__says_so_once(net: Devnet, tmp_path: Path) -> None:
    said: list[bool] = []
    node, stop = Node(net.settings(tmp_path / "data")), threading.Event()

    def seen(number: int) -> bool:
        return len(node.service.payments().payments) == number

    worker = threading.Thread(target=node.run, args=(stop, lambda: said.append(node.service.health().ready)))
    worker.start()
    try:
        for number in (1, 2):  # rounds go on after it
            net.pay(3_000_000)
            eventually(partial(seen, number), "the payment is seen")
    finally:
        stop.set()
        worker.join()
        node.close()
    assert said == [True]


def test_run__other_chain_id_than_asked_for__ends_with_that(net: Devnet, tmp_path: Path) -> None:
    node = Node(net.settings(tmp_path / "data", chain_id=5))
    try:
        with pytest.raises(WrongChain, match="chain id is 31337"):
            node.run(threading.Event())
    finally:
        node.close()


def test_run__journal_of_another_deployment__is_refused(net: Devnet, tmp_path: Path) -> None:
    with running(net.settings(tmp_path / "data")) as running_node:
        running_node.ready()
    with devnet(tmp_path, "--timestamp", "2000000000") as other:
        node = Node(other.settings(tmp_path / "data"))
        try:
            with pytest.raises(StoreSchema, match="belongs to chain"):
                node.run(threading.Event())
        finally:
            node.close()


def test_node__wrong_password__is_refused_before_journal_and_chain(tmp_path: Path) -> None:
    create_keystore(tmp_path / "key.json", "right", work=2)
    (tmp_path / "password").write_text("wrong\n")
    (tmp_path / "password").chmod(0o600)
    settings = Settings(
        data_dir=tmp_path / "data",
        rpc_url="http://127.0.0.1:1",
        keystore_file=tmp_path / "key.json",
        password_file=tmp_path / "password",
    )
    with pytest.raises(WrongPassword):
        Node(settings)
    assert not (tmp_path / "data").exists()


def test_run__plain_key_on_a_chain_that_is_no_devnet__is_refused(tmp_path: Path) -> None:
    anvil = Anvil("--chain-id", "5")
    try:
        with devnet(tmp_path) as net:
            settings = net.settings(tmp_path / "data", rpc_url=anvil.url)
            document = json.loads((net.folder / "31337.json").read_text())
            for name, contract in document["contracts"].items():
                # the same code at the same places, so that nothing but the key can be refused
                code = net.anvil.call("eth_getCode", net.addresses[name], "latest")
                anvil.call("anvil_setCode", contract["address"], code)
        document["chain_id"] = 5
        document["genesis_hash"] = anvil.call("eth_getBlockByNumber", "0x0", False)["hash"]
        (net.folder / "5.json").write_text(json.dumps(document))
        node = Node(settings)
        try:
            with pytest.raises(PlainKeyRefused, match="chain 5 "):
                node.run(threading.Event())
        finally:
            node.close()
    finally:
        anvil.stop()
