"""Velocity: is this wallet paying faster than it does?"""

from oracle.scoring.analyzers.wording import duration, plural, times
from oracle.scoring.config import HOUR
from oracle.scoring.features.velocity import VelocitySignals
from oracle.scoring.numbers import interpolate
from oracle.scoring.types import ALERT_SCORE, NO_ALERT, Alert, Explanation

RATIO_SCORES = ((1.0, 0.0), (2.0, 30.0), (3.0, 50.0), (5.0, 70.0), (10.0, 90.0), (20.0, 100.0))
"""Observed over expected payments → score, linear in between: 5 times gives 70 and 10 times 90."""
REGULARITY_SCORES = ((0.01, 65.0), (0.03, 55.0), (0.08, 30.0), (0.15, 0.0))
"""Coefficient of variation of the gaps → score: people vary by more than half, cron jobs by less than a hundredth."""
_REGULAR_GAPS = 8
_RANK_SCORES = ((0.95, 0.0), (0.99, 30.0), (1.0, 50.0))
"""Rank of the velocity forest → score; unusual alone does not make a payment suspicious."""


def judge_velocity(signals: VelocitySignals, rank: float) -> list[Explanation]:
    """`rank`: share of held-out ordinary payments whose rhythm the Isolation Forest finds less unusual (0–1)."""
    found = []
    windows = (
        ("one hour", signals.sent_hour, signals.expected_hour, signals.ratio_hour, signals.confidence_hour),
        ("24 hours", signals.sent_day, signals.expected_day, signals.ratio_day, signals.confidence_day),
    )
    for window, sent, expected, ratio, confidence in windows:
        score = round(interpolate(RATIO_SCORES, ratio) * confidence)
        if score > 0:
            thin = f" (weighted {confidence:.0%}: little history)" if confidence < 1.0 else ""
            found.append(
                Explanation(
                    "velocity",
                    score,
                    f"{plural(sent, 'payment')} within {window}, {times(ratio)} the {expected:.1f} to be expected from"
                    f" this wallet{thin}.",
                    alerts=Alert.VELOCITY_ANOMALY if score >= ALERT_SCORE else NO_ALERT,
                )
            )
    if signals.gap_count >= _REGULAR_GAPS and 0 < signals.gap_median < HOUR:
        score = round(interpolate(REGULARITY_SCORES, signals.gap_variation))
        if score > 0:
            found.append(
                Explanation(
                    "velocity",
                    score,
                    f"The last {plural(signals.gap_count, 'gap')} between payments, about"
                    f" {duration(signals.gap_median)}"
                    f" each, vary by {signals.gap_variation:.1%} only: a machine pays.",
                )
            )
    score = round(interpolate(_RANK_SCORES, rank))
    if score > 0:
        found.append(
            Explanation("velocity", score, f"The rhythm of payments is more unusual than {rank:.2%} of ordinary ones.")
        )
    return found
