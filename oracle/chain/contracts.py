"""The deployed contracts: reading them, building calldata for them, and their logs as typed events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.exceptions import DecodingError

from oracle.chain.abi import Event, Function, load_abi, refusal, returned
from oracle.chain.answers import HASH, plain_text
from oracle.chain.blocks import Log, LogFilter
from oracle.chain.deployment import DeployedContract, Deployment
from oracle.chain.rpc import Rpc
from oracle.chain.status import PaymentStatus
from oracle.errors import (
    BlockMissing,
    ContractRefused,
    DeploymentMismatch,
    InvalidReference,
    RpcInconsistent,
    RpcRejected,
    WrongChain,
)
from oracle.signing.hashing import keccak
from oracle.signing.words import payment_and_reports, words

SIGNER_ROLE = "0x" + keccak(b"AI_ORACLE_ROLE").hex()
GENESIS = "genesis hash"
MOST_DECIMALS = 36
"""What scoring can work with; no real token has more than 24."""
NAMELESS = "?"
"""Symbol of a token that says nothing usable."""

CREATIONS = ("PaymentCreated", "PaymentPaidInstantly")
"""Events that bring a payment into being."""

PAYMENT_EVENTS = (
    *CREATIONS,
    "VerdictApplied",
    "PaymentReviewed",
    "PaymentCancelled",
    "PaymentReclaimed",
    "PaymentFrozen",
    "PaymentReleased",
    "SettlementSkipped",
)


@dataclass(frozen=True, slots=True)
class ListMeaning:
    """What a list event says: `address` and `note` name its arguments, `kind` is scoring's name of the list."""

    kind: str
    added: bool
    address: str
    note: str = ""


LISTS = {
    "PayFlowCore": {"TokenListed": ListMeaning("TOKEN", True, "token")},
    "FraudOracle": {
        "WalletBlacklisted": ListMeaning("BLACKLISTED", True, "wallet", "reason"),
        "WalletUnblacklisted": ListMeaning("BLACKLISTED", False, "wallet"),
        "WalletWhitelisted": ListMeaning("WHITELISTED", True, "wallet"),
        "WalletUnwhitelisted": ListMeaning("WHITELISTED", False, "wallet"),
    },
    "ComplianceEngine": {
        "Sanctioned": ListMeaning("SANCTIONED", True, "account", "reason"),
        "Unsanctioned": ListMeaning("SANCTIONED", False, "account"),
    },
}
"""What the events of each contract mean for the screening lists. A token that was accepted once stays a token."""


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """The contract's `Payment`: what both sides agreed on. `reference` is 16 bytes as 0x hex."""

    sender: str
    recipient: str
    token: str
    amount: int
    reference: str

    def as_abi(self) -> tuple[str, str, str, int, bytes]:
        """The struct's members in the contract's order. Raises InvalidReference."""
        reference = bytes.fromhex(self.reference[2:])
        if len(reference) != 16:
            raise InvalidReference(value=self.reference)
        return self.sender, self.recipient, self.token, self.amount, reference

    def payment_id(self, *, chain_id: int, core: str) -> str:
        """Of the escrow: keccak256(abi.encode(chain id, core, sender, recipient, token, amount, ref))."""
        return "0x" + keccak(words((chain_id, core, *self.as_abi()))).hex()

    def instant_id(self, *, chain_id: int, core: str) -> str:
        """The id of a payment without escrow: the same preimage with `true` behind it."""
        return "0x" + keccak(words((chain_id, core, *self.as_abi(), True))).hex()


@dataclass(frozen=True, slots=True)
class ChainEvent:
    """A decoded log of one of the deployment's contracts. Argument values as oracle.chain.abi gives them."""

    name: str
    arguments: Mapping[str, Any]
    log: Log

    @property
    def payment_id(self) -> str | None:
        """The payment that it is about, or None."""
        found = self.arguments.get("paymentId")
        return None if found is None else str(found)


class ListedDecimals:
    """Decimals by the core's TokenListed events: what an upgradable token answers today may be another number."""

    def __init__(self, endpoint: str) -> None:
        """`endpoint` names the RPC node in errors."""
        self._endpoint = endpoint
        self._of: dict[str, int] = {}

    def take(self, event: ChainEvent) -> None:
        """Any event, in canonical order."""
        if event.name == "TokenListed":
            self._of[str(event.arguments["token"])] = int(event.arguments["decimals"])

    def knows(self, creation: ChainEvent) -> bool:
        """Whether the token of a payment has been listed by now."""
        return creation.arguments["token"] in self._of

    def of(self, creation: ChainEvent) -> int:
        """Of the token of a payment that was created now. Raises RpcInconsistent where no event has listed it."""
        token = str(creation.arguments["token"])
        if token not in self._of:
            raise never_listed(self._endpoint, token)
        return self._of[token]


def never_listed(endpoint: str, token: str) -> RpcInconsistent:
    """For a payment in a token that no event has listed: the core takes none, so that the RPC node lost the event."""
    return RpcInconsistent(endpoint=endpoint, problem=f"it shows a payment in token {token}, whose listing it hides")


class Contracts:
    """The three contracts of a deployment through one RPC client. Thread-safe."""

    def __init__(self, rpc: Rpc, deployment: Deployment) -> None:
        self._rpc = rpc
        self.deployment = deployment
        self._core = load_abi("PayFlowCore")
        self._oracle = load_abi("FraudOracle")
        self._compliance = load_abi("ComplianceEngine")
        self._abis = (self._core, self._oracle, self._compliance)
        self._events: dict[tuple[str, str], Event] = {}
        self._seen = False
        """Whether all contracts were where the file says before."""
        for contract, abi, names in (
            (deployment.core, self._core, (*PAYMENT_EVENTS, *LISTS["PayFlowCore"])),
            (deployment.oracle, self._oracle, tuple(LISTS["FraudOracle"])),
            (deployment.compliance, self._compliance, tuple(LISTS["ComplianceEngine"])),
        ):
            for name in names:
                event = abi.events[name]
                self._events[contract.address, event.topic] = event

    @property
    def wanted(self) -> LogFilter:
        """The logs that `decode` understands."""
        addresses = dict.fromkeys(address for address, _ in self._events)
        topics = dict.fromkeys(topic for _, topic in self._events)
        return LogFilter(tuple(addresses), tuple(topics))

    def decode(self, log: Log) -> ChainEvent | None:
        """The event of a log; None where the contract emits it for others than us.

        Raises RpcInconsistent where the log does not fit the event's ABI.
        """
        event = self._events.get((log.address, "".join(log.topics[:1])))
        if event is None:
            return None
        try:
            return ChainEvent(event.name, event.arguments(log.topics, log.data), log)
        except DecodingError as broken:
            raise RpcInconsistent(
                endpoint=self._rpc.endpoint,
                problem=f"log {log.index} of {log.tx} is no {event.name} ({plain_text(str(broken))})",
            ) from None

    # --- identity ---

    def check_chain(self) -> None:
        """Make sure that the RPC node serves the deployment's chain, genesis included. Raises WrongChain."""
        chain_id = self._rpc.ask("eth_chainId").number()
        if chain_id != self.deployment.chain_id:
            raise WrongChain(what="chain id", expected=self.deployment.chain_id, found=chain_id)
        genesis = self._rpc.ask("eth_getBlockByNumber", "0x0", False)
        if genesis.missing:  # of a node that has only begun to read the chain: no proof that it is another one
            raise BlockMissing(endpoint=self._rpc.endpoint, block=0)
        found = genesis.member("hash").data(HASH)
        if found != self.deployment.genesis_hash:
            raise WrongChain(what=GENESIS, expected=self.deployment.genesis_hash, found=found)

    def check_code(self) -> None:
        """Make sure that the deployment's contracts are where the file says. Raises DeploymentMismatch, and
        RpcInconsistent for no code where this object has seen some: a backend that is not in sync has none yet."""
        for name, contract in self._deployed():
            answer = self._rpc.ask("eth_getCode", contract.address, "latest")
            code = bytes.fromhex(answer.data()[2:])
            found = "0x" + keccak(code).hex() if code else "none (no contract there)"
            if not code and self._seen:
                raise answer.odd(f"the code of the {name}, which was there")
            if found != contract.code_hash:
                raise DeploymentMismatch(
                    contract=name, address=contract.address, expected=contract.code_hash, found=found
                )
        self._seen = True

    def _deployed(self) -> tuple[tuple[str, DeployedContract], ...]:
        one = self.deployment
        return ("FraudOracle", one.oracle), ("PayFlowCore", one.core), ("ComplianceEngine", one.compliance)

    def replaced_parts(self) -> dict[str, str]:
        """Parts that the core works with and the file does not know: names and addresses. Raises RpcError."""
        found = {}
        for name, view, contract in (
            ("FraudOracle", "oracle", self.deployment.oracle),
            ("ComplianceEngine", "compliance", self.deployment.compliance),
        ):
            address = str(self._call(self.deployment.core, self._core.functions[view]))
            if address != contract.address:
                found[name] = address
        return found

    # --- reads ---

    def quorum(self) -> int:
        """How many distinct signers' reports a settlement needs."""
        return int(self._call(self.deployment.oracle, self._oracle.functions["quorum"]))

    def is_signer(self, address: str) -> bool:
        """Whether the contract takes reports signed by `address`."""
        function = self._oracle.functions["hasRole"]
        return bool(self._call(self.deployment.oracle, function, bytes.fromhex(SIGNER_ROLE[2:]), address))

    def statuses(self, payment_ids: Sequence[str]) -> dict[str, PaymentStatus]:
        """The contract's present state of each payment."""
        function = self._core.functions["getPayment"]
        to = self.deployment.core.address
        calls = [
            ({"to": to, "data": function.call_data(bytes.fromhex(payment_id[2:]))}, "latest")
            for payment_id in payment_ids
        ]
        found = self._rpc.ask_many("eth_call", calls)
        return {
            payment_id: PaymentStatus.of(int(returned(function, answer)["status"]))
            for payment_id, answer in zip(payment_ids, found, strict=True)
        }

    def references_used(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        """Whether each (sender, reference) has been paid with instantly."""
        function = self._core.functions["isReferenceUsed"]
        to = self.deployment.core.address
        calls = [
            ({"to": to, "data": function.call_data(sender, bytes.fromhex(reference[2:]))}, "latest")
            for sender, reference in pairs
        ]
        return [bool(returned(function, answer)) for answer in self._rpc.ask_many("eth_call", calls)]

    def read_symbol(self, token: str) -> str:
        """What a token calls itself, for people; NAMELESS where it says nothing usable."""
        symbol = load_abi("TestStablecoin").functions["symbol"]
        try:
            answer = self._rpc.ask("eth_call", {"to": token, "data": symbol.call_data()}, "latest")
            return str(symbol.result(answer.data()))[:32] or NAMELESS
        except (RpcRejected, DecodingError):
            pass  # in whatever words: a token's code must not keep the node from the blocks after its listing
        return NAMELESS

    # --- calldata for PayFlowCore ---

    def settle(self, terms: PaymentTerms, reports: Sequence[tuple[Any, bytes]]) -> str:
        """`settle(payment, reports)`; each report as (RiskReport.as_abi(), signatures)."""
        return self._core.functions["settleNow"].call_encoded(payment_and_reports(terms.as_abi(), reports))

    def settle_batch(self, terms: Sequence[PaymentTerms], batches: Sequence[tuple[Sequence[Any], bytes]]) -> str:
        """`settleBatch(payments, batches)`; each batch as (reports in the payments' order, signatures)."""
        return self._core.functions["settleBatch"].call_data([one.as_abi() for one in terms], list(batches))

    def pay_instant(self, terms: PaymentTerms, reports: Sequence[tuple[Any, bytes]]) -> str:
        """`payInstant(payment, reports)`, to be sent by the payment's sender."""
        return self._core.functions["payInstant"].call_encoded(payment_and_reports(terms.as_abi(), reports))

    def reclaim(self, terms: PaymentTerms) -> str:
        """`reclaim(payment)`."""
        return self._core.functions["reclaim"].call_data(terms.as_abi())

    def settled_alone(self, *, sender: str, data: str, size: int) -> list[bool]:
        """Which payments of `settleBatch` calldata the core would settle as things stand, and which it would skip.

        Raises ContractRefused where the batch as a whole is refused.
        """
        transaction = {"from": sender, "to": self.deployment.core.address, "data": data}
        try:
            answer = self._rpc.ask("eth_call", transaction, "latest")
        except RpcRejected as refused:
            if refused.revert is None and "revert" not in refused.message.lower():
                raise
            raise refusal(f"settleBatch of {size} payments", refused.revert, self._abis) from None
        # the core leaves a payment that it skips at zero, the enum's None
        settled = [status != 0 for status in returned(self._core.functions["settleBatch"], answer)]
        if len(settled) != size:
            raise answer.odd(f"the states of {size} payments")
        return settled

    def estimate(self, *, call: str, sender: str, data: str) -> int:
        """Gas that the core needs for `data` as things stand. Raises ContractRefused with the decoded custom error."""
        transaction = {"from": sender, "to": self.deployment.core.address, "data": data}
        try:
            # "latest", not the default: clients differ, and an estimate that counts on waiting transactions is too low
            # when those do not come
            return self._rpc.ask("eth_estimateGas", transaction, "latest").number()
        except RpcRejected as refused:
            if refused.revert is None and "revert" not in refused.message.lower():
                raise
            raise refusal(call, refused.revert, self._abis) from None

    def explain(self, call: str, data: str) -> ContractRefused:
        """The error that revert data stands for."""
        return refusal(call, data, self._abis)

    def _call(self, contract: DeployedContract, function: Function, *arguments: Any) -> Any:
        transaction = {"to": contract.address, "data": function.call_data(*arguments)}
        try:
            answer = self._rpc.ask("eth_call", transaction, "latest")
        except RpcRejected as refused:
            if refused.revert is None:
                raise
            raise refusal(function.signature, refused.revert, self._abis) from None
        return returned(function, answer)
