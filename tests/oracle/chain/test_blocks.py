"""Reading blocks: from an honest node, and from nodes that lag, lie, refuse and drop."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from oracle.chain.blocks import BY_HASH, BlockReader, ParentMismatch
from oracle.chain.contracts import Contracts
from oracle.chain.deployment import load_deployment
from oracle.chain.rpc import Rpc
from oracle.errors import BlockMissing, RpcInconsistent, RpcRejected, RpcUnavailable
from tests.oracle.devnet import Devnet
from tests.oracle.faulty_rpc import Call, FaultyRpc, lagging


@pytest.fixture
def faulty(shared_net: Devnet) -> Iterator[FaultyRpc]:
    proxy = FaultyRpc(shared_net.anvil.url)
    yield proxy
    proxy.close()


@pytest.fixture(scope="module")
def paid(shared_net: Devnet) -> list[tuple[int, str]]:
    """Payments with empty blocks in between: (block, payment id)."""
    made = []
    for number in range(4):
        made.append((shared_net.anvil.height() + 1, shared_net.pay(10**6 + number)))
        shared_net.anvil.mine(BY_HASH)
    return made


def reader_for(net: Devnet, url: str, **ranges: int) -> BlockReader:
    rpc = Rpc(url, timeout=5, retries=1)
    contracts = Contracts(rpc, load_deployment(net.folder / "31337.json"))
    return BlockReader(rpc, contracts.wanted, **{"log_range": 500, "log_range_max": 2_000, **ranges})


def found(net: Devnet, reader: BlockReader, *, last: int | None = None) -> list[tuple[int, str]]:
    """Payments that the reader sees from genesis to `last`, in the stretches in which it gives them."""
    contracts = Contracts(Rpc(net.anvil.url, timeout=5, retries=0), load_deployment(net.folder / "31337.json"))
    seen = []
    first, parent, last = 0, None, net.anvil.height() if last is None else last
    while first <= last:
        blocks = reader.read(first=first, last=last, parent=parent)
        for block in blocks:
            events = [contracts.decode(log) for log in block.logs]
            seen += [
                (block.header.number, str(event.payment_id))
                for event in events
                if event is not None and event.name == "PaymentCreated"
            ]
        first, parent = blocks[-1].header.number + 1, blocks[-1].header.hash
    return seen


@pytest.mark.parametrize("log_range", [1, 3, BY_HASH, BY_HASH + 1, 500])
def test_read__any_range__finds_every_payment_once(
    shared_net: Devnet, paid: list[tuple[int, str]], log_range: int
) -> None:
    reader = reader_for(shared_net, shared_net.anvil.url, log_range=log_range, log_range_max=log_range)
    assert found(shared_net, reader) == paid


def test_read__getlogs_over_unseen_range_is_empty__finds_every_payment_by_hash(
    shared_net: Devnet, paid: list[tuple[int, str]], faulty: FaultyRpc
) -> None:
    faulty.fault = lagging(lambda: paid[1][0])
    assert found(shared_net, reader_for(shared_net, faulty.url)) == paid


def test_read__bloom_filters_are_empty__finds_every_payment(
    shared_net: Devnet, paid: list[tuple[int, str]], faulty: FaultyRpc
) -> None:
    lag = lagging(lambda: paid[1][0])

    def fault(call: Call, answer: Any) -> Any:
        if call["method"] == "eth_getBlockByNumber":
            return {**answer, "result": {**answer["result"], "logsBloom": "0x" + "00" * 256}}
        return lag(call, answer)

    faulty.fault = fault
    assert found(shared_net, reader_for(shared_net, faulty.url)) == paid


def test_read__node_lacks_the_last_block__says_which(shared_net: Devnet, faulty: FaultyRpc) -> None:
    last = shared_net.anvil.height()

    def fault(call: Call, answer: Any) -> Any:
        missing = call["method"] == "eth_getBlockByNumber" and call["params"][0] == hex(last)
        return {**answer, "result": None} if missing else answer

    faulty.fault = fault
    with pytest.raises(BlockMissing, match=f"block {last} "):
        found(shared_net, reader_for(shared_net, faulty.url))


def test_read__node_refuses_long_ranges__halves_until_it_answers_and_doubles_again(
    shared_net: Devnet, paid: list[tuple[int, str]], faulty: FaultyRpc
) -> None:
    asked: list[int] = []

    def fault(call: Call, answer: Any) -> Any:
        if call["method"] == "eth_getLogs" and "fromBlock" in call["params"][0]:
            wanted = call["params"][0]
            asked.append(int(wanted["toBlock"], 16) - int(wanted["fromBlock"], 16) + 1)
            if asked[-1] > BY_HASH + 4:
                error = {"code": -32005, "message": "query returned more than 10000 results"}
                return {"jsonrpc": "2.0", "id": call["id"], "error": error}
        return answer

    faulty.fault = fault
    reader = reader_for(shared_net, faulty.url, log_range=64)
    assert found(shared_net, reader) == paid
    assert asked == [64, 32]  # then 16, which is asked for by hash


def test_read__node_answers_well__the_range_grows_to_its_limit(shared_net: Devnet, paid: list[tuple[int, str]]) -> None:
    reader = reader_for(shared_net, shared_net.anvil.url, log_range=2, log_range_max=4)
    assert found(shared_net, reader) == paid
    assert reader.range == 4


def test_read__node_refuses_even_one_block__raises_its_words(shared_net: Devnet, faulty: FaultyRpc) -> None:
    def fault(call: Call, answer: Any) -> Any:
        if call["method"] == "eth_getLogs":
            return {"jsonrpc": "2.0", "id": call["id"], "error": {"code": -32000, "message": "no archive here"}}
        return answer

    faulty.fault = fault
    with pytest.raises(RpcRejected, match="no archive here"):
        found(shared_net, reader_for(shared_net, faulty.url))


def test_read__duplicated_logs__are_taken_once(
    shared_net: Devnet, paid: list[tuple[int, str]], faulty: FaultyRpc
) -> None:
    def fault(call: Call, answer: Any) -> Any:
        if call["method"] == "eth_getLogs":
            return {**answer, "result": answer["result"] + answer["result"][::-1]}
        return answer

    faulty.fault = fault
    assert found(shared_net, reader_for(shared_net, faulty.url)) == paid


def test_read__log_of_another_block_hash__is_inconsistent(shared_net: Devnet, faulty: FaultyRpc) -> None:
    def fault(call: Call, answer: Any) -> Any:
        if call["method"] == "eth_getLogs":
            return {**answer, "result": [{**log, "blockHash": "0x" + "77" * 32} for log in answer["result"]]}
        return answer

    faulty.fault = fault
    with pytest.raises(RpcInconsistent, match="not the header's"):
        found(shared_net, reader_for(shared_net, faulty.url))


def test_read__logs_of_another_contract__are_inconsistent(shared_net: Devnet, faulty: FaultyRpc) -> None:
    def fault(call: Call, answer: Any) -> Any:
        if call["method"] == "eth_getLogs":
            return {**answer, "result": [{**log, "address": "0x" + "77" * 20} for log in answer["result"]]}
        return answer

    faulty.fault = fault
    with pytest.raises(RpcInconsistent, match="not asked for"):
        found(shared_net, reader_for(shared_net, faulty.url))


def break_parent(call: Call, answer: Any) -> Any:
    if call["method"] == "eth_getBlockByNumber" and call["params"][0] == hex(9):
        return {**answer, "result": {**answer["result"], "parentHash": "0x" + "66" * 32}}
    return answer


def drop_field(call: Call, answer: Any) -> Any:
    if call["method"] == "eth_getBlockByNumber":
        return {**answer, "result": {name: value for name, value in answer["result"].items() if name != "timestamp"}}
    return answer


def wrong_number(call: Call, answer: Any) -> Any:
    if call["method"] == "eth_getBlockByNumber":
        return {**answer, "result": {**answer["result"], "number": "0x1"}}
    return answer


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (break_parent, ParentMismatch, "block 9 follows 0x6666"),
        (drop_field, RpcInconsistent, "timestamp"),
        (wrong_number, RpcInconsistent, "asked for block"),
        (lambda _call, _answer: None, RpcUnavailable, "connection failed"),
        (lambda call, _answer: {"id": call["id"]}, RpcUnavailable, "no JSON-RPC document"),
    ],
)
def test_read__broken_answers__are_errors_of_the_tree(
    shared_net: Devnet, faulty: FaultyRpc, fault: Callable[[Call, Any], Any], error: type[Exception], words: str
) -> None:
    faulty.fault = fault
    with pytest.raises(error, match=words):
        found(shared_net, reader_for(shared_net, faulty.url), last=20)


def test_read_many__node_without_batches__asks_one_by_one(shared_net: Devnet, faulty: FaultyRpc) -> None:
    rpc = Rpc(faulty.url, timeout=5, retries=0)
    original = faulty._answer

    def no_batches(body: Any) -> Any:
        if isinstance(body, list):
            return {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "batches are not supported"}}
        return original(body)

    faulty._answer = no_batches  # type: ignore[method-assign]
    params = [(hex(number), False) for number in range(3)]
    assert [int(block["number"], 16) for block in rpc.read_many("eth_getBlockByNumber", params)] == [0, 1, 2]


def test_read__one_dropped_answer__is_asked_for_again(shared_net: Devnet, faulty: FaultyRpc) -> None:
    drops = iter([True])

    def fault(_call: Call, answer: Any) -> Any:
        return None if next(drops, False) else answer

    faulty.fault = fault
    assert Rpc(faulty.url, timeout=5, retries=1).read("eth_chainId") == "0x7a69"


def test_write__dropped_answer__is_never_sent_again(shared_net: Devnet, faulty: FaultyRpc) -> None:
    faulty.fault = lambda _call, _answer: None
    with pytest.raises(RpcUnavailable, match="1 attempt"):
        Rpc(faulty.url, timeout=5, retries=5).write("eth_sendRawTransaction", "0x00")
    assert faulty.calls.count("eth_sendRawTransaction") == 1


def test_error__address_with_a_key_in_its_path__shows_host_and_port_only() -> None:
    rpc = Rpc("http://user:pass@127.0.0.1:1/v3/secret-key?token=x", timeout=0.2, retries=0)
    with pytest.raises(RpcUnavailable) as failed:
        rpc.read("eth_chainId")
    shown = str(failed.value) + repr(failed.value.data)
    assert "http://127.0.0.1:1" in shown
    assert not any(secret in shown for secret in ("user", "pass@", "secret-key", "token"))
