"""`payflow review`: the reviewer decides a held payment."""

from typing import Annotated

import typer

from oracle.commands.connection import connect, read_settings
from oracle.commands.shared import (
    Deployments,
    DevnetAccount,
    Json,
    PaymentId,
    RpcUrl,
    data_console,
    parse_payment_id,
    print_json,
)

Note = Annotated[str, typer.Option(help="Why; it is published on chain with the decision.")]


def register(app: typer.Typer) -> None:
    """Add `payflow review approve` and `payflow review reject`."""
    group = typer.Typer(help="Decide held payments (REVIEWER_ROLE).", no_args_is_help=True)
    app.add_typer(group, name="review")

    @group.command("approve", epilog='Example:  payflow review approve 0x5d3c… --note "called the customer"')
    def approve(
        payment_id: PaymentId,
        note: Note = "",
        rpc: RpcUrl = None,
        deployments: Deployments = None,
        devnet_account: DevnetAccount = None,
        as_json: Json = False,
    ) -> None:
        """Let a held payment pass."""
        _decide(payment_id, True, note, rpc, deployments, devnet_account, as_json)

    @group.command("reject", epilog='Example:  payflow review reject 0x5d3c… --note "impersonation"')
    def reject(
        payment_id: PaymentId,
        note: Note = "",
        rpc: RpcUrl = None,
        deployments: Deployments = None,
        devnet_account: DevnetAccount = None,
        as_json: Json = False,
    ) -> None:
        """Send a held payment back to its sender."""
        _decide(payment_id, False, note, rpc, deployments, devnet_account, as_json)


def _decide(
    payment_id: str,
    approve: bool,
    note: str,
    rpc: RpcUrl,
    deployments: Deployments,
    devnet_account: DevnetAccount,
    as_json: bool,
) -> None:
    client = connect(read_settings(rpc=rpc, deployments=deployments, devnet_account=devnet_account), key=True)
    wanted = parse_payment_id(payment_id)
    receipt = client.review(client.terms(wanted), approve=approve, note=note)
    status = client.state(wanted).status.value
    if as_json:
        print_json({"payment_id": wanted, "status": status, "transaction": receipt.tx})
    else:
        data_console.print(f"Payment {wanted} is {status} (transaction {receipt.tx}).")
