"""What the node did not get to write, or wrote because of a block that is gone, is made good before finality."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from oracle.chain.status import PaymentStatus
from oracle.errors import StoreUnavailable
from oracle.node import Stage
from oracle.node.settler import Settler
from tests.oracle.devnet import Devnet
from tests.oracle.faulty_rpc import Call, FaultyRpc
from tests.oracle.node.test_deadlines import NORMAL, SMALL, deadline
from tests.oracle.node.test_transactions import pool
from tests.oracle.node.test_unsettleable import MoodyToken, open_many
from tests.oracle.running import eventually, running

DOLLAR = 10**6
HASTY = {"maxFeePerGas": hex(10**12), "maxPriorityFeePerGas": hex(10**11)}
Failures = list[str]


@pytest.fixture
def failures(monkeypatch: pytest.MonkeyPatch) -> Failures:
    """The journal fails the first time that the settler is to note what became of a transaction."""
    failed: Failures = []

    def failing(name: str, noted: Callable[..., None]) -> Callable[..., None]:
        def note(*arguments: Any) -> None:
            if name in failed:
                noted(*arguments)
                return
            failed.append(name)
            raise StoreUnavailable(journal="journal", cause="disk I/O error")

        return note

    for name in ("on_mined", "refused"):
        monkeypatch.setattr(Settler, name, failing(name, getattr(Settler, name)))
    return failed


def test_adopt__revert_not_noted__payment_is_settled_long_before_finality(
    net: Devnet, tmp_path: Path, failures: Failures
) -> None:
    payment_id = net.pay(3 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    with running(net.settings(tmp_path / "data", final_tag="finalized", bump_after=60)) as node:
        eventually(lambda: pool(net), "the settlement waits")
        pause = net._transaction(net.admin, "PayFlowCore", "pause", ())
        net.anvil.call("eth_sendTransaction", {**pause, **HASTY})
        net.anvil.mine()
        net.anvil.call("evm_setAutomine", True)
        eventually(lambda: "on_mined" in failures, "the revert cannot be noted")
        net.send(net.admin, "PayFlowCore", "unpause")
        node.reaches(payment_id, PaymentStatus.SETTLED)


def test_adopt__void_one_not_noted__payments_are_settled_long_before_finality(
    net: Devnet, tmp_path: Path, failures: Failures
) -> None:
    old = net.pay(3 * DOLLAR)
    net.anvil.call("evm_increaseTime", 600)
    others = [net.pay(4 * DOLLAR), net.pay(5 * DOLLAR)]
    net.anvil.call("evm_setAutomine", False)
    settings = net.settings(tmp_path / "data", final_tag="finalized", clock_skew=600, bump_after=600)
    with running(settings) as node:
        eventually(lambda: pool(net), "the batch waits")
        net.anvil.call("evm_setBlockGasLimit", SMALL)
        net.anvil.call("evm_setNextBlockTimestamp", deadline(net, old) + 7)
        net.anvil.mine()
        eventually(lambda: [one for one in pool(net) if one["to"] == net.signer], "it is given up")
        net.anvil.mine()
        eventually(lambda: "on_mined" in failures, "its end cannot be noted")
        net.anvil.call("evm_setBlockGasLimit", NORMAL)
        net.anvil.call("evm_setAutomine", True)
        net.anvil.mine()
        for one in others:
            node.reaches(one, PaymentStatus.SETTLED)
        node.reaches_stage(old, Stage.EXPIRED)


def test_adopt__skipped_one_not_noted__payment_is_settled_long_before_finality(
    net: Devnet, tmp_path: Path, failures: Failures
) -> None:
    token, blocked = MoodyToken(net), net.accounts[7]
    (odd_one,) = open_many(net, 1, token.address, blocked)
    other = net.pay(3 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    with running(net.settings(tmp_path / "data", final_tag="finalized", bump_after=60)) as node:
        eventually(lambda: pool(net), "the batch waits")
        data = token._abi.functions["setBlocked"].call_data(blocked, True)
        block = {"from": net.admin, "to": token.address, "data": data, "gas": hex(10**6)}
        net.anvil.call("eth_sendTransaction", {**block, **HASTY})
        net.anvil.mine()
        net.anvil.call("evm_setAutomine", True)
        eventually(lambda: "refused" in failures, "the skipping cannot be noted")
        node.reaches(other, PaymentStatus.SETTLED)
        token.send(net.admin, "setBlocked", blocked, False)
        node.reaches(odd_one, PaymentStatus.SETTLED)


def test_expire__the_block_behind_the_deadline_is_taken_back__is_settled(net: Devnet, tmp_path: Path) -> None:
    payment_id = net.pay(3 * DOLLAR)
    net.send(net.admin, "PayFlowCore", "pause")
    with running(net.settings(tmp_path / "data", clock_skew=600)) as node:
        node.reaches_stage(payment_id, Stage.STUCK)
        snapshot = net.anvil.call("evm_snapshot")
        net.anvil.call("evm_setNextBlockTimestamp", deadline(net, payment_id) + 7)
        net.anvil.mine()
        node.reaches_stage(payment_id, Stage.EXPIRED)
        net.anvil.call("evm_revert", snapshot)
        net.anvil.call("evm_setNextBlockTimestamp", deadline(net, payment_id) - 600)
        net.send(net.admin, "PayFlowCore", "unpause")
        assert node.reaches(payment_id, PaymentStatus.SETTLED).reason == ""


def test_expire__one_header_that_nothing_links_to_is_far_ahead__nothing_is_over(net: Devnet, tmp_path: Path) -> None:
    payment_id = net.pay(3 * DOLLAR)
    net.send(net.admin, "PayFlowCore", "pause")
    lies: list[str] = []
    with closing(FaultyRpc(net.anvil.url)) as rpc:

        def fault(call: Call, answer: Any) -> Any:
            if call["method"] != "eth_getBlockByNumber" or call["params"][0] != "latest":
                return answer
            lies.append("one")
            return {**answer, "result": {**answer["result"], "timestamp": hex(deadline(net, payment_id) + 60)}}

        with running(net.settings(tmp_path / "data", rpc_url=rpc.url, clock_skew=600)) as node:
            node.reaches_stage(payment_id, Stage.STUCK)
            rpc.fault = fault
            eventually(lambda: len(lies) > 30, "it has looked often")
            rpc.fault = None
            net.send(net.admin, "PayFlowCore", "unpause")
            node.reaches(payment_id, PaymentStatus.SETTLED)
            assert Stage.EXPIRED not in [event.data["stage"] for event in node.events if event.type == "stage"]
