"""The demo from the first process to the last figure."""

import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import httpx
from rich.console import Console
from rich.live import Live

from oracle.chain.deployment import load_deployment
from oracle.chain.rpc import Rpc
from oracle.chain.status import PaymentStatus
from oracle.demo.chain import StoryChain
from oracle.demo.ledger import REFUSED_AT_CREATION, REFUSED_INSTANT, Entry, Ledger
from oracle.demo.processes import Program, answers, free_port, payflow, program, wait_until
from oracle.demo.report import Summary, Sums, groups, latency, live_table, outcomes, show
from oracle.demo.script import Act, Script, in_blocks
from oracle.errors import ApiError, DeploymentMissing, WaitedTooLong
from oracle.tools import devnet_address, devnet_key, find_anvil, run_deploy

ADMIN, SIGNER, OFFICER, REVIEWER, CANCELLER, CANCELLED_SHOP = range(6)
"""Numbers of anvil's accounts, as config/demo.toml gives them their roles."""
CHAIN_ID = 31337
ROOT = Path(__file__).resolve().parents[2]
BACKLOG = 60
"""Payments that may wait for a verdict before the next ones are made."""
LAST_WAIT = 90.0
LONGEST_JUMP = 5 * 86_400
"""Seconds of chain time; before a longer jump everything is settled, or it would pass its deadline."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """How to run. `pace`: payments a second at most; `kill_node`: SIGKILL it half-way and start it again."""

    script: Script
    pace: float = 12.0
    kill_node: bool = False
    keep: bool = False
    as_json: bool = False
    extras: bool = True
    """Also show a cancellation, a payment to a sanctioned party, and the reviewer at work."""


@dataclass(slots=True)
class _Stage:
    """The running system."""

    chain: StoryChain
    node: Program
    api: str
    api_key: str
    ledger: Ledger = field(default_factory=Ledger)
    actions: dict[str, int] = field(default_factory=dict)

    def count(self, action: str) -> None:
        self.actions[action] = self.actions.get(action, 0) + 1


def run_demo(options: DemoOptions) -> int:
    """Run it; 0 where everything adds up, 1 where something does not. Nothing that it started outlives it."""
    console = Console(stderr=options.as_json, soft_wrap=True, highlight=False)
    started = time.monotonic()
    with ExitStack() as stack:
        stack.enter_context(_terminated_as_interrupted())
        folder = Path(stack.enter_context(_folder(options.keep, console)))
        stage = _raise_curtain(options, folder, stack, console)
        try:
            _play(options, stage, console)
            _take_reviews(options, stage)
            _await_verdicts(stage, console)
        except WaitedTooLong:
            console.print(f"[red]The node's last words:[/red]\n{stage.node.tail()}")
            raise
        summary = _summarise(options, stage, time.monotonic() - started)
    if options.as_json:
        sys.stdout.write(json.dumps(summary.as_json()) + "\n")
    else:
        show(summary, stage.chain.token, console)
        console.print(f"\n{summary.payments} payments in {summary.seconds:.0f} s. README.md says where to go on.")
    return 1 if summary.problems or not summary.sums.match else 0


# --- before ---


def _raise_curtain(options: DemoOptions, folder: Path, stack: ExitStack, console: Console) -> _Stage:
    port, api_port = free_port(), free_port()
    rpc_url, api = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{api_port}"
    console.print(f"Devnet     {rpc_url}, a block a second")
    anvil = stack.enter_context(
        program(
            "anvil",
            [
                find_anvil(),
                "--port",
                str(port),
                "--block-time",
                "1",
                "--timestamp",
                str(options.script.start - 3600),
                "--gas-limit",
                "200000000",
                "--silent",
            ],
            folder / "anvil.log",
        )
    )
    rpc = Rpc(rpc_url, timeout=20, retries=5)
    wait_until(lambda: _alive(rpc), what="the devnet's first answer", alive=anvil)
    deployments = folder / "deployments"
    deployed = run_deploy(
        ["--network", "ethereum:local:foundry", "--config", str(ROOT / "config" / "demo.toml")],
        rpc=rpc_url,
        extra={"PAYFLOW_DEPLOYMENTS": str(deployments)},
        quiet=True,
    )
    (folder / "deploy.log").write_text(deployed.stdout + deployed.stderr, encoding="utf-8")
    if deployed.returncode != 0:
        console.print(deployed.stdout + deployed.stderr)
        raise DeploymentMissing(path=deployments / f"{CHAIN_ID}.json", chain_id=CHAIN_ID)
    deployment = load_deployment(deployments / f"{CHAIN_ID}.json", chain_id=CHAIN_ID)
    console.print(f"Contracts  core {deployment.core.address}, deployed by ape, read back")
    chain = StoryChain(rpc, deployment, devnet_address(ADMIN))
    api_key = "demo"
    node = stack.enter_context(
        program(
            "payflow node",
            payflow("node"),
            folder / "node.log",
            {
                "PAYFLOW_RPC_URL": rpc_url,
                "PAYFLOW_DEPLOYMENTS": str(deployments),
                "PAYFLOW_DATA_DIR": str(folder / "node"),
                "PAYFLOW_API_PORT": str(api_port),
                "PAYFLOW_API_KEY": api_key,
                "PAYFLOW_PRIVATE_KEY": devnet_key(SIGNER),
                "PAYFLOW_POLL_INTERVAL": "0.1",
                "PAYFLOW_FINAL_TAG": "latest",
                "PAYFLOW_RATE_PER_MINUTE": "100000",
                "PAYFLOW_RATE_BURST": "10000",
                "PAYFLOW_MAX_GAS": "60000000",
                "PAYFLOW_CONFIG": str(_no_config(folder)),
            },
        )
    )
    wait_until(lambda: answers(f"{api}/ready"), what="the node to be ready", alive=node)
    console.print(f"Node       {api} (live page, API at /docs)")
    stage = _Stage(chain, node, api, api_key)
    for address in options.script.blacklist:
        _ask(stage, "POST", "/blacklist", {"address": address, "note": "listed in the story"})
    _fund(options.script, chain)
    return stage


def _no_config(folder: Path) -> Path:
    """The demo depends on no settings file of the user's."""
    empty = folder / "payflow.toml"
    empty.touch()
    return empty


def _alive(rpc: Rpc) -> bool:
    return rpc.ask("eth_chainId").number() == CHAIN_ID


def _fund(script: Script, chain: StoryChain) -> None:
    wallets = script.outflow()
    wallets[devnet_address(CANCELLER)] = 100 * 10**chain.token.decimals
    chain.fund(wallets)


# --- the play ---


def _play(options: DemoOptions, stage: _Stage, console: Console) -> None:
    script, chain = options.script, stage.chain
    total, made = len(script.acts), 0
    kill_at = total // 2 if options.kill_node else -1
    cancel_at = total // 3 if options.extras else -1
    previous = script.start
    with _display(options, stage, total, console) as refresh:
        for block in in_blocks(script.acts):
            began = time.monotonic()
            at = block[0].time
            if at - previous > LONGEST_JUMP:
                _settle_down(stage)
            for act in block:
                if act.instant:
                    _pay_instantly(stage, act, at)
                else:
                    terms = act.terms(chain.token.address)
                    stage.ledger.expect(_payment_id(stage, act), act)
                    chain.create(terms)
            if made < cancel_at <= made + len(block):
                _cancel_one(stage, at)
                _pay_a_sanctioned_party(stage, at)
            chain.mine_at(at)
            _read(stage)
            made += len(block)
            if kill_at >= 0 and made >= kill_at:
                kill_at = -1
                stage.node.kill()
                stage.node.restart()
                stage.count("node killed and restarted")
                # until it has seen blocks come, a node takes its own clock for the chain's, which lives in the past
                for _ in range(2):
                    chain.mine_at(chain.now() + 1)
                    _until_node_sees_head(stage)
            refresh()
            while stage.ledger.pending > BACKLOG:
                _breathe(stage)
            previous = at
            time.sleep(max(0.0, len(block) / options.pace - (time.monotonic() - began)))


def _pay_instantly(stage: _Stage, act: Act, at: int) -> None:
    chain = stage.chain
    chain.mine_at(at - 1)
    _until_node_sees_head(stage)
    entry = stage.ledger.expect(_payment_id(stage, act), act)
    quote = _ask(
        stage,
        "POST",
        "/oracle-format",
        {
            "sender": act.sender,
            "recipient": act.recipient,
            "amount": chain.token.text(act.amount),
            "reference": act.reference,
        },
    )
    stage.count("instant payments")
    if quote["refusal"]:
        entry.refused = REFUSED_INSTANT
        return
    chain.send(act.sender, chain.deployment.core.address, str(quote["calldata"]))


def _until_node_sees_head(stage: _Stage) -> None:
    """The clock has jumped: a report from before the jump would have expired."""
    head = stage.chain.height()
    deadline = time.monotonic() + LAST_WAIT
    while True:
        seen = _ask(stage, "GET", "/health").get("head_block")
        if isinstance(seen, int) and seen >= head:
            return
        if time.monotonic() > deadline:
            raise WaitedTooLong(what=f"the node to see block {head}", seconds=LAST_WAIT)
        time.sleep(0.02)


def _pay_a_sanctioned_party(stage: _Stage, at: int) -> None:
    """The officer lists a wallet, and the contract takes nothing for it."""
    chain = stage.chain
    act = Act(
        time=at,
        sender=devnet_address(CANCELLER),
        recipient="0x" + "5a" * 20,
        amount=7 * 10**chain.token.decimals,
        reference="0x" + "5a" * 16,
        truth="payment to a party on the contracts' sanctions list",
        fraud=True,
    )
    chain.sanction(devnet_address(OFFICER), act.recipient)
    stage.ledger.expect(_payment_id(stage, act), act).refused = REFUSED_AT_CREATION
    chain.create(act.terms(chain.token.address))
    stage.count("refused by the compliance engine")


def _cancel_one(stage: _Stage, at: int) -> None:
    """The payer changes their mind in the same block: nobody can settle in between."""
    chain = stage.chain
    act = Act(
        time=at,
        sender=devnet_address(CANCELLER),
        recipient=devnet_address(CANCELLED_SHOP),
        amount=42 * 10**chain.token.decimals,
        reference="0x" + "ca" * 16,
        truth="cancelled by the payer",
        fraud=False,
    )
    stage.ledger.expect(_payment_id(stage, act), act)
    chain.create(act.terms(chain.token.address))
    chain.cancel(act.terms(chain.token.address))
    stage.count("cancelled by the payer")


def _take_reviews(options: DemoOptions, stage: _Stage) -> None:
    """The reviewer, who has spoken with the payers, lets ordinary payments pass and sends frauds back."""
    if not options.extras:
        return
    _settle_down(stage)
    held = [entry for entry in stage.ledger.entries.values() if entry.status is PaymentStatus.HELD]
    honest = [entry for entry in held if not entry.act.fraud]
    frauds = [entry for entry in held if entry.act.fraud]
    decisions = [(entry, True) for entry in honest[:10]] + [(entry, False) for entry in frauds[:10]]
    for entry, approve in decisions:
        terms = entry.act.terms(stage.chain.token.address)
        note = "called the payer" if approve else "the payer did not know of it"
        stage.chain.review(devnet_address(REVIEWER), terms, approve=approve, note=note)
        stage.count("approved by the reviewer" if approve else "rejected by the reviewer")
    stage.chain.mine_at(stage.chain.now() + 60)
    _read(stage)


def _await_verdicts(stage: _Stage, console: Console) -> None:
    _settle_down(stage)
    console.print()


def _settle_down(stage: _Stage) -> None:
    deadline = time.monotonic() + LAST_WAIT
    while stage.ledger.pending:
        if time.monotonic() > deadline:
            raise WaitedTooLong(what=f"the verdict on {stage.ledger.pending} payment(s)", seconds=LAST_WAIT)
        _breathe(stage)


def _breathe(stage: _Stage) -> None:
    """Let the node work; the chain goes on by its own rhythm."""
    time.sleep(0.1)
    _read(stage)


def _read(stage: _Stage) -> None:
    for event, tx in stage.chain.new_events():
        stage.ledger.take(event, tx)


# --- after ---


def _summarise(options: DemoOptions, stage: _Stage, seconds: float) -> Summary:
    _read(stage)
    ledger, chain = stage.ledger, stage.chain
    problems = ledger.check(chain.statuses(ledger.entries))
    return Summary(
        payments=len(ledger.entries),
        seconds=round(seconds, 1),
        outcomes=outcomes(ledger),
        groups=groups(ledger),
        latency=latency(ledger),
        gas=_gas(stage),
        sums=_sums(options.script, stage),
        actions=stage.actions,
        problems=problems,
    )


def _gas(stage: _Stage) -> dict[str, float]:
    used = payments = 0
    for tx, settled in stage.ledger.verdict_transactions.items():
        receipt = stage.chain.receipt(tx)
        if receipt is not None:
            used += int(receipt["gasUsed"], 16)
            payments += settled
    if not payments:
        return {}
    return {
        "per_payment": round(used / payments),
        "payments_per_transaction": round(payments / len(stage.ledger.verdict_transactions), 2),
    }


def _sums(script: Script, stage: _Stage) -> Sums:
    chain, ledger = stage.chain, stage.ledger
    core = chain.deployment.core.address
    minted = script.outflow()
    minted[devnet_address(CANCELLER)] = 100 * 10**chain.token.decimals
    expected = ledger.expected_balances(minted, core)
    found = chain.balances(expected)
    return Sums(
        minted=sum(minted.values()),
        supply=chain.supply(),
        held_by_wallets=sum(balance for holder, balance in found.items() if holder != core),
        in_escrow=found[core],
        open_escrows=sum(_open_amount(entry) for entry in ledger.entries.values()),
        deviations=sum(found[holder] != balance for holder, balance in expected.items()),
    )


def _open_amount(entry: Entry) -> int:
    return entry.act.amount if entry.status is not None and not entry.refused and entry.status.is_open else 0


# --- small things ---


def _payment_id(stage: _Stage, act: Act) -> str:
    deployment = stage.chain.deployment
    terms = act.terms(stage.chain.token.address)
    identify = terms.instant_id if act.instant else terms.payment_id
    return identify(chain_id=deployment.chain_id, core=deployment.core.address)


def _ask(stage: _Stage, method: str, path: str, body: dict[str, object] | None = None) -> dict[str, object]:
    """A request to the node, which may be coming back from being killed."""
    deadline = time.monotonic() + 30
    while True:
        try:
            answer = httpx.request(
                method, stage.api + path, json=body, headers={"X-API-Key": stage.api_key}, timeout=20
            )
        except httpx.TransportError as failed:
            status, detail = 0, str(failed)
        else:
            if answer.is_success:
                document: dict[str, object] = answer.json()
                return document
            status, detail = answer.status_code, str(answer.json().get("detail", ""))
        if status not in (0, 503) or time.monotonic() > deadline:
            raise ApiError(url=stage.api, status=status, detail=detail)
        time.sleep(0.2)


@contextmanager
def _display(options: DemoOptions, stage: _Stage, total: int, console: Console) -> Iterator[Callable[[], None]]:
    if console.is_terminal and not options.as_json:
        with Live(live_table(stage.ledger, total), console=console, refresh_per_second=4, transient=True) as live:
            yield lambda: live.update(live_table(stage.ledger, total))
    else:
        said = [0]

        def plain() -> None:
            done = len(stage.ledger.entries)
            if done - said[0] >= 50 or done == total:
                said[0] = done
                console.print(f"Payments   {done} of {total} made, {stage.ledger.pending} waiting for their verdict")

        yield plain


@contextmanager
def _folder(keep: bool, console: Console) -> Iterator[str]:
    if keep:
        folder = tempfile.mkdtemp(prefix="payflow-demo-")
        console.print(f"Logs       {folder} (kept)")
        yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="payflow-demo-") as folder:
            yield folder


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM ends the demo as Ctrl-C does: with everything tidied up."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
