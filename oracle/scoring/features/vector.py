"""The feature vector that the anomaly ensemble reads: all measurements, none of the lists, no age and no calendar.

Values are rounded to millionths and kept as integers, so that the vector in the evidence document is exactly what
the ensemble saw.
"""

from dataclasses import dataclass

from oracle.scoring.features.amount import AmountSignals, measure_amount
from oracle.scoring.features.context import Context
from oracle.scoring.features.graph import GraphSignals, measure_graph
from oracle.scoring.features.pattern import PatternSignals, measure_pattern
from oracle.scoring.features.timing import TimingSignals, measure_timing
from oracle.scoring.features.velocity import VelocitySignals, measure_velocity
from oracle.scoring.numbers import log1p2
from oracle.scoring.types import MICRO

SCALE = 1_000_000
"""Vector entries are integers of this many to one."""


@dataclass(frozen=True, slots=True)
class Signals:
    """All measurements of one payment as of all earlier ones."""

    velocity: VelocitySignals
    amount: AmountSignals
    pattern: PatternSignals
    graph: GraphSignals
    timing: TimingSignals

    @classmethod
    def of(cls, context: Context, before: "Signals | None" = None) -> "Signals":
        """Measure; the ledger stays as it is. `before`: of the same payment with another amount, for the nearness of
        its parties: the walk takes longest and knows no amount."""
        return cls(
            measure_velocity(context),
            measure_amount(context),
            measure_pattern(context),
            measure_graph(context, None if before is None else before.graph.nearness),
            measure_timing(context),
        )


VELOCITY_FEATURES = (
    "sent_hour",
    "sent_day",
    "sent_week",
    "sent_month",
    "received_hour",
    "received_day",
    "received_week",
    "ratio_hour",
    "ratio_day",
    "gap",
    "gap_variation",
)
"""What the velocity analyzer's own Isolation Forest reads; they come first in the vector."""

FEATURES = (
    *VELOCITY_FEATURES,
    "amount",
    "amount_z",
    "amount_over_largest",
    "round_zeros",
    "volume_day",
    "inflow_day",
    "pass_through",
    "funding_age",
    "payees_day",
    "payers_day",
    "payee_entropy",
    "payer_entropy",
    "equal_sent",
    "equal_received",
    "new_payees",
    "hops",
    "laps",
    "nearness",
    "same_community",
    "sender_partners",
    "recipient_partners",
    "recipient_payers",
    "pair_count",
    "pair_day",
    "pair_month",
    "reverse_count",
    "cohort",
    "hour_surprise",
    "near_hours",
    "block_payments",
)
"""Names of the vector's entries, in order."""
_DECIMALS = " ".join(["%.6f"] * len(FEATURES))
"""All of them written at once: a third quicker than one by one."""


def vector(signals: Signals) -> tuple[int, ...]:
    """The entries in the order of FEATURES, in millionths. Counts, times and ratios as log2(1 + x), sums in log2(1 +
    tokens)."""
    v, a, p, g, t = signals.velocity, signals.amount, signals.pattern, signals.graph, signals.timing
    values = (
        log1p2(v.sent_hour),
        log1p2(v.sent_day),
        log1p2(v.sent_week),
        log1p2(v.sent_month),
        log1p2(v.received_hour),
        log1p2(v.received_day),
        log1p2(v.received_week),
        log1p2(v.ratio_hour),
        log1p2(v.ratio_day),
        log1p2(v.gap) if v.gap >= 0 else -1.0,
        v.gap_variation,
        _tokens(a.micro),
        max(-20.0, min(20.0, a.robust_z)),
        _tokens(a.micro) - _tokens(a.largest) if a.history else 0.0,
        float(a.round_zeros),
        _tokens(v.volume_day),
        _tokens(v.inflow_day),
        log1p2(min(p.pass_through, 1e6)),
        log1p2(p.funding_age) if p.funding_age >= 0 else -1.0,
        log1p2(p.payees_day),
        log1p2(p.payers_day),
        p.sender_fan.payee_entropy,
        p.sender_fan.payer_entropy,
        p.sender_fan.equal_sent,
        p.sender_fan.equal_received,
        p.sender_fan.new_payees,
        float(p.hops),
        log1p2(p.laps_week),
        g.nearness,
        float(g.same_community),
        log1p2(g.sender_partners),
        log1p2(g.recipient_partners),
        log1p2(g.recipient_payers_week),
        log1p2(g.pair_count),
        log1p2(g.pair_day),
        log1p2(g.pair_month),
        log1p2(g.reverse_count),
        log1p2(g.cohort),
        t.hour_surprise,
        t.near_hours,
        log1p2(t.block_payments),
    )
    return tuple([round(value * SCALE) for value in values])


def decimals(entries: tuple[int, ...]) -> dict[str, str]:
    """The vector by name, as decimals with six places."""
    # exact: a double holds far more than the digits of any entry
    written = _DECIMALS % tuple([entry / SCALE for entry in entries])
    return dict(zip(FEATURES, written.split(" "), strict=True))


def _tokens(micro: int) -> float:
    return log1p2(micro / MICRO)
