"""The chain or the disk away, before and in the middle of things; RPC nodes that lag; another chain at the address."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from oracle.chain.status import PaymentStatus
from oracle.errors import NotReady, WrongChain
from oracle.node import Node, NodeState
from tests.oracle.devnet import Anvil, Devnet, devnet, free_port
from tests.oracle.faulty_rpc import Call, FaultyRpc
from tests.oracle.running import RunningNode, eventually, running

DOLLAR = 10**6


@pytest.fixture
def faulty(net: Devnet) -> Iterator[FaultyRpc]:
    proxy = FaultyRpc(net.anvil.url)
    yield proxy
    proxy.close()


def test_start__rpc_node_is_down__waits_and_goes_on_when_it_answers(net: Devnet, tmp_path: Path) -> None:
    port = free_port()  # nothing listens there yet
    payment_id = net.pay(3 * DOLLAR)
    with running(net.settings(tmp_path / "data", rpc_url=f"http://127.0.0.1:{port}", rpc_timeout=0.5)) as node:
        assert "PAYFLOW_RPC_URL" in node.problem("rpc-unavailable")
        with pytest.raises(NotReady, match="No answer"):
            node.service.token(None)
        late = FaultyRpc(net.anvil.url, port=port)
        try:
            node.reaches(payment_id, PaymentStatus.SETTLED)
            node.untroubled()
        finally:
            late.close()


def test_outage__in_the_middle__is_degraded_then_goes_on(net: Devnet, faulty: FaultyRpc, tmp_path: Path) -> None:
    with running(net.settings(tmp_path / "data", rpc_url=faulty.url, rpc_retries=0)) as node:
        node.reaches(net.pay(3 * DOLLAR), PaymentStatus.SETTLED)
        faulty.fault = lambda _call, _answer: None
        node.problem("rpc-unavailable")
        assert node.service.health().state is NodeState.DEGRADED
        # the first answer that was missing may have been about one transaction; the next round finds out
        eventually(lambda: not node.service.health().ready, "nobody calls it ready", node.service.health)
        missed = net.pay(4 * DOLLAR)
        faulty.fault = None
        node.reaches(missed, PaymentStatus.SETTLED)
        node.untroubled()


def test_outage__views_answer_nothing__is_degraded_then_goes_on(net: Devnet, faulty: FaultyRpc, tmp_path: Path) -> None:
    """As behind a balancer one of whose nodes has no code there yet."""
    with running(net.settings(tmp_path / "data", rpc_url=faulty.url, rpc_retries=0)) as node:
        node.ready()
        faulty.fault = lambda call, answer: {**answer, "result": "0x"} if call["method"] == "eth_call" else answer
        missed = net.pay(4 * DOLLAR)
        assert "is no answer of" in node.problem("rpc-inconsistent")
        faulty.fault = None
        node.reaches(missed, PaymentStatus.SETTLED)
        node.untroubled()


def test_outage__every_third_answer_is_lost__everything_is_settled_once(
    net: Devnet, faulty: FaultyRpc, tmp_path: Path
) -> None:
    counter = iter(range(10**9))
    faulty.drops = lambda: next(counter) % 3 == 2
    with running(net.settings(tmp_path / "data", rpc_url=faulty.url, rpc_retries=4)) as node:
        ids = [net.pay(3 * DOLLAR + number) for number in range(6)]
        for payment_id in ids:
            node.reaches(payment_id, PaymentStatus.SETTLED)
    assert sorted(event["paymentId"] for event in net.events("VerdictApplied")) == sorted(ids)


def test_lag__heads_are_new_but_logs_are_not_there_yet__nothing_is_skipped(
    net: Devnet, faulty: FaultyRpc, tmp_path: Path
) -> None:
    seen = net.anvil.height()

    def fault(call: Call, answer: Any) -> Any:
        if call["method"] != "eth_getLogs":
            return answer
        wanted = call["params"][0]
        if "blockHash" not in wanted:
            return {**answer, "result": [log for log in answer["result"] if int(log["blockNumber"], 16) <= seen]}
        header = net.anvil.call("eth_getBlockByHash", wanted["blockHash"], False)
        if int(header["number"], 16) <= seen:
            return answer
        return {"jsonrpc": "2.0", "id": call["id"], "error": {"code": -32000, "message": "unknown block"}}

    faulty.fault = fault
    with running(net.settings(tmp_path / "data", rpc_url=faulty.url)) as node:
        node.ready()
        payment_id = net.pay(3 * DOLLAR)
        assert "unknown block" in node.problem("rpc-rejected")
        assert node.service.payments().payments == ()
        faulty.fault = None
        node.reaches(payment_id, PaymentStatus.SETTLED)
        node.untroubled()


def test_lag__the_node_falls_behind_the_journal__nothing_is_rewound(
    net: Devnet, faulty: FaultyRpc, tmp_path: Path
) -> None:
    with running(net.settings(tmp_path / "data", rpc_url=faulty.url)) as node:
        payment_id = net.pay(3 * DOLLAR)
        node.reaches(payment_id, PaymentStatus.SETTLED)
        height = net.anvil.height()
        old = net.anvil.call("eth_getBlockByNumber", hex(height - 2), False)

        def fault(call: Call, answer: Any) -> Any:
            if call["method"] == "eth_getBlockByNumber":
                asked = call["params"][0]
                if asked == "latest":
                    return {**answer, "result": old}
                if asked.startswith("0x") and int(asked, 16) > height - 2:
                    return {**answer, "result": None}
            return answer

        faulty.fault = fault
        before = len(faulty.calls)
        eventually(lambda: len(faulty.calls) > before + 20, "several rounds on the lagging node")
        assert node.payment(payment_id).status is PaymentStatus.SETTLED
        assert node.metric("payflow_reorganisations_total") == 0
        faulty.fault = None
        node.reaches(net.pay(4 * DOLLAR), PaymentStatus.SETTLED)


def test_outage__another_chain_at_the_same_address_afterwards__the_node_ends_with_that(tmp_path: Path) -> None:
    port = free_port()
    with devnet(tmp_path, port=port) as net:
        node = RunningNode(net.settings(tmp_path / "data", rpc_retries=0))
        node.start()
        node.ready()
    try:
        node.problem("rpc-unavailable")
        other = Anvil("--timestamp", "2000000000", port=port)
        try:
            eventually(lambda: node.failure, "the node ends")
            assert isinstance(node.failure, WrongChain)
            assert "genesis" in str(node.failure)
        finally:
            other.stop()
    finally:
        node.stop()


def test_journal__a_tool_holds_its_write_lock__nothing_is_sent_until_it_is_free(
    net: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oracle.store.database.BUSY_TIMEOUT", 50)
    with running(net.settings(tmp_path / "data")) as node:
        node.ready()
        tool = sqlite3.connect(tmp_path / "data" / "journal.sqlite3", isolation_level=None)
        tool.execute("BEGIN IMMEDIATE")
        payment_id = net.pay(3 * DOLLAR)
        node.problem("store-unavailable")
        assert net.status(payment_id) == 1
        tool.close()
        node.reaches(payment_id, PaymentStatus.SETTLED)
        node.untroubled()


def test_stop__rpc_node_hangs__ends_within_the_time_limit_of_one_call(
    net: Devnet, faulty: FaultyRpc, tmp_path: Path
) -> None:
    hanging = threading.Event()
    release = threading.Event()

    def fault(_call: Call, answer: Any) -> Any:
        hanging.set()
        release.wait(10)
        return answer

    faulty.fault = fault
    node = Node(net.settings(tmp_path / "data", rpc_url=faulty.url, rpc_timeout=0.5, rpc_retries=20))
    stop = threading.Event()
    worker = threading.Thread(target=node.run, args=(stop,))
    worker.start()
    try:
        assert hanging.wait(5)
        stop.set()
        worker.join(3)
        assert not worker.is_alive()
    finally:
        release.set()
        stop.set()
        worker.join(20)
        node.close()


def test_journal__no_room__nothing_is_signed_or_sent_until_there_is(net: Devnet, tmp_path: Path) -> None:
    with running(net.settings(tmp_path / "data")) as node:
        node.reaches(net.pay(3 * DOLLAR), PaymentStatus.SETTLED)
        eventually(lambda: node.service.health().in_flight == 0, "nothing waits")
        pages = [1]  # SQLite's own limit stands for the disk's: the same error by the same path

        def limit(connection: Connection) -> None:
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages[0]}")

        event.listen(node.node._database._engine, "begin", limit)
        ids = [net.pay(3 * DOLLAR + number) for number in range(20)]
        assert "goes on by itself" in node.problem("store-full")
        assert [net.status(one) for one in ids] == [1] * 20
        pages[0] = 1_000_000
        for payment_id in ids:
            node.reaches(payment_id, PaymentStatus.SETTLED)
        node.untroubled()
    assert len(net.events("VerdictApplied")) == 21


def test_finality__the_rpc_node_knows_no_such_tag__is_shown_and_payments_go_on(
    net: Devnet, faulty: FaultyRpc, tmp_path: Path
) -> None:
    def fault(call: Call, answer: Any) -> Any:
        if call["method"] == "eth_getBlockByNumber" and call["params"][0] == "finalized":
            return {"jsonrpc": "2.0", "id": call["id"], "error": {"code": -39001, "message": "unknown tag"}}
        return answer

    faulty.fault = fault
    with running(net.settings(tmp_path / "data", rpc_url=faulty.url, final_tag="finalized")) as node:
        view = node.reaches(net.pay(3 * DOLLAR), PaymentStatus.SETTLED)
        assert not view.final
        assert "unknown tag" in node.problem("rpc-rejected")
