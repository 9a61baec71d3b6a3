"""Every failure of a request as an RFC 9457 problem document."""

import http
import reprlib
from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from oracle.errors import (
    ContractRefused,
    InvalidListing,
    InvalidPayment,
    ListingUnknown,
    NodeBusy,
    NoSigner,
    NotReady,
    PayFlowError,
    PaymentUnknown,
    QuorumUnreachable,
    RequestError,
    RpcError,
    StoreError,
    TokenUnknown,
)

MEDIA_TYPE = "application/problem+json"
TYPE = "https://payflow.invalid/problems/"
"""Prefix of problem types: names, not addresses to visit (RFC 9457 allows that; .invalid never resolves)."""

STATUS: tuple[tuple[type[PayFlowError], int], ...] = (
    (PaymentUnknown, 404),
    (ListingUnknown, 404),
    (TokenUnknown, 404),
    (QuorumUnreachable, 503),
    (NodeBusy, 503),
    (NoSigner, 503),
    (NotReady, 503),
    (RpcError, 503),
    (StoreError, 503),
    (ContractRefused, 409),
    (InvalidPayment, 422),
    (InvalidListing, 422),
    (RequestError, 400),
)

SHOWN = 20
"""Problems of one request that its answer lists: a body of unknown keys has thousands."""

log = structlog.get_logger("payflow.api")


def problem(
    status: int,
    kind: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> JSONResponse:
    """A problem document; `members` are extension members."""
    document = {
        "type": TYPE + kind,
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **members,
    }
    return JSONResponse(document, status, headers=headers, media_type=MEDIA_TYPE)


def status_of(error: PayFlowError) -> int:
    """The HTTP status that an error of ours stands for; 500 for those that no caller can cause."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def install(app: FastAPI) -> None:
    """Answer every failure with a problem document."""
    app.add_exception_handler(PayFlowError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _ours(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, PayFlowError)  # noqa: S101 - it is registered for this type
    status = status_of(error)
    if status == 500:
        log.error("request failed", path=request.url.path, error=str(error))
    headers = {"Retry-After": "2"} if status == 503 else None
    data = {name: _plain(value) for name, value in error.data.items()}
    return problem(status, error.code, str(error), headers=headers, data=data)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - it is registered for this type
    found = error.errors()
    errors = [
        {
            "field": _cut(".".join(str(part) for part in one["loc"][1:]) or str(one["loc"][0])),
            "problem": one["msg"],
            "value": _shown(one.get("input")),
        }
        for one in found[:SHOWN]
    ]
    first = errors[0]
    more = f" (and {len(found) - 1} more problems)" if len(found) > 1 else ""
    detail = f"{first['field']}: {first['problem']}{more}. The request at /docs shows what is expected."
    return problem(422, "invalid-request", detail, errors=errors, error_count=len(found))


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for this type
    detail = str(error.detail)
    if error.status_code == 404 and detail == "Not Found":
        detail = f"There is nothing at {request.url.path}. /docs lists what there is."
    if error.status_code == 405:
        detail = f"{request.method} is not possible at {request.url.path}. /docs lists what is."
    kind = http.HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    return problem(error.status_code, kind, detail, headers=error.headers)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("request failed unexpectedly", path=request.url.path, exc_info=error)
    return problem(500, "internal-error", "The node failed on this request; its log has the details.")


def _shown(value: object) -> str | None:
    if value is None:
        return None
    # of a long one only the beginning is looked at: `repr` of all of it takes as long as it is large
    return _cut(reprlib.repr(value) if isinstance(value, (dict, list)) else repr(value))


def _cut(text: str) -> str:
    return text[:200]


def _plain(value: object) -> object:
    return value if isinstance(value, (str, int, bool, type(None))) else str(value)
