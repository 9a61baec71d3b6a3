"""Deploy PayFlow: `ape run deploy --network ethereum:local:foundry`.

Deploys what is missing, wires it, reads everything back from the chain, and writes deployments/<chain id>.json. Run
again, it checks what is there and changes nothing.
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
from ape.exceptions import ContractLogicError
from eth_utils import keccak, to_checksum_address

from oracle.deploy import DeployConfig, Progress, Record, load_config
from oracle.errors import (
    DeployConfigInvalid,
    DeploymentInvalid,
    DeploymentMismatch,
    DevnetReset,
    PayFlowError,
    ReadBackMismatch,
    WrongChain,
)

ROOT = Path(__file__).resolve().parent.parent


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
            raise WrongChain(what="the chain id", expected=config.chain_id, found=provider.chain_id)
        folder = Path(os.environ.get("PAYFLOW_DEPLOYMENTS", ROOT / "deployments"))
        Deployer(config, config_path, Record(folder, config.chain_id), alias).run(fresh=fresh)


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
        document = self._deploy(progress)
        self._read_back(document)
        progress.finish(document)
        click.secho(f"Deployed and verified. Record: {self.record.path}", fg="green")
        self._print(document)

    # --- deploying -----------------------------------------------------------------------------------------------

    def _deploy(self, progress: Progress) -> dict[str, Any]:
        config = self.config
        self._require_funds()
        tokens = [to_checksum_address(token) for token in config.tokens]
        if config.devnet:
            tokens.insert(0, self._contract(progress, "TestStablecoin").address)
        roles = {
            name: self._resolve_all(getattr(config.roles, name))
            for name in ("risk_admins", "compliance", "reviewers", "pausers")
        }
        signers = self._resolve_all(config.oracle.signers)
        thresholds = (config.oracle.safe, config.oracle.low, config.oracle.medium, config.oracle.high)
        oracle = self._contract(
            progress,
            "FraudOracle",
            admin=self._resolve(config.roles.admin),
            changeDelay=config.change_delay,
            riskAdmins=roles["risk_admins"],
            signers=signers,
            quorum=config.oracle.quorum,
            thresholds=thresholds,
            maxReportLifetime=config.oracle.max_report_lifetime,
        )
        compliance = self._contract(
            progress,
            "ComplianceEngine",
            admin=self._resolve(config.roles.admin),
            changeDelay=config.change_delay,
            officers=roles["compliance"],
            tiers=[(*tier.cents, tier.open) for tier in config.compliance.tiers],
            travelRuleCents=config.compliance.travel_rule_cents,
            sanctionsSource=config.compliance.sanctions_source or "0x" + "00" * 20,
            binder=self.sender.address,
        )
        core = self._contract(
            progress,
            "PayFlowCore",
            admin=self._resolve(config.roles.admin),
            changeDelay=config.change_delay,
            riskAdmins=roles["risk_admins"],
            reviewers=roles["reviewers"],
            officers=roles["compliance"],
            pausers=roles["pausers"],
            oracle=oracle.address,
            compliance=compliance.address,
            settleWindow=config.core.settle_window,
            reviewWindow=config.core.review_window,
            tokens=tokens,
        )
        if not compliance.hasRole(compliance.CORE_ROLE(), core):
            click.echo("Binding the core to the compliance engine")
            try:
                _included(compliance.bindCore(core, sender=self.sender))
            except ContractLogicError:
                raise ReadBackMismatch(
                    contract="ComplianceEngine", what="its core", expected=core.address, found="another one for good"
                ) from None
        return {
            "schema": 1,
            "chain_id": config.chain_id,
            "genesis_hash": self.genesis,
            "deployer": self.sender.address,
            "contracts": progress.contracts,
            "tokens": [self._token(address) for address in tokens],
            "signers": signers,
            "quorum": config.oracle.quorum,
            "roles": {"admin": self._resolve(config.roles.admin), **roles},
            "limits": {
                "thresholds": list(thresholds),
                "max_report_lifetime": config.oracle.max_report_lifetime,
                "change_delay": config.change_delay,
                "settle_window": config.core.settle_window,
                "review_window": config.core.review_window,
                "tiers": [[*tier.cents, tier.open] for tier in config.compliance.tiers],
                "travel_rule_cents": config.compliance.travel_rule_cents,
            },
        }

    def _contract(self, progress: Progress, name: str, **setup: Any) -> Any:
        """The contract, deployed by an earlier unfinished run or now."""
        container = getattr(project, name)
        found = progress.contracts.get(name)
        wanted = _plain(setup)
        if found is not None and found["constructor"] == wanted and _code_hash(found["address"]) == found["code_hash"]:
            click.echo(f"{name}: going on with the one at {found['address']} from the unfinished run")
            return container.at(found["address"])
        click.echo(f"Deploying {name}")
        receipt = _included(self.sender.call(container(*([setup] if setup else []))))
        instance = container.at(receipt.contract_address)
        progress.add(
            name,
            {
                "address": instance.address,
                "block": receipt.block_number,
                "transaction": receipt.txn_hash,
                "code_hash": _code_hash(instance.address),
                "constructor": wanted,
            },
        )
        return instance

    def _token(self, address: str) -> dict[str, Any]:
        token = project.TestStablecoin.at(address)  # the standard's metadata functions are all that is used
        return {"address": address, "symbol": token.symbol(), "decimals": token.decimals()}

    def _sender(self, alias: str | None) -> Any:
        if alias is not None:
            return accounts.load(alias)
        if self.config.devnet:
            return accounts.test_accounts[0]
        raise DeployConfigInvalid(
            path=self.config_path, field="--account", problem="name the ape account that deploys (`ape accounts list`)"
        )

    def _require_funds(self) -> None:
        if self.sender.balance == 0:
            click.secho(
                f"ERROR: the deployer {self.sender.address} has no funds on chain {self.config.chain_id}. Send it some"
                " of the chain's currency, or choose another account with --account.",
                fg="red",
                err=True,
            )
            sys.exit(1)

    def _resolve(self, holder: str) -> str:
        if holder.startswith("test:") and self.config.devnet:
            return str(accounts.test_accounts[int(holder.removeprefix("test:"))].address)
        try:
            return str(to_checksum_address(holder))
        except ValueError:
            raise DeployConfigInvalid(
                path=self.config_path, field="roles", problem=f"{holder!r} is no address"
            ) from None

    def _resolve_all(self, holders: tuple[str, ...]) -> list[str]:
        return [self._resolve(holder) for holder in holders]

    def _put_aside(self, why: str) -> None:
        for path in self.record.put_aside():
            click.secho(f"NOTE: {why}; the earlier record is now {path}", fg="yellow")

    # --- verifying -----------------------------------------------------------------------------------------------

    def _confirm(self, document: dict[str, Any]) -> None:
        """What an earlier run deployed: check it and change nothing."""
        for name, entry in document.get("contracts", {}).items():
            found = _code_hash(entry["address"])
            if found != entry["code_hash"]:
                raise DeploymentMismatch(
                    contract=name, address=entry["address"], expected=entry["code_hash"], found=found
                )
        if set(document.get("contracts", {})) < {"FraudOracle", "ComplianceEngine", "PayFlowCore"}:
            raise DeploymentInvalid(path=self.record.path, field="contracts", problem="a contract is missing")
        click.secho(f"Chain {self.config.chain_id} holds this deployment already; nothing was changed.", fg="green")
        self._print(document)

    def _read_back(self, document: dict[str, Any]) -> None:
        """Ask the chain for everything that was configured. Raises ReadBackMismatch."""
        entries, limits, roles = document["contracts"], document["limits"], document["roles"]
        oracle = project.FraudOracle.at(entries["FraudOracle"]["address"])
        compliance = project.ComplianceEngine.at(entries["ComplianceEngine"]["address"])
        core = project.PayFlowCore.at(entries["PayFlowCore"]["address"])
        expect = _expect
        expect("FraudOracle", "quorum", document["quorum"], oracle.quorum())
        expect("FraudOracle", "signers", len(document["signers"]), oracle.signerCount())
        for signer in document["signers"]:
            expect("FraudOracle", f"signer {signer}", True, oracle.hasRole(oracle.AI_ORACLE_ROLE(), signer))
        expect("FraudOracle", "thresholds", limits["thresholds"], _plain(list(oracle.thresholds())))
        expect("FraudOracle", "report lifetime", limits["max_report_lifetime"], oracle.maxReportLifetime())
        expect("PayFlowCore", "oracle", oracle.address, core.oracle())
        expect("PayFlowCore", "compliance", compliance.address, core.compliance())
        expect("PayFlowCore", "windows", [limits["settle_window"], limits["review_window"]], list(core.windows()))
        for token in document["tokens"]:
            expect("PayFlowCore", f"token {token['address']}", 0, core.checkToken(token["address"])[0])
        expect("ComplianceEngine", "core", True, compliance.hasRole(compliance.CORE_ROLE(), core.address))
        expect("ComplianceEngine", "travel rule", limits["travel_rule_cents"], compliance.travelRuleCents())
        for index, tier in enumerate(limits["tiers"]):
            expect("ComplianceEngine", f"tier {index}", tier, _plain(list(compliance.tierLimits(index))))
        for name, contract in (("FraudOracle", oracle), ("PayFlowCore", core), ("ComplianceEngine", compliance)):
            expect(name, "admin", roles["admin"], contract.defaultAdmin())
            expect(name, "delay of changes", limits["change_delay"], contract.changeDelay())
        for contract, role, holders in (
            (oracle, "RISK_ADMIN_ROLE", "risk_admins"),
            (core, "RISK_ADMIN_ROLE", "risk_admins"),
            (core, "REVIEWER_ROLE", "reviewers"),
            (core, "COMPLIANCE_ROLE", "compliance"),
            (core, "PAUSER_ROLE", "pausers"),
            (compliance, "COMPLIANCE_ROLE", "compliance"),
        ):
            for holder in roles[holders]:
                held = contract.hasRole(getattr(contract, role)(), holder)
                expect(contract.contract_type.name, f"{role} of {holder}", True, held)

    def _print(self, document: dict[str, Any]) -> None:
        for name, entry in document["contracts"].items():
            click.echo(f"  {name:<17} {entry['address']}  (block {entry['block']})")
        for token in document["tokens"]:
            click.echo(f"  {token['symbol']:<17} {token['address']}  ({token['decimals']} decimals)")
        click.echo(f"  quorum            {document['quorum']} of {len(document['signers'])} signer(s)")


def _included(receipt: Any) -> Any:
    """The receipt once the transaction is in a block: on an anvil with a block time ape does not wait for that."""
    if receipt.block_number == -1:
        receipt = chain.provider.get_receipt(receipt.txn_hash)
    receipt.raise_for_status()
    return receipt


def _expect(contract: str, what: str, expected: object, found: object) -> None:
    if expected != found:
        raise ReadBackMismatch(contract=contract, what=what, expected=expected, found=found)


def _code_hash(address: str) -> str:
    return "0x" + keccak(bytes(chain.provider.get_code(address))).hex()


def _plain(value: Any) -> Any:
    """As JSON gives it back: lists for tuples, text for addresses."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if isinstance(value, (bool, int)) else str(value)
