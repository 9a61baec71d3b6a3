"""Scores of wallets that the model had not seen: cross-validation with all rows of a wallet in one fold."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.scoring.numbers import Floats
from oracle.scoring.supervised.train import folds

FitPredict = Callable[[Floats, Floats, NDArray[Any], Floats], NDArray[Any]]
"""(training rows (N, F), their labels (N,), their wallets (N,), test rows (M, F)) to scores of the test rows, (M,)."""

Progress = Callable[[str, float], None]
"""What is being done, and the share of all that is finished, 0 to 1."""


def cross_validate(
    rows: NDArray[Any],
    labels: NDArray[Any],
    wallets: NDArray[Any],
    fit_predict: FitPredict,
    *,
    learner: str,
    seeds: Sequence[int] = (0,),
    count: int = 5,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Floats:
    """Out-of-fold scores of shape (S, N), one row per seed; each seed deals the wallets into `count` folds anew.

    `rows` (N, F), `labels` 0 or 1 (N,), `wallets` (N,). `cache` is a folder for finished folds: a run that was
    interrupted goes on there. A fold's file is named by a hash of the inputs, the fold and `learner`, which must say
    all that decides what `fit_predict` does (name, settings, seed, version), because a function cannot be hashed.

    Raises ValueError for shapes and labels that do not fit, fewer than `count` wallets of a class, and for scores of
    another shape or with NaN.
    """
    rows, labels, owner = _fitting(rows, labels, wallets)
    report = progress or (lambda _what, _share: None)
    key = inputs_hash(rows, labels, owner, learner)
    scores = np.zeros((len(seeds), len(rows)))
    for at, (seed, one, held) in enumerate(_dealt(owner, labels, seeds, count)):
        report(f"{learner}, seed {seed}, fold {one + 1} of {count}", at / (len(seeds) * count))

        def fresh(held: NDArray[np.bool_] = held) -> NDArray[Any]:
            return fit_predict(rows[~held], labels[~held], np.asarray(wallets)[~held], rows[held])

        scores[at // count, held] = kept(cache, f"{key}-{count}-{seed}-{one}", int(held.sum()), fresh)
    report(f"{learner}, done", 1.0)
    return scores


def inputs_hash(rows: Floats, labels: Floats, owner: NDArray[np.int64], *more: str) -> str:
    """SHA-256, as 64 hexadecimal digits, of the numbers, who owns which row, and further words."""
    digest = hashlib.sha256(json.dumps([list(rows.shape), *more]).encode("ascii"))
    for array, kind in ((rows, np.float64), (labels, np.float64), (owner, np.int64)):
        digest.update(np.ascontiguousarray(array, dtype=kind).tobytes())
    return digest.hexdigest()


def kept(cache: Path | None, name: str, count: int, compute: Callable[[], NDArray[Any]]) -> Floats:
    """`count` scores: those in the cache, or computed and stored there. Raises ValueError for scores of another shape
    or with NaN."""
    path = None if cache is None else cache / f"{name}.npy"
    if path is not None:
        try:
            found = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
            if found.shape == (count,) and found.dtype == np.float64:
                return np.asarray(found, dtype=np.float64)
        except (OSError, ValueError, EOFError):
            pass  # absent, or cut short by another program
    scores = np.asarray(compute(), dtype=np.float64)
    if scores.shape != (count,) or np.isnan(scores).any():
        raise ValueError(
            f"the learner gave scores {scores.shape} with {int(np.isnan(scores).sum())} NaN for {count} rows"
        )
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = io.BytesIO()
        np.save(text, scores, allow_pickle=False)
        partial = path.with_suffix(".partial")
        partial.write_bytes(text.getvalue())
        partial.replace(path)
    return scores


def _fitting(
    rows: NDArray[Any], labels: NDArray[Any], wallets: NDArray[Any]
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    table = np.ascontiguousarray(rows, dtype=np.float64)
    known = np.asarray(labels, dtype=np.float64)
    if table.ndim != 2 or known.shape != table.shape[:1] or np.shape(wallets) != known.shape:
        raise ValueError(
            f"rows {table.shape}, labels {known.shape} and wallets {np.shape(wallets)} do not fit together"
        )
    if not np.isin(known, (0.0, 1.0)).all():
        raise ValueError(f"labels are {np.unique(known).tolist()[:5]}; leave out rows of other labels than 0 and 1")
    _, owner = np.unique(wallets, return_inverse=True)
    return table, known, owner.astype(np.int64)


def _dealt(
    owner: NDArray[np.int64], labels: Floats, seeds: Sequence[int], count: int
) -> Iterator[tuple[int, int, NDArray[np.bool_]]]:
    for seed in seeds:
        fold = folds(owner, labels, count, seed)
        for one in range(count):
            yield seed, one, fold == one
