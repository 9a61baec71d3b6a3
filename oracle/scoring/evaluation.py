"""How well an engine tells simulated fraud from simulated ordinary life."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from oracle.scoring.engine import RiskEngine
from oracle.scoring.simulator import LabelledPayment
from oracle.scoring.types import Alert, RiskLevel


@dataclass(slots=True)
class Caught:
    """Outcomes over the labelled payments of one alert type."""

    payments: int = 0
    held: int = 0
    """Scored HIGH or above: held or blocked."""
    flagged: int = 0
    """Scored MEDIUM or above."""
    named: int = 0
    """Carried the right alert."""
    episodes: set[tuple[int, int]] = field(default_factory=set)
    episodes_held: set[tuple[int, int]] = field(default_factory=set)
    """Episodes of which at least one payment was held."""


@dataclass(slots=True)
class Evaluation:
    """Counts, added up over any number of streams."""

    ordinary: dict[RiskLevel, int] = field(default_factory=lambda: dict.fromkeys(RiskLevel, 0))
    """Payments of ordinary life by level."""
    ordinary_scores: Counter[int] = field(default_factory=Counter)
    """The same by overall score."""
    false_stories: dict[str, int] = field(default_factory=dict)
    """Those above LOW by what they were."""
    caught: dict[Alert, Caught] = field(default_factory=dict)
    streams: int = 0

    @property
    def false_alarm_rate(self) -> float:
        """Share of ordinary payments that scored above LOW."""
        return self.above(RiskLevel.LOW)

    def above(self, level: RiskLevel) -> float:
        """Share of ordinary payments that scored above `level`."""
        total = sum(self.ordinary.values())
        return sum(count for at, count in self.ordinary.items() if at > level) / total if total else 0.0

    def take(self, engine: RiskEngine, stream: Iterable[LabelledPayment]) -> None:
        """Run a stream through a fresh engine and count what came of it."""
        self.streams += 1
        for one in stream:
            assessment = engine.assess_and_observe(one.payment)
            if one.ordinary:
                self.ordinary[assessment.level] += 1
                self.ordinary_scores[assessment.overall] += 1
                if assessment.level > RiskLevel.LOW:
                    self.false_stories[one.story] = self.false_stories.get(one.story, 0) + 1
            elif one.label:
                caught = self.caught.setdefault(one.label, Caught())
                episode = (self.streams, one.episode)
                caught.payments += 1
                caught.episodes.add(episode)
                caught.flagged += assessment.level > RiskLevel.LOW
                caught.named += bool(assessment.alerts & one.label)
                if assessment.level > RiskLevel.MEDIUM:
                    caught.held += 1
                    caught.episodes_held.add(episode)
