"""An RPC node that answers oddly now and then, and defects that nobody foresaw: the node says so and goes on."""

import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from oracle.chain.status import PaymentStatus
from oracle.errors import RoundsFailed, RpcUnavailable
from oracle.node import NodeState
from oracle.node.bus import EventBus
from oracle.node.condition import DEFECT, DEFECT_ROUNDS, Condition
from oracle.node.watcher import Watcher
from tests.oracle.devnet import Devnet
from tests.oracle.faulty_rpc import Call, FaultyRpc
from tests.oracle.running import RunningNode, eventually, running

DOLLAR = 10**6


@pytest.fixture
def faulty(shared_net: Devnet) -> Iterator[FaultyRpc]:
    proxy = FaultyRpc(shared_net.anvil.url)
    yield proxy
    proxy.close()


def result(value: Any) -> dict[str, Any]:
    return {"result": value}


def error(code: Any, **members: Any) -> dict[str, Any]:
    return {"result": None, "error": {"code": code, "message": "busy", **members}}


@pytest.mark.parametrize(
    ("method", "odd"),
    [
        ("eth_estimateGas", result(None)),
        ("eth_estimateGas", error(3, message="execution reverted", data="0xabc")),
        ("eth_estimateGas", error(3, message="\ud800 reverted\0", data="0x\ud800")),
        ("eth_getTransactionCount", result(None)),
        ("eth_getBalance", result({})),
        ("eth_getBlockByNumber", error(None)),
        ("eth_getBlockByNumber", error("RATE_LIMIT")),
        ("eth_getBlockByNumber", result([])),
        ("eth_getLogs", result([{"topics": None}])),
        ("eth_call", {"id": None, **error(429)}),
        ("eth_call", result(7)),
        ("eth_sendRawTransaction", error(None, message="txpool \ud800 is full\0")),
        ("eth_getTransactionReceipt", result({"blockHash": "0x12"})),
    ],
)
def test_odd_answer__in_the_middle_of_settling__is_got_over(
    shared_net: Devnet, faulty: FaultyRpc, tmp_path: Path, method: str, odd: dict[str, Any]
) -> None:
    left = [2]

    def fault(call: Call, answer: Any) -> Any:
        if call["method"] != method or left[0] <= 0:
            return answer
        left[0] -= 1
        return {**answer, **odd}

    with running(shared_net.settings(tmp_path / "data", rpc_url=faulty.url, rpc_retries=0)) as node:
        node.ready()
        faulty.fault = fault
        node.reaches(shared_net.pay(3 * DOLLAR), PaymentStatus.SETTLED)
        eventually(lambda: left[0] < 2, f"{method} was asked")
        node.untroubled()
        assert node.metric("payflow_step_errors_total", code="unexpected-failure") == 0


NEVER_RIGHT: tuple[Any, ...] = (None, True, -1, 1.5, "", "busy", "\ud800\0", "0xabc", [], [None], {}, {"hash": 7})


def spoilt(value: Any, dice: random.Random) -> Any:
    """The value with one part of it replaced by what can never be right there."""
    if isinstance(value, dict) and value and dice.random() < 0.8:
        key = dice.choice(sorted(value))
        return {**value, key: spoilt(value[key], dice)}
    if isinstance(value, list) and value and dice.random() < 0.8:
        at = dice.randrange(len(value))
        return [*value[:at], spoilt(value[at], dice), *value[at + 1 :]]
    return dice.choice(NEVER_RIGHT)


def test_odd_answers__one_in_ten_for_a_while__no_round_fails_unexpectedly(
    shared_net: Devnet, faulty: FaultyRpc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(7)  # noqa: S311 (the same odd answers each time)
    given = []
    monkeypatch.setattr("oracle.node.node.LONGEST_PAUSE", 0.02)

    def fault(_call: Call, answer: Any) -> Any:
        if dice.random() > 0.1:
            return answer
        given.append(spoilt(answer, dice) or {})
        return given[-1]

    settings = shared_net.settings(tmp_path / "data", rpc_url=faulty.url, rpc_retries=0, poll_interval=0.01)
    with running(settings) as node:
        node.ready()
        faulty.fault = fault
        ids = [shared_net.pay(3 * DOLLAR + number) for number in range(8)]
        eventually(lambda: len(given) > 40, "many odd answers", lambda: len(given), patience=60)
        faulty.fault = None
        for payment_id in ids:
            node.reaches(payment_id, PaymentStatus.SETTLED)
        node.untroubled()
        assert node.metric("payflow_step_errors_total", code="unexpected-failure") == 0
    settled = [event["paymentId"] for event in shared_net.events("VerdictApplied")]
    assert all(settled.count(payment_id) == 1 for payment_id in ids)


def defective(monkeypatch: pytest.MonkeyPatch, rounds: int) -> None:
    """Put a defect into the node that shows in so many rounds."""
    true, left = Watcher.step, [rounds]

    def step(watcher: Watcher, stop: threading.Event) -> Any:
        if left[0] > 0:
            left[0] -= 1
            raise KeyError(f"secret {left[0]}")
        return true(watcher, stop)

    monkeypatch.setattr(Watcher, "step", step)
    monkeypatch.setattr("oracle.node.node.LONGEST_PAUSE", 0.02)


def test_defect__for_fewer_rounds_than_the_limit__is_logged_shown_and_got_over(
    shared_net: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    defective(monkeypatch, DEFECT_ROUNDS - 1)
    settings = shared_net.settings(tmp_path / "data")
    with capture_logs() as logs, running(settings, defects=DEFECT_ROUNDS - 1) as node:
        message = node.problem("unexpected-failure")
        assert "KeyError in step (test_odd_answers.py:" in message
        assert "secret" not in message
        assert node.service.health().state is NodeState.DEGRADED
        node.reaches(shared_net.pay(3 * DOLLAR), PaymentStatus.SETTLED)
        node.untroubled()
        assert node.metric("payflow_step_errors_total", code="unexpected-failure") == DEFECT_ROUNDS - 1
    told = [one for one in logs if one["event"] == "round failed unexpectedly"]
    assert {one["log_level"] for one in told} == {"error"}
    assert isinstance(told[0]["exc_info"], KeyError)
    assert told[0]["exc_info"].__traceback__ is not None


def test_defect__the_same_for_too_many_rounds__ends_the_node_with_a_sentence(
    shared_net: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    defective(monkeypatch, DEFECT_ROUNDS)
    node = RunningNode(shared_net.settings(tmp_path / "data"))
    node.start()
    try:
        eventually(lambda: node.failure, "the node ends")
        assert isinstance(node.failure, RoundsFailed)
        assert f"gave up after {DEFECT_ROUNDS} rounds in a row that ended with KeyError in step" in str(node.failure)
        assert isinstance(node.failure.__cause__, KeyError)
        assert node.service.health().state is NodeState.STOPPED
    finally:
        node.stop()


def test_defect__the_rpc_node_is_away_in_between__is_counted_on(
    shared_net: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = [0]

    def step(_watcher: Watcher, _stop: threading.Event) -> Any:
        rounds[0] += 1
        if rounds[0] % 10 == 0:
            raise RpcUnavailable(endpoint="there", method="eth_call", attempts=1, cause="it is away")
        raise KeyError

    monkeypatch.setattr(Watcher, "step", step)
    monkeypatch.setattr("oracle.node.node.LONGEST_PAUSE", 0.02)
    node = RunningNode(shared_net.settings(tmp_path / "data"))
    node.start()
    try:
        assert isinstance(eventually(lambda: node.failure, "the node ends"), RoundsFailed)
        assert rounds[0] == DEFECT_ROUNDS + (DEFECT_ROUNDS - 1) // 9
    finally:
        node.stop()


def fails(condition: Condition, *, here: bool, value: int) -> None:
    try:
        if here:
            raise ValueError(value)
        raise ValueError(value)
    except ValueError as failure:
        condition.unexpected(failure)


def test_unexpected__not_the_same_place_each_time__is_tried_for_ever() -> None:
    condition = Condition(EventBus())
    for number in range(3 * DEFECT_ROUNDS):
        fails(condition, here=number % 2 == 0, value=number)


def test_unexpected__a_round_without_it_in_between__is_counted_anew() -> None:
    condition = Condition(EventBus())
    for number in range(3 * DEFECT_ROUNDS):
        if number % (DEFECT_ROUNDS - 1) == 0:
            condition.clear(DEFECT)
        fails(condition, here=True, value=number)
    condition.clear(DEFECT)
    for number in range(DEFECT_ROUNDS - 1):
        fails(condition, here=True, value=number)
    with pytest.raises(RoundsFailed):
        fails(condition, here=True, value=DEFECT_ROUNDS)
