"""Payments on the chain, as this node journalled and explained them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from oracle.api.clients import asker
from oracle.api.lanes import Lane
from oracle.api.models import BatchRequest, batch_json, detail_json, payment_json, signed_json
from oracle.node import NodeService, PaymentStatus, Stage


def payments_router(service: NodeService, peering: Lane) -> APIRouter:
    """The routes. What peers ask is answered in `peering`, where it waits for nobody else's requests."""
    router = APIRouter(tags=["payments"])

    @router.get("/payments", summary="Payments, newest first")
    def listing(
        status: PaymentStatus | None = None,
        stage: Stage | None = None,
        wallet: Annotated[str | None, Query(max_length=64)] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
        before: Annotated[str | None, Query(max_length=80, description="A page's next_before")] = None,
    ) -> dict[str, Any]:
        page = service.payments(status=status, stage=stage, wallet=wallet, limit=limit, before=before)
        return {"payments": [payment_json(view) for view in page.payments], "next_before": page.next_before}

    @router.get("/payments/{payment_id}", summary="A payment with its history, report and evidence")
    def detail(payment_id: str) -> dict[str, Any]:
        return detail_json(service.payment(payment_id))

    @router.get("/reports/{payment_id}", summary="This node's signed report, for its peers")
    async def report(payment_id: str, http: Request) -> dict[str, Any]:
        return await peering.run(asker(http), lambda: signed_json(service.report(payment_id)))

    @router.post("/reports/batch", summary="This node's reports on several payments under one signature, for its peers")
    async def batch(request: BatchRequest, http: Request) -> dict[str, Any]:
        return await peering.run(asker(http), lambda: batch_json(service.sign_batch(request.payment_ids)))

    return router
