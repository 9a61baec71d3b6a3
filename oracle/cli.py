"""`payflow`: one command with a subcommand for everything that people do with a node."""

import sys

import typer

from oracle.commands import (
    backtest,
    demo,
    deploy,
    devnet,
    doctor,
    drift,
    evaluate,
    keys,
    node,
    pay,
    review,
    train,
    verify,
    wallet,
)
from oracle.commands.shared import EXIT_CODES_HELP, report_failure
from oracle.errors import PayFlowError

app = typer.Typer(
    name="payflow",
    help="Fraud protection for stablecoin payments that a smart contract can enforce.",
    epilog=EXIT_CODES_HELP,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for module in (demo, devnet, deploy, node, pay, verify, wallet, review, train, evaluate, backtest, drift, keys, doctor):
    module.register(app)


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
