"""Scores on request: hypothetical payments, instant payments, wallets, statistics."""

from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute

from oracle.api.models import (
    AnalyzeRequest,
    InstantRequest,
    analysis_json,
    quote_json,
    stats_json,
    wallet_json,
)
from oracle.node import NodeService


def scoring_router(service: NodeService, route_class: type[APIRoute]) -> APIRouter:
    """The routes. Handlers are plain functions: FastAPI runs them in threads, so that scoring blocks nobody."""
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

    @router.post("/oracle-format", summary="A signed report and the calldata to pay at once with it")
    def oracle_format(request: InstantRequest) -> dict[str, Any]:
        token = service.token(request.token)
        quote = service.quote_instant(
            sender=request.sender,
            recipient=request.recipient,
            token=token,
            amount=token.units(request.amount),
            reference=request.reference,
        )
        return quote_json(quote)

    @router.get("/wallet/{address}", summary="What is known of a wallet")
    def wallet(address: str) -> dict[str, Any]:
        return wallet_json(service.wallet(address))

    @router.get("/stats", summary="Counts since the journal began")
    def stats() -> dict[str, Any]:
        return stats_json(service.stats())

    return router
