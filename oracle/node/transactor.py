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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import NamedTuple

import structlog

from oracle.chain.blocks import Header
from oracle.chain.transactions import FeePolicy, Receipt, TransactionPort
from oracle.errors import (
    GasLimitReached,
    InsufficientFunds,
    RpcError,
    RpcInconsistent,
    RpcRejected,
    RpcUnavailable,
    TransactionError,
    TransactionUndecided,
)
from oracle.node.condition import Condition
from oracle.node.outbox import FAR, Outbox
from oracle.node.pusher import Pusher, StillUseful
from oracle.store import Database, Intent, intents, payments

PATIENCE = 10.0
"""Seconds after which a step looks after no more intents where one was not answered about: the chain goes on."""
MISSES = 3
"""New heads without a receipt, although the nonce is used, after which an intent counts as displaced. More than one,
because an RPC node with several backends may know the nonce before it knows the receipt."""

TOO_FAR = "its nonce is far beyond those that are used"

log = structlog.get_logger("payflow.node")


@dataclass(frozen=True, slots=True)
class Limits:
    """`bump_after` in seconds, `max_gas` per transaction."""

    max_in_flight: int
    max_gas: int
    bump_after: float


class Miss(NamedTuple):
    """Nothing of an intent is, or will be, included, as of these heads; `first_head`: number of the first of them."""

    why: str
    first_head: int
    heads: frozenset[str]


class Transactor:
    """Sends and follows the transactions of one signer. Used by the worker thread only."""

    def __init__(
        self,
        *,
        database: Database,
        port: TransactionPort,
        outbox: Outbox,
        policy: FeePolicy,
        limits: Limits,
        condition: Condition,
        still_useful: StillUseful,
        on_mined: Callable[[Intent, Receipt, bool], None],
    ) -> None:
        """`on_mined` is told of each included intent: its receipt, and whether the included attempt was void."""
        self._database = database
        self._port = port
        self._outbox = outbox
        self._policy = policy
        self._limits = limits
        self._condition = condition
        self._on_mined = on_mined
        self._pusher = Pusher(
            database=database,
            outbox=outbox,
            policy=policy,
            bump_after=limits.bump_after,
            still_useful=still_useful,
            note=self._note,
        )
        self._misses: dict[int, Miss] = {}
        self._troubles: list[TransactionError | RpcError] = []
        self._silent: dict[int, float] = {}
        self._waited = False
        self._below: tuple[int, float, frozenset[str]] | None = None
        self._doubted: set[int] = set()

    # --- starting an intent ---

    def room(self) -> int:
        """How many more intents may be open now."""
        with self._database.reading() as connection:
            waiting = intents.intents_in(connection, [intents.OPEN])
        return max(0, self._limits.max_in_flight - len(waiting))

    def submit(self, *, kind: str, to: str, calldata: str, payment_ids: Sequence[str], gas: int, head: Header) -> None:
        """Journal an intent with its first attempt, then send it.

        Raises FeeLimitReached, GasLimitReached, InsufficientFunds before anything is journalled, and TransactionRefused
        where the RPC node did not take it, so that nothing is held. An account that the RPC node finds too poor, and a
        transaction that it may have taken or not, are reported, and the transaction is sent again by `step`.
        """
        if gas > self._limits.max_gas:
            raise GasLimitReached(needed=gas, limit=self._limits.max_gas)
        fees = self._policy.first(head.base_fee or 0)
        self._outbox.check_funds(gas * fees.most)
        nonce = self._outbox.free_nonce()
        try:
            self._outbox.open(
                kind=kind, nonce=nonce, to=to, calldata=calldata, payment_ids=payment_ids, fees=fees, gas=gas
            )
        except (InsufficientFunds, TransactionUndecided) as trouble:
            self._condition.report("transactions", trouble)

    # --- following them ---

    def step(self, head: Header, final_block: int, stop: Event, *, doubt: bool = False) -> None:
        """Look after every intent once, or after as many as there is time for where the RPC node does not answer.

        `final_block`: the highest block that counts as final (-1: none). `doubt`: the chain took blocks back, so that
        every receipt is asked for again. Raises RpcError where the RPC node is away.
        """
        with self._database.reading() as connection:
            waiting = intents.intents_in(connection, intents.PENDING)
        self._condition.learn(in_flight=sum(intent.state == intents.OPEN for intent in waiting))
        if not waiting:
            self._condition.clear("transactions")
            return
        used = self._port.nonce(self._outbox.address)
        self._troubles.clear()
        self._waited = False
        self._pusher.begin({intent.id for intent in waiting if intent.state == intents.OPEN})
        if doubt:
            self._doubted = {intent.id for intent in waiting}
        until = time.monotonic() + PATIENCE
        # what was not answered when it had its turn last must not keep the others from theirs
        for intent in sorted(waiting, key=lambda one: self._silent.get(one.id, 0.0)):
            if stop.is_set() or (self._waited and time.monotonic() >= until):
                break
            self._silent.pop(intent.id, None)
            with self._going_on(intent.id):
                if intent.state == intents.MINED:
                    self._confirm(intent, used, final_block)
                elif intent.nonce < used:
                    self._find_receipt(intent, head)
                elif intent.nonce > used + FAR:
                    self._miss(intent, head, TOO_FAR)
                else:
                    self._misses.pop(intent.id, None)
                    self._pusher.push(intent, head, used)
        if not stop.is_set():
            with self._going_on(0):
                self._close_gap(used, head)
        if self._troubles:
            self._condition.report("transactions", self._troubles[0])
        else:
            self._condition.clear("transactions")

    @contextmanager
    def _going_on(self, intent_id: int) -> Iterator[None]:
        """What is wrong with one transaction keeps no other from its turn."""
        try:
            yield
        except (TransactionError, RpcError) as trouble:
            self._note(intent_id, trouble)

    def _note(self, intent_id: int, trouble: TransactionError | RpcError) -> None:
        """Raises RpcError where the RPC node is silent again and again, and to another question too: it is away."""
        if isinstance(trouble, RpcUnavailable | TransactionUndecided):
            self._waited = True
            self._silent[intent_id] = time.monotonic()
        if isinstance(trouble, RpcUnavailable) and any(isinstance(one, RpcUnavailable) for one in self._troubles):
            self._port.nonce(self._outbox.address)
        self._troubles.append(trouble)

    def _confirm(self, intent: Intent, used: int, final_block: int) -> None:
        """Close a mined intent once its block is final; open it again where the block was reorganised away."""
        if intent.nonce < used and (intent.mined_block or 0) > final_block and intent.id not in self._doubted:
            return
        receipt = self._port.receipt(intent.mined_tx or "")
        if receipt is not None and receipt.block_hash == intent.mined_hash:
            if receipt.block <= final_block:
                with self._database.writing() as connection:
                    intents.change_intent(connection, intent.id, state=intents.FINAL)
            self._doubted.discard(intent.id)
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
        odd: RpcError | None = None
        for attempt in reversed(tried):
            try:
                receipt = self._port.receipt(attempt.tx)
            except (RpcRejected, RpcInconsistent) as trouble:
                odd = trouble
                continue
            if receipt is None:
                continue
            if receipt.block > head.number + FAR:
                # it would count as still to be read for as long as the chain takes to get there
                odd = RpcInconsistent(
                    endpoint=self._port.endpoint,
                    problem=f"{attempt.tx} is in block {receipt.block}, and the newest is {head.number}",
                )
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
        if odd is not None:
            raise odd
        self._miss(intent, head, "its nonce was used by another transaction of this key")

    def _is_over(self, intent: Intent, first_head: int, *, far: bool) -> bool:
        """Whether an intent's nonce is used, or far off, as of the last block whose events are in the journal: what was
        included up to there shows. Backends that are behind, or ahead, know a nonce and no receipt, or the other way
        round. `first_head`: the newest block when that was noticed; `far`: that it is far off."""
        with self._database.reading() as connection:
            cursor = payments.cursor(connection)
        if cursor is None:
            return False
        try:
            used = self._port.nonce(self._outbox.address, at=cursor.number)
        except RpcRejected:
            # a state that old is not kept there, or not known there yet
            return cursor.number > first_head + FAR
        return intent.nonce > used + FAR if far else intent.nonce < used

    def _miss(self, intent: Intent, head: Header, why: str) -> None:
        """As of one more head, nothing of this intent is, or will be, included."""
        before = self._misses.get(intent.id)
        if before is None or before.why != why:
            before = Miss(why, head.number, frozenset())
        miss = self._misses[intent.id] = before._replace(heads=before.heads | {head.hash})
        if len(miss.heads) < MISSES or not self._is_over(intent, miss.first_head, far=why == TOO_FAR):
            return
        del self._misses[intent.id]
        log.warning("transaction given up", nonce=intent.nonce, kind=intent.kind, reason=why)
        self._outbox.give_up(intent.id)

    def _close_gap(self, used: int, head: Header) -> None:
        """Use up a nonce that nothing of ours holds while later ones wait for it: theirs was reorganised away, or what
        holds it waits for good."""
        with self._database.reading() as connection:
            taken = {intent.nonce for intent in intents.intents_in(connection, intents.PENDING)}
        later = [nonce for nonce in taken if used <= nonce <= used + FAR]
        if not later or used in taken:
            self._below = None
            return
        nonce = max(used, self._outbox.counts()[1])
        if nonce in taken or nonce > max(later):
            # somebody else's, such as what a journal that was put aside had sent
            if not self._is_stuck(used, head):
                return
            nonce = used
        log.warning("nonce gap", nonce=nonce)
        fees = self._policy.first(head.base_fee or 0)
        self._outbox.fill(nonce, fees)

    def _is_stuck(self, used: int, head: Header) -> bool:
        """Whether the count of used nonces stood still for a while, and while blocks came."""
        nonce, since, heads = self._below or (used, time.monotonic(), frozenset[str]())
        if nonce != used:
            since, heads = time.monotonic(), frozenset()
        heads |= {head.hash}
        self._below = (used, since, heads)
        return len(heads) > MISSES and time.monotonic() - since > 2 * self._limits.bump_after
