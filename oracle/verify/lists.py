"""What a node's operators listed besides the chain, as a file: only they can say it, since it is on no chain.

A JSON array of changes in the order in which they were made, each

    {"address": "0x…", "kind": "blacklisted", "source": "api", "note": "", "block": 1234, "added": true}

`kind` is one of scoring's list kinds, `source` and `note` are as the node recorded them (both are part of the lists'
version), `block` is the first block for whose payments the change counts (default 0: always), `added` false takes away
what the same source had listed.
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from oracle.errors import DataInvalid, InvalidListing
from oracle.node.screening import Change
from oracle.scoring import ListEntry, ListKind, ScreeningLists

REMEDY = "Expected a JSON array of list changes; docs/verifying.md shows one."


@dataclass(frozen=True, slots=True)
class PlacedChange:
    """A change and the first block for whose payments it counts."""

    block: int
    change: Change


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    address: str
    kind: str
    source: str = "api"
    note: str = ""
    block: int = Field(0, ge=0)
    added: bool = True


_ENTRIES = TypeAdapter(list[_Entry])


def read_changes(path: Path) -> tuple[PlacedChange, ...]:
    """The changes of a file, by block. Raises DataInvalid, which names the entry (counted from 1) and the field."""
    try:
        entries = _ENTRIES.validate_json(path.read_bytes())
    except ValidationError as invalid:
        first = invalid.errors(include_url=False)[0]
        row = first["loc"][0] if first["loc"] else None
        raise _invalid(
            path,
            f"is not accepted ({first['msg'][:1].lower()}{first['msg'][1:]})",
            row=row + 1 if isinstance(row, int) else None,
            column=str(first["loc"][-1]) if len(first["loc"]) > 1 else None,
            value=None if isinstance(first["input"], dict | list) else str(first["input"]),
        ) from None
    except OSError as unreadable:
        raise _invalid(path, f"it cannot be read ({unreadable})") from None
    changes = [_placed(path, number, entry) for number, entry in enumerate(entries, 1)]
    return tuple(sorted(changes, key=lambda one: one.block))


def _placed(path: Path, number: int, entry: _Entry) -> PlacedChange:
    try:
        kind = ListKind(entry.kind)
    except ValueError:
        known = ", ".join(ListKind)
        raise _invalid(path, f"is no kind of list ({known})", row=number, column="kind", value=entry.kind) from None
    try:
        ScreeningLists().with_entry(ListEntry(entry.address, kind))
    except InvalidListing as refused:
        raise _invalid(path, refused.problem, row=number, column="address", value=entry.address) from None
    change = Change(entry.added, entry.address.lower(), kind, entry.source, entry.note)
    return PlacedChange(entry.block, change)


def _invalid(
    path: Path, problem: str, *, row: int | None = None, column: str | None = None, value: str | None = None
) -> DataInvalid:
    return DataInvalid(path=path, problem=problem, remedy=REMEDY, row=row, column=column, value=value)
