"""What was aimed at, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from oracle.evaluation.report import Report, objection


@dataclass(frozen=True, slots=True)
class Goal:
    """`figure` of `model` should be `least` or more."""

    model: str
    figure: str
    least: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """A goal and what was measured. `because`: why the figure is no detection quality, "" if it is."""

    goal: Goal
    value: float
    low: float | None
    high: float | None
    because: str

    @property
    def reached(self) -> bool:
        """Whether the figure reaches the goal and may be called detection quality."""
        return not self.because and self.value >= self.goal.least

    @property
    def note(self) -> str:
        """The same, as a report's note."""
        return f"Goal: {self.sentence}."

    @property
    def sentence(self) -> str:
        """One line for people."""
        interval = "" if self.low is None or self.high is None else f" ({self.low:.3f} to {self.high:.3f})"
        verdict = "reached" if self.value >= self.goal.least else "missed"
        hedge = f", and {self.because}" if self.because else ""
        return (
            f"{self.goal.model}, {self.goal.figure}: {self.value:.3f}{interval}, goal {self.goal.least:g}"
            f" {verdict}{hedge}"
        )


SUPERVISED, WEEK, CHANNEL = "supervised", "supervised, 7 days and less", "anomaly channel"
CHANNEL_WEEK = f"{CHANNEL}, 7 days and less"
CHOSEN_F1 = "F1 at the threshold of the training time"
IN_TIME, DISJOINT = "split in time", "split in time and by account"

GOALS: dict[str, tuple[Goal, ...]] = {
    "stablecoins": (
        Goal(SUPERVISED, "ROC-AUC", 0.97),
        Goal(SUPERVISED, "PR-AUC", 0.975),
        Goal(SUPERVISED, "recall at 1% FPR", 0.70),
        Goal(WEEK, "ROC-AUC", 0.90),
        Goal(WEEK, "recall at 1% FPR", 0.35),
        Goal(CHANNEL, "ROC-AUC", 0.82),
        Goal(CHANNEL_WEEK, "ROC-AUC", 0.70),
    ),
    "amlsim": (
        Goal(IN_TIME, CHOSEN_F1, 0.82),
        Goal(IN_TIME, "recall at 0.1% FPR", 0.70),
        Goal(DISJOINT, CHOSEN_F1, 0.82),
        Goal(DISJOINT, "recall at 0.1% FPR", 0.70),
    ),
}
"""By data set. "Anomaly channel alone: 0.82 and 0.70" is read as ROC-AUC with all features and with short windows."""


def outcomes(goals: Sequence[Goal], report: Report) -> tuple[Outcome, ...]:
    """What the report says of each goal; goals whose figure it lacks are left out."""
    found = []
    for goal in goals:
        for model in report.models:
            if model.name == goal.model:
                figure = next((one for one in model.figures if one.name == goal.figure), None)
                if figure is not None:
                    found.append(Outcome(goal, figure.value, figure.low, figure.high, objection(model.audit)))
    return tuple(found)
