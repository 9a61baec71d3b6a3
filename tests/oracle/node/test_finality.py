"""What counts as final, on a chain that makes blocks and on one that stands still."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oracle.chain.status import PaymentStatus
from oracle.node import finality
from tests.oracle.devnet import Devnet
from tests.oracle.faulty_rpc import Call, FaultyRpc
from tests.oracle.running import eventually, running

DOLLAR = 10**6


@pytest.fixture
def proxy(net: Devnet) -> Iterator[FaultyRpc]:
    found = FaultyRpc(net.anvil.url)
    yield found
    found.close()


def tag_of(call: Call) -> str:
    return str(call["params"][0]) if call["method"] == "eth_getBlockByNumber" else ""


def test_final__new_blocks__become_final_as_the_chain_says(net: Devnet, tmp_path: Path) -> None:
    with running(net.settings(tmp_path / "data", final_tag="latest", final_confirmations=3)) as node:
        payment = net.pay(3 * DOLLAR)
        assert not node.reaches(payment, PaymentStatus.SETTLED).final
        for _ in range(3):
            net.anvil.mine()
        eventually(lambda: node.payment(payment).final, "it is final", node.service.health)


def test_final__no_new_block__is_not_asked_in_every_round(
    net: Devnet, proxy: FaultyRpc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finality, "LOOK", 600)
    asked = Counter[str]()

    def count(call: Call, answer: Any) -> Any:
        asked[tag_of(call)] += 1
        return answer

    with running(net.settings(tmp_path / "data", rpc_url=proxy.url, final_tag="finalized")) as node:
        node.reaches(net.pay(3 * DOLLAR), PaymentStatus.SETTLED)
        proxy.fault = count
        eventually(lambda: asked["latest"] > 20, "rounds go on", node.service.health)
        assert asked["finalized"] <= 1


def test_final__chain_stands_still_and_becomes_final__is_seen(
    net: Devnet, proxy: FaultyRpc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finality, "LOOK", 0.2)
    genesis = net.anvil.call("eth_getBlockByNumber", "0x0", False)
    newest: dict[str, Any] = {}
    proxy.fault = lambda call, answer: (
        {**answer, "result": newest or genesis} if tag_of(call) == "finalized" else answer
    )
    with running(net.settings(tmp_path / "data", rpc_url=proxy.url, final_tag="finalized")) as node:
        payment = net.pay(3 * DOLLAR)
        assert not node.reaches(payment, PaymentStatus.SETTLED).final
        newest.update(net.anvil.call("eth_getBlockByNumber", "latest", False))
        eventually(lambda: node.payment(payment).final, "it is final", node.service.health)


def test_final__one_odd_header_from_far_ahead__makes_nothing_final_before_its_time(
    net: Devnet, proxy: FaultyRpc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finality, "LOOK", 0)
    genesis = net.anvil.call("eth_getBlockByNumber", "0x0", False)
    odd: dict[str, Any] = {}
    proxy.fault = lambda call, answer: {**answer, "result": genesis | odd} if tag_of(call) == "finalized" else answer
    with running(net.settings(tmp_path / "data", rpc_url=proxy.url, final_tag="finalized")) as node:
        payment = net.pay(3 * DOLLAR)
        node.reaches(payment, PaymentStatus.SETTLED)
        odd["number"] = hex(10**6)
        assert "1000000" in node.problem("rpc-inconsistent")
        odd.clear()
        node.untroubled()
        assert not node.payment(payment).final


@pytest.mark.parametrize("answer", [None, {"result": {"number": "x"}}], ids=["none", "odd"])
def test_final__no_usable_answer_about_it__payments_are_settled_all_the_same(
    net: Devnet, proxy: FaultyRpc, tmp_path: Path, answer: Any
) -> None:
    payment = net.pay(3 * DOLLAR)
    proxy.fault = lambda call, good: answer and {**good, **answer} if tag_of(call) == "finalized" else good
    settings = net.settings(tmp_path / "data", rpc_url=proxy.url, rpc_retries=0, final_tag="finalized")
    with running(settings) as node:
        node.reaches(payment, PaymentStatus.SETTLED)
        assert node.service.health().problems
        proxy.fault = None
        node.untroubled()
