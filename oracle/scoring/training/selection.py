"""What each member of an ensemble weighs, by measurement.

R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes: "Ensemble Selection from Libraries of Models" (ICML 2004): begin
with the best member, then add, again and again and with repetition, the member that helps the mean most. On the data
that it is chosen by, the mean is never worse than its best member.
"""

import numpy as np
from sklearn.metrics import roc_auc_score

from oracle.scoring.numbers import Floats

STEPS = 20
"""Members that are added; the sum of the weights is that at most."""


def selected(ranks: Floats, labels: Floats) -> tuple[int, ...]:
    """Weights, whole numbers of which one at least is above 0, of the M columns of `ranks`, shape (N, M), 0 to 1 and
    higher where a row is more unusual, by the ROC-AUC of the weighted mean against `labels`, shape (N,), 1 or 0.

    Raises ValueError where the labels are all the same.
    """
    labelled = int((labels > 0).sum())
    if labelled in (0, len(labels)):
        raise ValueError(f"{labelled} of {len(labels)} rows are labelled: there is nothing to tell apart")
    members = range(ranks.shape[1])
    weights, total = [0] * len(members), np.zeros(len(ranks))
    reached, best = 0.0, tuple(weights)
    for _ in range(STEPS):
        # rounded: the order of additions must not decide between members that are equally good
        found = [round(float(roc_auc_score(labels, total + ranks[:, one])), 12) for one in members]
        added = int(np.argmax(found))
        weights[added] += 1
        total += ranks[:, added]
        # a step that helps nothing makes the next one finer
        if found[added] > reached:
            reached, best = found[added], tuple(weights)
    return best
