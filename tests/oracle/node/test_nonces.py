"""Nonces: none is held for good, whatever was forgotten, answered wrongly, or signed before."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from oracle.chain.status import PaymentStatus
from oracle.node import Stage
from tests.oracle.devnet import Devnet
from tests.oracle.faulty_rpc import Call, FaultyRpc, refusing, sent, swallowed, turned_away
from tests.oracle.node.test_deadlines import deadline, journal
from tests.oracle.node.test_quorum import SECOND_KEY
from tests.oracle.node.test_reorg import caught_up, reorganise
from tests.oracle.node.test_transactions import pool
from tests.oracle.running import eventually, running

DOLLAR = 10**6
GWEI = 10**9
SETTLED = 2


def at_base_fee(net: Devnet, gwei: float) -> None:
    """The next block's; it is mined."""
    net.anvil.call("anvil_setNextBlockBaseFeePerGas", hex(int(gwei * GWEI)))
    net.anvil.mine()


def settled_while_blocks_come(net: Devnet, payment_id: str, gwei: float) -> None:
    def look() -> bool:
        at_base_fee(net, gwei)
        return net.status(payment_id) == SETTLED

    eventually(look, "it is settled")


def drop(net: Devnet) -> bool:
    """Let the pool forget what the node sent; returns whether it had anything."""
    waiting = pool(net)
    for one in waiting:
        net.anvil.call("anvil_dropTransaction", one["hash"])
    return bool(waiting)


def test_push__dear_then_forgotten_and_not_useful_any_more__nonce_is_used_up_when_gas_is_cheap(
    net: Devnet, tmp_path: Path
) -> None:
    """Its first attempt paid the limit, so that nothing may pay an eighth more: but nobody holds it."""
    payment_id = net.pay(3 * DOLLAR)
    at_base_fee(net, 180)
    net.anvil.call("evm_setAutomine", False)
    with running(net.settings(tmp_path / "data", bump_after=0.3, clock_skew=600)) as node:
        (waiting,) = eventually(lambda: pool(net), "it waits", node.service.health)
        assert int(waiting["maxFeePerGas"], 16) == 200 * GWEI
        drop(net)
        net.anvil.call("evm_setNextBlockTimestamp", deadline(net, payment_id) + 10)
        at_base_fee(net, 300)
        drop(net)
        for _ in range(3):
            at_base_fee(net, 1)
        net.anvil.call("evm_setAutomine", True)
        later = net.pay(2 * DOLLAR)
        settled_while_blocks_come(net, later, 1)


@pytest.mark.parametrize("tag", ["latest", "pending"])
def test_submit__one_answer_of_a_nonce_far_off__is_not_believed(net: Devnet, tmp_path: Path, tag: str) -> None:
    lied = list[bool]()
    first = net.pay(3 * DOLLAR)
    with closing(FaultyRpc(net.anvil.url)) as rpc:

        def fault(call: Call, answer: Any) -> Any:
            if call["method"] != "eth_getTransactionCount" or call["params"][1] != tag or lied:
                return answer
            lied.append(True)
            return {**answer, "result": hex(1_000_000)}

        rpc.fault = fault
        settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0)
        with running(settings) as node:
            for one in (first, net.pay(2 * DOLLAR)):
                node.reaches(one, PaymentStatus.SETTLED)
            assert lied
            node.untroubled()
        with journal(settings) as rows:
            assert rows.execute("select count(*) from intents where kind = 'fill' or nonce > 10").fetchone() == (0,)


def test_submit__every_count_is_far_off_for_a_while__is_given_up_and_settled_when_they_are_right(
    net: Devnet, tmp_path: Path
) -> None:
    """As where the RPC node's address leads to another chain's for a moment."""
    payment_id = net.pay(3 * DOLLAR)
    with closing(FaultyRpc(net.anvil.url)) as rpc:

        def fault(call: Call, answer: Any) -> Any:
            return {**answer, "result": hex(1_000_000)} if call["method"] == "eth_getTransactionCount" else answer

        rpc.fault = fault
        with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0)) as node:
            node.reaches_stage(payment_id, Stage.SUBMITTED)
            (far,) = eventually(lambda: node.service.payment(payment_id).attempts, "it is sent", node.service.health)
            assert far.nonce == 1_000_000
            rpc.fault = None
            settled_while_blocks_come(net, payment_id, 1)
            assert node.service.payment(payment_id).attempts[-1].nonce == 0


def test_start__wrong_key_for_once_and_fees_stand_still__the_right_one_signs_the_same_bytes_again(
    net: Devnet, tmp_path: Path
) -> None:
    at_base_fee(net, 0)
    payment_id = net.pay(2 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    settings = net.settings(tmp_path / "data", final_tag="finalized")
    with running(settings):
        (left,) = eventually(lambda: pool(net), "it waits")
    drop(net)
    with running(net.settings(tmp_path / "data", final_tag="finalized", private_key=SECOND_KEY)) as node:
        node.problem("not-a-signer")
    net.anvil.call("evm_setAutomine", True)
    with running(settings) as node:
        node.reaches(payment_id, PaymentStatus.SETTLED)
        assert node.payment(payment_id).settled_tx == left["hash"]
        node.untroubled()


def test_reorg__deeper_than_finality_and_fees_stand_still__is_settled_by_the_same_bytes_again(
    net: Devnet, tmp_path: Path
) -> None:
    at_base_fee(net, 0)
    payment_id = net.pay(3 * DOLLAR)
    settings = net.settings(tmp_path / "data", final_tag="latest")
    with running(settings) as node:
        node.reaches(payment_id, PaymentStatus.SETTLED)
        caught_up(node, net)

        def is_final() -> bool:
            with journal(settings) as rows:
                return bool(rows.execute("select count(*) from intents where state = 'final'").fetchone()[0])

        eventually(is_final, "the transaction is final")
        reorganise(net, 1)
        eventually(lambda: net.status(payment_id) == SETTLED, "it is settled again", node.service.health)


def test_submit__one_count_of_the_pool_is_off_by_less_than_can_wait__no_nonce_is_paid_for(
    net: Devnet, tmp_path: Path
) -> None:
    payment_id = net.pay(3 * DOLLAR)
    lied = list[bool]()

    def fault(call: Call, answer: Any) -> Any:
        if call["method"] != "eth_getTransactionCount" or call["params"][1] != "pending" or lied:
            return answer
        lied.append(True)
        return {**answer, "result": hex(12)}

    with closing(FaultyRpc(net.anvil.url)) as rpc:
        rpc.fault = fault
        with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0)) as node:
            node.reaches(payment_id, PaymentStatus.SETTLED)
    assert lied
    assert net.nonce() == 1


@pytest.mark.parametrize("count", [17, 120, 1_000_000])
def test_submit__counts_of_the_pool_are_off_again_and_again__no_nonce_is_paid_for(
    net: Devnet, tmp_path: Path, count: int
) -> None:
    """Or so many wait of a journal that was put aside: then what pays more takes the place of the first of them."""
    payment_id = net.pay(3 * DOLLAR)

    def fault(call: Call, answer: Any) -> Any:
        if call["method"] != "eth_getTransactionCount" or call["params"][1] != "pending":
            return answer
        return {**answer, "result": hex(count)}

    with closing(FaultyRpc(net.anvil.url)) as rpc:
        rpc.fault = fault
        with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0)) as node:
            node.reaches(payment_id, PaymentStatus.SETTLED)
            node.untroubled()
    assert net.nonce() == 1


def test_submit__count_that_no_journal_holds__is_an_odd_answer(net: Devnet, tmp_path: Path) -> None:
    payment_id = net.pay(3 * DOLLAR)

    def fault(call: Call, answer: Any) -> Any:
        return {**answer, "result": hex(2**63 - 1)} if call["method"] == "eth_getTransactionCount" else answer

    with closing(FaultyRpc(net.anvil.url)) as rpc:
        rpc.fault = fault
        with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0)) as node:
            node.problem("rpc-inconsistent")
            rpc.fault = None
            node.reaches(payment_id, PaymentStatus.SETTLED)


def test_submit__rpc_node_has_no_pending_tag__its_journal_tells_what_waits(net: Devnet, tmp_path: Path) -> None:
    ids = [net.pay(3 * DOLLAR + number) for number in range(2)]
    with closing(FaultyRpc(net.anvil.url)) as rpc:
        rpc.instead = lambda call: (
            refusing("pending block is not available") if call["params"][1:] == ["pending"] else None
        )
        with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, batch_size=1)) as node:
            for one in ids:
                node.reaches(one, PaymentStatus.SETTLED)


def test_gap__what_holds_the_lowest_nonce_is_nobodys_and_waits_for_good__is_replaced(
    net: Devnet, tmp_path: Path
) -> None:
    """As what a journal sent that was put aside, at fees of another day."""
    payment_id = net.pay(3 * DOLLAR)
    with closing(FaultyRpc(net.anvil.url)) as rpc:
        rpc.instead = lambda call: {"result": "0x1"} if call["params"][1:] == ["pending"] and not net.nonce() else None
        with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=0.3)):
            settled_while_blocks_come(net, payment_id, 1)


def test_void__chain_charges_more_than_work_for_a_transaction__nonce_is_used_up_all_the_same(
    net: Devnet, tmp_path: Path
) -> None:
    """The first sending never arrives, and is not useful any more."""
    net.pay(3 * DOLLAR)
    lost = list[bool]()

    def instead(call: Call) -> Any:
        transaction = sent(call)
        if transaction is None:
            return None
        if not lost:
            net.send(net.admin, "PayFlowCore", "pause")
            lost.append(True)
            return refusing("upstream request timeout")
        return refusing("intrinsic gas too low") if transaction["gas"] < 30_000 else None

    with closing(FaultyRpc(net.anvil.url)) as rpc:
        rpc.instead = instead
        with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=0.5)) as node:
            eventually(lambda: net.nonce() == 1, "its nonce is used up", node.service.health)
            net.send(net.admin, "PayFlowCore", "unpause")
            node.reaches(net.pay(2 * DOLLAR), PaymentStatus.SETTLED)


def test_void__at_the_fee_limit_with_too_little_gas__gets_more_gas(net: Devnet, tmp_path: Path) -> None:
    odd = net.pay(3 * DOLLAR)

    def wants_more_gas(call: Call) -> Any:
        if call["method"] == "eth_estimateGas" and "data" not in call["params"][0]:
            return {"result": hex(21_000)}
        return turned_away("intrinsic gas too low", lambda one: one["gas"] < 40_000)(call)

    with closing(FaultyRpc(net.anvil.url)) as rpc:
        rpc.instead = swallowed(lambda _one: True)
        settings = net.settings(
            tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=0.2, max_fee_gwei=2.5, clock_skew=600
        )
        with running(settings) as node:
            node.problem("fee-limit-reached")
            rpc.instead = wants_more_gas
            net.anvil.call("anvil_setNextBlockBaseFeePerGas", hex(5 * GWEI))
            net.anvil.call("evm_setNextBlockTimestamp", deadline(net, odd) + 10)
            net.anvil.mine()
            at_base_fee(net, 1)
            settled_while_blocks_come(net, net.pay(2 * DOLLAR), 1)


def test_gap__filler_is_refused_for_its_gas__gets_more_gas(net: Devnet, tmp_path: Path) -> None:
    terms = net.terms(3 * DOLLAR)
    reference = bytes.fromhex(terms.reference[2:])
    net.send(net.payer, "PayFlowCore", "createPayment", terms.recipient, terms.token, terms.amount, reference)
    second = net.pay(4 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)

    with closing(FaultyRpc(net.anvil.url)) as rpc:
        rpc.instead = turned_away("intrinsic gas too low", lambda one: one["gas"] < 30_000)
        settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, batch_size=1, bump_after=60)
        with running(settings):
            eventually(lambda: len(pool(net)) == 2, "two wait")
        drop(net)
        net.send(net.payer, "PayFlowCore", "cancel", terms.as_abi())
        with journal(settings) as rows:
            rows.execute("update intents set state = 'displaced' where nonce = 0")
        with running(settings.model_copy(update={"bump_after": 0.3})):
            settled_while_blocks_come(net, second, 1)
