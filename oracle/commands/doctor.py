"""`payflow doctor`: what is wrong, and how to mend it."""

import dataclasses

import typer
from rich.table import Table

from oracle.commands.connection import read_settings
from oracle.commands.shared import (
    FAILED,
    Deployments,
    DevnetAccount,
    Json,
    RpcUrl,
    data_console,
    print_json,
)
from oracle.ops import Outcome, examine

MARKS = {
    Outcome.OK: "[green]ok[/green]",
    Outcome.WARNING: "[yellow]warning[/yellow]",
    Outcome.FAILED: "[red]failed[/red]",
}


def register(app: typer.Typer) -> None:
    """Add `payflow doctor`."""

    @app.command("doctor", epilog="Example:  payflow doctor --devnet-account 1")
    def doctor(
        rpc: RpcUrl = None,
        deployments: Deployments = None,
        devnet_account: DevnetAccount = None,
        as_json: Json = False,
    ) -> None:
        """Check tools, model, journal, RPC, clock, key, deployment, roles and balances. Fails if one of them does."""
        settings = read_settings(rpc=rpc, deployments=deployments, devnet_account=devnet_account)
        checks = list(examine(settings))
        if as_json:
            print_json([dataclasses.asdict(check) for check in checks])
        else:
            table = Table(box=None)
            for title in ("check", "", "finding", "remedy"):
                table.add_column(title, overflow="fold")
            for check in checks:
                table.add_row(check.name, MARKS[check.outcome], check.finding, check.remedy)
            data_console.print(table)
        if any(check.outcome is Outcome.FAILED for check in checks):
            raise typer.Exit(FAILED)
