"""Vectors for training, by the one code path that computes them online too."""

from collections.abc import Callable, Iterable

import numpy as np

from oracle.scoring.config import ScoringConfig
from oracle.scoring.features import SCALE, Context, Signals, vector
from oracle.scoring.simulator import Parameters, simulate
from oracle.scoring.state import Ledger
from oracle.scoring.types import Payment

Progress = Callable[[str, float], None]
"""(what is being done, share of all that is done: 0–1)"""

TRAINING_SEEDS = 1_000_000
"""Simulator seeds of training start here, times the training seed; evaluation stays below."""

ECONOMIES = (
    Parameters(days=60),
    Parameters(days=40, payments_a_day=(0.5, 2.5), spend_median=(8.0, 40.0), household=14),
    Parameters(
        days=75,
        payments_a_day=(0.1, 0.8),
        spend_median=(30.0, 160.0),
        spend_sigma=(0.7, 1.3),
        salary=(2_500.0, 12_000.0),
    ),
    Parameters(days=30, payments_a_day=(0.4, 3.0), household=5, night_share=0.15, spend_median=(5.0, 90.0)),
)
"""Economies to train on, none with the parameters that evaluation uses."""


def collect(payments: Iterable[Payment], config: ScoringConfig) -> np.ndarray:
    """Feature vectors of shape (payments, features), each as of the payments before it."""
    ledger, rows = Ledger(config), []
    for payment in payments:
        rows.append(vector(Signals.of(Context.of(payment, ledger))))
        ledger.observe(payment)
    return np.array(rows, dtype=np.float64) / SCALE


def ordinary_life(seed: int, payments: int, config: ScoringConfig, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of ordinary payments: to fit on, and held out in other economies to calibrate on."""
    fit: list[np.ndarray] = []
    held_out: list[np.ndarray] = []
    for index, parameters in enumerate(ECONOMIES):
        for kind, rows in enumerate((fit, held_out)):
            source = seed * TRAINING_SEEDS + TRAINING_SEEDS + 2 * index + kind
            stream = simulate(source, payments // len(ECONOMIES), episodes=0, parameters=parameters)
            rows.append(collect((one.payment for one in stream), config))
            progress("simulating ordinary life", 0.4 * (2 * index + kind + 1) / (2 * len(ECONOMIES)))
    return np.concatenate(fit), np.concatenate(held_out)


def fraudulent_life(seed: int, payments: int, config: ScoringConfig) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of ordinary payments and of frauds in economies of their own, and labels, 1 for fraud; what only prepares
    a fraud is left out."""
    rows, labels = [], []
    for index, parameters in enumerate(ECONOMIES):
        source = seed * TRAINING_SEEDS + TRAINING_SEEDS + 2 * len(ECONOMIES) + index
        stream = list(simulate(source, payments // len(ECONOMIES), parameters=parameters))
        kept = np.array([bool(one.label) or one.ordinary for one in stream])
        rows.append(collect((one.payment for one in stream), config)[kept])
        labels.append(np.array([float(bool(one.label)) for one in stream])[kept])
    return np.concatenate(rows), np.concatenate(labels)
