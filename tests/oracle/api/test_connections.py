"""The server's bounds on connections, over real sockets: 127.0.0.x stand for clients with addresses of their own."""

import asyncio
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest
import structlog
from websockets.sync.client import connect

from oracle.api.clients import PeerAddresses
from oracle.commands import doors
from oracle.commands.doors import Doors
from oracle.commands.serving import NODES_FILES, server
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
def serves(*, files: int = 4_096, **settings: Any) -> Iterator[int]:
    """The server on a free port; the port."""

    def make(peers: PeerAddresses) -> Any:
        return app

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


def test_connections__many_idle_ones_of_one_address__a_few_are_kept_and_others_served() -> None:
    with serves() as port, ExitStack() as stack, structlog.testing.capture_logs() as logs:
        idle = [dial(stack, port) for _ in range(100)]
        eventually(lambda: sum(map(is_open, idle)) == MOST // 8, "all but a few are closed")
        assert served(port, "127.0.0.2")
        told = [one for one in logs if one["event"] == "connections refused"]
        assert [(one["bound"], one["most"], one["client"]) for one in told] == [("one address", 5, "127.0.0.1")]


def test_connections__few_files_may_be_open__so_many_are_left_to_the_node() -> None:
    files = NODES_FILES + 50
    with serves(files=files, api_connections=1_000) as port, ExitStack() as stack:
        idle = [dial(stack, port, f"127.0.0.{2 + number % 60}") for number in range(100)]
        eventually(lambda: sum(map(is_open, idle)) < files - NODES_FILES, "the rest is closed")


def test_connections__idle_ones_of_many_addresses__make_room_and_leave_peers_theirs() -> None:
    with serves(peers="http://127.0.0.99") as port, ExitStack() as stack:
        idle = [dial(stack, port, f"127.0.0.{2 + number % 60}") for number in range(200)]
        eventually(lambda: sum(map(is_open, idle)) == MOST - MOST // 8, "strangers have an eighth less than all")
        assert all(served(port, "127.0.0.70") for _ in range(10))
        peer = [dial(stack, port, "127.0.0.99") for _ in range(MOST // 8)]
        assert all(b"200 OK" in answer(one) for one in peer)
        assert sum(map(is_open, idle)) > 0


@pytest.mark.parametrize(
    "begin",
    [b"", b"\r\n", b"GET / HTTP/1.1\r\nHost", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc", ASK],
    ids=["silent", "blank", "half-a-head", "half-a-body", "answered-and-silent"],
)
def test_connections__no_whole_request_in_time__is_closed(monkeypatch: pytest.MonkeyPatch, begin: bytes) -> None:
    monkeypatch.setattr(doors, "REQUEST_TIME", 0.3)
    with serves() as port, ExitStack() as stack:
        slow, busy = dial(stack, port), dial(stack, port)
        slow.sendall(begin)
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            assert b"200 OK" in answer(busy)
            time.sleep(0.05)
        slow.settimeout(3)
        while slow.recv(65536):
            pass


def test_connections__byte_after_byte__is_closed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "REQUEST_TIME", 0.3)
    with serves() as port, ExitStack() as stack:
        slow = dial(stack, port)

        def dripped() -> bool:
            try:
                slow.sendall(b"\r\n")
            except OSError:
                return True
            return not is_open(slow)

        eventually(dripped, "it is closed", patience=10)


def test_connections__requests_before_answers__the_first_is_answered_and_the_connection_closed() -> None:
    with serves() as port, ExitStack() as stack:
        found = dial(stack, port)
        found.sendall(ASK * 2_000)
        found.settimeout(5)
        received = b""
        try:
            while part := found.recv(65536):
                received += part
        except ConnectionResetError:
            pass
        assert received.count(b"200 OK") <= 1
        assert b"400" not in received
        assert served(port, "127.0.0.1")


def test_connections__answers_that_nobody_reads__are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "ANSWER_TIME", 0.3)
    with serves() as port, ExitStack() as stack:
        stuck = [dial(stack, port, "127.0.0.2") for _ in range(MOST // 8)]
        for one in stuck:
            one.sendall(asking(30_000_000))

        eventually(lambda: served(port, "127.0.0.2"), "there is room again", patience=10)


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (ASK[:-2], b"a:b\r\n" * 1_000),
        (ASK[:-2] + b"a: ", b"a" * 5_000),
        (b"GET /", b"a" * 5_000),
        (b"", b"\r\n" * 1_000),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"400\r\n" + b"a" * 1_024 + b"\r\n"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", b"a" * 5_000),
    ],
    ids=["headers", "a-header", "a-path", "blank-lines", "chunks", "a-body"],
)
def test_connections__request_without_end__is_cut_off(begin: bytes, piece: bytes) -> None:
    with serves() as port, ExitStack() as stack:
        found = dial(stack, port)
        found.sendall(begin)
        assert not takes(found, piece, 2_000)
        assert served(port, "127.0.0.1")


@pytest.mark.parametrize(("size", "taken"), [(1, False), (1_024, True)])
def test_connections__chunks__may_be_large_but_not_many(size: int, taken: bool) -> None:
    with serves(request_bytes=16 * 1024) as port, ExitStack() as stack:
        found = dial(stack, port)
        found.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert takes(found, b"%x\r\n%s\r\n" % (size, b"a" * size), 16 * 1024 // size) is taken


def test_connections__large_requests_one_after_another__are_all_answered() -> None:
    head = "a" * 25_000
    with serves() as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"X-Large": head}) as client:
        pieces = [b"a" * 1_024] * 64
        for _ in range(10):
            assert client.post("/", content=b"".join(pieces)).text == "127.0.0.1"
            assert client.post("/", content=iter(pieces)).text == "127.0.0.1"
            assert client.get("/").text == "127.0.0.1"
        assert held(port) == 1


def test_connections__large_request_in_one_piece__is_answered() -> None:
    with serves() as port, ExitStack() as stack:
        found = dial(stack, port)
        for _ in range(3):
            head = b"POST / HTTP/1.1\r\nHost: x\r\nX-Large: %s\r\nContent-Length: 65536\r\n\r\n" % (b"a" * 30_000)
            found.sendall(head + b"a" * 65_536)
            received = b""
            while b"\r\n\r\n127.0.0.1" not in received:
                received += (part := found.recv(65536))
                assert part


def test_connections__unread_answers_below_the_transports_mark__are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "ANSWER_TIME", 0.3)
    monkeypatch.setattr(doors, "REQUEST_TIME", 0.3)
    with serves() as port, ExitStack() as stack:
        # some of these sizes leave less than 64 KB to the transport, whatever the sockets hold
        for number, size in enumerate(range(20_000, 320_000, 10_000)):
            dial_small(stack, port, f"127.0.0.{2 + number}", asking(size))
        assert held(port)

        eventually(lambda: not held(port), "all are closed", patience=15)


@pytest.mark.parametrize("path", ["400000", "parts"], ids=["answered", "owed"])
def test_connections__all_places_taken_by_who_reads_nothing__strangers_are_served(path: str) -> None:
    with serves(api_connections=16) as port, ExitStack() as stack:
        for number in range(14):
            dial_small(stack, port, f"127.0.0.{2 + number // 2}", asking(path))
        eventually(lambda: served(port, "127.0.0.70"), "a stranger is served", patience=10)
        for number in range(14):
            eventually(lambda one=f"127.0.0.{71 + number}": served(port, one), "and others", patience=10)  # type: ignore[misc]


def test_connections__evicted_while_it_reads_nothing__is_closed_at_once() -> None:
    with serves(api_connections=16) as port, ExitStack() as stack:
        for number in range(14):
            dial_small(stack, port, f"127.0.0.{2 + number // 2}", asking(400_000))
        eventually(lambda: held(port) == 14, "all are connected")
        for number in range(30):
            dial(stack, port, f"127.0.0.{20 + number // 2}")

        eventually(lambda: held(port) <= 16, "no more are held than counted", patience=8)


def test_connections__feed_that_nobody_reads__is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "ANSWER_TIME", 0.3)
    with serves() as port, ExitStack() as stack:
        for _ in range(MOST // 8):
            dial_small(stack, port, "127.0.0.3", upgrading("large"))

        eventually(lambda: served(port, "127.0.0.3"), "there is room again", patience=10)


@pytest.mark.parametrize("frame", [b"\x81\x80\0\0\0\0", b"\x89\xfd\0\0\0\0" + b"a" * 125], ids=["empty-texts", "pings"])
def test_connections__listener_that_talks__is_cut_off(frame: bytes) -> None:
    with serves() as port, ExitStack() as stack:
        found = dial(stack, port)
        found.sendall(upgrading("ws"))
        assert b"101" in found.recv(65536)
        assert not takes(found, frame * 50, 200)
        assert served(port, "127.0.0.1")


def test_connections__listener_that_pings_and_says_little__stays() -> None:
    with serves() as port, connect(f"ws://127.0.0.1:{port}/ws") as live:
        live.send('{"subscribe": "all"}')
        assert all(live.ping(bytes(100)).wait(10) for _ in range(20))


def test_connections__websockets__count_and_are_counted_out() -> None:
    with serves() as port:
        address = f"ws://127.0.0.1:{port}/ws"
        live = [connect(address, source_address=("127.0.0.3", 0)) for _ in range(MOST // 8)]
        assert not served(port, "127.0.0.3")
        for one in live:
            one.close()

        eventually(lambda: served(port, "127.0.0.3"), "there is room again", patience=10)


@pytest.mark.parametrize(
    ("proxies", "client"), [("", "127.0.0.1"), ("127.0.0.1", "9.9.9.9"), ("10.0.0.1, ::1", "127.0.0.1")]
)
def test_server__forwarded_for__counts_from_a_trusted_proxy_only(proxies: str, client: str) -> None:
    with serves(trusted_proxies=proxies) as port:
        found = httpx.get(f"http://127.0.0.1:{port}", headers={"X-Forwarded-For": "9.9.9.9"})
        assert found.text == client


def test_server__trusted_proxy__has_more_connections_than_a_client() -> None:
    with serves(trusted_proxies="127.0.0.1") as port, ExitStack() as stack:
        assert all(b"200 OK" in answer(dial(stack, port)) for _ in range(MOST - MOST // 8))


def test_open_files__few_are_allowed__as_many_as_may_be_are_asked_for() -> None:
    code = "from oracle.commands.serving import open_files; import resource;"
    code += "print(open_files(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (128, 512)),
    )
    assert found.stdout.split() == ["512", "512"]


def test_doors__same_clients_come_and_go__nothing_is_left() -> None:
    async def check() -> int:
        found = Doors(16, peers=PeerAddresses(()))

        class One:
            transport: Any = None
            address = "a"
            idle_since: float | None = None
            stuck_since: float | None = None

        for _ in range(100):
            one = One()
            assert found.enter(one)
            found.leave(one)
            found.leave(one)
        return len(found)

    assert asyncio.run(check()) == 0
