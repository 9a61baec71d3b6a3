"""What a client may send: body size and request rate, refused before anything else happens."""

import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable
from ipaddress import IPv6Address

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oracle.api.problems import problem

FREE = frozenset({"/health", "/ready", "/metrics"})
"""Probes are never refused: a busy node must not look dead."""

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
    """

    def __init__(self, most: int, seconds: int) -> None:
        self.most, self.seconds = most, seconds
        self._counted: dict[str, deque[float]] = {}
        self._swept = float("-inf")

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
        if now - self._swept > self.seconds:
            # clients that do not come again would stay for ever
            live = {name: kept for name, kept in self._counted.items() if kept and kept[-1] >= now - self.seconds}
            self._counted, self._swept = live, now
        self._counted.setdefault(client, deque()).append(now)

    @property
    def clients(self) -> int:
        """How many are remembered."""
        return len(self._counted)


class RateLimit:
    """Refuses a client (by address) beyond a number of requests a minute, or a burst within a second.

    What peers ask to settle and to co-sign is counted apart. Refused requests do not count. `clock` gives seconds.
    """

    def __init__(
        self, app: ASGIApp, *, per_minute: int, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.app = app
        self._clock = clock
        self._windows = (("second", MovingWindow(burst, 1)), ("minute", MovingWindow(per_minute, 60)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] in FREE:
            await self.app(scope, receive, send)
            return
        client = scope["client"][0] if scope.get("client") else "unknown"
        counted = _network(client) + _purpose(scope["path"])
        now = self._clock()
        for name, window in self._windows:
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
        for _, window in self._windows:
            window.count(counted, now)
        await self.app(scope, receive, send)


def _network(client: str) -> str:
    """What one client can choose its address from: of IPv6 64 bits, unless it stands for an IPv4 address."""
    try:
        address = IPv6Address(client)
    except ValueError:  # IPv4, or what a proxy calls its client
        return client
    return str(address.ipv4_mapped or int(address) >> 64)


def _purpose(path: str) -> str:
    """Peers settle by reports, and what the public makes them ask besides must not use that up."""
    if path.startswith("/reports/"):
        return " settling"
    return " co-signing" if path == "/reports" else ""


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
