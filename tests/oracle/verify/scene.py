"""What the tests of verification share: payments on a devnet that a real node has judged."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from safetensors.numpy import load, save

from oracle.chain.abi import load_abi
from oracle.chain.contracts import PaymentTerms
from oracle.chain.status import PaymentStatus
from oracle.scoring import Alert, RiskModel
from oracle.settings import Settings
from oracle.signing import LocalSigner, ReportDigests, RiskReport
from oracle.verify import Verification, verify
from oracle.verify.evidence import hash_of
from tests.oracle.devnet import HOUR, SIGNER_KEY, Devnet
from tests.oracle.faulty_rpc import Fault, FaultyRpc
from tests.oracle.running import RunningNode, eventually, running

DOLLAR = 10**6
CHAIN = 31337
SHIPPED = Path(__file__).resolve().parents[3] / "oracle" / "scoring" / "models" / "default.safetensors"


def outsider(net: Devnet, **changes: Any) -> Settings:
    """Settings of somebody with an RPC address and the deployment file only: no journal, no key."""
    return Settings(rpc_url=net.anvil.url, rpc_retries=1, rpc_timeout=5.0, deployments=net.folder, **changes)


def verified(net: Devnet, payment_id: str, **given: Any) -> Verification:
    return verify(payment_id, given.pop("settings", None) or outsider(net), **given)


@contextmanager
def faulty(net: Devnet, fault: Fault, **changes: Any) -> Iterator[Settings]:
    """Settings of an outsider whose RPC node misbehaves."""
    proxy = FaultyRpc(net.anvil.url)
    proxy.fault = fault
    try:
        yield outsider(net, **changes).model_copy(update={"rpc_url": proxy.url})
    finally:
        proxy.close()


@contextmanager
def working(net: Devnet, folder: Path, **changes: Any) -> Iterator[RunningNode]:
    """A node that has caught up."""
    with running(net.settings(folder, **changes)) as node:
        node.ready()
        yield node


def caught_up(net: Devnet, node: RunningNode) -> int:
    """Wait until the node has read the newest block; its number."""
    height = net.anvil.height()
    eventually(lambda: (node.service.health().cursor_block or 0) >= height, "the node has caught up")
    return height


def settled(net: Devnet, node: RunningNode, amount: int, **parties: str) -> str:
    payment_id = net.pay(amount, **parties)
    node.reaches(payment_id, PaymentStatus.SETTLED)
    return payment_id


def busy(net: Devnet, blocks: int, each: int) -> list[str]:
    """Escrows of one payer to many payees, `each` of them in one block, a minute between blocks; their ids."""
    ids: list[str] = []
    net.anvil.call("evm_setAutomine", False)
    for block in range(blocks):
        for number in range(each):
            payee = "0x" + sha256(f"{number} {block // 5}".encode()).hexdigest()[:40]
            terms = net.terms((number + 1) * DOLLAR + block, recipient=payee)
            parties = (terms.recipient, terms.token, terms.amount, bytes.fromhex(terms.reference[2:]))
            net.post(terms.sender, "PayFlowCore", "createPayment", *parties)
            ids.append(terms.payment_id(chain_id=CHAIN, core=net.core))
        net.anvil.call("evm_increaseTime", 60)
        net.anvil.mine()
    net.anvil.call("evm_setAutomine", True)
    return ids


def paid_instantly(net: Devnet, node: RunningNode, amount: int, *before: tuple[int, str]) -> tuple[str, bytes]:
    """Id and quoted document of an instant payment; `before`: payments (amount, recipient) made after it was quoted."""
    service = node.service
    quote = service.quote_instant(sender=net.payer, recipient=net.payee, token=service.token(None), amount=amount)
    for other, recipient in before:
        net.pay(other, recipient=recipient)
    receipt = net.mined({"from": net.payer, "to": quote.to, "data": quote.calldata, "gas": hex(10**6)})
    assert receipt["status"] == "0x1"
    node.reaches(quote.payment_id, PaymentStatus.SETTLED)
    return quote.payment_id, quote.assessment.evidence()


def report(net: Devnet, terms: PaymentTerms, **changes: Any) -> RiskReport:
    """A report that the contract takes for an escrow, whatever it says."""
    now = int(net.anvil.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    plain = RiskReport(
        payment_id=terms.payment_id(chain_id=CHAIN, core=net.core),
        overall_score=7,
        velocity_score=1,
        amount_score=2,
        pattern_score=3,
        graph_score=4,
        timing_score=5,
        alerts=0,
        model_version=RiskModel.default().version,
        evidence_hash="0x" + "e1" * 32,
        issued_at=now,
        expires_at=now + HOUR,
    )
    return replace(plain, **changes)


def honest(net: Devnet, terms: PaymentTerms, pending: Verification) -> RiskReport:
    """What an honest node says of a payment that was recomputed while it was pending."""
    document = json.loads(pending.document)
    return report(
        net,
        terms,
        **{f"{name}_score": score for name, score in document["scores"].items()},
        alerts=sum(Alert[name] for name in document["alerts"]),
        evidence_hash=hash_of(pending.document),
        issued_at=document["payment"]["timestamp"],
        expires_at=document["payment"]["timestamp"] + HOUR,
    )


def settle_with(net: Devnet, terms: PaymentTerms, said: RiskReport) -> None:
    """Settle an escrow by what one authorised signer says."""
    net.send(net.payee, "PayFlowCore", "settleNow", terms.as_abi(), [signed(net, said)])


def signed(net: Devnet, said: RiskReport, key: str = SIGNER_KEY) -> tuple[Any, bytes]:
    """A report with one signature, as the contract takes it."""
    digest = ReportDigests(chain_id=CHAIN, verifying_contract=net.addresses["FraudOracle"]).report(said)
    return said.as_abi(), LocalSigner(bytes.fromhex(key[2:])).sign(digest).full()


def settling(terms: PaymentTerms, *reports: tuple[Any, bytes]) -> str:
    """Calldata of `settleNow`."""
    return load_abi("PayFlowCore").functions["settleNow"].call_data(terms.as_abi(), list(reports))


def brought(net: Devnet, *calldata: str, to: str | None = None, sender: str | None = None) -> None:
    """Send pieces of calldata in a row, of which the contract at `to` (None: the core) reads the first."""
    data = "0x" + "".join(one[2:] for one in calldata)
    transaction = {"from": sender or net.payee, "to": to or net.core, "data": data, "gas": hex(2_000_000)}
    assert net.mined(transaction)["status"] == "0x1"


def forwarder(net: Devnet, account: str) -> str:
    """Make an account a contract that gives what it is called with to the core."""
    # CALLDATACOPY all of it to 0; CALL the core with it; revert if that failed
    code = "0x36600060003760006000366000600073" + net.core[2:] + "5af1602e5760006000fd5b00"
    net.anvil.call("anvil_setCode", account, code)
    return account


def open_escrow(net: Devnet, terms: PaymentTerms) -> str:
    reference = bytes.fromhex(terms.reference[2:])
    net.send(terms.sender, "PayFlowCore", "createPayment", terms.recipient, terms.token, terms.amount, reference)
    return terms.payment_id(chain_id=CHAIN, core=net.core)


def other_model(path: Path) -> str:
    """A sound model file with one other threshold; its version."""
    data = SHIPPED.read_bytes()
    length = int.from_bytes(data[:8], "little")
    about = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["payflow"])
    config = json.loads(about["config"])
    config["large_amount"] -= 1
    about["config"] = json.dumps(config, sort_keys=True, separators=(",", ":"))
    path.write_bytes(save(load(data), {"payflow": json.dumps(about, sort_keys=True, separators=(",", ":"))}))
    return RiskModel.load(path).version
