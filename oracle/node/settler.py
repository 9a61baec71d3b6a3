"""What is due, in which order, and what is over: from the journal to groups of payments for the dispatcher.

    fresh payments ──► refused ones, at most half of the slots ──► one reclaim

Payments that cannot be settled stay for as long as their senders like, and there may be thousands: a fresh payment
never waits for them.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from threading import Event

import structlog

from oracle.chain.blocks import Header
from oracle.chain.contracts import Contracts
from oracle.chain.status import PaymentStatus
from oracle.chain.transactions import Broadcast, Receipt, classify
from oracle.errors import RpcError
from oracle.node.authority import Authority
from oracle.node.bus import EventBus
from oracle.node.condition import Condition
from oracle.node.dispatch import RECLAIM, Dispatcher, Outcome, Round
from oracle.node.metrics import NodeMetrics
from oracle.node.outbox import milliseconds
from oracle.node.peers import Peers
from oracle.node.plan import UNHURRIED, RetryPolicy, groups, haste, last_chance, turn_of
from oracle.node.progress import Change, Progress
from oracle.node.transactor import Transactor
from oracle.node.troubles import Troubles
from oracle.node.untried import Untried
from oracle.node.views import Stage
from oracle.settings import Settings
from oracle.signing import LocalSigner, ReportDigests
from oracle.store import BlockRef, Database, Intent, PaymentRow, intents, payments

FRESH = (Stage.SIGNED, Stage.SHARING)
"""Stages from which a payment that was never refused is taken up."""
DUE = (*FRESH, Stage.WAITING, Stage.STUCK)
"""Stages from which any payment is taken up."""
UNFINISHED = (*DUE, Stage.SUBMITTED, Stage.EXPIRED)
"""Stages in which a round may have anything to do with a payment."""
MANY = 1_000
LOOK_AHEAD = 4
"""Batches' worth of fresh payments that one look at the journal takes."""
ALONE = 4
"""Refused payments that a round tries by themselves, and so learns why; further ones share a batch."""
FRESH_PATIENCE, MODEST_PATIENCE = 2, 1
"""Peer timeouts after which nothing more is begun for fresh payments, and then for each kind of the others: peers that
stall, or split every batch, must keep neither the node from the chain, nor refused payments from their turn."""
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
        self._signer = signer
        self._condition = condition
        self._metrics = metrics
        self._yields = self._alone_first = False
        retry = RetryPolicy(settings.retry_first, settings.retry_max, settings.retry_limit)
        self._authority = Authority(contracts, signer.address, condition)
        self._progress = Progress(database=database, bus=bus, metrics=metrics, retry=retry)
        self._dispatcher = Dispatcher(
            settings=settings,
            database=database,
            contracts=contracts,
            digests=digests,
            signer=signer,
            peers=peers,
            progress=self._progress,
        )
        self._untried = Untried(self._dispatcher, condition, memory=2 * settings.retry_max)
        self._troubles = Troubles(condition, memory=2 * settings.retry_max)

    def step(self, head: Header, transactor: Transactor, stop: Event) -> None:
        """Submit what is due and put away what is past its deadline; nothing is sent any more once `stop` is set.

        Raises what the chain and the journal raise, and RpcError where the RPC node tries nothing at all; a refusal of
        one payment, by the contract or the RPC node, is the payment's matter and noted there.
        """
        with self._database.reading() as connection:
            cursor = payments.cursor(connection)
            is_left = payments.any_in(connection, stages=UNFINISHED, status=PaymentStatus.PENDING)
        if cursor is None:
            return
        if is_left:
            self._adopt_orphans(cursor)
            self._expire(cursor)
        turn = Round(head, self._authority.quorum() or 0, transactor, stop, Outcome())
        try:
            is_due = is_left and self._plan(turn)
        except RpcError:
            self._untried.take(turn.outcome, ended=True)
            self._troubles.take(turn.outcome, is_due=True)
            raise
        self._untried.take(turn.outcome)
        self._troubles.take(turn.outcome, is_due=is_due)
        self._untried.check()

    def still_useful(self, intent: Intent, head: Header, *, ask: bool) -> bool:
        """Whether any of its payments would be moved if the intent was included in the next block. Without `ask` that
        is only looked into where one of them is over by the newest header, because then the whole transaction would be
        reverted; a header by itself proves nothing, and what is given up once is given up for good."""
        rows = self._payments_of(intent)
        missed = [row for row in rows.values() if row.settle_deadline <= head.timestamp]
        if not ask and (not missed or intent.kind == RECLAIM):
            return True
        # a trial run knows what no list of reasons would: a role that was lost, another oracle, a pause
        return bool(rows) and self._dispatcher.would_do(intent.kind, intent.calldata, size=len(rows))

    def on_mined(self, intent: Intent, receipt: Receipt, void: bool) -> None:
        """A transaction was included. Success shows in the events; what failed is planned anew."""
        result = "void" if void else ("succeeded" if receipt.succeeded else "failed")
        self._metrics.transactions.labels(kind=intent.kind, result=result).inc()
        self._metrics.gas_used.labels(kind=intent.kind).inc(receipt.gas_used)
        if receipt.succeeded and not void:
            return
        rows = [row for row in self._payments_of(intent).values() if row.stage == Stage.SUBMITTED]
        problem = self._problem_of(intent)
        if void and problem:
            # not at once: a nonce that is used up by nothing costs gas each time
            self._progress.refused(rows, f"the RPC node did not take its transaction: {problem}")
        elif void:
            self._progress.anew(rows)
        else:
            self._progress.refused(rows, f"the transaction {receipt.tx} was reverted")

    def refused(self, row: PaymentRow, reason: str) -> None:
        """Note why a payment could not be settled and when it is tried again."""
        self._progress.refused([row], reason)

    # --- steps ---

    def _adopt_orphans(self, cursor: BlockRef) -> None:
        """Plan payments anew that count as submitted though no transaction carries them any more.

        What became of a transaction may not have been noted, because of a crash or the disk. So a payment that is
        pending after the block that its transaction is in was left out of it, or the transaction did nothing.
        """
        with self._database.reading() as connection:
            orphans = payments.in_stage(
                connection,
                stage=Stage.SUBMITTED,
                status=PaymentStatus.PENDING,
                besides=intents.carried(cursor.number),
                limit=MANY,
            )
        self._progress.anew(orphans)

    def _expire(self, cursor: BlockRef) -> None:
        """By the time of a block that was read: the newest header is one answer that no other block vouches for."""
        last = last_chance(chain_time=cursor.timestamp, margin=self._settings.deadline_margin)
        with self._database.reading() as connection:
            missed = payments.past_deadline(
                connection, stages=DUE, status=PaymentStatus.PENDING, deadline=last, limit=MANY
            )
            # the block that they were over by was taken back, or another margin was set
            again = payments.before_deadline(
                connection, stages=(Stage.EXPIRED,), status=PaymentStatus.PENDING, deadline=last, limit=MANY
            )
        self._progress.revived(again)
        changes = []
        for row in missed:
            reason = f"not settled before {row.settle_deadline}; only reclaim is left"
            reason += f"; last refusal: {row.reason}" if row.reason else ""
            changes.append(Change(row, Stage.EXPIRED, {"reason": reason}))
            log.warning("payment expired", payment=row.payment_id, deadline=row.settle_deadline)
        self._progress.note(changes)

    def _plan(self, turn: Round) -> bool:
        """Returns whether any payment is due, whatever became of it."""
        is_due = turn.quorum > 0 and self._settle(turn)
        if self._settings.auto_reclaim:
            is_due |= self._reclaim(turn)
        return is_due

    def _settle(self, turn: Round) -> bool:
        """Returns whether any payment is due, whatever became of it."""
        size = self._settings.batch_size
        # what is over by the newest block, and not yet by the cursor's, would make its batch fail; there may be more of
        # that than a look takes
        last = last_chance(chain_time=turn.head.timestamp, margin=self._settings.deadline_margin)
        fresh = self._due(FRESH, refused=False, after=last, limit=size * LOOK_AHEAD)
        again = self._due(DUE, refused=True, after=last, limit=size + ALONE)
        is_due = bool(fresh or again)
        if len(fresh) < size and self._may_wait(fresh, turn.head):
            fresh = []
        if turn.quorum > 1:
            fresh, again = self._my_turn(fresh, turn.head), self._my_turn(again, turn.head)
        room = turn.transactor.room()
        if not room or not (fresh or again):
            return is_due
        fresh, again = self._still_pending(fresh[: room * size], again)
        kept = self._kept(again)
        # from here on, so that a slow RPC node leaves time for one group at least
        first = replace(turn, spare=kept, until=self._in_patience(FRESH_PATIENCE))
        waiting = groups(fresh, size=size, now=turn.head.timestamp)
        while waiting and first.goes_on():
            self._dispatcher.settle(waiting.pop(0), first)
        self._settle_again(again, turn)
        # what was kept and not needed
        last_ones = replace(turn, until=self._in_patience(MODEST_PATIENCE))
        while kept and waiting and last_ones.goes_on():
            self._dispatcher.settle(waiting.pop(0), last_ones)
        return is_due

    def _kept(self, again: Sequence[PaymentRow]) -> int:
        """Slots that fresh payments leave to refused ones: however many fresh ones come, one of the refused finds one.
        The only slot is theirs every other time."""
        if not again or self._retries_open():
            return 0
        if self._settings.max_in_flight > 1:
            return 1
        self._yields = not self._yields
        return int(self._yields)

    def _settle_again(self, again: Sequence[PaymentRow], turn: Round) -> None:
        """Refused payments: the longest due one by one, further ones together. Where there is one slot for both, each
        has it every other time."""
        if self._modest(turn).goes_on():
            self._alone_first = not self._alone_first
        if self._alone_first:
            self._dispatcher.settle_each(again[:ALONE], self._modest(turn))
        self._together(again[ALONE:], self._modest(turn))
        if not self._alone_first:
            self._dispatcher.settle_each(again[:ALONE], self._modest(turn))

    def _together(self, rows: Sequence[PaymentRow], turn: Round) -> None:
        for group in groups(rows, size=self._settings.batch_size, now=turn.head.timestamp):
            self._dispatcher.settle(group, turn)

    def _reclaim(self, turn: Round) -> bool:
        """One at a time: a payment that can still be settled is worth more than one that cannot be lost any more.
        Returns whether any is due."""
        with self._database.reading() as connection:
            if any(one.kind == RECLAIM for one in intents.intents_in(connection, [intents.OPEN])):
                return False
        modest, due = self._modest(turn), self._due((Stage.EXPIRED,), before=turn.head.timestamp, limit=ALONE)
        for row in due:
            if not modest.goes_on() or not self._dispatcher.reclaim(row, modest):
                break
        return bool(due)

    def _modest(self, turn: Round) -> Round:
        """For what others can make fail, or start, as often as they like: one slot whenever none is its own, and never
        more than half of them."""
        spare = self._settings.max_in_flight // 2
        if not self._retries_open():
            spare = max(0, min(spare, turn.transactor.room() - 1))
        return replace(turn, spare=spare, until=self._in_patience(MODEST_PATIENCE))

    def _retries_open(self) -> int:
        with self._database.reading() as connection:
            return intents.retries_open(connection)

    def _in_patience(self, waits: int) -> float:
        return time.monotonic() + waits * self._settings.peer_timeout

    def _due(
        self,
        stages: Sequence[Stage],
        *,
        limit: int,
        refused: bool | None = None,
        before: float | None = None,
        after: float | None = None,
    ) -> list[PaymentRow]:
        # a fresh payment is put off by the first wait only
        longest = self._settings.retry_first if refused is False else self._settings.retry_max
        with self._database.reading() as connection:
            return payments.due(
                connection,
                stages=stages,
                status=PaymentStatus.PENDING,
                now=milliseconds(),
                longest=max(int(longest * 1000), EVENT_WAIT),
                refused=refused,
                before=before,
                after=after,
                # a payment that was reorganised into another block may still be in a transaction from before
                besides=intents.waits(),
                limit=limit,
            )

    def _may_wait(self, fresh: Sequence[PaymentRow], head: Header) -> bool:
        now, wait = self._now(head), self._settings.batch_wait
        return all(now - row.created_at < wait and haste(row, now) == UNHURRIED for row in fresh)

    def _still_pending(
        self, fresh: Sequence[PaymentRow], again: Sequence[PaymentRow]
    ) -> tuple[list[PaymentRow], list[PaymentRow]]:
        states = self._contracts.statuses([row.payment_id for row in (*fresh, *again)])
        moved_on = [payment_id for payment_id, state in states.items() if state is not PaymentStatus.PENDING]
        if moved_on:
            # their events are on the way; until they are read, these must not stand in the way of others
            with self._database.writing() as connection:
                payments.change_payments(connection, moved_on, retry_at=milliseconds() + EVENT_WAIT)
        pending = states.keys() - set(moved_on)
        return [row for row in fresh if row.payment_id in pending], [row for row in again if row.payment_id in pending]

    def _my_turn(self, rows: Sequence[PaymentRow], head: Header) -> list[PaymentRow]:
        me, signers, stagger = self._signer.address, self._contracts.deployment.signers, self._settings.submit_stagger
        turns = {row.payment_id: turn_of(me, signers, row.payment_id) for row in rows}
        now = self._now(head)
        return [row for row in rows if now >= row.created_at + turns[row.payment_id] * stagger]

    def _now(self, head: Header) -> int:
        """For waits, not for deadlines: on a chain that makes blocks on demand the newest one's time stands still."""
        return max(head.timestamp, self._condition.chain_now())

    def _problem_of(self, intent: Intent) -> str:
        """Why the last attempt that would have done anything was not taken; nothing where it was, or was too cheap."""
        with self._database.reading() as connection:
            tried = intents.attempts_of(connection, intent.id)
        problem = next((one.problem for one in reversed(tried) if not one.void), "")
        return problem if problem and classify(problem) in (Broadcast.REFUSED, Broadcast.UNDECIDED) else ""

    def _payments_of(self, intent: Intent) -> Mapping[str, PaymentRow]:
        with self._database.reading() as connection:
            return payments.payments_by_id(connection, intents.payments_of(connection, intent.id))
