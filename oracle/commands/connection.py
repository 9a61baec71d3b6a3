"""How commands get their settings and reach the chain. Apart from what else they share, because it takes a second."""

from pathlib import Path
from typing import Any

import typer

from oracle.chain.client import PayFlowClient
from oracle.chain.connect import connect as connected
from oracle.chain.rpc import Rpc
from oracle.settings import Settings, load_settings
from oracle.signing import load_signer
from oracle.tools import devnet_key


def read_settings(
    *,
    rpc: str | None = None,
    deployments: Path | None = None,
    devnet_account: int | None = None,
    **given: Any,
) -> Settings:
    """Settings with command-line options on top."""
    key = None if devnet_account is None else devnet_key(devnet_account)
    return load_settings(rpc_url=rpc, deployments=deployments, private_key=key, **given)


def connect(settings: Settings, *, key: bool) -> PayFlowClient:
    """A client of the deployment on the chain at the configured RPC address.

    Raises RpcError, WrongChain, DeploymentError, and KeyFileError where `key` is wanted.
    """
    rpc = Rpc(settings.rpc_url, timeout=settings.rpc_timeout, retries=settings.rpc_retries)
    contracts = connected(rpc, settings)
    signer = load_signer(settings, chain_id=contracts.deployment.chain_id) if key else None
    if key and signer is None:
        raise typer.BadParameter(
            "this takes a key: set PAYFLOW_KEYSTORE_FILE and PAYFLOW_PASSWORD_FILE, or on a devnet use"
            " --devnet-account N",
            param_hint="--devnet-account",
        )
    return PayFlowClient(rpc, contracts, signer)
