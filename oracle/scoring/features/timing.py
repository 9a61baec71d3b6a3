"""When a wallet pays, and what else happens in the same block."""

from dataclasses import dataclass

from oracle.scoring.config import DAY, HOUR
from oracle.scoring.features.context import Context
from oracle.scoring.numbers import log2

_PRIOR = 2.0
"""Dirichlet prior: as if each hour and each weekday had been used twice already."""


@dataclass(frozen=True, slots=True)
class TimingSignals:
    """Surprise in bits above that of a uniformly used clock; hours in UTC."""

    hour: int
    history: int
    hour_surprise: float
    weekday_surprise: float
    near_hours: float
    """Share of the wallet's payments within two hours of this hour, round the clock."""
    night_share: float
    """Share of the wallet's payments between 00:00 and 06:00 UTC."""
    block_in: int
    """Sum of the same token received in the same block, millionths of a token."""
    block_out: int
    """Sum of the same token sent in it, this payment included."""
    block_payments: int
    """Payments of the sender in the same block, both directions, this one included."""
    returns_in_block: bool
    """The recipient paid the sender earlier in the same block."""
    same_tx: bool
    block_ids: tuple[str, ...]


def measure_timing(context: Context) -> TimingSignals:
    """Surprise −log2 P(hour) with P smoothed by a Dirichlet prior, minus the surprise of a uniform clock."""
    payment, sender = context.payment, context.sender
    rhythm = sender.rhythm
    hour, weekday = payment.timestamp // HOUR % 24, (payment.timestamp // DAY + 3) % 7
    n = sum(rhythm.hours)
    days = sum(rhythm.weekdays)
    near = sum(rhythm.hours[(hour + step) % 24] for step in (-2, -1, 0, 1, 2))
    here = payment.block
    arrived = [m for m in sender.received if here and m.block == here]
    left = [m for m in sender.sent if here and m.block == here]
    # one token in and another one out is an exchange, not a loan
    loaned = [m for m in arrived if m.token == payment.token]
    used = [m for m in left if m.token == payment.token]
    return TimingSignals(
        hour=hour,
        history=n,
        hour_surprise=log2((n + 24 * _PRIOR) / (24 * (rhythm.hours[hour] + _PRIOR))),
        weekday_surprise=log2((days + 7 * _PRIOR) / (7 * (rhythm.weekdays[weekday] + _PRIOR))),
        near_hours=near / n if n else 0.0,
        night_share=sum(rhythm.hours[:6]) / n if n else 0.0,
        block_in=sum(move.micro for move in loaned),
        block_out=sum(move.micro for move in used) + context.micro,
        block_payments=len(arrived) + len(left) + 1,
        returns_in_block=any(move.sender == payment.recipient for move in loaned),
        same_tx=bool(payment.tx) and any(move.tx == payment.tx for move in (*loaned, *used)),
        block_ids=tuple(move.payment_id for move in (*loaned, *used))[-8:],
    )
