"""What a node signs while it cannot follow the chain: nothing, once its scores are of an old state."""

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from oracle.chain.status import PaymentStatus
from oracle.errors import NotReady
from oracle.node import NodeState, lag
from oracle.signing import SignedReport
from tests.oracle.devnet import Devnet
from tests.oracle.faulty_rpc import Call, FaultyRpc
from tests.oracle.running import RunningNode, eventually, running

DOLLAR = 10**6


@pytest.fixture
def faulty(net: Devnet) -> Iterator[FaultyRpc]:
    proxy = FaultyRpc(net.anvil.url)
    yield proxy
    proxy.close()


def signed(net: Devnet, node: RunningNode) -> SignedReport:
    return node.service.sign_instant(
        sender=net.payer,
        recipient=net.payee,
        token=node.service.token(None),
        amount=DOLLAR,
        reference="0x" + "12" * 16,
    )


def refused(net: Devnet, node: RunningNode) -> bool:
    try:
        signed(net, node)
    except NotReady:
        return True
    return False


def test_sign__chain_out_of_reach_for_long__is_refused_until_it_is_back(
    net: Devnet, faulty: FaultyRpc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lag, "LAG", 1.0)
    with running(net.settings(tmp_path / "data", rpc_url=faulty.url, rpc_retries=0, peer_timeout=0.1)) as node:
        node.reaches(payment := net.pay(3 * DOLLAR), PaymentStatus.SETTLED)
        signed(net, node)
        faulty.fault = lambda _call, _answer: None
        node.problem("rpc-unavailable")
        eventually(lambda: refused(net, node), "an intent is refused")
        with pytest.raises(NotReady, match="behind the chain"):
            node.service.sign_batch([payment])
        with pytest.raises(NotReady, match="behind the chain"):
            node.service.begin_quote(
                sender=net.payer, recipient=net.payee, token=node.service.token(None), amount=DOLLAR
            )
        assert node.service.report(payment).report.payment_id == payment
        faulty.fault = None
        node.untroubled()
        assert signed(net, node).signature
        assert node.service.sign_batch([payment]).signature


def test_sign__round_that_hangs__is_refused_until_it_is_over(
    net: Devnet, faulty: FaultyRpc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lag, "LAG", 1.0)
    held = Event()

    def hang(_call: Call, answer: Any) -> Any:
        held.wait(60)
        return answer

    with running(
        net.settings(tmp_path / "data", rpc_url=faulty.url, rpc_retries=0, peer_timeout=0.1, rpc_timeout=60)
    ) as node:
        node.ready()
        signed(net, node)
        faulty.fault = hang
        try:
            eventually(lambda: refused(net, node), "an intent is refused")
            health = node.service.health()
            # a balancer sends nobody here, and an operator sees why
            assert (health.state, health.live, health.ready) == (NodeState.DEGRADED, True, False)
            assert [problem.code for problem in health.problems] == [lag.OVERDUE]
        finally:
            faulty.fault = None
            held.set()
        eventually(lambda: not refused(net, node), "it signs again")
        node.ready()
        assert not node.service.health().problems


def test_sign__looks_at_the_chain_seldom_and_peers_do_not_answer__is_no_reason_to_refuse(
    net: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lag, "LAG", 3.0)
    with running(net.settings(tmp_path / "data", poll_interval=4, peer_timeout=0.1)) as node:
        node.ready()
        until = time.monotonic() + 5
        while time.monotonic() < until:
            assert signed(net, node).signature
            assert node.service.health().ready
            time.sleep(0.05)


def test_sign__one_round_fails__goes_on(net: Devnet, faulty: FaultyRpc, tmp_path: Path) -> None:
    with running(net.settings(tmp_path / "data", rpc_url=faulty.url, rpc_retries=0, peer_timeout=0.1)) as node:
        node.ready()
        faulty.fault = lambda _call, _answer: None
        node.problem("rpc-unavailable")
        eventually(lambda: not node.service.health().ready, "a balancer is told", node.service.health)
        assert signed(net, node).signature


def test_sign__rounds_fail_though_blocks_are_read__goes_on(
    net: Devnet, faulty: FaultyRpc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the RPC node takes no transactions: the scores are of the newest block all the same."""
    monkeypatch.setattr(lag, "LAG", 1.0)

    def no_views(call: Call, answer: Call) -> Call | None:
        return None if call["method"] == "eth_call" else answer

    with running(net.settings(tmp_path / "data", rpc_url=faulty.url, rpc_retries=0, peer_timeout=0.1)) as node:
        node.ready()
        faulty.fault = no_views
        node.problem("rpc-unavailable")
        until = time.monotonic() + 3
        while time.monotonic() < until:
            net.anvil.mine()
            eventually(lambda: node.service.health().cursor_block == net.anvil.height(), "it follows")
            assert signed(net, node).signature
            time.sleep(0.05)
