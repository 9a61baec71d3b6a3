"""Reorganisations: what the chain takes back, the node takes back, and everything is settled exactly once."""

from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from oracle.chain.status import PaymentStatus
from oracle.node import ListKind, Stage
from tests.oracle.devnet import Devnet
from tests.oracle.faulty_rpc import Call, FaultyRpc
from tests.oracle.running import RunningNode, eventually, running

DOLLAR = 10**6
SETTLED = 2


def reorganise(net: Devnet, depth: int) -> None:
    net.anvil.call("anvil_reorg", depth, [])


def caught_up(node: RunningNode, net: Devnet) -> None:
    eventually(lambda: node.service.health().cursor_block == net.anvil.height(), "the node has caught up")


def test_reorg__payment_is_gone__the_node_forgets_it(net: Devnet, tmp_path: Path) -> None:
    kept = net.pay(3 * DOLLAR)
    with running(net.settings(tmp_path / "data", private_key=None)) as node:
        node.reaches(kept, PaymentStatus.PENDING)
        net.anvil.mine()
        wallet = node.service.wallet(net.payer)
        gone = net.pay(4 * DOLLAR)
        node.reaches(gone, PaymentStatus.PENDING)
        assert node.service.wallet(net.payer) != wallet
        reorganise(net, 1)
        eventually(lambda: node.metric("payflow_reorganisations_total") == 1, "the reorganisation is seen")
        caught_up(node, net)
        assert [one.payment_id for one in node.service.payments().payments] == [kept]
        assert node.service.wallet(net.payer) == wallet
        assert any(event.type == "reorg" for event in node.events)


def test_reorg__settlement_is_gone_but_not_the_payment__is_settled_again(net: Devnet, tmp_path: Path) -> None:
    payment_id = net.pay(3 * DOLLAR)
    with running(net.settings(tmp_path / "data", final_tag="finalized")) as node:
        node.reaches(payment_id, PaymentStatus.SETTLED)
        caught_up(node, net)
        reorganise(net, 1)  # anvil does not put the settlement back into its pool, and the nonce goes down with it
        eventually(lambda: node.metric("payflow_reorganisations_total") == 1, "the reorganisation is seen")
        eventually(lambda: net.status(payment_id) == 2, "the settlement is back")
        node.reaches(payment_id, PaymentStatus.SETTLED)
    assert len(net.events("VerdictApplied")) == 1


def test_reorg__several_settlements_and_later_ones__nonces_have_no_gap(net: Devnet, tmp_path: Path) -> None:
    with running(net.settings(tmp_path / "data", final_tag="finalized", batch_size=1)) as node:
        ids = []
        for number in range(4):
            ids.append(net.pay(3 * DOLLAR + number))
            node.reaches(ids[-1], PaymentStatus.SETTLED)
        caught_up(node, net)
        reorganise(net, 5)  # takes back two payments and three settlements
        eventually(lambda: node.metric("payflow_reorganisations_total") == 1, "the reorganisation is seen")
        later = net.pay(9 * DOLLAR)
        node.reaches(later, PaymentStatus.SETTLED)
        remaining = [event["paymentId"] for event in net.events("PaymentCreated")]
        for payment_id in remaining:
            eventually(lambda one=payment_id: net.status(one) == 2, "everything that remains is settled")  # type: ignore[misc]
        verdicts = [event["paymentId"] for event in net.events("VerdictApplied")]
        assert sorted(verdicts) == sorted(remaining)
        eventually(lambda: node.service.health().in_flight == 0, "nothing waits", node.service.health)


def test_reorg__deeper_than_finality__is_followed_and_reported(net: Devnet, tmp_path: Path) -> None:
    first = net.pay(3 * DOLLAR)
    with running(net.settings(tmp_path / "data", final_tag="latest")) as node:
        node.reaches(first, PaymentStatus.SETTLED)
        eventually(lambda: node.payment(first).final, "the settlement, in the newest block, counts as final")
        reorganise(net, 1)
        assert "counted as final" in node.problem("reorg-beyond-finality")
        eventually(lambda: net.status(first) == 2, "it is settled again all the same", node.service.health)
        node.ready()


def test_reorg__deeper_than_the_history__the_journal_is_read_again_from_the_start(net: Devnet, tmp_path: Path) -> None:
    first = net.pay(3 * DOLLAR)
    net.anvil.mine(70)
    second = net.pay(4 * DOLLAR)
    with running(net.settings(tmp_path / "data", private_key=None, block_history=64)) as node:
        node.reaches(second, PaymentStatus.PENDING)
        net.anvil.mine(3)
        caught_up(node, net)
        reorganise(net, 68)
        eventually(lambda: node.metric("payflow_reorganisations_total") == 1, "the reorganisation is seen")
        caught_up(node, net)
        assert [one.payment_id for one in node.service.payments().payments] == [first]


def test_reorg__while_the_node_is_down__is_found_at_the_start(net: Devnet, tmp_path: Path) -> None:
    settings = net.settings(tmp_path / "data", final_tag="finalized")
    kept = net.pay(3 * DOLLAR)
    with running(settings) as node:
        node.reaches(kept, PaymentStatus.SETTLED)
        caught_up(node, net)
    reorganise(net, 1)
    net.anvil.mine(3)
    later = net.pay(4 * DOLLAR)
    with running(settings) as node:
        node.reaches(later, PaymentStatus.SETTLED)
        eventually(lambda: net.status(kept) == 2, "the lost settlement is sent again", node.service.health)
        assert node.reaches(kept, PaymentStatus.SETTLED).stage is Stage.DONE
    assert len(net.events("VerdictApplied")) == 2


def test_revert__the_head_drops_and_other_blocks_follow__the_node_follows(net: Devnet, tmp_path: Path) -> None:
    kept = net.pay(3 * DOLLAR)
    with running(net.settings(tmp_path / "data", private_key=None)) as node:
        node.reaches(kept, PaymentStatus.PENDING)
        snapshot = net.anvil.call("evm_snapshot")
        gone = net.pay(4 * DOLLAR)
        node.reaches(gone, PaymentStatus.PENDING)
        net.anvil.call("evm_revert", snapshot)
        other = net.pay(5 * DOLLAR)
        node.reaches(other, PaymentStatus.PENDING)
        assert {one.payment_id for one in node.service.payments().payments} == {kept, other}


def test_reorg__list_entry_of_the_chain_is_gone__people_s_entries_stay(net: Devnet, tmp_path: Path) -> None:
    with running(net.settings(tmp_path / "data", private_key=None)) as node:
        node.ready()
        node.service.list_add(ListKind.BLACKLIST, net.accounts[5], by="ops")
        net.anvil.mine(2)
        net.send(net.admin, "FraudOracle", "blacklistWallet", net.accounts[6], "stolen funds")
        eventually(lambda: len(node.service.listings(ListKind.BLACKLIST)) == 2, "the chain's entry arrives")
        reorganise(net, 1)
        eventually(lambda: len(node.service.listings(ListKind.BLACKLIST)) == 1, "the chain's entry is gone")
        assert [one.source for one in node.service.listings(ListKind.BLACKLIST)] == ["ops"]


def test_reorg__backends_contradict_each_other__is_rewound_once_a_round_at_most_and_goes_on(
    net: Devnet, tmp_path: Path
) -> None:
    """One has another newest block than what was read; of those asked about the cursor, every second lacks it."""
    with closing(FaultyRpc(net.anvil.url)) as rpc:
        settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, final_tag="finalized")
        with running(settings) as node:
            node.ready()
            height, asked, rounds = hex(net.anvil.height()), count(), count()

            def fault(call: Call, answer: Any) -> Any:
                if call["method"] != "eth_getBlockByNumber":
                    return answer
                if call["params"][0] == "latest":
                    next(rounds)
                    return {**answer, "result": {**answer["result"], "hash": "0x" + "ab" * 32}}
                lacks = call["params"][0] == height and next(asked) % 2 == 0
                return {**answer, "result": None} if lacks else answer

            rpc.fault = fault
            node.problem("rpc-inconsistent")
            eventually(lambda: node.metric("payflow_reorganisations_total") >= 3, "it is rewound", node.service.health)
            assert node.metric("payflow_reorganisations_total") <= next(rounds)
            rpc.fault = None
            node.reaches(net.pay(2 * DOLLAR), PaymentStatus.SETTLED)
            node.untroubled()


@pytest.mark.parametrize("confirmations", [1, 3])
def test_reorg__behind_the_head__everything_that_remains_is_settled(
    net: Devnet, tmp_path: Path, confirmations: int
) -> None:
    settings = net.settings(tmp_path / "data", final_tag="finalized", watch_confirmations=confirmations)
    with running(settings) as node:
        for number in range(3):
            net.pay(3 * DOLLAR + number)
            net.anvil.mine(confirmations)
        reorganise(net, 4)
        net.pay(5 * DOLLAR)
        remaining = [event["paymentId"] for event in net.events("PaymentCreated")]

        def all_settled() -> bool:
            net.anvil.mine()
            return all(net.status(one) == SETTLED for one in remaining)

        eventually(all_settled, "they are settled", node.service.health)
