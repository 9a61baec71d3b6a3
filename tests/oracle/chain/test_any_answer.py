"""Whatever an RPC node answers, nothing but errors of the tree leave the package: else one odd answer ends a node."""

import inspect
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from oracle.chain.blocks import BY_HASH, BlockReader
from oracle.chain.client import PayFlowClient
from oracle.chain.connect import connect
from oracle.chain.contracts import Contracts, PaymentTerms
from oracle.chain.deployment import load_deployment
from oracle.chain.rpc import Rpc
from oracle.chain.status import status_after
from oracle.chain.transactions import TransactionPort
from oracle.errors import PayFlowError
from oracle.settings import Settings
from oracle.signing import LocalSigner, ReportDigests, RiskReport, SignedBatch, merged_batches, signed_batch
from tests.oracle.chain.given_rpc import GivenRpc, each
from tests.oracle.devnet import HOUR, MNEMONIC_KEYS, SIGNER_KEY, Devnet

T = TypeVar("T")
TX = "0x" + "ab" * 32
LAST = BY_HASH + 4
"""A stretch up to here is asked for by range, and then by hash."""


class Hasty(PayFlowClient):
    """The client, but that it does not wait two minutes for what an odd answer keeps from happening."""

    def wait_for(self, look: Callable[[], T | None], *, what: str, timeout: float = 0.3) -> T:
        return super().wait_for(look, what=what, timeout=timeout)


def id_of(terms: PaymentTerms, core: str) -> str:
    return terms.payment_id(chain_id=31337, core=core)


def signed(net: Devnet, terms: PaymentTerms) -> SignedBatch:
    """A report that lets the payment pass."""
    now = int(net.anvil.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    blank = "0x" + "11" * 32
    report = RiskReport(id_of(terms, net.core), 1, 1, 1, 1, 1, 1, 0, blank, blank, now, now + HOUR)
    digests = ReportDigests(chain_id=31337, verifying_contract=net.addresses["FraudOracle"])
    return signed_batch([report], digests, LocalSigner(bytes.fromhex(SIGNER_KEY[2:])))


@dataclass(frozen=True)
class Reading:
    """Everything that reads answers, on one RPC address."""

    rpc: Rpc
    port: TransactionPort
    contracts: Contracts
    client: PayFlowClient
    settings: Settings
    terms: PaymentTerms
    settlement: str
    """Calldata that settles the payment."""

    @classmethod
    def at(cls, url: str, net: Devnet, terms: PaymentTerms) -> "Reading":
        rpc = Rpc(url, timeout=5, retries=0)
        contracts = Contracts(rpc, load_deployment(net.folder / "31337.json"))
        return cls(
            rpc=rpc,
            port=TransactionPort(rpc),
            contracts=contracts,
            client=Hasty(rpc, contracts, LocalSigner(bytes.fromhex(MNEMONIC_KEYS[0][2:]))),
            settings=net.settings(net.folder, rpc_url=url, rpc_retries=0),
            terms=terms,
            settlement=contracts.settle_batch([terms], merged_batches([signed(net, terms)])),
        )

    @property
    def payment_id(self) -> str:
        return id_of(self.terms, self.contracts.deployment.core.address)

    def reader(self) -> BlockReader:
        return BlockReader(self.rpc, self.contracts.wanted, log_range=LAST, log_range_max=LAST)

    def stretch(self, last: int) -> None:
        for block in self.reader().read(first=1, last=last, parent=None):
            for log in block.logs:
                event = self.contracts.decode(log)
                if event is not None:
                    status_after(event.name, event.arguments)

    def attempt(self, name: str) -> None:
        """One of CALLS, which may fail with an error of the tree that can be shown and published."""
        self.rpc._batches = True  # an answer that is no batch turns them off for good
        try:
            CALLS[name](self)
        except PayFlowError as error:
            str(error).encode()
            json.dumps(error.data, ensure_ascii=False).encode()


CALLS: dict[str, Callable[[Reading], object]] = {
    "connect": lambda on: connect(on.rpc, on.settings),
    "TransactionPort.nonce": lambda on: on.port.nonce(on.terms.sender),
    "TransactionPort.gas_of_nothing": lambda on: on.port.gas_of_nothing(on.terms.sender),
    "TransactionPort.balance": lambda on: on.port.balance(on.terms.sender),
    "TransactionPort.is_known": lambda on: on.port.is_known(TX),
    "TransactionPort.receipt": lambda on: on.port.receipt(TX),
    "TransactionPort.broadcast": lambda on: on.port.broadcast("0x00"),
    "Contracts.check_chain": lambda on: on.contracts.check_chain(),
    "Contracts.check_code": lambda on: on.contracts.check_code(),
    "Contracts.replaced_parts": lambda on: on.contracts.replaced_parts(),
    "Contracts.quorum": lambda on: on.contracts.quorum(),
    "Contracts.is_signer": lambda on: on.contracts.is_signer(on.terms.sender),
    "Contracts.statuses": lambda on: on.contracts.statuses([on.payment_id, TX]),
    "Contracts.references_used": lambda on: on.contracts.references_used([(on.terms.sender, on.terms.reference)] * 2),
    "Contracts.read_symbol": lambda on: on.contracts.read_symbol(on.terms.token),
    "Contracts.settled_alone": lambda on: on.contracts.settled_alone(
        sender=on.terms.sender, data=on.settlement, size=1
    ),
    "Contracts.estimate": lambda on: on.contracts.estimate(
        call="settleBatch", sender=on.terms.sender, data=on.settlement
    ),
    "BlockReader.head": lambda on: on.reader().head("latest", 1),
    "BlockReader.header": lambda on: on.reader().header(1),
    "BlockReader.read": lambda on: on.stretch(LAST),
    "PayFlowClient.state": lambda on: on.client.state(on.payment_id),
    "PayFlowClient.terms": lambda on: on.client.terms(on.payment_id),
    "PayFlowClient.balance": lambda on: on.client.balance(on.contracts.deployment.tokens[0], on.terms.sender),
    "PayFlowClient.native_balance": lambda on: on.client.native_balance(on.terms.sender),
    "PayFlowClient.allowance": lambda on: on.client.allowance(on.contracts.deployment.tokens[0], on.terms.sender),
    "PayFlowClient.wallet_risk": lambda on: on.client.wallet_risk(on.terms.sender),
    "PayFlowClient.has_role": lambda on: on.client.has_role("PayFlowCore", "REVIEWER_ROLE", on.terms.sender),
    "PayFlowClient.compliance_answer": lambda on: on.client.compliance_answer(on.terms, 6),
    "PayFlowClient.approve_token": lambda on: on.client.approve_token(on.contracts.deployment.tokens[0], 10**15),
}

READ_NOTHING = {
    "Contracts": {"wanted", "decode", "settle", "settle_batch", "pay_instant", "reclaim", "explain"},
    "BlockReader": set[str](),
    "TransactionPort": set[str](),
    # these send as approve_token does
    "PayFlowClient": {"address", "mint", "create_payment", "pay_instant", "cancel", "reclaim", "review", "send"}
    | {"wait_for"},
}


def test_calls__every_public_function_that_reads__is_tried() -> None:
    for kind in (Contracts, BlockReader, TransactionPort, PayFlowClient):
        public = {name for name in vars(kind) if not name.startswith("_")}
        tried = {name.partition(".")[2] for name in CALLS if name.startswith(f"{kind.__name__}.")}
        assert public - READ_NOTHING[kind.__name__] == tried
    readers = [one for one in vars(inspect.getmodule(connect)).values() if inspect.isfunction(one)]
    assert [one.__name__ for one in readers if one.__module__ == connect.__module__] == ["connect"]


@pytest.fixture(scope="module")
def terms(shared_net: Devnet) -> PaymentTerms:
    """Of a payment on a chain of more than LAST blocks."""
    net = shared_net
    made = net.terms(5 * 10**6)
    reference = bytes.fromhex(made.reference[2:])
    net.send(made.sender, "PayFlowCore", "createPayment", made.recipient, made.token, made.amount, reference)
    net.anvil.mine(LAST)
    return made


@pytest.fixture(scope="module")
def server() -> Iterator[GivenRpc]:
    rpc = GivenRpc()
    yield rpc
    rpc.close()


@pytest.fixture(scope="module")
def lied_to(shared_net: Devnet, terms: PaymentTerms, server: GivenRpc) -> Reading:
    return Reading.at(server.url, shared_net, terms)


@pytest.fixture(scope="module")
def anvil(shared_net: Devnet) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shared_net.anvil.url, timeout=10) as client:
        yield client


NAMES = st.sampled_from(sorted(CALLS))
KEYS = (
    st.sampled_from(["result", "error", "id", "code", "message", "data"])
    | st.sampled_from(["hash", "number", "parentHash", "timestamp", "logsBloom", "baseFeePerGas"])
    | st.sampled_from(["address", "topics", "blockHash", "blockNumber", "transactionHash", "logIndex"])
)
TEXTS = (
    st.text(st.characters(exclude_categories=()), max_size=8)
    | st.from_regex(r"\A0x[0-9a-fA-F]{0,70}\Z")
    | st.integers(0, 2**256 - 1).map(lambda number: f"0x{number:064x}")
    | st.sampled_from(["0x", "0xabc", "0x1_0", "0x 1", "-0x1", "0x-1", "0x" + "f" * 5_000, "0x" + "ff" * 3_000])
    | st.sampled_from(
        ["0x" + "00" * 31 + "20" + "ff" * 32, "0xReverted", "RATE_LIMIT", "429", "\0", "\ud800", "latest"]
    )
)
LEAVES = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | TEXTS
ANY = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | TEXTS, inner, max_size=4),
    max_leaves=8,
)
ERRORS = ANY | st.fixed_dictionaries({}, optional={"code": ANY, "message": ANY, "data": ANY})
many = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])


@many
@given(name=NAMES, value=ANY)
@example(name="Contracts.estimate", value=None)
@example(name="TransactionPort.nonce", value=None)
@example(name="TransactionPort.receipt", value=[])
@example(name="Contracts.statuses", value="0x" + ("00" * 31 + "ff") * 7)
def test_any_call__any_result__is_read_or_refused(lied_to: Reading, server: GivenRpc, name: str, value: Any) -> None:
    server.answer = each(lambda call: {"jsonrpc": "2.0", "id": call["id"], "result": value})
    lied_to.attempt(name)


@many
@given(name=NAMES, error=ERRORS)
@example(name="BlockReader.header", error={"code": None, "message": "busy"})
@example(name="BlockReader.header", error={"code": "RATE_LIMIT", "message": None})
@example(name="Contracts.estimate", error={"code": 3, "message": "execution reverted", "data": "0xabc"})
@example(name="Contracts.estimate", error={"code": 3, "message": "execution reverted", "data": "0x\ud800"})
def test_any_call__any_error__is_read_or_refused(lied_to: Reading, server: GivenRpc, name: str, error: Any) -> None:
    server.answer = each(lambda call: {"jsonrpc": "2.0", "id": call["id"], "error": error})
    lied_to.attempt(name)


@many
@given(name=NAMES, parts=st.lists(ANY | st.fixed_dictionaries({"id": ANY}, optional={"result": ANY, "error": ERRORS})))
def test_any_call__any_batch__is_read_or_refused(
    lied_to: Reading, server: GivenRpc, name: str, parts: list[Any]
) -> None:
    def answer(request: Any) -> bytes:
        if isinstance(request, list):
            return json.dumps(
                [parts[number % len(parts)] if parts else {} for number, _ in enumerate(request)]
            ).encode()
        return json.dumps(parts[0] if parts else None).encode()

    server.answer = answer
    lied_to.attempt(name)


BODIES = [b"", b"null", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"a":' * 500 + b"1" + b"}" * 500, b"9" * 5_000]
NESTED = b'{"jsonrpc":"2.0","id":0,"result":' + b"[" * 400 + b"]" * 400 + b"}"


@pytest.mark.parametrize("body", [*BODIES, NESTED], ids=lambda body: repr(body[:12]))
@pytest.mark.parametrize("name", sorted(CALLS))
def test_any_call__any_body__is_refused(lied_to: Reading, server: GivenRpc, name: str, body: bytes) -> None:
    server.answer = lambda _request: body
    lied_to.attempt(name)


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to all parts of a JSON value."""
    yield path
    for key, one in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from spots(one, (*path, key))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


@many
@given(name=NAMES, turn=st.integers(0, 5), spot=st.integers(0, 1_000), value=ANY)
def test_any_call__one_part_of_a_true_answer_is_odd__is_read_or_refused(
    lied_to: Reading, server: GivenRpc, anvil: httpx.Client, name: str, turn: int, spot: int, value: Any
) -> None:
    left = [turn]

    def one(call: Any) -> Any:
        answer = anvil.post("/", json=call).json()
        left[0] -= 1
        if left[0] != -1:
            return answer
        ways = [way for way in spots(answer) if way]
        return changed(answer, ways[spot % len(ways)], value)

    server.answer = each(one)
    lied_to.attempt(name)


def test_any_call__true_answers__are_read(lied_to: Reading, server: GivenRpc, anvil: httpx.Client) -> None:
    """Else the tests above would try nothing."""
    server.answer = lambda request: anvil.post("/", json=request).content
    for call in CALLS.values():
        call(lied_to)
