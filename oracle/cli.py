"""`payflow`: one command with a subcommand for everything that people do with a node."""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from oracle.commands.shared import EXIT_CODES_HELP, report_failure
from oracle.errors import PayFlowError

HOMES: Mapping[str, str] = {
    "demo": "demo",
    "devnet": "devnet",
    "deploy": "deploy",
    "node": "node",
    "pay": "pay",
    "payment": "pay",
    "cancel": "pay",
    "reclaim": "pay",
    "verify": "verify",
    "wallet": "wallet",
    "review": "review",
    "train": "train",
    "evaluate": "evaluate",
    "backtest": "backtest",
    "drift": "drift",
    "keys": "keys",
    "doctor": "doctor",
}
"""The subcommands in the order of the help, and which module of `oracle.commands` has each."""


class Subcommands(TyperGroup):
    """Imports the one that is asked for: all of them together take seconds."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names."""
        return list(HOMES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, None where there is none."""
        for name in [cmd_name] if cmd_name in HOMES else HOMES:  # what is mistyped is compared with all
            if name not in self.commands:
                part = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False)
                import_module(f"oracle.commands.{HOMES[name]}").register(part)
                self.commands.update(typer.main.get_group(part).commands)
        return super().get_command(ctx, cmd_name)


app = typer.Typer(
    name="payflow",
    cls=Subcommands,
    help="Fraud protection for stablecoin payments that a smart contract can enforce.",
    epilog=EXIT_CODES_HELP,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _payflow() -> None:
    pass  # Typer makes no group of an application that has neither commands nor this


def main() -> None:
    """Run the command line; errors of ours become one sentence and an exit code."""
    if "--debug" in sys.argv:
        sys.argv.remove("--debug")
        app()
        return
    try:
        app()
    except PayFlowError as error:
        sys.exit(report_failure(error))
