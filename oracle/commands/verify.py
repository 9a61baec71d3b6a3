"""`payflow verify`: recompute a verdict from the chain's events, the model file and the lists."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from oracle.commands.connection import read_settings
from oracle.commands.shared import (
    UNREACHABLE,
    Deployments,
    Json,
    PaymentId,
    RpcUrl,
    ask_api,
    data_console,
    message_console,
    parse_payment_id,
    print_json,
    report_failure,
)
from oracle.errors import ApiError
from oracle.verify import EvidenceCheck, Outcome, Verification, read_changes, verify

EXIT = {Outcome.IDENTICAL: 0, Outcome.DIFFERS: 1, Outcome.IMPOSSIBLE: 2}
COLOUR = {Outcome.IDENTICAL: "green", Outcome.DIFFERS: "red", Outcome.IMPOSSIBLE: "yellow"}
SAID = {
    Outcome.IDENTICAL: "identical",
    Outcome.DIFFERS: "differs",
    Outcome.IMPOSSIBLE: "cannot be recomputed",
}


def register(app: typer.Typer) -> None:
    """Add `payflow verify`."""
    app.command(
        "verify",
        epilog="Examples:  payflow verify 0x5d3c… --rpc https://…     |     payflow verify 0x5d3c… --model"
        " model.safetensors --evidence document.json --json",
    )(verify_payment)


def verify_payment(
    payment_id: PaymentId,
    model: Annotated[
        Path | None,
        typer.Option(
            help="The model file that the verdict was made with.", exists=True, dir_okay=False, show_default="shipped"
        ),
    ] = None,
    lists: Annotated[
        Path | None,
        typer.Option(help="What signers listed besides the chain (docs/verifying.md).", exists=True, dir_okay=False),
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option(help="An evidence document to check as well.", exists=True, dir_okay=False)
    ] = None,
    api: Annotated[str | None, typer.Option(help="Base address of a node's API that gives the document.")] = None,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Read every block, and not only before saying that it differs.")
    ] = False,
    rpc: RpcUrl = None,
    deployments: Deployments = None,
    as_json: Json = False,
) -> None:
    """Recompute a verdict from the chain's events, the model file and the lists, and say whether it is the same.

    No node is needed, only an RPC node that keeps the logs. Exit codes: 0 identical, 1 differs, 2 cannot be recomputed.
    """
    wanted = parse_payment_id(payment_id)
    if evidence is not None and api is not None:
        raise typer.BadParameter("give the document by --evidence or by --api, not by both", param_hint="--evidence")
    settings = read_settings(rpc=rpc, deployments=deployments, model_file=model)
    changes = () if lists is None else read_changes(lists)
    document, source = None, ""
    if evidence is not None:
        document, source = evidence.read_bytes(), str(evidence)
    elif api is not None:
        document, source = _from_api(api, wanted), api
    with message_console.status("Looking for the payment") as status:
        found = verify(
            wanted,
            settings,
            changes=changes,
            document=document,
            source=source,
            thorough=thorough,
            progress=lambda block, last, payments: status.update(
                f"Replaying: block {block} of {last}, {payments} payments"
            ),
            on_doubt=lambda: message_console.print(
                "It differs, or logs are missing: replaying again, with every block."
            ),
        )
    if as_json:
        print_json(_json(found))
    else:
        _print(data_console, found)
    raise typer.Exit(EXIT[found.outcome])


def _from_api(api: str, payment_id: str) -> bytes:
    """The document as a node keeps it. Ends the command where there is none: "differs" must mean the verdict."""
    try:
        answer = ask_api(api, "GET", f"/payments/{payment_id}")
    except ApiError as error:
        report_failure(error)
        raise typer.Exit(UNREACHABLE) from None
    return str(answer.get("evidence", "")).encode()


def _print(console: Console, found: Verification) -> None:
    colour = COLOUR[found.outcome]
    console.print(f"[bold {colour}]{SAID[found.outcome]}[/bold {colour}]", highlight=False)
    kind = "instant payment" if found.instant else "escrow"
    table = Table(show_header=False, box=None)
    table.add_row("Payment", f"{found.payment_id} ({kind}, {found.status.value})")
    table.add_row(
        "Replayed",
        f"blocks {found.first_block} to {found.last_block}, with {_many(found.payments, 'earlier payment')} and"
        f" {_many(found.list_changes, 'list change')}",
    )
    table.add_row("Score", f"{found.score} (recomputed)")
    table.add_row("Model", found.model_version)
    table.add_row("Lists", found.lists_version)
    console.print(table)
    parted = [one for one in found.fields if not one.equal]
    if parted:
        table = Table(title="What differs", title_justify="left")
        for title in ("field", "the chain says", "recomputed"):
            table.add_column(title, overflow="fold")
        for one in parted:
            table.add_row(one.name, str(one.chain), str(one.recomputed))
        console.print(table)
    elif found.fields:
        console.print(f"Compared: {', '.join(one.name for one in found.fields)}.", highlight=False)
    if found.evidence is not None:
        _print_evidence(console, found.evidence)
    for title, lines in (("Why", found.reasons), ("Note", found.notes)):
        for line in lines:
            console.print(f"[bold]{title}:[/bold] {escape(line)}", highlight=False)


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _print_evidence(console: Console, evidence: EvidenceCheck) -> None:
    said = {
        True: "its SHA-256 is the evidence hash on chain",
        False: f"altered or another one: its SHA-256 {evidence.sha256} is not the evidence hash on chain",
        None: "no evidence hash is on chain yet",
    }[evidence.authentic]
    console.print(f"Document from {escape(evidence.source)}: {said}.", highlight=False)
    if evidence.difference is not None:
        console.print("First line that differs from the recomputed document:", highlight=False)
        for who, line in (("document", evidence.difference.given), ("recomputed", evidence.difference.recomputed)):
            console.print(f"  {who}: {escape(line) if line is not None else '(has no such line)'}", highlight=False)


def _json(found: Verification) -> dict[str, Any]:
    evidence = found.evidence
    return {
        "payment_id": found.payment_id,
        "result": found.outcome.value,
        "instant": found.instant,
        "status": found.status.value,
        "fields": [
            {"name": one.name, "chain": one.chain, "recomputed": one.recomputed, "equal": one.equal}
            for one in found.fields
        ],
        "reasons": list(found.reasons),
        "notes": list(found.notes),
        "evidence": None
        if evidence is None
        else {
            "source": evidence.source,
            "sha256": evidence.sha256,
            "on_chain": evidence.authentic,
            "first_difference": None
            if evidence.difference is None
            else {"given": evidence.difference.given, "recomputed": evidence.difference.recomputed},
        },
        "score": found.score,
        "model_version": found.model_version,
        "lists_version": found.lists_version,
        "first_block": found.first_block,
        "last_block": found.last_block,
        "payments": found.payments,
        "list_changes": found.list_changes,
        "document": found.document.decode("ascii"),
    }
