"""One peer that sends what it likes: how much of a node's time, memory and trust it can have."""

import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import structlog

from oracle.node.peers import Peers
from tests.oracle.devnet import free_port
from tests.oracle.node.speaking import (
    FIRST,
    Talk,
    always,
    answering,
    anybody,
    asking,
    document,
    requests_on,
    said,
    signed,
    talking,
)
from tests.oracle.running import eventually

CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""Of no authority, for localhost and 127.0.0.1, with its key."""


def found(peers: Peers) -> int:
    """With how many signatures a payment could be settled."""
    return len(peers.collect(signed(), needed=2, is_signer=anybody))


def problem(peers: Peers) -> str:
    """What the log says of the only peer, of which nothing is taken."""
    with structlog.testing.capture_logs() as logs:
        assert found(peers) == 1
    (line,) = logs
    return str(line["problem"])


def waiting() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "payflow-peer"]


def for_ever(part: bytes, first: bytes = b"", pause: float = 0.0) -> Talk:
    def talk(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(first)
        while part:
            connection.sendall(part)
            time.sleep(pause)
        connection.recv(1)

    return talk


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "talk",
    [
        for_ever(b"HTTP/1.1 102 Processing\r\n\r\n" * 2_000),
        for_ever(b"HTTP/1.1 102 Processing\r\n\r\n", pause=0.1),
        for_ever(b"a: b\r\n", OK),
        for_ever(b"a: b\r\n", OK, pause=0.1),
        for_ever(b"1\r\n \r\n" * 5_000, CHUNKED),
        for_ever(b"1\r\n \r\n", CHUNKED, pause=0.1),
        for_ever(b" " * 65_536, OK + b"Content-Length: 99999999\r\n\r\n"),
        for_ever(b" ", OK + b"Content-Length: 9999\r\n\r\n", pause=0.1),
        for_ever(b" " * 65_536, OK + b"\r\n"),
        for_ever(b"a: b\r\n", CHUNKED + b"0\r\n"),
        for_ever(b""),
        for_ever(b"H", pause=0.01),
    ],
    ids=[
        "interim-answers",
        "slow-interim-answers",
        "headers",
        "slow-headers",
        "chunks",
        "slow-chunks",
        "body",
        "slow-body",
        "body-without-end",
        "trailers",
        "silence",
        "no-line",
    ],
)
def test_ask__answer_without_end__is_left_and_its_thread_is_free_again(talk: Talk) -> None:
    with talking(talk) as url, asking(url, timeout=0.5) as peers:
        assert found(peers) == 1
        # as long as the peer still sends: closing the server would end it anyway
        eventually(lambda: not waiting(), "no thread reads any more", waiting)


def test_ask__flood_before_the_answer__costs_one_connection_and_little_of_it() -> None:
    taken: list[int] = []

    def talk(connection: socket.socket) -> None:
        connection.recv(65_536)
        sent = 0
        try:
            while True:
                sent += connection.send(b"HTTP/1.1 102 Processing\r\n\r\n" * 100)
        except OSError:
            taken.append(sent)

    with talking(talk) as url, asking(url, timeout=30) as peers:
        assert "more than an answer can be" in problem(peers)
        eventually(lambda: taken, "the connection is closed")
    assert taken[0] < 20_000_000, "what was on the way at most"


def test_ask__answer_in_tiny_chunks__is_left_before_it_costs_much() -> None:
    content = b"1\r\n \r\n" * 20_000
    with talking(for_ever(content, CHUNKED)) as url, asking(url, timeout=30) as peers:
        assert "pieces" in problem(peers)


@pytest.mark.parametrize("size", [100, 5_000])
def test_ask__answer_in_honest_chunks__counts(size: int) -> None:
    body = said(document(signed(FIRST))).partition(b"\r\n\r\n")[2] + b" " * 60_000
    parts = [body[at : at + size] for at in range(0, len(body), size)]

    def talk(connection: socket.socket) -> None:
        for _ in requests_on(connection):
            connection.sendall(CHUNKED)
            for part in parts:
                connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))
            connection.sendall(b"0\r\n\r\n")

    with talking(talk) as url, asking(url) as peers:
        assert [found(peers) for _ in range(3)] == [2] * 3


def test_ask__peer_sets_cookies__nobody_gets_them_and_none_is_kept() -> None:
    headers: list[dict[str, str]] = []

    def hostile(connection: socket.socket) -> None:
        for number, (_, asked, _) in enumerate(requests_on(connection)):
            headers.append(asked)
            cookies = {"Set-Cookie": f"k{number}={'v' * 3_900}; Path=/; Max-Age=99999999"}
            connection.sendall(said({}, headers=cookies))

    def honest(connection: socket.socket) -> None:
        for _, asked, _ in requests_on(connection):
            headers.append(asked)
            connection.sendall(said(document(signed(FIRST))))

    with talking(hostile) as near, talking(honest) as far, asking(near, far) as peers:
        # all three: the hostile one is heard as well
        assert [len(peers.collect(signed(), needed=3, is_signer=anybody)) for _ in range(5)] == [2] * 5
    assert len(headers) == 10
    assert not [one for one in headers if "cookie" in one]


def test_ask__peer_sends_elsewhere__is_not_followed() -> None:
    asked: list[str] = []

    def elsewhere(line: str, _body: Any) -> Any:
        asked.append(line)
        return document(signed(FIRST))

    with talking(answering(elsewhere)) as target:

        def redirect(connection: socket.socket) -> None:
            for line, _, _ in requests_on(connection):
                path = line.partition(" ")[2]
                answer = f"HTTP/1.1 307 Away\r\nLocation: {target}{path}\r\nContent-Length: 0\r\n\r\n"
                connection.sendall(answer.encode())

        with talking(redirect) as url, asking(url) as peers:
            assert problem(peers) == "HTTP status 307"
    assert asked == []


def test_ask__proxy_in_the_environment__is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    with talking(always(signed(FIRST))) as url, asking(url) as peers:
        assert found(peers) == 2


def test_ask__several_times__one_connection_and_the_words_of_the_api() -> None:
    connections: list[list[tuple[str, dict[str, str]]]] = []

    def talk(connection: socket.socket) -> None:
        mine: list[tuple[str, dict[str, str]]] = []
        connections.append(mine)
        for asked, headers, _ in requests_on(connection):
            mine.append((asked, headers))
            connection.sendall(said(document(signed(FIRST))))

    with talking(talk) as url:
        host = url.removeprefix("http://")
        with asking(f"http://us%40r:p%3Aw@{host}/base") as peers:
            for _ in range(3):
                assert found(peers) == 2
    (mine,) = connections
    assert [asked for asked, _ in mine] == [f"GET /base/reports/{signed().report.payment_id}"] * 3
    headers = mine[0][1]
    assert (headers["host"], headers["accept-encoding"]) == (host, "identity")
    assert headers["authorization"] == "Basic dXNAcjpwOnc=", "us@r:p:w"


def test_ask__server_closed_the_idle_connection__the_next_request_makes_a_new_one() -> None:
    def talk(connection: socket.socket) -> None:
        for _ in requests_on(connection):
            connection.sendall(said(document(signed(FIRST))))
            return

    with talking(talk) as url, asking(url) as peers:
        for _ in range(3):
            assert found(peers) == 2
            time.sleep(0.1)


def test_ask__nobody_listens__says_so_and_goes_on() -> None:
    with asking(f"http://127.0.0.1:{free_port()}") as peers:
        assert "ConnectError" in problem(peers)


def test_ask__name_with_several_addresses__the_one_that_answers_is_found() -> None:
    # where localhost is ::1 as well, nobody listens there
    with talking(always(signed(FIRST))) as url, asking(url.replace("127.0.0.1", "localhost")) as peers:
        assert found(peers) == 2


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's side of TLS whose certificate clients take."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def encrypted(context: ssl.SSLContext, talk: Talk) -> Talk:
    def wrapped(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as inner:
            talk(inner)

    return wrapped


def test_ask__over_tls__counts_and_keeps_the_connection(trusted: ssl.SSLContext) -> None:
    connections: list[object] = []

    def talk(connection: socket.socket) -> None:
        connections.append(connection)
        answering(lambda _asked, _body: {**document(signed(FIRST)), "more": "x" * 100_000})(connection)

    with (
        talking(encrypted(trusted, talk)) as url,
        asking(url.replace("http:", "https:")) as peers,
    ):
        assert [found(peers) for _ in range(3)] == [2] * 3
    assert len(connections) == 1


def test_ask__certificate_of_nobody__is_refused(trusted: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with (
        talking(encrypted(trusted, always(signed(FIRST)))) as url,
        asking(url.replace("http:", "https:")) as peers,
    ):
        assert "SSLCertVerificationError" in problem(peers)


@pytest.mark.parametrize(
    "talk",
    [
        for_ever(b"HTTP/1.1 102 Processing\r\n\r\n" * 2_000),
        for_ever(b"a: b\r\n", OK, pause=0.1),
        for_ever(b"1\r\n \r\n" * 5_000, CHUNKED),
        for_ever(b" " * 65_536, OK + b"Content-Length: 99999999\r\n\r\n"),
        for_ever(b""),
    ],
    ids=["interim-answers", "slow-headers", "chunks", "body", "silence"],
)
def test_ask__answer_without_end_over_tls__is_left_and_its_thread_is_free_again(
    trusted: ssl.SSLContext, talk: Talk
) -> None:
    with (
        talking(encrypted(trusted, talk)) as url,
        asking(url.replace("http:", "https:"), timeout=0.5) as peers,
    ):
        assert found(peers) == 1
        eventually(lambda: not waiting(), "no thread reads any more", waiting)


@pytest.mark.parametrize("drip", [b"", b"\x16\x03\x03\x40\x00", b"\x15\x03\x03\x00\x02\x01\x5a"])
def test_ask__handshake_without_end__is_left_and_its_thread_is_free_again(drip: bytes) -> None:
    with (
        talking(for_ever(drip, pause=0.05)) as url,
        asking(url.replace("http:", "https:"), timeout=0.5) as peers,
    ):
        assert found(peers) == 1
        eventually(lambda: not waiting(), "no thread reads any more", waiting)
