"""Typed screening lists: immutable, and versioned by their content."""

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from oracle.errors import InvalidListing

_ADDRESS = re.compile(r"0x[0-9a-f]{40}\Z")

NEVER_LISTED: Mapping[str, str] = MappingProxyType(
    {
        "0x" + "00" * 20: "the null address is what a mint or a burn names, not a party",
        "0x" + "ff" * 20: "a burn address is no party",
        "0x000000000000000000000000000000000000dead": "a burn address is no party",
        "0xdead000000000000000042069420694206942069": "a burn address is no party",
        "0xdeaddeaddeaddeaddeaddeaddeaddeaddeaddead": "a burn address is no party",
        "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee": "it stands for the native currency, not for a party",
    }
)
"""Addresses that real blocklists contain by mistake, with why they are refused (precompiles 0x1–0x1ff come on top)."""


class ListKind(StrEnum):
    """What an address is listed as. An address may have several kinds."""

    SANCTIONED = "sanctioned"
    BLACKLISTED = "blacklisted"
    WHITELISTED = "whitelisted"
    MIXER = "mixer"
    SCAM = "scam"
    EXCHANGE = "exchange"
    SERVICE = "service"
    """Bridges, routers and other contracts that hold many people's money at once."""
    TOKEN = "token"  # noqa: S105 -- no password
    """Token contracts; blocklists name them by mistake, so that this kind cancels all others but a sanction."""


HUBS = frozenset({ListKind.EXCHANGE, ListKind.SERVICE, ListKind.TOKEN})
"""Kinds behind which money of many owners is mixed in the ordinary course of business: exposure is not passed on."""


@dataclass(frozen=True, slots=True, order=True)
class ListEntry:
    """One address, what it is listed as, and who says so."""

    address: str
    kind: ListKind
    source: str = ""
    note: str = ""


class ScreeningLists:
    """An immutable set of entries, at most one per address and kind. `version` is the hash of the content."""

    __slots__ = ("_entries", "_kinds", "_version")

    def __init__(self, entries: Iterable[ListEntry] = ()) -> None:
        """Raises InvalidListing for what can never be listed. Of two entries with one address and kind the last
        stands."""
        self._entries: dict[tuple[str, ListKind], ListEntry] = {}
        self._kinds: dict[str, frozenset[ListKind]] = {}
        self._version = ""
        for entry in entries:
            self._put(_checked(entry))

    def _put(self, entry: ListEntry) -> None:
        self._entries[entry.address, entry.kind] = entry
        self._kinds[entry.address] = self._kinds.get(entry.address, frozenset()) | {entry.kind}

    def with_entry(self, entry: ListEntry) -> "ScreeningLists":
        """The lists with `entry` added (or replaced). Raises InvalidListing."""
        entry = _checked(entry)
        if self._entries.get((entry.address, entry.kind)) == entry:
            return self
        changed = self._copy()
        changed._put(entry)
        return changed

    def without_entry(self, address: str, kind: ListKind) -> "ScreeningLists":
        """The lists without that entry; the same object where there is none."""
        address = address.lower()
        if (address, kind) not in self._entries:
            return self
        changed = self._copy()
        del changed._entries[address, kind]
        if left := changed._kinds.pop(address) - {kind}:
            changed._kinds[address] = left
        return changed

    def _copy(self) -> "ScreeningLists":
        changed = ScreeningLists()
        changed._entries, changed._kinds = self._entries.copy(), self._kinds.copy()
        return changed

    def kinds(self, address: str) -> frozenset[ListKind]:
        """What a lower-case address is listed as."""
        return self._kinds.get(address, frozenset())

    def entry(self, address: str, kind: ListKind) -> ListEntry | None:
        """The entry, or None."""
        return self._entries.get((address, kind))

    def addresses(self, *kinds: ListKind) -> frozenset[str]:
        """All addresses of any of `kinds`."""
        return frozenset(address for address, kind in self._entries if kind in kinds)

    def names_any(self, addresses: Collection[str]) -> bool:
        """Whether any of the lower-case `addresses` is listed."""
        return not self._kinds.keys().isdisjoint(addresses)

    def __iter__(self) -> Iterator[ListEntry]:
        return iter(sorted(self._entries.values()))

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, address: object) -> bool:
        return address in self._kinds

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ScreeningLists) and self._entries == other._entries

    def __hash__(self) -> int:
        return hash(self.version)

    @property
    def version(self) -> str:
        """0x and the SHA-256 over all entries in order; the same entries give the same version anywhere."""
        if not self._version:
            rows = [[one.address, one.kind.value, one.source, one.note] for one in self]
            self._version = "0x" + hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode("ascii")).hexdigest()
        return self._version


def _checked(entry: ListEntry) -> ListEntry:
    address = entry.address.lower()
    kind = ListKind(entry.kind)
    problem = NEVER_LISTED.get(address, "")
    if not _ADDRESS.match(address):
        problem = "expected 0x and 40 hexadecimal digits"
    elif not problem and int(address, 16) < 0x200:
        problem = "it is a precompiled contract, not a party"
    if problem:
        raise InvalidListing(address=entry.address, kind=kind.value, problem=problem)
    return entry if address == entry.address else ListEntry(address, kind, entry.source, entry.note)
