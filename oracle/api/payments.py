"""Payments on the chain, as this node journalled and explained them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from oracle.api.models import BatchRequest, batch_json, detail_json, payment_json, signed_json
from oracle.node import NodeService, PaymentStatus, Stage


def payments_router(service: NodeService) -> APIRouter:
    """The routes."""
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
    def report(payment_id: str) -> dict[str, Any]:
        return signed_json(service.report(payment_id))

    @router.post("/reports/batch", summary="This node's reports on several payments under one signature, for its peers")
    def batch(request: BatchRequest) -> dict[str, Any]:
        return batch_json(service.sign_batch(request.payment_ids))

    return router
