"""Out-of-fold scores of all members, and the progress of the steps that make them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oracle.evaluation.crossval import Progress, cross_validate
from oracle.evaluation.gate.detectors import COMPACT, WEEK_COMPACT
from oracle.evaluation.gate.goals import SUPERVISED, WEEK
from oracle.evaluation.gate.members import SHORT_COLUMNS, anomaly, learner, supervised
from oracle.evaluation.gate.task import Effort, Task
from oracle.scoring.numbers import Floats

SHIPPED = "supervised, as shipped"


@dataclass(frozen=True, slots=True)
class Scores:
    """Out-of-fold scores: (S, N) for the members that all seeds dealt, (S, 5, N) for the detectors, one dealing for
    what may be None: detectors with all features, and the supervised model with a history of the set's own tokens."""

    supervised: Floats
    week: Floats
    raws: Floats
    channel: Floats
    channel_week: Floats
    wide: Floats | None
    alone: Floats | None


class Steps:
    """Progress of several steps as one, each with the share of the whole that it is expected to take."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._done, self._next, self._name = progress, 0.0, 0.12, ""

    def of(self, name: str, share: float = 0.12) -> Progress:
        """The progress of one step, which takes `share` of all."""
        self._done = min(1.0, self._done + (self._next if self._name else 0.0))
        self._name, self._next = name, share
        start = self._done
        return lambda _what, part: self._progress(name, min(1.0, start + share * part))


def scored(task: Task, effort: Effort, dealt: int, cache: Path | None, report: Steps) -> Scores:
    """All members, those of one dealing only where computing `dealt` of them would take hours."""
    rows, labels, wallets = task.rows, task.labels, task.wallets
    found: dict[str, Any] = {}
    for seeds in ((0,), tuple(range(dealt))):  # every member once before any of them ten times
        often = len(seeds) > 1
        for key, name, columns, share in (
            ("supervised", SUPERVISED, None, 0.3 if often else 0.03),
            ("week", WEEK, SHORT_COLUMNS, 0.2 if often else 0.02),
        ):
            found[key] = cross_validate(
                rows,
                labels,
                wallets,
                supervised(effort.fit, columns),
                learner=learner(name, effort.fit, columns),
                seeds=seeds,
                count=effort.folds,
                cache=cache,
                progress=report.of(f"{name}, {len(seeds)} dealing{'s' * often}", share),
            )
        for key, columns in (("channel", COMPACT), ("channel_week", WEEK_COMPACT)):
            step = report.of(f"anomaly channel, {len(columns)} features", 0.08 if often else 0.01)
            found[key] = anomaly(
                rows, labels, wallets, seeds=seeds, count=effort.folds, columns=columns, cache=cache, progress=step
            )
    wide = None
    if not effort.quick:
        every = tuple(range(rows.shape[1]))
        step = report.of("anomaly channel, all features", 0.05)
        wide = anomaly(
            rows, labels, wallets, seeds=(0,), count=effort.folds, columns=every, cache=cache, progress=step
        )[1]
    alone = None
    if task.alone is not None:
        alone = cross_validate(
            task.alone,
            labels,
            wallets,
            supervised(effort.fit),
            learner=learner(SHIPPED, effort.fit),
            count=effort.folds,
            cache=cache,
            progress=report.of(SHIPPED, 0.05),
        )
    raws, channel = found["channel"]
    return Scores(found["supervised"], found["week"], raws, channel, found["channel_week"][1], wide, alone)
