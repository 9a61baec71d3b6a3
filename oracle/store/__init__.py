"""The journal (SQLAlchemy Core on SQLite or PostgreSQL). `payments`, `intents`, `lists`: steps in a transaction."""

from oracle.store import intents, lists, payments
from oracle.store.database import Database
from oracle.store.records import (
    Attempt,
    BlockRef,
    EventRow,
    Intent,
    ListChangeRow,
    PaymentRow,
    Position,
    Scored,
)

__all__ = [
    "Attempt",
    "BlockRef",
    "Database",
    "EventRow",
    "Intent",
    "ListChangeRow",
    "PaymentRow",
    "Position",
    "Scored",
    "intents",
    "lists",
    "payments",
]
