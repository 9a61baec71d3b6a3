"""Programs and keys around the node that only development needs: anvil, ape's environment, a devnet's accounts."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount

from oracle.errors import ToolMissing

ROOT = Path(__file__).resolve().parents[1]
MNEMONIC = "test test test test test test test test test test test junk"
"""What anvil and every other devnet derive their accounts from: public, so its keys are worth nothing elsewhere."""


def devnet_key(number: int) -> str:
    """Private key of a devnet's account as 0x hex."""
    return "0x" + bytes(_devnet_account(number).key).hex()


def devnet_address(number: int) -> str:
    """Address of a devnet's account, lower case."""
    return str(_devnet_account(number).address).lower()


def _devnet_account(number: int) -> LocalAccount:
    Account.enable_unaudited_hdwallet_features()
    account: LocalAccount = Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{number}")
    return account


def find_anvil() -> str:
    """Path of the anvil binary. Raises ToolMissing."""
    local = ROOT / ".toolchain" / "bin" / "anvil"
    found = str(local) if local.exists() else shutil.which("anvil")
    if found is None:
        raise ToolMissing(tool="anvil", remedy="Run `make setup` in the repository, or install Foundry.")
    return found


def run_deploy(
    arguments: Sequence[str], *, rpc: str | None = None, extra: Mapping[str, str] | None = None, quiet: bool = False
) -> "subprocess.CompletedProcess[str]":
    """Run `ape run deploy` in the repository. Raises ToolMissing."""
    command, environment = deploy_command(arguments, rpc=rpc, extra=extra)
    return subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=quiet, check=False)  # noqa: S603


def deploy_command(
    arguments: Sequence[str], *, rpc: str | None = None, extra: Mapping[str, str] | None = None
) -> tuple[list[str], dict[str, str]]:
    """The command line of `ape run deploy` and its environment; `rpc`: another devnet than that on port 8545.

    Raises ToolMissing.
    """
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
    return [str(ape), "run", "deploy", *arguments], environment
