"""The node's own blacklist and whitelist. Changing them takes the API key."""

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Response
from fastapi.security import APIKeyHeader
from pydantic import SecretStr

from oracle.api.models import ListRequest, listing_json
from oracle.node import ListKind, NodeService

HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="PAYFLOW_API_KEY of the node")


def lists_router(service: NodeService, api_key: SecretStr | None) -> APIRouter:
    """The routes of both lists."""
    router = APIRouter(tags=["lists"])

    def authorised(given: Annotated[str | None, Depends(HEADER)]) -> None:
        if api_key is None:
            raise HTTPException(403, "The list endpoints are closed: this node has no PAYFLOW_API_KEY.")
        if given is None:
            raise HTTPException(
                401, "Send the node's API key in the header X-API-Key.", headers={"WWW-Authenticate": "ApiKey"}
            )
        if not secrets.compare_digest(given.encode(), api_key.get_secret_value().encode()):
            raise HTTPException(403, "The API key in X-API-Key is not this node's.")

    for kind in ListKind:
        _add_routes(router, service, kind, authorised)
    return router


def _add_routes(router: APIRouter, service: NodeService, kind: ListKind, authorised: Any) -> None:
    path, guard = f"/{kind.value}", [Depends(authorised)]

    @router.get(path, name=f"{kind.value} entries", summary=f"The {kind.value}", dependencies=guard)
    def entries() -> dict[str, Any]:
        return {"entries": [listing_json(entry) for entry in service.listings(kind)]}

    @router.post(path, name=f"{kind.value} add", summary=f"Add to the {kind.value}", dependencies=guard)
    def add(request: ListRequest, response: Response) -> dict[str, Any]:
        change = service.list_add(kind, request.address, note=request.note)
        response.status_code = 201 if change.changed else 200
        return {"address": change.address, "changed": change.changed, "lists_version": change.lists_version}

    @router.delete(path, name=f"{kind.value} remove", summary=f"Take off the {kind.value}", dependencies=guard)
    def remove(request: ListRequest) -> dict[str, Any]:
        change = service.list_remove(kind, request.address)
        return {"address": change.address, "changed": change.changed, "lists_version": change.lists_version}
