"""What the commands share: options, exit codes, output, questions to a node's API."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.markup import escape

from oracle.errors import (
    ApiError,
    ConfigurationError,
    ContractRefused,
    PayFlowError,
    PaymentUnknown,
    RequestError,
    RpcError,
    StoreError,
    WaitedTooLong,
    WrongChain,
)

OK, FAILED, USAGE, CONFIGURATION, UNREACHABLE, REFUSED, UNKNOWN, TIMEOUT = 0, 1, 2, 3, 4, 5, 6, 7

EXIT_CODES_HELP = (
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 configuration, 4 chain, API or journal out of reach, 5 refused by"
    " the contract, 6 no such payment, 7 waited too long. --debug (anywhere) shows where an error comes from."
)

PaymentId = Annotated[str, typer.Argument(help="The payment's id, 0x and 64 hexadecimal digits.")]
Json = Annotated[bool, typer.Option("--json", help="Print data as JSON, and nothing else, to standard output.")]
RpcUrl = Annotated[str | None, typer.Option("--rpc", help="RPC address of the chain.", show_default="PAYFLOW_RPC_URL")]
Api = Annotated[str, typer.Option("--api", envvar="PAYFLOW_API", help="Base address of a node's API.")]
Deployments = Annotated[
    Path | None,
    typer.Option("--deployments", help="Folder of deployment files.", show_default="PAYFLOW_DEPLOYMENTS"),
]
DevnetAccount = Annotated[
    int | None,
    typer.Option(
        "--devnet-account", min=0, max=999, help="Use anvil's account of this number (devnets only, no key needed)."
    ),
]
DEFAULT_API = "http://127.0.0.1:8080"

data_console = Console(soft_wrap=True)
message_console = Console(stderr=True)


def report_failure(error: PayFlowError) -> int:
    """Print an error as one sentence to standard error; its exit code."""
    message_console.print(f"[red]Error:[/red] {escape(str(error))}", soft_wrap=True, markup=True, highlight=False)
    return exit_code(error)


def exit_code(error: PayFlowError) -> int:
    """The exit code that scripts can tell errors apart by."""
    for kinds, code in (
        ((PaymentUnknown,), UNKNOWN),
        ((WaitedTooLong,), TIMEOUT),
        ((ContractRefused,), REFUSED),
        ((ConfigurationError, WrongChain), CONFIGURATION),
        ((RpcError, StoreError), UNREACHABLE),
        ((RequestError,), USAGE),
    ):
        if isinstance(error, kinds):
            return code
    if isinstance(error, ApiError):
        return {0: UNREACHABLE, 404: UNKNOWN, 503: UNREACHABLE}.get(error.status, FAILED)
    return FAILED


def ask_api(base: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """The JSON answer of a node's API. Raises ApiError."""
    try:
        answer = httpx.request(method, base.rstrip("/") + path, json=body, timeout=10.0)
    except httpx.HTTPError as failed:
        raise ApiError(url=base, status=0, detail=str(failed) or type(failed).__name__) from None
    try:
        document = answer.json()
    except ValueError:
        raise ApiError(url=base, status=answer.status_code, detail="the answer is no JSON") from None
    if answer.status_code >= 400:
        raise ApiError(url=base, status=answer.status_code, detail=str(document.get("detail", document)).rstrip("."))
    return document


def print_json(document: Any) -> None:
    """Data for a program, on standard output."""
    data_console.print_json(json.dumps(document), indent=2)


def parse_payment_id(text: str) -> str:
    """The id in lower case. Raises typer.BadParameter."""
    lower = text.strip().lower()
    if len(lower) != 66 or not lower.startswith("0x") or set(lower[2:]) - set("0123456789abcdef"):
        raise typer.BadParameter(f"{text!r} is no payment id (0x and 64 hexadecimal digits)", param_hint="PAYMENT_ID")
    return lower
