"""Amounts, durations and addresses as a person reads them."""

from oracle.scoring.config import DAY, HOUR
from oracle.scoring.types import MICRO


def tokens(micro: int) -> str:
    """Millionths of a token as "9,400.00 tokens"; below one token all six places."""
    whole, fraction = divmod(micro, MICRO)
    if whole == 0 and fraction:
        return f"0.{fraction:06d} tokens"
    return f"{whole:,}.{fraction // 10_000:02d} tokens"


def duration(seconds: int) -> str:
    """ "45 s", "12 min", "3.5 h", "2.0 days"."""
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 2 * HOUR:
        return f"{seconds // 60} min"
    if seconds < 2 * DAY:
        return f"{seconds // HOUR}.{seconds % HOUR * 10 // HOUR} h"
    return f"{seconds // DAY}.{seconds % DAY * 10 // DAY} days"


def times(ratio: float) -> str:
    """A ratio as "10.0 times"."""
    return f"{ratio:.1f} times"


def plural(count: int, noun: str) -> str:
    """ "1 payment", "3 payments"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
