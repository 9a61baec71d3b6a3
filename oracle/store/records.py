"""Rows of the journal as values. Amounts are base units (int), hashes lower-case 0x hex, times unix seconds except
`retry_at` and `sent_at`, which are unix milliseconds."""

from collections.abc import Mapping
from dataclasses import dataclass

from oracle.signing import SignedReport

Position = tuple[int, int]
"""(block, log index): the canonical order of events."""


@dataclass(frozen=True, slots=True)
class BlockRef:
    """A block that was read."""

    number: int
    hash: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A canonical payment: its terms, where it was made, the contract's state and this node's work on it."""

    payment_id: str
    sender: str
    recipient: str
    token: str
    amount: int
    reference: str
    instant: bool
    created_at: int
    settle_deadline: int
    block: int
    block_hash: str
    log_index: int
    tx: str
    status: str
    status_block: int
    verdict_score: int | None
    settled_tx: str
    settled_at: int | None
    stage: str
    reason: str
    refusals: int
    retry_at: int
    score: int
    level: str
    alerts: int
    lists_version: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event of a payment. (tx, block_hash, log_index) is its identity."""

    tx: str
    block_hash: str
    log_index: int
    block: int
    timestamp: int
    payment_id: str
    name: str
    arguments: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Scored:
    """A payment as it enters the journal, with what this node says about it."""

    payment: PaymentRow
    report: SignedReport
    evidence: bytes


@dataclass(frozen=True, slots=True)
class Intent:
    """A transaction that this node wants included: one nonce for good.

    `state`: "open" (to be included), "mined" (in block `mined_hash`, not final), "final", "displaced" (its nonce went
    to a transaction of somebody else with the same key).
    """

    id: int
    kind: str
    nonce: int
    destination: str
    calldata: str
    state: str
    mined_block: int | None
    mined_hash: str | None
    mined_tx: str | None
    succeeded: bool | None
    gas_used: int | None
    created_at: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One signed transaction of an intent; `void` does nothing but use up the nonce. Fees in wei per gas."""

    id: int
    intent_id: int
    tx: str
    raw: str
    void: bool
    max_fee: int
    priority_fee: int
    gas: int
    sent_at: int
    problem: str


@dataclass(frozen=True, slots=True)
class ListChangeRow:
    """One change of the screening lists; it counts for payments behind (block, log_index)."""

    id: int
    block: int
    log_index: int
    added: bool
    address: str
    kind: str
    source: str
    note: str
    at: int
