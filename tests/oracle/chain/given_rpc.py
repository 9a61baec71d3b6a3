"""A real HTTP server that answers each request with whatever the test says: also what is no JSON, with any status."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class GivenRpc:
    """`answer` takes a request's JSON and returns the body to give."""

    def __init__(self) -> None:
        self.answer: Callable[[Any], bytes] = lambda _request: b""
        self.status = 200
        self.requests = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet: else each answer waits for the client's delayed ACK

            def do_POST(self) -> None:
                content = outer.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                outer.requests += 1
                self.send_response(outer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def each(document: Callable[[dict[str, Any]], Any]) -> Callable[[Any], bytes]:
    """`document` of a call, for a request that is one call or a batch of them."""

    def answer(request: Any) -> bytes:
        found = [document(call) for call in request] if isinstance(request, list) else document(request)
        return json.dumps(found).encode()

    return answer
