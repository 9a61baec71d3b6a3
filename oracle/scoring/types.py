"""What goes into the risk engine and what comes out: plain frozen values.

Addresses, ids and hashes are lower-case 0x hex. Amounts are token base units (int). Times are unix seconds.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from functools import lru_cache

from oracle.scoring.canonical import canonical
from oracle.scoring.lists import ListEntry

RULES = "payflow.rules/2"
"""Version of the rules in code: score tables, formulas, features. It stands in model files and evidence documents;
whoever changes a score by changing code must raise it (tests/oracle/scoring/test_golden.py notices)."""

MICRO = 10**6
"""Amounts inside the engine are millionths of one token, whatever the token's decimals."""

ANALYZERS = ("velocity", "amount", "pattern", "graph", "timing")
"""The five analyzers in the order of the signed report."""


class Alert(IntFlag):
    """Alert bits, as they stand in the signed report."""

    VELOCITY_ANOMALY = 1 << 0
    AMOUNT_ANOMALY = 1 << 1
    PATTERN_ANOMALY = 1 << 2
    MIXING_DETECTED = 1 << 3
    SANCTIONED_INTERACTION = 1 << 4
    DUST_ATTACK = 1 << 5
    SYBIL_ATTACK = 1 << 6
    FLASH_LOAN_ATTACK = 1 << 7
    WASH_TRADING = 1 << 8
    LAYERING = 1 << 9
    ADDRESS_POISONING = 1 << 10


NO_ALERT = Alert(0)


@lru_cache(maxsize=1 << 12)
def alert_names(bits: int) -> tuple[str, ...]:
    """Names of the alert bits that are set, the lowest first; bits that are no alert have none."""
    return tuple([str(alert.name) for alert in Alert if alert & bits])


ALERT_SCORE = 70
"""Score from which an analyzer raises its general alert (VELOCITY_, AMOUNT_ or PATTERN_ANOMALY)."""
TYPED_SCORE = 61
"""Score from which a finding of one known kind of fraud raises that kind's alert: the level that holds a payment."""


class RiskLevel(IntEnum):
    """Levels by overall score: SAFE 0–20, LOW 21–40, MEDIUM 41–60, HIGH 61–80, CRITICAL 81–100."""

    SAFE = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @classmethod
    def of(cls, score: int) -> "RiskLevel":
        """The level of an overall score 0–100."""
        return cls((score > 20) + (score > 40) + (score > 60) + (score > 80))


def micro(amount: int, decimals: int) -> int:
    """Base units of a token as millionths of it, rounded down."""
    return amount * MICRO // int(10**decimals)


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment, made or intended. `amount` in base units of `token`, `timestamp` of its block in unix seconds.

    `block` 0 and `tx` "" mean unknown: a payment that is not on chain yet.
    """

    payment_id: str
    sender: str
    recipient: str
    token: str
    amount: int
    decimals: int
    timestamp: int
    block: int = 0
    tx: str = ""

    @property
    def micro(self) -> int:
        """The amount in millionths of a token, rounded down."""
        return micro(self.amount, self.decimals)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One finding: who found it, how bad it is alone (0–100), the sentence for a person, and the payments and list
    entries that prove it."""

    analyzer: str
    score: int
    sentence: str
    payments: tuple[str, ...] = ()
    alerts: Alert = NO_ALERT
    entries: tuple[ListEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """The verdict on one payment, with everything that an outsider needs to recompute it."""

    payment: Payment
    overall: int
    velocity: int
    amount: int
    pattern: int
    graph: int
    timing: int
    alerts: Alert
    explanations: tuple[Explanation, ...]
    anomaly: Mapping[str, float]
    """Share of held-out ordinary payments that are less unusual, per ensemble member and "ensemble"; "supervised":
    share of the last payments here that the supervised model finds less suspicious. 0.0–1.0."""
    features: Mapping[str, str]
    """The feature vector that the ensemble read, as decimals with six places."""
    model_version: str
    lists_version: str
    supervised: Mapping[str, object] = field(default_factory=dict)
    """What the supervised model read and why it says so, where it added to the score."""
    schema: str = field(default="payflow.evidence/3")

    @property
    def payment_id(self) -> str:
        """The payment's id."""
        return self.payment.payment_id

    @property
    def level(self) -> RiskLevel:
        """The overall score's level."""
        return RiskLevel.of(self.overall)

    def evidence(self) -> bytes:
        """The evidence document: canonical JSON (sorted keys, no spaces, ASCII; strings and integers only)."""
        p = self.payment
        document = {
            "schema": self.schema,
            "payment": {
                "id": p.payment_id,
                "sender": p.sender,
                "recipient": p.recipient,
                "token": p.token,
                "amount": str(p.amount),
                "decimals": p.decimals,
                "timestamp": p.timestamp,
                "block": p.block,
                "tx": p.tx,
            },
            "rules": RULES,
            "scores": {
                "overall": self.overall,
                "velocity": self.velocity,
                "amount": self.amount,
                "pattern": self.pattern,
                "graph": self.graph,
                "timing": self.timing,
            },
            "level": self.level.name,
            "alerts": alert_names(int(self.alerts)),
            "explanations": [
                {
                    "analyzer": one.analyzer,
                    "score": one.score,
                    "sentence": one.sentence,
                    "payments": one.payments,
                    "alerts": alert_names(int(one.alerts)),
                    "entries": [
                        {
                            "address": entry.address,
                            "kind": entry.kind.value,
                            "source": entry.source,
                            "note": entry.note,
                        }
                        for entry in one.entries
                    ],
                }
                for one in self.explanations
            ],
            "anomaly": {name: f"{rank:.6f}" for name, rank in self.anomaly.items()},
            "features": self.features,
            "supervised": self.supervised,
            "model_version": self.model_version,
            "lists_version": self.lists_version,
        }
        return canonical(document)

    @property
    def evidence_hash(self) -> str:
        """0x and the SHA-256 of `evidence()`: the report's commitment to this document."""
        return "0x" + hashlib.sha256(self.evidence()).hexdigest()


@dataclass(frozen=True, slots=True)
class WalletView:
    """What the engine knows of a wallet. Volumes in millionths of a token, both directions together; times unix
    seconds.

    `risk_score` is the score of the last assessed payment that the wallet sent, `peak_risk_score` the highest.
    """

    address: str
    transaction_count: int
    sent_count: int
    received_count: int
    total_volume: int
    avg_amount: int
    first_seen: int
    last_seen: int
    risk_score: int
    peak_risk_score: int
    kinds: tuple[str, ...]
    """Names of the screening kinds it is listed as."""

    @property
    def risk_level(self) -> RiskLevel:
        """The level of `risk_score`."""
        return RiskLevel.of(self.risk_score)
