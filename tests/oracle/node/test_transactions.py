"""Own transactions when things go wrong: fees, poor accounts, foreign nonces, forgotten and failed sends, deadlines."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oracle.chain.status import PaymentStatus
from oracle.node import Stage
from oracle.store import Database, intents
from tests.oracle.devnet import Devnet
from tests.oracle.faulty_rpc import Call, FaultyRpc
from tests.oracle.running import eventually, running

DOLLAR = 10**6


@pytest.fixture
def faulty(net: Devnet) -> Iterator[FaultyRpc]:
    proxy = FaultyRpc(net.anvil.url)
    yield proxy
    proxy.close()


def pool(net: Devnet) -> list[dict[str, Any]]:
    """The signer's transactions that wait."""
    content = net.anvil.call("txpool_content")
    waiting = {**content["pending"], **content["queued"]}
    return [one for sender, by in waiting.items() if sender.lower() == net.signer for one in by.values()]


def replaced(net: Devnet, first: dict[str, Any]) -> list[dict[str, Any]]:
    """What waits instead of `first` after one more block, into which nothing fits."""
    net.anvil.call("evm_setBlockGasLimit", hex(20_000))
    net.anvil.mine()
    net.anvil.call("evm_setBlockGasLimit", hex(30_000_000))
    return [one for one in pool(net) if one["hash"] != first["hash"]]


def test_bump__no_inclusion_in_time__is_replaced_at_the_same_nonce_with_an_eighth_more(
    net: Devnet, tmp_path: Path
) -> None:
    payment_id = net.pay(3 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    with running(net.settings(tmp_path / "data", bump_after=0.3)) as node:
        first = eventually(lambda: pool(net), "the settlement waits")[0]
        second = eventually(lambda: replaced(net, first), "it is replaced", node.service.health)[0]
        assert second["nonce"] == first["nonce"]
        assert len(pool(net)) == 1
        for fee in ("maxFeePerGas", "maxPriorityFeePerGas"):
            assert int(second[fee], 16) * 1000 >= int(first[fee], 16) * 1125
        net.anvil.mine()
        node.reaches(payment_id, PaymentStatus.SETTLED)
        states = {
            one.tx: one.state
            for one in eventually(
                lambda: (
                    [one for one in node.service.payment(payment_id).attempts if one.state == "included"]
                    and node.service.payment(payment_id).attempts
                ),
                "the receipt is found",
            )
        }
        assert list(states.values()).count("included") == 1
        assert states[first["hash"]] == "replaced"
    assert len(net.events("VerdictApplied")) == 1


def test_bump__payer_cancels_while_it_waits__the_nonce_is_used_up_by_nothing(net: Devnet, tmp_path: Path) -> None:
    terms = net.terms(3 * DOLLAR)
    reference = bytes.fromhex(terms.reference[2:])
    net.send(net.payer, "PayFlowCore", "createPayment", terms.recipient, terms.token, terms.amount, reference)
    payment_id = terms.payment_id(chain_id=31337, core=net.core)
    net.anvil.call("evm_setAutomine", False)
    with running(net.settings(tmp_path / "data", bump_after=0.5)) as node:
        settlement = eventually(lambda: pool(net), "the settlement waits")[0]
        net.anvil.call("anvil_dropTransaction", settlement["hash"])
        net.send(net.payer, "PayFlowCore", "cancel", terms.as_abi())
        node.reaches(payment_id, PaymentStatus.CANCELLED)
        void = eventually(lambda: [one for one in pool(net) if one["to"] == net.signer], "a void transaction waits")[0]
        assert void["nonce"] == settlement["nonce"]
        net.anvil.mine()
        eventually(lambda: node.service.health().in_flight == 0, "nothing waits any more")
        net.anvil.call("evm_setAutomine", True)
        node.reaches(net.pay(4 * DOLLAR), PaymentStatus.SETTLED)
    assert net.events("VerdictApplied")[0]["paymentId"] != payment_id


def test_push__the_rpc_node_forgets_the_transaction__the_same_bytes_are_sent_again(net: Devnet, tmp_path: Path) -> None:
    payment_id = net.pay(3 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    with running(net.settings(tmp_path / "data", bump_after=60)) as node:
        first = eventually(lambda: pool(net), "the settlement waits")[0]
        net.anvil.call("anvil_dropTransaction", first["hash"])
        again = eventually(lambda: pool(net), "it is back")[0]
        assert again["hash"] == first["hash"]
        net.anvil.mine()
        node.reaches(payment_id, PaymentStatus.SETTLED)


def test_broadcast__the_answer_is_lost__it_is_sent_once_and_settled_once(
    net: Devnet, faulty: FaultyRpc, tmp_path: Path
) -> None:
    lost: list[str] = []

    def fault(call: Call, answer: Any) -> Any:
        if call["method"] == "eth_sendRawTransaction" and not lost:
            lost.append(call["params"][0])
            return None  # anvil has it; the node does not know
        return answer

    faulty.fault = fault
    payment_id = net.pay(3 * DOLLAR)
    with running(net.settings(tmp_path / "data", rpc_url=faulty.url)) as node:
        node.reaches(payment_id, PaymentStatus.SETTLED)
        assert lost
        assert len(node.service.payment(payment_id).attempts) == 1
    assert len(net.events("VerdictApplied")) == 1


def test_nonce__another_program_uses_the_key__the_node_goes_on_and_nothing_is_lost(net: Devnet, tmp_path: Path) -> None:
    with running(net.settings(tmp_path / "data")) as node:
        first = net.pay(3 * DOLLAR)
        node.reaches(first, PaymentStatus.SETTLED)
        net.mined({"from": net.signer, "to": net.payee, "value": "0x1"})
        second = net.pay(4 * DOLLAR)
        node.reaches(second, PaymentStatus.SETTLED)


def test_nonce__a_foreign_transaction_takes_the_nonce_of_a_waiting_one__payments_are_planned_anew(
    net: Devnet, tmp_path: Path
) -> None:
    payment_id = net.pay(3 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    with running(net.settings(tmp_path / "data", bump_after=60)) as node:
        waiting = eventually(lambda: pool(net), "the settlement waits")[0]
        foreign = {
            "from": net.signer,
            "to": net.payee,
            "nonce": waiting["nonce"],
            "maxFeePerGas": hex(int(waiting["maxFeePerGas"], 16) * 3),
            "maxPriorityFeePerGas": hex(int(waiting["maxPriorityFeePerGas"], 16) * 3),
        }
        net.anvil.call("eth_sendTransaction", foreign)
        net.anvil.mine()
        net.anvil.call("evm_setAutomine", True)

        def settled() -> bool:
            net.anvil.mine()  # the nonce counts as lost only after some heads without a receipt
            return net.status(payment_id) == 2

        eventually(settled, "it is settled at another nonce", node.service.health)
        node.reaches(payment_id, PaymentStatus.SETTLED)
        assert "displaced" in [one.state for one in node.service.payment(payment_id).attempts]


def test_nonce__a_gap_below_a_waiting_transaction__is_filled(net: Devnet, tmp_path: Path) -> None:
    settings = net.settings(tmp_path / "data", batch_size=1, bump_after=60)
    terms = net.terms(3 * DOLLAR)
    reference = bytes.fromhex(terms.reference[2:])
    net.send(net.payer, "PayFlowCore", "createPayment", terms.recipient, terms.token, terms.amount, reference)
    second = net.pay(4 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    with running(settings):
        waiting = sorted(eventually(lambda: pool(net)[1:] and pool(net), "two wait"), key=lambda one: one["nonce"])
    # the first one's nonce is lost for it, and its payment needs none any more
    for one in waiting:
        net.anvil.call("anvil_dropTransaction", one["hash"])
    net.send(net.payer, "PayFlowCore", "cancel", terms.as_abi())
    with Database(settings.journal_url) as database, database.writing() as connection:
        intents.change_intent(connection, intents.intents_in(connection, [intents.OPEN])[0].id, state=intents.DISPLACED)
    with running(settings) as node:

        def settled() -> bool:
            net.anvil.mine()
            return net.status(second) == 2

        eventually(settled, "the gap is closed and the second is settled", node.service.health)
        node.reaches(second, PaymentStatus.SETTLED)
    fillers = net.anvil.call("eth_getTransactionCount", net.signer, "latest")
    assert int(fillers, 16) == 2


def test_funds__an_empty_account__is_reported_and_goes_on_when_filled(net: Devnet, tmp_path: Path) -> None:
    net.anvil.call("anvil_setBalance", net.signer, "0x0")
    payment_id = net.pay(3 * DOLLAR)
    with running(net.settings(tmp_path / "data")) as node:
        message = node.problem("insufficient-funds")
        assert net.signer in message
        assert net.status(payment_id) == 1
        net.anvil.call("anvil_setBalance", net.signer, hex(10**18))
        node.reaches(payment_id, PaymentStatus.SETTLED)
        node.untroubled()


def test_fees__above_the_limit__wait_until_they_fall(net: Devnet, tmp_path: Path) -> None:
    net.anvil.call("anvil_setNextBlockBaseFeePerGas", hex(500 * 10**9))
    net.anvil.mine()
    payment_id = net.terms(0).payment_id(chain_id=31337, core=net.core)
    terms = net.terms(3 * DOLLAR)
    reference = bytes.fromhex(terms.reference[2:])
    net.send(net.payer, "PayFlowCore", "createPayment", terms.recipient, terms.token, terms.amount, reference)
    payment_id = terms.payment_id(chain_id=31337, core=net.core)
    with running(net.settings(tmp_path / "data", max_fee_gwei=100)) as node:
        assert "PAYFLOW_MAX_FEE_GWEI" in node.problem("fee-limit-reached")
        net.anvil.call("anvil_setNextBlockBaseFeePerGas", hex(10**9))
        net.anvil.mine()
        node.reaches(payment_id, PaymentStatus.SETTLED)
        node.untroubled()


def test_gas__batch_above_the_limit__is_split(net: Devnet, tmp_path: Path) -> None:
    ids = [net.pay(3 * DOLLAR + number) for number in range(8)]
    with running(net.settings(tmp_path / "data", max_gas=900_000)) as node:
        for payment_id in ids:
            node.reaches(payment_id, PaymentStatus.SETTLED)
    assert len(net.events("VerdictApplied")) == 8


def test_refusal__the_system_is_paused__stuck_with_the_reason_and_settled_after_the_pause(
    net: Devnet, tmp_path: Path
) -> None:
    ids = [net.pay(3 * DOLLAR + number) for number in range(3)]
    net.send(net.admin, "PayFlowCore", "pause")
    with running(net.settings(tmp_path / "data", retry_limit=3)) as node:
        for payment_id in ids:
            assert "EnforcedPause" in node.reaches_stage(payment_id, Stage.STUCK).reason
        assert net.nonce() == 0, "refusals cost gas"
        net.send(net.admin, "PayFlowCore", "unpause")
        for payment_id in ids:
            node.reaches(payment_id, PaymentStatus.SETTLED)


def test_refusal__a_transaction_reverts_on_chain__is_tried_again_long_before_it_is_final(
    net: Devnet, tmp_path: Path
) -> None:
    payment_id = net.pay(3 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    with running(net.settings(tmp_path / "data", final_tag="finalized", bump_after=60)) as node:
        eventually(lambda: pool(net), "the settlement waits")
        # the pause is included before the settlement, which then reverts
        pause = net._transaction(net.admin, "PayFlowCore", "pause", ())
        fees = {"maxFeePerGas": hex(10**12), "maxPriorityFeePerGas": hex(10**11)}
        net.anvil.call("eth_sendTransaction", {**pause, **fees})
        net.anvil.mine()
        net.anvil.call("evm_setAutomine", True)
        eventually(
            lambda: node.metric("payflow_transactions_total", kind="settle", result="failed") == 1, "the revert is seen"
        )
        eventually(lambda: "EnforcedPause" in node.payment(payment_id).reason, "the next try says why")
        net.send(net.admin, "PayFlowCore", "unpause")
        node.reaches(payment_id, PaymentStatus.SETTLED)
        assert node.service.payment(payment_id).attempts[0].state == "failed"


def test_deadline__passed_before_the_node_started__is_expired_and_nothing_is_sent(net: Devnet, tmp_path: Path) -> None:
    payment_id = net.pay(3 * DOLLAR)
    net.anvil.call("evm_increaseTime", 3_601)
    net.anvil.mine()
    with running(net.settings(tmp_path / "data", clock_skew=600)) as node:
        view = node.reaches_stage(payment_id, Stage.EXPIRED)
        assert str(view.settle_deadline) in view.reason
        assert "ahead of this machine's clock" in node.problem("clock-skew")
    assert net.nonce() == 0


def test_deadline__auto_reclaim__gives_the_money_back(net: Devnet, tmp_path: Path) -> None:
    before = net.read("TestStablecoin", "balanceOf", net.payer)
    payment_id = net.pay(3 * DOLLAR)
    net.anvil.call("evm_increaseTime", 3_601)
    net.anvil.mine()
    with running(net.settings(tmp_path / "data", auto_reclaim=True)) as node:
        view = node.reaches(payment_id, PaymentStatus.CANCELLED)
        assert view.stage is Stage.DONE
    assert net.read("TestStablecoin", "balanceOf", net.payer) == before
