"""How often a wallet pays, against its own habit."""

from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from oracle.scoring.config import DAY, HOUR, MONTH, WEEK
from oracle.scoring.features.context import Context

GAPS = 12
"""Gaps between payments that regularity is judged on."""
HABIT_SHARE = 0.5
"""Part of the largest habitual burst that is expected at any time: a wallet may repeat its record without much ado."""
_LEAST_EXPOSURE = DAY
"""Seconds of history that a rate is taken over at least: two payments in a first minute are no rate of 120 an hour."""


@dataclass(frozen=True, slots=True)
class VelocitySignals:
    """Counts of sent payments include the one at hand; sums are millionths of a token; gaps are seconds, -1 unknown."""

    sent_hour: int
    sent_day: int
    sent_week: int
    sent_month: int
    volume_day: int
    received_hour: int
    received_day: int
    received_week: int
    inflow_day: int
    expected_hour: float
    expected_day: float
    ratio_hour: float
    """Observed over expected; at least 1 observed."""
    ratio_day: float
    confidence_hour: float
    """How far the baseline of the hour counts: 0 without history to 1 with `warm_up` payments over a day before it."""
    confidence_day: float
    """The same for 24 h, over three days before them."""
    gap: int
    gap_count: int
    gap_median: int
    gap_variation: float
    """Standard deviation of the last gaps over their mean (coefficient of variation); -1 with fewer than two gaps."""


def measure_velocity(context: Context) -> VelocitySignals:
    """Windows of 1 h, 24 h, 7 d and 30 d that end with this payment."""
    sender, time, config = context.sender, context.time, context.config
    (hour, _), (day, volume_day) = sender.outgoing.since(time - HOUR), sender.outgoing.since(time - DAY)
    week, month = sender.outgoing.since(time - WEEK)[0], sender.outgoing.since(time - MONTH)[0]
    in_hour, (in_day, inflow_day) = sender.incoming.since(time - HOUR)[0], sender.incoming.since(time - DAY)
    habit_hour, habit_day = sender.rhythm.habits(time)
    known = min(MONTH, time - sender.first_out) if sender.first_out >= 0 else 0
    before_hour, before_day = max(0, known - HOUR), max(0, known - DAY)
    expected_hour = max(
        (month - hour) * HOUR / max(before_hour, _LEAST_EXPOSURE), habit_hour * HABIT_SHARE, config.floor_hour
    )
    expected_day = max(
        (month - day) * DAY / max(before_day, _LEAST_EXPOSURE), habit_day * HABIT_SHARE, config.floor_day
    )
    full_hour = min(1.0, (sender.sent_count - hour) / config.warm_up, before_hour / DAY)
    full_day = min(1.0, (sender.sent_count - day) / config.warm_up, before_day / (3 * DAY))
    gaps, variation, median = _gaps(context)
    return VelocitySignals(
        sent_hour=hour + 1,
        sent_day=day + 1,
        sent_week=week + 1,
        sent_month=month + 1,
        volume_day=volume_day + context.micro,
        received_hour=in_hour,
        received_day=in_day,
        received_week=sender.incoming.since(time - WEEK)[0],
        inflow_day=inflow_day,
        expected_hour=expected_hour,
        expected_day=expected_day,
        ratio_hour=(hour + 1) / expected_hour,
        ratio_day=(day + 1) / expected_day,
        confidence_hour=full_hour,
        confidence_day=full_day,
        gap=time - sender.last_out if sender.last_out >= 0 else -1,
        gap_count=gaps,
        gap_median=median,
        gap_variation=variation,
    )


def _gaps(context: Context) -> tuple[int, float, int]:
    """Number of gaps looked at, their coefficient of variation and median; payments of one second count as one."""
    times = sorted({move.time for move in context.sender.sent[-GAPS:]} | {context.time})
    gaps = [later - earlier for earlier, later in pairwise(times)]
    count = len(gaps)
    if count < 2:
        return count, -1.0, gaps[0] if gaps else -1
    total = sum(gaps)
    # in integers up to the last step: n·Σg² − (Σg)² is exact
    spread = count * sum(gap * gap for gap in gaps) - total * total
    return count, sqrt(spread) / total, sorted(gaps)[count // 2]
