"""Attempts: signed, journalled, and only then sent."""

import time
from collections.abc import Sequence
from contextlib import suppress

import structlog
from sqlalchemy import Connection

from oracle.chain.transactions import Broadcast, Fees, TransactionPort
from oracle.errors import InsufficientFunds, RpcInconsistent, TransactionError, TransactionRefused, TransactionUndecided
from oracle.node.views import Stage
from oracle.signing import LocalSigner, SignedTransaction
from oracle.store import Attempt, Database, Intent, intents, payments

FILL = "fill"
"""Kind of an intent that only closes a gap in the nonces."""
VOID_GAS = 21_000
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

        Raises RpcInconsistent where the RPC node's two counts are further apart than what can wait: a nonce that is
        never reached would hold its payments, and all nonces before it, for long.
        """
        used = self._port.nonce(self.address)
        pending = self._port.nonce(self.address, pending=True)
        if abs(pending - used) > FAR:
            raise RpcInconsistent(
                endpoint=self._port.endpoint, problem=f"the account has used {used} nonces, and {pending} with its pool"
            )
        nonce = max(used, pending)
        with self._database.reading() as connection:
            taken = {intent.nonce for intent in intents.intents_in(connection, intents.PENDING)}
        while nonce in taken:
            nonce += 1
        return nonce

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
            if self._port.is_known(signed.hash):
                return  # whatever it said
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

    def replace(self, intent: Intent, last: Attempt, fees: Fees, *, void: bool) -> None:
        """One more attempt of an intent, at its nonce; `void` does nothing. Raises TransactionError."""
        to, calldata, gas = (self.address, "0x", VOID_GAS) if void else (intent.destination, intent.calldata, last.gas)
        self.check_funds(gas * fees.most)
        signed = self._sign(intent.nonce, to, calldata, fees, gas)
        with self._database.writing() as connection:
            _journal(connection, intent.id, signed, fees, gas, void=void, now=milliseconds())
        log.info("transaction replaced", old=last.tx, tx=signed.hash, nonce=intent.nonce, void=void, max_fee=fees.most)
        self._send(signed.hash, signed.raw, gas * fees.most)

    def again(self, last: Attempt) -> None:
        """The same bytes once more. Raises TransactionError."""
        self._send(last.tx, last.raw, last.gas * last.max_fee)

    def use_up(self, intent: Intent, tried: Sequence[Attempt], trouble: TransactionError, *, void: bool) -> None:
        """There was trouble with one attempt more: the last one goes once more, or, where nobody has any, does nothing
        at the same fees: no later nonce can be used before this one. Raises TransactionError."""
        last = tried[-1]
        try:
            if void == last.void and not isinstance(trouble, TransactionRefused):
                with suppress(TransactionRefused):
                    self.again(last)
                    return
            if not last.void and not any(self._port.is_known(one.tx) for one in tried):
                self.replace(intent, last, Fees(last.max_fee, last.priority_fee), void=True)
        except TransactionError as another:
            # the first trouble says why it came to this
            raise trouble from another

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

    def _send(self, tx: str, raw: str, cost: int) -> None:
        outcome, words = self._port.broadcast(raw)
        problem = "" if outcome in (Broadcast.ACCEPTED, Broadcast.KNOWN) else words or outcome.value
        with self._database.writing() as connection:
            intents.change_attempt(connection, tx, problem=problem)
        if outcome is Broadcast.POOR:
            raise InsufficientFunds(address=self.address, balance=self._port.balance(self.address), needed=cost)
        if outcome is Broadcast.UNDECIDED:
            raise TransactionUndecided(tx=tx, message=words)
        if outcome is Broadcast.REFUSED:
            raise TransactionRefused(tx=tx, message=words)


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
