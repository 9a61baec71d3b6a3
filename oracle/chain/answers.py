"""Reading what an RPC node said: as what it should be, or not at all.

A node may answer with anything: null from a backend that lags, text where a number is meant, a page of an overloaded
proxy as JSON. Nothing else in this package looks into such a value, so that whatever it is raises RpcInconsistent.
"""

import re
import reprlib
from dataclasses import dataclass
from typing import Any

from oracle.errors import RpcInconsistent

ADDRESS, HASH = 20, 32
"""Bytes."""
JOURNAL = 63
"""Bits of a number that the journal can keep."""
WORD = 256
"""Bits of what the chain itself counts with, as wei."""
LONGEST_TEXT = 1_000
"""Characters of a node's own words that are kept."""

# fullmatch, and no int() or bytes.fromhex() before it: those take signs, spaces and underscores as well
_NUMBER = re.compile(r"0x[0-9a-fA-F]+")
_BYTES = re.compile(r"0x(?:[0-9a-fA-F]{2})*")

_brief = reprlib.Repr()
_brief.maxlevel, _brief.maxstring, _brief.maxother = 2, 66, 66
_brief.maxdict = _brief.maxlist = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, or a part of one; `what` names it in errors: the method, then the way to the part.

    All that reads it raises RpcInconsistent where the value is something else.
    """

    endpoint: str
    what: str
    value: Any

    @property
    def missing(self) -> bool:
        """Whether it is null, as for what the node does not know, or left out."""
        return self.value is None

    def number(self, *, bits: int = JOURNAL) -> int:
        """A quantity of at most so many bits."""
        if isinstance(self.value, str) and _NUMBER.fullmatch(self.value):
            number = int(self.value, 16)
            if number.bit_length() <= bits:
                return number
        raise self.odd(f"a number of up to {bits} bits as 0x hex")

    def data(self, size: int | None = None) -> str:
        """Bytes as lower-case 0x hex; `size`: how many there must be."""
        if not is_data(self.value):
            raise self.odd("bytes as 0x hex")
        found: str = self.value.lower()
        if size is not None and len(found) != 2 + 2 * size:
            raise self.odd(f"{size} bytes as 0x hex")
        return found

    def member(self, name: str) -> "Answer":
        """A member of an object; missing where the object has none of that name."""
        if not isinstance(self.value, dict):
            raise self.odd("an object")
        return Answer(self.endpoint, f"{self.what}.{name}", self.value.get(name))

    def items(self) -> list["Answer"]:
        """The items of a list."""
        if not isinstance(self.value, list):
            raise self.odd("a list")
        return [Answer(self.endpoint, f"{self.what}[{number}]", one) for number, one in enumerate(self.value)]

    def odd(self, expected: str) -> RpcInconsistent:
        """The error for a value that is not what was expected."""
        return RpcInconsistent(endpoint=self.endpoint, problem=f"{self.what} is {brief(self.value)}, not {expected}")


def is_data(value: object) -> bool:
    """Whether it is bytes as 0x hex."""
    return isinstance(value, str) and _BYTES.fullmatch(value) is not None


def brief(value: object) -> str:
    """Any JSON value, short enough for a sentence, and printable whatever is in it."""
    return _brief.repr(value)


def plain_text(value: object) -> str:
    """What a node says in its own words, as text that every journal, log and terminal can hold.

    JSON may hold NUL and halves of surrogate pairs, which no database and no UTF-8 takes, and control characters.
    """
    text = value[:LONGEST_TEXT] if isinstance(value, str) else brief(value)
    return "".join(one if one.isprintable() else " " for one in text)


def code(value: object) -> int | str:
    """A JSON-RPC error's code: a number, or whatever the node gives in its place; 0 for none."""
    if value is None:
        return 0
    if isinstance(value, int):
        return int(value)
    text = plain_text(value)
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text
