"""Scores on request: hypothetical payments, instant payments, wallets, statistics."""

import asyncio
import time
from concurrent.futures import Executor
from typing import Any

from fastapi import APIRouter, Response
from fastapi.routing import APIRoute
from pydantic_core import to_json

from oracle.api.models import (
    AnalyzeRequest,
    CoSignRequest,
    InstantRequest,
    analysis_json,
    quote_json,
    signed_json,
    stats_json,
    wallet_json,
)
from oracle.errors import NodeBusy
from oracle.node import NodeService

WAITING = 500
"""Quotes that may wait at most: a second of them at the rate that a node is made for."""
PATIENCE = 5.0
"""Seconds after which a quote that has not been begun is not made any more: whoever asked has gone."""


def scoring_router(service: NodeService, route_class: type[APIRoute], quoting: Executor) -> APIRouter:
    """The routes. Handlers are plain functions, which FastAPI runs in threads, so that scoring blocks nobody; quotes,
    of which there may be hundreds a second, are made in the few threads of `quoting`."""
    router = APIRouter(tags=["scoring"], route_class=route_class)

    @router.post("/analyze", summary="Score a payment that need not exist; nothing is remembered")
    def analyze(request: AnalyzeRequest) -> dict[str, Any]:
        token = service.token(request.token)
        analysis = service.analyze(
            payment_id=request.transaction_id,
            sender=request.sender,
            recipient=request.recipient,
            token=token,
            amount=token.units(request.amount),
            timestamp=request.timestamp,
        )
        return analysis_json(request.transaction_id, analysis)

    waiting: set[object] = set()

    def quote(request: InstantRequest, asked: float) -> Response:
        if time.monotonic() - asked > PATIENCE:
            raise NodeBusy(waiting=len(waiting))
        token = service.token(request.token)
        found = service.quote_instant(
            sender=request.sender,
            recipient=request.recipient,
            token=token,
            amount=token.units(request.amount),
            reference=request.reference,
        )
        return Response(to_json(quote_json(found)), media_type="application/json")

    # the model is for the documentation only: FastAPI would take a plain answer to a thread once more to validate it
    @router.post(
        "/oracle-format",
        summary="A signed report and the calldata to pay at once with it",
        response_model=dict[str, Any],
    )
    async def oracle_format(request: InstantRequest) -> Response:
        mine = object()
        if len(waiting) >= WAITING:
            raise NodeBusy(waiting=len(waiting))
        waiting.add(mine)
        try:
            return await asyncio.get_running_loop().run_in_executor(quoting, quote, request, time.monotonic())
        finally:
            waiting.discard(mine)

    # in FastAPI's threads, not among the quotes: two nodes that ask each other must not wait for each other
    @router.post("/reports", summary="This node's signed report on an intent to pay at once, for its peers")
    def co_sign(request: CoSignRequest) -> dict[str, Any]:
        token = service.token(request.token)
        signed = service.sign_instant(
            sender=request.sender,
            recipient=request.recipient,
            token=token,
            amount=token.units(request.amount),
            reference=request.reference,
        )
        return signed_json(signed)

    @router.get("/wallet/{address}", summary="What is known of a wallet")
    def wallet(address: str) -> dict[str, Any]:
        return wallet_json(service.wallet(address))

    @router.get("/stats", summary="Counts since the journal began")
    def stats() -> dict[str, Any]:
        return stats_json(service.stats())

    return router
