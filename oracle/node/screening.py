"""Screening lists as the fold of their changes, which come from the chain and from people.

An entry may have several sources (the chain blacklists a wallet that an operator had blacklisted already): it stands
until the last of them takes it away, so that an operator cannot undo what the chain says, nor the other way round.
"""

from dataclasses import dataclass

from oracle.chain.contracts import LISTS, ChainEvent
from oracle.node.views import Listing, ListKind
from oracle.scoring import ListEntry, ScreeningLists
from oracle.scoring import ListKind as ScoringKind
from oracle.store import ListChangeRow
from oracle.store.payments import CHAIN_SOURCE

_MEANINGS = {name: meaning for events in LISTS.values() for name, meaning in events.items()}
KINDS = {ListKind.BLACKLIST: ScoringKind.BLACKLISTED, ListKind.WHITELIST: ScoringKind.WHITELISTED}


@dataclass(frozen=True, slots=True)
class Change:
    """One change before it has a place in the journal."""

    added: bool
    address: str
    kind: ScoringKind
    source: str
    note: str


def change_of(event: ChainEvent) -> Change | None:
    """The list change that an event of one of the contracts means, or None."""
    meaning = _MEANINGS.get(event.name)
    if meaning is None:
        return None
    note = str(event.arguments.get(meaning.note, "")) if meaning.note else ""
    return Change(meaning.added, str(event.arguments[meaning.address]), ScoringKind[meaning.kind], CHAIN_SOURCE, note)


class ListState:
    """The lists as all changes up to now leave them, with who stands behind each entry. Not thread-safe."""

    def __init__(self, base: ScreeningLists) -> None:
        """`base`: what is listed before any change (normally nothing)."""
        self.lists = base
        self._sources: dict[tuple[str, ScoringKind], dict[str, Listing]] = {}

    def apply(self, change: Change, *, at: int) -> bool:
        """Take one change in; returns whether the lists are different now. `at`: unix seconds.

        Raises InvalidListing (null and burn addresses are never listed).
        """
        key = (change.address, change.kind)
        sources = self._sources.setdefault(key, {})
        before = bool(sources)
        if change.added:
            entry = ListEntry(change.address, change.kind, change.source, change.note)
            after = self.lists if before else self.lists.with_entry(entry)
            sources[change.source] = Listing(change.address, _name(change.kind), change.source, change.note, at)
        else:
            sources.pop(change.source, None)
            after = self.lists.without_entry(change.address, change.kind) if before and not sources else self.lists
        self.lists = after
        return before != bool(sources)

    def sources(self, address: str, kind: ScoringKind) -> frozenset[str]:
        """Who lists the address as `kind`."""
        return frozenset(self._sources.get((address, kind), ()))

    def listings(self, kind: ScoringKind) -> tuple[Listing, ...]:
        """The entries of a kind, one per source, by address."""
        found = [one for (_, has), by in self._sources.items() if has is kind for one in by.values()]
        return tuple(sorted(found, key=lambda one: (one.address, one.source)))

    def size(self, kind: ScoringKind) -> int:
        """How many addresses are listed as `kind`."""
        return sum(1 for (_, has), by in self._sources.items() if has is kind and by)


def change_from(row: ListChangeRow) -> Change:
    """A journalled change."""
    return Change(row.added, row.address, ScoringKind[row.kind], row.source, row.note)


def _name(kind: ScoringKind) -> str:
    return kind.name.lower()
