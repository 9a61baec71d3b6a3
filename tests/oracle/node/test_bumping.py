"""Fees rise where that helps."""

import time
from pathlib import Path

from oracle.chain.status import PaymentStatus
from oracle.node import Stage
from tests.oracle.devnet import Devnet
from tests.oracle.faulty_rpc import FaultyRpc, swallowed
from tests.oracle.node.test_transactions import pool
from tests.oracle.running import eventually, running

DOLLAR = 10**6


def test_bump__no_block_comes__pays_no_more_than_before(net: Devnet, tmp_path: Path) -> None:
    """Higher fees bring no block."""
    payment_id = net.pay(3 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    with running(net.settings(tmp_path / "data", bump_after=0.1)) as node:
        (first,) = eventually(lambda: pool(net), "it waits", node.service.health)
        time.sleep(2)
        assert [one["hash"] for one in pool(net)] == [first["hash"]]
        net.anvil.mine()
        node.reaches(payment_id, PaymentStatus.SETTLED)


def test_bump__what_comes_before_it_is_not_included__pays_no_more_than_before(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    rpc.instead = swallowed(lambda one: one["nonce"] == 0)
    first = net.pay(3 * DOLLAR)
    with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=0.3)) as node:
        node.reaches_stage(first, Stage.SUBMITTED)
        second = net.pay(2 * DOLLAR)
        node.reaches_stage(second, Stage.SUBMITTED)
        for _ in range(6):
            net.anvil.mine()
            time.sleep(0.3)
        rpc.instead = lambda _call: None
        node.reaches(second, PaymentStatus.SETTLED)
        assert len(node.service.payment(second).attempts) == 1
