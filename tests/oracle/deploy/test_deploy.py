"""`ape run deploy` on real chains: begun, repeated, broken off, resumed, tampered with."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from oracle.tools import ROOT, deploy_command, run_deploy
from tests.oracle.devnet import Anvil, free_port

CONFIG = ROOT / "config"


@pytest.fixture
def anvil() -> Iterator[Anvil]:
    started = Anvil()
    yield started
    started.stop()


class Deploying:
    """`ape run deploy` on one chain, with its own folder of records."""

    def __init__(self, anvil: Anvil, folder: Path) -> None:
        self.anvil = anvil
        self.folder = folder
        self.record = folder / "31337.json"
        self.partial = folder / "31337.partial.json"

    @staticmethod
    def arguments(config: Path, *more: str) -> list[str]:
        return ["--network", "ethereum:local:foundry", "--config", str(config), *more]

    def run(self, *more: str, config: Path = CONFIG / "local.toml") -> "subprocess.CompletedProcess[str]":
        extra = {"PAYFLOW_DEPLOYMENTS": str(self.folder)}
        return run_deploy(self.arguments(config, *more), rpc=self.anvil.url, extra=extra, quiet=True)

    def succeed(self, *more: str, config: Path = CONFIG / "local.toml") -> str:
        done = self.run(*more, config=config)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def killed_when(self, reached: Callable[[dict[str, Any]], bool]) -> None:
        """Start it, and kill it by SIGKILL once the journal says so."""
        command, environment = deploy_command(
            self.arguments(CONFIG / "local.toml"),
            rpc=self.anvil.url,
            extra={"PAYFLOW_DEPLOYMENTS": str(self.folder)},
        )
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 60
        while not (self.partial.exists() and reached(json.loads(self.partial.read_text()))):
            assert process.poll() is None, "it ended by itself"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.record.read_text())
        return found


@pytest.fixture
def deploying(anvil: Anvil, tmp_path: Path) -> Deploying:
    return Deploying(anvil, tmp_path / "deployments")


def test_deploy__again__changes_nothing_and_says_what_differs(deploying: Deploying, tmp_path: Path) -> None:
    assert "Deployed and verified" in deploying.succeed()
    first, height = deploying.record.read_bytes(), deploying.anvil.height()
    again = deploying.succeed()
    assert "nothing was changed" in again
    assert "NOTE" not in again
    # somebody pauses the core, and somebody edits the configuration
    document = deploying.document()
    core, admin = document["contracts"]["PayFlowCore"]["address"], document["roles"]["pausers"][0]
    deploying.anvil.call("eth_sendTransaction", {"from": admin, "to": core, "data": "0x8456cb59"})  # pause()
    edited = tmp_path / "edited.toml"
    edited.write_text((CONFIG / "local.toml").read_text().replace("settle_window = 3600", "settle_window = 7200"))
    said = deploying.succeed(config=edited)
    assert "PayFlowCore has changed since: its pause" in said
    assert "asks for other limits" in said
    assert deploying.record.read_bytes() == first
    assert deploying.anvil.height() == height + 1
    deploying.anvil.call("anvil_setCode", core, "0x60")
    tampered = deploying.run()
    assert tampered.returncode == 1
    assert f"PayFlowCore at {core} has code hash" in tampered.stderr


def forget(deploying: Deploying, name: str) -> dict[str, Any]:
    """As if the deployment had broken off without any trace of one contract; returns the others."""
    document = deploying.document()
    contracts: dict[str, Any] = document["contracts"]
    del contracts[name]
    deploying.record.rename(deploying.record.with_suffix(".away"))
    deploying.partial.write_text(json.dumps({"genesis_hash": document["genesis_hash"], "contracts": contracts}))
    return contracts


def test_deploy__core_forgotten_after_binding__what_belongs_to_it_is_left_behind(deploying: Deploying) -> None:
    deploying.succeed()
    before = forget(deploying, "PayFlowCore")
    done = deploying.succeed()
    assert "FraudOracle: the unfinished run's" in done
    after = deploying.document()["contracts"]
    assert after["TestStablecoin"] == before["TestStablecoin"]
    assert {after[name]["address"] != before[name]["address"] for name in ("FraudOracle", "ComplianceEngine")} == {True}


def test_deploy__oracle_forgotten_after_binding__way_on_is_fresh(deploying: Deploying) -> None:
    deploying.succeed()
    before = forget(deploying, "FraudOracle")
    done = deploying.run()
    # the core is bound to the first oracle, so that this deployment cannot be finished
    assert done.returncode == 1
    assert "--fresh" in done.stderr
    assert "going on with" in done.stdout
    deploying.succeed("--fresh")
    assert deploying.document()["contracts"]["PayFlowCore"]["address"] != before["PayFlowCore"]["address"]
    assert not deploying.partial.exists()


def test_deploy__out_of_gas_at_the_core__is_finished_by_the_next_run(deploying: Deploying) -> None:
    deploying.anvil.call("anvil_setBlockGasLimit", hex(4_000_000))  # enough for some contracts, too little for the core
    deploying.anvil.mine()
    broken = deploying.run()
    assert broken.returncode == 1
    assert "broke off at" in broken.stderr
    assert str(deploying.partial) in broken.stderr
    made = json.loads(deploying.partial.read_text())["contracts"]
    assert "PayFlowCore" not in made
    deploying.anvil.call("anvil_setBlockGasLimit", hex(30_000_000))
    deploying.anvil.mine()
    deploying.succeed()
    assert deploying.document()["contracts"]["TestStablecoin"] == made["TestStablecoin"]


def test_deploy__killed_while_a_transaction_waits__contract_is_not_made_twice(deploying: Deploying) -> None:
    deploying.anvil.call("evm_setAutomine", False)

    def waiting(journal: dict[str, Any]) -> bool:
        sent = journal["sent"].get("TestStablecoin")
        return sent is not None and deploying.anvil.call("eth_getTransactionByHash", sent["transaction"]) is not None

    deploying.killed_when(waiting)
    sent = json.loads(deploying.partial.read_text())["sent"]["TestStablecoin"]["transaction"]
    deploying.anvil.mine()
    deploying.anvil.call("evm_setAutomine", True)
    said = deploying.succeed()
    assert "going on with the one at" in said
    document = deploying.document()
    assert document["contracts"]["TestStablecoin"]["transaction"] == sent
    deployer = document["deployer"]
    # four contracts and the binding, none of them twice
    assert int(deploying.anvil.call("eth_getTransactionCount", deployer, "latest"), 16) == 5


def test_deploy__read_back_differs__deployment_is_refused(deploying: Deploying) -> None:
    deploying.succeed()
    document = deploying.document()
    deploying.record.unlink()
    deploying.partial.write_text(
        json.dumps({"genesis_hash": document["genesis_hash"], "contracts": document["contracts"]})
    )
    core = document["contracts"]["PayFlowCore"]["address"]
    admin = document["roles"]["pausers"][0]
    deploying.anvil.call("eth_sendTransaction", {"from": admin, "to": core, "data": "0x8456cb59"})  # pause()
    done = deploying.run()
    assert done.returncode == 1
    assert "PayFlowCore answers True for its pause, but False was configured" in done.stderr
    assert not deploying.record.exists()


def test_deploy__devnet_started_anew__old_record_is_kept_aside(deploying: Deploying) -> None:
    deploying.succeed()
    old = deploying.document()
    restarted = Anvil("--timestamp", str(int(time.time()) - 5_000))
    try:
        assert "started anew" in Deploying(restarted, deploying.folder).succeed()
        assert deploying.document()["genesis_hash"] != old["genesis_hash"]
        assert json.loads((deploying.folder / "31337.old1.json").read_text()) == old
    finally:
        restarted.stop()


def test_deploy__impossible_start__says_why_and_leaves_no_record(deploying: Deploying, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text((CONFIG / "local.toml").read_text().replace("chain_id = 31337", "chain_id = 5"))
    wrong_chain = deploying.run(config=other)
    assert wrong_chain.returncode == 1
    assert "for chain id 5" in wrong_chain.stderr
    assert "serves chain id 31337" in wrong_chain.stderr
    unknown = deploying.run("--account", "nobody")
    assert unknown.returncode == 1
    assert "no account 'nobody'" in unknown.stderr
    deploying.anvil.call("anvil_setBalance", deploying.anvil.call("eth_accounts")[0], "0x0")
    empty = deploying.run()
    assert empty.returncode == 1
    assert "no funds" in empty.stderr
    assert not deploying.folder.exists()


def test_deploy__no_devnet_running__says_that_the_contracts_are_gone(tmp_path: Path) -> None:
    done = run_deploy(
        ["--network", "ethereum:local:foundry"],
        rpc=f"http://127.0.0.1:{free_port()}",
        extra={"PAYFLOW_DEPLOYMENTS": str(tmp_path)},
        quiet=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ends with this command" in done.stdout
