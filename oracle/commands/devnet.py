"""`payflow devnet`: a local chain to try things on."""

import os
import sys
from typing import Annotated

import typer

from oracle.commands.shared import message_console
from oracle.tools import find_anvil


def register(app: typer.Typer) -> None:
    """Add `payflow devnet`."""

    @app.command("devnet", epilog="Example:  payflow devnet --port 8545 --block-time 1")
    def devnet(
        port: Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on.")] = 8545,
        block_time: Annotated[
            float, typer.Option(min=0.0, help="Seconds between blocks; 0: one per transaction.")
        ] = 1.0,
    ) -> None:
        """Start anvil with ten funded accounts. Ends with Ctrl-C; nothing of it is kept."""
        command = [find_anvil(), "--port", str(port)]
        if block_time > 0:
            command += ["--block-time", f"{block_time:g}"]
        message_console.print(
            f"Devnet at http://127.0.0.1:{port} (chain id 31337). Next, in another terminal: payflow deploy",
            highlight=False,
        )
        sys.stdout.flush()
        # in place of this process: signals and the exit code are anvil's own
        os.execv(command[0], command)  # noqa: S606 - the toolchain's own binary, no shell
