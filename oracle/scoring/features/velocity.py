"""How often a wallet pays, against its own habit."""

from dataclasses import dataclass
from math import sqrt

from oracle.scoring.config import DAY, HOUR, MONTH, WEEK
from oracle.scoring.features.context import Context

GAPS = 12
"""Gaps between payments that regularity is judged on."""
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
    volume_month: int
    received_hour: int
    received_day: int
    received_week: int
    inflow_day: int
    expected_hour: float
    expected_day: float
    ratio_hour: float
    """Observed over expected; at least 1 observed."""
    ratio_day: float
    confidence: float
    """0 without history to 1 with a full baseline."""
    gap: int
    gap_count: int
    gap_median: int
    gap_variation: float
    """Standard deviation of the last gaps over their mean (coefficient of variation); -1 with fewer than two gaps."""


def measure_velocity(context: Context) -> VelocitySignals:
    """Windows of 1 h, 24 h, 7 d and 30 d that end with this payment."""
    sender, time, config = context.sender, context.time, context.config
    (hour, _), (day, volume_day) = sender.outgoing.since(time - HOUR), sender.outgoing.since(time - DAY)
    (week, _), (month, volume_month) = sender.outgoing.since(time - WEEK), sender.outgoing.since(time - MONTH)
    in_hour, (in_day, inflow_day) = sender.incoming.since(time - HOUR)[0], sender.incoming.since(time - DAY)
    habit_hour, habit_day = sender.rhythm.habits(time)
    exposure = max(_LEAST_EXPOSURE, min(MONTH, time - sender.first_out)) if sender.first_out >= 0 else _LEAST_EXPOSURE
    expected_hour = max((month - hour) * HOUR / exposure, habit_hour, config.floor_hour)
    expected_day = max((month - day) * DAY / exposure, habit_day, config.floor_day)
    earlier = sender.sent_count - hour
    gaps, variation, median = _gaps(context)
    return VelocitySignals(
        sent_hour=hour + 1,
        sent_day=day + 1,
        sent_week=week + 1,
        sent_month=month + 1,
        volume_day=volume_day + context.micro,
        volume_month=volume_month + context.micro,
        received_hour=in_hour,
        received_day=in_day,
        received_week=sender.incoming.since(time - WEEK)[0],
        inflow_day=inflow_day,
        expected_hour=expected_hour,
        expected_day=expected_day,
        ratio_hour=(hour + 1) / expected_hour,
        ratio_day=(day + 1) / expected_day,
        confidence=min(1.0, earlier / config.warm_up),
        gap=time - sender.last_out if sender.last_out >= 0 else -1,
        gap_count=gaps,
        gap_median=median,
        gap_variation=variation,
    )


def _gaps(context: Context) -> tuple[int, float, int]:
    """Number of gaps looked at, their coefficient of variation and median; payments of one second count as one."""
    times = sorted({move.time for move in context.sender.sent[-GAPS:]} | {context.time})
    gaps = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    count = len(gaps)
    if count < 2:
        return count, -1.0, gaps[0] if gaps else -1
    total = sum(gaps)
    # in integers up to the last step: n·Σg² − (Σg)² is exact
    spread = count * sum(gap * gap for gap in gaps) - total * total
    return count, sqrt(spread) / total, sorted(gaps)[count // 2]
