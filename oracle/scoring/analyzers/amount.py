"""Amount: is this sum odd, for this wallet or for anyone?"""

from oracle.scoring.analyzers.wording import plural, tokens
from oracle.scoring.config import ScoringConfig
from oracle.scoring.features.amount import LEAST_HISTORY, AmountSignals
from oracle.scoring.features.graph import GraphSignals
from oracle.scoring.numbers import interpolate
from oracle.scoring.types import ALERT_SCORE, MICRO, NO_ALERT, Alert, Explanation

Z_SCORES = ((2.5, 0.0), (3.5, 45.0), (5.0, 70.0), (8.0, 90.0), (12.0, 100.0))
"""Robust z → score. 3.5 is the usual limit for outliers (Iglewicz and Hoaglin 1993)."""
STRUCTURING_SCORE = 70
STRUCTURING_REPEATED = ((1.0, 86.0), (2.0, 92.0), (4.0, 100.0))
"""Earlier payments just under the threshold within 7 days → score."""
DUST_SCORES = ((1.0, 62.0), (3.0, 75.0), (6.0, 80.0))
"""Distinct wallets that got dust from the sender within 24 h → score, where the two had nothing to do with each
other."""
_KNOWN_FACTOR = 0.6
"""A sum that is large for the wallet weighs less when it goes to someone paid twice before, or is affordable."""
_OUTLIER = 45
_DRAIN_POINTS, _LEAP_POINTS, _LEAP = 18, 10, 5
"""What an outlier to someone never paid before gets on top when it takes most of what the wallet holds, and when it
is so many times the largest sum so far."""
_DRAIN_SCORE, _DRAIN_LEAP = 84, 3
"""The least that a drain scores which is also so many times the largest sum so far, however widely the wallet's sums
vary."""
_AFFORDABLE = 2
"""A sum is affordable when it is at most one in this many of the income of 30 days: rent is, a drain is not."""


def judge_amount(signals: AmountSignals, graph: GraphSignals, config: ScoringConfig) -> list[Explanation]:
    """Sums are compared in log space with the wallet's own last 64; without history only rules that need none apply."""
    found = _against_own_history(signals, graph)
    if signals.just_under:
        found.append(_structuring(signals, graph, config))
    if signals.dust:
        found.append(_dust(signals, graph))
    if signals.round_zeros >= 3 and graph.pair_count == 0:
        found.append(
            Explanation("amount", 15, f"A round sum of {tokens(signals.micro)} to a wallet that was never paid before.")
        )
    if signals.history < LEAST_HISTORY and signals.micro >= config.large_amount:
        score = 25 if signals.micro < 10 * config.large_amount else 35
        found.append(
            Explanation(
                "amount",
                score,
                f"{tokens(signals.micro)} from a wallet with {plural(signals.history, 'earlier payment')}: too little"
                f" history to tell whether that is usual.",
            )
        )
    return found


def _against_own_history(signals: AmountSignals, graph: GraphSignals) -> list[Explanation]:
    score = interpolate(Z_SCORES, signals.robust_z)
    if score <= 0 or signals.micro < 10 * MICRO:
        return []
    seen = signals.micro * 10 <= signals.largest * 11
    if seen:  # it has sent as much before: rent among coffees
        score *= 0.4
    if graph.pair_count >= 2 or signals.micro * _AFFORDABLE <= signals.income_month:
        score *= _KNOWN_FACTOR
    stranger = graph.pair_count == 0
    drains = stranger and signals.balance > 0 and signals.micro * 10 >= signals.balance * 7
    if stranger and score >= _OUTLIER:
        score += (_DRAIN_POINTS if drains else 0) + (_LEAP_POINTS if signals.micro >= _LEAP * signals.largest else 0)
    if drains and signals.micro >= _DRAIN_LEAP * signals.largest:
        score = max(score, _DRAIN_SCORE)
    score = min(score, 100.0)
    fence = signals.quartile_high + 3 * (signals.quartile_high - signals.quartile_low)
    outside = " and outside the outer fence Q3 + 3·IQR" if signals.micro > fence else ""
    emptied = (
        f", and takes {min(100, signals.micro * 100 // signals.balance)}% of what it holds to a stranger"
        if drains
        else ""
    )
    largest = "" if seen else f"; the largest so far was {tokens(signals.largest)}"
    return [
        Explanation(
            "amount",
            round(score),
            f"{tokens(signals.micro)} is {signals.robust_z:.1f} robust standard deviations above the median of"
            f" {tokens(signals.median)} that this wallet sends{outside}{largest}{emptied}.",
            alerts=Alert.AMOUNT_ANOMALY if round(score) >= ALERT_SCORE else NO_ALERT,
        )
    ]


def _structuring(signals: AmountSignals, graph: GraphSignals, config: ScoringConfig) -> Explanation:
    score, repeated = STRUCTURING_SCORE, ""
    usual = signals.above_threshold or graph.pair_count > 0
    if signals.structured_before and not signals.above_threshold:
        score = round(interpolate(STRUCTURING_REPEATED, signals.structured_before))
        repeated = f", for the {signals.structured_before + 1}. time within 7 days"
    return Explanation(
        "amount",
        score,
        f"{tokens(signals.micro)} stays just under the reporting threshold of"
        f" {tokens(config.reporting_threshold)}{repeated}.",
        signals.structured_ids,
        # once among larger sums, or to someone paid before, is a price like any other: scored, but no alert
        NO_ALERT if usual and score == STRUCTURING_SCORE else Alert.AMOUNT_ANOMALY,
    )


def _dust(signals: AmountSignals, graph: GraphSignals) -> Explanation:
    if graph.pair_count + graph.reverse_count > 0:
        return Explanation("amount", 15, f"{tokens(signals.micro)} buys nothing, but the two wallets know each other.")
    others = signals.dust_recipients - 1
    also = f", and {plural(others, 'other wallet')} got dust from it within 24 h" if others else ""
    return Explanation(
        "amount",
        round(interpolate(DUST_SCORES, signals.dust_recipients)),
        f"{tokens(signals.micro)} of dust to a wallet that the sender never dealt with{also}.",
        signals.dust_ids,
        Alert.DUST_ATTACK,
    )
