"""The application: middleware, routes, pages."""

import json
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from decimal import Decimal
from importlib import resources
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

import oracle
from oracle.api import problems
from oracle.api.feed import Feed, feed_router
from oracle.api.limits import BodyLimit, RateLimit, SecurityHeaders
from oracle.api.lists import lists_router
from oracle.api.payments import payments_router
from oracle.api.scoring import scoring_router
from oracle.node import Health, NodeService
from oracle.settings import Settings

STATIC = resources.files("oracle.api").joinpath("static")
QUOTING = 2
"""Threads that make quotes: the engine answers one at a time, so that one scores while the other waits for the chain or
the journal. With FastAPI's forty, which take the interpreter from each other, a quote costs a quarter more CPU time."""


class _ExactRequest(Request):
    """Reads JSON numbers with a fraction as Decimal: an amount passes through no float."""

    async def json(self) -> Any:
        if not hasattr(self, "_exact"):
            self._exact = json.loads(await self.body(), parse_float=Decimal)
        return self._exact


class ExactRoute(APIRoute):
    """Routes whose bodies may hold amounts."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler on an exact request."""
        handler = super().get_route_handler()

        async def exact(request: Request) -> Response:
            return await handler(_ExactRequest(request.scope, request.receive))

        return exact


def create_app(service: NodeService, settings: Settings, *, registry: CollectorRegistry) -> FastAPI:
    """The API of one node. `registry` is what /metrics shows."""
    feed = Feed(service, queue=settings.feed_queue)
    quoting = ThreadPoolExecutor(QUOTING, thread_name_prefix="payflow-quote")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        feed.start()
        try:
            yield
        finally:
            feed.stop()
            quoting.shutdown(wait=False, cancel_futures=True)

    # offline: the documentation's scripts come from this machine, not from a content network
    app: FastAPI = FastAPIOffline(
        title="PayFlow oracle node",
        version=oracle.__version__,
        description="Scores stablecoin payments and signs the scores. Amounts are whole tokens as decimal text.",
        lifespan=lifespan,
    )
    app.add_middleware(BodyLimit, largest=settings.request_bytes)
    app.add_middleware(RateLimit, per_minute=settings.rate_per_minute, burst=settings.rate_burst)
    app.add_middleware(SecurityHeaders)
    problems.install(app)
    for router in (
        scoring_router(service, ExactRoute, quoting),
        lists_router(service, settings.api_key),
        payments_router(service),
        feed_router(feed),
        _operations_router(service, registry),
    ):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=str(STATIC)), name="static")

    @app.get("/", include_in_schema=False)
    def page() -> HTMLResponse:
        return HTMLResponse(STATIC.joinpath("index.html").read_text(encoding="utf-8"))

    return app


def _operations_router(service: NodeService, registry: CollectorRegistry) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/health", summary="Is the process alive, and what needs attention?")
    def health(response: Response) -> dict[str, Any]:
        found = service.health()
        response.status_code = 200 if found.live else 503
        return _health_json(found)

    @router.get("/ready", summary="Has the node caught up with the chain?")
    def ready(response: Response) -> dict[str, Any]:
        found = service.health()
        response.status_code = 200 if found.ready else 503
        return _health_json(found)

    @router.get("/metrics", summary="Prometheus metrics", response_class=Response)
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


def _health_json(health: Health) -> dict[str, Any]:
    return {
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
