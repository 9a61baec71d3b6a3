"""From payments to transactions: sign, collect what the quorum demands besides, try it for nothing, send it."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import NamedTuple, TypeVar

from oracle.chain.blocks import Header
from oracle.chain.contracts import Contracts, PaymentTerms
from oracle.errors import ContractRefused, GasLimitReached, RpcError, RpcRejected, TransactionError, TransactionRefused
from oracle.node.peers import Peers
from oracle.node.plan import shared
from oracle.node.progress import Progress
from oracle.node.transactor import Transactor
from oracle.node.views import Stage
from oracle.settings import Settings
from oracle.signing import (
    LocalSigner,
    ReportDigests,
    RiskReport,
    SignedBatch,
    merged,
    merged_batches,
    signed_batch,
    signed_report,
)
from oracle.store import Database, PaymentRow, payments

Answer = TypeVar("Answer")
SETTLE, SETTLE_BATCH, RECLAIM = "settle", "settleBatch", "reclaim"
LARGEST_CALLDATA = 100_000
"""Bytes. RPC nodes take no transaction above 128 KiB, which many signers that disagree on many payments may exceed."""
ASKS = 3
"""How often peers are asked about a group in one round. What one of them signed only to keep a payment from the others'
batch, the next question leaves out."""


NOBODY = "0x" + "00" * 20
NO_PAYMENT = PaymentTerms(NOBODY, NOBODY, NOBODY, 0, "0x" + "00" * 16)


class Refusal(NamedTuple):
    """Payments that were refused as a whole, and in which words; `rpc`: by the RPC node, which would not even try them,
    or not take their transaction. Its words are the same whatever a payment has of its own. Without payments: nothing
    was refused."""

    rows: Sequence[PaymentRow] = ()
    reason: str = ""
    rpc: RpcError | TransactionRefused | None = None


ACCEPTED = Refusal()


@dataclass(slots=True)
class Outcome:
    """What came of a round: whether anything was sent, and whether any trial succeeded; `untried`: which payments the
    RPC node would not try, and why; `trouble`: why the node itself could not send, the first such; `refused`: what the
    RPC node did not take, the first such."""

    sent: bool = False
    succeeded: bool = False
    untried: dict[str, RpcError] = field(default_factory=dict)
    trouble: TransactionError | None = None
    refused: TransactionRefused | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """What all groups of a round share. `spare`: how many of the transactor's slots it leaves to others. `until`: when
    the node must look at the chain again (monotonic seconds)."""

    head: Header
    quorum: int
    transactor: Transactor
    stop: Event
    outcome: Outcome
    spare: int = 0
    until: float = math.inf

    def is_late(self) -> bool:
        """Whether its time is over."""
        return time.monotonic() >= self.until

    def goes_on(self) -> bool:
        """Whether one more transaction may be sent."""
        return not self.stop.is_set() and not self.is_late() and self.transactor.room() > self.spare


class Dispatcher:
    """Brings groups of payments on their way, for one signer. Used by the worker thread only."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        contracts: Contracts,
        digests: ReportDigests,
        signer: LocalSigner,
        peers: Peers,
        progress: Progress,
    ) -> None:
        self._settings = settings
        self._database = database
        self._contracts = contracts
        self._digests = digests
        self._signer = signer
        self._peers = peers
        self._progress = progress

    def settle(self, rows: Sequence[PaymentRow], turn: Round, asks: int = ASKS) -> None:
        """In one transaction where that can be, in more where it cannot."""
        refusal = self._attempt(rows, turn, asks)
        if refusal.rows:
            self._narrow(refusal, turn)

    def settle_each(self, rows: Sequence[PaymentRow], turn: Round) -> None:
        """One by one, for as long as one would wait for a peer: the node has other things to do."""
        until = time.monotonic() + self._settings.peer_timeout
        for row in rows:
            if time.monotonic() < until:
                self.settle([row], turn)

    def reclaim(self, row: PaymentRow, turn: Round) -> bool:
        """Send the money back; returns whether the contract refused that."""
        refusal = self._submit(RECLAIM, [row], self._contracts.reclaim(terms_of(row)), turn)
        if refusal.rows:
            self._refused(row, refusal, turn)
        return bool(refusal.rows)

    def would_do(self, kind: str, data: str, *, size: int) -> bool:
        """Whether a transaction that was sent would still move anything. Raises RpcError where nobody can say."""
        try:
            if kind == SETTLE_BATCH:
                return any(self._try(data, size))
            self._contracts.estimate(call=kind, sender=self._signer.address, data=data)
        except ContractRefused:
            return False
        return True

    def tries(self) -> bool:
        """Whether the RPC node tries what no payment has to do with: to send back what was never paid."""
        try:
            data = self._contracts.reclaim(NO_PAYMENT)
            self._contracts.estimate(call="a trial", sender=self._signer.address, data=data)
        except ContractRefused:
            return True
        except RpcError:
            return False
        # done where it must be refused: whatever was tried, it was not this contract
        return False

    # --- steps ---

    def _narrow(self, refusal: Refusal, turn: Round) -> None:
        """Find out by halves whose refusal it is: the others are not to suffer for it."""
        rows = refusal.rows
        if len(rows) == 1:
            self._refused(rows[0], refusal, turn)
            return
        if turn.is_late():
            # the next round must not begin with the same group and come no further
            self._progress.skipped(rows, "a batch with it was refused")
            return
        outcomes = [self._attempt(half, turn, 1) for half in halves(rows)]
        # what is wrong with a payment is said of one half only; this is wrong with everything, such as a pause
        if refusal.rpc is None and all(one.reason == refusal.reason for one in outcomes):
            self._progress.refused([row for one in outcomes for row in one.rows], refusal.reason)
            return
        for one in outcomes:
            if one.rows:
                self._narrow(one, turn)

    def _refused(self, row: PaymentRow, refusal: Refusal, turn: Round) -> None:
        self._progress.refused([row], refusal.reason)
        if isinstance(refusal.rpc, RpcError):
            turn.outcome.untried[row.payment_id] = refusal.rpc
        elif refusal.rpc is not None:
            # it may be this one's matter, or the RPC node takes nothing at all: an operator is told in any case
            turn.outcome.refused = turn.outcome.refused or refusal.rpc

    def _attempt(self, rows: Sequence[PaymentRow], turn: Round, asks: int) -> Refusal:
        if not turn.goes_on():
            return ACCEPTED
        with self._database.reading() as connection:
            signed = payments.signed_reports(connection, [row.payment_id for row in rows])
        reports = {payment_id: one.report for payment_id, one in signed.items()}
        if len(rows) == 1:
            return self._alone(rows[0], reports[rows[0].payment_id], turn)
        own = self._sign(rows, reports)
        if turn.quorum == 1:
            return self._together(rows, [own], turn, asks)
        theirs = self._peers.collect_batch(own, needed=turn.quorum, is_signer=self._contracts.is_signer)[1:]
        found = shared(rows, theirs, turn.quorum - 1)
        self._progress.lack_reports(found.missing, have=1, quorum=turn.quorum)
        refusal = ACCEPTED
        if found.together:
            batches = [self._sign(found.together, reports), *found.common]
            refusal = self._together(found.together, batches, turn, asks)
        if found.again and asks > 1 and len(found.again) < len(rows):
            self.settle(found.again, turn, asks - 1)
        else:
            # they know different ones, or claim to: no single peer can keep a payment alone from its quorum
            self.settle_each(found.again, turn)
        return refusal

    def _alone(self, row: PaymentRow, report: RiskReport, turn: Round) -> Refusal:
        own = signed_report(report, self._digests, self._signer)
        collected = [own]
        if turn.quorum > 1:
            collected = self._peers.collect(own, needed=turn.quorum, is_signer=self._contracts.is_signer)
        if len(collected) < turn.quorum:
            self._progress.lack_reports([row], have=len(collected), quorum=turn.quorum)
            return ACCEPTED
        return self._submit(SETTLE, [row], self._contracts.settle(terms_of(row), merged(collected)), turn)

    def _together(self, rows: Sequence[PaymentRow], batches: Sequence[SignedBatch], turn: Round, asks: int) -> Refusal:
        data = self._contracts.settle_batch([terms_of(row) for row in rows], merged_batches(batches))
        if len(data) // 2 > LARGEST_CALLDATA:
            self._in_parts(rows, turn, asks)
            return ACCEPTED
        settled = self._trial(rows, turn, lambda: self._try(data, len(rows)))
        if isinstance(settled, Refusal):
            return settled
        if all(settled):
            return self._submit(SETTLE_BATCH, rows, data, turn, asks)
        # what would be skipped costs no gas this way
        skipped = [row for row, one in zip(rows, settled, strict=True) if not one]
        self._progress.skipped(skipped, "it would be skipped in a batch")
        kept = [row for row, one in zip(rows, settled, strict=True) if one]
        return self._attempt(kept, turn, asks) if kept else ACCEPTED

    def _in_parts(self, rows: Sequence[PaymentRow], turn: Round, asks: int) -> None:
        if turn.is_late():
            self._progress.skipped(rows, "a batch with it was too large")
            return
        for half in halves(rows):
            self.settle(half, turn, asks)

    def _trial(self, rows: Sequence[PaymentRow], turn: Round, run: Callable[[], Answer]) -> Answer | Refusal:
        """What a trial run answers, or who refused it.

        No usable answer may be about one of these payments, such as one whose token takes more gas, or more time, than
        a trial is granted. Raises RpcError where the RPC node answers nothing else either.
        """
        try:
            return run()
        except ContractRefused as refused:
            return Refusal(rows, refused.reason)
        except RpcRejected as untried:
            return Refusal(rows, untried.message, untried)
        except RpcError as silent:
            if not self.tries():
                # the next round must not begin with them
                self._progress.put_off(rows, str(silent))
                turn.outcome.untried |= {row.payment_id: silent for row in rows}
                raise
            return Refusal(rows, str(silent), silent)

    def _sign(self, rows: Sequence[PaymentRow], reports: dict[str, RiskReport]) -> SignedBatch:
        return signed_batch([reports[row.payment_id] for row in rows], self._digests, self._signer)

    def _try(self, data: str, size: int) -> list[bool]:
        """Which payments the calldata of a batch would settle. Raises ContractRefused where it refuses all."""
        return self._contracts.settled_alone(sender=self._signer.address, data=data, size=size)

    def _submit(self, kind: str, rows: Sequence[PaymentRow], data: str, turn: Round, asks: int = 1) -> Refusal:
        call = f"{kind} of {rows[0].payment_id}" if len(rows) == 1 else f"{kind} of {len(rows)} payments"
        estimate = self._trial(
            rows, turn, lambda: self._contracts.estimate(call=call, sender=self._signer.address, data=data)
        )
        if isinstance(estimate, Refusal):
            return estimate
        turn.outcome.succeeded = True
        try:
            turn.transactor.submit(
                kind=kind,
                to=self._contracts.deployment.core.address,
                calldata=data,
                payment_ids=[row.payment_id for row in rows],
                gas=int(estimate * (1 + self._settings.gas_margin_percent / 100)),
                head=turn.head,
            )
        except GasLimitReached as too_much:
            if len(rows) == 1:
                return Refusal(rows, str(too_much))
            self._in_parts(rows, turn, asks)
        except TransactionRefused as refused:
            # of a batch: it may cost more than the RPC node lets one transaction cost
            return Refusal(rows, str(refused), refused)
        except TransactionError as trouble:
            # the node's own trouble, not the payments': they wait as they are
            turn.outcome.trouble = turn.outcome.trouble or trouble
        else:
            turn.outcome.sent = True
            for row in rows:
                self._progress.tell(row, Stage.SUBMITTED, "")
        return ACCEPTED


def halves(rows: Sequence[PaymentRow]) -> list[list[PaymentRow]]:
    """Two, or one where there is one payment."""
    middle = len(rows) // 2
    return [list(half) for half in (rows[:middle], rows[middle:]) if half]


def terms_of(row: PaymentRow) -> PaymentTerms:
    """The contract's terms of a journalled payment."""
    return PaymentTerms(row.sender, row.recipient, row.token, row.amount, row.reference)
