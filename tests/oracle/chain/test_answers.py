"""Odd answers one by one: what is made of each. That none ends a node is test_any_answer.py's part."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.chain.abi import load_abi, refusal
from oracle.chain.answers import JOURNAL, LONGEST_TEXT, Answer, brief, code, plain_text
from oracle.chain.blocks import BY_HASH, BlockReader
from oracle.chain.contracts import Contracts
from oracle.chain.deployment import load_deployment
from oracle.chain.rpc import Rpc
from oracle.chain.status import PaymentStatus
from oracle.errors import BlockMissing, ContractRefused, RpcInconsistent, RpcRejected
from tests.oracle.chain.given_rpc import GivenRpc, each
from tests.oracle.devnet import Devnet

ADDRESS = "0x" + "22" * 20


@pytest.fixture
def server() -> Iterator[GivenRpc]:
    rpc = GivenRpc()
    yield rpc
    rpc.close()


@pytest.fixture
def rpc(server: GivenRpc) -> Rpc:
    return Rpc(server.url, timeout=5, retries=0)


@pytest.fixture
def contracts(rpc: Rpc, shared_net: Devnet) -> Contracts:
    return Contracts(rpc, load_deployment(shared_net.folder / "31337.json"))


def answer(value: Any) -> Answer:
    return Answer("http://node", "eth_someCall", value)


# --- values ---


@given(st.integers(0, 2**JOURNAL - 1))
def test_number__any_that_the_journal_keeps__is_read(number: int) -> None:
    assert answer(hex(number)).number() == number
    assert answer(f"0x{number:064X}").number() == number


@pytest.mark.parametrize(
    "value",
    [
        *(
            None,
            5,
            True,
            1.5,
            [],
            {},
            "",
            "0x",
            "5",
            "0X5",
            "0x 5",
            " 0x5",
            "0x5\n",
            "0x1_0",
            "-0x5",
            "0x-5",
            "0xg",
            "0x٣",
        ),
        *(hex(2**JOURNAL), "0x" + "f" * 100_000),
    ],
)
def test_number__anything_else__is_inconsistent_and_shown_shortly(value: Any) -> None:
    with pytest.raises(
        RpcInconsistent, match=r"http://node contradicts itself: eth_someCall is .*, not a number"
    ) as odd:
        answer(value).number()
    assert len(str(odd.value)) < 400


@pytest.mark.parametrize("value", [None, 5, [], {}, "", "ab", "0xa", "0xgg", "0xab cd", "0xab\n", "0X00"])
def test_data__anything_but_whole_bytes_as_hex__is_inconsistent(value: Any) -> None:
    with pytest.raises(RpcInconsistent, match="not bytes as 0x hex"):
        answer(value).data()


def test_data__hex_of_any_case__is_lower_case_and_as_long_as_asked_for() -> None:
    assert answer("0x").data() == "0x"
    assert answer("0xABcd").data(2) == "0xabcd"
    with pytest.raises(RpcInconsistent, match="not 3 bytes"):
        answer("0xABcd").data(3)


@pytest.mark.parametrize("value", [None, 5, "text", True])
def test_member_and_items__of_what_has_none__are_inconsistent(value: Any) -> None:
    with pytest.raises(RpcInconsistent, match="not an object"):
        answer(value).member("hash")
    with pytest.raises(RpcInconsistent, match="not a list"):
        answer(value).items()


def test_odd__a_part__is_named_by_its_way() -> None:
    with pytest.raises(RpcInconsistent, match=re.escape("eth_someCall.topics[1] is 'x', not")):
        answer({"topics": ["0x00", "x"]}).member("topics").items()[1].data()


def test_brief__nested_beyond_the_recursion_limit__is_still_short() -> None:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    assert brief(nested) == "[[[...]]]"
    while nested:  # else the interpreter itself takes it apart level by level
        nested = nested[0]


def test_plain_text__what_no_journal_or_terminal_holds__is_left_out() -> None:
    assert plain_text("no\0 \ud800surrogate\x1b[31m\nhere") == "no   surrogate [31m here"
    assert len(plain_text("x" * 10**6)) == LONGEST_TEXT
    assert plain_text({"reason": "busy"}) == "{'reason': 'busy'}"


@pytest.mark.parametrize(
    ("given_code", "read"),
    [
        (-32000, -32000),
        (None, 0),
        ("429", 429),
        ("-32005", -32005),
        ("RATE_LIMIT", "RATE_LIMIT"),
        (1.5, "1.5"),
        ({}, "{}"),
        ("\ud800", " "),
        ("9" * 40, "9" * 40),
    ],
)
def test_code__any_value__is_a_number_or_text(given_code: Any, read: int | str) -> None:
    assert code(given_code) == read


# --- refusals ---


@pytest.mark.parametrize("data", ["0xabc", "0xReverted", "0x12 34"])
def test_estimate__unreadable_revert_data__is_a_refusal_that_shows_it(
    contracts: Contracts, server: GivenRpc, data: str
) -> None:
    error = {"code": 3, "message": "execution reverted", "data": data}
    server.answer = each(lambda call: {"jsonrpc": "2.0", "id": call["id"], "error": error})
    with pytest.raises(ContractRefused, match=re.escape(f"no known reason (revert data {data!r})")):
        contracts.estimate(call="settle", sender=ADDRESS, data="0x")


@pytest.mark.parametrize("offset", ["ff" * 32, "00" * 31 + "20" + "ff" * 32])
def test_refusal__offset_or_length_beyond_the_data__keeps_the_raw_bytes(offset: str) -> None:
    refused = refusal("settle", "0x08c379a0" + offset, [load_abi("PayFlowCore")])
    assert (refused.error, refused.raw) == ("", "0x08c379a0" + offset)


def test_statuses__a_state_that_the_contract_does_not_have__is_inconsistent(
    contracts: Contracts, server: GivenRpc
) -> None:
    words = [0, 0, 0, 0, len(PaymentStatus), 0, 0]
    result = "0x" + "".join(f"{word:064x}" for word in words)
    server.answer = each(lambda call: {"jsonrpc": "2.0", "id": call["id"], "result": result})
    with pytest.raises(RpcInconsistent, match="a payment in state 9, which does not exist"):
        contracts.statuses(["0x" + "aa" * 32])


def test_settled_alone__states_of_another_number_of_payments__are_inconsistent(
    contracts: Contracts, server: GivenRpc
) -> None:
    result = "0x" + f"{32:064x}{1:064x}{2:064x}"
    server.answer = each(lambda call: {"jsonrpc": "2.0", "id": call["id"], "result": result})
    assert contracts.settled_alone(sender=ADDRESS, data="0x", size=1) == [True]
    with pytest.raises(RpcInconsistent, match="not the states of 2 payments"):
        contracts.settled_alone(sender=ADDRESS, data="0x", size=2)


def test_check_chain__no_genesis_yet__is_no_proof_of_another_chain(contracts: Contracts, server: GivenRpc) -> None:
    results = {"eth_chainId": "0x7a69", "eth_getBlockByNumber": None}
    server.answer = each(lambda call: {"jsonrpc": "2.0", "id": call["id"], "result": results[call["method"]]})
    with pytest.raises(BlockMissing, match="block 0"):
        contracts.check_chain()


# --- batches ---

PARAMS = [(f"0x{number}",) for number in range(5)]
Batch = Callable[[list[dict[str, Any]]], list[Any]]


def batches(change: Batch) -> Callable[[Any], bytes]:
    """Each call's parameter as its result; `change` takes the answers to a batch."""

    def given_answer(request: Any) -> bytes:
        calls = request if isinstance(request, list) else [request]
        answers = [{"jsonrpc": "2.0", "id": call["id"], "result": call["params"][0]} for call in calls]
        return json.dumps(change(answers) if isinstance(request, list) else answers[0]).encode()

    return given_answer


@pytest.mark.parametrize(
    "change",
    [
        lambda answers: answers[::-1],
        lambda answers: [{**one, "id": str(one["id"])} for one in answers[::-1]],
        lambda answers: [{**one, "id": None} for one in answers[::-1]],
        lambda answers: [{**one, "id": 7} for one in answers[::-1]],
        lambda answers: [{**one, "id": [7]} for one in answers[::-1]],
        lambda answers: [{"result": one["result"]} for one in answers[::-1]],
        lambda answers: answers[:-1],
        lambda answers: ["text", *answers[1:]],
    ],
    ids=["reversed", "ids are text", "ids are null", "ids are the same", "ids are lists", "no ids", "one less", "text"],
)
def test_read_many__odd_batches__give_each_call_its_own_answer(server: GivenRpc, rpc: Rpc, change: Batch) -> None:
    server.answer = batches(change)
    assert rpc.read_many("eth_someCall", PARAMS) == [one for (one,) in PARAMS]


def test_read_many__refused_without_ids__is_a_refusal_and_no_end_of_batches(server: GivenRpc, rpc: Rpc) -> None:
    """As rate limits are told."""
    error = {"code": "RATE_LIMIT", "message": "too many requests"}
    server.answer = batches(lambda answers: [{"jsonrpc": "2.0", "id": None, "error": error} for _ in answers])
    with pytest.raises(RpcRejected, match=r"too many requests \(code RATE_LIMIT\)"):
        rpc.read_many("eth_someCall", PARAMS)
    sizes = []

    def count(answers: list[dict[str, Any]]) -> list[Any]:
        sizes.append(len(answers))
        return answers

    server.answer = batches(count)
    rpc.read_many("eth_someCall", PARAMS)
    assert sizes == [len(PARAMS)]


# --- logs ---


def test_read__two_logs_at_one_place__are_inconsistent(
    server: GivenRpc, rpc: Rpc, contracts: Contracts, shared_net: Devnet
) -> None:
    """The journal has one row for it: such a pair would stop the node at every try, as trouble of its own disk."""
    shared_net.pay(10**6)
    height = shared_net.anvil.height()
    with httpx.Client(base_url=shared_net.anvil.url) as anvil:

        def twice(call: dict[str, Any]) -> Any:
            true = anvil.post("/", json=call).json()
            if call["method"] != "eth_getLogs":
                return true
            return {
                **true,
                "result": true["result"] + [{**log, "transactionHash": "0x" + "77" * 32} for log in true["result"]],
            }

        server.answer = each(twice)
        reader = BlockReader(rpc, contracts.wanted, log_range=BY_HASH, log_range_max=BY_HASH)
        with pytest.raises(RpcInconsistent, match="two logs of block"):
            reader.read(first=height, last=height, parent=None)
