"""What the node tells its API, its commands and its live feed: plain frozen values without chain or database types.

Addresses, hashes and ids are lower-case 0x hex. Amounts are token base units (int). Times are unix seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from oracle.chain.deployment import Token
from oracle.chain.status import PaymentStatus
from oracle.scoring import Assessment, RiskLevel
from oracle.signing import RiskReport, SignedReport


class Stage(StrEnum):
    """Where this node's own work on a payment stands."""

    SIGNED = "signed"
    """Scored and signed; waits for its turn (or, without a key, scored only)."""
    SHARING = "sharing"
    """Own report stored; peers' reports are being collected."""
    SUBMITTED = "submitted"
    """In a transaction that waits for inclusion."""
    WAITING = "waiting"
    """Refused for the reason given; tried again at `retry_at`."""
    STUCK = "stuck"
    """Refused too often; the reason says what for. Tried again at the longest interval until its deadline."""
    EXPIRED = "expired"
    """Past its settle deadline without a settlement: only `reclaim` is left."""
    DONE = "done"
    """The contract gave its verdict; what follows (review, release) is other people's move."""


class ListKind(StrEnum):
    """The two lists that the API manages. Scoring knows more kinds, which come from files and from the chain."""

    BLACKLIST = "blacklist"
    WHITELIST = "whitelist"


@dataclass(frozen=True, slots=True)
class Analysis:
    """An assessment of a payment that need not exist, as of now."""

    assessment: Assessment
    approved: bool
    flagged: bool
    blocked: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class InstantQuote:
    """The answer to an instant-payment intent.

    `calldata` is `payInstant(payment, reports)` for the core at `to`, to be sent by `sender` from an account that has
    approved the core for `amount`; empty when `refusal` says why the contract would refuse the payment.
    """

    payment_id: str
    chain_id: int
    to: str
    calldata: str
    refusal: str
    sender: str
    recipient: str
    token: Token
    amount: int
    reference: str
    reports: tuple[SignedReport, ...]
    """One a signer, as many as the contract demands, this node's own first."""
    score: int
    """The median of the reports, which decides."""
    level: RiskLevel
    assessment: Assessment
    """This node's own."""
    document: bytes
    """The evidence document that this node's report commits to."""


@dataclass(frozen=True, slots=True)
class WalletRisk:
    """What the engine knows of a wallet; `total_volume` and `avg_amount` in whole tokens."""

    address: str
    risk_score: int
    risk_level: str
    peak_risk_score: int
    is_blacklisted: bool
    is_whitelisted: bool
    transaction_count: int
    total_volume: Decimal
    avg_amount: Decimal


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts over all canonical payments and all hypothetical analyses since the journal began."""

    total_analyses: int
    total_blocked: int
    total_flagged: int
    total_profiles: int
    blacklist_size: int
    whitelist_size: int
    model_version: str
    lists_version: str
    block_rate: float
    flag_rate: float


@dataclass(frozen=True, slots=True)
class Listing:
    """One entry of a screening list. `source`: "chain" or who added it."""

    address: str
    kind: str
    source: str
    note: str
    since: int


@dataclass(frozen=True, slots=True)
class ListChange:
    """Outcome of a list request: `changed` is False where the entry was (not) there already."""

    changed: bool
    address: str
    kind: ListKind
    lists_version: str


@dataclass(frozen=True, slots=True)
class PaymentEvent:
    """One step in a payment's life as the chain tells it. `name` is the contract's event name."""

    name: str
    block: int
    block_hash: str
    timestamp: int
    tx: str
    log_index: int
    arguments: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class PaymentView:
    """One canonical payment. `score` is this node's, `verdict_score` what the contract applied (None before)."""

    payment_id: str
    sender: str
    recipient: str
    token: Token
    amount: int
    reference: str
    instant: bool
    created_at: int
    settle_deadline: int
    block: int
    tx: str
    status: PaymentStatus
    final: bool
    stage: Stage
    reason: str
    score: int
    level: str
    alerts: int
    verdict_score: int | None
    settled_tx: str
    settled_at: int | None
    """Timestamp of the block with the contract's verdict or cancellation; None before."""


@dataclass(frozen=True, slots=True)
class PaymentDetail:
    """A payment with its history, this node's report and the document whose hash is in it."""

    payment: PaymentView
    events: tuple[PaymentEvent, ...]
    report: RiskReport
    signature: SignedReport | None
    evidence: bytes
    """Canonical JSON: sha256 of exactly these bytes is the report's evidence hash."""
    attempts: tuple["AttemptView", ...]


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One transaction that this node sent, or tried to send, for a payment."""

    tx: str
    nonce: int
    state: str
    max_fee: int
    gas: int
    sent_at: int
    problem: str


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """Newest first. `next_before` continues the listing; None at its end."""

    payments: tuple[PaymentView, ...]
    next_before: str | None


class NodeState(StrEnum):
    """What the node as a whole is doing."""

    STARTING = "starting"
    """Not connected yet."""
    SYNCING = "syncing"
    """Reading the chain's past."""
    READY = "ready"
    DEGRADED = "degraded"
    """Working, or about to again, but something needs attention: see `problems`."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that needs attention. `code` is the error's stable name, `message` its sentence."""

    code: str
    message: str
    since: int


@dataclass(frozen=True, slots=True)
class Health:
    """`live`: the worker runs. `ready`: caught up with the chain and able to answer for its present state."""

    state: NodeState
    live: bool
    ready: bool
    problems: tuple[Problem, ...]
    chain_id: int | None
    cursor_block: int | None
    head_block: int | None
    head_age: float | None
    """Seconds by this machine's clock since the newest block; negative where that block is in this clock's future."""
    signer: str | None
    authorised: bool | None
    """Whether the contract accepts this node's signer; None before the first look or without a key."""
    quorum: int | None
    model_version: str
    lists_version: str
    stages: Mapping[Stage, int] = field(default_factory=dict)
    in_flight: int = 0


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One message of the live feed.

    `type` is "payment" (a payment appeared, `data` as of PaymentView), "status" (the contract moved one), "stage" (this
    node's work moved), "reorg" (`data`: from, to), "list" (a screening list changed) or "state" (the node's own state).
    """

    sequence: int
    type: str
    time: float
    data: Mapping[str, object]
