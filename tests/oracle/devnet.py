"""A real devnet for tests: an anvil of its own on a free port, with the contracts deployed from forge's artifacts."""

import itertools
import json
import os
import secrets
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from eth_abi.abi import encode
from eth_hash.auto import keccak

from oracle.chain.abi import ContractAbi, Function, Parameter
from oracle.chain.contracts import PaymentTerms
from oracle.chain.rpc import Rpc
from oracle.settings import Settings

ROOT = Path(os.environ.get("PAYFLOW_ROOT", Path(__file__).resolve().parents[2]))
MNEMONIC_KEYS = (
    # anvil's well-known accounts: 0 deploys and administers, 1 signs reports, 2 to 5 pay and are paid
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
)
SIGNER_KEY = MNEMONIC_KEYS[1]
HOUR = 3_600


class Anvil:
    """One anvil process."""

    def __init__(self, *arguments: str, port: int | None = None) -> None:
        binary = shutil.which("anvil") or str(ROOT / ".toolchain" / "bin" / "anvil")
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process = subprocess.Popen(
            [binary, "--port", str(self.port), "--base-fee", "1000000000", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if "Listening on" in line:
                break
        # its later output must go somewhere, or the pipe fills and anvil stands still
        self._drainer = threading.Thread(target=self._drain, daemon=True)
        self._drainer.start()
        self.rpc = Rpc(self.url, timeout=10, retries=0)

    def _drain(self) -> None:
        assert self._process.stdout is not None
        for _ in self._process.stdout:
            pass

    def call(self, method: str, *params: Any) -> Any:
        return self.rpc.write(method, *params)

    def mine(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            self.call("evm_mine")

    def height(self) -> int:
        return int(self.call("eth_blockNumber"), 16)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._drainer.join(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@cache
def artifact(name: str) -> tuple[ContractAbi, str, tuple[Parameter, ...]]:
    """ABI, creation code and constructor inputs of a contract, from `forge build`."""
    out = ROOT / ".build" / "forge" / "out"
    found = out / f"{name}.sol" / f"{name}.json"
    if not found.exists():
        forge = shutil.which("forge") or str(ROOT / ".toolchain" / "bin" / "forge")
        subprocess.run([forge, "build", "--quiet", "--root", str(ROOT)], check=True)
    document = json.loads(found.read_text())
    entries = document["abi"]
    inputs: list[Any] = next((one["inputs"] for one in entries if one["type"] == "constructor"), [])
    return ContractAbi(entries), document["bytecode"]["object"], tuple(Parameter.of(one) for one in inputs)


def shaped(parameter: Parameter, value: Any) -> Any:
    """A struct given by its members' names, as the tuple that eth_abi takes."""
    if not parameter.members:
        return value
    if parameter.type.endswith("]"):
        inner = Parameter(parameter.name, parameter.type.removesuffix("[]"), False, parameter.members)
        return [shaped(inner, one) for one in value]
    return tuple(shaped(member, value[member.name]) for member in parameter.members)


@dataclass
class Devnet:
    """A deployed system on an anvil. Senders are anvil's unlocked accounts."""

    anvil: Anvil
    folder: Path
    accounts: list[str] = field(default_factory=list)
    addresses: dict[str, str] = field(default_factory=dict)

    @property
    def admin(self) -> str:
        return self.accounts[0]

    @property
    def signer(self) -> str:
        return self.accounts[1]

    @property
    def payer(self) -> str:
        return self.accounts[2]

    @property
    def payee(self) -> str:
        return self.accounts[3]

    @property
    def reviewer(self) -> str:
        return self.accounts[4]

    @property
    def token(self) -> str:
        return self.addresses["TestStablecoin"]

    @property
    def core(self) -> str:
        return self.addresses["PayFlowCore"]

    def deploy(
        self, *, signers: Sequence[str] = (), quorum: int = 1, settle_window: int = HOUR, lifetime: int = 24 * HOUR
    ) -> None:
        self.accounts = [one.lower() for one in self.anvil.call("eth_accounts")]
        signers = list(signers) or [self.signer]
        admin = self.admin
        self._create("TestStablecoin")
        self._create(
            "PayFlowCore",
            admin=admin,
            changeDelay=60,
            riskAdmins=[admin],
            reviewers=[self.reviewer],
            officers=[admin],
            pausers=[admin],
            binder=admin,
            settleWindow=settle_window,
            reviewWindow=2 * settle_window,
            tokens=[self.token],
        )
        self._create_oracle(signers, quorum, lifetime)
        self._create_compliance()
        self.send(admin, "PayFlowCore", "bind", self.addresses["FraudOracle"], self.addresses["ComplianceEngine"])
        self.write_file(signers, quorum)
        self.send(admin, "TestStablecoin", "mint", self.payer, 10**15)
        self.send(self.payer, "TestStablecoin", "approve", self.core, 2**255)

    def _create_oracle(self, signers: Sequence[str], quorum: int, lifetime: int) -> None:
        self._create(
            "FraudOracle",
            admin=self.admin,
            changeDelay=60,
            riskAdmins=[self.admin],
            signers=signers,
            quorum=quorum,
            thresholds={"safe": 20, "low": 40, "medium": 60, "high": 80},
            maxReportLifetime=lifetime,
            core=self.core,
        )

    def _create_compliance(self) -> None:
        unlimited = 2**64 - 1
        self._create(
            "ComplianceEngine",
            admin=self.admin,
            changeDelay=60,
            officers=[self.admin],
            tiers=[{"perPayment": unlimited, "daily": unlimited, "monthly": unlimited, "open": True}],
            travelRuleCents=2**47,
            sanctionsSource="0x" + "00" * 20,
            core=self.core,
        )

    def _create(self, name: str, **setup: Any) -> None:
        _, code, inputs = artifact(name)
        arguments = encode([one.type for one in inputs], [shaped(one, setup) for one in inputs]).hex()
        receipt = self.mined({"from": self.accounts[0], "data": code + arguments, "gas": hex(20_000_000)})
        assert receipt["status"] == "0x1", f"{name} could not be deployed"
        self.addresses[name] = receipt["contractAddress"].lower()

    def write_file(self, signers: Sequence[str], quorum: int) -> None:
        """The deployment file, with the contracts that the core works with now."""
        contracts = {}
        for name in ("FraudOracle", "PayFlowCore", "ComplianceEngine"):
            code = self.anvil.call("eth_getCode", self.addresses[name], "latest")
            contracts[name] = {
                "address": self.addresses[name],
                "block": 1,
                "transaction": "0x" + "00" * 32,
                "code_hash": "0x" + keccak(bytes.fromhex(code[2:])).hex(),
                "constructor": {},
            }
        document = {
            "schema": 1,
            "chain_id": 31337,
            "genesis_hash": self.anvil.call("eth_getBlockByNumber", "0x0", False)["hash"],
            "deployer": self.admin,
            "contracts": contracts,
            "tokens": [{"address": self.token, "symbol": "pUSD", "decimals": 6}],
            "signers": list(signers),
            "quorum": quorum,
            "roles": {},
            "limits": {},
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "31337.json").write_text(json.dumps(document))

    def scheduled(self, contract: str, name: str, *arguments: Any) -> None:
        """Make a change that waits, after its delay."""
        call = bytes.fromhex(self.function(contract, name).call_data(*arguments)[2:])
        self.send(self.admin, contract, "scheduleChange", call)
        self.anvil.call("evm_increaseTime", 120)
        self.anvil.mine()
        self.send(self.admin, contract, "executeChange", call)

    def replace_oracle(self) -> None:
        """Give the core another FraudOracle, of which the deployment file knows nothing."""
        self._create_oracle([self.signer], 1, 24 * HOUR)
        self.scheduled("PayFlowCore", "setOracle", self.addresses["FraudOracle"])

    def replace_compliance(self) -> None:
        """Give the core another ComplianceEngine, of which the deployment file knows nothing."""
        self._create_compliance()
        self.scheduled("PayFlowCore", "setCompliance", self.addresses["ComplianceEngine"])

    def function(self, contract: str, name: str) -> Function:
        return artifact(contract)[0].functions[name]

    def send(self, sender: str, contract: str, name: str, *arguments: Any) -> dict[str, Any]:
        """Send and mine; the receipt of a transaction that must succeed."""
        receipt = self.mined(self._transaction(sender, contract, name, arguments))
        assert receipt["status"] == "0x1", f"{name} was reverted"
        return receipt

    def post(self, sender: str, contract: str, name: str, *arguments: Any) -> str:
        """Send without waiting; the hash."""
        return str(self.anvil.call("eth_sendTransaction", self._transaction(sender, contract, name, arguments)))

    def read(self, contract: str, name: str, *arguments: Any) -> Any:
        function = self.function(contract, name)
        transaction = {"to": self.addresses[contract], "data": function.call_data(*arguments)}
        return function.result(self.anvil.call("eth_call", transaction, "latest"))

    def _transaction(self, sender: str, contract: str, name: str, arguments: Sequence[Any]) -> dict[str, Any]:
        data = self.function(contract, name).call_data(*arguments)
        return {"from": sender, "to": self.addresses[contract], "data": data, "gas": hex(2_000_000)}

    def mined(self, transaction: dict[str, Any]) -> dict[str, Any]:
        tx = self.anvil.call("eth_sendTransaction", transaction)
        receipt: dict[str, Any] | None = self.anvil.call("eth_getTransactionReceipt", tx)
        if receipt is None and not self.anvil.call("anvil_getAutomine"):
            self.anvil.mine()
        deadline = time.monotonic() + 10
        while receipt is None:  # anvil mines by itself, but not always before it answers
            receipt = self.anvil.call("eth_getTransactionReceipt", tx)
            assert time.monotonic() < deadline, f"{tx} is not mined"
        return receipt

    def pay(self, amount: int, *, sender: str | None = None, recipient: str | None = None) -> str:
        """Open an escrow of `amount` base units; the payment's id."""
        terms = self.terms(amount, sender=sender, recipient=recipient)
        reference = bytes.fromhex(terms.reference[2:])
        self.send(terms.sender, "PayFlowCore", "createPayment", terms.recipient, terms.token, terms.amount, reference)
        return terms.payment_id(chain_id=31337, core=self.core)

    def terms(self, amount: int, *, sender: str | None = None, recipient: str | None = None) -> PaymentTerms:
        reference = "0x" + secrets.token_hex(16)
        return PaymentTerms(sender or self.payer, recipient or self.payee, self.token, amount, reference)

    def nonce(self) -> int:
        """Transactions of the signer that are included."""
        return int(self.anvil.call("eth_getTransactionCount", self.signer, "latest"), 16)

    def status(self, payment_id: str) -> int:
        return int(self.read("PayFlowCore", "getPayment", bytes.fromhex(payment_id[2:]))["status"])

    def events(self, name: str) -> list[dict[str, Any]]:
        """All canonical events of the core with that name, with their arguments."""
        event = artifact("PayFlowCore")[0].events[name]
        logs = self.anvil.call(
            "eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest", "address": self.core, "topics": [event.topic]}
        )
        return [event.arguments([topic.lower() for topic in log["topics"]], log["data"]) for log in logs]

    def settings(self, data_dir: Path, **changes: Any) -> Settings:
        values: dict[str, Any] = {
            "rpc_url": self.anvil.url,
            "rpc_retries": 1,
            "rpc_timeout": 5.0,
            "deployments": self.folder,
            "data_dir": data_dir,
            "private_key": SIGNER_KEY,
            "poll_interval": 0.05,
            "final_tag": "latest",
            "retry_first": 0.05,
            "retry_max": 0.2,
        }
        return Settings(**{**values, **changes})


_numbers = itertools.count()


@contextmanager
def mining(net: Devnet, every: float, *, before: Callable[[], object] = lambda: None) -> Iterator[None]:
    """A block every so many seconds, whether or not anybody sends anything; `before` each of them something is done."""
    over = threading.Event()

    def mine() -> None:
        while not over.wait(every):
            before()
            net.anvil.mine()

    miner = threading.Thread(target=mine)
    miner.start()
    try:
        yield
    finally:
        over.set()
        miner.join()


@contextmanager
def devnet(folder: Path, *arguments: str, port: int | None = None, **setup: Any) -> Iterator[Devnet]:
    """A fresh anvil with the system on it, gone afterwards."""
    anvil = Anvil(*arguments, port=port)
    try:
        net = Devnet(anvil, folder / f"deployments-{next(_numbers)}")
        net.deploy(**setup)
        yield net
    finally:
        anvil.stop()
