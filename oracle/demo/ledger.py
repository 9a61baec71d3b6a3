"""What the demo saw: every payment from its first transaction to its final state, and whether the sums match."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from oracle.chain.contracts import ChainEvent
from oracle.chain.status import PaymentStatus, status_after
from oracle.demo.script import Act

LEVELS = ("SAFE", "LOW", "MEDIUM", "HIGH", "CRITICAL")
REFUSED_INSTANT, REFUSED_AT_CREATION = "refused before it was made", "refused at creation"


@dataclass(slots=True)
class Entry:
    """One payment of the script on its way."""

    act: Act
    sent_at: float
    status: PaymentStatus | None = None
    level: str | None = None
    verdicts: int = 0
    verdict_after: float | None = None
    refused: str = ""

    @property
    def caught(self) -> bool:
        """Flagged, held, blocked or refused."""
        return bool(self.refused) or self.level in ("MEDIUM", "HIGH", "CRITICAL")

    @property
    def stopped(self) -> bool:
        """No money left without a person's decision."""
        return bool(self.refused) or self.level in ("HIGH", "CRITICAL")


@dataclass(slots=True)
class Ledger:
    """Entries by payment id, and what settling cost."""

    entries: dict[str, Entry] = field(default_factory=dict)
    verdict_transactions: Counter[str] = field(default_factory=Counter)
    strangers: list[str] = field(default_factory=list)

    def expect(self, payment_id: str, act: Act) -> Entry:
        """A payment that is about to be made."""
        entry = Entry(act, time.monotonic())
        self.entries[payment_id] = entry
        return entry

    def take(self, event: ChainEvent, tx: str) -> None:
        """An event of the core; those that are about no payment are passed over."""
        if event.payment_id is None:
            return
        entry = self.entries.get(event.payment_id)
        if entry is None:
            self.strangers.append(f"{event.name} {event.payment_id}")
            return
        entry.status = status_after(event.name, event.arguments) or entry.status
        if event.name == "VerdictApplied":
            entry.verdicts += 1
            entry.level = LEVELS[int(event.arguments["level"])]
            entry.verdict_after = time.monotonic() - entry.sent_at
            if not entry.act.instant:
                self.verdict_transactions[tx] += 1

    @property
    def pending(self) -> int:
        """Payments that wait for their verdict."""
        return sum(entry.status is PaymentStatus.PENDING for entry in self.entries.values())

    def check(self, chain_says: Mapping[str, PaymentStatus]) -> list[str]:
        """What does not add up between the events, the chain's present state and the script; empty is good."""
        wrong = [f"an event of an unknown payment: {stranger}" for stranger in self.strangers]
        for payment_id, entry in self.entries.items():
            said = chain_says[payment_id]
            if entry.refused:
                if said is not PaymentStatus.NONE:
                    wrong.append(f"{payment_id} was refused and is {said.value}")
            elif said is not entry.status:
                wrong.append(f"{payment_id} is {said.value} by the chain, {entry.status} by its events")
            elif said is PaymentStatus.PENDING:
                wrong.append(f"{payment_id} has no verdict")
            if entry.verdicts > 1:
                wrong.append(f"{payment_id} got {entry.verdicts} verdicts")
        return wrong

    def expected_balances(self, minted: Mapping[str, int], core: str) -> dict[str, int]:
        """What every holder must have, from what was minted and how each payment ended. Base units."""
        balances = Counter(minted)
        balances[core] += 0
        for entry in self.entries.values():
            act = entry.act
            if entry.refused or entry.status is None:
                continue
            if entry.status is PaymentStatus.SETTLED:
                balances[act.sender] -= act.amount
                balances[act.recipient] += act.amount
            elif entry.status.is_open:
                balances[act.sender] -= act.amount
                balances[core] += act.amount
        return dict(balances)
