"""A party's side of the contracts: pay, take back, review. Used by the commands and the demo, not by the node."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

from eth_utils.address import to_checksum_address

from oracle.chain.abi import ContractAbi, load_abi, refusal, returned
from oracle.chain.blocks import header_of, log_of
from oracle.chain.contracts import Contracts, PaymentTerms
from oracle.chain.deployment import Token
from oracle.chain.rpc import Rpc
from oracle.chain.status import PaymentStatus
from oracle.chain.transactions import GWEI, Broadcast, FeePolicy, Receipt, TransactionPort
from oracle.errors import (
    BlockMissing,
    InsufficientFunds,
    NoSigner,
    PaymentUnknown,
    RpcInconsistent,
    RpcRejected,
    TransactionRefused,
    WaitedTooLong,
)
from oracle.signing import LocalSigner

T = TypeVar("T")

GAS_MARGIN = Fraction(5, 4)
FEES = FeePolicy(limit=1_000 * GWEI, priority=GWEI, bump=Fraction(1, 8))
POLL = 0.2
"""Seconds between two looks at the chain while waiting."""
MEDIUM = 2
"""The contract's number of the level that approves and flags."""


@dataclass(frozen=True, slots=True)
class PaymentState:
    """What the core stores of a payment."""

    status: PaymentStatus
    reference: str
    settle_deadline: int
    review_deadline: int
    score: int
    flagged: bool


class PayFlowClient:
    """One key's calls. Transactions are sent one after the other and waited for."""

    def __init__(self, rpc: Rpc, contracts: Contracts, signer: LocalSigner | None = None) -> None:
        self._rpc = rpc
        self._contracts = contracts
        self._signer = signer
        self._port = TransactionPort(rpc)
        self._core = load_abi("PayFlowCore")
        self._token = load_abi("TestStablecoin")
        self._compliance = load_abi("ComplianceEngine")
        self._oracle = load_abi("FraudOracle")
        self.deployment = contracts.deployment

    @property
    def address(self) -> str:
        """The key's address, lower case."""
        return self._key().address

    def _key(self) -> LocalSigner:
        if self._signer is None:
            raise NoSigner
        return self._signer

    # --- reads ---

    def state(self, payment_id: str) -> PaymentState:
        """What the core says of a payment now. Raises PaymentUnknown."""
        found = self._view(self.deployment.core.address, self._core, "getPayment", bytes.fromhex(payment_id[2:]))
        status = PaymentStatus.of(int(found["status"]))
        if status is PaymentStatus.NONE:
            return self._paid_instantly(payment_id)
        return PaymentState(
            status=status,
            reference=str(found["ref"]),
            settle_deadline=int(found["settleDeadline"]),
            review_deadline=int(found["reviewDeadline"]),
            score=int(found["score"]),
            flagged=bool(found["flagged"]),
        )

    def _paid_instantly(self, payment_id: str) -> PaymentState:
        """The core keeps no state of a payment without escrow: its two events say what became of it."""
        found = self._events(payment_id, "PaymentPaidInstantly", "VerdictApplied")
        if "PaymentPaidInstantly" not in found or "VerdictApplied" not in found:
            raise PaymentUnknown(payment_id=payment_id)
        verdict = found["VerdictApplied"]
        return PaymentState(
            status=PaymentStatus.SETTLED,
            reference=str(found["PaymentPaidInstantly"]["ref"]),
            settle_deadline=0,
            review_deadline=0,
            score=int(verdict["score"]),
            flagged=int(verdict["level"]) == MEDIUM,
        )

    def terms(self, payment_id: str) -> PaymentTerms:
        """The terms of a payment, from the event that announced it. Raises PaymentUnknown."""
        for found in self._events(payment_id, "PaymentCreated", "PaymentPaidInstantly").values():
            return PaymentTerms(
                sender=found["sender"],
                recipient=found["recipient"],
                token=found["token"],
                amount=int(found["amount"]),
                reference=found["ref"],
            )
        raise PaymentUnknown(payment_id=payment_id)

    def _events(self, payment_id: str, *names: str) -> dict[str, Mapping[str, Any]]:
        """The arguments of the core's events about a payment, by name."""
        logs = self._rpc.ask(
            "eth_getLogs",
            {
                "address": self.deployment.core.address,
                "fromBlock": hex(self.deployment.first_block),
                "toBlock": "latest",
                "topics": [[self._core.events[name].topic for name in names], payment_id],
            },
        )
        found: dict[str, Mapping[str, Any]] = {}
        for log in logs.items():
            event = self._contracts.decode(log_of(log.value, log.endpoint))
            if event is None or event.name not in names or event.payment_id != payment_id.lower():
                raise RpcInconsistent(endpoint=log.endpoint, problem=f"{log.what} was not asked for")
            found[event.name] = event.arguments
        return found

    def balance(self, token: Token, holder: str) -> int:
        """Base units of `token` that `holder` has."""
        return int(self._view(token.address, self._token, "balanceOf", holder))

    def native_balance(self, holder: str) -> int:
        """Wei that `holder` has for fees."""
        return self._port.balance(holder)

    def allowance(self, token: Token, owner: str) -> int:
        """Base units that the core may take from `owner`."""
        return int(self._view(token.address, self._token, "allowance", owner, self.deployment.core.address))

    def wallet_risk(self, address: str) -> Mapping[str, Any]:
        """What the FraudOracle contract holds of a wallet."""
        found: Mapping[str, Any] = self._view(self.deployment.oracle.address, self._oracle, "getWalletRisk", address)
        return found

    def has_role(self, contract: str, role: str, holder: str) -> bool:
        """Whether `holder` has a role ("REVIEWER_ROLE") of "PayFlowCore", "FraudOracle" or "ComplianceEngine"."""
        address = {
            "PayFlowCore": self.deployment.core.address,
            "FraudOracle": self.deployment.oracle.address,
            "ComplianceEngine": self.deployment.compliance.address,
        }[contract]
        abi = load_abi(contract)
        return bool(self._view(address, abi, "hasRole", bytes.fromhex(self._view(address, abi, role)[2:]), holder))

    def compliance_answer(self, terms: PaymentTerms, decimals: int) -> tuple[bool, str]:
        """Whether the compliance engine would take a payment, and its reason."""
        ok, _, reason = self._view(
            self.deployment.compliance.address,
            self._compliance,
            "checkPayment",
            terms.sender,
            terms.recipient,
            terms.amount,
            decimals,
            bytes.fromhex(terms.reference[2:]),
        )
        return bool(ok), str(reason)

    # --- transactions ---

    def mint(self, token: Token, to: str, amount: int) -> Receipt:
        """Make test tokens (devnets only)."""
        return self.send(token.address, self._token.functions["mint"].call_data(to, amount), "mint")

    def approve_token(self, token: Token, amount: int) -> Receipt:
        """Let the core take `amount` base units."""
        data = self._token.functions["approve"].call_data(self.deployment.core.address, amount)
        return self.send(token.address, data, "approve")

    def create_payment(self, terms: PaymentTerms) -> Receipt:
        """Open an escrow."""
        data = self._core.functions["createPayment"].call_data(
            terms.recipient, terms.token, terms.amount, bytes.fromhex(terms.reference[2:])
        )
        return self.send(self.deployment.core.address, data, "createPayment")

    def pay_instant(self, terms: PaymentTerms, reports: Sequence[tuple[Any, bytes]]) -> Receipt:
        """Pay without escrow; each report as (RiskReport.as_abi(), signatures)."""
        data = self._contracts.pay_instant(terms, reports)
        return self.send(self.deployment.core.address, data, "payInstant")

    def cancel(self, terms: PaymentTerms) -> Receipt:
        """Take a pending payment back."""
        return self._send_terms("cancel", terms)

    def reclaim(self, terms: PaymentTerms) -> Receipt:
        """Send a payment past its deadline back to its sender."""
        return self._send_terms("reclaim", terms)

    def review(self, terms: PaymentTerms, *, approve: bool, note: str) -> Receipt:
        """Decide a held payment."""
        name = "approve" if approve else "reject"
        data = self._core.functions[name].call_data(terms.as_abi(), note)
        return self.send(self.deployment.core.address, data, name)

    def send(self, to: str, data: str, call: str) -> Receipt:
        """Send one transaction and wait until it is included.

        Raises ContractRefused (nothing was sent), InsufficientFunds, TransactionRefused, WaitedTooLong, RpcError.
        """
        signer = self._key()
        transaction = {"from": signer.address, "to": to, "data": data}
        gas = int(self._estimate(transaction, call) * GAS_MARGIN)
        head = self._rpc.ask("eth_getBlockByNumber", "latest", False)
        if head.missing:
            raise BlockMissing(endpoint=head.endpoint, block="latest")
        fees = FEES.first(header_of(head.value, head.endpoint).base_fee or 0)
        nonce = self._port.nonce(signer.address, tag="pending")
        signed = signer.sign_transaction(
            {
                "type": 2,
                "chainId": self.deployment.chain_id,
                "nonce": nonce,
                "to": to_checksum_address(to),
                "value": 0,
                "data": data,
                "gas": gas,
                "maxFeePerGas": fees.most,
                "maxPriorityFeePerGas": fees.priority,
                "accessList": [],
            }
        )
        outcome, words = self._port.broadcast(signed.raw)
        if outcome is Broadcast.POOR:
            raise InsufficientFunds(
                address=signer.address, balance=self._port.balance(signer.address), needed=gas * fees.most
            )
        if outcome not in (Broadcast.ACCEPTED, Broadcast.KNOWN, Broadcast.UNDECIDED):
            raise TransactionRefused(tx=signed.hash, message=words)
        receipt = self.wait_for(lambda: self._port.receipt(signed.hash), what=f"transaction {signed.hash}")
        if not receipt.succeeded:
            raise self._why_failed(transaction, call)
        return receipt

    def wait_for(self, look: Callable[[], T | None], *, what: str, timeout: float = 120.0) -> T:
        """What `look` finds, asked again until it is not None. Raises WaitedTooLong."""
        deadline = time.monotonic() + timeout
        while (found := look()) is None:
            if time.monotonic() > deadline:
                raise WaitedTooLong(what=what, seconds=timeout)
            time.sleep(POLL)
        return found

    def _send_terms(self, name: str, terms: PaymentTerms) -> Receipt:
        return self.send(self.deployment.core.address, self._core.functions[name].call_data(terms.as_abi()), name)

    def _estimate(self, transaction: Mapping[str, str], call: str) -> int:
        try:
            return self._rpc.ask("eth_estimateGas", transaction).number()
        except RpcRejected as refused:
            raise self._explained(refused, call) from None

    def _why_failed(self, transaction: Mapping[str, str], call: str) -> Exception:
        try:
            self._rpc.read("eth_call", transaction, "latest")
        except RpcRejected as refused:
            return self._explained(refused, call)
        return TransactionRefused(tx=call, message="it failed when it was included, and would succeed now: try again")

    def _explained(self, refused: RpcRejected, call: str) -> Exception:
        if refused.revert is None and "revert" not in refused.message.lower():
            return refused
        return refusal(call, refused.revert, (self._core, self._oracle, self._compliance, self._token))

    def _view(self, address: str, abi: ContractAbi, name: str, *arguments: Any) -> Any:
        function = abi.functions[name]
        data = {"to": address, "data": function.call_data(*arguments)}
        return returned(function, self._rpc.ask("eth_call", data, "latest"))
