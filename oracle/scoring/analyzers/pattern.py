"""Pattern: does this payment close a shape that launderers draw?"""

from oracle.scoring.analyzers.wording import duration, plural, tokens
from oracle.scoring.config import ScoringConfig
from oracle.scoring.features.pattern import Fan, PatternSignals
from oracle.scoring.numbers import interpolate
from oracle.scoring.types import ALERT_SCORE, MICRO, NO_ALERT, TYPED_SCORE, Alert, Explanation
from oracle.scoring.typology import Circle

LAYERING_SCORES = ((0.0, 0.0), (1.0, 15.0), (2.0, 35.0), (3.0, 72.0), (4.0, 80.0), (6.0, 90.0))
"""Hops of one sum before this payment → score. Two are ordinary (a deposit address swept by its exchange)."""
LAP_SCORES = ((1.0, 25.0), (2.0, 40.0), (3.0, 65.0), (4.0, 75.0), (8.0, 80.0))
"""Round trips of one sum within 7 days → score. One is a refund or a loan among friends."""
CIRCLE_SCORES = ((0.8, 40.0), (0.95, 60.0))
"""Smallest over largest sum of a circle of three to six payments within 7 days → score, a remark: of ordinary payments
0.4% close such a one in the simulator and none of 14,641 licit stablecoin transfers (`benchmarks.circles`),
but wallets that pay one another often will."""
_CIRCLE_LEAST = 3
MIXING_FAN_SCORES = ((4.0, 0.0), (5.0, 65.0), (8.0, 75.0), (12.0, 80.0))
"""Smaller of distinct payers and distinct payees within 7 days → score, if sums are equal and faces new."""
_LAP_SHARE, _LAPS_GOING_ROUND = 0.28, 3
"""Round trips over payments made and received, from which they are what the wallet does (a market maker and its
exchange meet equal sums by chance in a fifth); and how many, from which each further hop of the same sum belongs to the
next one."""
_MIXING_EQUAL = 0.5
_MIXING_EVENNESS = 0.8
_MIXING_NEW = 0.7
PASS_SCORES = ((0.85, 0.0), (0.95, 1.0))
"""Share of the inflow that has left again → weight."""
PASS_FAN_SCORES = ((1.0, 25.0), (2.0, 40.0), (3.0, 75.0), (4.0, 88.0), (8.0, 95.0))
"""Distinct recipients (or payers) of a pass-through → score at full weight."""
_PASS_MOST, _PASS_CONCENTRATION = 1.05, 0.5
_PASS_LEAST = 500
"""Tokens that must have come in: smaller sums are spent within hours by many people."""


def judge_pattern(signals: PatternSignals, config: ScoringConfig) -> list[Explanation]:
    """Each shape is judged alone; the analyzer's score is the worst of them."""
    found = _layering(signals, config) + _round_trips(signals) + _pass_through(signals, config)
    found += _mixing("sender", signals.sender_fan, config) + _mixing("recipient", signals.recipient_fan, config)
    return [one for one in found if one.score > 0]


def judge_circle(circle: Circle | None) -> list[Explanation]:
    """Money that comes back to where it left, through others, less a little."""
    if circle is None or circle.length < _CIRCLE_LEAST or circle.ratio < CIRCLE_SCORES[0][0]:
        return []
    return [
        Explanation(
            "pattern",
            round(interpolate(CIRCLE_SCORES, circle.ratio)),
            f"It closes a circle of {circle.length} payments within {duration(circle.seconds)}, each made by whom the"
            f" one before had paid; the smallest sum is {circle.ratio:.0%} of the largest.",
            circle.payment_ids,
        )
    ]


def _layering(signals: PatternSignals, config: ScoringConfig) -> list[Explanation]:
    if signals.hops == 0:
        return []
    score = round(interpolate(LAYERING_SCORES, signals.hops))
    return [
        Explanation(
            "pattern",
            score,
            f"The sum of {tokens(signals.inflow_micro)} arrived {duration(signals.inflow_age)} ago and is passed"
            f" on, the"
            f" {signals.hops}. time in a row within {duration(config.layering_gap)} each since {signals.origin}"
            f" sent it.",
            (signals.inflow_id,),
            _typed(score, Alert.LAYERING),
        )
    ]


def _round_trips(signals: PatternSignals) -> list[Explanation]:
    going_round = signals.hops > 0 and signals.laps_week >= _LAPS_GOING_ROUND and signals.lap_share >= _LAP_SHARE
    if not signals.closes_cycle and not going_round:
        return []
    # among many other payments sums agree by chance
    score = round(interpolate(LAP_SCORES, signals.laps_week if signals.lap_share >= _LAP_SHARE else 1))
    return [
        Explanation(
            "pattern",
            score,
            f"The sum {'returns to' if signals.closes_cycle else 'goes round once more after'} {signals.origin},"
            f" from where"
            f" it came {duration(signals.inflow_age)} ago: {plural(signals.laps_week, 'round trip')} within 7 days.",
            (*signals.lap_ids, signals.inflow_id),
            _typed(score, Alert.WASH_TRADING),
        )
    ]


def _mixing(side: str, fan: Fan, config: ScoringConfig) -> list[Explanation]:
    width = min(fan.payers, fan.payees)
    even = min(fan.payee_entropy, fan.payer_entropy)
    equal = min(fan.equal_sent, fan.equal_received)
    if width < config.mixing_fan or even < _MIXING_EVENNESS or equal < _MIXING_EQUAL or fan.new_payees < _MIXING_NEW:
        return []
    score = round(interpolate(MIXING_FAN_SCORES, width))
    return [
        Explanation(
            "pattern",
            score,
            f"Within 7 days {plural(fan.payers, 'wallet')} paid the {side} and it paid {plural(fan.payees, 'wallet')},"
            f" {fan.equal_sent:.0%} of the sums sent are equal and {fan.new_payees:.0%} of the wallets were paid once:"
            f" who pays whom is being blurred (evenness of counterparties {even:.2f} of 1).",
            alerts=_typed(score, Alert.MIXING_DETECTED),
        )
    ]


def _pass_through(signals: PatternSignals, config: ScoringConfig) -> list[Explanation]:
    if signals.pass_micro < _PASS_LEAST * MICRO or signals.pass_through > _PASS_MOST:
        return []
    if signals.pass_concentration < _PASS_CONCENTRATION:  # a busy wallet's sums agree by chance
        return []
    weight = interpolate(PASS_SCORES, signals.pass_through)
    fan = max(signals.pass_payees, signals.pass_payers if signals.pass_payees == 1 else 0)
    score = round(weight * interpolate(PASS_FAN_SCORES, fan))
    return [
        Explanation(
            "pattern",
            score,
            f"{signals.pass_through:.0%} of the {tokens(signals.pass_micro)} that"
            f" {plural(signals.pass_payers, 'wallet')} paid in within {duration(config.pass_through_gap)}"
            f" has left again, to {plural(signals.pass_payees, 'wallet')}.",
            signals.pass_ids,
            Alert.PATTERN_ANOMALY if score >= ALERT_SCORE else NO_ALERT,
        )
    ]


def _typed(score: int, alert: Alert) -> Alert:
    return alert if score >= TYPED_SCORE else NO_ALERT
