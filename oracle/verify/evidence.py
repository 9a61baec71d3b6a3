"""An evidence document that somebody gave: is it the one whose hash is on chain, and where does it differ from ours."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pydantic_core import from_json


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place, in the order of the canonical document, at which two documents part. None: it has no such line.

    A line reads `scores.overall = 12`.
    """

    given: str | None
    recomputed: str | None


@dataclass(frozen=True, slots=True)
class EvidenceCheck:
    """`sha256`: 0x and the document's hash. `authentic`: whether that is the hash on chain; None where there is none
    yet.

    `values` are the document's lines by path, empty where it is no JSON object.
    """

    source: str
    sha256: str
    authentic: bool | None
    difference: Difference | None
    values: dict[str, str]


def check_evidence(given: bytes, *, source: str, on_chain: str | None, recomputed: bytes) -> EvidenceCheck:
    """Compare a document with the hash on chain (0x hex, None: no verdict yet) and with the recomputed one.

    One line feed behind the document, which tools like to add when they save text, is forgiven.
    """
    # canonical JSON never ends in a line feed, so that this cannot turn an altered document into the signed one
    document = given.removesuffix(b"\n")
    found = hash_of(document)
    values = _values(document)
    return EvidenceCheck(
        source=source,
        sha256=found,
        authentic=None if on_chain is None else found == on_chain,
        difference=None if document == recomputed else _first_difference(values, _values(recomputed)),
        values=values,
    )


def hash_of(document: bytes) -> str:
    """0x and the SHA-256."""
    return "0x" + sha256(document).hexdigest()


def _first_difference(given: dict[str, str], ours: dict[str, str]) -> Difference:
    if not given:
        return Difference("no evidence document: expected a JSON object", None)
    for path in sorted(given.keys() | ours.keys(), key=_natural):
        if given.get(path) != ours.get(path):
            return Difference(_line(path, given), _line(path, ours))
    return Difference("the same values, written in another way than canonical JSON", None)


def _line(path: str, values: dict[str, str]) -> str | None:
    """The line of that path, else what stands in its place: the first one within it, or an empty whole of it."""
    near = [one for one in values if one.startswith(f"{path}.") or path.startswith(f"{one}.")]
    shown = path if path in values else min(near, key=_natural, default=None)
    return None if shown is None else f"{shown} = {values[shown]}"


def _natural(path: str) -> list[tuple[bool, int, str]]:
    """Sorts a list's tenth member behind its second."""
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in path.split(".")]


def _values(document: bytes) -> dict[str, str]:
    try:
        # not json.loads: that one crashes on deep nesting where a library has raised Python's recursion limit
        parsed = from_json(document)
    except ValueError:
        return {}
    return dict(_flat("", parsed)) if isinstance(parsed, dict) else {}


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name in sorted(value):
            yield from _flat(f"{path}.{name}" if path else name, value[name])
    elif isinstance(value, list) and value:
        for index, one in enumerate(value):
            yield from _flat(f"{path}.{index}", one)
    else:
        yield path, json.dumps(value, ensure_ascii=True)
