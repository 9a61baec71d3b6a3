"""What a backtest replays: rows in the order of time, from anything that gives the same when it is read again."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from oracle.scoring import Payment, ScreeningLists

NULL = "0x" + "00" * 20
MOST_DECIMALS = 36
"""What scoring can work with; no real token has more than 24."""
_ADDRESS = re.compile("0x[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Row:
    """One payment of a source. `number` is its row there, from 0 on, left-out rows included.

    `label`: 1 fraud, 0 not, -1 unknown; `kind`: the typology or story, "" where none is named; `pays`: the party that
    the label is about is the sender. `lists` are to be in force from this payment on; None: as before.
    """

    number: int
    payment: Payment
    label: int = -1
    kind: str = ""
    pays: bool = True
    lists: ScreeningLists | None = None


class Source(Protocol):
    """Rows that can be read again from the start, the same each time."""

    @property
    def identity(self) -> Mapping[str, str]:
        """What the rows follow from, such as hashes of files: equal identities give equal rows."""

    @property
    def size(self) -> int | None:
        """About how many rows there are, for progress; None where nobody knows."""

    @property
    def left_out(self) -> Mapping[str, int]:
        """Rows left out so far in the present reading, by reason."""

    def rows(self) -> Iterator[Row]:
        """All rows from the first on, times never falling."""


def why_unusable(payment: Payment) -> str:
    """Why the core would never have taken this payment; "" where it would have."""
    if NULL in (payment.sender, payment.recipient):
        return "mints and burns (the null address is no party)"
    if payment.sender == payment.recipient:
        return "payments to oneself"
    if payment.amount == 0:
        return "payments of nothing"
    if payment.decimals > MOST_DECIMALS:
        return f"tokens of more than {MOST_DECIMALS} decimals"
    return ""


def kept(rows: Iterator[Row], left_out: Counter[str]) -> Iterator[Row]:
    """The rows that the core would have taken; the others are counted in `left_out`."""
    for row in rows:
        if reason := why_unusable(row.payment):
            left_out[reason] += 1
        else:
            yield row


def address_of(space: str, name: str) -> str:
    """`name` if it is a lower-case address, else one made of it: account numbers of banks become addresses by hash."""
    if _ADDRESS.fullmatch(name):
        return name
    return "0x" + sha256(f"payflow.backtest:{space}:{name}".encode()).hexdigest()[:40]


def id_of(space: str, number: int) -> str:
    """The payment id of a row that brings none."""
    return "0x" + sha256(f"payflow.backtest:{space}:row {number}".encode()).hexdigest()
