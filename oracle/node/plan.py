"""Decisions about payments, as pure functions of what the journal and the chain say."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from oracle.node.views import Stage
from oracle.signing import SignedBatch
from oracle.store import PaymentRow

HASTIEST, UNHURRIED = 4, 8
"""Classes of haste, by the bits of the seconds left: below 2**4 seconds every block may be the last one."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Waits in seconds, doubling from `first` to `longest`; `limit` refusals make a payment stuck (still tried)."""

    first: float
    longest: float
    limit: int

    def after(self, refusals: int, *, now: int) -> tuple[Stage, int]:
        """Stage and time of the next try (unix milliseconds, as `now`) after that many refusals in a row."""
        wait = min(self.first * 2 ** min(refusals - 1, 30), self.longest)
        stage = Stage.STUCK if refusals >= self.limit else Stage.WAITING
        return stage, now + int(wait * 1000)


def last_chance(*, chain_time: int, margin: float) -> float:
    """Settle deadlines up to this one are missed, as the newest block's timestamp is `chain_time` (unix seconds).

    The next block's timestamp is at least one second later, and the contract settles up to and including the deadline:

             created                        deadline
        ────────┼──────────────────────────────┼──────────────► block timestamps
                │◄── settle, cancel ──────────►│◄── reclaim ──
                                     ◄─margin─►
    """
    return chain_time + margin


def turn_of(signer: str, signers: Sequence[str], payment_id: str) -> int:
    """Which place `signer` has in submitting a payment: 0 submits first, the others only if nothing happens.

    The order differs from payment to payment, so that nodes share the gas, and is the same on all nodes.
    """
    order = sorted({*signers, signer}, key=lambda one: sha256(f"{payment_id}{one}".encode()).digest())
    return order.index(signer)


def haste(row: PaymentRow, now: int) -> int:
    """In which class of haste a payment is at chain time `now`: less than 16, 32, 64, 128 s before its deadline, or
    more."""
    left = max(row.settle_deadline - now, 0)
    return min(max(left.bit_length(), HASTIEST), UNHURRIED)


def groups(rows: Sequence[PaymentRow], *, size: int, now: int) -> list[list[PaymentRow]]:
    """What goes into one transaction each: up to `size` payments that are in the same haste, the hastiest first.

    One report that is over reverts the whole transaction, so that no payment shares one with others that may have to
    be settled much sooner (`now`: chain time).
    """
    found = []
    for one in sorted({haste(row, now) for row in rows}):
        alike = [row for row in rows if haste(row, now) == one]
        found += [alike[at : at + size] for at in range(0, len(alike), size)]
    return found


@dataclass(frozen=True, slots=True)
class Shared:
    """What peers' batches mean for the payments asked for: `together` goes with the signatures of `common`; `again` is
    known to enough peers, who were asked for more than all of them know; `missing` is not."""

    common: list[SignedBatch]
    together: list[PaymentRow]
    again: list[PaymentRow]
    missing: list[PaymentRow]


def shared(rows: Sequence[PaymentRow], batches: Sequence[SignedBatch], needed: int) -> Shared:
    """`rows` by what peers signed of them, of whom `needed` must agree."""
    common = most_in_common(batches, needed)
    agreed = {report.payment_id for batch in common for report in batch.reports}
    claims = Counter(report.payment_id for batch in batches for report in batch.reports)
    rest = [row for row in rows if row.payment_id not in agreed]
    return Shared(
        common,
        [row for row in rows if row.payment_id in agreed],
        [row for row in rest if claims[row.payment_id] >= needed],
        [row for row in rest if claims[row.payment_id] < needed],
    )


def most_in_common(batches: Sequence[SignedBatch], needed: int) -> list[SignedBatch]:
    """Of the batches that peers signed, `needed` on exactly the same payments, as many of these as can be; none where
    there are not so many batches. What the others signed, or did not, makes no difference."""
    alike: dict[tuple[str, ...], list[SignedBatch]] = {}
    for one in batches:
        alike.setdefault(tuple([report.payment_id for report in one.reports]), []).append(one)
    enough = [signed[:needed] for signed in alike.values() if len(signed) >= needed]
    return max(enough, key=lambda signed: len(signed[0].reports), default=[])
