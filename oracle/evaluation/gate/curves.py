"""The learning curves of the members that goals are set for: would more wallets help?"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.evaluation.crossval import FitPredict
from oracle.evaluation.gate.detectors import COMPACT, LEARNER, WEEK_COMPACT, fit_detectors
from oracle.evaluation.gate.goals import CHANNEL, CHANNEL_WEEK, SUPERVISED, WEEK
from oracle.evaluation.gate.members import SHORT_COLUMNS, learner, supervised
from oracle.evaluation.gate.scored import Scores, Steps
from oracle.evaluation.gate.task import Effort, Task
from oracle.evaluation.learning import CurvePoint, learning_curve
from oracle.scoring.numbers import Floats
from oracle.scoring.stream import FEATURES

LEAST_LICIT = 8
"""Licit training wallets that the detectors need; smaller shares have no point on their curves."""


def curves(
    task: Task, effort: Effort, scores: Scores, cache: Path | None, report: Steps
) -> dict[str, tuple[CurvePoint, ...]]:
    """By member. The whole training wallets were scored before: `scores` has those points.

    The supervised model is dealt `learning_seeds` times. So are the others where `scores` holds as many dealings; where
    it holds one, each fit takes minutes, and they are dealt once."""
    often = range(effort.learning_seeds)
    others = others_dealt(effort, scores)
    found = {}
    for name, columns, full, seeds, share in (
        (SUPERVISED, None, scores.supervised, often, 0.12),
        (WEEK, SHORT_COLUMNS, scores.week, range(others), 0.08),
    ):
        found[name] = learning_curve(
            task.rows,
            task.labels,
            task.wallets,
            supervised(effort.fit, columns),
            learner=learner(name, effort.fit, columns),
            fractions=effort.fractions,
            seeds=tuple(seeds),
            count=effort.folds,
            known=dict(enumerate(full)),
            cache=cache,
            progress=report.of(f"learning curve, {name}", share),
        )
    licit = len(np.unique(task.wallets[task.labels == 0])) * (effort.folds - 1) // effort.folds
    enough = [one for one in effort.fractions if one == 1 or one * licit >= LEAST_LICIT + 1]
    for name, seen, whole in ((CHANNEL, COMPACT, scores.channel), (CHANNEL_WEEK, WEEK_COMPACT, scores.channel_week)):
        found[name] = learning_curve(
            task.rows,
            task.labels,
            task.wallets,
            detectors(seen),
            learner=f"{LEARNER}, {','.join(FEATURES[one].name for one in seen)}",
            fractions=enough,
            seeds=tuple(range(others)),
            count=effort.folds,
            known={0: whole[0]},  # other dealings' detectors have other seeds than those of this curve
            of_licit=True,
            cache=cache,
            progress=report.of(f"learning curve, {name}", 0.03),
        )
    return found


def others_dealt(effort: Effort, scores: Scores) -> int:
    """How often the curves of the members other than the supervised model are dealt."""
    return min(effort.learning_seeds, len(scores.week))


def detectors(columns: Sequence[int]) -> FitPredict:
    """The rank by detectors that see `columns`, fitted on licit wallets and weighed by fraud."""

    def fit_predict(rows: Floats, labels: Floats, wallets: NDArray[Any], test: Floats) -> NDArray[Any]:
        licit = labels == 0
        found = fit_detectors(rows[licit], wallets[licit], columns, fraud=rows[~licit])
        return found.rank(found.raw(test))

    return fit_predict
