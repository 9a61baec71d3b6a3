"""How the figures differ between cohorts, with intervals over resampled wallets."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from oracle.evaluation.bootstrap import draws, middle, rankings
from oracle.evaluation.gate.task import Cohorts
from oracle.evaluation.metrics import Ranking, ranking, recall_at_fpr
from oracle.evaluation.report import Figure
from oracle.scoring.numbers import Floats
from oracle.scoring.stream import FEATURES

_LEAST = 30
"""Rows of a class that a cohort needs for a figure."""
_WEEK = next(place for place, one in enumerate(FEATURES) if one.name == "own_7d_n")


def cohort_figures(
    scores: Floats,
    labels: Floats,
    wallets: NDArray[np.int64],
    cohorts: Cohorts,
    limit: float = 0.01,
    *,
    seeds: Sequence[int],
    resamples: int,
) -> tuple[Figure, ...]:
    """For each cohort its ROC-AUC, and its recall and false positive rate at the one threshold that keeps `limit` over
    all rows. What fewer than 30 rows of a class would say is left out. Arrays of shape (M,).

    In each draw of wallets the threshold is that of all its rows; a draw that lacks a class in a cohort is left out
    there.
    """
    owner, times = draws(labels, wallets, seeds=seeds, resamples=resamples)
    ones, fraud = np.ones(len(scores)), labels > 0
    threshold = recall_at_fpr(scores, labels, limit).threshold
    borders = np.concatenate([_borders(one, limit) for one in rankings(scores, labels, ones, owner, times)])
    found = []
    for family in sorted(cohorts):
        for name in np.unique(cohorts[family]).tolist():
            own = cohorts[family] == name
            parts = own & fraud, own & ~fraud
            enough = [int(part.sum()) >= _LEAST for part in parts]
            if not any(enough):
                continue
            areas, reached = [], []
            start = 0
            for one in rankings(scores[own], labels[own], ones[own], owner[own], times):
                stop = start + len(one.hits)
                with np.errstate(invalid="ignore", divide="ignore"):
                    areas.append(one.roc_auc())
                    reached.append(_rates(one, borders[start:stop]))
                start = stop
            recalls, rates = np.concatenate(reached, axis=1)
            head = f"{family} {name}"
            if all(enough):
                area = float(ranking(scores[own], labels[own]).roc_auc())
                found.append(Figure(f"{head}: ROC-AUC", area, *middle(np.concatenate(areas))))
            for said, part, drawn, holds in (
                (f"recall at {limit:.0%} FPR of all", parts[0], recalls, enough[0]),
                (f"false positive rate at {limit:.0%} of all", parts[1], rates, enough[1]),
            ):
                if holds:
                    share = float((scores[part] >= threshold).mean())
                    found.append(Figure(f"{head}: {said}", share, *middle(drawn)))
    return tuple(found)


def last_week(rows: Floats) -> NDArray[np.str_]:
    """The cohort of each of rows (M, F) by how many transfers its wallet's last 7 days hold, the row left out: what a
    model with windows of 7 days and less has to go by."""
    count = np.nan_to_num(rows[:, _WEEK])
    return np.select([count <= 0, count < 5], ["no transfer", "1 to 4"], "5 and more").astype(np.str_)


def _borders(drawn: Ranking, limit: float) -> Floats:
    """The lowest threshold of each draw that keeps `limit`, infinite where none does, shape (D,)."""
    kept = np.count_nonzero(drawn.within(limit), axis=-1)
    return np.where(kept > 0, drawn.thresholds[np.maximum(kept, 1) - 1], np.inf)


def _rates(drawn: Ranking, borders: Floats) -> Floats:
    """Recall and false positive rate of each draw at its own threshold, shape (2, D); NaN without rows of the class."""
    reach = np.searchsorted(-drawn.thresholds, -borders, side="right") - 1
    line = np.arange(len(borders))
    return np.stack([np.where(reach < 0, 0.0, of[line, reach]) / of[:, -1] for of in (drawn.hits, drawn.alarms)])
