"""An RPC node that does not say, or says late, whether it has a transaction: what waits there is left there."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oracle.chain.status import PaymentStatus
from oracle.settings import Settings
from tests.oracle.devnet import Devnet
from tests.oracle.faulty_rpc import Call, FaultyRpc, refusing, turned_away
from tests.oracle.node.test_deadlines import journal
from tests.oracle.node.test_refused_transactions import indexing, most
from tests.oracle.node.test_transactions import pool, replaced
from tests.oracle.running import RunningNode, eventually, running

DOLLAR = 10**6
GWEI = 10**9
SETTLED = 2


def voids(settings: Settings) -> int:
    """Attempts that do nothing."""
    with journal(settings) as rows:
        return int(rows.execute("select count(*) from attempts where void").fetchone()[0])


def settled_while_blocks_come(net: Devnet, node: RunningNode, payment_id: str, at_once: int = 1) -> None:
    def look() -> bool:
        net.anvil.mine(at_once)
        return net.status(payment_id) == SETTLED

    eventually(look, "it is settled", node.service.health)


def somebody_else_takes(net: Devnet, waiting: dict[str, Any]) -> None:
    """The nonce of a transaction that waits is used by another of the same account."""
    dearer = {name: hex(3 * int(waiting[name], 16)) for name in ("maxFeePerGas", "maxPriorityFeePerGas")}
    taking = {"from": net.signer, "to": net.payee, "nonce": waiting["nonce"], **dearer}
    net.anvil.call("eth_sendTransaction", taking)
    net.anvil.mine()
    net.anvil.call("evm_setAutomine", True)


@pytest.mark.parametrize("words", ["rate limit exceeded", "service unavailable"])
@pytest.mark.parametrize("seconds", [0.5, 2.5])
def test_push__waits_in_the_pool_and_the_rpc_node_does_not_say_so__is_not_given_up(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path, words: str, seconds: float
) -> None:
    payment_id = net.pay(3 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=1)
    with running(settings) as node:
        eventually(lambda: pool(net), "it waits", node.service.health)
        time.sleep(1.2)
        about = ("eth_getTransactionByHash", "eth_sendRawTransaction")
        rpc.instead = lambda call: refusing(words) if call["method"] in about else None
        time.sleep(seconds)
        rpc.instead = lambda _call: None
        node.untroubled()
        time.sleep(1.2)
        assert voids(settings) == 0
        net.anvil.mine()
        node.reaches(payment_id, PaymentStatus.SETTLED)


def test_push__undecided_then_known_then_forgotten_by_one_backend__is_not_given_up(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    payment_id = net.pay(3 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    nulls = [0]

    def fault(call: Call, answer: Any) -> Any:
        if call["method"] == "eth_sendRawTransaction" and "result" in answer:
            return {**refusing("upstream request timeout"), "id": call["id"]}
        if call["method"] == "eth_getTransactionByHash" and nulls[0]:
            nulls[0] -= 1
            return {**answer, "result": None}
        return answer

    rpc.fault = fault
    settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=0.5)
    with running(settings) as node:
        eventually(lambda: pool(net), "it waits", node.service.health)
        time.sleep(1)
        nulls[0] = 2
        eventually(lambda: not nulls[0], "one backend does not know it", node.service.health)
        time.sleep(0.7)
        assert voids(settings) == 0
        net.anvil.mine()
        node.reaches(payment_id, PaymentStatus.SETTLED)


def test_push__pool_is_empty_after_a_restart__is_sent_again_as_it_was(net: Devnet, tmp_path: Path) -> None:
    """As where the machine started anew, and its RPC node with it, while gas was dear."""
    payment_id = net.pay(3 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    settings = net.settings(tmp_path / "data", bump_after=0.3)
    with running(settings) as node:
        (one,) = eventually(lambda: pool(net), "it waits", node.service.health)
        for _ in range(4):
            (one,) = eventually(lambda last=one: replaced(net, last), "it is replaced", node.service.health)  # type: ignore[misc]
    for one in pool(net):
        net.anvil.call("anvil_dropTransaction", one["hash"])
    with running(settings) as node:
        eventually(lambda: pool(net), "it waits again", node.service.health)
        assert voids(settings) == 0
        net.anvil.mine()
        node.reaches(payment_id, PaymentStatus.SETTLED)


def keeps_no_old_state(net: Devnet) -> Callable[[Call], Any]:
    """Two blocks' states, where geth keeps 128 and a node may read the chain hundreds behind."""

    def instead(call: Call) -> Any:
        if call["method"] != "eth_getTransactionCount" or call["params"][1] in ("latest", "pending"):
            return None
        old = int(call["params"][1], 16) < net.anvil.height() - 2
        return refusing("missing trie node 6fe7 (path ) state is not available") if old else None

    return instead


def test_displaced__state_that_old_is_not_kept__is_planned_anew_all_the_same(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    payment_id = net.pay(3 * DOLLAR)
    net.anvil.mine(4)
    net.anvil.call("evm_setAutomine", False)
    rpc.instead = keeps_no_old_state(net)
    settings = net.settings(
        tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=60, watch_confirmations=4, batch_wait=0
    )
    with running(settings) as node:
        (waiting,) = eventually(lambda: pool(net), "it waits", node.service.health)
        somebody_else_takes(net, waiting)
        settled_while_blocks_come(net, node, payment_id, at_once=5)


def test_displaced__unknown_receipts_are_answered_by_an_error__is_planned_anew_all_the_same(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    payment_id = net.pay(3 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    rpc.fault = indexing
    with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=60)) as node:
        (waiting,) = eventually(lambda: pool(net), "it waits", node.service.health)
        somebody_else_takes(net, waiting)
        settled_while_blocks_come(net, node, payment_id)


def test_settle__refused_by_policy_and_unknown_ones_are_answered_by_an_error__others_go_at_once(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    listed = net.accounts[7]
    net.pay(3 * DOLLAR, recipient=listed)
    rpc.fault = indexing
    rpc.instead = turned_away("rejected by policy", lambda one: bytes.fromhex(listed[2:]) in bytes(one["data"]))
    settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=60, retry_first=60)
    with running(settings) as node:
        node.ready()
        node.reaches(net.pay(2 * DOLLAR), PaymentStatus.SETTLED)


def test_void__too_cheap_and_that_in_the_words_of_a_failure__is_raised(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    rpc.instead = turned_away("Internal error", lambda one: one["maxPriorityFeePerGas"] < 1.1 * GWEI)
    net.pay(3 * DOLLAR)
    with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=0.2)) as node:
        eventually(
            lambda: net.nonce() > 0,
            "a nonce is used",
            node.service.health,
        )


def test_push__undecided_once_and_nobody_looked_after_it_for_long__is_sent_again_as_it_was(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    """As proxies answer just before an outage."""
    payment_id = net.pay(3 * DOLLAR)
    settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=0.5)
    rpc.instead = turned_away("service unavailable", lambda _one: True)
    with running(settings) as node:
        node.problem("transaction-undecided")
    time.sleep(0.7)
    rpc.instead = lambda _call: None
    with running(settings) as node:
        node.reaches(payment_id, PaymentStatus.SETTLED)
    assert voids(settings) == 0


def test_push__replacements_are_refused_and_the_pool_forgets_the_first__the_first_is_sent_again(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    """It was taken before, and may be taken again."""
    payment_id = net.pay(3 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    costs = list[int]()

    def dearer_than_the_first(transaction: dict[str, Any]) -> bool:
        costs.append(most(transaction))
        return costs[-1] > costs[0]

    rpc.instead = turned_away("tx fee (1.13 ether) exceeds the configured cap (1.00 ether)", dearer_than_the_first)
    settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=0.5)
    with running(settings) as node:
        (first,) = eventually(lambda: pool(net), "it waits", node.service.health)
        eventually(lambda: not replaced(net, first) and len(set(costs)) > 1, "others are refused", node.service.health)
        net.anvil.call("anvil_dropTransaction", first["hash"])
        eventually(lambda: pool(net), "it waits again", node.service.health)
        assert voids(settings) == 0
        net.anvil.mine()
        node.reaches(payment_id, PaymentStatus.SETTLED)


def test_settle__refused_by_policy_and_unknown_ones_are_answered_in_unknown_words__its_nonce_is_used_up(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    listed = net.accounts[7]
    net.pay(3 * DOLLAR, recipient=listed)

    def puzzling(call: Call, answer: Any) -> Any:
        if call["method"] == "eth_getTransactionByHash" and answer.get("result") is None:
            return {"jsonrpc": "2.0", "id": call["id"], **refusing("no such thing here")}
        return answer

    rpc.fault = puzzling
    rpc.instead = turned_away("rejected by policy", lambda one: bytes.fromhex(listed[2:]) in bytes(one["data"]))
    settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=0.5, retry_first=60)
    with running(settings) as node:
        node.ready()
        good = net.pay(2 * DOLLAR)
        settled_while_blocks_come(net, node, good)
