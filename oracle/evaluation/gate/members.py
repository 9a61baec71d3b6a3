"""Out-of-fold scores of each member: the supervised model, the anomaly channel, and both together."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.evaluation.crossval import FitPredict, inputs_hash, kept
from oracle.evaluation.gate.detectors import COMPACT, DETECTORS, LEARNER, fit_detectors
from oracle.evaluation.metrics import equal_wallets, roc_auc
from oracle.scoring.numbers import Floats
from oracle.scoring.stream import FEATURES, SHORT
from oracle.scoring.supervised.fit_calibration import fit_probability
from oracle.scoring.supervised.train import FitSettings, boost, folds
from oracle.scoring.supervised.trees import SCALE

Progress = Callable[[str, float], None]

SHORT_COLUMNS: tuple[int, ...] = tuple(place for place, one in enumerate(FEATURES) if one in SHORT)
WEIGHTS = tuple(one / 10 for one in range(11))
"""Of the anomaly channel in the ensemble, tried on other wallets than those that are scored."""


def supervised(settings: FitSettings, columns: Sequence[int] | None = None, seed: int = 0) -> FitPredict:
    """The trees of `supervised.train.fit` on some `columns` of the rows, without its calibration: log-odds."""

    def fit_predict(rows: Floats, labels: Floats, wallets: NDArray[Any], test: Floats) -> NDArray[Any]:
        if columns is not None:
            rows, test = np.ascontiguousarray(rows[:, list(columns)]), np.ascontiguousarray(test[:, list(columns)])
        weights = equal_wallets(wallets) if settings.equal_wallets else np.ones(len(rows))
        return np.asarray(boost(rows, labels, weights, settings, seed).raw_batch(test) / SCALE, dtype=np.float64)

    return fit_predict


def learner(name: str, settings: FitSettings, columns: Sequence[int] | None = None) -> str:
    """All that decides what `supervised` does, as a key of the cache."""
    seen = "all" if columns is None else ",".join(FEATURES[one].name for one in columns)
    return json.dumps(["trees/1", name, asdict(settings), seen], sort_keys=True)


def anomaly(
    rows: Floats,
    labels: Floats,
    wallets: NDArray[np.int64],
    *,
    seeds: Sequence[int],
    count: int,
    columns: Sequence[int] = COMPACT,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> tuple[Floats, Floats]:
    """Out-of-fold raw scores of the detectors, shape (S, 5, N), and the weighted means of their ranks, shape (S, N).

    Each fold's detectors see the licit wallets of the other folds only; what each of them weighs is chosen by those
    folds' fraud. Raises ValueError as `folds` and `fit_detectors` do.
    """
    _, owner = np.unique(wallets, return_inverse=True)
    seen = ",".join(FEATURES[one].name for one in columns)
    key = inputs_hash(rows, labels, owner.astype(np.int64), LEARNER, seen)
    raws = np.zeros((len(seeds), len(DETECTORS), len(rows)))
    means = np.zeros((len(seeds), len(rows)))
    for at, seed in enumerate(seeds):
        fold = folds(owner.astype(np.int64), labels, count, seed)
        for one in range(count):
            held = fold == one
            if progress:
                progress(f"detectors, seed {seed}, fold {one + 1} of {count}", (at * count + one) / len(seeds) / count)

            def scores(held: NDArray[np.bool_] = held, seed: int = seed) -> NDArray[Any]:
                train = ~held & (labels == 0)
                found = fit_detectors(rows[train], owner[train], columns, seed, fraud=rows[~held & (labels > 0)])
                raw = found.raw(rows[held])
                return np.concatenate([raw.ravel(), found.rank(raw)])

            size = int(held.sum())
            parts = kept(cache, f"{key}-{count}-{seed}-{one}", size * (len(DETECTORS) + 1), scores)
            raws[at][:, held] = parts[: size * len(DETECTORS)].reshape(len(DETECTORS), size)
            means[at, held] = parts[size * len(DETECTORS) :]
    return raws, means


def probabilities(scores: Floats, labels: Floats, wallets: NDArray[np.int64], fold: NDArray[np.int64]) -> Floats:
    """Calibrated probabilities (N,) of log-odds (N,): each fold's curve comes from the other folds' out-of-fold scores,
    so from other wallets."""
    found = np.zeros(len(scores))
    raws = np.round(scores * SCALE).astype(np.int64)
    for one in np.unique(fold).tolist():
        held = fold == one
        curve = fit_probability(raws[~held], labels[~held], equal_wallets(wallets[~held]))
        found[held] = curve.batch(raws[held])
    return found


def combined(
    first: Floats, second: Floats, labels: Floats, fold: NDArray[np.int64]
) -> tuple[Floats, tuple[float, ...]]:
    """(1 - w) · rank of `first` + w · rank of `second`, shape (N,), and the w of each fold.

    For each fold ranks and w come from the other folds: w is the least of WEIGHTS with the largest ROC-AUC there, so
    that 0 is chosen, and the second member falls out, unless it helps wallets other than those scored.
    """
    found, chosen = np.zeros(len(first)), []
    for one in np.unique(fold).tolist():
        held = fold == one
        ranks = [_ranks(scores[~held], scores) for scores in (first, second)]
        areas = [roc_auc(((1 - w) * ranks[0] + w * ranks[1])[~held], labels[~held]) for w in WEIGHTS]
        w = WEIGHTS[int(np.argmax(areas))]
        found[held] = ((1 - w) * ranks[0] + w * ranks[1])[held]
        chosen.append(w)
    return found, tuple(chosen)


def _ranks(known: Floats, scores: Floats) -> Floats:
    """The place of each score among `known`, linear between them and beyond the ends, so that order is kept."""
    values, counts = np.unique(known, return_counts=True)
    middle = (np.cumsum(counts) - counts / 2) / len(known)
    spread = max(float(values[-1] - values[0]), 1e-12)
    beyond = np.maximum(scores - values[-1], 0) - np.maximum(values[0] - scores, 0)
    return np.asarray(np.interp(scores, values, middle) + beyond / spread, dtype=np.float64)
