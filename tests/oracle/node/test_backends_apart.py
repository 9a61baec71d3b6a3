"""RPC nodes with several backends, some of them blocks behind: what one of them does not know yet is sent once."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oracle.chain.status import PaymentStatus
from tests.oracle.devnet import Devnet, mining
from tests.oracle.faulty_rpc import Call, FaultyRpc, refusing
from tests.oracle.node.test_transactions import pool
from tests.oracle.running import eventually, running

DOLLAR = 10**6
SETTLED = 2
ABOUT_TRANSACTIONS = ("eth_getTransactionReceipt", "eth_getTransactionByHash")


def behind(net: Devnet, height: Callable[[], int], *tags: str) -> Callable[[Call], Any]:
    """Headers of these tags and calls come from a backend that has read up to `height` alone."""

    def instead(call: Call) -> Any:
        method, params = call["method"], call["params"]
        if method == "eth_getBlockByNumber" and params[0] in tags:
            return {"result": net.anvil.call(method, hex(height()), params[1])}
        if method in ("eth_call", "eth_estimateGas"):
            return {"result": net.anvil.call(method, params[0], hex(height()))}
        return None

    return instead


def in_step(net: Devnet, call: Call) -> Any:
    """`finalized` is the newest block, as where a single slot is final."""
    if call["method"] == "eth_getBlockByNumber" and call["params"][0] == "finalized":
        return {"result": net.anvil.call(call["method"], "latest", call["params"][1])}
    return None


def test_settle__final_by_one_backend_before_another_has_read_it__is_sent_once(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    net.anvil.mine(5)
    calls = behind(net, lambda: net.anvil.height() - 3, "latest")
    rpc.instead = lambda call: in_step(net, call) or calls(call)
    settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=60, final_tag="finalized")
    with mining(net, 0.5), running(settings) as node:
        node.ready()
        node.reaches(net.pay(3 * DOLLAR), PaymentStatus.SETTLED)
    assert net.nonce() == 1


def test_settle__nonces_of_one_backend_are_ahead_of_the_others_receipts__is_sent_once(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    net.anvil.mine(10)
    calls = behind(net, lambda: net.anvil.height() - 8, "latest", "finalized")

    def instead(call: Call) -> Any:
        if call["method"] not in ABOUT_TRANSACTIONS:
            return calls(call)
        found = net.anvil.call(call["method"], call["params"][0])
        hidden = found and found["blockNumber"] and int(found["blockNumber"], 16) > net.anvil.height() - 8
        return {"result": None if hidden else found}

    rpc.instead = instead
    settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=60, final_tag="finalized")
    with mining(net, 0.4), running(settings) as node:
        node.ready()
        payment_id = net.pay(3 * DOLLAR)
        node.reaches(payment_id, PaymentStatus.SETTLED)
        eventually(
            lambda: [one.state for one in node.service.payment(payment_id).attempts] == ["included"],
            "its receipt is found",
            lambda: node.service.payment(payment_id).attempts,
        )
    assert net.nonce() == 1


def test_settle__heads_of_backends_in_turn_and_no_new_block__is_not_given_up(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    net.anvil.mine(10)
    payment_id = net.pay(3 * DOLLAR)
    net.anvil.mine(4)
    seen = [0]

    def instead(call: Call) -> Any:
        method, params = call["method"], call["params"]
        if method == "eth_getBlockByNumber" and params[0] == "latest":
            seen[0] += 1
            return {"result": net.anvil.call(method, hex(net.anvil.height() - seen[0] % 3 - 2), params[1])}
        if method in ABOUT_TRANSACTIONS:
            return {"result": None}
        return behind(net, lambda: net.anvil.height() - 2)(call)

    rpc.instead = instead
    settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=60, final_tag="finalized")
    with running(settings) as node:
        eventually(lambda: net.nonce() == 1, "it is included", node.service.health)
        looked = seen[0]
        eventually(lambda: seen[0] > looked + 12, "many heads are seen", node.service.health)
        rpc.instead = lambda _call: None
        node.reaches(payment_id, PaymentStatus.SETTLED)
    assert net.nonce() == 1


def test_settle__counts_of_a_backend_that_is_far_behind__what_waits_is_not_given_up(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    net.anvil.call("anvil_setNonce", net.signer, hex(500))
    net.anvil.mine(300)
    net.pay(3 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    old = [net.anvil.height() - 8]
    calls = behind(net, lambda: old[0], "latest", "finalized")

    def instead(call: Call) -> Any:
        if call["method"] == "eth_getTransactionCount":
            tag = call["params"][1]
            unknown = tag not in ("latest", "pending") and int(tag, 16) > old[0]
            return refusing("header not found") if unknown else {"result": hex(10)}
        return {"result": None} if call["method"] in ABOUT_TRANSACTIONS else calls(call)

    settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=60, final_tag="finalized")
    with running(settings) as node:
        eventually(lambda: pool(net), "it waits", node.service.health)
        rpc.instead = instead
        for _ in range(6):
            old[0] += 1
            time.sleep(0.3)
        rpc.instead = lambda _call: None
        node.untroubled()
        assert len(pool(net)) == 1
        assert node.service.health().in_flight == 1
