"""The demo itself, in full, on a chain of its own; and the deployment script that it starts with."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oracle.demo.script import ORDINARY, simulated_script
from oracle.scoring import Alert
from oracle.tools import run_deploy
from tests.oracle.devnet import Anvil

PAYFLOW = [sys.executable, "-c", "from oracle.cli import main; main()"]
CONFIG = Path(__file__).resolve().parents[3] / "config"


def test_script__default_story__has_every_alert_type() -> None:
    acts = simulated_script(11, 400, until=1_700_000_000).acts
    truths = {act.truth for act in acts}
    assert {alert.name for alert in Alert} <= truths
    assert [act.time for act in acts] == sorted(act.time for act in acts)
    assert sum(act.instant for act in acts) >= 10
    assert all(act.truth == ORDINARY for act in acts if act.instant)


def test_demo__node_killed_half_way__everything_settles_exactly_once(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PAYFLOW, "demo", "--payments", "400", "--pace", "60", "--kill-node", "--json"],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    assert summary["problems"] == []
    assert summary["sums_match"]
    assert summary["payments"] >= 400
    assert summary["actions"]["node killed and restarted"] == 1
    for action in ("instant payments", "cancelled by the payer", "rejected by the reviewer"):
        assert summary["actions"][action] >= 1
    for alert in Alert:
        assert alert.name in summary["groups"], f"no payment of {alert.name}"
    assert summary["outcomes"]["SAFE"]["settled"] > 100
    assert summary["outcomes"]["CRITICAL"]["blocked"] >= 1
    assert list(tmp_path.iterdir()) == []


def test_demo__terminated__leaves_nothing_behind(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*PAYFLOW, "demo", "--pace", "5"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    ports = []
    for line in process.stdout:
        ports += re.findall(r"http://127\.0\.0\.1:(\d+)", line)
        if line.startswith("Node"):
            break
    process.send_signal(signal.SIGTERM)
    process.stdout.read()
    process.stdout.close()
    assert process.wait(30) != 0
    assert list(tmp_path.iterdir()) == []
    listening = Path("/proc/net/tcp")
    if listening.exists():
        open_ports = {
            line.split()[1].split(":")[1] for line in listening.read_text().splitlines()[1:] if " 0A " in line
        }
        assert not open_ports & {f"{int(port):04X}" for port in ports}


def test_demo_real__without_the_data__says_where_to_get_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PAYFLOW, "demo", "--real"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PAYFLOW_DATA": str(tmp_path)},
    )
    assert done.returncode == 3
    assert "PAYFLOW_DATA" in done.stderr


# --- deployment ---


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

    def run(self, *arguments: str, config: Path = CONFIG / "local.toml") -> "subprocess.CompletedProcess[str]":
        return run_deploy(
            ["--network", "ethereum:local:foundry", "--config", str(config), *arguments],
            rpc=self.anvil.url,
            extra={"PAYFLOW_DEPLOYMENTS": str(self.folder)},
            quiet=True,
        )

    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.record.read_text())
        return found


@pytest.fixture
def deploying(anvil: Anvil, tmp_path: Path) -> Deploying:
    return Deploying(anvil, tmp_path / "deployments")


def test_deploy__twice__second_run_changes_nothing(deploying: Deploying) -> None:
    assert deploying.run().returncode == 0
    first, height = deploying.record.read_bytes(), deploying.anvil.height()
    again = deploying.run()
    assert again.returncode == 0
    assert "nothing was changed" in again.stdout
    assert deploying.record.read_bytes() == first
    assert deploying.anvil.height() == height


def test_deploy__half_finished_run__goes_on_with_what_is_there(deploying: Deploying) -> None:
    assert deploying.run().returncode == 0
    document = deploying.document()
    contracts = document["contracts"]
    core = contracts.pop("PayFlowCore")
    partial = {"genesis_hash": document["genesis_hash"], "contracts": contracts}
    deploying.record.rename(deploying.record.with_suffix(".away"))
    (deploying.folder / "31337.partial.json").write_text(json.dumps(partial))
    done = deploying.run()
    # the compliance engine is bound to the first core for good, so that this deployment cannot be finished
    assert done.returncode == 1
    assert "--fresh" in done.stdout + done.stderr
    assert "going on with" in done.stdout
    fresh = deploying.run("--fresh")
    assert fresh.returncode == 0, fresh.stdout + fresh.stderr
    assert deploying.document()["contracts"]["PayFlowCore"]["address"] != core["address"]
    assert not (deploying.folder / "31337.partial.json").exists()


def test_deploy__stopped_before_the_core__is_finished_by_the_next_run(deploying: Deploying) -> None:
    deploying.anvil.call("anvil_setBlockGasLimit", hex(4_000_000))  # enough for some contracts, too little for the core
    deploying.anvil.mine()
    assert deploying.run().returncode != 0
    made = json.loads((deploying.folder / "31337.partial.json").read_text())["contracts"]
    assert "PayFlowCore" not in made
    deploying.anvil.call("anvil_setBlockGasLimit", hex(30_000_000))
    deploying.anvil.mine()
    done = deploying.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert deploying.document()["contracts"]["TestStablecoin"] == made["TestStablecoin"]


def test_deploy__devnet_started_anew__old_record_is_kept_aside(deploying: Deploying) -> None:
    assert deploying.run().returncode == 0
    old = deploying.document()
    restarted = Anvil("--timestamp", str(int(time.time()) - 5_000))
    try:
        done = Deploying(restarted, deploying.folder).run()
        assert done.returncode == 0, done.stdout + done.stderr
        assert "started anew" in done.stdout
        assert deploying.document()["genesis_hash"] != old["genesis_hash"]
        assert json.loads((deploying.folder / "31337.old1.json").read_text()) == old
    finally:
        restarted.stop()


def test_deploy__other_code_than_recorded__refused(deploying: Deploying) -> None:
    assert deploying.run().returncode == 0
    address = deploying.document()["contracts"]["PayFlowCore"]["address"]
    deploying.anvil.call("anvil_setCode", address, "0x60")
    done = deploying.run()
    assert done.returncode == 1
    assert address in done.stderr


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("chain_id = 31337", "chain_id = 5"), "chain id"),
        (("quorum = 1", "quorum = 2"), "quorum 2"),
        (('signers = ["test:1"]', 'signers = ["0x12"]'), "0x12"),
        (("settle_window = 3600", "settle_window = 5"), "core.settle_window"),
        (("daily = 200_000_000", "daily = 1"), "per_payment <= daily"),
        (("quorum = 1", "quorun = 1"), "quorun"),
    ],
)
def test_deploy__wrong_configuration__names_what_is_wrong(
    deploying: Deploying, tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    config = tmp_path / "wrong.toml"
    config.write_text((CONFIG / "local.toml").read_text().replace(*change))
    done = deploying.run(config=config)
    assert done.returncode == 1
    assert said in done.stderr
    assert not deploying.record.exists()


def test_deploy__deployer_without_funds__says_so(deploying: Deploying) -> None:
    deploying.anvil.call("anvil_setBalance", deploying.anvil.call("eth_accounts")[0], "0x0")
    done = deploying.run()
    assert done.returncode == 1
    assert "no funds" in done.stderr
