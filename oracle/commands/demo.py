"""`payflow demo`: the whole system, once, before your eyes."""

import time
from typing import Annotated

import typer

from oracle.commands.shared import Json, message_console
from oracle.demo import DemoOptions, run_demo
from oracle.demo.real import real_script
from oracle.demo.script import simulated_script

REAL_TRANSFERS = 2_000
REAL_PACE = 60.0


def register(app: typer.Typer) -> None:
    """Add `payflow demo`."""

    @app.command("demo", epilog="Examples:  payflow demo     |     payflow demo --payments 1000 --kill-node")
    def demo(
        payments: Annotated[int, typer.Option(min=400, help="Payments of the story.")] = 400,
        seed: Annotated[int, typer.Option(min=0, help="Another seed, another story.")] = 11,
        pace: Annotated[float, typer.Option(min=0.1, help="Payments a second at most.")] = 12.0,
        kill_node: Annotated[
            bool, typer.Option("--kill-node", help="kill -9 the node half-way, and restart it.")
        ] = False,
        keep: Annotated[bool, typer.Option("--keep", help="Keep the logs and the journal, and say where.")] = False,
        real: Annotated[
            bool, typer.Option("--real", help="Replay real labelled transfers instead (at least 2,000).")
        ] = False,
        as_json: Json = False,
    ) -> None:
        """Deploy to a chain of its own, start a node, tell a story of payments, and report what was caught."""
        if real:
            replay = real_script(max(payments, REAL_TRANSFERS))
            message_console.print(
                f"Transfers  {len(replay.script.acts)} real ones of {replay.wallets} wallets, at their true times;"
                f" {replay.repeated} seen from both sides and {replay.unusable} of nothing or to nobody are left out.\n"
                "Labels     are per wallet: that a wallet was reported says little of a single transfer of its own.",
                highlight=False,
                soft_wrap=True,
            )
            script, pace = replay.script, max(pace, REAL_PACE)
        else:
            script = simulated_script(seed, payments, until=int(time.time()))
        options = DemoOptions(script, pace=pace, kill_node=kill_node, keep=keep, as_json=as_json, extras=not real)
        raise typer.Exit(run_demo(options))
