"""Decisions about payments, as pure functions of what the journal and the chain say."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from oracle.node.views import Stage
from oracle.signing import SignedBatch
from oracle.store import PaymentRow


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


def groups(rows: Sequence[PaymentRow], *, size: int) -> list[list[PaymentRow]]:
    """What goes into one transaction each: fresh payments together up to `size`, formerly refused ones alone.

    Alone, because a refusal in a batch costs its gas and is seen only afterwards, while a single settlement that would
    be refused is found out by the gas estimate.
    """
    fresh = [row for row in rows if row.refusals == 0]
    again = [row for row in rows if row.refusals > 0]
    return [*(fresh[at : at + size] for at in range(0, len(fresh), size)), *([row] for row in again)]


def most_in_common(batches: Sequence[SignedBatch], needed: int) -> list[SignedBatch]:
    """Of the batches that peers signed, `needed` on exactly the same payments, as many of these as can be; none where
    there are not so many batches. What the others signed, or did not, makes no difference."""
    alike: dict[tuple[str, ...], list[SignedBatch]] = {}
    for one in batches:
        alike.setdefault(tuple([report.payment_id for report in one.reports]), []).append(one)
    enough = [signed[:needed] for signed in alike.values() if len(signed) >= needed]
    return max(enough, key=lambda signed: len(signed[0].reports), default=[])
