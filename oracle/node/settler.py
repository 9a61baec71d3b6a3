"""From signed reports to settlement transactions: what is due, is it still wanted, does the contract take it."""

import time
from collections.abc import Mapping, Sequence
from threading import Event

import structlog

from oracle.chain.blocks import Header
from oracle.chain.contracts import Contracts, PaymentTerms
from oracle.chain.status import PaymentStatus
from oracle.chain.transactions import Receipt
from oracle.errors import ContractRefused, GasLimitReached, TransactionError
from oracle.node.authority import Authority
from oracle.node.bus import EventBus
from oracle.node.condition import Condition
from oracle.node.metrics import NodeMetrics
from oracle.node.peers import Peers
from oracle.node.plan import RetryPolicy, groups, last_chance, most_in_common, turn_of
from oracle.node.transactor import Transactor
from oracle.node.views import Stage
from oracle.settings import Settings
from oracle.signing import LocalSigner, ReportDigests, RiskReport, merged, merged_batches, signed_batch, signed_report
from oracle.store import Database, Intent, PaymentRow, intents, payments

SETTLE, SETTLE_BATCH, RECLAIM = "settle", "settleBatch", "reclaim"
DUE = (Stage.SIGNED, Stage.SHARING, Stage.WAITING, Stage.STUCK)
"""Stages from which a payment is taken up."""
MANY = 1_000
LOOK_AHEAD = 4
"""Batches' worth of due payments that one look at the journal takes."""
LARGEST_CALLDATA = 100_000
"""Bytes. RPC nodes take no transaction above 128 KiB, which many signers that disagree on many payments may exceed."""
EVENT_WAIT = 5_000
"""Milliseconds for which a payment is left alone that the contract has moved and whose event was not read yet."""

log = structlog.get_logger("payflow.node")


class Settler:
    """Plans settlements for one signer. Used by the worker thread only."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        contracts: Contracts,
        digests: ReportDigests,
        signer: LocalSigner,
        peers: Peers,
        condition: Condition,
        bus: EventBus,
        metrics: NodeMetrics,
    ) -> None:
        self._settings = settings
        self._database = database
        self._contracts = contracts
        self._digests = digests
        self._signer = signer
        self._peers = peers
        self._condition = condition
        self._bus = bus
        self._metrics = metrics
        self._retry = RetryPolicy(settings.retry_first, settings.retry_max, settings.retry_limit)
        self._authority = Authority(contracts, signer.address, condition)

    def step(self, head: Header, transactor: Transactor, stop: Event) -> None:
        """Put away what is past its deadline and submit what is due; no more once `stop` is set.

        Raises what the chain and the journal raise; a refusal by the contract is the payment's matter and noted there.
        """
        self._adopt_orphans()
        self._expire(head, transactor)
        quorum = self._authority.quorum()
        if quorum is None:
            return
        now = _milliseconds()
        with self._database.reading() as connection:
            due = payments.due(
                connection,
                stages=DUE,
                status=PaymentStatus.PENDING,
                now=now,
                limit=self._settings.batch_size * LOOK_AHEAD,
            )
            # a payment that was reorganised into another block may still be in a transaction from before
            held = intents.payments_held(connection, [intents.OPEN])
        due = [row for row in due if row.payment_id not in held]
        if not due:
            self._condition.clear("settling")
        if not due or (len(due) < self._settings.batch_size and self._may_wait(due, head)):
            return
        room = transactor.room()
        wanted = due[: room * self._settings.batch_size]
        if not wanted:
            return
        wanted = self._still_pending(wanted)
        if quorum > 1:
            wanted = [row for row in wanted if self._my_turn(row, head)]
        for group in groups(wanted, size=self._settings.batch_size)[:room]:
            if not stop.is_set():
                self._settle(group, quorum, head, transactor)

    def still_useful(self, intent: Intent, head: Header) -> bool:
        """Whether any of its payments would be moved if the intent was included now."""
        rows = self._payments_of(intent)
        states = self._contracts.statuses(list(rows))
        return any(
            states[one] is PaymentStatus.PENDING and (intent.kind == RECLAIM or head.timestamp < row.settle_deadline)
            for one, row in rows.items()
        )

    def on_mined(self, intent: Intent, receipt: Receipt, void: bool) -> None:
        """A transaction was included. Success shows in the events; what failed is planned anew."""
        result = "void" if void else ("succeeded" if receipt.succeeded else "failed")
        self._metrics.transactions.labels(kind=intent.kind, result=result).inc()
        self._metrics.gas_used.labels(kind=intent.kind).inc(receipt.gas_used)
        if receipt.succeeded and not void:
            return
        with self._database.reading() as connection:
            ids = [one for one, row in self._payments_of(intent).items() if row.stage == Stage.SUBMITTED]
            rows = payments.payments_by_id(connection, ids)
        for row in rows.values():
            if void:
                self._set(row, stage=Stage.SIGNED, reason="")
            else:
                self.refused(row, f"the transaction {receipt.tx} was reverted")

    def refused(self, row: PaymentRow, reason: str) -> None:
        """Note why a payment could not be settled and when it is tried again."""
        self._metrics.refusals.inc()
        refusals = row.refusals + 1
        stage, retry_at = self._retry.after(refusals, now=_milliseconds())
        if row.stage == Stage.EXPIRED:  # a reclaim was refused
            stage = Stage.EXPIRED
        if stage is Stage.STUCK and row.stage != Stage.STUCK:
            log.error("payment stuck", payment=row.payment_id, reason=reason, refusals=refusals)
        self._set(row, stage=stage, reason=reason, refusals=refusals, retry_at=retry_at)

    # --- steps ---

    def _adopt_orphans(self) -> None:
        """Plan payments anew that count as submitted though no transaction carries them any more."""
        with self._database.reading() as connection:
            submitted = payments.due(
                connection, stages=(Stage.SUBMITTED,), status=PaymentStatus.PENDING, now=_milliseconds(), limit=MANY
            )
            held = intents.payments_held(connection) if submitted else set()
        for row in submitted:
            if row.payment_id not in held:
                self._set(row, stage=Stage.SIGNED, reason="")

    def _expire(self, head: Header, transactor: Transactor) -> None:
        with self._database.reading() as connection:
            missed = payments.past_deadline(
                connection,
                stages=DUE,
                status=PaymentStatus.PENDING,
                deadline=last_chance(chain_time=head.timestamp, margin=self._settings.deadline_margin),
                limit=MANY,
            )
            expired = payments.due(
                connection,
                stages=(Stage.EXPIRED,),
                status=PaymentStatus.PENDING,
                now=_milliseconds(),
                limit=transactor.room(),
            )
        for row in missed:
            reason = f"not settled before {row.settle_deadline}; only reclaim is left"
            reason += f"; last refusal: {row.reason}" if row.reason else ""
            self._set(row, stage=Stage.EXPIRED, reason=reason)
            log.warning("payment expired", payment=row.payment_id, deadline=row.settle_deadline)
        if not self._settings.auto_reclaim:
            return
        for row in expired:
            if row.settle_deadline < head.timestamp:
                self._submit(RECLAIM, [row], 1, self._contracts.reclaim(terms_of(row)), head, transactor)

    def _may_wait(self, due: Sequence[PaymentRow], head: Header) -> bool:
        return head.timestamp - min(row.created_at for row in due) < self._settings.batch_wait

    def _still_pending(self, rows: Sequence[PaymentRow]) -> list[PaymentRow]:
        states = self._contracts.statuses([row.payment_id for row in rows])
        moved_on = [row.payment_id for row in rows if states[row.payment_id] is not PaymentStatus.PENDING]
        if moved_on:
            # their events are on the way; until they are read, these must not stand in the way of others
            with self._database.writing() as connection:
                payments.change_payments(connection, moved_on, retry_at=_milliseconds() + EVENT_WAIT)
        return [row for row in rows if states[row.payment_id] is PaymentStatus.PENDING]

    def _my_turn(self, row: PaymentRow, head: Header) -> bool:
        turn = turn_of(self._signer.address, self._contracts.deployment.signers, row.payment_id)
        return head.timestamp >= row.created_at + turn * self._settings.submit_stagger

    def _settle(self, rows: list[PaymentRow], quorum: int, head: Header, transactor: Transactor) -> None:
        """Sign, collect what the quorum demands besides, and submit."""
        if not transactor.room():
            return
        with self._database.reading() as connection:
            signed = payments.signed_reports(connection, [row.payment_id for row in rows])
        reports = {row.payment_id: signed[row.payment_id].report for row in rows}
        if len(rows) == 1:
            self._settle_alone(rows[0], reports[rows[0].payment_id], quorum, head, transactor)
            return
        batches = [signed_batch([*reports.values()], self._digests, self._signer)]
        if quorum > 1:
            theirs = self._peers.collect_batch(batches[0], needed=quorum, is_signer=self._contracts.is_signer)[1:]
            common = most_in_common(theirs, quorum - 1)
            if not theirs:
                self._wait_for_peers(rows, quorum)
                return
            if not common:
                # they know different ones, or claim to: no single peer can keep a payment alone from its quorum
                until = time.monotonic() + self._settings.peer_timeout
                for row in rows:
                    if transactor.room() and time.monotonic() < until:
                        self._settle_alone(row, reports[row.payment_id], quorum, head, transactor)
                return
            known = {report.payment_id for report in common[0].reports}
            self._wait_for_peers([row for row in rows if row.payment_id not in known], quorum)
            rows = [row for row in rows if row.payment_id in known]
            batches = [signed_batch([reports[row.payment_id] for row in rows], self._digests, self._signer), *common]
        data = self._contracts.settle_batch([terms_of(row) for row in rows], merged_batches(batches))
        if len(data) // 2 > LARGEST_CALLDATA:
            self._settle_halves(rows, quorum, head, transactor)
            return
        refusals = self._try_batch(rows, data)
        if not any(refusals):
            self._submit(SETTLE_BATCH, rows, quorum, data, head, transactor)
            return
        # what would be skipped costs no gas this way: the next round tries it alone and learns the reason
        for row, reason in zip(rows, refusals, strict=True):
            if reason:
                self._set(row, stage=Stage.WAITING, reason=reason, refusals=row.refusals + 1, retry_at=0)
        kept = [row for row, reason in zip(rows, refusals, strict=True) if not reason]
        if kept:
            self._settle(kept, quorum, head, transactor)

    def _settle_halves(self, rows: list[PaymentRow], quorum: int, head: Header, transactor: Transactor) -> None:
        for half in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):
            self._settle(half, quorum, head, transactor)

    def _settle_alone(
        self, row: PaymentRow, report: RiskReport, quorum: int, head: Header, transactor: Transactor
    ) -> None:
        own = signed_report(report, self._digests, self._signer)
        collected = [own]
        if quorum > 1:
            collected = self._peers.collect(own, needed=quorum, is_signer=self._contracts.is_signer)
        if len(collected) < quorum:
            self._wait_for_peers([row], quorum, len(collected))
            return
        self._submit(SETTLE, [row], quorum, self._contracts.settle(terms_of(row), merged(collected)), head, transactor)

    def _try_batch(self, rows: Sequence[PaymentRow], data: str) -> list[str]:
        """Why each payment would not be settled by this calldata; "" for those that would."""
        try:
            settled = self._contracts.settled_alone(sender=self._signer.address, data=data, size=len(rows))
        except ContractRefused as refusal:
            return [refusal.reason] * len(rows)
        return ["" if one else "it would be skipped in a batch" for one in settled]

    def _wait_for_peers(self, rows: Sequence[PaymentRow], quorum: int, reports: int = 1) -> None:
        _, retry_at = self._retry.after(1, now=_milliseconds())
        for row in rows:
            self._set(row, stage=Stage.SHARING, reason=f"reports of {reports} of {quorum} signers", retry_at=retry_at)

    def _submit(
        self, kind: str, rows: list[PaymentRow], quorum: int, data: str, head: Header, transactor: Transactor
    ) -> None:
        call = f"{kind} of {rows[0].payment_id}" if len(rows) == 1 else f"{kind} of {len(rows)} payments"
        try:
            estimate = self._contracts.estimate(call=call, sender=self._signer.address, data=data)
            gas = int(estimate * (1 + self._settings.gas_margin_percent / 100))
            transactor.submit(
                kind=kind,
                to=self._contracts.deployment.core.address,
                calldata=data,
                payment_ids=[row.payment_id for row in rows],
                gas=gas,
                head=head,
            )
        except ContractRefused as refusal:
            for row in rows:
                self.refused(row, refusal.reason)
        except GasLimitReached as too_much:
            if len(rows) == 1:
                self.refused(rows[0], str(too_much))
                return
            self._settle_halves(rows, quorum, head, transactor)
        except TransactionError as trouble:
            # the node's own trouble, not the payments': they wait as they are
            self._condition.report("settling", trouble)
        else:
            self._condition.clear("settling")
            for row in rows:
                self._tell(row, Stage.SUBMITTED, "")

    def _payments_of(self, intent: Intent) -> Mapping[str, PaymentRow]:
        with self._database.reading() as connection:
            return payments.payments_by_id(connection, intents.payments_of(connection, intent.id))

    def _set(self, row: PaymentRow, *, stage: Stage, **values: str | int) -> None:
        with self._database.writing() as connection:
            payments.change_payment(connection, row.payment_id, stage=stage.value, **values)
        self._tell(row, stage, str(values.get("reason", "")))

    def _tell(self, row: PaymentRow, stage: Stage, reason: str) -> None:
        if stage != row.stage or reason != row.reason:
            self._bus.publish("stage", {"payment_id": row.payment_id, "stage": stage.value, "reason": reason})


def terms_of(row: PaymentRow) -> PaymentTerms:
    """The contract's terms of a journalled payment."""
    return PaymentTerms(row.sender, row.recipient, row.token, row.amount, row.reference)


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
