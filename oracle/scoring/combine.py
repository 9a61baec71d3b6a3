"""From findings and opinions to one score: docs/scoring.md explains the rule and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from oracle.scoring.ensemble import Opinion
from oracle.scoring.types import ALERT_SCORE, ANALYZERS, TYPED_SCORE, Alert, Explanation

WEIGHTS = {"velocity": 25, "amount": 25, "pattern": 20, "graph": 20, "timing": 10}
"""Hundredths; the contract's one-signer path uses the same."""
GENERAL = Alert.VELOCITY_ANOMALY | Alert.AMOUNT_ANOMALY | Alert.PATTERN_ANOMALY
"""Alerts that say "unlike its habit"; all others name a known kind of fraud."""
GENERAL_FLOOR, GENERAL_STEP, GENERAL_MOST = 45, 1.5, 80
"""Overall score that a deviation of ALERT_SCORE stands for alone, what each further point adds, and where that ends:
to be unlike its habit may hold a payment and never blocks it."""
RANK_FROM = 0.95
"""Rank from which a channel adds points."""
POINTS = {"ensemble": 5, "supervised": 30}
"""What a channel adds at rank 1. Novelty alone thus never leaves SAFE; the supervised model alone may reach LOW and
flags nothing. Both by measurement on labelled transfers (`python -m benchmarks.channel_weights`, docs/model-card.md):
novelty of 20 points lifted more of the ordinary wallets above SAFE than of the reported ones; the supervised model
tells them apart better than anything else here, but most of what it learned follows how its labels were collected."""
_FOR = {"ensemble": "novelty", "supervised": "what the supervised model says"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Scores 0–100, the alerts that stand, and the sentence that says what decided."""

    overall: int
    scores: dict[str, int]
    alerts: Alert
    reason: Explanation


def combine(findings: Sequence[Explanation], opinions: Sequence[Opinion]) -> Verdict:
    """The overall score is the largest of: the weighted sum raised by the channel that adds most, and what any single
    finding stands for."""
    scores, weighted = _weighted(findings)
    alerts = 0
    for one in findings:
        alerts |= int(one.alerts)
    points, channel = adding(opinions) or (0, "")
    raised = min(100, weighted + points)
    added = f", plus {raised - weighted} for {_FOR[channel]}" if raised > weighted else ""
    overall, reason = raised, f"The weighted sum of the analyzers is {weighted}{added}."
    for one in findings:
        if (floor := _floor(one)) > overall:
            overall, reason = floor, f"One finding decides ({one.analyzer} {one.score}): {one.sentence}"
    return Verdict(overall, scores, Alert(alerts), Explanation("overall", overall, reason))


def bounds(findings: Sequence[Explanation]) -> tuple[int, int]:
    """The lowest and the highest overall score that any opinions make of these findings."""
    _, weighted = _weighted(findings)
    floor = max([_floor(one) for one in findings], default=0)
    return max(weighted, floor), max(min(100, weighted + max(POINTS.values())), floor)


def _weighted(findings: Sequence[Explanation]) -> tuple[dict[str, int], int]:
    """The highest score of each analyzer, and their weighted sum."""
    scores = dict.fromkeys(ANALYZERS, 0)
    for one in findings:
        scores[one.analyzer] = max(scores[one.analyzer], one.score)
    return scores, sum([WEIGHTS[name] * score for name, score in scores.items()]) // 100


def adding(opinions: Sequence[Opinion]) -> tuple[int, str] | None:
    """How many points are added, and by which channel: the one that adds most. None where none does."""
    points, channel = max(((points_of(one), one.channel) for one in opinions), default=(0, ""))
    return (points, channel) if points else None


def points_of(opinion: Opinion) -> int:
    """What a channel's opinion adds to the weighted sum."""
    return round(POINTS[opinion.channel] * max(0.0, opinion.rank - RANK_FROM) / (1 - RANK_FROM))


def _floor(finding: Explanation) -> int:
    """What a finding alone stands for: a known kind of fraud its own score, a deviation from habit less."""
    if finding.alerts & ~GENERAL and finding.score >= TYPED_SCORE:
        return finding.score
    if finding.score >= ALERT_SCORE and (finding.alerts or finding.analyzer == "graph"):
        return min(GENERAL_MOST, GENERAL_FLOOR + round(GENERAL_STEP * (finding.score - ALERT_SCORE)))
    return 0
