"""What becomes of payments: written to the journal in one transaction, then told on the feed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from oracle.node.bus import EventBus
from oracle.node.metrics import NodeMetrics
from oracle.node.outbox import milliseconds
from oracle.node.plan import RetryPolicy
from oracle.node.views import Stage
from oracle.store import Database, PaymentRow, payments

log = structlog.get_logger("payflow.node")


@dataclass(frozen=True, slots=True)
class Change:
    """A payment as it was, its new stage, and other columns to set."""

    row: PaymentRow
    stage: Stage
    values: dict[str, str | int] = field(default_factory=dict)


class Progress:
    """Notes what was decided about payments."""

    def __init__(self, *, database: Database, bus: EventBus, metrics: NodeMetrics, retry: RetryPolicy) -> None:
        self._database = database
        self._bus = bus
        self._metrics = metrics
        self._retry = retry

    def note(self, changes: Sequence[Change]) -> None:
        """All of them, or none where the journal cannot be written. Raises StoreError."""
        if not changes:
            return
        # one commit for all: each one waits for the disk
        with self._database.writing() as connection:
            for one in changes:
                payments.change_payment(connection, one.row.payment_id, stage=one.stage.value, **one.values)
        for one in changes:
            self.tell(one.row, one.stage, str(one.values.get("reason", "")))

    def tell(self, row: PaymentRow, stage: Stage, reason: str) -> None:
        """On the feed, where that is news."""
        if stage != row.stage or reason != row.reason:
            self._bus.publish("stage", {"payment_id": row.payment_id, "stage": stage.value, "reason": reason})

    def anew(self, rows: Sequence[PaymentRow]) -> None:
        """They are planned again, as if nothing had been sent."""
        self.note([Change(row, Stage.SIGNED, {"reason": ""}) for row in rows])

    def revived(self, rows: Sequence[PaymentRow]) -> None:
        """They were over by a block that is gone, and may be settled all the same."""
        self.note([Change(row, Stage.SIGNED, {"reason": "", "refusals": 0, "retry_at": 0}) for row in rows])

    def refused(self, rows: Sequence[PaymentRow], reason: str) -> None:
        """Why they could not be settled, and when they are tried again."""
        self.note([self._refusal(row, reason) for row in rows])

    def skipped(self, rows: Sequence[PaymentRow], reason: str) -> None:
        """A batch would go through without them. Each may try alone at once, to learn why; after that it waits longer
        and longer, as after every refusal."""
        changes = []
        for row in rows:
            if row.refusals == 0:
                values: dict[str, str | int] = {"reason": reason, "refusals": 1, "retry_at": milliseconds()}
                changes.append(Change(row, Stage.WAITING, values))
            else:
                known = row.stage in (Stage.WAITING, Stage.STUCK) and row.reason
                changes.append(self._refusal(row, row.reason if known else reason))
        self.note(changes)

    def put_off(self, rows: Sequence[PaymentRow], reason: str) -> None:
        """For a trouble that is none of theirs: they wait, though no longer each time."""
        changes = []
        for row in rows:
            refusals = max(row.refusals, 1)
            stage, retry_at = self._retry.after(refusals, now=milliseconds())
            stage = Stage.EXPIRED if row.stage == Stage.EXPIRED else stage
            changes.append(Change(row, stage, {"reason": reason, "refusals": refusals, "retry_at": retry_at}))
        self.note(changes)

    def lack_reports(self, rows: Sequence[PaymentRow], *, have: int, quorum: int) -> None:
        """They wait for other signers; formerly refused ones as long as after another refusal."""
        changes = []
        for row in rows:
            _, retry_at = self._retry.after(max(row.refusals, 1), now=milliseconds())
            reason = f"reports of {have} of {quorum} signers"
            changes.append(Change(row, Stage.SHARING, {"reason": reason, "retry_at": retry_at}))
        self.note(changes)

    def _refusal(self, row: PaymentRow, reason: str) -> Change:
        self._metrics.refusals.inc()
        refusals = row.refusals + 1
        stage, retry_at = self._retry.after(refusals, now=milliseconds())
        if row.stage == Stage.EXPIRED:  # a reclaim was refused
            stage = Stage.EXPIRED
        if stage is Stage.STUCK and row.stage != Stage.STUCK:
            log.error("payment stuck", payment=row.payment_id, reason=reason, refusals=refusals)
        return Change(row, stage, {"reason": reason, "refusals": refusals, "retry_at": retry_at})
