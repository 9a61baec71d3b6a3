"""Every threshold of the scoring rules as one typed object. It is stored in the model file, so that a model's version
commits to the rules as well as to the arrays."""

import json
from dataclasses import asdict, dataclass, fields

from oracle.scoring.types import MICRO

HOUR, DAY, WEEK, MONTH = 3_600, 86_400, 7 * 86_400, 30 * 86_400
"""The four windows, in seconds."""


@dataclass(frozen=True, slots=True)
class ScoringConfig:
    """Thresholds. Amounts in millionths of a token, times in seconds; where each comes from: docs/scoring.md."""

    # amount
    reporting_threshold: int = 10_000 * MICRO
    """Amount at which a report is due; structuring stays just under it."""
    structuring_margin: int = 1_000 * MICRO
    """How far under the reporting threshold an amount counts as just under it."""
    dust_limit: int = MICRO // 20
    """Amounts up to this are dust: 0.05 tokens buy nothing."""
    large_amount: int = 50_000 * MICRO
    """A first payment at or above this is pointed out even without history."""
    # velocity
    floor_hour: int = 2
    """Payments an hour that nobody is asked about, whatever the own baseline."""
    floor_day: int = 6
    warm_up: int = 6
    """Earlier payments after which a wallet's baseline counts in full."""
    # pattern
    fee_tolerance: int = 40
    """A sum that is passed on may be smaller by this many thousandths (fees, peeling)."""
    gain_tolerance: int = 10
    """A sum that is passed on may be larger by this many thousandths (rounding up)."""
    layering_gap: int = DAY
    """Within this a sum that leaves again counts as passed on."""
    layering_minimum: int = 20 * MICRO
    """Smaller sums agree by chance too often (two coffees) to be traced."""
    busy_payers: int = 5
    """Payers within `layering_gap` above which equal sums are matched ten times as closely."""
    pass_through_gap: int = 6 * HOUR
    mixing_fan: int = 5
    """Distinct payers and distinct payees, each, from which a wallet may be mixing."""
    # graph
    sybil_cohort: int = 5
    """Fresh wallets of one funder acting alike from which they are one person."""
    sybil_window: int = 3 * DAY
    # flash
    flash_minimum: int = 10_000 * MICRO
    """Sums below this that come in and go out in one block are not called a flash loan."""

    def to_json(self) -> str:
        """Canonical JSON."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "ScoringConfig":
        """Raises ValueError where a field is missing, unknown or no integer."""
        values = json.loads(text)
        names = {one.name for one in fields(cls)}
        if not isinstance(values, dict) or set(values) != names or not all(type(v) is int for v in values.values()):
            raise ValueError("the thresholds do not match this version's")
        return cls(**values)
