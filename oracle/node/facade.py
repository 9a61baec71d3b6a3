"""The real `NodeService`: reads the journal and the engine, signs instant payments, keeps the lists."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from oracle.chain.contracts import Contracts, PaymentTerms
from oracle.chain.deployment import Deployment, Token
from oracle.chain.status import PaymentStatus
from oracle.errors import (
    InvalidPayment,
    NoSigner,
    NotReady,
    PaymentUnknown,
    QuorumUnreachable,
    StoreError,
)
from oracle.node import requests
from oracle.node.bus import EventBus, Listener
from oracle.node.condition import Condition
from oracle.node.counts import Analyses, Recount
from oracle.node.instant import OwnReport, own_report, quote
from oracle.node.lag import Lag
from oracle.node.listkeeper import ListKeeper
from oracle.node.peers import Peers
from oracle.node.present import attempt_view, event_view, payment_view
from oracle.node.quorum import KnownQuorum
from oracle.node.references import References
from oracle.node.scorer import Scorer
from oracle.node.screening import KINDS
from oracle.node.service import NodeService, OpenQuote
from oracle.node.tokens import Tokens
from oracle.node.views import (
    Analysis,
    Health,
    InstantQuote,
    ListChange,
    Listing,
    ListKind,
    NodeState,
    PaymentDetail,
    PaymentPage,
    PaymentView,
    Stage,
    Stats,
    WalletRisk,
)
from oracle.node.watcher import Watcher
from oracle.scoring import Payment, RiskLevel
from oracle.scoring.types import MICRO
from oracle.settings import Settings
from oracle.signing import LocalSigner, ReportDigests, SignedBatch, SignedReport, signed_batch
from oracle.store import Database, PaymentRow, intents, payments

PAGE_LIMIT = 500
MOST = 2**96 - 1


@dataclass(frozen=True, slots=True)
class Connected:
    """What exists once the chain answered for the first time."""

    contracts: Contracts
    deployment: Deployment
    tokens: Tokens
    digests: ReportDigests
    signer: LocalSigner | None
    watcher: Watcher
    quorum: KnownQuorum
    peers: Peers


class Facade(NodeService):
    """Answers from the journal and the engine; the chain is read for instant payments only. Thread-safe."""

    def __init__(
        self, *, settings: Settings, database: Database, scorer: Scorer, condition: Condition, bus: EventBus
    ) -> None:
        self._settings = settings
        self._database = database
        self._scorer = scorer
        self._condition = condition
        self._lag = Lag(settings, condition)
        self._bus = bus
        self._connected: Connected | None = None
        self._lists = ListKeeper(database, scorer, bus)
        self._references = References()
        self._analyses = Analyses(database)
        self._stages = Recount(database, "stage")
        self._levels = Recount(database, "level")

    def connect(self, connected: Connected) -> None:
        """The chain answered: requests that need it can be served from now on."""
        self._connected = connected

    def flush_counts(self) -> None:
        """Called by the worker when a round went well. Writes the counts of hypothetical analyses to the journal.

        Raises StoreError (nothing is lost by that).
        """
        self._analyses.flush()

    # --- scoring ---

    def token(self, token: str | None) -> Token:
        return self._chain().tokens.get(token)

    def analyze(
        self, *, payment_id: str, sender: str, recipient: str, token: Token, amount: int, timestamp: int | None
    ) -> Analysis:
        self._ready()
        payment = Payment(
            payment_id=payment_id,
            sender=requests.address(sender, field="sender"),
            recipient=requests.address(recipient, field="recipient"),
            token=token.address,
            amount=_positive(amount),
            decimals=token.decimals,
            timestamp=self._condition.chain_now() if timestamp is None else timestamp,
        )
        started = time.perf_counter()
        assessment = self._scorer.assess(payment)
        seconds = time.perf_counter() - started
        self._analyses.add(assessment.level)
        return Analysis(
            assessment=assessment,
            approved=assessment.level <= RiskLevel.MEDIUM,
            flagged=assessment.level is RiskLevel.MEDIUM,
            blocked=assessment.level is RiskLevel.CRITICAL,
            seconds=seconds,
        )

    def quote_instant(
        self, *, sender: str, recipient: str, token: Token, amount: int, reference: str | None = None
    ) -> InstantQuote:
        begun = self.begin_quote(sender=sender, recipient=recipient, token=token, amount=amount, reference=reference)
        return begun if isinstance(begun, InstantQuote) else self.finish_quote(begun)

    def begin_quote(
        self, *, sender: str, recipient: str, token: Token, amount: int, reference: str | None = None
    ) -> InstantQuote | OpenQuote:
        chain = self._current()
        payer = requests.address(sender, field="sender")
        terms = PaymentTerms(
            sender=payer,
            recipient=requests.address(recipient, field="recipient"),
            token=token.address,
            amount=_payable(amount),
            reference=self._draw(payer) if reference is None else requests.reference(reference),
        )
        quorum = chain.quorum()
        own = self._own_report(chain, terms, token)
        if quorum > 1:
            return OpenQuote(terms, token, own, quorum)
        return quote(terms, token, own, [own.signed], chain.contracts)

    def finish_quote(self, begun: OpenQuote) -> InstantQuote:
        chain, terms, own = self._chain(), begun.terms, begun.own
        # in words of the API, so that a peer of another release understands them
        intent = {
            "sender": terms.sender,
            "recipient": terms.recipient,
            "token": terms.token,
            "amount": begun.token.text(terms.amount),
            "reference": terms.reference,
        }
        reports = chain.peers.co_sign(own.signed, intent, needed=begun.quorum, is_signer=chain.contracts.is_signer)
        if len(reports) < begun.quorum:
            raise QuorumUnreachable(required=begun.quorum, collected=len(reports))
        return quote(terms, begun.token, own, reports, chain.contracts)

    def sign_instant(self, *, sender: str, recipient: str, token: Token, amount: int, reference: str) -> SignedReport:
        terms = PaymentTerms(
            sender=requests.address(sender, field="sender"),
            recipient=requests.address(recipient, field="recipient"),
            token=token.address,
            amount=_payable(amount),
            reference=requests.reference(reference),
        )
        return self._own_report(self._current(), terms, token).signed

    def _own_report(self, chain: Connected, terms: PaymentTerms, token: Token) -> OwnReport:
        return own_report(
            terms,
            token,
            contracts=chain.contracts,
            digests=chain.digests,
            signer=self._require_authority(chain),
            scorer=self._scorer,
            now=self._condition.chain_now(),
            lifetime=self._settings.instant_lifetime,
        )

    def _require_authority(self, chain: Connected) -> LocalSigner:
        """The key. Raises NoSigner, and NotReady where the contracts are known to take no report of it."""
        if chain.signer is None:
            raise NoSigner
        if self._condition.facts.authorised is False:
            state, _, problems = self._condition.state()
            reason = next((one.message for one in problems if one.code in ("not-a-signer", "part-replaced")), "no role")
            raise NotReady(state=state.value, reason=reason)
        return chain.signer

    def _draw(self, payer: str) -> str:
        def last_paid() -> str | None:
            with self._database.reading() as connection:
                return payments.last_instant_reference(connection, payer)

        return self._references.draw(payer, last_paid)

    def wallet(self, address: str) -> WalletRisk:
        self._ready()
        view = self._scorer.wallet(wallet := requests.address(address))
        return WalletRisk(
            address=wallet,
            risk_score=view.risk_score,
            risk_level=view.risk_level.name,
            peak_risk_score=view.peak_risk_score,
            is_blacklisted=KINDS[ListKind.BLACKLIST].value in view.kinds,
            is_whitelisted=KINDS[ListKind.WHITELIST].value in view.kinds,
            transaction_count=view.transaction_count,
            total_volume=Decimal(view.total_volume) / MICRO,
            avg_amount=Decimal(view.avg_amount) / MICRO,
        )

    def stats(self) -> Stats:
        levels, counted = self._levels(), self._analyses.total()
        blocked = levels.get(RiskLevel.CRITICAL.name.lower(), 0) + counted["blocked"]
        flagged = levels.get(RiskLevel.MEDIUM.name.lower(), 0) + counted["flagged"]
        analyses = sum(levels.values()) + counted["analyses"]
        with self._scorer.listed() as state:
            black, white = (state.size(KINDS[kind]) for kind in (ListKind.BLACKLIST, ListKind.WHITELIST))
        return Stats(
            total_analyses=analyses,
            total_blocked=blocked,
            total_flagged=flagged,
            total_profiles=self._scorer.profiles(),
            blacklist_size=black,
            whitelist_size=white,
            model_version=self._scorer.model.version,
            lists_version=self._scorer.lists_version,
            block_rate=blocked / analyses if analyses else 0.0,
            flag_rate=flagged / analyses if analyses else 0.0,
        )

    # --- lists ---

    def listings(self, kind: ListKind) -> tuple[Listing, ...]:
        with self._scorer.listed() as state:
            return state.listings(KINDS[kind])

    def list_add(self, kind: ListKind, address: str, *, note: str = "", by: str = "api") -> ListChange:
        return self._lists.add(self._ready().watcher, kind, address, note=note, by=by)

    def list_remove(self, kind: ListKind, address: str, *, by: str = "api") -> ListChange:
        return self._lists.remove(self._ready().watcher, kind, address, by=by)

    # --- payments ---

    def payments(
        self,
        *,
        status: PaymentStatus | None = None,
        stage: Stage | None = None,
        wallet: str | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> PaymentPage:
        limit = max(1, min(limit, PAGE_LIMIT))
        with self._database.reading() as connection:
            last = None
            if before is not None:
                row = payments.payment(connection, requests.payment_id(before))
                if row is None:
                    raise PaymentUnknown(payment_id=before)
                last = (row.block, row.log_index)
            rows = payments.page(
                connection,
                status=None if status is None else status.value,
                stage=None if stage is None else stage.value,
                wallet=None if wallet is None else requests.address(wallet, field="wallet"),
                limit=limit + 1,
                before=last,
            )
        shown = tuple(self.view(row) for row in rows[:limit])
        return PaymentPage(shown, shown[-1].payment_id if len(rows) > limit else None)

    def payment(self, payment_id: str) -> PaymentDetail:
        wanted = requests.payment_id(payment_id)
        with self._database.reading() as connection:
            row = payments.payment(connection, wanted)
            if row is None:
                raise PaymentUnknown(payment_id=payment_id)
            signed = payments.signed_reports(connection, [wanted])[wanted]
            return PaymentDetail(
                payment=self.view(row),
                events=tuple(event_view(event) for event in payments.events_of(connection, wanted)),
                report=signed.report,
                signature=signed if signed.signature else None,
                evidence=payments.evidence_of(connection, wanted),
                attempts=tuple(attempt_view(*one) for one in intents.history_of(connection, wanted)),
            )

    def report(self, payment_id: str) -> SignedReport:
        wanted = requests.payment_id(payment_id)
        with self._database.reading() as connection:
            signed = payments.signed_reports(connection, [wanted]).get(wanted)
        if signed is None:
            raise PaymentUnknown(payment_id=payment_id)
        if not signed.signature:
            raise NoSigner
        return signed

    def sign_batch(self, payment_ids: Sequence[str]) -> SignedBatch:
        chain = self._current()
        signer = self._require_authority(chain)
        wanted = dict.fromkeys(requests.payment_id(one) for one in payment_ids)
        with self._database.reading() as connection:
            signed = payments.signed_reports(connection, [*wanted])
        # without a signature of its own it is none that anybody settles with: a payment that was made at once
        reports = [signed[one].report for one in wanted if one in signed and signed[one].signature]
        if not reports:
            raise PaymentUnknown(payment_id=next(iter(wanted)))
        return signed_batch(reports, chain.digests, signer)

    def view(self, row: PaymentRow) -> PaymentView:
        """A journalled payment as callers see it."""
        return payment_view(row, self._chain().tokens.of(row.token), final_block=self._condition.facts.final_block)

    # --- the node itself ---

    def health(self) -> Health:
        state, live, problems = self._condition.state()
        facts = self._condition.facts
        overdue = self._lag.problem() if live and not problems else None
        if overdue is not None:
            state, problems = NodeState.DEGRADED, (overdue,)
        try:
            stages = {Stage(name): count for name, count in self._stages().items()}
        except StoreError:
            stages = {}
        return Health(
            state=state,
            live=live,
            ready=live and facts.works and self._connected is not None and not self._lag.is_long(),
            problems=problems,
            chain_id=facts.chain_id,
            cursor_block=facts.cursor_block,
            head_block=facts.head_block,
            head_age=None if facts.head_time is None else time.time() - facts.head_time,
            signer=facts.signer,
            authorised=facts.authorised,
            quorum=facts.quorum,
            model_version=self._scorer.model.version,
            lists_version=self._scorer.lists_version,
            stages=stages,
            in_flight=facts.in_flight,
        )

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        return self._bus.subscribe(listener)

    def _chain(self) -> Connected:
        if self._connected is None:
            state, _, problems = self._condition.state()
            reason = problems[0].message if problems else "it has not reached the chain yet"
            raise NotReady(state=state.value, reason=reason)
        return self._connected

    def _ready(self) -> Connected:
        connected = self._chain()
        facts = self._condition.facts
        # the worker notes a moment later that it was synced: who was told "ready" must not be refused until then
        if not (facts.synced_once or facts.caught_up):
            state, _, _ = self._condition.state()
            raise NotReady(state=state.value, reason="it is still reading the chain's past")
        return connected

    def _current(self) -> Connected:
        """For what is signed. Raises NotReady also while the node lags behind the chain, or a round hangs."""
        connected = self._ready()
        self._lag.check()
        return connected


def _positive(amount: int) -> int:
    if amount <= 0:
        raise InvalidPayment(field="amount", value=amount, problem="it must be above zero")
    return amount


def _payable(amount: int) -> int:
    if amount > MOST:
        raise InvalidPayment(field="amount", value=amount, problem="the core takes at most 2^96 − 1 base units")
    return _positive(amount)
