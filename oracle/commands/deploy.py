"""`payflow deploy`: run the deployment script in ape's environment."""

from pathlib import Path
from typing import Annotated

import typer

from oracle.tools import run_deploy


def register(app: typer.Typer) -> None:
    """Add `payflow deploy`."""

    @app.command(
        "deploy",
        epilog="Examples:  payflow deploy     |     payflow deploy --network ethereum:sepolia:node --config"
        " config/sepolia.toml --account deployer",
    )
    def deploy(
        network: Annotated[str, typer.Option(help="ape's name of the network.")] = "ethereum:local:foundry",
        rpc: Annotated[str | None, typer.Option("--rpc", help="RPC address of a local devnet.")] = None,
        config: Annotated[Path | None, typer.Option(help="What to deploy; config/local.toml on a devnet.")] = None,
        account: Annotated[str | None, typer.Option(help="ape account that deploys.")] = None,
        fresh: Annotated[bool, typer.Option("--fresh", help="Deploy anew; old records are kept aside.")] = False,
    ) -> None:
        """Deploy the contracts, verify them by reading back, and write deployments/<chain id>.json."""
        arguments = ["--network", network]
        if config is not None:
            arguments += ["--config", str(config.absolute())]
        if account is not None:
            arguments += ["--account", account]
        if fresh:
            arguments.append("--fresh")
        raise typer.Exit(run_deploy(arguments, rpc=rpc).returncode)
