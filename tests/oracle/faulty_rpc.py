"""A real HTTP server in front of anvil that misbehaves on demand: lags, lies, drops answers, refuses ranges."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from eth_account.typed_transactions import TypedTransaction
from hexbytes import HexBytes

Call = dict[str, Any]
Fault = Callable[[Call, Any], Any]
"""Takes a call and the true answer's JSON-RPC document, returns the document to give instead; None drops the
connection without an answer."""


class FaultyRpc:
    """Passes JSON-RPC on to `upstream`, through `fault` where that is set."""

    def __init__(self, upstream: str, *, port: int = 0) -> None:
        self.fault: Fault | None = None
        self.instead: Callable[[Call], Any] = lambda _call: None
        """The document that a call is answered with without being passed on; None: it is passed on."""
        self.drops: Callable[[], bool] = lambda: False
        """Asked once per HTTP request, batches included, after it was passed on."""
        self.calls: list[str] = []
        self._upstream = httpx.Client(base_url=upstream, timeout=10)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet: else each answer waits for the client's delayed ACK

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = outer._answer(body)
                if answer is None:
                    self.close_connection = True
                    self.connection.shutdown(2)
                    return
                content = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def _answer(self, body: Any) -> Any:
        calls = body if isinstance(body, list) else [body]
        self.calls.extend(call["method"] for call in calls)
        answers = [self._one(call) for call in calls]
        if self.drops() or any(answer is None for answer in answers):
            return None
        return answers if isinstance(body, list) else answers[0]

    def _one(self, call: Call) -> Any:
        fault = self.fault
        if (own := self.instead(call)) is not None:
            return {"jsonrpc": "2.0", "id": call["id"], **own}
        answer = self._upstream.post("/", json=call).json()
        return answer if fault is None else fault(call, answer)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
        self._upstream.close()


def lagging(blocks: Callable[[], int]) -> Fault:
    """A node that has seen only `blocks()` blocks, and says so for headers, but answers getLogs ranges with nothing."""

    def fault(call: Call, answer: Any) -> Any:
        seen = blocks()
        method, params = call["method"], call["params"]
        if method == "eth_getLogs" and "fromBlock" in params[0]:
            return {**answer, "result": [log for log in answer["result"] if int(log["blockNumber"], 16) <= seen]}
        return answer

    return fault


def sent(call: Call) -> dict[str, Any] | None:
    """The transaction that a call sends."""
    if call["method"] != "eth_sendRawTransaction":
        return None
    return dict(TypedTransaction.from_bytes(HexBytes(call["params"][0])).as_dict())


def refusing(words: str) -> dict[str, Any]:
    """A refusal, as FaultyRpc.instead gives it."""
    return {"error": {"code": -32000, "message": words}}


def turned_away(words: str, which: Callable[[dict[str, Any]], bool]) -> Callable[[Call], Any]:
    """Refuses `which` transactions."""

    def instead(call: Call) -> Any:
        transaction = sent(call)
        return refusing(words) if transaction is not None and which(transaction) else None

    return instead


def swallowed(which: Callable[[dict[str, Any]], bool]) -> Callable[[Call], Any]:
    """Says of `which` transactions that it has them, and has not."""

    def instead(call: Call) -> Any:
        transaction = sent(call)
        return {"result": "0x" + "11" * 32} if transaction is not None and which(transaction) else None

    return instead
