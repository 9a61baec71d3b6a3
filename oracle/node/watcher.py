"""From the chain into the journal: read blocks, score and sign what they hold, rewind what the chain takes back.

One step reads a stretch of blocks, computes everything that follows from it, and writes all of that together with the
new cursor in one transaction: whatever happens, the journal is as of the cursor's block. The risk engine is ahead of
the journal only inside that step, and is rebuilt from the journal if the step fails half-way.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import structlog
from sqlalchemy import Connection

from oracle.chain.blocks import Block, BlockReader, Header, ParentMismatch
from oracle.chain.contracts import Contracts
from oracle.chain.status import PaymentStatus, status_after
from oracle.errors import BlockMissing, RpcInconsistent
from oracle.node.bus import EventBus
from oracle.node.condition import Condition
from oracle.node.harvest import Harvest, Harvester
from oracle.node.metrics import NodeMetrics
from oracle.node.scorer import Scorer
from oracle.node.tokens import Tokens
from oracle.node.views import Stage
from oracle.settings import Settings
from oracle.store import BlockRef, Database, EventRow, PaymentRow, intents, lists, payments

AT_ONCE = 200
"""Events that one transaction takes in, about: it bounds how long a step runs. Blocks are never split."""

log = structlog.get_logger("payflow.node")


class Watcher:
    """Follows the chain. Its steps run in the worker thread; `turn` is held while the journal and the engine change."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        reader: BlockReader,
        contracts: Contracts,
        scorer: Scorer,
        tokens: Tokens,
        harvester: Harvester,
        condition: Condition,
        bus: EventBus,
        metrics: NodeMetrics,
        present: Callable[[PaymentRow], Mapping[str, object]],
        on_skipped: Callable[[PaymentRow, str], None],
    ) -> None:
        """`present` gives a payment as the feed shows it; `on_skipped` learns which a batch skipped, and why."""
        self._settings = settings
        self._database = database
        self._reader = reader
        self._contracts = contracts
        self._scorer = scorer
        self._tokens = tokens
        self._harvester = harvester
        self._condition = condition
        self._bus = bus
        self._metrics = metrics
        self._present = present
        self._on_skipped = on_skipped
        self.rewinds = 0
        """How often the chain took blocks back."""
        self.turn = threading.RLock()
        """Held by whoever moves the engine and the journal together: a step here, a change of a list elsewhere."""

    def step(self, stop: threading.Event) -> Header | None:
        """Read up to the head, or as far as one round goes; returns the newest header of the chain (None: empty).

        Raises RpcError and StoreError; nothing is half-done after any of them.
        """
        if not self._scorer.valid:
            self._rebuild()
        newest = self._reader.head("latest", 0)
        watched = (self._settings.watch_tag, self._settings.watch_confirmations)
        head = newest if watched == ("latest", 0) else self._reader.head(*watched)
        if newest is None or head is None:
            return newest
        self._condition.see_head(newest.number, newest.timestamp)
        with self._database.reading() as connection:
            cursor = payments.cursor(connection)
        first = self._contracts.deployment.first_block
        rewound = False
        while not stop.is_set():
            if cursor is not None and not self._extends(head, cursor):
                # once in a step: backends that contradict each other would have it rewound for ever
                if rewound or self._is_canonical(cursor):
                    raise RpcInconsistent(
                        endpoint=self._reader.endpoint,
                        problem=f"its head is block {head.number} {head.hash}, which does not hold block"
                        f" {cursor.number} {cursor.hash} that it has as well",
                    )
                cursor, rewound = self._rewind(cursor), True
                continue
            start = first if cursor is None else cursor.number + 1
            if start > head.number:
                break
            try:
                blocks = self._reader.read(
                    first=start, last=head.number, parent=None if cursor is None else cursor.hash
                )
            except ParentMismatch as broken:
                if rewound or cursor is None or broken.block != start or self._is_canonical(cursor):
                    raise  # the chain moved while it was read, or the node contradicts itself: look again later
                cursor, rewound = self._rewind(cursor), True
                continue
            for part in parts(blocks):
                cursor = self._take(part)
                self._condition.learn(cursor_block=cursor.number)
                if stop.is_set():
                    break
        caught_up = cursor is not None and cursor.number >= head.number
        self._condition.learn(caught_up=caught_up, cursor_block=None if cursor is None else cursor.number)
        return newest

    # --- reorganisations ---

    def _extends(self, head: Header, cursor: BlockRef) -> bool:
        """Whether the chain that ends in `head` still contains the cursor, as far as the head tells."""
        if head.number > cursor.number:
            return True  # reading on checks the link to the cursor
        if head.number == cursor.number:
            return head.hash == cursor.hash
        with self._database.reading() as connection:
            known = payments.block_at(connection, head.number)
        # the same block, only older: the RPC node lags, or took blocks back and has not built others yet
        return known is None or known.hash == head.hash

    def _is_canonical(self, block: BlockRef) -> bool:
        try:
            return self._reader.header(block.number).hash == block.hash
        except BlockMissing:
            return False

    def _rewind(self, cursor: BlockRef) -> BlockRef | None:
        """Forget what the chain has taken back, the cursor and maybe more; returns the new cursor."""
        with self._database.reading() as connection:
            # the cursor itself is not asked about again: another backend may say otherwise
            ancestor = payments.previous_block(connection, cursor.number)
        while ancestor is not None and not self._is_canonical(ancestor):
            with self._database.reading() as connection:
                ancestor = payments.previous_block(connection, ancestor.number)
        to = -1 if ancestor is None else ancestor.number
        final = self._condition.facts.final_block
        log.warning("reorganisation", cursor=cursor.number, ancestor=to, depth=cursor.number - to)
        if ancestor is None or (final is not None and to < final):
            self._condition.note(
                "reorganisation",
                "reorg-beyond-finality",
                f"The chain took back blocks down to {to + 1}, though block {final} counted as final. The journal was"
                f" rewound and follows the chain; check the RPC node before relying on it.",
            )
        with self.turn:
            self._scorer.invalidate()
            with self._database.writing() as connection:
                touched = payments.rewind(connection, to)
                for row in payments.payments_by_id(connection, touched).values():
                    self._restore(connection, row)
            self._rebuild()
        self._condition.learn(caught_up=False, cursor_block=None if ancestor is None else to)
        self.rewinds += 1
        self._metrics.reorganisations.inc()
        self._metrics.reorganisation_depth.observe(cursor.number - to)
        self._bus.publish("reorg", {"from": cursor.number, "to": to})
        return ancestor

    def _restore(self, connection: Connection, row: PaymentRow) -> None:
        """Put a payment back to the state that its remaining events leave it in."""
        left = replace(row, verdict_score=None, settled_tx="", settled_at=None)
        for event in payments.events_of(connection, row.payment_id):
            left = moved(left, event)
        if left.status == PaymentStatus.PENDING and row.stage == Stage.DONE:
            stage = Stage.SUBMITTED if intents.is_held(connection, row.payment_id) else Stage.SIGNED
            left = replace(left, stage=stage.value, reason="", refusals=0, retry_at=0)
        payments.put_payment(connection, left)

    def _rebuild(self) -> None:
        with self.turn:
            count = self._scorer.rebuild(self._database, lambda token: self._tokens.of(token).decimals)
        if count:
            log.info("risk engine rebuilt", payments=count)

    # --- taking blocks in ---

    def _take(self, blocks: Sequence[Block]) -> BlockRef:
        """Score, sign and journal everything in `blocks`; returns the new cursor."""
        try:
            with self.turn:
                harvest = self._harvester.gather(blocks)
                before, after = self._write(harvest)
        except BaseException:
            self._scorer.invalidate()
            raise
        self._publish(harvest, before, after)
        return harvest.blocks[-1]

    def _write(self, harvest: Harvest) -> tuple[dict[str, PaymentRow], dict[str, PaymentRow]]:
        """Journal a harvest; returns the touched payments before and after it (new ones only after)."""
        with self._database.writing() as connection:
            others = {event.payment_id for event in harvest.events} - harvest.scored.keys()
            before = payments.payments_by_id(connection, others)
            again = payments.payments_by_id(connection, harvest.scored)
            if again:
                raise RpcInconsistent(
                    endpoint=self._settings.rpc_endpoint, problem=f"payment {next(iter(again))} was created twice"
                )
            after = before | {payment_id: one.payment for payment_id, one in harvest.scored.items()}
            for event in harvest.events:
                if event.payment_id in after:
                    after[event.payment_id] = moved(after[event.payment_id], event)
                else:
                    log.error("event of an unknown payment", payment=event.payment_id, name=event.name, tx=event.tx)
            payments.add_scored(
                connection, [replace(one, payment=after[payment_id]) for payment_id, one in harvest.scored.items()]
            )
            for payment_id, row in before.items():
                if after[payment_id] != row:
                    payments.put_payment(connection, after[payment_id])
            payments.add_events(connection, harvest.events)
            for (block, log_index), change, at in harvest.changes:
                lists.add_change(
                    connection,
                    block=block,
                    log_index=log_index,
                    added=change.added,
                    address=change.address,
                    kind=change.kind.name,
                    source=change.source,
                    note=change.note,
                    at=at,
                )
            payments.add_blocks(connection, harvest.blocks, keep=self._settings.block_history)
        return before, after

    def _publish(self, harvest: Harvest, before: dict[str, PaymentRow], after: dict[str, PaymentRow]) -> None:
        """Tell the feed, the metrics and the settler what has happened; the journal holds it already."""
        for payment_id, row in after.items():
            known = before.get(payment_id)
            if known is None:
                self._metrics.payments.labels(level=row.level).inc()
                self._bus.publish("payment", self._present(row))
            elif known.status != row.status:
                self._metrics.outcomes.labels(status=row.status).inc()
                if row.settled_at is not None and known.settled_at is None:
                    self._metrics.settle_seconds.observe(row.settled_at - row.created_at)
                self._bus.publish("status", self._present(row))
        for event in harvest.events:
            # one that a second transaction of ours skipped, because the first had settled it, needs nothing more
            skipped = after.get(event.payment_id)
            if event.name == "SettlementSkipped" and skipped is not None and skipped.status == PaymentStatus.PENDING:
                reason = self._contracts.explain("settlement", str(event.arguments["reason"])).reason
                self._on_skipped(skipped, f"skipped in a batch: {reason}")
        for _, change, _ in harvest.changes:
            self._bus.publish("list", {"address": change.address, "kind": change.kind.name, "added": change.added})


def moved(row: PaymentRow, event: EventRow) -> PaymentRow:
    """The payment after one of its events."""
    status = status_after(event.name, event.arguments)
    if status is None:
        return row
    row = replace(row, status=status.value, status_block=event.block)
    if event.name == "VerdictApplied":
        row = replace(row, verdict_score=int(event.arguments["score"]))
    if status is PaymentStatus.PENDING:
        return row
    if row.settled_at is None:
        row = replace(row, settled_tx=event.tx, settled_at=event.timestamp)
    return replace(row, stage=Stage.DONE.value, reason="", retry_at=0)


def parts(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """`blocks` in runs with about AT_ONCE logs each."""
    run: list[Block] = []
    logs = 0
    for block in blocks:
        if run and logs + len(block.logs) > AT_ONCE:
            yield run
            run, logs = [], 0
        run.append(block)
        logs += len(block.logs)
    if run:
        yield run
