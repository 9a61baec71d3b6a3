"""The screening lists of a simulated economy."""

import hashlib

from oracle.scoring.lists import ListEntry, ListKind, ScreeningLists


def sanctioned_addresses(seed: int) -> tuple[str, ...]:
    """The listed wallets of the economy with that seed."""
    return tuple("0x" + hashlib.sha256(f"payflow:{seed}:listed:{n}".encode()).hexdigest()[:40] for n in range(5))


def simulated_lists(seed: int) -> ScreeningLists:
    """Lists that name them."""
    return ScreeningLists(
        ListEntry(address, ListKind.SANCTIONED, "simulator", f"party {number}")
        for number, address in enumerate(sanctioned_addresses(seed), start=1)
    )
