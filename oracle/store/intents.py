"""Transactions in the journal: intents, each with one nonce for good, and the attempts to have them included."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    distinct,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from oracle.store.records import Attempt, Intent
from oracle.store.schema import attempts, intent_payments, intents, payments

OPEN, MINED, FINAL, DISPLACED = "open", "mined", "final", "displaced"
PENDING = (OPEN, MINED)
"""States in which an intent still holds its nonce and its payments."""


def add_intent(
    connection: Connection,
    *,
    kind: str,
    nonce: int,
    destination: str,
    calldata: str,
    payment_ids: Sequence[str],
    now: int,
) -> int:
    """Record a new open intent; returns its id."""
    added = connection.execute(
        insert(intents).values(
            kind=kind, nonce=nonce, destination=destination, calldata=calldata, state=OPEN, created_at=now
        )
    )
    assert added.inserted_primary_key is not None  # noqa: S101 (SQLAlchemy: never None for a single-row insert)
    intent_id = int(added.inserted_primary_key[0])
    if payment_ids:
        connection.execute(
            insert(intent_payments), [{"intent_id": intent_id, "payment_id": one} for one in payment_ids]
        )
    return intent_id


def change_intent(connection: Connection, intent_id: int, **values: Any) -> None:
    """Set columns of one intent."""
    connection.execute(update(intents).where(intents.c.id == intent_id).values(**values))


def remove(connection: Connection, intent_id: int) -> None:
    """Forget an intent that nobody but this node ever had."""
    connection.execute(delete(intents).where(intents.c.id == intent_id))


def leave(connection: Connection) -> int:
    """Follow none any more that waits or is not final; returns how many waited. Their payments can be planned anew."""
    waited = connection.execute(update(intents).where(intents.c.state == OPEN).values(state=DISPLACED)).rowcount
    connection.execute(update(intents).where(intents.c.state == MINED).values(state=FINAL))
    return waited


def intents_in(connection: Connection, states: Iterable[str]) -> list[Intent]:
    """Intents in any of `states`, by nonce."""
    query = select(intents).where(intents.c.state.in_(list(states))).order_by(intents.c.nonce, intents.c.id)
    return [Intent(**row) for row in connection.execute(query).mappings()]


def payments_of(connection: Connection, intent_id: int) -> list[str]:
    """The ids of the payments that an intent carries."""
    query = select(intent_payments.c.payment_id).where(intent_payments.c.intent_id == intent_id)
    return list(connection.execute(query).scalars())


def is_held(connection: Connection, payment_id: str) -> bool:
    """Whether an intent that is not over carries the payment."""
    query = (
        select(intents.c.id)
        .join(intent_payments, intents.c.id == intent_payments.c.intent_id)
        .where(intent_payments.c.payment_id == payment_id, intents.c.state.in_(PENDING))
    )
    return connection.execute(query.limit(1)).first() is not None


def waits() -> ColumnElement[bool]:
    """Of a payment: that an open intent carries it."""
    return _in_any(intents.c.state == OPEN)


def carried(cursor: int) -> ColumnElement[bool]:
    """Of a payment: that something is still to be heard of it, as the journal has read up to block `cursor`: its
    transaction waits, or it did its work in a later block."""
    did_its_work = and_(
        intents.c.state.in_((MINED, FINAL)),
        intents.c.mined_block > cursor,
        intents.c.succeeded,
        attempts.c.void.is_not(True),
    )
    return _in_any(or_(intents.c.state == OPEN, did_its_work))


def _in_any(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Of a payment: that one of its intents is so. By its own, which are few, where all intents are many."""
    return exists(
        select(intent_payments.c.payment_id)
        .join(intents, intents.c.id == intent_payments.c.intent_id)
        .outerjoin(attempts, attempts.c.tx == intents.c.mined_tx)
        .where(intent_payments.c.payment_id == payments.c.payment_id, condition)
        .correlate(payments)
    )


def retries_open(connection: Connection) -> int:
    """How many transactions wait that carry a payment which was refused before."""
    query = (
        select(func.count(distinct(intents.c.id)))
        .join(intent_payments, intents.c.id == intent_payments.c.intent_id)
        .join(payments, payments.c.payment_id == intent_payments.c.payment_id)
        .where(intents.c.state == OPEN, payments.c.refusals > 0)
    )
    return int(connection.execute(query).scalar_one())


def release_payments(connection: Connection, intent_id: int, payment_ids: Iterable[str]) -> None:
    """Let other intents take these payments, though the intent itself goes on."""
    connection.execute(
        delete(intent_payments).where(
            intent_payments.c.intent_id == intent_id, intent_payments.c.payment_id.in_(list(payment_ids))
        )
    )


def add_attempt(
    connection: Connection,
    *,
    intent_id: int,
    tx: str,
    raw: str,
    void: bool,
    max_fee: int,
    priority_fee: int,
    gas: int,
    now: int,
) -> None:
    """Record a signed transaction before it is sent.

    Where fees stand still, the same bytes may have been an attempt of an intent that was given up, or was final before
    its block was taken back: they are this intent's now.
    """
    connection.execute(delete(attempts).where(attempts.c.tx == tx))
    connection.execute(
        insert(attempts).values(
            intent_id=intent_id,
            tx=tx,
            raw=raw,
            void=void,
            max_fee=max_fee,
            priority_fee=priority_fee,
            gas=gas,
            sent_at=now,
            problem="",
        )
    )


def change_attempt(connection: Connection, tx: str, **values: Any) -> None:
    """Set columns of the attempt with that hash."""
    connection.execute(update(attempts).where(attempts.c.tx == tx).values(**values))


def attempts_of(connection: Connection, intent_id: int) -> list[Attempt]:
    """The attempts of an intent, oldest first."""
    query = select(attempts).where(attempts.c.intent_id == intent_id).order_by(attempts.c.id)
    return [Attempt(**row) for row in connection.execute(query).mappings()]


def history_of(connection: Connection, payment_id: str) -> list[tuple[Intent, Attempt]]:
    """Everything that was sent for a payment, oldest first."""
    query = (
        select(intents.c.id)
        .join(intent_payments, intents.c.id == intent_payments.c.intent_id)
        .where(intent_payments.c.payment_id == payment_id)
    )
    ids = list(connection.execute(query).scalars())
    rows = connection.execute(select(intents).where(intents.c.id.in_(ids)).order_by(intents.c.id)).mappings()
    return [(intent, one) for intent in (Intent(**row) for row in rows) for one in attempts_of(connection, intent.id)]
