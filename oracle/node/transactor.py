"""Own transactions from intent to finality: each survives a crash, a reorganisation and a forgetful RPC node.

    submit ──► open ──included──► mined ──final──► final
                 ▲ │                │
                 │ └─ nonce used by │ somebody else's transaction ──► displaced (its payments are planned anew)
                 └──reorganised─────┘

An intent takes one nonce and keeps it: whatever happens, at most one of its attempts can be included. The attempt is
in the journal before it is on the wire, so that after a crash the same bytes are sent again. An intent whose payments
need it no more is replaced by a transaction that does nothing: a nonce never used would block all later ones.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from oracle.chain.blocks import Header
from oracle.chain.transactions import Broadcast, FeePolicy, Fees, Receipt, TransactionPort
from oracle.errors import (
    GasLimitReached,
    InsufficientFunds,
    PayFlowError,
    TransactionError,
    TransactionRefused,
)
from oracle.node.condition import Condition
from oracle.node.views import Stage
from oracle.signing import LocalSigner
from oracle.store import Attempt, Database, Intent, intents, payments

FILL = "fill"
"""Kind of an intent that only closes a gap in the nonces."""
VOID_GAS = 21_000
MISSES = 3
"""New heads without a receipt, although the nonce is used, after which an intent counts as displaced. More than one,
because an RPC node with several backends may know the nonce before it knows the receipt."""

log = structlog.get_logger("payflow.node")


@dataclass(frozen=True, slots=True)
class Limits:
    """`bump_after` in seconds, `max_gas` per transaction."""

    max_in_flight: int
    max_gas: int
    bump_after: float


class Transactor:
    """Sends and follows the transactions of one signer. Used by the worker thread only."""

    def __init__(
        self,
        *,
        database: Database,
        port: TransactionPort,
        signer: LocalSigner,
        chain_id: int,
        policy: FeePolicy,
        limits: Limits,
        condition: Condition,
        still_useful: Callable[[Intent, Header], bool],
        on_mined: Callable[[Intent, Receipt, bool], None],
    ) -> None:
        """`still_useful` says whether an intent would still move any of its payments if it was included now.

        `on_mined` is told of each included intent: the intent, its receipt, whether the included attempt was void.
        """
        self._database = database
        self._port = port
        self._signer = signer
        self._chain_id = chain_id
        self._policy = policy
        self._limits = limits
        self._condition = condition
        self._still_useful = still_useful
        self._on_mined = on_mined
        self._misses: dict[int, set[str]] = {}

    # --- starting an intent ---

    def room(self) -> int:
        """How many more intents may be open now."""
        with self._database.reading() as connection:
            waiting = intents.intents_in(connection, [intents.OPEN])
        return max(0, self._limits.max_in_flight - len(waiting))

    def submit(self, *, kind: str, to: str, calldata: str, payment_ids: Sequence[str], gas: int, head: Header) -> None:
        """Journal an intent with its first attempt, then send it.

        Raises FeeLimitReached, GasLimitReached, InsufficientFunds before anything is journalled. What the RPC node
        refuses after that is reported and sent again by `step`.
        """
        if gas > self._limits.max_gas:
            raise GasLimitReached(needed=gas, limit=self._limits.max_gas)
        fees = self._policy.first(head.base_fee or 0)
        self._check_funds(gas * fees.most)
        nonce = self._free_nonce()
        try:
            self._start(kind, nonce, to, calldata, payment_ids, fees, gas)
        except TransactionError as refused:
            self._condition.report("transactions", refused)

    def _start(
        self, kind: str, nonce: int, to: str, calldata: str, payment_ids: Sequence[str], fees: Fees, gas: int
    ) -> None:
        tx, raw = self._sign(nonce, to, calldata, fees, gas)
        now = _milliseconds()
        with self._database.writing() as connection:
            intent_id = intents.add_intent(
                connection,
                kind=kind,
                nonce=nonce,
                destination=to,
                calldata=calldata,
                payment_ids=payment_ids,
                now=now // 1000,
            )
            self._add_attempt(connection, intent_id, tx, raw, fees, gas, void=kind == FILL, now=now)
            payments.change_payments(connection, payment_ids, stage=Stage.SUBMITTED.value, reason="")
        log.info("transaction signed", kind=kind, tx=tx, nonce=nonce, payments=len(payment_ids))
        self._broadcast(tx, raw, gas * fees.most)

    def _check_funds(self, needed: int) -> None:
        balance = self._port.balance(self._signer.address)
        if balance < needed:
            raise InsufficientFunds(address=self._signer.address, balance=balance, needed=needed)

    def _free_nonce(self) -> int:
        """The lowest nonce that neither the chain, nor the RPC node's pool, nor an intent of ours has taken."""
        nonce = self._port.nonce(self._signer.address, pending=True)
        with self._database.reading() as connection:
            taken = {intent.nonce for intent in intents.intents_in(connection, intents.PENDING)}
        while nonce in taken:
            nonce += 1
        return nonce

    # --- following them ---

    def step(self, head: Header, final_block: int, *, doubt: bool = False) -> None:
        """Look after every intent once.

        `final_block`: the highest block that counts as final (-1: none). `doubt`: the chain took blocks back, so that
        every receipt is asked for again.
        """
        with self._database.reading() as connection:
            waiting = intents.intents_in(connection, intents.PENDING)
        self._condition.learn(in_flight=sum(intent.state == intents.OPEN for intent in waiting))
        if not waiting:
            self._condition.clear("transactions")
            return
        used = self._port.nonce(self._signer.address)
        trouble: PayFlowError | None = None
        for intent in waiting:
            try:
                if intent.state == intents.MINED:
                    self._confirm(intent, used, final_block, doubt=doubt)
                elif intent.nonce < used:
                    self._find_receipt(intent, head)
                else:
                    self._push(intent, head)
            except TransactionError as refused:
                trouble = trouble or refused
        self._close_gap(used, head)
        if trouble is None:
            self._condition.clear("transactions")
        else:
            self._condition.report("transactions", trouble)

    def _confirm(self, intent: Intent, used: int, final_block: int, *, doubt: bool) -> None:
        """Close a mined intent once its block is final; open it again where the block was reorganised away."""
        if intent.nonce < used and (intent.mined_block or 0) > final_block and not doubt:
            return
        receipt = self._port.receipt(intent.mined_tx or "")
        if receipt is not None and receipt.block_hash == intent.mined_hash:
            if receipt.block <= final_block:
                with self._database.writing() as connection:
                    intents.change_intent(connection, intent.id, state=intents.FINAL)
            return
        log.warning("transaction reorganised away", tx=intent.mined_tx, nonce=intent.nonce)
        with self._database.writing() as connection:
            intents.change_intent(
                connection,
                intent.id,
                state=intents.OPEN,
                mined_block=None,
                mined_hash=None,
                mined_tx=None,
                succeeded=None,
                gas_used=None,
            )

    def _find_receipt(self, intent: Intent, head: Header) -> None:
        """The nonce is used: by one of the intent's attempts, or by somebody else's transaction."""
        with self._database.reading() as connection:
            tried = intents.attempts_of(connection, intent.id)
        for attempt in reversed(tried):
            receipt = self._port.receipt(attempt.tx)
            if receipt is None:
                continue
            self._misses.pop(intent.id, None)
            with self._database.writing() as connection:
                intents.change_intent(
                    connection,
                    intent.id,
                    state=intents.MINED,
                    mined_block=receipt.block,
                    mined_hash=receipt.block_hash,
                    mined_tx=receipt.tx,
                    succeeded=receipt.succeeded,
                    gas_used=receipt.gas_used,
                )
            log.info("transaction included", tx=receipt.tx, block=receipt.block, succeeded=receipt.succeeded)
            self._on_mined(intent, receipt, attempt.void)
            return
        seen = self._misses.setdefault(intent.id, set())
        seen.add(head.hash)
        if len(seen) < MISSES:
            return
        del self._misses[intent.id]
        log.warning("nonce used by another transaction of this key", nonce=intent.nonce, kind=intent.kind)
        with self._database.writing() as connection:
            ids = intents.payments_of(connection, intent.id)
            intents.change_intent(connection, intent.id, state=intents.DISPLACED)
            known = payments.payments_by_id(connection, ids)
            again = [one for one, row in known.items() if row.stage == Stage.SUBMITTED]
            payments.change_payments(connection, again, stage=Stage.SIGNED.value, reason="")

    def _push(self, intent: Intent, head: Header) -> None:
        """See to it that an open intent is in the RPC node's pool, at fees that get it included."""
        with self._database.reading() as connection:
            tried = intents.attempts_of(connection, intent.id)
        last = tried[-1]
        age = (_milliseconds() - last.sent_at) / 1000
        known = self._port.is_known(last.tx)
        if known and age < self._limits.bump_after:
            return
        void = last.void or (intent.kind != FILL and not self._still_useful(intent, head))
        if not known and void == last.void:
            self._broadcast(last.tx, last.raw, last.gas * last.max_fee, intent=intent, head=head, last=last)
            return
        self._replace(intent, last, head, void=void)

    def _replace(self, intent: Intent, last: Attempt, head: Header, *, void: bool) -> None:
        fees = self._policy.replacement(Fees(last.max_fee, last.priority_fee), head.base_fee or 0)
        to, calldata, gas = (
            (self._signer.address, "0x", VOID_GAS) if void else (intent.destination, intent.calldata, last.gas)
        )
        self._check_funds(gas * fees.most)
        tx, raw = self._sign(intent.nonce, to, calldata, fees, gas)
        with self._database.writing() as connection:
            self._add_attempt(connection, intent.id, tx, raw, fees, gas, void=void, now=_milliseconds())
        log.info("transaction replaced", old=last.tx, tx=tx, nonce=intent.nonce, void=void, max_fee=fees.most)
        self._broadcast(tx, raw, gas * fees.most)

    def _close_gap(self, used: int, head: Header) -> None:
        """Use up a nonce that nothing of ours holds while later ones wait for it: theirs was reorganised away."""
        with self._database.reading() as connection:
            taken = {intent.nonce for intent in intents.intents_in(connection, intents.PENDING)}
        later = [nonce for nonce in taken if nonce >= used]
        if not later or used in taken:
            return
        nonce = self._port.nonce(self._signer.address, pending=True)
        if nonce in taken or nonce > max(later):
            return
        log.warning("nonce gap", nonce=nonce)
        self._start(FILL, nonce, self._signer.address, "0x", (), self._policy.first(head.base_fee or 0), VOID_GAS)

    # --- the wire ---

    def _sign(self, nonce: int, to: str, calldata: str, fees: Fees, gas: int) -> tuple[str, str]:
        signed = self._signer.sign_transaction(
            {
                "type": 2,
                "chainId": self._chain_id,
                "nonce": nonce,
                "to": bytes.fromhex(to[2:]),
                "value": 0,
                "data": calldata,
                "gas": gas,
                "maxFeePerGas": fees.most,
                "maxPriorityFeePerGas": fees.priority,
            }
        )
        return signed.hash, signed.raw

    def _add_attempt(
        self, connection: Connection, intent_id: int, tx: str, raw: str, fees: Fees, gas: int, *, void: bool, now: int
    ) -> None:
        intents.add_attempt(
            connection,
            intent_id=intent_id,
            tx=tx,
            raw=raw,
            void=void,
            max_fee=fees.most,
            priority_fee=fees.priority,
            gas=gas,
            now=now,
        )

    def _broadcast(
        self,
        tx: str,
        raw: str,
        cost: int,
        *,
        intent: Intent | None = None,
        head: Header | None = None,
        last: Attempt | None = None,
    ) -> None:
        """Send journalled bytes. What the node refuses for now stays journalled and is tried again by `step`."""
        outcome, words = self._port.broadcast(raw)
        problem = "" if outcome in (Broadcast.ACCEPTED, Broadcast.KNOWN) else words or outcome.value
        with self._database.writing() as connection:
            intents.change_attempt(connection, tx, problem=problem)
        if outcome is Broadcast.UNDERPRICED and intent is not None and head is not None and last is not None:
            self._replace(intent, last, head, void=last.void)
        elif outcome is Broadcast.POOR:
            balance = self._port.balance(self._signer.address)
            raise InsufficientFunds(address=self._signer.address, balance=balance, needed=cost)
        elif outcome is Broadcast.REFUSED:
            raise TransactionRefused(tx=tx, message=words)


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
