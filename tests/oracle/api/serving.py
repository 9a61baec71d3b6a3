"""The server on a free port, and clients over real sockets: 127.0.0.x stand for clients with addresses of their own."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from oracle.api.clients import PeerAddresses
from oracle.commands.serving import server
from oracle.settings import Settings
from tests.oracle.running import eventually

MOST = 40
"""Connections, of which a peer may have all, strangers 35 together, and one of them 5."""
ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Says who asks; /<bytes> gives so many at once, and /parts some that never fit; WebSockets stay open.

    A WebSocket to /large is sent more than sockets hold.
    """
    path = scope["path"][1:]
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        if path == "large":
            await send({"type": "websocket.send", "bytes": bytes(2_000_000)})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    while (await receive()).get("more_body"):
        pass
    content = b"x" * int(path) if path.isdigit() else scope["client"][0].encode()
    headers = [] if path == "parts" else [(b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for _ in range(30 if path == "parts" else 0):
        await send({"type": "http.response.body", "body": bytes(64 * 1024), "more_body": True})
    await send({"type": "http.response.body", "body": content})


@contextmanager
def serves(*, answers: Any = app, files: int = 4_096, **settings: Any) -> Iterator[int]:
    """The server on a free port; the port. `answers`: the application."""

    def make(peers: PeerAddresses) -> Any:
        return answers

    api = server(make, Settings(**{"api_connections": MOST, **settings}), files=files, lifespan="off")
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=api.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            eventually(lambda: api.started, "the server is up")
            yield listener.getsockname()[1]
        finally:
            api.should_exit = True
            thread.join(20)


def dial(stack: ExitStack, port: int, address: str = "127.0.0.1") -> socket.socket:
    found = socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(address, 0))
    return stack.enter_context(found)


def dial_small(stack: ExitStack, port: int, address: str, request: bytes) -> socket.socket:
    """Asks, reads nothing, and has little room for what comes."""
    found = stack.enter_context(socket.socket())
    found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    found.bind((address, 0))
    found.settimeout(10)
    found.connect(("127.0.0.1", port))
    found.sendall(request)
    return found


def asking(path: object) -> bytes:
    return ASK.replace(b"/ ", f"/{path} ".encode())


def upgrading(path: str) -> bytes:
    wanted = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    return asking(path)[:-2] + wanted + b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"


def listen(stack: ExitStack, port: int) -> socket.socket:
    """A listener of /ws, of whose frames the test sees each byte."""
    found = dial(stack, port)
    found.sendall(upgrading("ws"))
    assert b"101" in found.recv(65536)
    return found


def held(port: int) -> int:
    """Connections that the server has not closed, whether it counts them or not."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        return sum(f":{port:04X} " in line[:21] and line.split()[3] in {"01", "08"} for line in table)


def takes(one: socket.socket, piece: bytes, times: int) -> bool:
    """Whether the other side takes all of that; it may close in the middle."""
    one.settimeout(10)
    try:
        for _ in range(times):
            one.sendall(piece)
        one.settimeout(1)
        while one.recv(65536):
            pass
    except TimeoutError:
        return True
    except OSError:
        return False
    return False


def all_of(one: socket.socket) -> bytes:
    """What comes before the other side closes."""
    found = b""
    with suppress(ConnectionError):
        while part := one.recv(65536):
            found += part
    return found


def is_open(one: socket.socket) -> bool:
    one.setblocking(False)
    try:
        return one.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def answer(one: socket.socket) -> bytes:
    """What a request gets, or what comes before the other side closes."""
    one.settimeout(5)
    found = b""
    try:
        one.sendall(ASK)
        while b"\r\n\r\n127" not in found and (part := one.recv(65536)):
            found += part
    except ConnectionError:
        pass
    return found


def served(port: int, address: str) -> bool:
    """Whether a new connection from there is answered."""
    with ExitStack() as stack:
        return b"200 OK" in answer(dial(stack, port, address))
