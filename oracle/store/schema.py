"""The journal's tables. What is true is on the chain; this says where the node stands and what it did.

    cursor ── the last block that was read; blocks ── hashes of recent blocks, to recognise a reorganisation
    payments ─┬─ events     what the chain said about each, with block and log index
              ├─ reports    what this node signed, and evidence: the document whose hash it signed
              └─ intents ── attempts   an intent owns one nonce for good; its attempts differ in fees only
    list_changes ── screening lists as a history: replayed together with the payments they give the same scores again
    counters ── sums that are no function of the chain

Amounts are decimal text, because 256 bits fit no SQL integer. Hashes and addresses are lower-case 0x hex.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA_VERSION = "2"
"""Raised with the tables, and whenever other events count or the rules change: a journal that was begun under others
would go on with a state that no fresh node and no outsider arrives at."""

metadata = MetaData()

# SQLite numbers rows itself only in a column declared plainly INTEGER
RowId = BigInteger().with_variant(Integer, "sqlite")
Hash = String(66)
Address = String(42)

meta = Table(
    "meta",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

blocks = Table(
    "blocks",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", Hash, nullable=False),
    Column("timestamp", BigInteger, nullable=False),
)

payments = Table(
    "payments",
    metadata,
    Column("payment_id", Hash, primary_key=True),
    Column("sender", Address, nullable=False),
    Column("recipient", Address, nullable=False),
    Column("token", Address, nullable=False),
    Column("amount", String(78), nullable=False),
    Column("reference", String(34), nullable=False),
    Column("instant", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("settle_deadline", BigInteger, nullable=False),
    Column("block", BigInteger, nullable=False),
    Column("block_hash", Hash, nullable=False),
    Column("log_index", Integer, nullable=False),
    Column("tx", Hash, nullable=False),
    # the contract's state, by the events up to the cursor
    Column("status", String(12), nullable=False),
    Column("status_block", BigInteger, nullable=False),
    Column("verdict_score", Integer),
    Column("settled_tx", String(66), nullable=False, default=""),
    Column("settled_at", BigInteger),
    # this node's work
    Column("stage", String(12), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("refusals", Integer, nullable=False, default=0),
    Column("retry_at", BigInteger, nullable=False, default=0),  # unix milliseconds
    Column("score", Integer, nullable=False),
    Column("level", String(12), nullable=False),
    Column("alerts", BigInteger, nullable=False),
    Column("lists_version", String(80), nullable=False),
    UniqueConstraint("block", "log_index", name="payments_position"),
)
Index("payments_stage", payments.c.stage, payments.c.block)
Index("payments_status", payments.c.status, payments.c.block)
Index("payments_sender", payments.c.sender)
Index("payments_recipient", payments.c.recipient)

events = Table(
    "events",
    metadata,
    Column("tx", Hash, primary_key=True),
    Column("block_hash", Hash, primary_key=True),
    Column("log_index", Integer, primary_key=True, autoincrement=False),
    Column("block", BigInteger, nullable=False),
    Column("timestamp", BigInteger, nullable=False),
    Column("payment_id", Hash, nullable=False),
    Column("name", String(40), nullable=False),
    Column("arguments", Text, nullable=False),
)
Index("events_payment", events.c.payment_id, events.c.block, events.c.log_index)
Index("events_block", events.c.block)

reports = Table(
    "reports",
    metadata,
    Column("payment_id", ForeignKey("payments.payment_id", ondelete="CASCADE"), primary_key=True),
    Column("overall_score", Integer, nullable=False),
    Column("velocity_score", Integer, nullable=False),
    Column("amount_score", Integer, nullable=False),
    Column("pattern_score", Integer, nullable=False),
    Column("graph_score", Integer, nullable=False),
    Column("timing_score", Integer, nullable=False),
    Column("alerts", BigInteger, nullable=False),
    Column("model_version", Hash, nullable=False),
    Column("evidence_hash", Hash, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    # "" where the node runs without a key
    Column("digest", String(66), nullable=False),
    Column("signer", String(42), nullable=False),
    Column("signature", String(132), nullable=False),
)

evidence = Table(
    "evidence",
    metadata,
    Column("payment_id", ForeignKey("payments.payment_id", ondelete="CASCADE"), primary_key=True),
    Column("document", LargeBinary, nullable=False),
)

intents = Table(
    "intents",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("destination", Address, nullable=False),
    Column("calldata", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("mined_block", BigInteger),
    Column("mined_hash", String(66)),
    Column("mined_tx", String(66)),
    Column("succeeded", Boolean),
    Column("gas_used", BigInteger),
    Column("created_at", BigInteger, nullable=False),
)
Index("intents_state", intents.c.state, intents.c.nonce)

intent_payments = Table(
    "intent_payments",
    metadata,
    Column("intent_id", ForeignKey("intents.id", ondelete="CASCADE"), primary_key=True),
    # no foreign key: an intent outlives a payment that a reorganisation takes away
    Column("payment_id", Hash, primary_key=True),
)
Index("intent_payments_payment", intent_payments.c.payment_id)

attempts = Table(
    "attempts",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("intent_id", ForeignKey("intents.id", ondelete="CASCADE"), nullable=False),
    Column("tx", Hash, nullable=False, unique=True),
    Column("raw", Text, nullable=False),
    Column("void", Boolean, nullable=False),
    Column("max_fee", BigInteger, nullable=False),
    Column("priority_fee", BigInteger, nullable=False),
    Column("gas", BigInteger, nullable=False),
    Column("sent_at", BigInteger, nullable=False),  # unix milliseconds
    Column("problem", Text, nullable=False, default=""),
)
Index("attempts_intent", attempts.c.intent_id)

list_changes = Table(
    "list_changes",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    # it applies to payments behind this position; log_index -1: before everything in that block
    Column("block", BigInteger, nullable=False),
    Column("log_index", Integer, nullable=False),
    Column("added", Boolean, nullable=False),
    Column("address", Address, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("source", String(80), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
Index("list_changes_position", list_changes.c.block, list_changes.c.log_index, list_changes.c.id)

counters = Table(
    "counters",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
