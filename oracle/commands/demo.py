"""`payflow demo`: the whole system, once, before your eyes."""

import time
from typing import Annotated

import typer

from oracle.commands.shared import Json
from oracle.demo import DemoOptions, run_demo
from oracle.demo.script import simulated_script


def register(app: typer.Typer) -> None:
    """Add `payflow demo`."""

    @app.command("demo", epilog="Examples:  payflow demo     |     payflow demo --payments 1000 --kill-node")
    def demo(
        payments: Annotated[int, typer.Option(min=300, help="Payments of the story.")] = 400,
        seed: Annotated[int, typer.Option(min=0, help="Another seed, another story.")] = 11,
        pace: Annotated[float, typer.Option(min=0.1, help="Payments a second at most.")] = 12.0,
        kill_node: Annotated[bool, typer.Option("--kill-node", help="kill -9 the node half-way, and restart it.")] = False,
        keep: Annotated[bool, typer.Option("--keep", help="Keep the logs and the journal, and say where.")] = False,
        as_json: Json = False,
    ) -> None:
        """Deploy to a chain of its own, start a node, tell a story of payments, and report what was caught."""
        script = simulated_script(seed, payments, until=int(time.time()))
        raise typer.Exit(run_demo(DemoOptions(script, pace=pace, kill_node=kill_node, keep=keep, as_json=as_json)))
