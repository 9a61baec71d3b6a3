"""Screening lists as people change them through the API: checked, journalled, put in force, told to the feed."""

import time

from oracle.errors import ListingUnknown
from oracle.node import requests
from oracle.node.bus import EventBus
from oracle.node.scorer import Scorer
from oracle.node.screening import KINDS, Change
from oracle.node.views import ListChange, ListKind
from oracle.node.watcher import Watcher
from oracle.store import Database, lists, payments
from oracle.store.payments import CHAIN_SOURCE


class ListKeeper:
    """Adds and removes entries. Thread-safe: each change takes the watcher's turn."""

    def __init__(self, database: Database, scorer: Scorer, bus: EventBus) -> None:
        self._database = database
        self._scorer = scorer
        self._bus = bus

    def add(self, watcher: Watcher, kind: ListKind, address: str, *, note: str, by: str) -> ListChange:
        """List an address in the name of `by`. Raises InvalidAddress, InvalidListing, StoreError."""
        return self._put(watcher, Change(True, requests.address(address), KINDS[kind], _person(by), note), kind)

    def remove(self, watcher: Watcher, kind: ListKind, address: str, *, by: str) -> ListChange:
        """Take away every person's entry, not the chain's. Raises InvalidAddress, ListingUnknown, StoreError."""
        wallet = requests.address(address)
        with watcher.turn:
            with self._scorer.listed() as state:
                people = state.sources(wallet, KINDS[kind]) - {CHAIN_SOURCE}
            if not people:
                raise ListingUnknown(address=wallet, kind=kind.value)
            # whoever added it: an operator may correct what another operator listed
            for source in sorted(people):
                result = self._put(watcher, Change(False, wallet, KINDS[kind], source, f"by {by}"), kind)
        return result

    def _put(self, watcher: Watcher, change: Change, kind: ListKind) -> ListChange:
        now = int(time.time())
        with watcher.turn:
            with self._scorer.listed() as state:
                changed = change.added != (change.source in state.sources(change.address, change.kind))
            if changed:
                self._scorer.check(change)
                with self._database.writing() as connection:
                    cursor = payments.cursor(connection)
                    lists.add_change(
                        connection,
                        # from the next block on, before everything in it
                        block=(0 if cursor is None else cursor.number) + 1,
                        log_index=-1,
                        added=change.added,
                        address=change.address,
                        kind=change.kind.name,
                        source=change.source,
                        note=change.note,
                        at=now,
                    )
                self._scorer.change(change, at=now)
            version = self._scorer.lists_version
        if changed:
            self._bus.publish("list", {"address": change.address, "kind": change.kind.name, "added": change.added})
        return ListChange(changed, change.address, kind, version)


def _person(by: str) -> str:
    """A source that cannot be taken for the chain's."""
    return f"person {by}" if by == CHAIN_SOURCE else by
