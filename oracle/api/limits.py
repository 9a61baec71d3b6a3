"""What a client may send: body size and request rate, refused before anything else happens."""

import contextlib
from collections.abc import Awaitable, Callable

from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
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


class RateLimit:
    """Refuses a client (by address) beyond a number of requests a minute, or a burst within a second."""

    def __init__(self, app: ASGIApp, *, per_minute: int, burst: int) -> None:
        self.app = app
        self._windows = (RateLimitItemPerSecond(burst), RateLimitItemPerMinute(per_minute))
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] in FREE:
            await self.app(scope, receive, send)
            return
        client = scope["client"][0] if scope.get("client") else "unknown"
        for window in self._windows:
            if not self._limiter.hit(window, client):
                answer = problem(
                    429,
                    "too-many-requests",
                    f"More than {window} from {client}. Wait a moment, or raise PAYFLOW_RATE_PER_MINUTE and"
                    f" PAYFLOW_RATE_BURST on the node.",
                    headers={"Retry-After": str(min(window.get_expiry(), 60))},
                )
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)


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
