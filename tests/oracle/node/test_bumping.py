"""Fees rise where that helps, and every transaction gets its turn to be looked after."""

import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from eth_account.typed_transactions import TypedTransaction
from hexbytes import HexBytes

from oracle.chain.status import PaymentStatus
from oracle.node import Stage, transactor
from tests.oracle.devnet import Devnet
from tests.oracle.faulty_rpc import Call, FaultyRpc
from tests.oracle.node.test_transactions import pool
from tests.oracle.node.test_unsettleable import open_many
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


def test_bump__what_comes_before_it_is_not_included__pays_no_more_than_before(net: Devnet, tmp_path: Path) -> None:
    with closing(FaultyRpc(net.anvil.url)) as rpc:
        # it says that it has the first, and has not
        rpc.instead = lambda call: {"result": "0x" + "11" * 32} if nonce_of(call) == 0 else None
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


def nonce_of(call: Call) -> int | None:
    """Of the transaction that a call sends."""
    if call["method"] != "eth_sendRawTransaction":
        return None
    return int(TypedTransaction.from_bytes(HexBytes(call["params"][0])).as_dict()["nonce"])


def test_step__one_stays_silent_and_another_is_answered_again__that_one_gets_its_turn(
    net: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactor, "PATIENCE", 0.05)
    open_many(net, 3, net.token, net.payee)
    net.anvil.call("evm_setAutomine", False)
    with closing(FaultyRpc(net.anvil.url)) as rpc:
        settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, batch_size=1, bump_after=60)
        with running(settings) as node:
            eventually(lambda: len(pool(net)) == 3, "all wait", node.service.health)
            hashes = [one["hash"] for one in sorted(pool(net), key=lambda one: int(one["nonce"], 16))]
            silent, asked = set(hashes[:2]), Counter[str]()

            def fault(call: Call, answer: Any) -> Any:
                if call["method"] != "eth_getTransactionByHash":
                    return answer
                asked[call["params"][0]] += 1
                if call["params"][0] not in silent:
                    return answer
                time.sleep(0.1)
                return None

            rpc.fault = fault
            eventually(lambda: len(asked) == 3, "all were asked about", node.service.health)
            silent.discard(hashes[1])
            net.anvil.call("anvil_dropTransaction", hashes[1])
            eventually(lambda: hashes[1] in [one["hash"] for one in pool(net)], "it is sent again", lambda: asked)
