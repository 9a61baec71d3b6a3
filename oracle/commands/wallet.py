"""`payflow wallet`: what the node and the contracts know of a wallet."""

from typing import Annotated

import typer
from rich.table import Table

from oracle.commands.shared import DEFAULT_API, Api, Json, ask_api, data_console, print_json


def register(app: typer.Typer) -> None:
    """Add `payflow wallet`."""

    @app.command("wallet", epilog="Example:  payflow wallet 0x90F7… --json")
    def wallet(
        address: Annotated[str, typer.Argument(help="The wallet's address.")],
        api: Api = DEFAULT_API,
        as_json: Json = False,
    ) -> None:
        """Show a wallet's risk, volume and standing on the lists."""
        document = ask_api(api, "GET", f"/wallet/{address}")
        if as_json:
            print_json(document)
            return
        table = Table(show_header=False, box=None)
        for name, value in document.items():
            table.add_row(name.replace("_", " "), str(value))
        data_console.print(table)
