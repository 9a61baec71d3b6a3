"""`fit`: from feature vectors, labels and wallets to a supervised model. Needs the extra `train`."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from oracle.errors import ToolMissing
from oracle.scoring.numbers import Floats
from oracle.scoring.supervised.fit_calibration import fit_ordinary, fit_probability
from oracle.scoring.supervised.from_lightgbm import from_lightgbm
from oracle.scoring.supervised.model import SupervisedModel, serialise
from oracle.scoring.supervised.trees import BoostedTrees, Ints

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class FitSettings:
    """LightGBM's settings under its own names, and the number of wallet-disjoint folds."""

    trees: int = 300
    num_leaves: int = 15
    learning_rate: float = 0.05
    min_data_in_leaf: int = 40
    feature_fraction: float = 0.5
    bagging_fraction: float = 0.7
    lambda_l2: float = 5.0
    folds: int = 5
    equal_wallets: bool = True
    """Whether each wallet weighs as much as every other, in the trees, the probability and the ranks."""


def fit(
    rows: Floats,
    labels: Floats,
    groups: NDArray[Any],
    feature_names: Sequence[str],
    settings: FitSettings | None = None,
    seed: int = 0,
    *,
    cache: Path | None = None,
    source: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> SupervisedModel:
    """A model of `rows` (N, F) with `labels` 0 or 1 (N,) whose wallets are `groups` (N,).

    Calibrated on scores that models of the other folds' wallets gave, then fitted once more on all rows. `cache` is a
    folder for finished folds, named by the hash of all that they depend on: an interrupted run goes on there. `source`
    is put into the file: where the rows come from. The same
    arguments give the same bytes on the same machine and LightGBM version. Raises ToolMissing without LightGBM, and
    ValueError for shapes or labels that do not fit or fewer than `folds` wallets of a class.
    """
    settings = settings or FitSettings()
    report = progress or (lambda _what, _share: None)
    if rows.shape != (len(labels), len(feature_names)) or len(groups) != len(labels):
        raise ValueError(f"{rows.shape} rows, {len(labels)} labels, {len(groups)} wallets do not fit together")
    if not np.isin(labels, (0.0, 1.0)).all():
        raise ValueError("labels must be 0 or 1")
    owner, weights = _wallets(groups, settings)
    raws = out_of_fold(rows, labels, groups, settings, seed, cache=cache, progress=report)
    report("all rows", settings.folds / (settings.folds + 1))
    trees = boost(rows, labels, weights, settings, seed)
    licit = labels == 0
    data = serialise(
        features=feature_names,
        trees=trees,
        probability=fit_probability(raws, labels, weights),
        rank=fit_ordinary(raws[licit], owner[licit], equal_wallets=settings.equal_wallets),
        training={
            "seed": str(seed),
            "settings": json.dumps(asdict(settings), sort_keys=True),
            "rows": str(len(rows)),
            "wallets": str(int(owner.max()) + 1),
            "inputs": _key(rows, labels, owner, settings, seed),
            **(source or {}),
        },
    )
    report("done", 1.0)
    return SupervisedModel.load(data, features=feature_names)


def out_of_fold(
    rows: Floats,
    labels: Floats,
    groups: NDArray[Any],
    settings: FitSettings | None = None,
    seed: int = 0,
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Ints:
    """The score of each row, shape (N,), by the trees that `fit` calibrates on: those that saw no row of its wallet.
    Arguments and errors are those of `fit`, whose `cache` serves here."""
    settings = settings or FitSettings()
    owner, weights = _wallets(groups, settings)
    fold, key = folds(owner, labels, settings.folds, seed), _key(rows, labels, owner, settings, seed)
    raws = np.zeros(len(rows), dtype=np.int64)
    for one in range(settings.folds):
        if progress is not None:
            progress(f"fold {one + 1} of {settings.folds}", one / (settings.folds + 1))
        held = fold == one

        def scores(held: NDArray[np.bool_] = held) -> Ints:
            return boost(rows[~held], labels[~held], weights[~held], settings, seed).raw_batch(rows[held])

        raws[held] = _kept(cache, f"{key}-{one}", int(held.sum()), scores)
    return raws


def folds(owner: NDArray[np.int64], labels: Floats, count: int, seed: int) -> NDArray[np.int64]:
    """The fold of each row, shape (N,): all rows of a wallet together, wallets with and without fraud dealt evenly.

    Raises ValueError for fewer than `count` wallets of either kind.
    """
    fraud = np.bincount(owner, labels) > 0
    dice = np.random.default_rng(seed)
    of_wallet = np.zeros(len(fraud), dtype=np.int64)
    for kind in (False, True):
        members = np.flatnonzero(fraud == kind)
        if len(members) < count:
            raise ValueError(f"{len(members)} wallets {'with' if kind else 'without'} fraud cannot fill {count} folds")
        of_wallet[dice.permutation(members)] = np.arange(len(members)) % count
    return of_wallet[owner]


def boost(rows: Floats, labels: Floats, weights: Floats, settings: FitSettings, seed: int) -> BoostedTrees:
    """Trees fitted to rows (N, F) with labels 0 or 1 and weights, both (N,). Raises ToolMissing without LightGBM."""
    try:
        import lightgbm
    except ImportError:
        raise ToolMissing(tool="LightGBM", remedy="Install PayFlow with its extra `train`.") from None
    params = {
        "objective": "binary",
        "num_leaves": settings.num_leaves,
        "learning_rate": settings.learning_rate,
        "min_data_in_leaf": settings.min_data_in_leaf,
        "feature_fraction": settings.feature_fraction,
        "bagging_fraction": settings.bagging_fraction,
        "bagging_freq": 1,
        "lambda_l2": settings.lambda_l2,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }
    return from_lightgbm(lightgbm.train(params, lightgbm.Dataset(rows, labels, weight=weights), settings.trees))


def _wallets(groups: NDArray[Any], settings: FitSettings) -> tuple[NDArray[np.int64], Floats]:
    """Each row's wallet, counted from 0, and its weight, which is 1 in the mean."""
    _, owner = np.unique(groups, return_inverse=True)
    weights = (1.0 / np.bincount(owner))[owner] if settings.equal_wallets else np.ones(len(owner))
    return owner, weights * (len(owner) / weights.sum())


def _key(rows: Floats, labels: Floats, owner: NDArray[np.int64], settings: FitSettings, seed: int) -> str:
    digest = hashlib.sha256(json.dumps([asdict(settings), seed, rows.shape], sort_keys=True).encode("ascii"))
    for array in (rows, labels, owner):
        digest.update(np.ascontiguousarray(array, dtype=np.float64).tobytes())
    return digest.hexdigest()


def _kept(cache: Path | None, name: str, count: int, compute: Callable[[], Ints]) -> Ints:
    if cache is None:
        return compute()
    path = cache / f"{name}.safetensors"
    try:
        found = load(path.read_bytes())["raws"]
        if found.shape == (count,) and found.dtype == np.int64:
            return found
    except (OSError, SafetensorError, KeyError):
        pass  # absent, or half written by a run that was interrupted
    raws = compute()
    cache.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(save({"raws": raws}))
    partial.replace(path)
    return raws
