"""Deploy PayFlow: `ape run deploy --network ethereum:local:foundry`.

Deploys what is missing, wires it, reads everything back from the chain, and writes deployments/<chain id>.json. Run
again, it checks what is there and changes nothing. docs/deployment.md has the whole story.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from ape import accounts, chain, project
from ape.cli import ConnectedProviderCommand
from ape.exceptions import ApeException
from eth_utils import keccak, to_checksum_address, to_hex
from web3.exceptions import TransactionNotFound

from oracle.deploy import (
    DeployConfig,
    Difference,
    Progress,
    Record,
    compliance_setup,
    core_setup,
    differences,
    load_config,
    oracle_setup,
    plain,
    planned,
)
from oracle.errors import (
    DeployConfigInvalid,
    DeployerEmpty,
    DeploymentBrokenOff,
    DeploymentInvalid,
    DeploymentMismatch,
    DevnetReset,
    PayFlowError,
    ReadBackMismatch,
)

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ("FraudOracle", "ComplianceEngine", "PayFlowCore")


@click.command(cls=ConnectedProviderCommand)
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="PAYFLOW_DEPLOY_CONFIG",
    help="What to deploy. Default on a local network: config/local.toml.",
)
@click.option("--account", "alias", help="ape account that deploys. Default on a devnet: its first test account.")
@click.option("--fresh", is_flag=True, help="Deploy anew; earlier records are kept under another name.")
def cli(ecosystem: Any, network: Any, provider: Any, config_path: Path | None, alias: str | None, fresh: bool) -> None:
    """Deploy FraudOracle, ComplianceEngine and PayFlowCore, wire them, verify them, record them."""
    with _clear_errors():
        if config_path is None:
            if network.name not in ("local", "adhoc") and not network.is_dev:
                raise DeployConfigInvalid(
                    path=ROOT / "config", field="--config", problem=f"name a file for network '{network.name}'"
                )
            config_path = ROOT / "config" / "local.toml"
        config = load_config(config_path)
        if provider.chain_id != config.chain_id:
            served = f"{ecosystem.name}:{network.name}:{provider.name} serves chain id {provider.chain_id}"
            raise DeployConfigInvalid(
                path=config_path,
                field="chain_id",
                problem=f"it is for chain id {config.chain_id}, but {served}: name another --network or --config",
            )
        folder = Path(os.environ.get("PAYFLOW_DEPLOYMENTS", ROOT / "deployments"))
        Deployer(config, config_path, Record(folder, config.chain_id), alias).run(fresh=fresh)
        if getattr(provider, "process", None) is not None:
            click.secho(
                "NOTE: no devnet was running, so that ape started one, which ends with this command and takes the"
                " contracts along. To keep them, start `payflow devnet` (or anvil) in another terminal and deploy"
                " again.",
                fg="yellow",
            )


@contextmanager
def _clear_errors() -> Iterator[None]:
    try:
        yield
    except PayFlowError as error:
        click.secho(f"ERROR: {error}", fg="red", err=True)
        sys.exit(1)


class Deployer:
    """One run of the script."""

    def __init__(self, config: DeployConfig, config_path: Path, record: Record, alias: str | None) -> None:
        self.config = config
        self.config_path = config_path
        self.record = record
        self.genesis = "0x" + bytes(chain.blocks[0].hash).hex()
        self.sender = self._sender(alias)
        self.step = "the start"

    def run(self, *, fresh: bool) -> None:
        """Deploy what is missing, or say what is there."""
        if fresh:
            self._put_aside("--fresh")
        finished = self.record.finished()
        if finished is not None and finished.get("genesis_hash") != self.genesis:
            if not self.config.devnet:
                raise DevnetReset(path=self.record.path, expected=str(finished.get("genesis_hash")), found=self.genesis)
            self._put_aside("the devnet was started anew since the last deployment")
            finished = None
        if finished is not None:
            self._confirm(finished)
            return
        progress = Progress.resume(self.record, self.genesis)
        if self.sender.balance == 0:
            raise DeployerEmpty(address=self.sender.address, chain_id=self.config.chain_id)
        try:
            document = self._deploy(progress)
        except ApeException as broken:
            raise DeploymentBrokenOff(step=self.step, problem=str(broken), journal=self.record.partial) from broken
        for one in self._differences(document):
            raise ReadBackMismatch(contract=one.contract, what=one.what, expected=one.recorded, found=one.found)
        progress.finish(document)
        click.secho(f"Deployed and verified. Record: {self.record.path}", fg="green")
        self._print(document)

    # --- deploying -----------------------------------------------------------------------------------------------

    def _deploy(self, progress: Progress) -> dict[str, Any]:
        plan = planned(self.config, self._resolve)
        tokens = [to_checksum_address(token) for token in self.config.tokens]
        if self.config.devnet:
            tokens.insert(0, self._contract(progress, "TestStablecoin", {}).address)
        core = self._contract(progress, "PayFlowCore", core_setup(plan, binder=self.sender.address, tokens=tokens))
        oracle = self._contract(progress, "FraudOracle", oracle_setup(plan, core=core.address))
        compliance = self._contract(progress, "ComplianceEngine", compliance_setup(plan, core=core.address))
        self._bind(core, oracle, compliance)
        return {
            "schema": 1,
            "chain_id": self.config.chain_id,
            "genesis_hash": self.genesis,
            "deployer": self.sender.address,
            "contracts": progress.contracts,
            "tokens": [self._token(address) for address in tokens],
            **plan,
        }

    def _contract(self, progress: Progress, name: str, setup: dict[str, Any]) -> Any:
        """The contract, made by an earlier unfinished run or now."""
        self.step = name
        container, wanted = getattr(project, name), plain(setup)
        found = progress.contracts.get(name) or self._sent_before(progress, name)
        if found is not None:
            if found["constructor"] != wanted:
                click.echo(f"{name}: the unfinished run's, at {found['address']}, is configured otherwise; left behind")
            elif _code_hash(found["address"]) != found["code_hash"]:
                click.echo(f"{name}: no such code at {found['address']}, where the unfinished run put it; left behind")
            else:
                click.echo(f"{name}: going on with the one at {found['address']} from the unfinished run")
                return container.at(found["address"])
        click.echo(f"Deploying {name}")
        draft = container(*([setup] if setup else []))
        draft.sender = self.sender.address
        transaction = self.sender.sign_transaction(self.sender.prepare_transaction(draft))
        if transaction is None:
            raise ApeException("the transaction was not signed")
        progress.sending(name, to_hex(transaction.txn_hash), wanted)
        receipt = _included(chain.provider.send_transaction(transaction))
        progress.add(name, _entry(receipt, wanted))
        return container.at(receipt.contract_address)

    def _sent_before(self, progress: Progress, name: str) -> dict[str, Any] | None:
        """The contract of a transaction that an earlier run signed and did not see included."""
        sent = progress.sent.get(name)
        if sent is None:
            return None
        try:
            chain.provider.web3.eth.get_transaction(sent["transaction"])
        except TransactionNotFound:
            click.echo(f"{name}: the chain does not know the unfinished run's transaction {sent['transaction']}")
            return None
        click.echo(f"{name}: waiting for the unfinished run's transaction {sent['transaction']}")
        receipt = chain.provider.get_receipt(sent["transaction"])
        if receipt.failed:
            return None
        progress.add(name, _entry(receipt, sent["constructor"]))
        return progress.contracts[name]

    def _bind(self, core: Any, oracle: Any, compliance: Any) -> None:
        self.step = "binding the core to its oracle and compliance engine"
        if (core.oracle(), core.compliance()) == (oracle.address, compliance.address):
            return
        click.echo("Binding the core to its oracle and compliance engine")
        try:
            _included(core.bind(oracle, compliance, sender=self.sender))
        except core.AlreadyBound:
            raise ReadBackMismatch(
                contract="PayFlowCore", what="its oracle", expected=oracle.address, found=core.oracle()
            ) from None

    def _token(self, address: str) -> dict[str, Any]:
        self.step = f"token {address}"
        token = project.TestStablecoin.at(address)  # the standard's metadata functions are all that is used
        return {"address": address, "symbol": token.symbol(), "decimals": token.decimals()}

    def _sender(self, alias: str | None) -> Any:
        if alias is None:
            if self.config.devnet:
                return accounts.test_accounts[0]
            problem = "name the ape account that deploys (`ape accounts list`)"
        else:
            try:
                return accounts.load(alias)
            except (KeyError, ValueError):
                known = ", ".join(one for one in accounts.aliases) or "none yet"
                problem = f"ape knows no account {alias!r} (known: {known}); `ape accounts import {alias}` adds it"
        raise DeployConfigInvalid(path=self.config_path, field="--account", problem=problem)

    def _resolve(self, holder: str) -> str:
        try:
            if holder.startswith("test:") and self.config.devnet:
                return str(accounts.test_accounts[int(holder.removeprefix("test:"))].address)
            return str(to_checksum_address(holder))
        except (ValueError, IndexError):
            raise DeployConfigInvalid(
                path=self.config_path, field="roles", problem=f"{holder!r} is neither an address nor test:0 to test:9"
            ) from None

    def _put_aside(self, why: str) -> None:
        for path in self.record.put_aside():
            click.secho(f"NOTE: {why}; the earlier record is now {path}", fg="yellow")

    # --- verifying -----------------------------------------------------------------------------------------------

    def _confirm(self, document: dict[str, Any]) -> None:
        """What an earlier run deployed: check it, say what has become different since, and change nothing."""
        contracts = document.get("contracts", {})
        if missing := [name for name in CONTRACTS if name not in contracts]:
            raise DeploymentInvalid(path=self.record.path, field=f"contracts.{missing[0]}", problem="it is missing")
        for name, entry in contracts.items():
            found = _code_hash(entry["address"])
            if found != entry["code_hash"]:
                raise DeploymentMismatch(
                    contract=name, address=entry["address"], expected=entry["code_hash"], found=found
                )
        click.secho(f"Chain {self.config.chain_id} holds this deployment already; nothing was changed.", fg="green")
        self._print(document)
        for one in self._differences(document):
            _note(f"{one.contract} has changed since: {one.what}, recorded as {one.recorded}, is {one.found} now")
        for key, wanted in planned(self.config, self._resolve).items():
            if document.get(key) != wanted:
                _note(
                    f"{self.config_path} asks for other {key} than this was deployed with. Change them on chain"
                    " (docs/deployment.md, Later changes), or deploy anew with --fresh"
                )

    def _differences(self, document: dict[str, Any]) -> Iterator[Difference]:
        at = {name: getattr(project, name).at(document["contracts"][name]["address"]) for name in CONTRACTS}
        return differences(document, at["FraudOracle"], at["ComplianceEngine"], at["PayFlowCore"])

    def _print(self, document: dict[str, Any]) -> None:
        for name, entry in document["contracts"].items():
            click.echo(f"  {name:<17} {entry['address']}  (block {entry['block']})")
        for token in document["tokens"]:
            click.echo(f"  {token['symbol']:<17} {token['address']}  ({token['decimals']} decimals)")
        click.echo(f"  quorum            {document['quorum']} of {len(document['signers'])} signer(s)")


def _entry(receipt: Any, constructor: Any) -> dict[str, Any]:
    return {
        "address": receipt.contract_address,
        "block": receipt.block_number,
        "transaction": receipt.txn_hash,
        "code_hash": _code_hash(receipt.contract_address),
        "constructor": constructor,
    }


def _included(receipt: Any) -> Any:
    """The receipt once the transaction is in a block: on an anvil with a block time ape does not wait for that."""
    if receipt.block_number == -1:
        receipt = chain.provider.get_receipt(receipt.txn_hash)
    receipt.raise_for_status()
    return receipt


def _code_hash(address: str) -> str:
    return "0x" + keccak(bytes(chain.provider.get_code(address))).hex()


def _note(text: str) -> None:
    click.secho(f"NOTE: {text}.", fg="yellow")
