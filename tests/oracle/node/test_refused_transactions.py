"""Transactions that the RPC node does not take: nothing is held by what nobody has, and nothing is paid for it."""

import time
from pathlib import Path
from typing import Any

import pytest

from oracle.chain.status import PaymentStatus
from oracle.node import Stage
from oracle.settings import Settings
from tests.oracle.devnet import Devnet
from tests.oracle.faulty_rpc import Call, FaultyRpc, refusing, sent, swallowed, turned_away
from tests.oracle.node.test_deadlines import deadline, journal
from tests.oracle.node.test_transactions import pool, replaced
from tests.oracle.node.test_unsettleable import open_many
from tests.oracle.running import eventually, running

DOLLAR = 10**6
GWEI = 10**9


def most(transaction: dict[str, Any]) -> int:
    """What a transaction may cost, in wei."""
    return int(transaction["gas"] * transaction["maxFeePerGas"])


def first_estimate_is_odd(call: Call, answer: Any, lied: list[bool]) -> Any:
    if call["method"] != "eth_estimateGas" or lied or "result" not in answer:
        return answer
    lied.append(True)
    return {**answer, "result": "0x1"}


def test_settle__estimate_below_what_any_transaction_takes__holds_neither_its_payment_nor_others(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    lied = list[bool]()
    rpc.fault = lambda call, answer: first_estimate_is_odd(call, answer, lied)
    odd = net.pay(3 * DOLLAR)
    with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0)) as node:
        eventually(lambda: lied, "one answer is odd")
        node.reaches(net.pay(2 * DOLLAR), PaymentStatus.SETTLED)
        node.reaches(odd, PaymentStatus.SETTLED)
        node.untroubled()
        (settled,) = node.service.payment(odd).attempts
        assert settled.nonce < 2, "the other one, and this one"


def test_settle__rpc_node_lets_one_transaction_cost_less_than_a_batch__goes_in_smaller_ones(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    """geth, erigon and besu have such a limit unless told otherwise: one ether for gas times fee."""
    ids = open_many(net, 20, net.token, net.payee)
    costs = list[int]()

    def costs_too_much(transaction: dict[str, Any]) -> bool:
        costs.append(most(transaction))
        return costs[-1] > max(costs) // 2

    rpc.instead = turned_away("tx fee exceeds the configured cap", costs_too_much)
    with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0)) as node:
        for one in ids:
            node.reaches(one, PaymentStatus.SETTLED)
        node.untroubled()
        assert 1 < len({node.payment(one).settled_tx for one in ids}) < 10


def test_settle__nothing_is_taken__is_told_until_something_is_and_fees_stay_what_they_were(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    tips = list[int]()

    def any_of_them(transaction: dict[str, Any]) -> bool:
        tips.append(transaction["maxPriorityFeePerGas"])
        return True

    rpc.instead = turned_away("this plan does not include sending transactions", any_of_them)
    ids = [net.pay(3 * DOLLAR + number) for number in range(2)]
    settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=0.2, retry_max=1)
    with running(settings) as node:
        assert "this plan" in node.problem("transaction-refused")
        eventually(lambda: len(tips) > 8, "it is tried again and again", node.service.health)
        assert "this plan" in node.problem("transaction-refused")
        assert node.service.health().in_flight == 0
        rpc.instead = lambda _call: None
        for one in ids:
            node.reaches(one, PaymentStatus.SETTLED)
        node.untroubled()
    assert set(tips) == {GWEI}


def test_push__sent_before_and_refused_ever_since__does_nothing_at_its_nonce_and_is_planned_anew(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    payment_id = net.pay(3 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    forgotten = list[str]()

    rpc.instead = turned_away("tx fee exceeds the configured cap", lambda one: bool(forgotten) and one["gas"] > 21_000)
    with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=0.3)) as node:
        (waiting,) = eventually(lambda: pool(net), "it waits", node.service.health)
        forgotten.append(waiting["hash"])
        net.anvil.call("anvil_dropTransaction", waiting["hash"])
        net.anvil.call("evm_setAutomine", True)
        eventually(
            lambda: net.nonce() == 1,
            "its nonce is used up",
            node.service.health,
        )
        rpc.instead = lambda _call: None
        node.reaches(payment_id, PaymentStatus.SETTLED)


def test_push__pool_of_the_rpc_node_is_full__fees_are_not_raised_before_it_is_time(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    """geth calls it underpriced, where the pool is full of what pays more."""
    seen = list[int]()

    def any_of_them(transaction: dict[str, Any]) -> bool:
        seen.append(transaction["nonce"])
        return True

    rpc.instead = turned_away("transaction underpriced", any_of_them)
    payment_id = net.pay(3 * DOLLAR)
    with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=60)) as node:
        eventually(lambda: len(seen) > 10, "it is sent again and again", node.service.health)
        rpc.instead = lambda _call: None
        node.reaches(payment_id, PaymentStatus.SETTLED)
        assert len(node.service.payment(payment_id).attempts) == 1


def test_push__accepted_and_forgotten_until_fees_are_at_their_limit__nonce_is_used_up_after_the_deadline(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    odd = net.pay(3 * DOLLAR)
    rpc.instead = swallowed(lambda _one: True)
    settings = net.settings(
        tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=0.1, max_fee_gwei=4, clock_skew=600
    )
    with running(settings) as node:
        node.problem("fee-limit-reached")
        rpc.instead = lambda _call: None
        net.anvil.call("anvil_setNextBlockBaseFeePerGas", hex(5 * GWEI))
        net.anvil.call("evm_setNextBlockTimestamp", deadline(net, odd) + 10)
        net.anvil.mine()
        net.anvil.call("anvil_setNextBlockBaseFeePerGas", hex(GWEI))
        net.anvil.mine()
        node.reaches(net.pay(2 * DOLLAR), PaymentStatus.SETTLED)


def test_push__replacement_is_refused_and_the_first_one_waits_in_the_pool__is_left_there(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    payment_id = net.pay(3 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    costs = list[int]()

    def costs_more_than_the_first(transaction: dict[str, Any]) -> bool:
        costs.append(most(transaction))
        return costs[-1] > costs[0]

    rpc.instead = turned_away("tx fee exceeds the configured cap", costs_more_than_the_first)
    with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=0.2)) as node:
        (first,) = eventually(lambda: pool(net), "it waits", node.service.health)
        eventually(
            lambda: not replaced(net, first) and len(set(costs)) > 1 and len(costs) > 8,
            "others are refused again and again",
            node.service.health,
        )
        (waiting,) = pool(net)
        assert int(waiting["gas"], 16) > 21_000
        net.anvil.mine()
        node.reaches(payment_id, PaymentStatus.SETTLED)
        node.untroubled()


def test_settle__proxy_gives_up_waiting_but_the_transaction_is_on_its_way__nothing_is_sent_a_second_time(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    """And what it knows of transactions is a second old."""
    ids = open_many(net, 4, net.token, net.payee)
    net.anvil.call("evm_setAutomine", False)
    taken = dict[str, float]()

    def fault(call: Call, answer: Any) -> Any:
        if call["method"] == "eth_sendRawTransaction" and "result" in answer:
            taken.setdefault(answer["result"], time.monotonic())
            return {**refusing("upstream request timeout"), "id": call["id"]}
        if call["method"] == "eth_getTransactionByHash" and time.monotonic() < taken[call["params"][0]] + 1:
            return {**answer, "result": None}
        return answer

    rpc.fault = fault
    with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=60)) as node:
        eventually(lambda: taken, "it is sent", node.service.health)
        eventually(lambda: time.monotonic() > min(taken.values()) + 2, "it is known")
        assert len(taken) == len(pool(net)) == 1
        rpc.fault = None
        net.anvil.mine()
        for one in ids:
            node.reaches(one, PaymentStatus.SETTLED)


def test_settle__rpc_node_takes_none_of_some_payments__the_others_go_at_once_and_no_refused_one_is_kept(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    """A filter for listed addresses: anybody can open escrows to one."""
    listed = net.accounts[7]
    open_many(net, 20, net.token, listed)
    good = net.pay(2 * DOLLAR)
    filtered = list[int]()

    def names_it(transaction: dict[str, Any]) -> bool:
        found = bytes.fromhex(listed[2:]) in bytes(transaction["data"])
        filtered.extend([transaction["nonce"]] * found)
        return found

    rpc.instead = turned_away("transaction rejected by policy", names_it)
    settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, retry_first=60, retry_max=60)
    with running(settings) as node:
        node.reaches(good, PaymentStatus.SETTLED)
        eventually(lambda: kept(settings) == 1, "nothing is kept of what was refused")
        assert len(filtered) < 100, "they wait longer and longer"


def test_settle__refused_in_the_words_of_a_failure__others_go_on_and_nothing_is_paid_for_it_but_its_nonce(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    """Nobody can tell such a refusal from an upstream that was slow, but by waiting."""
    listed = net.accounts[7]
    odd = net.pay(3 * DOLLAR, recipient=listed)
    tips = list[int]()

    def names_it(transaction: dict[str, Any]) -> bool:
        tips.append(transaction["maxPriorityFeePerGas"])
        return bytes.fromhex(listed[2:]) in bytes(transaction["data"])

    rpc.instead = turned_away("Internal error", names_it)
    settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=1, retry_first=60)
    with running(settings) as node:
        assert "Internal error" in node.problem("transaction-undecided")
        good = net.pay(2 * DOLLAR)
        node.reaches(good, PaymentStatus.SETTLED)
        node.untroubled()
        assert node.service.payment(good).attempts[-1].nonce == 1
        eventually(lambda: "Internal error" in node.payment(odd).reason, "it is told why it waits")
    assert set(tips) == {GWEI}


def test_settle__refused_in_the_words_of_a_failure__does_not_end_the_round(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    rpc.instead = turned_away("upstream request timeout", lambda one: one["nonce"] == 0)
    ids = [net.pay(3 * DOLLAR + number) for number in range(3)]
    settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=60, batch_size=1)
    with running(settings) as node:
        eventually(lambda: len(queued(net)) == len(ids) - 1, "the others wait for it", node.service.health)
        rpc.instead = lambda _call: None
        for one in ids:
            node.reaches(one, PaymentStatus.SETTLED)


def queued(net: Devnet) -> list[Any]:
    waiting = net.anvil.call("txpool_content")["queued"]
    return [one for by_nonce in waiting.values() for one in by_nonce.values()]


def kept(settings: Settings) -> int:
    with journal(settings) as rows:
        return int(rows.execute("select count(*) from intents").fetchone()[0])


@pytest.mark.parametrize("words", ["Gas price below configured minimum gas price", "FeeTooLow, MaxFeePerGas too low"])
def test_push__pays_less_than_the_rpc_node_demands__pays_an_eighth_more_until_it_is_taken(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path, words: str
) -> None:
    """In the words of besu and nethermind."""
    rpc.instead = turned_away(words, lambda one: one["maxPriorityFeePerGas"] < 2 * GWEI)
    payment_id = net.pay(3 * DOLLAR)
    with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=0.3)) as node:
        node.reaches(payment_id, PaymentStatus.SETTLED)


def indexing(call: Call, answer: Any) -> Any:
    """In the words of geth, for as long as it does not know of all old transactions."""
    if call["method"] in ("eth_getTransactionByHash", "eth_getTransactionReceipt") and answer.get("result") is None:
        return {"jsonrpc": "2.0", "id": call["id"], **refusing("transaction indexing is in progress")}
    return answer


def test_push__forgotten_and_asking_for_it_is_refused__is_sent_again(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    payment_id = net.pay(3 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=60)) as node:
        (waiting,) = eventually(lambda: pool(net), "it waits", node.service.health)
        rpc.fault = indexing
        net.anvil.call("anvil_dropTransaction", waiting["hash"])
        net.anvil.call("evm_setAutomine", True)
        node.reaches(payment_id, PaymentStatus.SETTLED)


def test_receipt__of_an_older_attempt_and_asking_for_the_newest_is_refused__is_found(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path
) -> None:
    first = net.pay(3 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    raws = list[str]()

    def keep(call: Call) -> Any:
        if sent(call) is not None:
            raws.append(call["params"][0])
        return None

    rpc.instead = keep
    settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=0.5, max_in_flight=1)
    with running(settings) as node:
        (waiting,) = eventually(lambda: pool(net), "it waits", node.service.health)
        eventually(lambda: replaced(net, waiting), "it is replaced", node.service.health)
        rpc.instead = swallowed(lambda _one: True)
        rpc.fault = indexing
        for one in pool(net):
            net.anvil.call("anvil_dropTransaction", one["hash"])
        net.anvil.call("eth_sendRawTransaction", raws[0])
        net.anvil.mine()
        net.anvil.call("evm_setAutomine", True)
        rpc.instead = lambda _call: None
        node.reaches(first, PaymentStatus.SETTLED)
        node.reaches(net.pay(2 * DOLLAR), PaymentStatus.SETTLED)


@pytest.mark.parametrize("limit", [200, 2.5], ids=["fees rise", "fee limit"])
def test_push__accepted_and_dropped_silently__others_go_on_and_it_waits_longer_each_time(
    net: Devnet, rpc: FaultyRpc, tmp_path: Path, limit: float
) -> None:
    """Anybody can open an escrow to an address that the RPC node filters."""
    listed = net.accounts[7]
    odd = net.pay(3 * DOLLAR, recipient=listed)
    rpc.instead = swallowed(lambda one: bytes.fromhex(listed[2:]) in bytes(one["data"]))
    patient = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=0.2, retry_first=60)
    with running(patient.model_copy(update={"max_fee_gwei": limit})) as node:
        node.reaches_stage(odd, Stage.SUBMITTED)
        node.reaches(net.pay(2 * DOLLAR), PaymentStatus.SETTLED)
        eventually(lambda: "said yes" in node.payment(odd).reason, "it is told why it waits", node.service.health)
        node.untroubled()
