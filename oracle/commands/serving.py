"""The API's server: uvicorn with a bound on connections, so that whoever opens many cannot take the node's files."""

import asyncio
import contextlib
import resource
from collections import Counter
from collections.abc import Callable, Generator
from typing import Any, Protocol

import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from oracle.api.clients import PeerAddresses, network
from oracle.settings import Settings

NODES_FILES = 128
"""Open files that are left to the node itself: the journal, the RPC node, peers that it asks."""
WANTED_FILES = 8_192
"""Open files that a start asks the system for, as far as it may."""
REQUEST_TIME = 10.0
"""Seconds in which a request must have arrived as a whole, from its first byte or from when the connection was made."""
ANSWER_TIME = 30.0
"""Seconds that an answer may wait for its reader."""
TOLD = 60.0
"""Seconds between two log lines about connections that were refused."""

log = structlog.get_logger("payflow.api")


class Connection(Protocol):
    """What is counted, and closed where it holds its place for nothing."""

    transport: asyncio.Transport
    address: str
    idle_since: float | None
    """Since when the client owes a whole request; None while the node owes the answer. By the loop's clock."""
    stuck_since: float | None
    """Since when it reads nothing of what it was sent."""


class _Overrun(Exception):
    """Ends the parser's work on what was received."""


class Doors:
    """Who is connected: so many in all, of which an eighth is left to peers, and an eighth for any one address.

    Where all places are taken, the stranger who has owed a request longest makes room. For one event loop.
    """

    def __init__(self, most: int, *, peers: PeerAddresses, proxies: frozenset[str] = frozenset()) -> None:
        """`proxies`: addresses that stand for many clients and may have all places."""
        self.most = most
        self.public = most - most // 8
        self.per_address = max(1, most // 8)
        self._peers = peers
        self._proxies = proxies
        self._open: dict[Connection, None] = {}
        self._of: Counter[str] = Counter()
        self._told = float("-inf")
        self._sweeping = False

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, one: Connection) -> bool:
        """Count it, or refuse it."""
        trusted = one.address in self._peers.known or one.address in self._proxies
        if not trusted and self._of[one.address] >= self.per_address:
            self._tell("one address", self.per_address, one.address)
            return False
        if len(self._open) >= (self.most if trusted else self.public):
            self._tell("all", self.public, one.address)
            if not self._make_room():
                return False
        self.add(one)
        return True

    def add(self, one: Connection) -> None:
        """Count it in any case."""
        self._open[one] = None
        self._of[one.address] += 1
        if not self._sweeping:
            self._sweeping = True
            asyncio.get_running_loop().call_later(1.0, self._sweep)

    def leave(self, one: Connection) -> None:
        """It is closed, or was never counted."""
        if one not in self._open:
            return
        del self._open[one]
        self._of[one.address] -= 1
        if not self._of[one.address]:
            del self._of[one.address]

    def _make_room(self) -> bool:
        strangers = [one for one in self._open if one.address not in self._peers.known]
        idle = [(one.idle_since, one) for one in strangers if one.idle_since is not None]
        if not idle:
            return False
        _, longest = min(idle, key=lambda found: found[0])
        self.leave(longest)
        longest.transport.close()
        return True

    def _sweep(self) -> None:
        """Once a second rather than a timer for each request."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for one in tuple(self._open):
            if one.stuck_since is not None and now - one.stuck_since > ANSWER_TIME:
                one.transport.abort()
            elif one.idle_since is not None and now - one.idle_since > REQUEST_TIME:
                one.transport.close()
        self._sweeping = bool(self._open)
        if self._sweeping:
            loop.call_later(1.0, self._sweep)

    def _tell(self, bound: str, most: int, address: str) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._told > TOLD:
            self._told = now
            log.warning("connections refused", bound=bound, most=most, client=address, open=len(self._open))


def protocols(doors: Doors) -> tuple[type[asyncio.Protocol], type[asyncio.Protocol]]:
    """uvicorn's protocols for HTTP and WebSockets, whose connections `doors` counts."""

    class Http(HttpToolsProtocol):
        address = ""
        idle_since: float | None = None
        stuck_since: float | None = None
        overrun = False
        """Whether it sent a request before the answer to another. uvicorn reads on as these come, thousands in one
        piece, each of which costs as much as an answer: here the first is answered, and the connection closed."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.address = _address(self.client)
            self.idle_since = self.loop.time()
            if not doors.enter(self):
                transport.abort()

        def connection_lost(self, exc: Exception | None) -> None:
            doors.leave(self)
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if not self.overrun:
                super().data_received(data)

        def send_400_response(self, msg: str) -> None:
            if not self.overrun:
                super().send_400_response(msg)
                return
            self.flow.pause_reading()
            self.cycle.keep_alive = False

        def on_message_begin(self) -> None:
            if self.cycle is not None and not self.cycle.response_complete:
                self.overrun = True
                raise _Overrun
            super().on_message_begin()
            self.idle_since = self.loop.time()

        def on_message_complete(self) -> None:
            super().on_message_complete()
            answered = self.cycle is not None and self.cycle.response_complete
            self.idle_since = self.loop.time() if answered else None

        def on_response_complete(self) -> None:
            if self.idle_since is None:
                self.idle_since = self.loop.time()
            super().on_response_complete()

        def pause_writing(self) -> None:
            self.stuck_since = self.loop.time()
            super().pause_writing()

        def resume_writing(self) -> None:
            self.stuck_since = None
            super().resume_writing()

        def handle_websocket_upgrade(self) -> None:
            # from now on the transport tells the other protocol when it is lost
            doors.leave(self)
            super().handle_websocket_upgrade()

    class Ws(WebSocketsSansIOProtocol):
        address = ""
        # the protocol's own pings find out who is gone
        idle_since: float | None = None
        stuck_since: float | None = None

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            self.address = _address(self.client)
            doors.add(self)

        def connection_lost(self, exc: Exception | None) -> None:
            doors.leave(self)
            super().connection_lost(exc)

    return Http, Ws


class ApiServer(uvicorn.Server):
    """uvicorn without its signal handlers: the node's own stop everything in order."""

    def install_signal_handlers(self) -> None:
        """None."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """None."""
        yield


def server(make_app: Callable[[PeerAddresses], Any], settings: Settings, *, files: int, **given: Any) -> ApiServer:
    """The server of the API that `make_app` makes. `files`: how many the process may open; `given`: for uvicorn."""
    peers = PeerAddresses(settings.peers)
    # so many may be accepted before the first of them is counted
    backlog = max(16, min(256, files // 8))
    most = max(16, min(settings.api_connections, files - NODES_FILES - backlog))
    doors = Doors(most, peers=peers, proxies=frozenset(network(one) for one in settings.trusted_proxies))
    http, ws = protocols(doors)
    config = uvicorn.Config(
        make_app(peers),
        http=http,
        ws=ws,
        log_config=None,
        log_level="error",  # a line for each broken request is for whoever sends these to fill a disk with
        access_log=False,
        server_header=False,
        backlog=backlog,
        timeout_graceful_shutdown=5,
        ws_max_size=64 * 1024,
        # whoever is believed about whom it speaks for could have any number of clients
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        **given,
    )
    return ApiServer(config)


def open_files() -> int:
    """How many files this process may open, after it asked for as many as it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(hard, WANTED_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return WANTED_FILES if soft == resource.RLIM_INFINITY else soft
    # a system may refuse what it promises
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft


def _address(client: tuple[str, int] | None) -> str:
    return "unknown" if client is None else network(client[0])
