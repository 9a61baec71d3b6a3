"""How a sum compares with what the wallet usually sends."""

from dataclasses import dataclass

from oracle.scoring.config import DAY, MONTH, WEEK
from oracle.scoring.features.context import Context
from oracle.scoring.numbers import log2
from oracle.scoring.types import MICRO

LEAST_HISTORY = 5
"""Sent amounts from which a wallet has a profile of its own."""
_LEAST_MAD = 0.25
"""In bits: amounts of a wallet that always sends the same may still vary by 19% before that is a deviation."""
_MAD_TO_SIGMA = 1.4826
"""The median absolute deviation of a normal distribution times this is its standard deviation."""


@dataclass(frozen=True, slots=True)
class AmountSignals:
    """Amounts in millionths of a token."""

    micro: int
    history: int
    median: int
    quartile_low: int
    quartile_high: int
    largest: int
    robust_z: float
    """(log amount − median) / (1.4826 · MAD) over the last sent amounts; 0 without a profile."""
    round_zeros: int
    """Trailing zeros of the whole-token amount; 0 for amounts with a fraction."""
    just_under: bool
    income_month: int
    """Sum received within 30 days."""
    balance: int
    """Received minus sent as far as remembered; a wallet that was funded elsewhere may be below zero."""
    above_threshold: bool
    """The sender also made payments at or above the reporting threshold within 7 days: it does not avoid it."""
    structured_before: int
    """Earlier payments of 7 days that also stay just under the reporting threshold."""
    structured_ids: tuple[str, ...]
    dust: bool
    dust_recipients: int
    """Distinct wallets that got dust from the sender within 24 h, this one included."""
    dust_ids: tuple[str, ...]


def measure_amount(context: Context) -> AmountSignals:
    """Robust statistics in log space, because amounts spread over orders of magnitude (log-normal in good
    approximation)."""
    profile, micro, config = context.sender.amounts, context.micro, context.config
    bits, n = log2(micro + 1), len(profile)
    z, median, low, high, largest = 0.0, 0, 0, 0, 0
    if n:
        median, largest = profile.micros[n // 2], profile.micros[-1]
        low, high = profile.micros[n // 4], profile.micros[3 * n // 4]
    if n >= LEAST_HISTORY:
        middle = profile.logs[n // 2]
        mad = max(_LEAST_MAD, sorted(abs(one - middle) for one in profile.logs)[n // 2])
        z = (bits - middle) / (_MAD_TO_SIGMA * mad)
    just_under = is_just_under(micro, config.reporting_threshold, config.structuring_margin)
    structured, dusted, targets, open_payments = [], [], {context.payment.recipient}, False
    dust = micro <= config.dust_limit
    if just_under or dust:
        for move in context.sender.sent:
            age = context.time - move.time
            if just_under and age < WEEK:
                open_payments |= move.micro >= config.reporting_threshold
                if is_just_under(move.micro, config.reporting_threshold, config.structuring_margin):
                    structured.append(move.payment_id)
            elif dust and age < DAY and move.micro <= config.dust_limit:
                targets.add(move.recipient)
                dusted.append(move.payment_id)
    return AmountSignals(
        micro=micro,
        history=n,
        median=median,
        quartile_low=low,
        quartile_high=high,
        largest=largest,
        robust_z=z,
        round_zeros=_zeros(micro),
        just_under=just_under,
        income_month=context.sender.incoming.since(context.time - MONTH)[1],
        balance=context.sender.received_volume - context.sender.sent_volume,
        above_threshold=open_payments,
        structured_before=len(structured),
        structured_ids=tuple(structured[-8:]),
        dust=dust,
        dust_recipients=len(targets) if dust else 0,
        dust_ids=tuple(dusted[-8:]),
    )


def is_just_under(micro: int, threshold: int, margin: int) -> bool:
    """Whether an amount stays under a threshold by at most the margin."""
    return threshold - margin <= micro < threshold


def _zeros(micro: int) -> int:
    whole, fraction = divmod(micro, MICRO)
    if fraction or not whole:
        return 0
    text = str(whole)
    return len(text) - len(text.rstrip("0"))
