"""The application: middleware, routes, pages."""

import json
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from decimal import Decimal
from importlib import resources
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from prometheus_client import CollectorRegistry

import oracle
from oracle.api import problems
from oracle.api.clients import PeerAddresses
from oracle.api.feed import Feed, feed_router
from oracle.api.lanes import Lane
from oracle.api.limits import BodyLimit, RateLimit, SecurityHeaders
from oracle.api.lists import lists_router
from oracle.api.payments import payments_router
from oracle.api.probes import Probes, probes, probes_router
from oracle.api.scoring import scoring_router
from oracle.node import NodeService
from oracle.node.peers import CO_SIGNING
from oracle.settings import Settings

STATIC = resources.files("oracle.api").joinpath("static")
QUOTING = 2
"""Threads that make quotes: the engine answers one at a time, so that one scores while the other waits for the chain or
the journal. With FastAPI's forty, which take the interpreter from each other, a quote costs a quarter more CPU time."""
AHEAD = 8
"""Quotes that are handed to these threads before they are free."""
SHARING = CO_SIGNING
"""Threads in which quotes wait for peers: as many as a peer is asked to co-sign at a time."""
PEERING = 4
"""Threads that answer peers, so that no other request keeps payments from being settled."""


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


def create_app(
    service: NodeService, settings: Settings, *, registry: CollectorRegistry, peers: PeerAddresses | None = None
) -> FastAPI:
    """The API of one node. `registry` is what /metrics shows; `peers`: their addresses, where others know them too."""
    feed = Feed(service, queue=settings.feed_queue)
    quoting, sharing = Lane("quote", QUOTING, ahead=AHEAD), Lane("share", SHARING)
    peering = Lane("peer", PEERING)
    found = PeerAddresses(settings.peers) if peers is None else peers
    answers, stop = probes(service, registry), threading.Event()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        feed.start()
        found.keep(stop)
        try:
            yield
        finally:
            stop.set()
            feed.stop()
            for lane in (quoting, sharing, peering):
                lane.close()

    # offline: the documentation's scripts come from this machine, not from a content network
    app: FastAPI = FastAPIOffline(
        title="PayFlow oracle node",
        version=oracle.__version__,
        description="Scores stablecoin payments and signs the scores. Amounts are whole tokens as decimal text.",
        lifespan=lifespan,
    )
    app.add_middleware(BodyLimit, largest=settings.request_bytes)
    app.add_middleware(RateLimit, per_minute=settings.rate_per_minute, burst=settings.rate_burst, peers=found)
    app.add_middleware(Probes, answers=answers)
    app.add_middleware(SecurityHeaders)
    problems.install(app)
    for router in (
        scoring_router(service, ExactRoute, quoting=quoting, sharing=sharing, peering=peering),
        lists_router(service, settings.api_key),
        payments_router(service, peering),
        feed_router(feed),
        probes_router(answers),
    ):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=str(STATIC)), name="static")

    @app.get("/", include_in_schema=False)
    def page() -> HTMLResponse:
        return HTMLResponse(STATIC.joinpath("index.html").read_text(encoding="utf-8"))

    return app
