"""What is said of one payment: `FEATURES` names the columns of a vector, which are the numbers of `TypologyFacts`."""

from dataclasses import dataclass, fields
from enum import IntFlag


class Cut(IntFlag):
    """Which bound ended a look early; the counts it feeds are then lower bounds."""

    NONE = 0
    SCAN = 1
    """A wallet had more than `kernels.SCAN` transfers in the window and direction: the latest were looked at."""
    CYCLE = 2
    """The search for a cycle visited `kernels.BUDGET` edges: none found does not mean none there."""
    SCATTER_GATHER = 4
    """The search for shared sources (`scatter_gather`, `layered`) visited `kernels.BUDGET` edges."""
    BIPARTITE = 8
    """The search for shared payees visited `kernels.BUDGET` edges."""


@dataclass(frozen=True, slots=True)
class TypologyFacts:
    """The shapes that a payment from s to r would complete, among the transfers of the window before it.

    Wallets are counted once each. A transfer is in the window if it is at most the window's length old. "Later" means
    later in the order of the chain, also within one block. Amounts are alike from a ratio of 0.9 of the smaller to the
    larger on. A payment to oneself has only hops.
    """

    fan_in: int
    """Wallets that paid r, s among them."""
    fan_in_equal: int
    """Of these, the ones that paid an amount like this one, s among them."""
    fan_out: int
    """Wallets that s paid, r among them."""
    fan_out_equal: int
    """Of these, the ones that were paid an amount like this one, r among them."""
    payers: int
    """Wallets that paid s."""
    payees: int
    """Wallets that r paid: 0 for a mere collector."""
    cycle: int
    """Payments of the shortest cycle that this payment closes, itself among them: 2 to 6, 0 for none. The others lead
    from r to s, each later than the one before."""
    cycle_ratio: float
    """Smallest over largest amount in the cycle, 0 to 1; 0 where there is no cycle."""
    cycle_seconds: int
    """Seconds from the cycle's first payment to this one; 0 where there is no cycle."""
    scatter_gather: int
    """Wallets, s among them, that were paid by one source and paid r later, for the source of the most; r is no source.
    0 where nobody else paid s."""
    gather_scatter: int
    """The largest k such that at some moment k wallets had paid s, and s paid k wallets after it, r among them."""
    layered: int
    """Wallets that paid s and also paid another payer of r before that one last paid r."""
    bipartite: int
    """Other payers of r that also paid a further payee of s."""
    chained: int
    """Payments of the longest chain that this one would continue: each passed on at least 0.8 of the amount before it,
    or was passed on by that much, within the window after it. A chain may be older than the window as a whole."""
    sender_from_listed: int
    """Edges of the shortest path from a listed wallet to s, in the order of time: 0 for a listed one, 5 for none within
    4 edges. All edges of the path are in the window."""
    recipient_from_listed: int
    """The same for r, before this payment."""
    sender_to_listed: int
    """Edges of the shortest path from s to a listed wallet whose payments lie in reverse order of time: s paid a wallet
    that had paid a wallet that had paid it. 0 for a listed one, 5 for none within 4 edges in the window."""
    recipient_to_listed: int
    """The same for r: where money sent to it has been going."""
    cut: Cut
    """Which bound ended the look early."""
    cycle_ids: tuple[int, ...] = ()
    """Evidence: ids, as given to `observe`, of the cycle's remembered payments in the order of time. Of several
    shortest cycles the one whose first payment is the latest, then its second, and so on."""
    source: int = 0
    """Evidence: key of the source of `scatter_gather`, 0 for none; of equals the one that paid s last."""


FEATURES: tuple[str, ...] = tuple(f.name for f in fields(TypologyFacts))[:-2]
"""Names of a vector's columns; `cut` as its number, the last."""


@dataclass(frozen=True, slots=True)
class Counters:
    """How a state has fared since it was made, all in events."""

    looks: int
    cut_scan: int
    cut_cycle: int
    cut_scatter_gather: int
    cut_bipartite: int
    wallets_forgotten: int
    """Wallets whose place in the table went to another one."""
    edges_forgotten: int
    """Edges overwritten while they still lay in the window: the ring is too small for it."""
