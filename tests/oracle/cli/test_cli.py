"""The command line as a script uses it: real processes, their output, their exit codes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.oracle.devnet import Devnet, free_port
from tests.oracle.faulty_rpc import Call, FaultyRpc, refusing, sent
from tests.oracle.running import eventually

PAYFLOW = [sys.executable, "-c", "from oracle.cli import main; main()"]


def test_error__value_that_looks_like_markup__is_shown_as_it_is(tmp_path: Path) -> None:
    # rich would take it for a tag that closes nothing, and fail on it
    arguments = ["train", "--data", "[/b]", "--out", str(tmp_path)]
    done = subprocess.run([*PAYFLOW, *arguments], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (3, False), done.stderr
    assert "[/b]" in done.stderr


class Shell:
    """Runs `payflow` against a devnet."""

    def __init__(self, net: Devnet, folder: Path) -> None:
        self.folder = folder
        self.api = f"http://127.0.0.1:{free_port()}"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PAYFLOW_")}
        self.environment = {
            **clean,
            "PAYFLOW_RPC_URL": net.anvil.url,
            "PAYFLOW_DEPLOYMENTS": str(net.folder),
            "PAYFLOW_API": self.api,
            "PAYFLOW_API_PORT": self.api.rsplit(":", 1)[1],
            "PAYFLOW_DATA_DIR": str(folder / "data"),
            "PAYFLOW_RPC_RETRIES": "0",
            "NO_COLOR": "1",
            "COLUMNS": "200",
        }

    def run(self, *arguments: str, stdin: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*PAYFLOW, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            env={**self.environment, **environment},
            cwd=self.folder,
        )

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def node(self) -> "subprocess.Popen[str]":
        with (self.folder / "node.log").open("w") as log:
            process = subprocess.Popen(
                [*PAYFLOW, "node", "--devnet-account", "1"],
                env=self.environment,
                cwd=self.folder,
                stdout=subprocess.DEVNULL,
                stderr=log,
                text=True,
            )
        # the first node on a machine compiles its loops
        eventually(lambda: process.poll() is not None or self._ready(), "the node is ready", patience=180)
        return process

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.api}/ready").status_code == 200
        except httpx.HTTPError:
            return False


@pytest.fixture(scope="module")
def shell(shared_net: Devnet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """With a node that runs."""
    found = Shell(shared_net, tmp_path_factory.mktemp("cli"))
    process = found.node()
    try:
        yield found
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, (found.folder / "node.log").read_text()


def test_pay__escrow__waits_for_the_verdict_and_explains_it(shell: Shell, shared_net: Devnet) -> None:
    found = shell.json("pay", shared_net.payee, "25.50", "--devnet-account", "5", "--mint")
    assert found["status"] == "settled"
    assert found["amount"] == "25.500000"
    assert found["explanation"]["evidence_hash"].startswith("0x")
    again = shell.json("payment", found["payment_id"])
    assert again["status"] == "settled"
    assert found["payment_id"] in shell.run("payment", found["payment_id"]).stdout


def test_pay__instant__settles_in_one_transaction(shell: Shell, shared_net: Devnet) -> None:
    found = shell.json("pay", shared_net.payee, "3", "--instant", "--devnet-account", "5", "--mint")
    assert found["status"] == "settled"
    assert found["explanation"]["instant"]


def test_pay__proxy_gives_up_on_what_arrived_all_the_same__is_not_called_refused(
    shell: Shell, shared_net: Devnet
) -> None:
    """Whoever is told so pays a second time."""

    def gives_up(call: Call, answer: Any) -> Any:
        return {**refusing("upstream request timeout"), "id": call["id"]} if sent(call) is not None else answer

    with closing(FaultyRpc(shared_net.anvil.url)) as rpc:
        rpc.fault = gives_up
        done = shell.run("pay", shared_net.payee, "4", "--devnet-account", "5", "--mint", PAYFLOW_RPC_URL=rpc.url)
    assert done.returncode == 0, done.stderr
    assert "settled" in done.stdout


@pytest.mark.parametrize("command", [("pay", "0x" + "12" * 20, "1", "--devnet-account", "5"), ("backtest", "chain")])
def test_commands__chain_that_is_not_the_configured_one__refused_before_anything_is_done(
    shell: Shell, shared_net: Devnet, command: tuple[str, ...]
) -> None:
    before = shared_net.anvil.call("eth_blockNumber")
    done = shell.run(*command, PAYFLOW_CHAIN_ID="1")
    assert done.returncode == 3, done.stderr
    assert "31337" in done.stderr
    assert shared_net.anvil.call("eth_blockNumber") == before
    report = shell.run("doctor", PAYFLOW_CHAIN_ID="1").stdout
    assert "PAYFLOW_CHAIN_ID" in report


def test_wallet__known__as_the_api_says(shell: Shell, shared_net: Devnet) -> None:
    assert shell.json("wallet", shared_net.payee)["address"] == shared_net.payee


def test_review__held_payment__approved_and_rejected(shell: Shell, shared_net: Devnet) -> None:
    # an escrow that the node holds needs a history; the one-signer path gives a score of our choice
    for decision, status in (("approve", "settled"), ("reject", "rejected")):
        shared_net.anvil.call("evm_setAutomine", False)
        terms = shared_net.terms(1_000_000)
        payment_id = terms.payment_id(chain_id=31337, core=shared_net.core)
        reference = bytes.fromhex(terms.reference[2:])
        shared_net.post(
            terms.sender, "PayFlowCore", "createPayment", terms.recipient, terms.token, terms.amount, reference
        )
        raw = bytes.fromhex(payment_id[2:])
        scores = (70, 70, 70, 70, 70)
        shared_net.post(
            shared_net.accounts[1],
            "FraudOracle",
            "analyzeTransaction",
            raw,
            terms.sender,
            terms.recipient,
            terms.amount,
            *scores,
        )
        shared_net.post(shared_net.admin, "PayFlowCore", "executePayment", raw)
        shared_net.anvil.mine()
        shared_net.anvil.call("evm_setAutomine", True)
        assert shared_net.status(payment_id) == 3, "held"
        refused = shell.run("review", decision, payment_id, "--devnet-account", "5")
        assert refused.returncode == 5
        assert "AccessControlUnauthorizedAccount" in refused.stderr
        found = shell.json("review", decision, payment_id, "--note", "checked", "--devnet-account", "4")
        assert found["status"] == status


def test_cancel__settled_payment__refused_by_the_contract(shell: Shell, shared_net: Devnet) -> None:
    found = shell.json("pay", shared_net.payee, "1", "--devnet-account", "5", "--mint")
    done = shell.run("cancel", found["payment_id"], "--devnet-account", "5")
    assert done.returncode == 5
    assert "WrongStatus" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("payment", "0x12"), 2, "no payment id"),
        (("payment", "0x" + "ab" * 32), 6, "knows no payment"),
        (("pay", "0x12", "1", "--devnet-account", "5"), 2, "0x12"),
        (("pay", "0x" + "ab" * 20, "1.0000001", "--devnet-account", "5"), 2, "1.0000001"),
        (("pay", "0x" + "ab" * 20, "1"), 2, "--devnet-account"),
        (("pay", "0x" + "ab" * 20, "999999999", "--devnet-account", "9"), 5, "--mint"),
        (("wallet", "0x12"), 1, "0x12"),
        (("wallet", "0x" + "ab" * 20, "--api", "http://127.0.0.1:9"), 4, "payflow node"),
        (("payment", "0x" + "ab" * 32, "--rpc", "http://127.0.0.1:9"), 4, "PAYFLOW_RPC_URL"),
        (("payment", "0x" + "ab" * 32, "--rpc", "ftp://x"), 3, "PAYFLOW_RPC_URL"),
        (("payment", "0x" + "ab" * 32, "--deployments", "/nowhere"), 3, "payflow deploy"),
        (("nonsense",), 2, "nonsense"),
    ],
)
def test_failure__of_every_kind__exit_code_and_a_sentence(
    shell: Shell, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = shell.run(*arguments)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_node__second_one_on_the_same_journal__refused(shell: Shell) -> None:
    done = shell.run("node", "--devnet-account", "1", "--port", "0")
    assert done.returncode == 4
    assert "journal" in done.stderr


def test_node__port_in_use__says_which(shell: Shell, tmp_path: Path) -> None:
    done = shell.run("node", "--devnet-account", "1", "--data-dir", str(tmp_path / "other"))
    assert done.returncode == 3
    assert "PAYFLOW_API_PORT" in done.stderr


def test_doctor__all_well__every_check_ok(shell: Shell) -> None:
    done = shell.run("doctor", "--devnet-account", "1", "--json")
    assert done.returncode == 0, done.stdout
    checks = {check["name"]: check["outcome"] for check in json.loads(done.stdout)}
    assert {"python", "model", "rpc", "clock", "key", "deployment", "quorum", "role", "balance"} <= set(checks)
    assert set(checks.values()) == {"ok"}


def test_doctor__wrong_key__fails_and_says_how_to_fix_it(shell: Shell) -> None:
    done = shell.run("doctor", "--devnet-account", "7", "--json")
    assert done.returncode == 1
    role = next(check for check in json.loads(done.stdout) if check["name"] == "role")
    assert role["outcome"] == "failed"
    assert "AI_ORACLE_ROLE" in role["remedy"]


def test_keys__new_and_import__encrypted_and_never_printed(shell: Shell, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("correct horse battery staple\n")
    password.chmod(0o600)
    made = shell.run("keys", "new", "--out", str(tmp_path / "new.json"), "--password-file", str(password))
    assert made.returncode == 0, made.stderr
    assert made.stdout.strip().startswith("0x")
    secret = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
    target = tmp_path / "imported.json"
    done = shell.run("keys", "import", "--out", str(target), "--password-file", str(password), stdin=secret + "\n")
    assert done.stdout.strip().lower() == "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
    assert secret[2:] not in done.stdout + done.stderr + target.read_text()
    assert target.stat().st_mode & 0o077 == 0
    checked = shell.run("doctor", "--json", PAYFLOW_KEYSTORE_FILE=str(target), PAYFLOW_PASSWORD_FILE=str(password))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    again = shell.run("keys", "new", "--out", str(target), "--password-file", str(password))
    assert again.returncode == 3


def test_train__same_seed__same_bytes_and_a_model_that_loads(shell: Shell, tmp_path: Path) -> None:
    versions = []
    for folder in ("one", "two"):
        done = shell.run("train", "--seed", "3", "--payments", "4000", "--out", str(tmp_path / folder), "--json")
        assert done.returncode == 0, done.stderr
        versions.append(json.loads(done.stdout)["version"])
    assert versions[0] == versions[1]
    assert (tmp_path / "one" / "default.safetensors").read_bytes() == (
        tmp_path / "two" / "default.safetensors"
    ).read_bytes()
    card = (tmp_path / "one" / "default.card.md").read_text(encoding="utf-8")
    assert card.startswith(f"# Model {versions[0]}\n")
    assert "payments 4000, seed 3, source simulator" in card
    assert "No supervised model" in card
    checks = json.loads(
        shell.run("doctor", "--json", PAYFLOW_MODEL_FILE=str(tmp_path / "one" / "default.safetensors")).stdout
    )
    assert versions[0] in next(check["finding"] for check in checks if check["name"] == "model")


@pytest.mark.parametrize(
    "command", ["pay", "payment", "node", "review", "keys", "train", "doctor", "demo", "deploy", "devnet"]
)
def test_help__of_every_command__comes_with_an_example(shell: Shell, command: str) -> None:
    done = shell.run(command, "--help")
    assert done.returncode == 0
    if command not in ("review", "keys"):
        assert "Example" in done.stdout


def test_node__interrupted__stops_cleanly_within_seconds(shared_net: Devnet, tmp_path: Path) -> None:
    alone = Shell(shared_net, tmp_path)
    process = alone.node()
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert time.monotonic() - started < 15
    assert "node stopped" in (tmp_path / "node.log").read_text()
