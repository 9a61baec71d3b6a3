"""Screening lists in the journal: a history of changes, so that past scores can be computed again."""

from collections.abc import Iterator

from sqlalchemy import Connection, insert, select

from oracle.store.records import ListChangeRow
from oracle.store.schema import list_changes


def add_change(
    connection: Connection,
    *,
    block: int,
    log_index: int,
    added: bool,
    address: str,
    kind: str,
    source: str,
    note: str,
    at: int,
) -> None:
    """Record that an entry was added or taken away, for payments behind (block, log_index)."""
    connection.execute(
        insert(list_changes).values(
            block=block,
            log_index=log_index,
            added=added,
            address=address,
            kind=kind,
            source=source,
            note=note,
            at=at,
        )
    )


def changes(connection: Connection) -> Iterator[ListChangeRow]:
    """All changes in the order in which they count."""
    query = select(list_changes).order_by(list_changes.c.block, list_changes.c.log_index, list_changes.c.id)
    for row in connection.execute(query).mappings():
        yield ListChangeRow(**row)
