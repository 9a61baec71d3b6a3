"""A supervised model over the stream's features, fitted on simulated payments."""

import numpy as np
import pytest

from oracle.backtest import SimulatedSource
from oracle.backtest.stream import transfer_of
from oracle.scoring.stream import FEATURES, feature_table
from oracle.scoring.supervised import SupervisedModel
from oracle.scoring.supervised.train import FitSettings, fit


@pytest.fixture(scope="session")
def supervised() -> SupervisedModel:
    rows = list(SimulatedSource(11, 3_000).rows())
    vectors = feature_table([transfer_of(row) for row in rows], ["sender"] * len(rows))
    labels = np.array([row.label for row in rows], np.float64)
    groups = np.array([row.payment.sender for row in rows])
    return fit(vectors, labels, groups, [one.name for one in FEATURES], FitSettings(trees=25, folds=2))
