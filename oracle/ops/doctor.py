"""What a node needs, checked one by one; each finding says how to mend it."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from oracle.chain.blocks import TIME_BITS
from oracle.chain.client import PayFlowClient
from oracle.chain.connect import connect
from oracle.chain.contracts import Contracts
from oracle.chain.deployment import Deployment
from oracle.chain.rpc import Rpc
from oracle.errors import PayFlowError, StoreLocked, ToolMissing, WrongChain
from oracle.scoring import RiskModel
from oracle.settings import Settings
from oracle.signing import LocalSigner, load_signer
from oracle.store import Database
from oracle.tools import find_anvil

LOW_BALANCE = 10**16
"""Wei below which a signer soon cannot pay for its transactions: about 20 batches at 20 gwei."""


class Outcome(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; `remedy` is empty where nothing needs doing."""

    name: str
    outcome: Outcome
    finding: str
    remedy: str = ""


def examine(settings: Settings) -> Iterator[Check]:
    """Check everything that can be checked, in the order in which things need each other."""
    yield from _tools()
    yield _guarded("model", lambda: _model(settings))
    yield _guarded("journal", lambda: _journal(settings))
    rpc = Rpc(settings.rpc_url, timeout=settings.rpc_timeout, retries=0)
    try:
        chain_id = rpc.ask("eth_chainId").number()
    except PayFlowError as error:
        yield Check("rpc", Outcome.FAILED, str(error), "start a devnet (`payflow devnet`) or set PAYFLOW_RPC_URL")
        return
    yield Check("rpc", Outcome.OK, f"{settings.rpc_endpoint} serves chain {chain_id}")
    yield _guarded("clock", lambda: _clock(rpc, settings))
    signer: LocalSigner | None = None
    try:
        signer = load_signer(settings, chain_id=chain_id)
        finding = "none: the node scores and signs nothing" if signer is None else signer.address
        remedy = "" if signer else "set PAYFLOW_KEYSTORE_FILE and PAYFLOW_PASSWORD_FILE, or --devnet-account 1"
        yield Check("key", Outcome.OK if signer else Outcome.WARNING, finding, remedy)
    except PayFlowError as error:
        yield Check("key", Outcome.FAILED, str(error), "correct the key settings")
    try:
        contracts = connect(rpc, settings)
        deployment = contracts.deployment
    except WrongChain as error:
        yield Check("deployment", Outcome.FAILED, str(error), "correct PAYFLOW_RPC_URL, PAYFLOW_CHAIN_ID or the file")
        return
    except PayFlowError as error:
        yield Check("deployment", Outcome.FAILED, str(error), "deploy with `payflow deploy`")
        return
    yield Check("deployment", Outcome.OK, f"core {deployment.core.address}, code as recorded")
    yield from _quorum(contracts)
    if signer is not None:
        yield from _signer(rpc, contracts, deployment, signer)


def _tools() -> Iterator[Check]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    new_enough = sys.version_info >= (3, 11)
    yield Check(
        "python", Outcome.OK if new_enough else Outcome.FAILED, version, "" if new_enough else "install Python 3.11"
    )
    try:
        yield Check("anvil", Outcome.OK, find_anvil())
    except ToolMissing:
        yield Check("anvil", Outcome.WARNING, "not found: only devnets need it", "run `make setup`")


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except PayFlowError as error:
        return Check(name, Outcome.FAILED, str(error), "see the sentence itself")


def _model(settings: Settings) -> Check:
    model = RiskModel.default() if settings.model_file is None else RiskModel.load(settings.model_file)
    return Check("model", Outcome.OK, f"{model.version}, hash as recorded")


def _journal(settings: Settings) -> Check:
    try:
        database = Database(settings.journal_url)
    except StoreLocked as locked:
        return Check("journal", Outcome.OK, f"in use by a running node ({locked.data.get('journal', '')})")
    name = database.name
    database.close()
    return Check("journal", Outcome.OK, f"{name} can be written")


def _clock(rpc: Rpc, settings: Settings) -> Check:
    head = rpc.ask("eth_getBlockByNumber", "latest", False)
    ahead = head.member("timestamp").number(bits=TIME_BITS) - time.time()
    if ahead > settings.clock_skew:
        return Check(
            "clock", Outcome.FAILED, f"the newest block is {ahead:.0f} s ahead of this clock", "set the clock (NTP)"
        )
    return Check("clock", Outcome.OK, f"the newest block is {-ahead:.0f} s old")


def _quorum(contracts: Contracts) -> Iterator[Check]:
    quorum = contracts.quorum()
    yield Check("quorum", Outcome.OK, f"{quorum} signer(s) must agree")


def _signer(rpc: Rpc, contracts: Contracts, deployment: Deployment, signer: LocalSigner) -> Iterator[Check]:
    authorised = contracts.is_signer(signer.address)
    yield Check(
        "role",
        Outcome.OK if authorised else Outcome.FAILED,
        f"{signer.address} {'is' if authorised else 'is not'} a signer of {deployment.oracle.address}",
        "" if authorised else "schedule grantRole(AI_ORACLE_ROLE, this address) as the admin (docs/deployment.md)",
    )
    balance = PayFlowClient(rpc, contracts).native_balance(signer.address)
    yield Check(
        "balance",
        Outcome.OK if balance >= LOW_BALANCE else Outcome.WARNING,
        f"{balance / 10**18:.6f} of the chain's currency",
        "" if balance >= LOW_BALANCE else f"send some to {signer.address}: it pays for settlements",
    )
