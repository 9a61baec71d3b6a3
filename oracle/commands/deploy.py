"""`payflow deploy`: run the deployment script in ape's environment."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from oracle.errors import ToolMissing

ROOT = Path(__file__).resolve().parents[2]


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


def run_deploy(
    arguments: list[str], *, rpc: str | None = None, extra: Mapping[str, str] | None = None, quiet: bool = False
) -> "subprocess.CompletedProcess[str]":
    """Run `ape run deploy` in the repository. Raises ToolMissing."""
    ape = ROOT / ".venv-contracts" / "bin" / "ape"
    if not ape.exists():
        raise ToolMissing(tool=str(ape), remedy="Run `make setup` in the repository: it installs ape.")
    environment = {
        **os.environ,
        "PATH": f"{ROOT / '.toolchain' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "SOLCX_BINARY_PATH": str(ROOT / ".toolchain" / "solcx"),
        "APE_DATA_FOLDER": str(ROOT / ".toolchain" / "ape"),
        "PAYFLOW_DEPLOYMENTS": str(Path(os.environ.get("PAYFLOW_DEPLOYMENTS", ROOT / "deployments")).absolute()),
        **({} if rpc is None else {"APE_FOUNDRY_HOST": rpc}),
        **(extra or {}),
    }
    command = [str(ape), "run", "deploy", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=quiet, check=False)  # noqa: S603
