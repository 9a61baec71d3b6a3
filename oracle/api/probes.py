"""What probes and Prometheus ask: health, readiness, metrics. Unlimited, and therefore made once a second at most."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.types import ASGIApp, Receive, Scope, Send

from oracle.node import Health, NodeService

KEPT = 1.0
"""Seconds that an answer is given again."""


class Kept:
    """An answer that is made in a thread, and given to everybody who asks within a second. For one event loop."""

    def __init__(self, make: Callable[[], Response]) -> None:
        self._make = make
        self._answer: asyncio.Task[Response] | None = None
        self._until = float("-inf")

    async def __call__(self) -> Response:
        """The answer. Who asks while it is made waits for that one."""
        loop = asyncio.get_running_loop()
        if self._answer is not None and loop.time() < self._until and self._answer.done():
            return self._answer.result()
        if self._answer is None or self._answer.done():
            self._until = loop.time() + KEPT
            self._answer = loop.create_task(asyncio.to_thread(self._make))
        # one who leaves does not take the answer from the others
        return await asyncio.shield(self._answer)


def probes(service: NodeService, registry: CollectorRegistry) -> dict[str, Kept]:
    """What is answered at which path."""
    return {
        "/health": Kept(lambda: _health(service.health(), lambda found: found.live)),
        "/ready": Kept(lambda: _health(service.health(), lambda found: found.ready)),
        "/metrics": Kept(lambda: Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)),
    }


class Probes:
    """Answers them before anything else happens: nobody is refused here, and whoever asks thousands of times a second
    must not keep the event loop from the rest."""

    def __init__(self, app: ASGIApp, *, answers: Mapping[str, Kept]) -> None:
        self.app, self.answers = app, answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        kept = self.answers.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if kept is None:
            await self.app(scope, receive, send)
        else:
            await (await kept())(scope, receive, send)


def probes_router(answers: Mapping[str, Kept]) -> APIRouter:
    """The routes, for the documentation."""
    router = APIRouter(tags=["operations"])

    @router.get("/health", summary="Is the process alive, and what needs attention?", response_model=dict[str, Any])
    async def health() -> Response:
        return await answers["/health"]()

    @router.get("/ready", summary="Has the node caught up with the chain?", response_model=dict[str, Any])
    async def ready() -> Response:
        return await answers["/ready"]()

    @router.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def metrics() -> Response:
        return await answers["/metrics"]()

    return router


def _health(health: Health, good: Callable[[Health], bool]) -> Response:
    document = {
        "state": health.state.value,
        "live": health.live,
        "ready": health.ready,
        "problems": [{"code": one.code, "message": one.message, "since": one.since} for one in health.problems],
        "chain_id": health.chain_id,
        "cursor_block": health.cursor_block,
        "head_block": health.head_block,
        "head_age": health.head_age,
        "signer": health.signer,
        "authorised": health.authorised,
        "quorum": health.quorum,
        "model_version": health.model_version,
        "lists_version": health.lists_version,
        "stages": {stage.value: count for stage, count in health.stages.items()},
        "in_flight": health.in_flight,
    }
    return JSONResponse(document, 200 if good(health) else 503)
