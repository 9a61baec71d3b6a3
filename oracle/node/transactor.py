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
from typing import Protocol

import structlog

from oracle.chain.blocks import Header
from oracle.chain.transactions import Broadcast, FeePolicy, Fees, Receipt, TransactionPort, classify
from oracle.errors import (
    GasLimitReached,
    InsufficientFunds,
    RpcError,
    RpcInconsistent,
    RpcUnavailable,
    TransactionError,
    TransactionUndecided,
)
from oracle.node.condition import Condition
from oracle.node.outbox import FAR, FILL, VOID_GAS, Outbox, milliseconds
from oracle.store import Attempt, Database, Intent, intents

PATIENCE = 10.0
"""Seconds after which a step looks after no more intents where one was not answered about: the chain goes on."""
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


class StillUseful(Protocol):
    """Whether an intent would still move any of its payments if it was included in the next block."""

    def __call__(self, intent: Intent, head: Header, *, ask: bool) -> bool:
        """By what is in the journal alone, or, with `ask`, by what the contract says to it now."""
        ...


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
        self._still_useful = still_useful
        self._on_mined = on_mined
        self._misses: dict[int, tuple[str, frozenset[str]]] = {}
        self._troubles: list[TransactionError | RpcError] = []
        self._unknown: set[int] = set()
        self._silent: set[int] = set()
        self._waited = False
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
        self._unknown.clear()
        self._waited = False
        if doubt:
            self._doubted = {intent.id for intent in waiting}
        until = time.monotonic() + PATIENCE
        # what was not answered when it had its turn last must not keep the others from theirs
        for intent in sorted(waiting, key=lambda one: one.id in self._silent):
            if stop.is_set() or (self._waited and time.monotonic() >= until):
                break
            self._silent.discard(intent.id)
            with self._going_on(intent.id):
                if intent.state == intents.MINED:
                    self._confirm(intent, used, final_block)
                elif intent.nonce < used:
                    self._find_receipt(intent, head)
                elif intent.nonce > used + FAR:
                    self._miss(intent, head, "its nonce is far beyond those that are used")
                else:
                    self._push(intent, head)
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
            self._silent.add(intent_id)
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
        odd = None
        for attempt in reversed(tried):
            receipt = self._port.receipt(attempt.tx)
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

    def _miss(self, intent: Intent, head: Header, why: str) -> None:
        """As of one more head, nothing of this intent is, or will be, included."""
        before, seen = self._misses.get(intent.id, (why, frozenset()))
        seen = (seen if before == why else frozenset()) | {head.hash}
        self._misses[intent.id] = (why, seen)
        if len(seen) < MISSES:
            return
        del self._misses[intent.id]
        log.warning("transaction given up", nonce=intent.nonce, kind=intent.kind, reason=why)
        self._outbox.give_up(intent.id)

    def _push(self, intent: Intent, head: Header) -> None:
        """See to it that an open intent is in the RPC node's pool, at fees that get it included."""
        with self._database.reading() as connection:
            tried = intents.attempts_of(connection, intent.id)
        self._misses.pop(intent.id, None)
        last = tried[-1]
        nothing = last.void or intent.kind == FILL
        known = self._port.is_known(last.tx)
        # one that will certainly be refused is replaced at once: whoever includes it makes the node pay for nothing
        hopeless = not nothing and not self._is_useful(intent, head, ask=False)
        slow = self._is_slow(last)
        if known and not hopeless and not slow:
            return
        # a refusal in the words of a failure: in all that time nobody got to know it
        lost = slow and not known and _was_undecided(last) and not any(self._port.is_known(one.tx) for one in tried)
        void = last.void or hopeless or lost or (not nothing and not self._is_useful(intent, head, ask=True))
        if not known and void == last.void and (lost or not slow):
            # whatever it answers: "underpriced" may be a full pool, and fees rise with time only
            self._outbox.again(last)
            return
        try:
            self._outbox.replace(intent, last, self._fees(tried, head, lost=lost), void=void)
        except TransactionUndecided:
            raise
        except TransactionError as trouble:
            self._outbox.use_up(intent, tried, trouble, void=void)
            raise

    def _fees(self, tried: Sequence[Attempt], head: Header, *, lost: bool) -> Fees:
        """For one attempt more, by what any pool may hold: fees of what nobody took are beaten by nobody. `lost`: that
        goes for what the RPC node was undecided about, too.

        Raises FeeLimitReached.
        """
        held = [
            one
            for one in tried
            if not one.problem or classify(one.problem) is Broadcast.UNDERPRICED or (_was_undecided(one) and not lost)
        ]
        if not held:
            return self._policy.first(head.base_fee or 0)
        return self._policy.replacement(Fees(held[-1].max_fee, held[-1].priority_fee), head.base_fee or 0)

    def _is_useful(self, intent: Intent, head: Header, *, ask: bool) -> bool:
        """One that nobody can say that of gets its turn in the pool all the same. It is asked about once a round."""
        if intent.id in self._unknown:
            return True
        try:
            return self._still_useful(intent, head, ask=ask)
        except RpcError as trouble:
            self._note(intent.id, trouble)
            self._unknown.add(intent.id)
            return True

    def _is_slow(self, last: Attempt) -> bool:
        age = (milliseconds() - last.sent_at) / 1000
        # sent in the future: the clock was wrong then, or is now, and nobody knows how long it has waited
        return not 0 <= age < self._limits.bump_after

    def _close_gap(self, used: int, head: Header) -> None:
        """Use up a nonce that nothing of ours holds while later ones wait for it: theirs was reorganised away."""
        with self._database.reading() as connection:
            taken = {intent.nonce for intent in intents.intents_in(connection, intents.PENDING)}
        later = [nonce for nonce in taken if used <= nonce <= used + FAR]
        if not later or used in taken:
            return
        nonce = max(used, self._port.nonce(self._outbox.address, pending=True))
        if nonce in taken or nonce > max(later):
            return
        log.warning("nonce gap", nonce=nonce)
        fees = self._policy.first(head.base_fee or 0)
        self._outbox.open(
            kind=FILL, nonce=nonce, to=self._outbox.address, calldata="0x", payment_ids=(), fees=fees, gas=VOID_GAS
        )


def _was_undecided(attempt: Attempt) -> bool:
    return classify(attempt.problem) is Broadcast.UNDECIDED
