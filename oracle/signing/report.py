"""The signed report as a value: the contract's `RiskReport`, checked on construction."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from oracle.errors import InvalidReport

SCORES = ("overall_score", "velocity_score", "amount_score", "pattern_score", "graph_score", "timing_score")
HASHES = ("payment_id", "model_version", "evidence_hash")
MAX_SCORE = 100

_HASH = re.compile(r"0x[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class RiskReport:
    """Exactly the fields that are signed. Hashes are 0x and 64 lower-case hex digits, times unix seconds.

    Raises InvalidReport for a field that the contract would refuse or that does not fit its Solidity type.
    """

    payment_id: str
    overall_score: int
    velocity_score: int
    amount_score: int
    pattern_score: int
    graph_score: int
    timing_score: int
    alerts: int
    model_version: str
    evidence_hash: str
    issued_at: int
    expires_at: int

    def __post_init__(self) -> None:
        for name in SCORES:
            value = getattr(self, name)
            if type(value) is not int or not 0 <= value <= MAX_SCORE:
                raise InvalidReport(field=name, value=value, problem=f"outside of 0 to {MAX_SCORE}")
        for name in HASHES:
            value = getattr(self, name)
            if not isinstance(value, str) or not _HASH.fullmatch(value):
                raise InvalidReport(field=name, value=value, problem="not 0x and 64 lower-case hexadecimal digits")
        for name, bits in (("alerts", 32), ("issued_at", 64), ("expires_at", 64)):
            value = getattr(self, name)
            if type(value) is not int or not 0 <= value < 1 << bits:
                raise InvalidReport(field=name, value=value, problem=f"no unsigned {bits}-bit number")
        if self.expires_at < self.issued_at:
            raise InvalidReport(field="expires_at", value=self.expires_at, problem=f"before issued_at {self.issued_at}")

    def as_abi(self) -> tuple[bytes, int, int, int, int, int, int, int, bytes, bytes, int, int]:
        """The struct's members in the contract's order, hashes as 32 bytes."""
        return (
            bytes.fromhex(self.payment_id[2:]),
            self.overall_score,
            self.velocity_score,
            self.amount_score,
            self.pattern_score,
            self.graph_score,
            self.timing_score,
            self.alerts,
            bytes.fromhex(self.model_version[2:]),
            bytes.fromhex(self.evidence_hash[2:]),
            self.issued_at,
            self.expires_at,
        )


@dataclass(frozen=True, slots=True)
class SignedReport:
    """A report with one signature by `signer` (65 bytes r, s, v as 0x hex) over `digest`."""

    report: RiskReport
    digest: str
    signer: str
    signature: str


@dataclass(frozen=True, slots=True)
class SignedBatch:
    """Reports on several payments, in this order, with one signature by `signer` over their `digest`."""

    reports: tuple[RiskReport, ...]
    digest: str
    signer: str
    signature: str


def merged(collected: Sequence[SignedReport]) -> list[tuple[tuple[int | bytes, ...], bytes]]:
    """Reports for the contract: identical ones once, with their signatures one after the other."""
    reports = {one.digest: one.report.as_abi() for one in collected}
    return [(reports[digest], signatures) for digest, signatures in _signatures(collected).items()]


def merged_batches(collected: Sequence[SignedBatch]) -> list[tuple[Sequence[tuple[int | bytes, ...]], bytes]]:
    """Batches for the contract: identical ones once, with their signatures one after the other."""
    reports = {one.digest: [report.as_abi() for report in one.reports] for one in collected}
    return [(reports[digest], signatures) for digest, signatures in _signatures(collected).items()]


def _signatures(collected: Sequence[SignedReport | SignedBatch]) -> dict[str, bytes]:
    signatures: dict[str, bytes] = {}
    for one in collected:
        signatures[one.digest] = signatures.get(one.digest, b"") + bytes.fromhex(one.signature[2:])
    return signatures
