"""Logs by range from a real node that refuses some ranges, or does not answer."""

import pytest

from oracle.chain.abi import load_abi
from oracle.chain.rpc import Rpc
from oracle.errors import RpcRejected, RpcUnavailable
from oracle.verify.ranges import LogRanges
from tests.oracle.devnet import Devnet
from tests.oracle.faulty_rpc import Call
from tests.oracle.verify.scene import DOLLAR, faulty

TOPICS = [load_abi("PayFlowCore").events["PaymentCreated"].topic]


def span(call: Call) -> tuple[int, int]:
    """First and last block that it asks for; (0, 0) where it asks for no logs."""
    where = call["params"][0] if call["method"] == "eth_getLogs" else {}
    return int(where.get("fromBlock", "0x0"), 16), int(where.get("toBlock", "0x0"), 16)


def refusal(call: Call) -> object:
    return {"jsonrpc": "2.0", "id": call["id"], "error": {"code": -32005, "message": "more than 10000 results"}}


def test_read__crowded_stretch__narrower_there_and_wide_again_behind_it(net: Devnet) -> None:
    ids = [net.pay(DOLLAR) for _ in range(3)]
    crowded = net.anvil.height()
    net.anvil.mine(200)
    ids.append(net.pay(DOLLAR))
    asked: list[tuple[int, int]] = []

    def choosy(call: Call, answer: object) -> object:
        first, last = span(call)
        asked.append((first, last))
        return refusal(call) if first <= crowded and last - first > 2 else answer

    with faulty(net, choosy) as settings:
        ranges = LogRanges(Rpc(settings.rpc_url, timeout=5, retries=0), first=1, widest=50)
        stretches = list(ranges.read(net.core, [TOPICS], net.anvil.height()))
    assert [log.topics[1] for _, logs in stretches for log in logs] == ids
    assert [until for until, _ in stretches] == sorted({until for until, _ in stretches})
    assert stretches[-1][0] == net.anvil.height()
    widths = [last - first + 1 for first, last in asked]
    assert max(widths) == 50
    assert max(widths[20:]) > 10
    assert len(asked) < 60


def test_read__node_that_refuses_every_range__error_and_no_endless_halving(net: Devnet) -> None:
    asked: list[Call] = []

    def refusing(call: Call, _answer: object) -> object:
        asked.append(call)
        return refusal(call)

    with faulty(net, refusing) as settings:
        ranges = LogRanges(Rpc(settings.rpc_url, timeout=5, retries=0), first=1, widest=None)
        with pytest.raises(RpcRejected):
            list(ranges.read(net.core, [TOPICS], 64))
    assert len(asked) == 7


def test_read__node_that_does_not_answer__is_away_and_not_slow(net: Devnet) -> None:
    asked: list[Call] = []

    def silent(call: Call, _answer: object) -> None:
        asked.append(call)

    with faulty(net, silent) as settings:
        ranges = LogRanges(Rpc(settings.rpc_url, timeout=5, retries=0), first=1, widest=None)
        with pytest.raises(RpcUnavailable):
            list(ranges.read(net.core, [TOPICS], 4_000))
    assert len(asked) == 3  # for 4,000 blocks, 2,000 and 1,000
