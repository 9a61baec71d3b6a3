"""The error analysis: which wallets are missed, and which raise false alarms."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from oracle.evaluation.gate.task import Task
from oracle.evaluation.metrics import recall_at_fpr
from oracle.scoring.numbers import Floats

HEAD = ("model", "wallet", "fraud", "rows", "alerts", "highest score", "mean score", "born")


@dataclass(frozen=True, slots=True)
class Mistakes:
    """`notes`: what stands out, in sentences. `table`: CSV, a line a model and wallet, the worst mistakes first."""

    notes: tuple[str, ...]
    table: str


def mistakes(task: Task, model: str, scores: Floats, born: NDArray[np.int64]) -> Mistakes:
    """Of one model, at the threshold of 1% false positives over all rows; `scores` and `born` (unix seconds) have shape
    (M,)."""
    threshold = recall_at_fpr(scores, task.labels, 0.01).threshold
    names, first, owner = np.unique(task.wallets, return_index=True, return_inverse=True)
    rows, alerts = np.bincount(owner), np.bincount(owner, scores >= threshold)
    mean = np.bincount(owner, scores) / rows
    top = np.full(len(names), -np.inf)
    np.maximum.at(top, owner, scores)
    guilty = np.bincount(owner, task.labels) > 0
    missed = guilty & (alerts == 0)
    caught = guilty & ~missed
    accused = ~guilty & (alerts > 0)
    silent = (
        f"{model}: at 1% false positives {int(missed.sum())} of {int(guilty.sum())} wallets with fraud raise no alert"
        f" at all. They have {_middle(rows[missed])} rows in the middle, those that raise one {_middle(rows[caught])}."
    )
    false = (
        f"{model}: the false alarms come from {int(accused.sum())} of {int((~guilty).sum())} licit wallets, the worst"
        f" of which has {int(alerts[~guilty].max(initial=0))} of {int(alerts[~guilty].sum())}."
    )
    if guilty.all():
        false = f"{model}: every wallet has fraud, so that no false alarm comes from a licit one."
    rhos = [
        f"{float(spearmanr(mean[kind], born[first][kind]).statistic):.2f} among {what} wallets"
        for kind, what in ((guilty, "fraud"), (~guilty, "licit"))
        if len(np.unique(born[first][kind])) > 1 and len(np.unique(mean[kind])) > 1
    ]
    follows = f"{model}: rank correlation of a wallet's mean score with its birth: {', '.join(rhos) or 'not defined'}."
    licit = scores[task.labels == 0]
    usual, ordinary = float(np.median(scores[task.labels > 0])), float(np.median(licit))
    among = (
        f"{model}: the middle row of fraud scores above {float((licit < usual).mean()):.1%} of licit rows, and"
        f" {float((scores[task.labels > 0] <= ordinary).mean()):.1%} of the rows of fraud score no higher than the"
        " middle licit row."
    )
    wrong = np.where(guilty, rows - alerts, alerts)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEAD)
    for one in np.lexsort((names, -wrong)).tolist():
        day = str(np.datetime64(int(born[first[one]]), "s"))[:10]
        writer.writerow(
            [
                model,
                task.transfers.parties[int(names[one])],
                int(guilty[one]),
                int(rows[one]),
                int(alerts[one]),
                repr(float(top[one])),
                repr(float(mean[one])),
                day,
            ]
        )
    return Mistakes((silent, false, among, follows), out.getvalue())


def joined(found: Sequence[Mistakes]) -> Mistakes:
    """The notes and tables of several models, in their order."""
    lines = [line for one in found for line in one.table.splitlines(keepends=True)[1:]]
    head = found[0].table.splitlines(keepends=True)[0]
    return Mistakes(tuple(note for one in found for note in one.notes), "".join([head, *lines]))


def _middle(values: NDArray[np.int64]) -> str:
    return f"{float(np.median(values)):g}" if len(values) else "no"
