"""Timing: is it an odd hour for this wallet, and does too much happen at once?"""

from oracle.scoring.analyzers.wording import plural, tokens
from oracle.scoring.config import ScoringConfig
from oracle.scoring.features.timing import TimingSignals
from oracle.scoring.numbers import interpolate
from oracle.scoring.types import Alert, Explanation

SURPRISE_SCORES = ((1.0, 0.0), (2.0, 30.0), (4.0, 60.0), (6.0, 75.0))
"""Bits of surprise above a uniform clock → score."""
_LEAST_HISTORY = 12
_NIGHT_SCORES = ((0.0, 60.0), (0.02, 40.0), (0.10, 0.0))
"""Share of the own payments made at night → score of one more at night."""
_NIGHT_HISTORY = 20
_RARE_HOURS = 0.05
"""An hour is odd only where fewer than this share of the payments lie within two hours of it."""
FLASH_SCORE, FLASH_RETURN_SCORE = 85, 95


def judge_timing(signals: TimingSignals, config: ScoringConfig) -> list[Explanation]:
    """Hours are UTC; night is judged against the wallet's own habit, since nobody knows where it sleeps."""
    found = []
    if signals.history >= _LEAST_HISTORY and signals.near_hours < _RARE_HOURS:
        score = round(interpolate(SURPRISE_SCORES, signals.hour_surprise))
        if score > 0:
            found.append(
                Explanation(
                    "timing",
                    score,
                    f"{signals.hour:02d}:00–{(signals.hour + 1) % 24:02d}:00 UTC is {signals.hour_surprise:.1f}"
                    f" bits more surprising"
                    f" than a random hour: {signals.near_hours:.0%} of {plural(signals.history, 'payment')} were"
                    f" made within"
                    f" two hours of it.",
                )
            )
    if signals.history >= _NIGHT_HISTORY and signals.hour < 6 and signals.near_hours < _RARE_HOURS:
        score = round(interpolate(_NIGHT_SCORES, signals.night_share))
        if score > 0:
            found.append(
                Explanation(
                    "timing",
                    score,
                    f"Sent between 00:00 and 06:00 UTC, when this wallet made {signals.night_share:.0%} of its"
                    f" {plural(signals.history, 'payment')}.",
                )
            )
    if signals.history >= _LEAST_HISTORY:
        score = round(interpolate(((1.0, 0.0), (3.0, 25.0)), signals.weekday_surprise))
        if score > 0:
            found.append(
                Explanation(
                    "timing",
                    score,
                    f"The weekday is {signals.weekday_surprise:.1f} bits more surprising than a random one.",
                )
            )
    return found + _flash(signals, config)


def _flash(signals: TimingSignals, config: ScoringConfig) -> list[Explanation]:
    if signals.block_in < config.flash_minimum or signals.block_out * 2 < signals.block_in:
        return []
    returns = signals.returns_in_block
    where = "transaction" if signals.same_tx else "block"
    return [
        Explanation(
            "timing",
            FLASH_RETURN_SCORE if returns else FLASH_SCORE,
            f"{tokens(signals.block_in)} came in and {tokens(signals.block_out)} go out in one {where}"
            + (", back to where they came from." if returns else "."),
            signals.block_ids,
            Alert.FLASH_LOAN_ATTACK,
        )
    ]
