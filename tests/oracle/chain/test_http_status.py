"""What an HTTP status says of an answer of JSON-RPC: some RPC nodes send every error with one."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from oracle.chain.rpc import Rpc
from oracle.errors import RpcRejected, RpcUnavailable
from tests.oracle.chain.given_rpc import GivenRpc, each


@pytest.fixture
def rpc() -> Iterator[GivenRpc]:
    server = GivenRpc()
    yield server
    server.close()


def reverted(call: dict[str, Any]) -> Any:
    error = {"code": 3, "message": "execution reverted", "data": "0xfb8f41b2"}
    return {"jsonrpc": "2.0", "id": call["id"], "error": error}


@pytest.mark.parametrize("status", [400, 404, 500])
def test_read__error_of_json_rpc_with_an_http_status__is_what_it_says_and_asked_once(
    rpc: GivenRpc, status: int
) -> None:
    rpc.answer, rpc.status = each(reverted), status
    client = Rpc(rpc.url, timeout=5, retries=1)
    for ask in (client.read, client.write):
        with pytest.raises(RpcRejected, match="execution reverted") as found:
            ask("eth_call")
        assert found.value.revert == "0xfb8f41b2"
    with pytest.raises(RpcRejected, match="execution reverted"):
        client.read_many("eth_call", [[], []])
    assert rpc.requests == 3


@pytest.mark.parametrize("status", [429, 503])
def test_read__limit_with_an_error_of_json_rpc__is_asked_again(rpc: GivenRpc, status: int) -> None:
    rpc.answer, rpc.status = each(reverted), status
    with pytest.raises(RpcUnavailable, match=f"HTTP status {status}"):
        Rpc(rpc.url, timeout=5, retries=1).read("eth_call")
    assert rpc.requests == 2


@pytest.mark.parametrize("found", [{"error": {"code": -32603, "message": "internal"}}, {"result": None}])
def test_read__failure_of_the_rpc_nodes_own__is_asked_again_and_no_result_is_believed(
    rpc: GivenRpc, found: dict[str, Any]
) -> None:
    rpc.answer, rpc.status = each(lambda call: {"jsonrpc": "2.0", "id": call["id"], **found}), 500
    with pytest.raises(RpcUnavailable, match="HTTP status 500"):
        Rpc(rpc.url, timeout=5, retries=1).read("eth_getTransactionReceipt")
    assert rpc.requests == 2


def test_read_many__failure_of_the_rpc_nodes_own__goes_on_in_batches(rpc: GivenRpc) -> None:
    client = Rpc(rpc.url, timeout=5, retries=1)
    failure = json.dumps({"jsonrpc": "2.0", "id": None, "error": {"code": -32603, "message": "internal"}}).encode()
    rpc.answer, rpc.status = lambda _: failure, 500
    with pytest.raises(RpcUnavailable):
        client.read_many("eth_call", [[], []])
    rpc.answer, rpc.status, rpc.requests = each(lambda call: {"id": call["id"], "result": "0x"}), 200, 0
    assert client.read_many("eth_call", [[], []]) == ["0x", "0x"]
    assert rpc.requests == 1


@pytest.mark.parametrize("body", [b"", b"<html>", json.dumps({"message": "no such key"}).encode()])
def test_read__http_status_without_json_rpc__is_no_answer(rpc: GivenRpc, body: bytes) -> None:
    rpc.answer, rpc.status = lambda _: body, 401
    with pytest.raises(RpcUnavailable, match="HTTP status 401"):
        Rpc(rpc.url, timeout=5, retries=0).read("eth_call")
