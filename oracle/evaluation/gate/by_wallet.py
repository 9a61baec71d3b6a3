"""Evaluation where labels belong to wallets: wallet-disjoint folds, dealt anew for each seed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.evaluation.bootstrap import wallet_bootstrap
from oracle.evaluation.crossval import Progress
from oracle.evaluation.gate.alike import Ages, ages_of, sentence
from oracle.evaluation.gate.cohorts import cohort_figures, last_week
from oracle.evaluation.gate.compare import gain, matched
from oracle.evaluation.gate.curves import curves, others_dealt
from oracle.evaluation.gate.detectors import CHOICES, COMPACT, DETECTORS
from oracle.evaluation.gate.goals import CHANNEL, CHANNEL_WEEK, SUPERVISED, WEEK
from oracle.evaluation.gate.members import combined, probabilities
from oracle.evaluation.gate.mistakes import Mistakes, joined, mistakes
from oracle.evaluation.gate.promise import bounds, over_time
from oracle.evaluation.gate.scored import SHIPPED, Scores, Steps, scored
from oracle.evaluation.gate.task import Effort, Task
from oracle.evaluation.judge import judge
from oracle.evaluation.learning import CurvePoint
from oracle.evaluation.metrics import equal_wallets, ranking
from oracle.evaluation.probes import LISTS, Audit, audit, standard_probes
from oracle.evaluation.report import Figure, Judged, Report
from oracle.scoring.numbers import Floats
from oracle.scoring.supervised.train import folds

ENSEMBLE = "ensemble of both"
MATCHED = ", classes matched by age"
GAINED = "ROC-AUC gained over supervised alone"
_PROBE_SEEDS = 3
_MANY = 20_000
"""Rows from which wallets are dealt once only: ten dealings would take hours."""
_MATCHES = 10
"""Wallets of each class that the matched comparison needs."""


def by_wallet(task: Task, effort: Effort, cache: Path | None, progress: Progress) -> tuple[Report, Mistakes]:
    """The report on a task of labelled wallets, and its error analysis. Raises ToolMissing without LightGBM."""
    report = Steps(progress)
    dealt = 1 if len(task.labels) > _MANY else effort.fold_seeds
    scores = scored(task, effort, dealt, cache, report)
    learning = curves(task, effort, scores, cache, report)
    ages = ages_of(task.transfers, task.history)
    probes = standard_probes(task.transfers, task.rows, task.history, task.listed)
    sides = [of for name, of in sorted(task.listed.items()) if name.startswith("counterparty:")]
    if sides:
        probes[f"{LISTS} of the counterparty"] = np.stack(sides, axis=1).astype(np.float64)
    tried = tuple(range(min(dealt, _PROBE_SEEDS)))

    def audited(weights: Floats | None = None, measure: Callable[[Floats], float] | None = None) -> Audit:
        options: dict[str, Any] = {"seeds": tried, "count": effort.folds, "weights": weights, "cache": cache}
        options |= {"measure": measure, "besides": (LISTS,), "progress": report.of("leakage audit")}
        return audit(probes, task.labels, task.wallets, **options)

    drift = over_time(scores.supervised[0], task.labels, task.wallets, ages.born)
    found = _judged(task, effort, scores, learning, ages, audited(), drift.figures if drift else ())
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
    wrong = joined(
        [
            mistakes(task, name, values[0], ages.born)
            for name, values in (
                (SUPERVISED, scores.supervised),
                (WEEK, scores.week),
                (CHANNEL, scores.channel),
                (CHANNEL_WEEK, scores.channel_week),
            )
        ]
    )
    within = audited(measure=lambda values: ages.within_lives(values, task.labels, task.wallets))
    facts = (
        *task.facts,
        ("split", f"{effort.folds} wallet-disjoint folds, dealt {dealt} time{'s' * (dealt > 1)}"),
        ("dealings", "the members' measures are means over all of them; further figures are those of the first"),
        ("intervals", f"95% over resampled wallets, {effort.seeds} seeds of {effort.resamples} draws"),
        (
            "learning curves",
            _shares(effort, others_dealt(effort, scores)),
        ),
        ("trees", f"{effort.fit.trees} at rate {effort.fit.learning_rate:g}{', a quick run' * effort.quick}"),
        ("detectors see", f"{len(COMPACT)} features: the payment, and the wallet's own remembered habit"),
        (
            "detectors flatter",
            f"these features did best of {CHOICES} choices that were tried on the wallets of the stablecoin set",
        ),
    )
    said = (
        sentence(first, task.labels, task.wallets, ages, within),
        *_verdict(found),
        *([drift.sentence] if drift else []),
        *wrong.notes,
    )
    return Report(task.title, facts, tuple(found), said), wrong


def _shares(effort: Effort, others: int) -> str:
    """How the learning curves were computed, with less effort where a fit is dear."""
    often, rarely = ("once" if count == 1 else f"{count} times" for count in (effort.learning_seeds, others))
    return (
        f"{len(effort.fractions)} shares of the training wallets, dealt {often} for the supervised model and {rarely}"
        " for the others; the channel learns from licit wallets, and from fraud what each detector weighs"
    )


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
                f"Learning curve of {model.name}: {before.wallets:.0f} training wallets give ROC-AUC"
                f" {before.roc_auc:.3f}, {last.wallets:.0f} give {last.roc_auc:.3f}."
            )
    return said


def _judged(
    task: Task,
    effort: Effort,
    scores: Scores,
    learning: dict[str, tuple[CurvePoint, ...]],
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

    cohorts = {**task.cohorts, "transfers in the last 7 days": last_week(task.rows)}
    matrices, conformal = bounds(scores.supervised[0], labels, wallets, fold)
    found = [
        member(
            SUPERVISED,
            scores.supervised,
            *conformal,
            *drift,
            *cohort_figures(scores.supervised[0], labels, wallets, cohorts, **drawn),
            probabilities=probabilities(scores.supervised[0], labels, wallets, fold),
            calibrated_under=equal_wallets(wallets),
            outcomes=matrices,
            learning=learning[SUPERVISED],
        ),
        member(
            WEEK,
            scores.week,
            *cohort_figures(scores.week[0], labels, wallets, cohorts, **drawn),
            probabilities=probabilities(scores.week[0], labels, wallets, fold),
            calibrated_under=equal_wallets(wallets),
            learning=learning[WEEK],
        ),
        member(
            CHANNEL,
            scores.channel,
            *_detectors(scores, labels, wallets, drawn),
            *cohort_figures(scores.channel[0], labels, wallets, cohorts, **drawn),
            learning=learning[CHANNEL],
        ),
        member(
            CHANNEL_WEEK,
            scores.channel_week,
            *cohort_figures(scores.channel_week[0], labels, wallets, cohorts, **drawn),
            learning=learning[CHANNEL_WEEK],
        ),
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
