"""From out-of-fold scores to everything that a report says of a model."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.evaluation.bootstrap import LEAST_SEEDS, MEASURES, draws, middle, wallet_bootstrap
from oracle.evaluation.learning import CurvePoint
from oracle.evaluation.metrics import (
    Confusion,
    best_f1,
    calibration,
    checked,
    ranking,
    recall_at_fpr,
    thinned,
)
from oracle.evaluation.probes import Audit
from oracle.evaluation.report import Curve, Figure, Histogram, Judged, Outcomes
from oracle.scoring.numbers import Floats

_BARS = 30


def judge(
    name: str,
    scores: NDArray[Any],
    labels: NDArray[Any],
    wallets: NDArray[Any],
    *,
    audit: Audit | None,
    weights: NDArray[Any] | None = None,
    probabilities: NDArray[Any] | None = None,
    calibrated_under: NDArray[Any] | None = None,
    outcomes: Mapping[str, Confusion] | None = None,
    learning: Sequence[CurvePoint] = (),
    further: Sequence[Figure] = (),
    seeds: Sequence[int] = tuple(range(LEAST_SEEDS)),
    resamples: int = 100,
) -> Judged:
    """Figures with wallet-bootstrap intervals, curves, histogram and confusion matrices of one model.

    `scores`: (N,) or (S, N) as `wallet_bootstrap` takes them; curves, histogram and matrices are those of the first
    seed. `labels`, `wallets`, `weights`: (N,). `probabilities`: (N,), calibrated on other wallets than these; without
    them neither calibration error nor Brier score is given. `calibrated_under`: the weights (N,) that they were made
    for and are measured under, `weights` where none are given. `outcomes`: matrices by name that
    were counted elsewhere, each under thresholds that other rows chose. `further`: figures from elsewhere (age bands,
    rates of a bound). Both fall under the same audit. Raises ValueError as `wallet_bootstrap` and `calibration` do.
    """
    first = np.atleast_2d(np.asarray(scores, dtype=np.float64))[0]
    intervals = wallet_bootstrap(scores, labels, wallets, weights=weights, seeds=seeds, resamples=resamples)
    figures = [Figure(one.measure, one.estimate, one.low, one.high) for one in intervals]
    matrices = [
        Outcomes(MEASURES[2], best_f1(first, labels, weights)),
        Outcomes("1% FPR", recall_at_fpr(first, labels, 0.01, weights)),
        Outcomes("0.1% FPR", recall_at_fpr(first, labels, 0.001, weights)),
    ]
    matrices += [Outcomes(what, counted) for what, counted in sorted((outcomes or {}).items())]
    reliability = None
    if probabilities is not None:
        under = weights if calibrated_under is None else calibrated_under
        reliability = calibration(probabilities, labels, under)
        figures += _reliability(probabilities, labels, wallets, under, seeds, resamples)
    figures += further
    ranks = ranking(first, labels, weights)
    rate, recall, precision = thinned(ranks)
    return Judged(
        name=name,
        audit=audit,
        figures=tuple(figures),
        roc=Curve((0.0, *rate), (0.0, *recall)),
        precision_recall=Curve(tuple(recall), tuple(precision)),
        histogram=_histogram(*checked(first, labels, weights)),
        outcomes=tuple(matrices),
        calibration=reliability,
        learning=tuple(learning),
    )


def _reliability(
    probabilities: NDArray[Any],
    labels: NDArray[Any],
    wallets: NDArray[Any],
    weights: NDArray[Any] | None,
    seeds: Sequence[int],
    resamples: int,
) -> list[Figure]:
    """Calibration error and Brier score with intervals over resampled wallets; arrays of shape (N,).

    The error is a sum of distances, to which a draw adds noise of its own: draws lie above the figure by that much on
    average. Their percentiles are moved by it, and an error is not below 0.
    """
    here = calibration(probabilities, labels, weights)
    owner, times = draws(labels, wallets, seeds=seeds, resamples=resamples)
    plain = np.ones(len(owner)) if weights is None else np.asarray(weights)
    each = []
    for time in times:
        drawn = plain * time[owner]
        held = [float(drawn[np.asarray(labels) == kind].sum()) for kind in (0, 1)]
        if all(held):
            one = calibration(probabilities, labels, drawn)
            each.append((one.error, one.brier))
    errors, briers = np.array(each).reshape(-1, 2).T
    low, high = middle(errors - (errors.mean() - here.error) if len(errors) else errors)
    moved = (None, None) if low is None or high is None else (max(0.0, low), max(0.0, high))
    return [
        Figure("expected calibration error", here.error, *moved),
        Figure("Brier score", here.brier, *middle(briers)),
    ]


def _histogram(scores: Floats, fraud: NDArray[np.bool_], weights: Floats) -> Histogram:
    finite = np.isfinite(scores)
    low, high = (float(scores[finite].min()), float(scores[finite].max())) if finite.any() else (0.0, 0.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, _BARS + 1)
    values = np.clip(scores, low, high)  # infinite scores stand in the outer bars
    shares = [
        (np.histogram(values[own], edges, weights=weights[own])[0] / weights[own].sum()).tolist()
        for own in (~fraud, fraud)
    ]
    return Histogram(tuple(edges.tolist()), tuple(shares[0]), tuple(shares[1]))
