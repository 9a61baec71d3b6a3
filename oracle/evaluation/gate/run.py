"""One evaluation by the name of its data set, and the files that it leaves."""

from dataclasses import dataclass
from pathlib import Path

from oracle.errors import ConfigurationError
from oracle.evaluation.bootstrap import LEAST_SEEDS
from oracle.evaluation.canonical import canonical
from oracle.evaluation.crossval import Progress
from oracle.evaluation.figures import pictures
from oracle.evaluation.gate.by_time import by_time
from oracle.evaluation.gate.by_wallet import by_wallet
from oracle.evaluation.gate.goals import GOALS, Outcome, outcomes
from oracle.evaluation.gate.labelled import labelled_task
from oracle.evaluation.gate.summary import summary
from oracle.evaluation.gate.task import effort
from oracle.evaluation.gate.timed import timed_task
from oracle.evaluation.page import html_page
from oracle.evaluation.report import Report, to_json
from oracle.evaluation.tables import csv_table, latex_table

BY_WALLET = ("stablecoins", "labelled")
BY_TIME = ("amlsim", "amlworld", "samld", "paysim")
_WITHOUT = {
    "patterns": "holds laundering only, and nothing to tell it from",
    "elliptic": "has no wallets and no amounts",
    "transfers": "has no labels",
}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one run found. `wallets`: the error analysis as CSV, a line a wallet."""

    report: Report
    outcomes: tuple[Outcome, ...]
    wallets: str


def evaluate(
    data: str,
    *,
    path: Path | None = None,
    seeds: int = LEAST_SEEDS,
    quick: bool = False,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """The evaluation on the data set `data`, from `path` instead of its usual folder; `cache` is a folder for what was
    finished, where an interrupted run goes on. The same data and arguments give the same result.

    Raises ConfigurationError for a set that cannot be evaluated and fewer than ten seeds, DataMissing, DataInvalid, and
    ToolMissing without LightGBM.
    """
    if data not in (*BY_WALLET, *BY_TIME):
        why = f"The data set {data} {_WITHOUT[data]}." if data in _WITHOUT else f"There is no data set {data!r}."
        raise ConfigurationError(f"{why} Choose one of {', '.join((*BY_WALLET, *BY_TIME))}.")
    if seeds < LEAST_SEEDS:
        raise ConfigurationError(f"{seeds} seeds are too few for an interval. Take at least {LEAST_SEEDS}.")
    report = progress or (lambda _what, _share: None)
    report(f"reading {data}", 0.0)
    work = effort(seeds, quick)
    if data in BY_WALLET:
        found, wrong = by_wallet(labelled_task(data, path), work, cache, report)
    else:
        task, marked = timed_task(data, work.most_rows, path)
        found, wrong = by_time(task, marked, work, cache, report)
    results = outcomes(GOALS.get(data, ()), found)
    said = tuple(one.note for one in results)
    return Evaluation(Report(found.title, found.facts, found.models, (*said, *found.notes)), results, wrong.table)


def files(found: Evaluation) -> dict[str, bytes]:
    """All files of an evaluation by name. Raises ToolMissing without matplotlib."""
    drawn = pictures(found.report)
    written = {
        "report.json": to_json(found.report),
        "table.csv": csv_table(found.report),
        "table.tex": latex_table(found.report),
        "report.html": html_page(found.report, drawn),
        "summary.md": summary(found.report, found.outcomes),
        "wallets.csv": found.wallets,
        "goals.json": canonical(list(found.outcomes)) + "\n",
    }
    return {name: text.encode() for name, text in written.items()} | {
        f"figures/{name}": png for name, png in drawn.items()
    }
