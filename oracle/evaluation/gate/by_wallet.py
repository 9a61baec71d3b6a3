"""Evaluation where labels belong to wallets: wallet-disjoint folds, dealt anew for each seed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.evaluation.bootstrap import wallet_bootstrap
from oracle.evaluation.crossval import Progress, cross_validate
from oracle.evaluation.gate.alike import Ages, ages_of, sentence
from oracle.evaluation.gate.compare import gain, matched
from oracle.evaluation.gate.detectors import COMPACT, DETECTORS, WEEK_COMPACT
from oracle.evaluation.gate.goals import CHANNEL, SUPERVISED, WEEK
from oracle.evaluation.gate.members import SHORT_COLUMNS, anomaly, combined, learner, probabilities, supervised
from oracle.evaluation.gate.mistakes import Mistakes, cohort_figures, mistakes
from oracle.evaluation.gate.promise import bounds, over_time
from oracle.evaluation.gate.task import Effort, Task
from oracle.evaluation.judge import judge
from oracle.evaluation.learning import CurvePoint, learning_curve
from oracle.evaluation.metrics import equal_wallets, ranking
from oracle.evaluation.probes import Audit, audit, standard_probes
from oracle.evaluation.report import Figure, Judged, Report
from oracle.scoring.numbers import Floats
from oracle.scoring.supervised.train import folds

ENSEMBLE = "ensemble of both"
SHIPPED = "supervised, as shipped"
MATCHED = ", classes matched by age"
GAINED = "ROC-AUC gained over supervised alone"
_PROBE_SEEDS = 3
_MANY = 20_000
"""Rows from which wallets are dealt once only: ten dealings would take hours."""
_MATCHES = 10
"""Wallets of each class that the matched comparison needs."""


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


def by_wallet(task: Task, effort: Effort, cache: Path | None, progress: Progress) -> tuple[Report, Mistakes]:
    """The report on a task of labelled wallets, and its error analysis. Raises ToolMissing without LightGBM."""
    report = Steps(progress)
    dealt = 1 if len(task.labels) > _MANY else effort.fold_seeds
    scores = _scores(task, effort, dealt, cache, report)
    curve = _curve(task, effort, cache, report)
    ages = ages_of(task.transfers, task.history)
    probes = standard_probes(task.transfers, task.rows, task.history, task.listed)
    sides = [of for name, of in sorted(task.listed.items()) if name.startswith("counterparty:")]
    if sides:
        probes["list membership of the counterparty"] = np.stack(sides, axis=1).astype(np.float64)
    tried = tuple(range(min(dealt, _PROBE_SEEDS)))

    def audited(weights: Floats | None = None, measure: Callable[[Floats], float] | None = None) -> Audit:
        options: dict[str, Any] = {"seeds": tried, "count": effort.folds, "weights": weights, "cache": cache}
        step = report.of("leakage audit")
        return audit(probes, task.labels, task.wallets, measure=measure, progress=step, **options)

    drift = over_time(scores.supervised[0], task.labels, task.wallets, ages.born)
    found = _judged(task, effort, scores, curve, ages, audited(), drift.figures if drift else ())
    weights = matched(task.labels, task.wallets, ages.born, ages.edges)
    pairs = [len(np.unique(task.wallets[(weights > 0) & (task.labels == kind)])) for kind in (0, 1)]
    for name, values in ((SUPERVISED, scores.supervised), (SHIPPED, scores.alone)):
        if values is not None and min(pairs) >= _MATCHES:
            matches = (
                Figure("licit wallets that a match was found for", float(pairs[0])),
                Figure("fraud wallets", float(pairs[1])),
            )
            found.append(
                judge(
                    name + MATCHED,
                    values,
                    task.labels,
                    task.wallets,
                    audit=audited(weights),
                    weights=weights,
                    further=matches,
                    seeds=range(effort.seeds),
                    resamples=effort.resamples,
                )
            )
    first = scores.supervised[0]
    wrong = mistakes(task, first, ages.born)
    within = audited(measure=lambda values: ages.within_lives(values, task.labels, task.wallets))
    facts = (
        *task.facts,
        ("split", f"{effort.folds} wallet-disjoint folds, dealt {dealt} time{'s' * (dealt > 1)}"),
        ("dealings", "the members' measures are means over all of them; further figures are those of the first"),
        ("intervals", f"95% over resampled wallets, {effort.seeds} seeds of {effort.resamples} draws"),
        ("trees", f"{effort.fit.trees} at rate {effort.fit.learning_rate:g}{', a quick run' * effort.quick}"),
        ("detectors see", f"{len(COMPACT)} features: the payment, and the wallet's own remembered habit"),
    )
    said = (
        sentence(first, task.labels, task.wallets, ages, within),
        *_verdict(found),
        *([drift.sentence] if drift else []),
        *wrong.notes,
    )
    return Report(task.title, facts, tuple(found), said), wrong


def _verdict(found: list[Judged]) -> list[str]:
    """In sentences, whether the ensemble earns its place and whether more wallets would help."""
    said = []
    for model in found:
        for one in model.figures:
            if model.name == ENSEMBLE and one.name == GAINED and one.low is not None:
                kept = "beats it" if one.low > 0 else "does not beat it, so the supervised model alone replaces it"
                interval = f"{one.low:.3f} to {one.high:.3f}"
                said.append(f"The ensemble gains {one.value:.3f} ROC-AUC over its best member ({interval}): it {kept}.")
        if len(model.learning) > 1:
            last, before = model.learning[-1], model.learning[-2]
            said.append(
                f"Learning curve: {before.wallets:.0f} training wallets give ROC-AUC {before.roc_auc:.3f},"
                f" {last.wallets:.0f} give {last.roc_auc:.3f}."
            )
    return said


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


def _scores(task: Task, effort: Effort, dealt: int, cache: Path | None, report: Steps) -> Scores:
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


def _curve(task: Task, effort: Effort, cache: Path | None, report: Steps) -> tuple[CurvePoint, ...]:
    return learning_curve(
        task.rows,
        task.labels,
        task.wallets,
        supervised(effort.fit),
        learner=learner(SUPERVISED, effort.fit),
        fractions=effort.fractions,
        seeds=tuple(range(effort.learning_seeds)),
        count=effort.folds,
        cache=cache,
        progress=report.of("learning curve", 0.15),
    )


def _judged(
    task: Task,
    effort: Effort,
    scores: Scores,
    curve: tuple[CurvePoint, ...],
    ages: Ages,
    checked: Audit,
    drift: tuple[Figure, ...],
) -> list[Judged]:
    labels, wallets, seeds = task.labels, task.wallets, range(effort.seeds)
    _, owner = np.unique(wallets, return_inverse=True)
    dealt = [folds(owner.astype(np.int64), labels, effort.folds, seed) for seed in range(len(scores.supervised))]
    fold = dealt[0]
    options: dict[str, Any] = {"audit": checked, "seeds": seeds, "resamples": effort.resamples}
    each = zip(scores.supervised, scores.channel, dealt, strict=True)
    mixed = [combined(trees, ranks, labels, of) for trees, ranks, of in each]
    both = np.stack([ranks for ranks, _ in mixed])
    chosen = [weight for _, weights in mixed for weight in weights]
    drawn: dict[str, Any] = {"seeds": seeds, "resamples": max(5, effort.resamples // 5)}

    def member(name: str, values: Floats, *more: Figure, **further: Any) -> Judged:
        first = np.atleast_2d(values)[0]
        equal = ranking(first, labels, equal_wallets(wallets))
        own = [
            Figure("ROC-AUC, each wallet counted once", float(equal.roc_auc())),
            Figure("PR-AUC, each wallet counted once", float(equal.pr_auc())),
            *ages.figures(first, labels, wallets),
        ]
        return judge(name, values, labels, wallets, further=(*own, *more), **options, **further)

    matrices, conformal = bounds(scores.supervised[0], labels, wallets, fold)
    found = [
        member(
            SUPERVISED,
            scores.supervised,
            *conformal,
            *drift,
            *cohort_figures(scores.supervised[0], labels, task.cohorts),
            probabilities=probabilities(scores.supervised[0], labels, wallets, fold),
            calibrated_under=equal_wallets(wallets),
            outcomes=matrices,
            learning=curve,
        ),
        member(
            WEEK,
            scores.week,
            *cohort_figures(scores.week[0], labels, {"direction": task.cohorts["direction"]}),
            probabilities=probabilities(scores.week[0], labels, wallets, fold),
            calibrated_under=equal_wallets(wallets),
        ),
        member(CHANNEL, scores.channel, *_detectors(scores, labels, wallets, drawn)),
        member(f"{CHANNEL}, 7 days and less", scores.channel_week),
        member(
            ENSEMBLE,
            both,
            gain(GAINED, both[0], scores.supervised[0], labels, wallets, **drawn),
            gain("ROC-AUC gained over the channel alone", both[0], scores.channel[0], labels, wallets, **drawn),
            Figure("weight of the anomaly channel, mean of the folds", float(np.mean(chosen))),
        ),
    ]
    if scores.wide is not None:
        found.append(member(f"{CHANNEL}, all features", scores.wide))
    if scores.alone is not None:
        found.append(member(SHIPPED, scores.alone))
    return found


def _detectors(scores: Scores, labels: Floats, wallets: NDArray[np.int64], drawn: dict[str, Any]) -> list[Figure]:
    """Each detector alone, and what the mean of plain ranks loses without it."""
    found = []
    places = np.argsort(np.argsort(scores.raws[0], axis=1, kind="stable"), axis=1)
    whole = np.asarray(places.mean(axis=0), dtype=np.float64)
    for at, name in enumerate(DETECTORS):
        alone = wallet_bootstrap(scores.raws[0, at], labels, wallets, **drawn)
        found += [Figure(f"{name} alone: {one.measure}", one.estimate, one.low, one.high) for one in alone]
        rest = np.asarray(np.delete(places, at, axis=0).mean(axis=0), dtype=np.float64)
        found.append(gain(f"{name}: ROC-AUC that it adds to the others", whole, rest, labels, wallets, **drawn))
    return found
