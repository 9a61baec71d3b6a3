"""The risk engine between journal and users: fed in canonical order, rebuilt when the chain changes its mind."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from heapq import merge

import structlog

from oracle.errors import InvalidListing
from oracle.node.screening import Change, ListState, change_from
from oracle.scoring import (
    Alert,
    Assessment,
    ListEntry,
    ListKind,
    Payment,
    RiskEngine,
    RiskModel,
    ScreeningLists,
    WalletView,
)
from oracle.signing import RiskReport
from oracle.store import Database, ListChangeRow, PaymentRow, lists, payments

log = structlog.get_logger("payflow.node")


class Scorer:
    """Risk assessments as of the journal's canonical payments. Thread-safe.

    The engine's state is a function of the payments and list changes in canonical order; `rebuild` computes it anew.
    """

    def __init__(self, model: RiskModel, base: ScreeningLists) -> None:
        """`base`: the lists before any change."""
        self.model = model
        self._base = base
        self._lock = threading.RLock()
        self._engine = RiskEngine(model, base)
        self._lists = ListState(base)
        self._valid = False

    @property
    def valid(self) -> bool:
        """Whether the engine agrees with the journal; if not, `rebuild` is due."""
        return self._valid

    @property
    def lists_version(self) -> str:
        """Version of the lists in force."""
        with self._lock:
            return self._lists.lists.version

    def warm_up(self) -> None:
        """Score a payment that does not exist on an engine that is thrown away, so that the first one that does exist
        does not wait for compiled loops, which take seconds where no cache of them can be kept."""
        engine = RiskEngine(self.model, self._base)
        none = Payment("0x" + "00" * 32, "0x" + "01" * 20, "0x" + "02" * 20, "0x" + "03" * 20, 10**9, 6, 1)
        for time in (1, 2):
            engine.assess_and_observe(replace(none, timestamp=time))

    def invalidate(self) -> None:
        """The engine took something in that the journal did not, or the other way round."""
        self._valid = False

    def rebuild(self, database: Database, decimals: Callable[[str], int]) -> int:
        """Replay the journal; returns how many payments there were. `decimals` gives a token's. Raises StoreError."""
        engine, state = RiskEngine(self.model, self._base), ListState(self._base)
        count = 0
        with database.reading() as connection:
            # a list change at (block, log index) counts for payments behind it, hence before one at the same place
            rows: Iterator[ListChangeRow | PaymentRow] = merge(
                lists.changes(connection),
                payments.replay(connection),
                key=lambda row: (row.block, row.log_index, isinstance(row, PaymentRow)),
            )
            for row in rows:
                if isinstance(row, ListChangeRow):
                    _apply(state, engine, change_from(row), at=row.at)
                else:
                    payment = scoring_payment(row, decimals(row.token))
                    engine.observe(payment, _remembered(row, payment))
                    count += 1
        with self._lock:
            self._engine, self._lists, self._valid = engine, state, True
        return count

    def take(self, payment: Payment) -> Assessment:
        """Assess the next canonical payment and remember it."""
        with self._lock:
            return self._engine.assess_and_observe(payment)

    def change(self, change: Change, *, at: int, strict: bool = True) -> bool:
        """Put a list change in force; returns whether it made a difference.

        Raises InvalidListing; with `strict` off such an entry is passed over, as `rebuild` does: the chain lists what
        it likes, and must not stop the node.
        """
        with self._lock:
            return _apply(self._lists, self._engine, change, at=at, strict=strict)

    def assess(self, payment: Payment) -> Assessment:
        """Assess a payment that need not exist, without remembering it."""
        with self._lock:
            return self._engine.assess(payment)

    def wallet(self, address: str) -> WalletView:
        """What the engine knows of a wallet."""
        with self._lock:
            return self._engine.wallet(address)

    def check(self, change: Change) -> None:
        """Raises InvalidListing where `change` cannot be put in force; changes nothing."""
        with self._lock:
            if change.added:
                if ListKind.TOKEN in self._lists.lists.kinds(change.address):
                    raise InvalidListing(
                        address=change.address,
                        kind=change.kind.value,
                        problem="it is the contract of a token that the core accepts, which blocklists name by mistake;"
                        " to stop its payments suspend it in the core",
                    )
                self._lists.lists.with_entry(ListEntry(change.address, change.kind, change.source, change.note))

    @contextmanager
    def listed(self) -> Iterator[ListState]:
        """The lists, held still."""
        with self._lock:
            yield self._lists

    def profiles(self) -> int:
        """How many wallets the engine knows."""
        with self._lock:
            return self._engine.wallet_count


def _apply(state: ListState, engine: RiskEngine, change: Change, *, at: int, strict: bool = False) -> bool:
    try:
        changed = state.apply(change, at=at)
    except InvalidListing as refused:
        if strict:
            raise
        log.warning("list entry of the chain not taken", address=change.address, problem=refused.problem)
        return False
    if changed:
        engine.use_lists(state.lists)
    return changed


def _remembered(row: PaymentRow, payment: Payment) -> Assessment:
    """What the journal keeps of an assessment, as far as the engine wants it: a replay need not score again."""
    return Assessment(
        payment=payment,
        overall=row.score,
        velocity=0,
        amount=0,
        pattern=0,
        graph=0,
        timing=0,
        alerts=Alert(row.alerts),
        explanations=(),
        anomaly={},
        features={},
        model_version="",
        lists_version=row.lists_version,
    )


def scoring_payment(row: PaymentRow, decimals: int) -> Payment:
    """A journalled payment as the engine takes it."""
    return Payment(
        payment_id=row.payment_id,
        sender=row.sender,
        recipient=row.recipient,
        token=row.token,
        amount=row.amount,
        decimals=decimals,
        timestamp=row.created_at,
        block=row.block,
        tx=row.tx,
    )


def report_on(assessment: Assessment, document: bytes, *, issued_at: int, expires_at: int) -> RiskReport:
    """The report that states an assessment, with the hash of its evidence `document`; times unix seconds.

    Raises InvalidReport.
    """
    return RiskReport(
        payment_id=assessment.payment_id,
        overall_score=assessment.overall,
        velocity_score=assessment.velocity,
        amount_score=assessment.amount,
        pattern_score=assessment.pattern,
        graph_score=assessment.graph,
        timing_score=assessment.timing,
        alerts=int(assessment.alerts),
        model_version=assessment.model_version,
        evidence_hash="0x" + sha256(document).hexdigest(),
        issued_at=issued_at,
        expires_at=expires_at,
    )
