"""The error analysis: which wallets are missed, which raise false alarms, and how figures differ between cohorts."""

import csv
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from oracle.evaluation.gate.task import Cohorts, Task
from oracle.evaluation.metrics import ranking, recall_at_fpr
from oracle.evaluation.report import Figure
from oracle.scoring.numbers import Floats

HEAD = ("wallet", "fraud", "rows", "alerts", "highest score", "mean score", "born")
_LEAST = 30
"""Rows of a class that a cohort needs for a figure."""


@dataclass(frozen=True, slots=True)
class Mistakes:
    """`notes`: what stands out, in sentences. `table`: CSV, a line a wallet, the worst mistakes first."""

    notes: tuple[str, ...]
    table: str


def mistakes(task: Task, scores: Floats, born: NDArray[np.int64]) -> Mistakes:
    """At the threshold of 1% false positives over all rows; `scores` and `born` (unix seconds) have shape (M,)."""
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
        f"At 1% false positives {int(missed.sum())} of {int(guilty.sum())} wallets with fraud raise no alert at all."
        f" They have {_middle(rows[missed])} rows in the middle, those that raise one {_middle(rows[caught])}."
    )
    false = (
        f"The false alarms come from {int(accused.sum())} of {int((~guilty).sum())} licit wallets, the worst of which"
        f" has {int(alerts[~guilty].max(initial=0))} of {int(alerts[~guilty].sum())}."
    )
    if guilty.all():
        false = "Every wallet has fraud, so that no false alarm comes from a licit one."
    rhos = [
        f"{float(spearmanr(mean[kind], born[first][kind]).statistic):.2f} among {what} wallets"
        for kind, what in ((guilty, "fraud"), (~guilty, "licit"))
        if len(np.unique(born[first][kind])) > 1 and len(np.unique(mean[kind])) > 1
    ]
    follows = f"Rank correlation of a wallet's mean score with its birth: {', '.join(rhos) or 'not defined'}."
    wrong = np.where(guilty, rows - alerts, alerts)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEAD)
    for one in np.lexsort((names, -wrong)).tolist():
        day = str(np.datetime64(int(born[first[one]]), "s"))[:10]
        writer.writerow(
            [
                task.transfers.parties[int(names[one])],
                int(guilty[one]),
                int(rows[one]),
                int(alerts[one]),
                repr(float(top[one])),
                repr(float(mean[one])),
                day,
            ]
        )
    return Mistakes((silent, false, follows), out.getvalue())


def cohort_figures(scores: Floats, labels: Floats, cohorts: Cohorts, limit: float = 0.01) -> tuple[Figure, ...]:
    """For each cohort its ROC-AUC, and its recall and false positive rate at the one threshold that keeps `limit` over
    all rows. What fewer than 30 rows of a class would say is left out. Arrays of shape (M,)."""
    threshold = recall_at_fpr(scores, labels, limit).threshold
    fraud, alert = labels > 0, scores >= threshold
    found = []
    for family in sorted(cohorts):
        for name in np.unique(cohorts[family]).tolist():
            own = cohorts[family] == name
            parts = own & fraud, own & ~fraud
            enough = [int(part.sum()) >= _LEAST for part in parts]
            head = f"{family} {name}"
            if all(enough):
                found.append(Figure(f"{head}: ROC-AUC", float(ranking(scores[own], labels[own]).roc_auc())))
            if enough[0]:
                found.append(Figure(f"{head}: recall at {limit:.0%} FPR of all", float(alert[parts[0]].mean())))
            if enough[1]:
                found.append(
                    Figure(f"{head}: false positive rate at {limit:.0%} of all", float(alert[parts[1]].mean()))
                )
    return tuple(found)


def _middle(values: NDArray[np.int64]) -> str:
    return f"{float(np.median(values)):g}" if len(values) else "no"
