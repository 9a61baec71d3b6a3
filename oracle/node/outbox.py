"""Attempts: signed, journalled, and only then sent."""

import time
from collections.abc import Sequence
from contextlib import suppress

import structlog
from sqlalchemy import Connection

from oracle.chain.transactions import Broadcast, Fees, TransactionPort, classify
from oracle.errors import (
    InsufficientFunds,
    RpcInconsistent,
    RpcRejected,
    TransactionError,
    TransactionRefused,
    TransactionUndecided,
)
from oracle.node.views import Stage
from oracle.signing import LocalSigner, SignedTransaction
from oracle.store import Attempt, Database, Intent, intents, payments

FILL = "fill"
"""Kind of an intent that only closes a gap in the nonces."""
VOID_GAS, MOST_VOID_GAS = 21_000, 1_000_000
"""Gas of a transaction that does nothing, and the most that a chain is believed to charge for one."""
OTHERS = 16
"""Transactions of other programs with this account that may wait at a time."""
DROPPED = "the RPC node said yes, and then knew nothing of it"
FAR = 128
"""Nonces, or blocks, by which two answers of an RPC node may differ: its backends are a little apart, and other
programs may use the account."""

log = structlog.get_logger("payflow.node")


class Outbox:
    """Signs and sends for one account. What an RPC node does not take stays journalled, to be sent again."""

    def __init__(self, *, database: Database, port: TransactionPort, signer: LocalSigner, chain_id: int) -> None:
        self._database = database
        self._port = port
        self._signer = signer
        self._chain_id = chain_id
        self._fill_gas = 0

    @property
    def address(self) -> str:
        """The account."""
        return self._signer.address

    def check_funds(self, needed: int) -> None:
        """Raises InsufficientFunds where the account holds less than `needed` wei."""
        balance = self._port.balance(self.address)
        if balance < needed:
            raise InsufficientFunds(address=self.address, balance=balance, needed=needed)

    def free_nonce(self) -> int:
        """The lowest nonce that neither the chain, nor the RPC node's pool, nor an intent of ours has taken.

        What waits in the pool and is not ours is believed where two answers agree and it is no more than other programs
        may have sent: a nonce that is never reached holds its payments, and each nonce before it costs gas. Raises
        RpcInconsistent where more is used than waits, by far.
        """
        with self._database.reading() as connection:
            taken = {intent.nonce for intent in intents.intents_in(connection, intents.PENDING)}
        used, pending = self.counts()
        if pending > max(taken, default=used - 1) + 1 or pending < used:
            again = self.counts()
            used, pending = max(used, again[0]), min(pending, again[1])
        if used - pending > FAR:
            raise RpcInconsistent(
                endpoint=self._port.endpoint, problem=f"the account has used {used} nonces, and {pending} with its pool"
            )
        if pending - used > OTHERS + len(taken):
            log.warning("count of the pool not believed", used=used, pending=pending)
            pending = used
        nonce = max(used, pending)
        while nonce in taken:
            nonce += 1
        return nonce

    def counts(self) -> tuple[int, int]:
        """Nonces that are used, and those that are used or wait in the RPC node's pool without a gap."""
        used = self._port.nonce(self.address)
        try:
            return used, self._port.nonce(self.address, tag="pending")
        except RpcRejected:
            # it has no such tag: what is ours is in the journal
            return used, used

    def knows(self, tx: str) -> bool | None:
        """Whether the RPC node has a transaction; None where it does not say."""
        try:
            return self._port.is_known(tx)
        except (RpcRejected, RpcInconsistent):
            return None

    def believe(self, attempt: Attempt) -> None:
        """The RPC node has this attempt, whatever it said."""
        if attempt.problem:
            with self._database.writing() as connection:
                intents.change_attempt(connection, attempt.tx, problem="")

    def disbelieve(self, tried: Sequence[Attempt]) -> None:
        """The RPC node took these attempts, as it said, and never had them."""
        with self._database.writing() as connection:
            for one in tried:
                if not one.problem:
                    intents.change_attempt(connection, one.tx, problem=DROPPED)

    def fill(self, nonce: int, fees: Fees) -> None:
        """Use up a nonce that nothing of ours holds. Raises as `open` does."""
        gas = max(self._void_gas(None), self._fill_gas)
        try:
            self.open(kind=FILL, nonce=nonce, to=self.address, calldata="0x", payment_ids=(), fees=fees, gas=gas)
        except TransactionRefused:
            self._fill_gas = min(2 * gas, MOST_VOID_GAS)
            raise
        self._fill_gas = 0

    def open(
        self, *, kind: str, nonce: int, to: str, calldata: str, payment_ids: Sequence[str], fees: Fees, gas: int
    ) -> None:
        """A new intent with its first attempt.

        Raises TransactionRefused where nobody took it, so that neither nonce nor payments are held, and another
        TransactionError where it is journalled and to be sent again.
        """
        signed = self._sign(nonce, to, calldata, fees, gas)
        now = milliseconds()
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
            _journal(connection, intent_id, signed, fees, gas, void=kind == FILL, now=now)
            payments.change_payments(connection, payment_ids, stage=Stage.SUBMITTED.value, reason="")
        log.info("transaction signed", kind=kind, tx=signed.hash, nonce=nonce, payments=len(payment_ids))
        try:
            self._send(signed.hash, signed.raw, gas * fees.most)
        except TransactionRefused as refused:
            known = self.knows(signed.hash)
            if known:
                return  # whatever it said
            if known is None:
                raise TransactionUndecided(tx=signed.hash, message=refused.message) from None
            log.warning("transaction withdrawn", tx=signed.hash, nonce=nonce, reason=refused.message)
            with self._database.writing() as connection:
                # nothing remains of it: where the RPC node takes no transaction at all, there are many
                _plan_anew(connection, intent_id)
                intents.remove(connection, intent_id)
            raise

    def give_up(self, intent_id: int) -> None:
        """Follow an intent no longer, and plan those of its payments anew that wait for it."""
        with self._database.writing() as connection:
            _plan_anew(connection, intent_id)
            intents.change_intent(connection, intent_id, state=intents.DISPLACED)

    def replace(self, intent: Intent, last: Attempt, fees: Fees, *, void: bool) -> Broadcast:
        """One more attempt of an intent, at its nonce; `void` does nothing. Raises TransactionError."""
        to, calldata, gas = intent.destination, intent.calldata, last.gas
        if void:
            to, calldata, gas = self.address, "0x", self._void_gas(last)
        self.check_funds(gas * fees.most)
        signed = self._sign(intent.nonce, to, calldata, fees, gas)
        with self._database.writing() as connection:
            _journal(connection, intent.id, signed, fees, gas, void=void, now=milliseconds())
        log.info("transaction replaced", old=last.tx, tx=signed.hash, nonce=intent.nonce, void=void, max_fee=fees.most)
        return self._send(signed.hash, signed.raw, gas * fees.most)

    def again(self, last: Attempt) -> Broadcast:
        """The same bytes once more. Raises TransactionError."""
        return self._send(last.tx, last.raw, last.gas * last.max_fee, taken=not (last.problem or last.void))

    def use_up(
        self, intent: Intent, tried: Sequence[Attempt], trouble: TransactionError, *, void: bool, keep: bool
    ) -> Broadcast | None:
        """There was trouble with one attempt more: the last one goes once more, or, with `keep`, one that was taken
        before it, or, where nobody has any, the nonce goes to nothing at the same fees: no later one can be used before
        it. Returns what the RPC node said, if it was asked. Raises TransactionError."""
        last, taken, refused = tried[-1], last_taken(tried), isinstance(trouble, TransactionRefused)
        try:
            if refused and keep and not void and taken is not None:
                with suppress(TransactionRefused):
                    return self.again(taken)
            if not refused and void == last.void:
                with suppress(TransactionRefused):
                    return self.again(last)
            wants_more_gas = last.void and not refused
            if wants_more_gas or (not last.void and all(self._is_gone(one, unwanted=void) for one in tried)):
                return self.replace(intent, last, Fees(last.max_fee, last.priority_fee), void=True)
        except TransactionError as another:
            # the first trouble says why it came to this
            raise trouble from another
        return None

    def _is_gone(self, attempt: Attempt, *, unwanted: bool) -> bool:
        """Whether nobody has an attempt, as far as one knows. Where the RPC node does not say: whether it refused it,
        or nobody wants it any more, because nothing takes the place of what waits at the same fees."""
        known = self.knows(attempt.tx)
        refused = bool(attempt.problem) and classify(attempt.problem) is Broadcast.REFUSED
        return known is False or (known is None and (unwanted or refused))

    def _void_gas(self, last: Attempt | None) -> int:
        """Gas for a transaction that does nothing, after `last`: twice as much as was refused. What it does not need is
        not paid for."""
        try:
            gas = self._port.gas_of_nothing(self.address)
        except RpcRejected:
            gas = VOID_GAS
        if gas > VOID_GAS:
            gas += gas // 4
        if last is not None and last.void and classify(last.problem) in (Broadcast.REFUSED, Broadcast.UNDECIDED):
            gas = max(gas, 2 * last.gas)
        return min(max(gas, VOID_GAS), MOST_VOID_GAS)

    def _sign(self, nonce: int, to: str, calldata: str, fees: Fees, gas: int) -> SignedTransaction:
        return self._signer.sign_transaction(
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

    def _send(self, tx: str, raw: str, cost: int, *, taken: bool = False) -> Broadcast:
        """`taken`: the RPC node took it before, and may have it whatever it says to it now."""
        outcome, words = self._port.broadcast(raw)
        problem = "" if outcome in (Broadcast.ACCEPTED, Broadcast.KNOWN) else words or outcome.value
        if not (taken and outcome in (Broadcast.UNDECIDED, Broadcast.REFUSED)):
            with self._database.writing() as connection:
                intents.change_attempt(connection, tx, problem=problem)
        if outcome is Broadcast.POOR:
            raise InsufficientFunds(address=self.address, balance=self._port.balance(self.address), needed=cost)
        if outcome is Broadcast.UNDECIDED:
            raise TransactionUndecided(tx=tx, message=words)
        if outcome is Broadcast.REFUSED:
            raise TransactionRefused(tx=tx, message=words)
        return outcome


def last_taken(tried: Sequence[Attempt]) -> Attempt | None:
    """The last attempt that would do anything and that the RPC node has nothing against."""
    return next((one for one in reversed(tried) if not (one.problem or one.void)), None)


def _plan_anew(connection: Connection, intent_id: int) -> None:
    known = payments.payments_by_id(connection, intents.payments_of(connection, intent_id))
    waiting = [one for one, row in known.items() if row.stage == Stage.SUBMITTED]
    payments.change_payments(connection, waiting, stage=Stage.SIGNED.value, reason="")


def _journal(
    connection: Connection, intent_id: int, signed: SignedTransaction, fees: Fees, gas: int, *, void: bool, now: int
) -> None:
    intents.add_attempt(
        connection,
        intent_id=intent_id,
        tx=signed.hash,
        raw=signed.raw,
        void=void,
        max_fee=fees.most,
        priority_fee=fees.priority,
        gas=gas,
        now=now,
    )


def milliseconds() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000
