"""Evaluation where transfers are split in time, and in time and by account."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.evaluation.bootstrap import f1_interval
from oracle.evaluation.conformal import bound
from oracle.evaluation.crossval import FitPredict, Progress, inputs_hash, kept
from oracle.evaluation.gate.cohorts import cohort_figures
from oracle.evaluation.gate.detectors import COMPACT, LEARNER, fit_detectors
from oracle.evaluation.gate.goals import CHANNEL, CHOSEN_F1, DISJOINT, IN_TIME
from oracle.evaluation.gate.members import SHORT_COLUMNS, learner, supervised
from oracle.evaluation.gate.mistakes import Mistakes, mistakes
from oracle.evaluation.gate.promise import OverTime, later_rows
from oracle.evaluation.gate.task import Effort, Task
from oracle.evaluation.gate.timed import Part, artefacts, by_account, in_time, known_accounts
from oracle.evaluation.judge import judge
from oracle.evaluation.learning import CurvePoint
from oracle.evaluation.metrics import Confusion, best_f1, confusion, ranking, roc_auc
from oracle.evaluation.probes import LEARNER as PROBE
from oracle.evaluation.probes import LIMIT, Audit, Probe, births, boosted, standard_probes
from oracle.evaluation.report import Figure, Judged, Report
from oracle.scoring.numbers import Floats
from oracle.scoring.supervised.fit_calibration import fit_probability
from oracle.scoring.supervised.train import FitSettings, folds
from oracle.scoring.supervised.trees import SCALE

ACCOUNTS = "accounts, by their highest score"
_FOLDS = 5
"""Of the training time's senders, for the threshold."""
_INNER = 0.75
"""Share of the training time that the bound's own model learns from; the bound is chosen on the rest."""
_DETECTOR_ROWS = 20_000
"""Licit rows that the detectors are offered, drawn evenly."""
ALPHA = 0.01


@dataclass(frozen=True, slots=True)
class Held:
    """What the training rows of each part, scored by models of the other senders' folds, decide about the rows that it
    judges: `above` (M,), the score less the threshold of the best F1, and `probabilities` (M,). NaN where no part
    judges."""

    above: Floats
    probabilities: Floats

    def confusion(self, labels: Floats) -> Confusion:
        """Under that threshold; `labels` (M,)."""
        seen = ~np.isnan(self.above)
        return confusion(self.above[seen], labels[seen], 0.0)

    def f1(self, labels: Floats, wallets: NDArray[np.int64], effort: Effort) -> Figure:
        """The same as a figure with its interval over resampled senders."""
        seen = ~np.isnan(self.above)
        alerts, seeds = self.above[seen] >= 0, range(effort.seeds)
        ends = f1_interval(alerts, labels[seen], wallets[seen], seeds=seeds, resamples=effort.resamples)
        return Figure(CHOSEN_F1, self.confusion(labels).f1, *ends)


class Judge:
    """One timed task with its settings and cache."""

    def __init__(self, task: Task, effort: Effort, cache: Path | None, progress: Progress) -> None:
        self.task, self.effort, self._cache, self._progress = task, effort, cache, progress
        self._key = inputs_hash(task.rows, task.labels, task.wallets)
        self._done = 0
        fewer = replace(effort.fit, trees=max(40, effort.fit.trees // 2), learning_rate=0.1, equal_wallets=False)
        self.settings: FitSettings = fewer

    def scores(self, name: str, fit_predict: FitPredict, parts: Sequence[Part], rows: Sequence[Floats]) -> Floats:
        """Scores (M,), NaN where no part judges; `name` says all that decides them, `rows` gives each part's table."""
        found = np.full(len(self.task.labels), np.nan)
        for number, (part, table) in enumerate(zip(parts, rows, strict=True)):
            self._done += 1
            self._progress(name.split("|")[0], 1 - 0.9**self._done)

            def fresh(part: Part = part, table: Floats = table) -> NDArray[Any]:
                own = self.task.labels[part.train], self.task.wallets[part.train]
                return fit_predict(
                    np.ascontiguousarray(table[part.train]), *own, np.ascontiguousarray(table[part.test])
                )

            marks = inputs_hash(np.stack([part.train, part.test]).astype(np.float64), found[:0], self.task.wallets)
            key = inputs_hash(table, self.task.labels, self.task.wallets, name) if table is not self.task.rows else ""
            label = inputs_hash(found[:0], found[:0], self.task.wallets[:0], self._key, marks, key, name)
            found[part.test] = kept(self._cache, f"timed-{label}-{number}", int(part.test.sum()), fresh)
        return found

    def trees(self, name: str, parts: Sequence[Part], columns: Sequence[int] | None = None) -> Floats:
        """Log-odds of the supervised model."""
        said = f"{name}|{learner(name, self.settings, columns)}"
        return self.scores(said, supervised(self.settings, columns), parts, [self.task.rows] * len(parts))

    def audit(self, parts: Sequence[Part], measure: Callable[[Floats], float]) -> Audit:
        """The probes on the very rows that these parts learn from and judge."""
        still = standard_probes(self.task.transfers, self.task.rows, self.task.history)
        probes: dict[str, list[Floats]] = {name: [columns] * len(parts) for name, columns in still.items()}
        probes["known accounts"] = [known_accounts(self.task, part) for part in parts]
        found = []
        for name in sorted(probes):
            tables = [_varying(columns) for columns in probes[name]]
            width = max(table.shape[1] for table in tables)
            area = 0.5
            if all(table.shape[1] for table in tables):
                area = measure(self.scores(f"probe: {name}|{PROBE}", boosted, parts, tables))
            found.append(Probe(name, width, area))
        return Audit(tuple(found), LIMIT)


def by_time(
    task: Task, marked: Mapping[int, bool] | None, effort: Effort, cache: Path | None, progress: Progress
) -> tuple[Report, Mistakes]:
    """The report on a task that is split in time, and its error analysis. Raises ToolMissing without LightGBM."""
    run = Judge(task, effort, cache, progress)
    whole, parts = in_time(task), by_account(task)
    seen = np.logical_or.reduce([part.test for part in parts])
    labels, wallets = task.labels, task.wallets

    def area(scores: Floats) -> float:
        known = ~np.isnan(scores)
        return roc_auc(scores[known], labels[known])

    checked = run.audit((whole,), area)
    options: dict[str, Any] = {"seeds": range(effort.seeds), "resamples": effort.resamples}

    def judged(
        name: str, scores: Floats, audited: Audit, *more: Figure, held: Held | None = None, **further: Any
    ) -> Judged:
        rows = ~np.isnan(scores)
        if held is not None:
            further["probabilities"] = held.probabilities[rows]
            more = (held.f1(labels, wallets, effort), *more)
        return judge(name, scores[rows], labels[rows], wallets[rows], audit=audited, further=more, **options, **further)

    scores = run.trees(IN_TIME, (whole,))
    bounded, drift = _bounded(run, whole)
    outcomes = {f"conformal bound of {ALPHA:.0%} of rows, its own model": bounded}
    chosen = _held(run, (whole,), scores)
    if chosen is not None:
        outcomes["the threshold of the training time"] = chosen.confusion(labels)
    drawn: dict[str, Any] = {"seeds": range(effort.seeds), "resamples": max(5, effort.resamples // 5)}
    small = {family: of[whole.test] for family, of in task.cohorts.items()}
    found = [
        judged(
            IN_TIME,
            scores,
            checked,
            *(drift.figures if drift else ()),
            *cohort_figures(scores[whole.test], labels[whole.test], wallets[whole.test], small, **drawn),
            held=chosen,
            outcomes=outcomes,
            learning=_curve(run, whole, scores),
        ),
        judged(f"{IN_TIME}, 7 days and less", run.trees("week", (whole,), SHORT_COLUMNS), checked),
        judged(f"{IN_TIME}, {CHANNEL}", _channel(run, whole), checked),
        judged(f"{IN_TIME}, two artefacts only", _artefacts(run, whole), checked),
    ]
    if seen.any() and 0 < labels[seen].sum() < seen.sum():
        apart = run.trees(DISJOINT, parts)
        found.append(judged(DISJOINT, apart, run.audit(parts, area), held=_held(run, parts, apart)))
        plain = run.scores("artefacts|1", boosted, parts, [artefacts(task, part) for part in parts])
        found.append(judged(f"{DISJOINT}, two artefacts only", plain, found[-1].audit or checked))
    if marked is not None:
        found.append(_accounts(run, whole, scores, marked, options))
    born = births(task.transfers, task.history)
    wrong = mistakes(task.take(whole.test), IN_TIME, scores[whole.test], born[whole.test])
    facts = (
        *task.facts,
        (
            "split",
            f"learnt from the first 70% of the time, {int(whole.train.sum())} rows; {int(whole.test.sum())} judged",
        ),
        ("split by account too", f"{int(seen.sum())} rows judged, {int(labels[seen].sum())} of fraud"),
        (
            "threshold of the training time",
            f"that of the best F1 over its transactions, in {_FOLDS} folds of senders, under models of the other folds",
        ),
        ("probabilities", "isotonic regression over the same out-of-fold scores of the training time"),
        (
            "conformal bound",
            f"chosen on its last {1 - _INNER:.0%}, under a model that learnt from the rest, whose scores it judges",
        ),
        ("intervals", f"95% over resampled senders, {effort.seeds} seeds of {effort.resamples} draws"),
        ("trees", f"{run.settings.trees} at rate {run.settings.learning_rate:g}{', a quick run' * effort.quick}"),
    )
    return Report(task.title, facts, tuple(found), (*([drift.sentence] if drift else []), *wrong.notes)), wrong


def _bounded(run: Judge, whole: Part) -> tuple[Confusion, OverTime | None]:
    """What came of the rows to be judged under the conformal bound over licit rows grouped by sender, and how it was
    kept as time went on.

    The bound is chosen on the last quarter of the training time, under a model that learnt from the quarters before,
    and is measured under that same model: another one's scores have another scale."""
    labels, wallets, time = run.task.labels, run.task.wallets, run.task.transfers.time
    start, end = time[whole.train].min(), time[whole.train].max()
    late = whole.train & (time > start + _INNER * (end - start))
    scores = run.trees("threshold", (Part(whole.train & ~late, late | whole.test),))
    licit = late & (labels == 0)
    kept_bound = bound(scores[licit], wallets[licit], ALPHA, "row")
    later, known = scores[whole.test], labels[whole.test]
    drift = later_rows(kept_bound, later, known, wallets[whole.test], time[whole.test])
    return confusion(later, known, kept_bound.least_alert), drift


def _held(run: Judge, parts: Sequence[Part], scores: Floats) -> Held | None:
    """Threshold and probabilities of the rows that the parts judge, each part by its training rows; None where a part
    has too few senders to choose.

    Chosen as scikit-learn's TunedThresholdClassifierCV does: for the best F1 of out-of-fold scores, then used on the
    model of all training rows."""
    labels = run.task.labels
    above, chances = np.full(len(labels), np.nan), np.full(len(labels), np.nan)
    for part in parts:
        _, owner = np.unique(run.task.wallets[part.train], return_inverse=True)
        try:
            dealt = folds(owner, labels[part.train], _FOLDS, seed=0)
        except ValueError:
            return None
        fold = np.full(len(labels), -1)
        fold[part.train] = dealt
        inner = [Part(part.train & (fold != one), fold == one) for one in range(_FOLDS)]
        found = run.trees("threshold", inner)[part.train]
        above[part.test] = scores[part.test] - best_f1(found, labels[part.train]).threshold
        raws = [np.round(own * SCALE).astype(np.int64) for own in (found, scores[part.test])]
        chances[part.test] = fit_probability(raws[0], labels[part.train], np.ones(len(found))).batch(raws[1])
    return Held(above, chances)


def _channel(run: Judge, whole: Part) -> Floats:
    def fit_predict(rows: Floats, labels: Floats, wallets: NDArray[Any], test: Floats) -> NDArray[Any]:
        licit = np.flatnonzero(labels == 0)
        if len(licit) > _DETECTOR_ROWS:
            licit = np.sort(np.random.default_rng(0).choice(licit, _DETECTOR_ROWS, replace=False))
        found = fit_detectors(rows[licit], wallets[licit], fraud=rows[labels > 0])
        return found.rank(found.raw(test))

    return run.scores(f"{CHANNEL}|{LEARNER},{len(COMPACT)}", fit_predict, (whole,), [run.task.rows])


def _artefacts(run: Judge, whole: Part) -> Floats:
    return run.scores("artefacts|1", boosted, (whole,), [artefacts(run.task, whole)])


def _accounts(run: Judge, whole: Part, scores: Floats, marked: Mapping[int, bool], options: dict[str, Any]) -> Judged:
    """Accounts instead of transactions: each by the highest score of a judged transaction that it took part in."""
    sides = (run.task.transfers.sender[whole.test], run.task.transfers.recipient[whole.test])
    present = np.unique(np.concatenate(sides))
    labels = np.array([float(marked[one]) for one in present.tolist()])

    def highest(values: Floats) -> Floats:
        top = np.full(len(run.task.transfers.parties), -np.inf)
        for side in sides:
            np.maximum.at(top, side, values[whole.test])
        return np.asarray(top[present], dtype=np.float64)

    audited = run.audit((whole,), lambda values: roc_auc(highest(values), labels))
    return judge(ACCOUNTS, highest(scores), labels, present, audit=audited, **options)


def _curve(run: Judge, whole: Part, full: Floats) -> tuple[CurvePoint, ...]:
    """Trained on the transactions of a share of the senders; one seed, so low and high are the figure itself."""
    dice = np.random.default_rng(0).permutation(len(run.task.transfers.parties)) / len(run.task.transfers.parties)
    points = []
    for fraction in run.effort.fractions:
        part = Part(whole.train & (dice[run.task.wallets] < fraction), whole.test)
        scores = full if fraction == 1 else run.trees(f"learning curve {fraction:g}", (part,))
        ranks = ranking(scores[whole.test], run.task.labels[whole.test])
        area = float(ranks.roc_auc())
        senders = len(np.unique(run.task.wallets[part.train]))
        recall = float(ranks.recall_within(0.01))
        points.append(CurvePoint(fraction, float(senders), area, area, area, float(ranks.pr_auc()), recall))
    return tuple(points)


def _varying(columns: Floats) -> Floats:
    first = columns[:1]
    same = ((columns == first) | (np.isnan(columns) & np.isnan(first))).all(axis=0)
    return np.asarray(columns[:, ~same], dtype=np.float64)
