"""The server's bounds on connections: how many, of whom, and for how long one owes a request."""

import asyncio
import resource
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
import structlog
from websockets.sync.client import connect

from oracle.api.clients import PeerAddresses
from oracle.commands import doors
from oracle.commands.doors import Doors
from oracle.commands.serving import NODES_FILES
from tests.oracle.api.serving import ASK, MOST, answer, dial, is_open, served, serves
from tests.oracle.running import eventually


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
            unread = 0

        for _ in range(100):
            one = One()
            assert found.enter(one)
            found.leave(one)
            found.leave(one)
        return len(found)

    assert asyncio.run(check()) == 0
