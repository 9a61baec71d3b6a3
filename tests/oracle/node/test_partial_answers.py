"""An RPC node that is odd about one thing: the node stays useful for all others, and says what is the matter."""

import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from oracle.chain.status import PaymentStatus
from oracle.node import Stage, transactor
from oracle.signing import LocalSigner
from tests.oracle.devnet import SIGNER_KEY, Devnet, devnet, mining
from tests.oracle.faulty_rpc import Call, Fault, FaultyRpc
from tests.oracle.node.test_deadlines import journal
from tests.oracle.node.test_left_behind import HASTY
from tests.oracle.node.test_quorum import SECOND, SECOND_KEY
from tests.oracle.node.test_transactions import pool, replaced
from tests.oracle.node.test_turns import begin
from tests.oracle.node.test_unsettleable import MoodyToken, open_many
from tests.oracle.running import RunningNode, eventually, running

DOLLAR = 10**6
TRIALS = ("eth_estimateGas", "eth_call")
DEAR = hex(50 * 10**9)


def is_trial_of(call: Call, account: str) -> bool:
    return call["method"] in TRIALS and account[2:] in str(call["params"]).lower()


def silent_about(account: str) -> Fault:
    return lambda call, answer: None if is_trial_of(call, account) else answer


def refusing(account: str) -> Fault:
    refusal = {"error": {"code": -32000, "message": "out of gas"}}
    return lambda call, answer: refusal if is_trial_of(call, account) else answer


def overdue(net: Devnet) -> str:
    """An escrow that can only be reclaimed; its id."""
    payment_id = net.pay(3 * DOLLAR)
    net.anvil.call("evm_increaseTime", 3_601)
    net.anvil.mine()
    return payment_id


@contextmanager
def at_dear_gas(net: Devnet) -> Iterator[None]:
    """A block every now and then, each at a base fee far above that of before."""
    with mining(net, 0.3, before=lambda: net.anvil.call("anvil_setNextBlockBaseFeePerGas", DEAR)):
        yield


def test_settle__no_answer_to_trials_of_one_payment__all_others_are_settled(net: Devnet, tmp_path: Path) -> None:
    odd_one = net.accounts[7]
    odd = net.pay(3 * DOLLAR, recipient=odd_one)
    others = [net.pay(4 * DOLLAR + number) for number in range(6)]
    with closing(FaultyRpc(net.anvil.url)) as rpc:
        rpc.fault = silent_about(odd_one)
        with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0)) as node:
            for one in [*others, net.pay(2 * DOLLAR)]:
                node.reaches(one, PaymentStatus.SETTLED)
            eventually(lambda: "No answer" in node.payment(odd).reason, "its reason is told")
            eventually(lambda: node.service.health().ready, "one payment is no trouble of the node")
            rpc.fault = None
            node.reaches(odd, PaymentStatus.SETTLED)


def test_push__no_answer_to_trials_of_a_waiting_one__it_is_bumped_and_others_go(net: Devnet, tmp_path: Path) -> None:
    odd_one = net.accounts[7]
    odd = net.pay(3 * DOLLAR, recipient=odd_one)
    net.anvil.call("evm_setAutomine", False)
    with closing(FaultyRpc(net.anvil.url)) as rpc:
        settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=0.5)
        with running(settings) as node:
            eventually(lambda: pool(net), "it waits")
            rpc.fault = silent_about(odd_one)
            terms = net.terms(2 * DOLLAR)
            arguments = (terms.recipient, terms.token, terms.amount, bytes.fromhex(terms.reference[2:]))
            created = net._transaction(net.payer, "PayFlowCore", "createPayment", arguments)
            net.anvil.call("eth_sendTransaction", {**created, **HASTY})
            other = terms.payment_id(chain_id=31337, core=net.core)
            with at_dear_gas(net):
                for one in (odd, other):
                    node.reaches(one, PaymentStatus.SETTLED)
            assert len(node.service.payment(odd).attempts) > 1


def test_step__receipt_of_one_transaction_is_nonsense__others_are_settled_and_it_is_told(
    net: Devnet, tmp_path: Path
) -> None:
    odd = list[str]()
    with closing(FaultyRpc(net.anvil.url)) as rpc:

        def fault(call: Call, answer: Any) -> Any:
            if call["method"] != "eth_getTransactionReceipt" or not answer.get("result"):
                return answer
            found = answer["result"]
            odd[:] = odd or [found["transactionHash"]]
            return {**answer, "result": {**found, "status": None}} if found["transactionHash"] == odd[0] else answer

        rpc.fault = fault
        with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0)) as node:
            node.reaches(net.pay(2 * DOLLAR), PaymentStatus.SETTLED)
            eventually(lambda: odd, "a receipt is asked for")
            node.reaches(net.pay(3 * DOLLAR), PaymentStatus.SETTLED)
            node.problem("rpc-inconsistent")
            rpc.fault = None
            node.untroubled()


def test_settle__batch_above_the_gas_limit_and_trials_take_long__is_split_all_the_same(
    net: Devnet, tmp_path: Path
) -> None:
    selector = net.function("PayFlowCore", "settleBatch").call_data([], [])[:10]
    ids = open_many(net, 8, net.token, net.payee)
    with closing(FaultyRpc(net.anvil.url)) as rpc:

        def fault(call: Call, answer: Any) -> Any:
            if call["method"] == "eth_estimateGas" and str(call["params"][0].get("data", "")).startswith(selector):
                time.sleep(0.7)
            return answer

        rpc.fault = fault
        settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, max_gas=300_000, peer_timeout=0.3)
        with running(settings) as node:
            for one in [*ids, net.pay(2 * DOLLAR)]:
                node.reaches(one, PaymentStatus.SETTLED)


def test_reclaim__many_payments_that_nobody_would_try__goes_at_once_and_the_node_is_ready(
    net: Devnet, tmp_path: Path
) -> None:
    late = overdue(net)
    odd_one = net.accounts[7]
    open_many(net, 40, net.token, odd_one)
    with closing(FaultyRpc(net.anvil.url)) as rpc:
        rpc.fault = refusing(odd_one)
        settings = net.settings(
            tmp_path / "data",
            rpc_url=rpc.url,
            rpc_retries=0,
            auto_reclaim=True,
            clock_skew=600,
            retry_first=0.1,
            retry_max=0.1,
            peer_timeout=0.3,
        )
        with running(settings) as node:
            node.reaches(late, PaymentStatus.CANCELLED)
            eventually(lambda: node.service.health().stages.get(Stage.STUCK, 0) > 3, "some are stuck")
            for _ in range(50):
                time.sleep(0.02)
                health = node.service.health()
                assert health.ready
            node.problem("rpc-rejected")
            node.reaches(net.pay(2 * DOLLAR), PaymentStatus.SETTLED)


def test_settle__rpc_node_estimates_nothing__is_never_called_ready(net: Devnet, tmp_path: Path) -> None:
    ids = [net.pay(3 * DOLLAR + number) for number in range(12)]
    with closing(FaultyRpc(net.anvil.url)) as rpc:
        busy = {"error": {"code": -32005, "message": "request limit reached"}}
        rpc.fault = lambda call, answer: busy if call["method"] == "eth_estimateGas" else answer
        settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, retry_first=0.1, retry_max=0.1)
        with running(settings) as node:
            node.problem("rpc-rejected")
            eventually(lambda: not node.service.health().ready, "a balancer is told")
            for _ in range(100):
                time.sleep(0.02)
                assert not node.service.health().ready
            rpc.fault = None
            for one in ids:
                node.reaches(one, PaymentStatus.SETTLED)
            node.untroubled()


@pytest.mark.parametrize("answer", [None, {"error": {"code": -32005, "message": "request limit reached"}}])
def test_settle__one_payment_and_no_answer_to_any_trial__is_not_called_ready_and_it_goes_soon_after(
    net: Devnet, tmp_path: Path, answer: Any
) -> None:
    payment_id = net.pay(3 * DOLLAR)
    with closing(FaultyRpc(net.anvil.url)) as rpc:
        rpc.fault = lambda call, true: answer if call["method"] == "eth_estimateGas" else true
        settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, retry_first=0.5, retry_max=300)
        with running(settings) as node:
            eventually(lambda: node.service.health().problems and not node.service.health().ready, "a balancer is told")
            for _ in range(250):
                time.sleep(0.02)
                assert not node.service.health().ready
            rpc.fault = None
            node.reaches(payment_id, PaymentStatus.SETTLED)
            node.untroubled()


def test_reclaim__rpc_node_estimates_nothing__is_not_called_ready(net: Devnet, tmp_path: Path) -> None:
    late = overdue(net)
    with closing(FaultyRpc(net.anvil.url)) as rpc:
        gone = {"error": {"code": -32601, "message": "the method does not exist"}}
        rpc.fault = lambda call, answer: gone if call["method"] == "eth_estimateGas" else answer
        settings = net.settings(
            tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, auto_reclaim=True, clock_skew=600, retry_max=0.5
        )
        with running(settings) as node:
            node.problem("rpc-rejected")
            assert not node.service.health().ready
            rpc.fault = None
            node.reaches(late, PaymentStatus.CANCELLED)


def test_settle__rpc_node_fails_whatever_would_succeed__is_told(net: Devnet, tmp_path: Path) -> None:
    ids = [net.pay(3 * DOLLAR + number) for number in range(5)]
    with closing(FaultyRpc(net.anvil.url)) as rpc:
        slow = {"error": {"code": -32000, "message": "execution aborted (timeout = 5s)"}}
        rpc.fault = lambda call, true: slow if call["method"] == "eth_estimateGas" and "result" in true else true
        with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, retry_max=0.5)) as node:
            assert "execution aborted" in node.problem("rpc-rejected")
            rpc.fault = None
            for one in ids:
                node.reaches(one, PaymentStatus.SETTLED)
            node.untroubled()


def test_follow__one_header_of_another_branch__is_not_followed(net: Devnet, tmp_path: Path) -> None:
    lied = list[bool]()
    with closing(FaultyRpc(net.anvil.url)) as rpc:

        def fault(call: Call, answer: Any) -> Any:
            if call["method"] != "eth_getBlockByNumber" or call["params"][0] != "latest" or lied:
                return answer
            lied.append(True)
            return {**answer, "result": {**answer["result"], "hash": "0x" + "ab" * 32}}

        with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, final_tag="finalized")) as node:
            node.ready()
            rpc.fault = fault
            eventually(lambda: lied, "it is told of another branch")
            node.reaches(net.pay(2 * DOLLAR), PaymentStatus.SETTLED)
            assert node.metric("payflow_reorganisations_total") == 0


@pytest.mark.parametrize("poor", [False, True], ids=["fee limit", "funds"])
def test_push__forgotten_by_the_rpc_node_and_cannot_be_made_dearer__goes_again_as_it_is(
    net: Devnet, tmp_path: Path, poor: bool
) -> None:
    payment_id = net.pay(2 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    limit = {} if poor else {"max_fee_gwei": 2.5}
    with running(net.settings(tmp_path / "data", bump_after=0.5, **limit)) as node:
        (waiting,) = eventually(lambda: pool(net), "it waits")
        if poor:
            cost = int(waiting["gas"], 16) * int(waiting["maxFeePerGas"], 16)
            net.anvil.call("anvil_setBalance", net.signer, hex(cost * 105 // 100))
        code = "insufficient-funds" if poor else "fee-limit-reached"

        def is_told() -> bool:
            replaced(net, waiting)
            return code in [one.code for one in node.service.health().problems]

        eventually(is_told, "it cannot be replaced", node.service.health)
        (last,) = pool(net)
        net.anvil.call("anvil_dropTransaction", last["hash"])
        eventually(lambda: [one["hash"] for one in pool(net)] == [last["hash"]], "it is sent again")
        net.anvil.call("evm_setAutomine", True)
        net.anvil.mine()
        node.reaches(payment_id, PaymentStatus.SETTLED)


def test_push__forgotten_by_the_rpc_node_and_gas_is_dearer__goes_again_at_a_higher_fee(
    net: Devnet, tmp_path: Path
) -> None:
    payment_id = net.pay(2 * DOLLAR)
    net.anvil.call("evm_setAutomine", False)
    with running(net.settings(tmp_path / "data", bump_after=0.5)) as node:
        (waiting,) = eventually(lambda: pool(net), "it waits")
        net.anvil.call("anvil_setNextBlockBaseFeePerGas", DEAR)
        net.anvil.call("anvil_dropTransaction", waiting["hash"])
        net.anvil.mine()
        net.anvil.call("anvil_dropTransaction", waiting["hash"])
        with at_dear_gas(net):
            node.reaches(payment_id, PaymentStatus.SETTLED)
        assert len(node.service.payment(payment_id).attempts) > 1


def test_receipt__one_answer_of_a_block_far_off__is_not_believed(net: Devnet, tmp_path: Path) -> None:
    payment_id = net.pay(3 * DOLLAR)
    lied = list[bool]()
    with closing(FaultyRpc(net.anvil.url)) as rpc:

        def fault(call: Call, answer: Any) -> Any:
            if call["method"] != "eth_getTransactionReceipt" or not answer.get("result") or lied:
                return answer
            lied.append(True)
            return {**answer, "result": {**answer["result"], "status": "0x1", "blockNumber": hex(2**40)}}

        rpc.fault = fault
        net.anvil.call("evm_setAutomine", False)
        with running(net.settings(tmp_path / "data", rpc_url=rpc.url, bump_after=60)) as node:
            eventually(lambda: pool(net), "it waits")
            pause = net._transaction(net.admin, "PayFlowCore", "pause", ())
            net.anvil.call("eth_sendTransaction", {**pause, **HASTY})
            net.anvil.mine()
            net.anvil.call("evm_setAutomine", True)
            eventually(lambda: lied, "the receipt is asked for")
            net.send(net.admin, "PayFlowCore", "unpause")
            node.reaches(payment_id, PaymentStatus.SETTLED)


def test_batch_wait__chain_without_new_blocks__is_over_by_the_clock(net: Devnet, tmp_path: Path) -> None:
    with running(net.settings(tmp_path / "data", batch_wait=1)) as node:
        node.ready()
        node.reaches(net.pay(2 * DOLLAR), PaymentStatus.SETTLED)


def test_problem__account_is_empty_and_only_a_reclaim_is_due__stays_until_it_is_solved(
    net: Devnet, tmp_path: Path
) -> None:
    late = overdue(net)
    net.anvil.call("anvil_setBalance", net.signer, "0x0")
    with running(net.settings(tmp_path / "data", auto_reclaim=True, clock_skew=600)) as node:
        node.problem("insufficient-funds")
        for _ in range(100):
            time.sleep(0.01)
            assert "insufficient-funds" in {one.code for one in node.service.health().problems}
        net.anvil.call("anvil_setBalance", net.signer, hex(10**18))
        node.reaches(late, PaymentStatus.CANCELLED)
        eventually(
            lambda: "insufficient-funds" not in {one.code for one in node.service.health().problems}, "it is solved"
        )


@pytest.mark.parametrize("waits", [False, True], ids=["included", "waiting"])
def test_start__with_another_key__fills_no_nonces_of_the_old_one_and_settles_what_it_left(
    tmp_path: Path, waits: bool
) -> None:
    signers = [LocalSigner(bytes.fromhex(key[2:])).address for key in (SIGNER_KEY, SECOND_KEY)]
    with devnet(tmp_path, signers=signers) as net:
        net.anvil.call("anvil_setBalance", SECOND, hex(10**18))
        net.anvil.call("anvil_setNonce", net.signer, hex(5_000))
        settings = net.settings(tmp_path / "data", final_tag="finalized")
        ids = [net.pay(2 * DOLLAR)]
        with running(settings) as node:
            node.reaches(ids[0], PaymentStatus.SETTLED)
            if waits:
                net.anvil.call("evm_setAutomine", False)
                ids.append(begin(net, 3 * DOLLAR))
                net.anvil.mine()
                (left,) = eventually(lambda: pool(net), "it waits")
        if waits:
            net.anvil.call("anvil_dropTransaction", left["hash"])
            net.anvil.call("evm_setAutomine", True)
        with running(net.settings(tmp_path / "data", final_tag="finalized", private_key=SECOND_KEY)) as node:
            for one in [*ids, net.pay(4 * DOLLAR)]:
                node.reaches(one, PaymentStatus.SETTLED)
            eventually(lambda: node.service.health().in_flight == 0, "no slot is lost", node.service.health)
        with journal(settings) as rows:
            assert rows.execute("select count(*) from intents where kind = 'fill'").fetchone() == (0,)
            assert rows.execute("select max(nonce) from intents where nonce < 5000").fetchone() in {(0,), (1,)}


def test_receipt__two_transactions_without_an_answer__others_are_settled(net: Devnet, tmp_path: Path) -> None:
    silent = list[str]()
    with closing(FaultyRpc(net.anvil.url)) as rpc:

        def fault(call: Call, answer: Any) -> Any:
            if call["method"] != "eth_getTransactionReceipt" or not answer.get("result"):
                return answer
            tx = call["params"][0]
            if tx not in silent and len(silent) < 2:
                silent.append(tx)
            return None if tx in silent else answer

        rpc.fault = fault
        with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0)) as node:
            for number in range(2):
                node.reaches(net.pay(2 * DOLLAR + number), PaymentStatus.SETTLED)
            eventually(lambda: len(silent) == 2, "two are not answered")
            node.problem("rpc-unavailable")
            node.reaches(net.pay(3 * DOLLAR), PaymentStatus.SETTLED)
            assert node.service.health().ready
            rpc.fault = None
            node.untroubled()


def test_trials__whatever_would_succeed_is_not_tried_and_what_is_refused_is__an_operator_is_told(
    net: Devnet, tmp_path: Path
) -> None:
    """Anybody can open an escrow that the contract refuses to settle: that it does proves nothing of the others."""
    token, blocked = MoodyToken(net), net.accounts[7]
    token.send(net.admin, "setBlocked", blocked, True)
    open_many(net, 2, token.address, blocked)
    ids = [net.pay(3 * DOLLAR + number) for number in range(4)]
    with closing(FaultyRpc(net.anvil.url)) as rpc:
        slow = {"error": {"code": -32000, "message": "execution aborted (timeout = 5s)"}}
        rpc.fault = lambda call, true: slow if call["method"] == "eth_estimateGas" and "result" in true else true
        settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, retry_max=0.5)
        with running(settings) as node:
            assert "execution aborted" in node.problem("rpc-rejected")
            for _ in range(100):
                assert "rpc-rejected" in {one.code for one in node.service.health().problems}
                time.sleep(0.02)
            rpc.fault = None
            for one in ids:
                node.reaches(one, PaymentStatus.SETTLED)
            eventually(lambda: "rpc-rejected" not in {one.code for one in node.service.health().problems}, "it is over")


def test_ready__every_round_fails_after_blocks_were_read__is_not_said(net: Devnet, tmp_path: Path) -> None:
    with closing(FaultyRpc(net.anvil.url)) as rpc:

        def fault(call: Call, answer: Any) -> Any:
            if call["method"] != "eth_getTransactionCount":
                return answer
            time.sleep(0.3)
            return None

        with running(net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0)) as node:
            node.ready()
            rpc.fault = fault
            payment_id = net.pay(3 * DOLLAR)
            node.problem("rpc-unavailable")
            eventually(lambda: not node.service.health().ready, "a balancer is told")
            for _ in range(100):
                assert not node.service.health().ready
                time.sleep(0.02)
            rpc.fault = None
            node.reaches(payment_id, PaymentStatus.SETTLED)
            node.ready()


def test_step__no_answer_about_any_of_many_transactions__a_stop_is_heard_at_once(net: Devnet, tmp_path: Path) -> None:
    open_many(net, 12, net.token, net.payee)
    net.anvil.call("evm_setAutomine", False)
    with closing(FaultyRpc(net.anvil.url)) as rpc:
        asked = list[str]()

        def fault(call: Call, answer: Any) -> Any:
            if call["method"] != "eth_getTransactionByHash":
                return answer
            asked.append(call["params"][0])
            time.sleep(0.7)
            return None

        settings = net.settings(
            tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, batch_size=1, max_in_flight=12, bump_after=60
        )
        with running(settings) as node:
            eventually(lambda: len(pool(net)) == 12, "all wait", node.service.health)
            rpc.fault = fault
            eventually(lambda: len(asked) > 1, "nothing is answered")
            told = time.monotonic()
            node.tell_to_stop()
            assert time.monotonic() - told < 4, "a question or two, not twelve"


def test_receipt__blocks_come_from_a_backend_far_behind__nothing_is_sent_a_second_time(
    net: Devnet, tmp_path: Path
) -> None:
    """On a chain that makes blocks fast: receipts and nonces are of now, heads and calls of half a minute ago."""
    payment_id = net.pay(3 * DOLLAR)
    behind, on_its_way = [net.anvil.height()], list[str]()

    def instead(call: Call) -> Any:
        method, params = call["method"], call["params"]
        if method == "eth_sendRawTransaction":
            on_its_way.append(params[0])
            return {"result": "0x" + "11" * 32}
        if method == "eth_getBlockByNumber" and params[0] in ("latest", "finalized"):
            return {"result": net.anvil.call(method, hex(behind[0]), params[1])}
        if method in ("eth_call", "eth_estimateGas"):
            return {"result": net.anvil.call(method, params[0], hex(behind[0]))}
        return None

    with closing(FaultyRpc(net.anvil.url)) as rpc:
        rpc.instead = instead
        settings = net.settings(tmp_path / "data", rpc_url=rpc.url, rpc_retries=0, bump_after=60)
        with running(settings) as node:
            eventually(lambda: on_its_way, "it is sent", node.service.health)
            net.anvil.call("anvil_mine", hex(200))
            net.anvil.call("eth_sendRawTransaction", on_its_way[0])
            eventually(lambda: net.status(payment_id) == 2, "it is included")
            node.problem("rpc-inconsistent")
            for _ in range(5):
                behind[0] += 1
                eventually(lambda: node.service.health().head_block == behind[0], "the head moves a little")
                time.sleep(0.3)
            rpc.instead = lambda _call: None
            node.reaches(payment_id, PaymentStatus.SETTLED)
            assert len(node.service.payment(payment_id).attempts) == 1
    assert net.nonce() == 1


@contextmanager
def three_that_wait(
    net: Devnet, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[FaultyRpc, RunningNode, list[str]]]:
    """Behind an RPC node that need be silent for a moment only; their hashes by nonce."""
    monkeypatch.setattr(transactor, "PATIENCE", 0.05)
    open_many(net, 3, net.token, net.payee)
    net.anvil.call("evm_setAutomine", False)
    with closing(FaultyRpc(net.anvil.url)) as rpc:
        settings = net.settings(folder / "data", rpc_url=rpc.url, rpc_retries=0, batch_size=1, bump_after=60)
        with running(settings) as node:
            eventually(lambda: len(pool(net)) == 3, "all wait", node.service.health)
            yield rpc, node, [one["hash"] for one in sorted(pool(net), key=lambda one: int(one["nonce"], 16))]


def slow_and_silent(silent: Collection[str], asked: "Counter[str]") -> Fault:
    """About these transactions."""

    def fault(call: Call, answer: Any) -> Any:
        if call["method"] != "eth_getTransactionByHash":
            return answer
        asked[call["params"][0]] += 1
        if call["params"][0] not in silent:
            return answer
        time.sleep(0.1)
        return None

    return fault


def test_step__no_answer_about_two_transactions_takes_all_its_time__a_third_has_its_turn(
    net: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with three_that_wait(net, tmp_path, monkeypatch) as (rpc, node, (*silent, third)):
        rpc.fault = slow_and_silent(silent, Counter())
        node.problem("rpc-unavailable")
        net.anvil.call("anvil_dropTransaction", third)
        eventually(lambda: third in [one["hash"] for one in pool(net)], "it is sent again", node.service.health)


def test_step__one_stays_silent_and_another_is_answered_again__that_one_gets_its_turn(
    net: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with three_that_wait(net, tmp_path, monkeypatch) as (rpc, node, (first, second, _third)):
        silent, asked = {first, second}, Counter[str]()
        rpc.fault = slow_and_silent(silent, asked)
        eventually(lambda: len(asked) == 3, "all were asked about", node.service.health)
        silent.discard(second)
        net.anvil.call("anvil_dropTransaction", second)
        eventually(lambda: second in [one["hash"] for one in pool(net)], "it is sent again", lambda: asked)
