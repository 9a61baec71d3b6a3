"""`payflow pay`, `payflow payment`, `payflow cancel` and `payflow reclaim`: the payer's side."""

import secrets
import time
import uuid
from dataclasses import replace
from typing import Annotated, Any

import typer
from rich.table import Table

from oracle.chain.client import PayFlowClient
from oracle.chain.contracts import PaymentTerms
from oracle.chain.deployment import Token
from oracle.chain.status import PaymentStatus
from oracle.commands.connection import connect, read_settings
from oracle.commands.shared import (
    DEFAULT_API,
    REFUSED,
    Api,
    Deployments,
    DevnetAccount,
    Json,
    PaymentId,
    RpcUrl,
    ask_api,
    data_console,
    message_console,
    parse_payment_id,
    print_json,
)
from oracle.errors import ApiError, ContractRefused, InvalidAddress, InvalidReference
from oracle.signing import RiskReport

NODE_LAG = 3.0
"""Seconds that a node may take to see a block that this command has seen."""


def register(app: typer.Typer) -> None:
    """Add the payer's commands."""
    app.command(
        "pay",
        epilog="Examples:  payflow pay 0x90F7…3b906 25.50 --devnet-account 5 --mint     |     payflow pay 0x… 10"
        " --instant --token USDC",
    )(pay)
    app.command("payment", epilog="Example:  payflow payment 0x5d3c… --json | jq .status")(payment)
    app.command("cancel", epilog="Example:  payflow cancel 0x5d3c… --devnet-account 5")(cancel)
    app.command("reclaim", epilog="Example:  payflow reclaim 0x5d3c… --devnet-account 5")(reclaim)


def pay(
    recipient: Annotated[str, typer.Argument(help="Who is paid.")],
    amount: Annotated[str, typer.Argument(help="Whole tokens, for example 25.50.")],
    token: Annotated[str | None, typer.Option(help="Symbol or address; the deployment's first by default.")] = None,
    reference: Annotated[str | None, typer.Option(help="Your reference: a UUID or 32 hex digits.")] = None,
    instant: Annotated[bool, typer.Option("--instant", help="Without escrow, with a report from the node.")] = False,
    mint: Annotated[bool, typer.Option("--mint", help="Make missing test tokens first (devnets only).")] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the verdict.")] = True,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait at most.")] = 60.0,
    rpc: RpcUrl = None,
    deployments: Deployments = None,
    devnet_account: DevnetAccount = None,
    api: Api = DEFAULT_API,
    as_json: Json = False,
) -> None:
    """Pay: approve exactly this amount, open the escrow, and wait for the verdict."""
    client = connect(read_settings(rpc=rpc, deployments=deployments, devnet_account=devnet_account), key=True)
    currency = client.deployment.token(token)
    terms = PaymentTerms(
        sender=client.address,
        recipient=_address(recipient),
        token=currency.address,
        amount=currency.units(amount),
        reference=_reference(reference),
    )
    deployment = client.deployment
    payment_id = terms.payment_id(chain_id=deployment.chain_id, core=deployment.core.address)
    with message_console.status("Checking") as status:
        _fund(client, currency, terms.amount, mint=mint)
        if client.allowance(currency, client.address) < terms.amount:
            status.update("Approving exactly this amount")
            client.approve_token(currency, terms.amount)
        if instant:
            status.update("Asking the node for a signed report")
            payment_id = _pay_instantly(client, terms, currency, api, draw=reference is None)
        else:
            status.update("Opening the escrow")
            client.create_payment(terms)
            if wait:
                status.update(f"Waiting for the verdict on {payment_id}")
                client.wait_for(
                    lambda: client.state(payment_id).status is not PaymentStatus.PENDING or None,
                    what=f"a verdict on payment {payment_id}",
                    timeout=timeout,
                )
    _show(client, payment_id, api, as_json)


def payment(
    payment_id: PaymentId,
    rpc: RpcUrl = None,
    deployments: Deployments = None,
    api: Api = DEFAULT_API,
    as_json: Json = False,
) -> None:
    """Show where a payment stands by the chain, and why by the node."""
    client = connect(read_settings(rpc=rpc, deployments=deployments), key=False)
    _show(client, parse_payment_id(payment_id), api, as_json)


def cancel(
    payment_id: PaymentId,
    rpc: RpcUrl = None,
    deployments: Deployments = None,
    devnet_account: DevnetAccount = None,
    api: Api = DEFAULT_API,
    as_json: Json = False,
) -> None:
    """Take back a payment of yours that is still pending."""
    client = connect(read_settings(rpc=rpc, deployments=deployments, devnet_account=devnet_account), key=True)
    client.cancel(client.terms(parse_payment_id(payment_id)))
    _show(client, parse_payment_id(payment_id), api, as_json)


def reclaim(
    payment_id: PaymentId,
    rpc: RpcUrl = None,
    deployments: Deployments = None,
    devnet_account: DevnetAccount = None,
    api: Api = DEFAULT_API,
    as_json: Json = False,
) -> None:
    """Send a payment whose deadline has passed back to its sender; anyone may do that."""
    client = connect(read_settings(rpc=rpc, deployments=deployments, devnet_account=devnet_account), key=True)
    client.reclaim(client.terms(parse_payment_id(payment_id)))
    _show(client, parse_payment_id(payment_id), api, as_json)


def _fund(client: PayFlowClient, token: Token, amount: int, *, mint: bool) -> None:
    missing = amount - client.balance(token, client.address)
    if missing <= 0:
        return
    if not mint:
        message_console.print(
            f"[red]Error:[/red] {client.address} has {token.text(amount - missing)} {token.symbol} and"
            f" {token.text(amount)} are to be paid. On a devnet, --mint makes the missing ones.",
            soft_wrap=True,
            highlight=False,
        )
        raise typer.Exit(REFUSED)
    client.mint(token, client.address, missing)


def _pay_instantly(client: PayFlowClient, terms: PaymentTerms, token: Token, api: str, *, draw: bool) -> str:
    """The payment's id. The calldata is made here, of the payer's own terms: the node's word counts for the report, and
    for the reference where the payer brings none (`draw`)."""
    quote = ask_api(
        api,
        "POST",
        "/oracle-format",
        {
            "sender": terms.sender,
            "recipient": terms.recipient,
            "amount": token.text(terms.amount),
            "token": terms.token,
            "reference": None if draw else terms.reference,
        },
    )
    if draw:
        terms = replace(terms, reference=_reference(str(quote["payment"]["reference"])))
    if quote["refusal"]:
        raise ContractRefused(
            call="payInstant",
            error="InstantPaymentRefused",
            arguments={
                "paymentId": quote["payment_id"],
                "score": quote["overall_score"],
                "level": quote["risk_level"],
            },
        )
    signed = [(RiskReport(**one["report"]).as_abi(), bytes.fromhex(one["signature"][2:])) for one in quote["reports"]]
    client.pay_instant(terms, signed)
    return terms.instant_id(chain_id=client.deployment.chain_id, core=client.deployment.core.address)


def _show(client: PayFlowClient, payment_id: str, api: str, as_json: bool) -> None:
    state, terms = client.state(payment_id), client.terms(payment_id)
    token = client.deployment.token(terms.token)
    document: dict[str, Any] = {
        "payment_id": payment_id,
        "status": state.status.value,
        "sender": terms.sender,
        "recipient": terms.recipient,
        "amount": token.text(terms.amount),
        "token": token.symbol,
        "reference": terms.reference,
        "score": state.score if state.status is not PaymentStatus.PENDING else None,
        "flagged": state.flagged,
        "settle_deadline": state.settle_deadline,
        "review_deadline": state.review_deadline or None,
        "explanation": None,
    }
    document["explanation"] = _explanation(api, payment_id)
    if as_json:
        print_json(document)
        return
    _print(document)


def _explanation(api: str, payment_id: str) -> Any:
    """The node's explanation, asked for a moment longer where the node has not seen the block yet; else None."""
    deadline = time.monotonic() + NODE_LAG
    while True:
        try:
            return ask_api(api, "GET", f"/payments/{payment_id}")
        except ApiError as silent:
            if silent.status != 404 or time.monotonic() > deadline:
                message_console.print(f"[dim]No explanation: {silent}[/dim]", soft_wrap=True, highlight=False)
                return None
        time.sleep(0.2)


def _print(document: dict[str, Any]) -> None:
    table = Table(show_header=False, box=None)
    table.add_row("Payment", document["payment_id"])
    table.add_row("Status", f"[bold]{document['status']}[/bold]" + (" (flagged)" if document["flagged"] else ""))
    table.add_row("Amount", f"{document['amount']} {document['token']}")
    table.add_row("From", document["sender"])
    table.add_row("To", document["recipient"])
    if document["score"] is not None:
        table.add_row("Score", str(document["score"]))
    why = document["explanation"]
    if why is not None:
        table.add_row("Alerts", ", ".join(why["alerts"]) or "none")
        table.add_row("Model", why["report"]["model_version"])
        table.add_row("Evidence", f"{why['evidence_hash']} (sha256 of the document, on chain)")
    data_console.print(table)


def _address(text: str) -> str:
    lower = text.strip().lower()
    if len(lower) != 42 or not lower.startswith("0x") or set(lower[2:]) - set("0123456789abcdef"):
        raise InvalidAddress(value=text, field="RECIPIENT")
    return lower


def _reference(text: str | None) -> str:
    if text is None:
        return "0x" + secrets.token_hex(16)
    try:
        return "0x" + uuid.UUID(text.strip().removeprefix("0x")).hex
    except ValueError:
        raise InvalidReference(value=text) from None
