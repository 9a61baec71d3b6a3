"""What a client may send: a request or a listener without end is cut off."""

from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from tests.oracle.api.serving import ASK, all_of, app, dial, held, listen, served, serves, takes

CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
PING, PONG, CLOSE = b"\x89\x80\0\0\0\0", b"\x8a\x80\0\0\0\0", b"\x88\x82\0\0\0\0\x03\xe8"
TEXT, BEGUN, MORE, LAST = (bytes([first]) + b"\x80\0\0\0\0" for first in (0x81, 0x01, 0x00, 0x80))
"""Frames of a listener: a whole message, and the first, a further and the last part of one."""


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (ASK[:-2], b"a:b\r\n" * 1_000),
        (ASK[:-2] + b"a: ", b"a" * 5_000),
        (b"GET /", b"a" * 5_000),
        (b"", b"\r\n" * 1_000),
        (CHUNKED, b"400\r\n" + b"a" * 1_024 + b"\r\n"),
        (CHUNKED + b"0\r\n", b"ab:\r\n" * 1_000),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", b"a" * 5_000),
    ],
    ids=["headers", "a-header", "a-path", "blank-lines", "chunks", "trailers", "a-body"],
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
        found.sendall(CHUNKED)
        assert takes(found, b"%x\r\n%s\r\n" % (size, b"a" * size), 16 * 1024 // size) is taken


@pytest.mark.parametrize("early", [False, True], ids=["answer-owed", "answered"])
def test_connections__one_small_trailer__is_refused_and_not_among_the_headers(early: bool) -> None:
    heads = []

    async def keeps(scope: Any, receive: Any, send: Any) -> None:
        heads.append(scope["headers"])
        await app(scope, (lambda: _whole()) if early else receive, send)

    async def _whole() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    with serves(answers=keeps) as port, ExitStack() as stack:
        found = dial(stack, port)
        found.sendall(CHUNKED + b"1\r\na\r\n")
        if early:
            assert b"200 OK" in found.recv(65536)
        found.sendall(b"0\r\nX-A: b\r\n\r\n")
        assert b"HTTP" not in all_of(found)
        assert heads == [[(b"host", b"x"), (b"transfer-encoding", b"chunked")]]


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


@pytest.mark.parametrize("frame", [b"\x81\x80\0\0\0\0", b"\x89\xfd\0\0\0\0" + b"a" * 125], ids=["empty-texts", "pings"])
def test_connections__listener_that_talks__is_cut_off(frame: bytes) -> None:
    with serves() as port, ExitStack() as stack:
        found = listen(stack, port)
        assert not takes(found, frame * 50, 200)
        assert served(port, "127.0.0.1")


def test_connections__listener_that_pings_and_says_little__stays() -> None:
    with serves() as port, connect(f"ws://127.0.0.1:{port}/ws") as live:
        live.send('{"subscribe": "all"}')
        assert all(live.ping(bytes(100)).wait(10) for _ in range(20))


@pytest.mark.parametrize("parts", [[BEGUN, MORE], [BEGUN, PING, LAST]], ids=["without-end", "two"])
def test_connections__listener_whose_message_comes_in_parts__is_cut_off(parts: list[bytes]) -> None:
    with serves() as port, ExitStack() as stack:
        found = listen(stack, port)
        assert not takes(found, b"".join(parts), 1)


def test_connections__listener_with_control_frames__is_answered() -> None:
    with serves() as port, ExitStack() as stack:
        found = listen(stack, port)
        found.sendall(PING + PONG + TEXT + PING + CLOSE)
        assert all_of(found) == b"\x8a\0" * 2 + b"\x88\x02\x03\xe8"
