"""Blocks, payments, their events and reports in the journal; each function a step inside the caller's transaction."""

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from oracle.signing import RiskReport, SignedReport
from oracle.store.records import BlockRef, EventRow, PaymentRow, Position, Scored
from oracle.store.schema import blocks, counters, events, evidence, list_changes, meta, payments, reports

CHAIN_SOURCE = "chain"
"""Source of list changes that the chain told: a reorganisation takes them away, those of people stay."""
_SLICE = 500
_REPORT_FIELDS = tuple(field.name for field in dataclasses.fields(RiskReport))
_PAYMENT_COLUMNS = [payments.c[field.name] for field in dataclasses.fields(PaymentRow)]


# --- identity and cursor ---------------------------------------------------------------------------------------------


def get_meta(connection: Connection, name: str) -> str | None:
    """A remembered fact of this journal, such as the chain that it belongs to."""
    return connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar()


def set_meta(connection: Connection, name: str, value: str) -> None:
    """Remember a fact."""
    connection.execute(delete(meta).where(meta.c.name == name))
    connection.execute(insert(meta).values(name=name, value=value))


def cursor(connection: Connection) -> BlockRef | None:
    """The last block that was read; None before the first."""
    row = connection.execute(select(blocks).order_by(blocks.c.number.desc()).limit(1)).mappings().first()
    return None if row is None else BlockRef(**row)


def block_at(connection: Connection, number: int) -> BlockRef | None:
    """The block of that height as it was read; None where it is not remembered."""
    row = connection.execute(select(blocks).where(blocks.c.number == number)).mappings().first()
    return None if row is None else BlockRef(**row)


def previous_block(connection: Connection, number: int) -> BlockRef | None:
    """The highest remembered block below `number`."""
    query = select(blocks).where(blocks.c.number < number).order_by(blocks.c.number.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else BlockRef(**row)


def add_blocks(connection: Connection, read: Sequence[BlockRef], *, keep: int) -> None:
    """Move the cursor over `read` and forget hashes more than `keep` blocks below it."""
    if read:
        connection.execute(insert(blocks), [dataclasses.asdict(block) for block in read])
        connection.execute(delete(blocks).where(blocks.c.number < read[-1].number - keep))


def rewind(connection: Connection, to: int) -> list[str]:
    """Forget everything that the chain said above block `to`; returns the ids of payments touched that remain.

    Transactions that this node sent stay: whether they are still included is asked of the chain, not of the journal.
    """
    touched = connection.execute(select(events.c.payment_id).where(events.c.block > to).distinct()).scalars().all()
    connection.execute(delete(blocks).where(blocks.c.number > to))
    connection.execute(delete(events).where(events.c.block > to))
    connection.execute(delete(payments).where(payments.c.block > to))
    connection.execute(
        delete(list_changes).where(and_(list_changes.c.block > to, list_changes.c.source == CHAIN_SOURCE))
    )
    remaining = {row.payment_id for row in payments_by_id(connection, touched).values()}
    return [one for one in touched if one in remaining]


# --- payments --------------------------------------------------------------------------------------------------------


def add_scored(connection: Connection, scored: Sequence[Scored]) -> None:
    """Record new payments, each with its report and the document behind it."""
    if not scored:
        return
    connection.execute(insert(payments), [_payment_values(one.payment) for one in scored])
    connection.execute(
        insert(reports),
        [
            {
                **dataclasses.asdict(one.report.report),
                "digest": one.report.digest,
                "signer": one.report.signer,
                "signature": one.report.signature,
            }
            for one in scored
        ],
    )
    connection.execute(
        insert(evidence), [{"payment_id": one.payment.payment_id, "document": one.evidence} for one in scored]
    )


def put_payment(connection: Connection, row: PaymentRow) -> None:
    """Write a payment that the journal holds already."""
    connection.execute(update(payments).where(payments.c.payment_id == row.payment_id).values(**_payment_values(row)))


def change_payment(connection: Connection, payment_id: str, **values: Any) -> None:
    """Set columns of one payment."""
    connection.execute(update(payments).where(payments.c.payment_id == payment_id).values(**values))


def change_payments(connection: Connection, ids: Iterable[str], **values: Any) -> None:
    """Set the same columns of several payments."""
    for part in _slices(list(ids)):
        connection.execute(update(payments).where(payments.c.payment_id.in_(part)).values(**values))


def payment(connection: Connection, payment_id: str) -> PaymentRow | None:
    """One payment, or None."""
    return payments_by_id(connection, [payment_id]).get(payment_id)


def payments_by_id(connection: Connection, ids: Iterable[str]) -> dict[str, PaymentRow]:
    """Those of `ids` that the journal holds."""
    found: dict[str, PaymentRow] = {}
    for part in _slices(list(ids)):
        query = select(*_PAYMENT_COLUMNS).where(payments.c.payment_id.in_(part))
        found.update((row["payment_id"], _payment(row)) for row in connection.execute(query).mappings())
    return found


def due(
    connection: Connection,
    *,
    stages: Sequence[str],
    status: str,
    now: int,
    longest: int,
    limit: int,
    refused: bool | None = None,
    before: float | None = None,
    after: float | None = None,
    besides: ColumnElement[bool] | None = None,
) -> list[PaymentRow]:
    """Payments in one of `stages` and in the contract's `status` whose time has come: first what was never put off,
    oldest first, then by how long it has been due.

    No wait is longer than `longest` (as `now` unix milliseconds): what lies further ahead was written while the clock
    was wrong, and is due. `refused`: only those that were refused, or only those that were not. `before`, `after`: only
    those with a settle deadline before or after it. `besides`: is true of those that are not wanted.
    """
    query = (
        _in(stages, status)
        .where(or_(payments.c.retry_at <= now, payments.c.retry_at > now + longest))
        .order_by(payments.c.retry_at, payments.c.block, payments.c.log_index)
        .limit(limit)
    )
    if refused is not None:
        query = query.where(payments.c.refusals > 0 if refused else payments.c.refusals == 0)
    if before is not None:
        query = query.where(payments.c.settle_deadline < before)
    if after is not None:
        query = query.where(payments.c.settle_deadline > after)
    if besides is not None:
        query = query.where(~besides)
    return [_payment(row) for row in connection.execute(query).mappings()]


def any_in(connection: Connection, *, stages: Sequence[str], status: str) -> bool:
    """Whether any payment is in one of `stages` and in the contract's `status`."""
    return connection.execute(_in(stages, status).limit(1)).first() is not None


def in_stage(
    connection: Connection, *, stage: str, status: str, besides: ColumnElement[bool], limit: int
) -> list[PaymentRow]:
    """Payments in a stage and in the contract's `status`, oldest first, without those of which `besides` is true."""
    query = _in((stage,), status).where(~besides)
    query = query.order_by(payments.c.block, payments.c.log_index).limit(limit)
    return [_payment(row) for row in connection.execute(query).mappings()]


def past_deadline(
    connection: Connection, *, stages: Sequence[str], status: str, deadline: float, limit: int
) -> list[PaymentRow]:
    """Payments in one of `stages` and in the contract's `status` whose settle deadline is not after `deadline`."""
    query = _in(stages, status).where(payments.c.settle_deadline <= deadline)
    query = query.order_by(payments.c.block, payments.c.log_index).limit(limit)
    return [_payment(row) for row in connection.execute(query).mappings()]


def before_deadline(
    connection: Connection, *, stages: Sequence[str], status: str, deadline: float, limit: int
) -> list[PaymentRow]:
    """Payments in one of `stages` and in the contract's `status` whose settle deadline is after `deadline`."""
    query = _in(stages, status).where(payments.c.settle_deadline > deadline)
    query = query.order_by(payments.c.block, payments.c.log_index).limit(limit)
    return [_payment(row) for row in connection.execute(query).mappings()]


def _in(stages: Sequence[str], status: str) -> Select[Any]:
    wanted = payments.c.stage.in_([str(stage) for stage in stages])
    return select(*_PAYMENT_COLUMNS).where(wanted, payments.c.status == str(status))


def replay(connection: Connection) -> Iterator[PaymentRow]:
    """All payments in canonical order."""
    last: Position = (-1, -1)
    while True:
        query = (
            select(*_PAYMENT_COLUMNS)
            .where(tuple_(payments.c.block, payments.c.log_index) > last)
            .order_by(payments.c.block, payments.c.log_index)
            .limit(_SLICE)
        )
        rows = [_payment(row) for row in connection.execute(query).mappings()]
        yield from rows
        if len(rows) < _SLICE:
            return
        last = (rows[-1].block, rows[-1].log_index)


def page(
    connection: Connection,
    *,
    status: str | None,
    stage: str | None,
    wallet: str | None,
    limit: int,
    before: Position | None,
) -> list[PaymentRow]:
    """Up to `limit` payments, newest first, older than `before`."""
    query: Select[Any] = select(*_PAYMENT_COLUMNS)
    if status is not None:
        query = query.where(payments.c.status == status)
    if stage is not None:
        query = query.where(payments.c.stage == stage)
    if wallet is not None:
        query = query.where(or_(payments.c.sender == wallet, payments.c.recipient == wallet))
    if before is not None:
        query = query.where(tuple_(payments.c.block, payments.c.log_index) < before)
    query = query.order_by(payments.c.block.desc(), payments.c.log_index.desc()).limit(limit)
    return [_payment(row) for row in connection.execute(query).mappings()]


def last_instant_reference(connection: Connection, sender: str) -> str | None:
    """The reference of a sender's newest instant payment, None where there is none."""
    query = select(payments.c.reference).where(payments.c.sender == sender, payments.c.instant)
    query = query.order_by(payments.c.block.desc(), payments.c.log_index.desc()).limit(1)
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else str(found)


def count_by(connection: Connection, column: str, *, instant: bool | None = None) -> dict[str, int]:
    """How many payments have each value of a column ("stage", "status", "level")."""
    query = select(payments.c[column], func.count()).group_by(payments.c[column])
    if instant is not None:
        query = query.where(payments.c.instant == instant)
    return {str(value): int(count) for value, count in connection.execute(query)}


# --- reports and evidence --------------------------------------------------------------------------------------------


def signed_reports(connection: Connection, ids: Iterable[str]) -> dict[str, SignedReport]:
    """This node's reports on those of `ids` that it has scored."""
    found: dict[str, SignedReport] = {}
    for part in _slices(list(ids)):
        for row in connection.execute(select(reports).where(reports.c.payment_id.in_(part))).mappings():
            report = RiskReport(**{name: row[name] for name in _REPORT_FIELDS})
            found[row["payment_id"]] = SignedReport(report, row["digest"], row["signer"], row["signature"])
    return found


def unsettled_reports(connection: Connection, status: str) -> list[SignedReport]:
    """This node's reports on all payments in the contract's `status`."""
    query = select(payments.c.payment_id).where(payments.c.status == str(status))
    ids = connection.execute(query).scalars().all()
    return list(signed_reports(connection, ids).values())


def set_signature(connection: Connection, signed: SignedReport) -> None:
    """Put this node's signature on a report that was stored without one, or with another key's."""
    connection.execute(
        update(reports)
        .where(reports.c.payment_id == signed.report.payment_id)
        .values(digest=signed.digest, signer=signed.signer, signature=signed.signature)
    )


def evidence_of(connection: Connection, payment_id: str) -> bytes:
    """The document behind a report; empty where there is none."""
    query = select(evidence.c.document).where(evidence.c.payment_id == payment_id)
    return bytes(connection.execute(query).scalar() or b"")


# --- events ----------------------------------------------------------------------------------------------------------


def add_events(connection: Connection, rows: Sequence[EventRow]) -> None:
    """Record events; each (tx, block hash, log index) once."""
    if rows:
        connection.execute(
            insert(events), [{**dataclasses.asdict(row), "arguments": json.dumps(row.arguments)} for row in rows]
        )


def events_of(connection: Connection, payment_id: str) -> list[EventRow]:
    """The events of a payment in canonical order."""
    query = select(events).where(events.c.payment_id == payment_id).order_by(events.c.block, events.c.log_index)
    return [
        EventRow(**{**row, "arguments": json.loads(row["arguments"])}) for row in connection.execute(query).mappings()
    ]


# --- counters --------------------------------------------------------------------------------------------------------


def add_to_counters(connection: Connection, added: Mapping[str, int]) -> None:
    """Raise counters."""
    for name, value in added.items():
        change = update(counters).where(counters.c.name == name).values(value=counters.c.value + value)
        if connection.execute(change).rowcount == 0:
            connection.execute(insert(counters).values(name=name, value=value))


def read_counters(connection: Connection) -> dict[str, int]:
    """All counters."""
    return {row.name: row.value for row in connection.execute(select(counters))}


def _payment(row: RowMapping) -> PaymentRow:
    return PaymentRow(**{**row, "amount": int(row["amount"])})


def _payment_values(row: PaymentRow) -> dict[str, Any]:
    return {**dataclasses.asdict(row), "amount": str(row.amount)}


def _slices(values: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(values), _SLICE):
        yield values[start : start + _SLICE]
