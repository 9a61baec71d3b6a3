"""Scores on request: hypothetical payments, instant payments, wallets, statistics."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from pydantic_core import to_json

from oracle.api.clients import asker
from oracle.api.lanes import Lane
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
from oracle.node import InstantQuote, NodeService
from oracle.node.service import OpenQuote


def scoring_router(
    service: NodeService, route_class: type[APIRoute], *, quoting: Lane, sharing: Lane, peering: Lane
) -> APIRouter:
    """The routes. Handlers are plain functions, which FastAPI runs in threads, so that scoring blocks nobody; quotes,
    of which there may be hundreds a second, are made in the few threads of `quoting`, and wait for peers in those of
    `sharing`, where they keep none from being scored. What peers ask is answered in `peering`."""
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

    def begin(request: InstantRequest) -> Response | OpenQuote:
        token = service.token(request.token)
        found = service.begin_quote(
            sender=request.sender,
            recipient=request.recipient,
            token=token,
            amount=token.units(request.amount),
            reference=request.reference,
        )
        return found if isinstance(found, OpenQuote) else answer(found)

    def finish(begun: OpenQuote) -> Response:
        return answer(service.finish_quote(begun))

    def answer(found: InstantQuote) -> Response:
        return Response(to_json(quote_json(found)), media_type="application/json")

    # the model is for the documentation only: FastAPI would take a plain answer to a thread once more to validate it
    @router.post(
        "/oracle-format",
        summary="A signed report and the calldata to pay at once with it",
        response_model=dict[str, Any],
    )
    async def oracle_format(request: InstantRequest, http: Request) -> Response:
        client = asker(http)
        found = await quoting.run(client, partial(begin, request))
        return await sharing.run(client, partial(finish, found)) if isinstance(found, OpenQuote) else found

    # not among the quotes: two nodes that ask each other must not wait for each other
    @router.post("/reports", summary="This node's signed report on an intent to pay at once, for its peers")
    async def co_sign(request: CoSignRequest, http: Request) -> dict[str, Any]:
        def sign() -> dict[str, Any]:
            token = service.token(request.token)
            signed = service.sign_instant(
                sender=request.sender,
                recipient=request.recipient,
                token=token,
                amount=token.units(request.amount),
                reference=request.reference,
            )
            return signed_json(signed)

        return await peering.run(asker(http), sign)

    @router.get("/wallet/{address}", summary="What is known of a wallet")
    def wallet(address: str) -> dict[str, Any]:
        return wallet_json(service.wallet(address))

    @router.get("/stats", summary="Counts since the journal began")
    def stats() -> dict[str, Any]:
        return stats_json(service.stats())

    return router
