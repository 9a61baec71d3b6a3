"""An evaluation as Markdown, for a page of documentation: every number as in the CSV, shortened by `tables.shown`."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from oracle.errors import ConfigurationError
from oracle.evaluation.gate.goals import Outcome
from oracle.evaluation.report import Judged, Report, sections
from oracle.evaluation.tables import shown

HEADLINES = ("ROC-AUC", "PR-AUC", "best F1", "recall at 1% FPR", "recall at 0.1% FPR", "expected calibration error")
_OF_COHORTS = (": ROC-AUC", ": recall at 1% FPR of all", ": false positive rate at 1% of all")
_LEFT_TO_THE_CSV = ("alone: PR-AUC", "alone: best F1", "alone: recall at 0.1% FPR")


def summary(report: Report, outcomes: Sequence[Outcome]) -> str:
    """Facts, goals, headline figures a section with the objections, probes, further figures, cohorts, confusion matrix,
    learning curve, notes."""
    parts = [f"### {report.title}", "\n".join(f"- {name}: {value}" for name, value in report.facts)]
    if outcomes:
        rows = []
        for one in outcomes:
            measured = _interval(one.value, one.low, one.high)
            rows.append((one.goal.model, one.goal.figure, f"{one.goal.least:g}", measured, _fate(one)))
        parts += ["**Goals**", _table(("model", "figure", "goal", "measured", ""), rows)]
    for section in sections(report):
        cells = [(one.name, *(_cell(one, name) for name in HEADLINES)) for one in section.models]
        parts += [f"**{section.heading.capitalize()}**", _table(("model", *HEADLINES), cells)]
        reasons = sorted(zip(section.because, (one.name for one in section.models), strict=True), key=_first)
        said = [(why, "; ".join(name for _, name in own)) for why, own in groupby(reasons, key=_first) if why]
        if said:
            parts.append("\n".join(f"- {why}: this is so of {names}." for why, names in said))
    parts += [*_probes(report.models), *_further(report.models), *_cohorts(report.models), *_matrices(report.models)]
    said_above = {one.note for one in outcomes}
    parts += [*_learning(report.models), "\n".join(f"- {note}" for note in report.notes if note not in said_above)]
    return "\n\n".join(parts) + "\n"


def renewed(page: str, name: str, text: str) -> str:
    """`page` with `text` between the lines `<!-- NAME: begin -->` and `<!-- NAME: end -->`.

    Raises ConfigurationError where it lacks them.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    head, found, rest = page.partition(begin)
    _, closed, tail = rest.partition(end)
    if not (found and closed):
        raise ConfigurationError(f"The page has no place for {name}. Put in the lines {begin} and {end}.")
    return f"{head}{begin}\n\n{text.strip()}\n\n{end}{tail}"


def _first(pair: tuple[str, str]) -> str:
    return pair[0]


def _fate(one: Outcome) -> str:
    reached = "reached" if one.value >= one.goal.least else "missed"
    return f"{reached}, and no detection quality" if one.because else reached


def _probes(models: Sequence[Judged]) -> Iterator[str]:
    """One column for each audit, under the name of the first model beside it."""
    audits = {one.audit: one.name for one in reversed(models) if one.audit is not None}
    if audits:
        columns = list(reversed(audits))
        names = sorted({probe.name for audit in columns for probe in audit.probes})
        reached = [{probe.name: shown(probe.roc_auc) for probe in audit.probes} for audit in columns]
        head = ("ROC-AUC of this alone", *(f"beside {audits[audit]}" for audit in columns))
        yield "**Leakage probes**"
        yield _table(head, [(name, *(own.get(name, "") for own in reached)) for name in names])


def _further(models: Sequence[Judged]) -> Iterator[str]:
    rows = [
        (one.name, figure.name, _interval(figure.value, figure.low, figure.high))
        for one in models
        for figure in one.figures
        if figure.name not in HEADLINES and not _of_cohort(figure.name) and not figure.name.endswith(_LEFT_TO_THE_CSV)
    ]
    if rows:
        yield "**Further figures**"
        yield _table(("model", "figure", "value"), rows)


def _cohorts(models: Sequence[Judged]) -> Iterator[str]:
    for one in models:
        found: dict[str, dict[str, str]] = {}
        for figure in one.figures:
            if measure := _of_cohort(figure.name):
                found.setdefault(figure.name.removesuffix(measure), {})[measure] = _interval(
                    figure.value, figure.low, figure.high
                )
        if found:
            yield f"**Cohorts: {one.name}**"
            head = ("cohort", *(measure.removeprefix(": ") for measure in _OF_COHORTS))
            yield _table(head, [(name, *(own.get(of, "") for of in _OF_COHORTS)) for name, own in found.items()])


def _matrices(models: Sequence[Judged]) -> Iterator[str]:
    one, rows = models[0], []
    for outcome in one.outcomes:
        of = outcome.confusion
        counts = (of.true_negative, of.false_positive, of.false_negative, of.true_positive)
        rows.append((outcome.name, *(shown(float(value)) for value in (*counts, of.precision, of.recall, of.f1))))
    yield f"**Confusion matrices: {one.name}**"
    head = ("threshold for", "licit, silent", "licit, alert", "fraud, silent", "fraud, alert")
    yield _table((*head, "precision", "recall", "F1"), rows)


def _learning(models: Sequence[Judged]) -> Iterator[str]:
    for one in models:
        if one.learning:
            yield f"**Learning curve: {one.name}**"
            rows = [
                (
                    shown(round(point.wallets)),
                    _interval(point.roc_auc, point.roc_auc_low, point.roc_auc_high),
                    shown(point.pr_auc),
                    shown(point.recall_at_1pct_fpr),
                )
                for point in one.learning
            ]
            yield _table(("training wallets", "ROC-AUC (lowest and highest seed)", "PR-AUC", "recall at 1% FPR"), rows)


def _of_cohort(name: str) -> str:
    """The measure, if this is a cohort's figure, else nothing."""
    return next((one for one in _OF_COHORTS if name.endswith(one) and " alone: " not in name), "")


def _cell(model: Judged, name: str) -> str:
    one = next((figure for figure in model.figures if figure.name == name), None)
    return "" if one is None else _interval(one.value, one.low, one.high)


def _interval(value: float, low: float | None, high: float | None) -> str:
    return shown(value) if low is None or high is None else f"{shown(value)} ({shown(low)} to {shown(high)})"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
