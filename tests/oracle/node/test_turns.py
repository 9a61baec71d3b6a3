"""Who goes next: nobody's place is taken by payments that are over, that were refused, or that nobody would try."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from oracle.chain.status import PaymentStatus
from oracle.node import Stage
from tests.oracle.devnet import Devnet
from tests.oracle.faulty_rpc import Call, FaultyRpc
from tests.oracle.node.test_deadlines import journal
from tests.oracle.node.test_transactions import pool
from tests.oracle.node.test_unsettleable import MoodyToken, open_many
from tests.oracle.running import eventually, running

DOLLAR = 10**6
SETTLED = 2


def begin(net: Devnet, amount: int) -> str:
    """An escrow that waits for a block; its id."""
    terms = net.terms(amount)
    reference = bytes.fromhex(terms.reference[2:])
    net.post(net.payer, "PayFlowCore", "createPayment", terms.recipient, terms.token, amount, reference)
    return terms.payment_id(chain_id=31337, core=net.core)


def test_settle__behind_the_head_and_more_are_over_than_a_look_takes__those_that_are_not_go(
    net: Devnet, tmp_path: Path
) -> None:
    net.anvil.call("evm_setAutomine", False)
    clock = int(net.anvil.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    ids = []
    for _ in range(24):  # of 4 minutes, while the window is one hour
        clock += 240
        ids.append(begin(net, 5 * DOLLAR))
        net.anvil.call("evm_setNextBlockTimestamp", clock)
        net.anvil.mine()
    # read but for the last six; of these the oldest are over by the cursor, and the next six by the head only
    in_time = ids[10:18]
    settings = net.settings(tmp_path / "data", watch_confirmations=6, batch_size=1, clock_skew=600, bump_after=60)
    with running(settings) as node:
        node.ready()

        def all_settled() -> bool:
            if pool(net):  # without that no block, so that nothing else becomes over by the cursor
                net.anvil.mine()
            return all(net.status(one) == SETTLED for one in in_time)

        eventually(all_settled, "those in time are settled", node.service.health)


def test_settle__fresh_ones_fill_every_block__refused_ones_go_and_not_the_longest_due_ones_last(
    net: Devnet, tmp_path: Path
) -> None:
    token, blocked = MoodyToken(net), net.accounts[7]
    token.send(net.admin, "setBlocked", blocked, True)
    late = open_many(net, 12, token.address, blocked)
    settings = net.settings(
        tmp_path / "data", batch_size=1, max_in_flight=2, retry_first=0.1, retry_max=0.1, bump_after=60
    )
    with running(settings) as node:
        for one in late:
            node.reaches_stage(one, Stage.STUCK)
        net.anvil.call("evm_setAutomine", False)
        fresh = [begin(net, DOLLAR + number) for number in range(30)]
        token.send(net.admin, "setBlocked", blocked, False)
        eventually(lambda: len(pool(net)) == 2, "both slots are taken", node.service.health)
        with journal(settings) as rows:
            query = "select payment_id from payments where refusals > 0 order by retry_at, block, log_index"
            longest_due = [found[0] for found in rows.execute(query)][:4]
        went: set[str] = set()
        while len(went) < 8:
            net.anvil.mine()
            eventually(lambda: len(pool(net)) == 2, "both slots are taken", node.service.health)
            went = {one for one in late if net.status(one) == SETTLED}
        assert any(net.status(one) != SETTLED for one in fresh), "fresh ones went on all the while"
        assert len(went & set(longest_due)) > 1
        net.anvil.call("evm_setAutomine", True)
        net.anvil.mine()


@pytest.mark.parametrize("slots", [1, 2])
def test_settle__fresh_ones_fill_every_block__a_refused_one_finds_a_slot(
    net: Devnet, tmp_path: Path, slots: int
) -> None:
    token, blocked = MoodyToken(net), net.accounts[7]
    token.send(net.admin, "setBlocked", blocked, True)
    (late,) = open_many(net, 1, token.address, blocked)
    settings = net.settings(
        tmp_path / "data", batch_size=1, max_in_flight=slots, retry_first=0.1, retry_max=0.1, bump_after=60
    )
    with running(settings) as node:
        node.reaches_stage(late, Stage.STUCK)
        net.anvil.call("evm_setAutomine", False)
        fresh = [begin(net, DOLLAR + number) for number in range(12)]
        # and with that one block for all of these
        token.send(net.admin, "setBlocked", blocked, False)
        while net.status(late) != SETTLED and any(net.status(one) != SETTLED for one in fresh):
            eventually(lambda: len(pool(net)) == slots, "all slots are taken", node.service.health)
            net.anvil.mine()
        assert net.status(late) == SETTLED
        assert any(net.status(one) != SETTLED for one in fresh), "it did not have to wait for the last of them"
        net.anvil.call("evm_setAutomine", True)
        net.anvil.mine()


def test_settle__rpc_node_would_not_try_most_payments__the_others_go_at_once(net: Devnet, tmp_path: Path) -> None:
    odd_one = net.accounts[7]
    odd, others = list[str](), list[str]()
    for number in range(30):
        ids = others if number % 3 == 2 else odd
        ids.append(net.pay(3 * DOLLAR + number, recipient=odd_one if ids is odd else None))
    with closing(FaultyRpc(net.anvil.url)) as rpc:

        def fault(call: Call, answer: Any) -> Any:
            tried = call["method"] in ("eth_estimateGas", "eth_call") and odd_one[2:] in str(call["params"]).lower()
            return {"error": {"code": -32000, "message": "out of gas"}} if tried else answer

        rpc.fault = fault
        settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, retry_first=30, retry_max=30)
        with running(settings) as node:
            for one in others:
                node.reaches(one, PaymentStatus.SETTLED)
            for one in odd:
                view = node.reaches_stage(one, Stage.WAITING)
                assert view.reason == "out of gas"
            assert node.service.health().ready


def test_settle__rpc_node_would_try_nothing__is_the_nodes_trouble_and_all_go_when_it_is_over(
    net: Devnet, tmp_path: Path
) -> None:
    ids = [net.pay(3 * DOLLAR + number) for number in range(6)]
    with closing(FaultyRpc(net.anvil.url)) as rpc:

        def fault(call: Call, answer: Any) -> Any:
            busy = {"error": {"code": -32005, "message": "request limit reached"}}
            return busy if call["method"] == "eth_estimateGas" or _is_batch(net, call) else answer

        rpc.fault = fault
        with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0)) as node:
            assert "request limit reached" in node.problem("rpc-rejected")
            eventually(lambda: not node.service.health().ready, "a balancer is told")
            rpc.fault = None
            for one in ids:
                node.reaches(one, PaymentStatus.SETTLED)
            node.untroubled()


def _is_batch(net: Devnet, call: Call) -> bool:
    selector = net.function("PayFlowCore", "settleBatch").call_data([], [])[:10]
    return call["method"] == "eth_call" and str(call["params"][0].get("data", "")).startswith(selector)


def test_push__one_header_from_the_far_future__gives_up_no_transaction(net: Devnet, tmp_path: Path) -> None:
    net.anvil.call("evm_setAutomine", False)
    payment_id = begin(net, 3 * DOLLAR)
    net.anvil.mine()
    with closing(FaultyRpc(net.anvil.url)) as rpc:
        told: list[int] = []

        def lies(call: Call, answer: Any) -> Any:
            if call["method"] != "eth_getBlockByNumber" or call["params"][0] != "latest" or len(told) > 1:
                return answer
            told.append(1)
            return {**answer, "result": {**answer["result"], "timestamp": hex(2**39)}}

        settings = net.settings(tmp_path / "data", rpc_url=rpc.url, clock_skew=600, bump_after=600)
        with running(settings) as node:
            (settlement,) = eventually(lambda: pool(net), "the settlement waits", node.service.health)
            rpc.fault = lies
            eventually(lambda: len(told) > 1, "it was lied to")
            looks = len(rpc.calls)
            eventually(lambda: len(rpc.calls) > looks + 30, "it has looked again")
            assert [one["hash"] for one in pool(net)] == [settlement["hash"]]
            net.anvil.mine()
            node.reaches(payment_id, PaymentStatus.SETTLED)
