"""Payments that cannot be settled, or are over: hundreds of them keep nobody else's waiting."""

import json
import secrets
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from oracle.chain.abi import ContractAbi
from oracle.chain.contracts import PaymentTerms
from oracle.chain.status import PaymentStatus
from oracle.node import Stage
from tests.oracle.devnet import ROOT, Devnet
from tests.oracle.faulty_rpc import Call, FaultyRpc
from tests.oracle.node.test_transactions import pool
from tests.oracle.running import eventually, running

DOLLAR = 10**6


class MoodyToken:
    """A listed token that can block addresses, as the large stablecoins can."""

    def __init__(self, net: Devnet) -> None:
        document = json.loads((ROOT / ".build/forge/out/HostileTokens.sol/MoodyToken.json").read_text())
        self._net, self._abi = net, ContractAbi(document["abi"])
        code = document["bytecode"]["object"]
        deployed = net.mined({"from": net.admin, "data": code, "gas": hex(5_000_000)})
        self.address = str(deployed["contractAddress"]).lower()
        net.scheduled("PayFlowCore", "listToken", self.address)
        self.send(net.admin, "mint", net.payer, 10**15)
        self.send(net.payer, "approve", net.core, 2**255)

    def send(self, sender: str, name: str, *arguments: Any) -> None:
        data = self._abi.functions[name].call_data(*arguments)
        receipt = self._net.mined({"from": sender, "to": self.address, "data": data, "gas": hex(10**6)})
        assert receipt["status"] == "0x1"


def open_many(net: Devnet, count: int, token: str, recipient: str) -> list[str]:
    """That many escrows, in few blocks; their ids."""
    net.anvil.call("evm_setAutomine", False)
    ids = []
    for number in range(count):
        terms = PaymentTerms(net.payer, recipient, token, 5 * DOLLAR + number, "0x" + secrets.token_hex(16))
        reference = bytes.fromhex(terms.reference[2:])
        net.post(net.payer, "PayFlowCore", "createPayment", recipient, token, terms.amount, reference)
        ids.append(terms.payment_id(chain_id=31337, core=net.core))
        if number % 40 == 39:
            net.anvil.mine()
    net.anvil.mine()
    net.anvil.call("evm_setAutomine", True)
    return ids


def test_settle__hundreds_to_a_blocked_recipient__a_fresh_one_goes_at_once_and_they_go_when_they_can(
    net: Devnet, tmp_path: Path
) -> None:
    token, blocked = MoodyToken(net), net.accounts[7]
    token.send(net.admin, "setBlocked", blocked, True)
    ids = open_many(net, 260, token.address, blocked)
    # all are due again before a round has tried a quarter of them
    with running(net.settings(tmp_path / "data", batch_size=20, retry_first=0.05, retry_max=0.2)) as node:

        def all_refused() -> bool:
            stages = node.service.health().stages
            return stages.get(Stage.WAITING, 0) + stages.get(Stage.STUCK, 0) == len(ids)

        eventually(all_refused, "all are refused", node.service.health)
        for number in range(3):
            node.reaches(net.pay(3 * DOLLAR + number), PaymentStatus.SETTLED)
        nonce = net.nonce()
        assert nonce == 3, "what is refused costs no gas"
        assert "TransferFailed" in node.payment(ids[0]).reason
        token.send(net.admin, "setBlocked", blocked, False)
        for one in ids:
            node.reaches(one, PaymentStatus.SETTLED)
        sent = net.nonce() - nonce
        assert sent < len(ids) / 2, "formerly refused ones share transactions"


def test_settle__refused_ones_can_go_again__they_leave_slots_to_fresh_ones(net: Devnet, tmp_path: Path) -> None:
    token, blocked = MoodyToken(net), net.accounts[7]
    token.send(net.admin, "setBlocked", blocked, True)
    ids = open_many(net, 12, token.address, blocked)
    with running(net.settings(tmp_path / "data", bump_after=60)) as node:
        for one in ids:
            node.reaches_stage(one, Stage.STUCK)
        net.anvil.call("evm_setAutomine", False)
        token.send(net.admin, "setBlocked", blocked, False)
        eventually(lambda: len(pool(net)) == 2, "two transactions wait for a block", lambda: pool(net))
        time.sleep(0.5)  # ten rounds more
        assert len(pool(net)) == 2, "of four slots"
        net.anvil.call("evm_setAutomine", True)
        net.anvil.mine()
        for one in ids:
            node.reaches(one, PaymentStatus.SETTLED)


@pytest.mark.parametrize("mood", [1, 2, 3, 4], ids=["false", "paused", "burns-gas", "bomb"])
def test_settle__token_misbehaves__all_others_are_settled(net: Devnet, tmp_path: Path, mood: int) -> None:
    token = MoodyToken(net)
    ids = open_many(net, 30, token.address, net.payee)
    token.send(net.admin, "setMood", mood)
    with running(net.settings(tmp_path / "data")) as node:
        for _ in range(2):
            others = open_many(net, 10, net.token, net.payee)
            for one in others:
                node.reaches(one, PaymentStatus.SETTLED)
        assert {node.payment(one).status for one in ids} == {PaymentStatus.PENDING}
        assert not [one for one in node.service.health().problems if one.code != "clock-skew"]


def test_reclaim__many_are_over__fresh_ones_go_first_and_one_slot_is_enough(net: Devnet, tmp_path: Path) -> None:
    expired = [net.pay(3 * DOLLAR + number) for number in range(6)]
    net.anvil.call("evm_increaseTime", 3_601)
    fresh = net.pay(2 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    settings = net.settings(tmp_path / "data", auto_reclaim=True, clock_skew=600, bump_after=60)
    with running(settings) as node:
        node.reaches_stage(fresh, Stage.SUBMITTED)
        eventually(lambda: len(pool(net)) == 2, "a reclaim waits as well", lambda: pool(net))
        (settlement,) = node.service.payment(fresh).attempts
        assert min(pool(net), key=lambda one: int(one["nonce"], 16))["hash"] == settlement.tx
        eventually(lambda: node.service.health().in_flight == 2, "it has looked again")
        assert len(pool(net)) == 2
        net.anvil.call("evm_setIntervalMining", 1)
        for one in [fresh, *expired]:
            node.reaches(one, PaymentStatus.SETTLED if one == fresh else PaymentStatus.CANCELLED)


def test_reclaim__oldest_cannot_be_paid_back__later_ones_are(net: Devnet, tmp_path: Path) -> None:
    token = MoodyToken(net)
    trapped = open_many(net, 8, token.address, net.payee)
    token.send(net.admin, "setBlocked", net.payer, True)
    later = net.pay(3 * DOLLAR)
    net.anvil.call("evm_increaseTime", 3_601)
    net.anvil.mine()
    with running(net.settings(tmp_path / "data", auto_reclaim=True, clock_skew=600, retry_max=0.1)) as node:
        node.reaches(later, PaymentStatus.CANCELLED)
        view = node.payment(trapped[0])
        assert (view.stage, "TransferFailed" in view.reason) == (Stage.EXPIRED, True)


def test_settle__rpc_node_that_would_not_try_one_payment__settles_the_others_and_that_one_later(
    net: Devnet, tmp_path: Path
) -> None:
    odd_one = net.accounts[7]
    with closing(FaultyRpc(net.anvil.url)) as rpc:

        def fault(call: Call, answer: Any) -> Any:
            tried = call["method"] in ("eth_estimateGas", "eth_call") and odd_one[2:] in str(call["params"]).lower()
            if not tried:
                return answer
            return {"error": {"code": -32000, "message": "gas required exceeds allowance (50000000)"}}

        settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, retry_first=0.2)
        rpc.fault = fault
        # oldest first, so that the odd one is tried before the others, and in a batch with them
        first = net.pay(3 * DOLLAR, recipient=odd_one)
        others = [net.pay(4 * DOLLAR + number) for number in range(6)]
        with running(settings) as node:
            for payment in others:
                node.reaches(payment, PaymentStatus.SETTLED)
            eventually(lambda: "gas required exceeds allowance" in node.payment(first).reason, "it says why it waits")
            rpc.fault = None
            node.reaches(first, PaymentStatus.SETTLED)
