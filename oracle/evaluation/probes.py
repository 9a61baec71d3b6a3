"""The leakage audit: how far models get that see nothing but the traces of how the data was collected.

A probe is a small gradient boosting on columns that say nothing about fraud as such: age, calendar, what is missing,
who is on a list. It runs through the same wallet-disjoint folds as the model. Where it separates the classes, so can
any model that can work out the same columns, and its figures say how the data was collected (Kaufman et al., "Leakage
in data mining", 2012).

Age must be taken from the widest history that exists (`history`: all tokens, all rows), not from the evaluated table.
In a table that was cut down, to stablecoins or to each wallet's first hundred rows, a wallet seems younger than it is,
and the probe sees less than the world knows: 0.83 instead of 0.99 on the shared stablecoin transfers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.datasets.transfers import Transfers
from oracle.evaluation.crossval import Progress, cross_validate
from oracle.evaluation.metrics import equal_wallets, roc_auc
from oracle.scoring.numbers import Floats

LIMIT = 0.75
"""ROC-AUC above which a probe disqualifies every figure beside it."""

REQUIRED = ("age", "calendar", "missingness")
"""Probes without which an audit has not been made; whoever leaves one out has not passed it."""

LISTS = "list membership"
"""What an audit of real addresses needs besides: of simulated ones there are no lists."""

DAY = 86_400
_NEVER = np.iinfo(np.int64).max
LEARNER = "probe/1: histogram gradient boosting, 60 trees of 8 leaves, rate 0.1, 20 rows a leaf, wallets equal"


@dataclass(frozen=True, slots=True)
class Probe:
    """What one probe reached: mean ROC-AUC over the seeds. `columns`: how many it saw that vary."""

    name: str
    columns: int
    roc_auc: float


@dataclass(frozen=True, slots=True)
class Audit:
    """All probes of one split. `limit`: the ROC-AUC that a probe may reach at most. `besides`: the probes that this
    split needs besides those that every one does."""

    probes: tuple[Probe, ...]
    limit: float
    besides: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[Probe, ...]:
        """Probes above the limit, the worst first; a probe whose ROC-AUC is no number has failed, too."""
        above = [one for one in self.probes if not one.roc_auc <= self.limit]
        return tuple(sorted(above, key=lambda one: (-np.nan_to_num(one.roc_auc, nan=1.0), one.name)))

    @property
    def absent(self) -> tuple[str, ...]:
        """Required probes that were not run."""
        names = {one.name for one in self.probes}
        return tuple(name for name in (*REQUIRED, *self.besides) if name not in names)

    @property
    def passed(self) -> bool:
        """Whether all required probes were run and no probe exceeds the limit."""
        return not self.absent and not self.failed


def births(transfers: Transfers, history: Transfers) -> NDArray[np.int64]:
    """When each row's wallet was first seen, unix seconds, shape (N,): as wallet, sender or recipient, in `history` or
    in `transfers` itself, parties matched by their address. Raises ValueError where a row belongs to no wallet."""
    if (transfers.wallet < 0).any():
        row = int(np.flatnonzero(transfers.wallet < 0)[0])
        raise ValueError(f"row {row} belongs to no wallet; age is that of a wallet, so leave such rows out")
    seen = _first_seen(transfers)
    if history is not transfers:
        earlier = dict(zip(history.parties, _first_seen(history).tolist(), strict=True))
        seen = np.minimum(seen, [earlier.get(party, _NEVER) for party in transfers.parties])
    return np.asarray(seen[transfers.wallet], dtype=np.int64)


def age_columns(transfers: Transfers, history: Transfers) -> Floats:
    """Only age, shape (N, 2): seconds since the birth of the row's wallet, and that birth, as `births` finds it in the
    widest `history` that is known."""
    born = births(transfers, history)
    return np.stack([transfers.time - born, born], axis=1).astype(np.float64)


def calendar_columns(transfers: Transfers) -> Floats:
    """Only time, shape (N, 3): unix seconds, hour of the day (UTC) and day of the week (Monday 0)."""
    time = transfers.time
    return np.stack([time, time % DAY // 3600, (time // DAY + 3) % 7], axis=1).astype(np.float64)


def missing_columns(rows: NDArray[Any]) -> Floats:
    """Only missingness, shape (N, F): 1 where a feature is NaN, else 0."""
    return np.isnan(np.asarray(rows, dtype=np.float64)).astype(np.float64)


def standard_probes(
    transfers: Transfers,
    rows: NDArray[Any],
    history: Transfers,
    listed: Mapping[str, NDArray[np.bool_]] | None = None,
) -> dict[str, Floats]:
    """The probes that belong beside every figure, by name: age, calendar, missingness of the feature rows (N, F), and
    list membership where `listed` gives booleans (N,) by list. `history`: the widest table that is known of these
    wallets, which may be `transfers` itself. Raises ValueError for shapes that do not fit and as `births` does."""
    found = {
        "age": age_columns(transfers, history),
        "calendar": calendar_columns(transfers),
        "missingness": missing_columns(rows),
    }
    if listed:
        found[LISTS] = np.stack([listed[name] for name in sorted(listed)], axis=1).astype(np.float64)
    for name, columns in found.items():
        if columns.ndim != 2 or len(columns) != len(transfers):
            raise ValueError(f"the {name} probe has columns {columns.shape} for {len(transfers)} rows")
    return found


def probe_scores(
    columns: NDArray[Any],
    labels: NDArray[Any],
    wallets: NDArray[Any],
    *,
    seeds: Sequence[int] = (0,),
    count: int = 5,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Floats:
    """Out-of-fold scores of a probe that sees `columns` (N, K), shape (S, N). Columns that never vary are left out;
    with none left every score is 0. Folds and errors are those of `cross_validate`."""
    table = np.asarray(columns, dtype=np.float64)
    varying = _varying(table)
    if not varying.any():
        return np.zeros((len(seeds), len(table)))
    return cross_validate(
        table[:, varying],
        labels,
        wallets,
        boosted,
        learner=LEARNER,
        seeds=seeds,
        count=count,
        cache=cache,
        progress=progress,
    )


def audit(
    probes: Mapping[str, NDArray[Any]],
    labels: NDArray[Any],
    wallets: NDArray[Any],
    *,
    seeds: Sequence[int] = (0,),
    count: int = 5,
    weights: NDArray[Any] | None = None,
    measure: Callable[[Floats], float] | None = None,
    limit: float = LIMIT,
    besides: Sequence[str] = (),
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Audit:
    """The audit of one split: `probes` are columns (N, K) by name, `seeds` and `count` those of the model's own folds.

    `measure` gives the ROC-AUC of scores (N,), where the model's figure is another one than over all pairs (for
    instance within age bands); otherwise it is that of all rows under `weights` (N,). `besides`: as in `Audit`.
    """
    reached = measure or (lambda scores: roc_auc(scores, labels, weights))
    found = []
    for name in sorted(probes):
        columns = np.asarray(probes[name], dtype=np.float64)
        scores = probe_scores(columns, labels, wallets, seeds=seeds, count=count, cache=cache, progress=progress)
        area = float(np.mean([reached(one) for one in scores]))
        found.append(Probe(name, int(_varying(columns).sum()), area))
    return Audit(tuple(found), limit, tuple(besides))


def boosted(rows: Floats, labels: Floats, wallets: NDArray[Any], test: Floats) -> NDArray[Any]:
    """What a probe learns with, as LEARNER says: log-odds of the test rows (M,), from training rows (N, K)."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    model = HistGradientBoostingClassifier(
        max_iter=60, max_leaf_nodes=8, learning_rate=0.1, min_samples_leaf=20, early_stopping=False, random_state=0
    )
    with threadpool_limits(limits=1):  # sums of several threads come in any order
        model.fit(rows, labels, sample_weight=equal_wallets(wallets))
        return np.asarray(model.decision_function(test), dtype=np.float64)


def _varying(columns: Floats) -> NDArray[np.bool_]:
    first = columns[:1]
    return np.asarray(((columns != first) & ~(np.isnan(columns) & np.isnan(first))).any(axis=0))


def _first_seen(transfers: Transfers) -> NDArray[np.int64]:
    first = np.full(len(transfers.parties), _NEVER, dtype=np.int64)
    for places in (transfers.sender, transfers.recipient, transfers.wallet):
        known = places >= 0
        np.minimum.at(first, places[known], transfers.time[known])
    return first
