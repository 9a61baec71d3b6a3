"""What a verification found, as plain values."""

from dataclasses import dataclass
from enum import StrEnum

from oracle.chain.status import PaymentStatus
from oracle.verify.evidence import EvidenceCheck


class Outcome(StrEnum):
    """The answer in one word."""

    IDENTICAL = "identical"
    DIFFERS = "differs"
    IMPOSSIBLE = "impossible"
    """Nothing on the chain can be compared with what was recomputed: the reasons say what is missing."""


@dataclass(frozen=True, slots=True)
class FieldCheck:
    """One field of the verdict as the chain has it and as it was recomputed; hashes as 0x hex, times unix seconds."""

    name: str
    chain: str | int
    recomputed: str | int

    @property
    def equal(self) -> bool:
        """Whether both say the same."""
        return self.chain == self.recomputed


@dataclass(frozen=True, slots=True)
class Verification:
    """Everything about one payment's verdict. `fields` is empty where the chain holds no verdict to compare with.

    `reasons` say why it differs or what is missing, the likeliest first; `notes` are worth knowing and no difference.
    """

    payment_id: str
    outcome: Outcome
    instant: bool
    status: PaymentStatus
    fields: tuple[FieldCheck, ...]
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    evidence: EvidenceCheck | None
    score: int
    """The recomputed overall score."""
    model_version: str
    lists_version: str
    document: bytes
    """The recomputed evidence document."""
    first_block: int
    last_block: int
    payments: int
    """Earlier payments that were replayed, in blocks `first_block` to `last_block`."""
    list_changes: int
