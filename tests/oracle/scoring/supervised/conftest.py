"""Small LightGBM models on random data with gaps, ties and extreme values."""

from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import pytest

from oracle.scoring.numbers import Floats


@dataclass(frozen=True)
class Case:
    booster: Any
    rows: Floats


def rows_and_labels(seed: int, count: int, features: int, missing: float) -> tuple[Floats, Floats]:
    dice = np.random.default_rng(seed)
    rows = dice.normal(size=(count, features))
    rows[:, 0] = np.round(np.exp(4 * rows[:, 0]))
    rows[:, 1] = np.sign(rows[:, 1])
    drive = rows[:, 2] * rows[:, 3] + rows[:, 1] + np.log1p(rows[:, 0]) / 2 + dice.normal(size=count)
    rows[dice.random(rows.shape) < missing] = np.nan
    return rows, (drive > 1.0).astype(np.float64)


def extremes(rows: Floats, seed: int = 5) -> Floats:
    """The rows with some cells replaced by values that a feature should never have, and zeros of both signs."""
    dice = np.random.default_rng(seed)
    strange = np.array([np.inf, -np.inf, 1e308, -1e308, 5e-324, -0.0, 0.0, 1e-36, np.nan])
    out = rows.copy()
    where = dice.random(rows.shape) < 0.3
    out[where] = dice.choice(strange, int(where.sum()))
    return out


def boosted(seed: int, *, trees: int = 40, leaves: int = 15, missing: float = 0.1, features: int = 8) -> Case:
    rows, labels = rows_and_labels(seed, 1500, features, missing)
    settings = {
        "objective": "binary",
        "num_leaves": leaves,
        "min_data_in_leaf": 5,
        "learning_rate": 0.2,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "seed": seed,
        "num_threads": 1,
        "verbose": -1,
    }
    booster = lightgbm.train(settings, lightgbm.Dataset(rows, labels), trees)
    return Case(booster, extremes(rows[:400], seed))


CASES: dict[str, dict[str, Any]] = {
    "gaps": {"seed": 1},
    "no gaps in training": {"seed": 2, "missing": 0.0},
    "mostly gaps": {"seed": 3, "missing": 0.8},
    "deep": {"seed": 4, "leaves": 60, "features": 30},
    "stumps": {"seed": 6, "leaves": 2},
    "one tree": {"seed": 7, "trees": 1},
}


@pytest.fixture(scope="package", params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    return boosted(**CASES[request.param])
