"""What a client may send: body size and request rate, refused before anything else happens."""

import contextlib
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oracle.api.clients import PeerAddresses, network
from oracle.api.problems import problem

FREE = frozenset({"/health", "/ready", "/metrics"})
"""What a probe GETs is never refused: a busy node must not look dead. These answers are kept for a second."""
PEERS_SHARE = 10
"""How many times what a stranger may ask a configured peer may: it asks for all of its own clients."""
QUOTES_SHARE = 2
"""By how much fewer quotes a client may ask for than anything else, where each makes this node ask its peers: one with
the same limits that takes this node for a stranger answers two such clients, and one that knows it twenty."""
MOST_CLIENTS = 20_000
"""Clients that one window remembers at most, in some 17 MB."""
FORGOTTEN = 4
"""Clients that are forgotten for each request that is counted, where their time is over: never all at once, which would
stop everything for a tenth of a second."""

SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)


class _TooLarge(Exception):
    pass


class BodyLimit:
    """Refuses bodies above `largest` bytes, whether or not their length is announced."""

    def __init__(self, app: ASGIApp, *, largest: int) -> None:
        self.app, self.largest = app, largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"")
        if announced.isdigit() and int(announced) > self.largest:
            await self._refuse(scope, receive, send)
            return
        received, exceeded, started = 0, False, False

        async def counted() -> Message:
            nonlocal received, exceeded
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.largest:
                exceeded = True
                raise _TooLarge
            return message

        async def watched(message: Message) -> None:
            # FastAPI turns whatever happens while it reads a body into an answer of its own: ours takes its place
            nonlocal started
            if exceeded and not started:
                return
            started = True
            await send(message)

        with contextlib.suppress(_TooLarge):
            await self.app(scope, counted, watched)
        if exceeded and not started:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = problem(413, "content-too-large", f"The request body is larger than {self.largest} bytes.")
        await answer(scope, receive, send)


class MovingWindow:
    """At most `most` requests of a client within any `seconds`. Times in seconds of one clock; for one thread.

    Not the library `limits`: its moving window starts a thread every 10 ms and moves a list as long as the window on
    every request, at 500 requests a second 0.1 ms of CPU time each. This takes 0.003 ms.

    Where more clients come than it remembers, the one that has been quiet longest is forgotten, and begins anew. That
    gains nothing to whoever has so many addresses, since each has a limit of its own anyway; a window that all further
    clients shared would let the same attacker lock everybody out.
    """

    def __init__(self, most: int, seconds: int, *, clients: int = MOST_CLIENTS) -> None:
        self.most, self.seconds = most, seconds
        self._most_clients = clients
        # who asked last comes last
        self._counted: OrderedDict[str, deque[float]] = OrderedDict()

    def has_room(self, client: str, now: float) -> bool:
        """Whether one more would be allowed."""
        counted = self._counted.get(client)
        if counted is None:
            return True
        while counted and counted[0] < now - self.seconds:
            counted.popleft()
        return len(counted) < self.most

    def count(self, client: str, now: float) -> None:
        """One more was made."""
        counted = self._counted.get(client)
        if counted is None:
            counted = self._counted[client] = deque()
        else:
            self._counted.move_to_end(client)
        counted.append(now)
        for _ in range(FORGOTTEN):
            quiet, its = next(iter(self._counted.items()))
            if its and its[-1] >= now - self.seconds and len(self._counted) <= self._most_clients:
                break
            del self._counted[quiet]

    @property
    def clients(self) -> int:
        """How many are remembered."""
        return len(self._counted)


class RateLimit:
    """Refuses a client (by address) beyond a number of requests a minute, or a burst within a second.

    What peers ask to settle and to co-sign is counted apart, and more of it is allowed to the addresses of `peers`; so
    are quotes for which those are asked. Opening a WebSocket counts as a request. Refused requests do not count.
    `clock` gives seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        per_minute: int,
        burst: int,
        peers: PeerAddresses | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app = app
        self._clock = clock
        self._peers = PeerAddresses(()) if peers is None else peers
        self._share = bool(self._peers)
        self._all = _windows(per_minute, burst)
        self._of_peers = _windows(per_minute * PEERS_SHARE, burst * PEERS_SHARE)
        self._of_quotes = _windows(max(1, per_minute // QUOTES_SHARE), max(1, burst // QUOTES_SHARE))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "lifespan" or _is_probe(scope):
            await self.app(scope, receive, send)
            return
        client = scope["client"][0] if scope.get("client") else "unknown"
        counted, windows = self._counted_as(network(client), scope["path"])
        now = self._clock()
        for name, window in windows:
            if not window.has_room(counted, now):
                answer = problem(
                    429,
                    "too-many-requests",
                    f"More than {window.most} per 1 {name} from {client}. Wait a moment, or raise"
                    f" PAYFLOW_RATE_PER_MINUTE and PAYFLOW_RATE_BURST on the node.",
                    headers={"Retry-After": str(window.seconds)},
                )
                await answer(scope, receive, send)
                return
        for _, window in windows:
            window.count(counted, now)
        await self.app(scope, receive, send)

    def _counted_as(self, client: str, path: str) -> tuple[str, "_Windows"]:
        """Peers settle by reports, and what the public makes them ask besides must not use that up."""
        if path == "/oracle-format" and self._share:
            return client, self._of_quotes
        if path.startswith("/reports"):
            purpose = " co-signing" if path == "/reports" else " settling"
            return client + purpose, self._of_peers if client in self._peers.known else self._all
        return client, self._all


def _is_probe(scope: Scope) -> bool:
    return scope["path"] in FREE and scope["type"] == "http" and bool(scope["method"] == "GET")


_Windows = tuple[tuple[str, MovingWindow], ...]


def _windows(per_minute: int, burst: int) -> _Windows:
    return (("second", MovingWindow(burst, 1)), ("minute", MovingWindow(per_minute, 60)))


class SecurityHeaders:
    """Adds the headers that every answer carries."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *SECURITY_HEADERS]
            await send(message)

        sender: Callable[[Message], Awaitable[None]] = dressed if scope["type"] == "http" else send
        await self.app(scope, receive, sender)
