"""The API's server: uvicorn with a bound on connections, so that whoever opens many cannot take the node's files."""

import asyncio
import contextlib
import resource
from collections.abc import Callable, Generator
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from oracle.api.clients import PeerAddresses, network
from oracle.commands.doors import Doors
from oracle.settings import Settings

NODES_FILES = 128
"""Open files that are left to the node itself: the journal, the RPC node, peers that it asks."""
WANTED_FILES = 8_192
"""Open files that a start asks the system for, as far as it may."""
HEAD_BYTES = 32 * 1024
"""Of a request line and headers. The parser bounds nothing: a client could send them for ever."""
BODY_SLACK = 4
"""How many times the largest body a request may have in bytes on the wire; the API refuses it long before that."""
CHUNK = 256
"""Bytes that the chunks of a large body must have on average: each costs as much as a header, however small."""
TALK_BYTES = 4 * 1024
"""What a listener may send within `TALK_TIME`: pings, pongs and a close frame. The feed asks it for nothing."""
TALK_TIME = 10.0


class _Overrun(Exception):
    """Ends the parser's work on what was received."""


def protocols(doors: Doors, *, request_bytes: int) -> tuple[type[asyncio.Protocol], type[asyncio.Protocol]]:
    """uvicorn's protocols for HTTP and WebSockets, whose connections `doors` counts and whose requests are bounded."""
    most_bytes = HEAD_BYTES + BODY_SLACK * request_bytes
    most_chunks = CHUNK + request_bytes // CHUNK

    class Http(HttpToolsProtocol):
        address = ""
        idle_since: float | None = None
        stuck_since: float | None = None
        unread = 0
        overrun = False
        """Whether it sent a request before the answer to another. uvicorn reads on as these come, thousands in one
        piece, each of which costs as much as an answer: here the first is answered, and the connection closed."""
        received = 0
        """Bytes of the request that is arriving."""
        chunks = 0
        headed = False
        """Whether all of its headers are here."""

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
            if self.overrun:
                return
            self.received += len(data)
            if self.received <= HEAD_BYTES:
                super().data_received(data)
            else:
                self._large(data)

        def _large(self, data: bytes) -> None:
            if not self.headed:
                # no more than this is parsed before it is known whether the headers end
                room = max(0, HEAD_BYTES - (self.received - len(data)))
                head, data = data[:room], data[room:]
                super().data_received(head)
                if self.overrun or self.transport.is_closing():
                    return
                if not self.headed:
                    self._refuse()
                    return
            if self.received > most_bytes:
                self._refuse()
            else:
                super().data_received(data)

        def _refuse(self) -> None:
            self.overrun = True
            self.transport.abort()

        def send_400_response(self, msg: str) -> None:
            if not self.overrun:
                super().send_400_response(msg)
                return
            if self.transport.is_closing():
                return
            self.flow.pause_reading()
            self.cycle.keep_alive = False

        def on_message_begin(self) -> None:
            if self.cycle is not None and not self.cycle.response_complete:
                self.overrun = True
                raise _Overrun
            super().on_message_begin()
            self.idle_since = self.loop.time()
            if self.stuck_since is not None and not self.transport.get_write_buffer_size():
                self.stuck_since = None

        def on_header(self, name: bytes, value: bytes) -> None:
            """A trailer, which the parser tells of as of a header, is an overrun, be it the only one.

            The rest of uvicorn would take it for a header of a request that is being answered, or was. Browsers and the
            usual clients send none.
            """
            if self.headed:
                self._refuse()
                raise _Overrun
            super().on_header(name, value)

        def on_headers_complete(self) -> None:
            self.headed = True
            super().on_headers_complete()

        def on_chunk_header(self) -> None:
            self.chunks += 1
            if self.chunks > most_chunks:
                self._refuse()
                raise _Overrun

        def on_message_complete(self) -> None:
            self.received = self.chunks = 0
            self.headed = False
            super().on_message_complete()
            answered = self.cycle is not None and self.cycle.response_complete
            self.idle_since = self.loop.time() if answered else None

        def on_response_complete(self) -> None:
            if self.idle_since is None:
                self.idle_since = self.loop.time()
            super().on_response_complete()

        def handle_websocket_upgrade(self) -> None:
            # from now on the transport tells the other protocol when it is lost
            self.overrun = True
            doors.leave(self)
            super().handle_websocket_upgrade()

    class Ws(WebSocketsSansIOProtocol):
        address = ""
        # the protocol's own pings find out who is gone
        idle_since: float | None = None
        stuck_since: float | None = None
        unread = 0
        talk = 0
        talk_since = 0.0

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            self.address = _address(self.client)
            doors.add(self)

        def data_received(self, data: bytes) -> None:
            # the first piece is the request that Http had
            if self.handshake_initiated:
                now = self.loop.time()
                if now - self.talk_since > TALK_TIME:
                    self.talk_since, self.talk = now, 0
                self.talk += len(data)
                if self.talk > TALK_BYTES:
                    # thousands of frames fit into one read, and each ping leaves a pong to be read
                    self.transport.abort()
                    return
            try:
                super().data_received(data)
            except _Overrun:
                self.transport.abort()

        def handle_cont(self, event: Frame) -> None:
            # uvicorn keeps the parts of a message, of which the bound on bytes counts nothing where they are empty, and
            # no listener has so much to say that it would come in parts
            raise _Overrun

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
    http, ws = protocols(doors, request_bytes=settings.request_bytes)
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
