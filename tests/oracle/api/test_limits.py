"""The rate limit on a clock of the test's own, against a plain count."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from oracle.api.clients import PeerAddresses
from oracle.api.limits import FORGOTTEN, FREE, MovingWindow, RateLimit

instants = st.lists(st.integers(0, 40), max_size=60).map(sorted)


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})


class Client:
    """One address behind the limit."""

    def __init__(self, limit: RateLimit, address: str = "10.0.0.1") -> None:
        self._limit, self._address = limit, address

    def ask(self, path: str = "/stats", *, method: str = "GET") -> tuple[int, dict[str, str], str]:
        """Status, headers and body of the answer."""
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "http.request"}

        scope = {"type": "http", "method": method, "path": path, "client": (self._address, 1)}
        asyncio.run(self._limit(scope, receive, send))
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], headers, b"".join(one.get("body", b"") for one in sent).decode()

    def statuses(self, times: int) -> list[int]:
        """Of so many requests at once."""
        return [self.ask()[0] for _ in range(times)]


def _open_websocket(limit: RateLimit, path: str) -> Message:
    """The first of what is sent to a client that wants one."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    asyncio.run(limit({"type": "websocket", "path": path, "client": ("10.0.0.1", 1)}, receive, send))
    return sent[0]


@settings(max_examples=300, deadline=None)
@given(at=instants, most=st.integers(1, 6), seconds=st.integers(1, 10))
def test_moving_window__any_hits__never_more_than_allowed_in_any_stretch(
    at: list[int], most: int, seconds: int
) -> None:
    window, taken = MovingWindow(most, seconds), list[int]()
    for now in at:
        room = sum(one >= now - seconds for one in taken) < most
        assert window.has_room("a", now) is room
        if room:
            window.count("a", now)
            taken.append(now)


def test_moving_window__clients_gone_quiet__are_forgotten_a_few_at_a_time() -> None:
    window = MovingWindow(5, 10)
    for number in range(100):
        window.count(f"client {number}", 0.0)
    window.count("another", 20.5)
    assert window.clients > 90  # never all at once
    for _ in range(100 // FORGOTTEN):
        window.count("another", 20.5)
    assert window.clients == 1


def test_moving_window__more_clients_than_it_remembers__forgets_who_was_quiet_longest() -> None:
    window = MovingWindow(1, 60, clients=10)
    window.count("busy", 0.0)
    for number in range(1_000):
        window.count(f"client {number}", 1.0)
        window.count("busy", 1.0)
    assert window.clients == 10
    assert not window.has_room("busy", 1.0)
    assert not window.has_room("client 999", 1.0)
    assert window.has_room("client 0", 1.0)


def test_moving_window__refused_elsewhere_after_its_time__is_forgotten_all_the_same() -> None:
    window = MovingWindow(5, 10)
    window.count("first", 0.0)
    assert window.has_room("first", 20.0)  # nothing of it is left now
    window.count("second", 20.0)
    assert window.clients == 1


def test_rate_limit__burst_and_minute__each_refused_by_name_with_a_time_to_wait() -> None:
    clock = Clock()
    client = Client(RateLimit(_nothing, per_minute=5, burst=3, clock=clock))
    assert client.statuses(4) == [204, 204, 204, 429]
    status, headers, body = client.ask()
    assert (status, headers["retry-after"]) == (429, "1")
    assert "More than 3 per 1 second from 10.0.0.1" in body
    clock.now += 1.5
    assert client.statuses(3) == [204, 204, 429]
    status, headers, body = client.ask()
    assert (status, headers["retry-after"]) == (429, "60")
    assert "More than 5 per 1 minute from 10.0.0.1" in body
    clock.now += 58.6
    assert client.statuses(4) == [204, 204, 204, 429]


def test_rate_limit__other_client_or_probe__not_refused() -> None:
    limit = RateLimit(_nothing, per_minute=1, burst=1, clock=Clock())
    client, other = Client(limit), Client(limit, "10.0.0.2")
    assert [*client.statuses(2), *other.statuses(2)] == [204, 429, 204, 429]
    assert client.ask("/health")[0] == 204


@pytest.mark.parametrize("path", sorted(FREE))
def test_rate_limit__path_of_a_probe_but_not_its_question__counts(path: str) -> None:
    limit = RateLimit(_nothing, per_minute=1, burst=1, clock=Clock())
    assert Client(limit).ask(path, method="POST")[0] == 204
    assert Client(limit).ask(path, method="POST")[0] == 429
    assert _open_websocket(limit, path)["status"] == 429
    assert Client(limit).ask(path)[0] == 204


def test_rate_limit__refused_requests__do_not_count() -> None:
    clock = Clock()
    client = Client(RateLimit(_nothing, per_minute=100, burst=1, clock=clock))
    for _ in range(50):
        client.ask()
        clock.now += 0.1
    clock.now += 1.1
    assert client.ask()[0] == 204


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.2", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("64:ff9b::a00:1", "10.0.0.1", True),
        ("64:ff9b::a00:1", "64:ff9b::a00:2", False),
        ("2002:a00:1:7::1", "10.0.0.1", True),
        ("2002:a00:1:7::1", "2002:a00:1:8::2", True),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("[::1]:80", "unknown", False),
    ],
)
def test_rate_limit__two_addresses__share_a_window_where_one_client_has_both(one: str, other: str, same: bool) -> None:
    limit = RateLimit(_nothing, per_minute=1, burst=1, clock=Clock())
    assert Client(limit, one).ask()[0] == 204
    assert Client(limit, other).ask()[0] == (429 if same else 204)


PEERS = PeerAddresses(["http://10.0.0.9:8080", "http://[2001:db8::9]:8080"])


@pytest.mark.parametrize("path", ["/reports", "/reports/batch", "/reports/0x12"])
@pytest.mark.parametrize("peer", ["10.0.0.9", "2001:db8::9", "::ffff:10.0.0.9"])
def test_rate_limit__configured_peer__may_ask_for_more_than_a_stranger(path: str, peer: str) -> None:
    limit = RateLimit(_nothing, per_minute=100, burst=2, peers=PEERS, clock=Clock())
    stranger = [Client(limit).ask(path)[0] for _ in range(30)]
    assert stranger.count(204) == 2
    assert [Client(limit, peer).ask(path)[0] for _ in range(30)].count(204) == 20
    assert [Client(limit, peer).ask("/stats")[0] for _ in range(30)].count(204) == 2


def test_rate_limit__quotes_for_which_peers_are_asked__leave_these_room_for_other_clients() -> None:
    for peers, most in ((PEERS, 5), (PeerAddresses(()), 10)):
        limit = RateLimit(_nothing, per_minute=10, burst=10, peers=peers, clock=Clock())
        assert [Client(limit).ask("/oracle-format")[0] for _ in range(20)].count(204) == most


def test_rate_limit__websocket__counts_as_a_request() -> None:
    limit = RateLimit(_nothing, per_minute=1, burst=1, clock=Clock())
    assert Client(limit).ask()[0] == 204
    first = _open_websocket(limit, "/ws")
    assert (first["type"], first["status"]) == ("websocket.http.response.start", 429)


def test_peer_addresses__a_name__is_known_once_it_was_looked_up() -> None:
    peers = PeerAddresses(["http://localhost:8080", "http://nowhere.invalid", "http://10.0.0.9"])
    assert peers.known == {"10.0.0.9"}
    peers.look()
    assert "127.0.0.1" in peers.known or "0" in peers.known
    assert "10.0.0.9" in peers.known
