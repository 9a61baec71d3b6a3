"""What is evaluated: rows with labels and owners, what the probes need, and the cohorts that figures are split by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.datasets.transfers import Transfers
from oracle.scoring.numbers import Floats
from oracle.scoring.supervised.train import FitSettings

Cohorts = Mapping[str, NDArray[np.str_]]
"""By family ("direction"), the cohort of each row ("paid", "pays"), shape (M,)."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is computed. `seeds`: of the bootstrap, at least ten. `fold_seeds`: how often wallets are dealt anew."""

    seeds: int = 10
    fold_seeds: int = 10
    folds: int = 5
    fit: FitSettings = field(default_factory=FitSettings)
    fractions: tuple[float, ...] = (0.1, 0.25, 0.5, 0.75, 1.0)
    learning_seeds: int = 2
    resamples: int = 100
    most_rows: int = 150_000
    """Of a data set that is split in time; larger ones are sampled."""
    quick: bool = False


def effort(seeds: int, quick: bool) -> Effort:
    """The full run, or a quick one: one dealing of wallets, fewer trees that learn faster, two points of the curve."""
    if not quick:
        return Effort(seeds=seeds, fold_seeds=seeds)
    return Effort(
        seeds=seeds,
        fold_seeds=1,
        fit=FitSettings(trees=60, learning_rate=0.15),
        fractions=(0.5, 1.0),
        learning_seeds=1,
        resamples=20,
        most_rows=20_000,
        quick=True,
    )


@dataclass(frozen=True, slots=True)
class Task:
    """M rows to judge. `transfers`: those rows; `history`: the widest table known of their wallets; `rows` (M, F) in
    the order of `FEATURES`; `labels` 0.0 or 1.0 (M,); `wallets` (M,): whom a row counts for, as places in
    `transfers.parties`; `listed`: by list, whether a row's wallet or counterparty is on it (M,)."""

    name: str
    title: str
    transfers: Transfers
    history: Transfers
    rows: Floats
    labels: Floats
    wallets: NDArray[np.int64]
    listed: Mapping[str, NDArray[np.bool_]]
    cohorts: Cohorts
    facts: tuple[tuple[str, str], ...]
    alone: Floats | None = None
    """(M, F): the same features as a node would make them, which sees the set's own tokens only and takes each for a
    dollar; None where the set is of all tokens."""

    def take(self, kept: NDArray[Any]) -> "Task":
        """Some of the rows, in their order."""
        return Task(
            self.name,
            self.title,
            self.transfers.take(kept),
            self.history,
            self.rows[kept],
            self.labels[kept],
            self.wallets[kept],
            {name: of[kept] for name, of in self.listed.items()},
            {name: of[kept] for name, of in self.cohorts.items()},
            self.facts,
            None if self.alone is None else self.alone[kept],
        )


def counted(transfers: Transfers, labels: Floats, wallets: NDArray[np.int64]) -> tuple[tuple[str, str], ...]:
    """Facts that every report opens with."""
    guilty = len(np.unique(wallets[labels > 0]))
    return (
        ("data", f"{transfers.name}, SHA-256 {transfers.source}"),
        ("rows", f"{len(labels)}, of them {int(labels.sum())} of fraud"),
        ("wallets", f"{len(np.unique(wallets))}, of them {guilty} with fraud"),
    )


def sized(wallets: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.str_]:
    """The cohort of each row by how many of the evaluated `rows` its wallet has."""
    counts = rows[wallets]
    return np.select([counts <= 5, counts <= 20, counts < 100], ["1 to 5", "6 to 20", "21 to 99"], "100").astype(
        np.str_
    )
