"""What a conformal bound promises of false positives, and whether it is kept: on random splits, and as time goes on."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.evaluation.conformal import Bound, Level, bound, empirical_rates, wallets_needed
from oracle.evaluation.drift import DriftAlarm
from oracle.evaluation.metrics import Confusion, confusion
from oracle.evaluation.report import Figure
from oracle.scoring.numbers import Floats

ALPHAS = (0.01, 0.05)
SPLITS = 20
_LEVELS: tuple[Level, ...] = ("wallet", "row")
DRIFTING = 0.05
"""The bound that is followed over time: a twentieth of wallets, because a hundredth takes years to be disproved."""


def bounds(
    scores: Floats, labels: Floats, wallets: NDArray[np.int64], fold: NDArray[np.int64]
) -> tuple[dict[str, Confusion], list[Figure]]:
    """Confusion matrices of conformal bounds by name, and what such bounds gave on 20 random wallet-disjoint splits.

    All arrays have shape (N,), `fold` is one a wallet. In a matrix the rows of each fold are judged under the bound
    that the licit wallets of the other folds set, and its threshold is that of all licit wallets; it is left out where
    the wallets without a fold are too few. A split calibrates on half of the licit wallets, or on just enough for the
    rate where half are too few; a rate for which even all are too few is left out.
    """
    licit = labels == 0
    own, values = wallets[licit], scores[licit]
    count = len(np.unique(own))
    least = min(len(np.unique(wallets[licit & (fold != one)])) for one in np.unique(fold).tolist())
    matrices, figures = {}, []
    for alpha in ALPHAS:
        needed = wallets_needed(alpha)
        if count < needed + 2:
            continue
        share = max(0.5, needed / count)
        share = share if round(share * count) >= needed else (needed + 1) / count
        for level in _LEVELS:
            name = f"conformal bound of {alpha:.0%} of {level}s"
            if least >= needed:
                matrices[name] = _held_out(scores, labels, wallets, fold, alpha, level)
            rates = empirical_rates(values, own, alpha, level, splits=SPLITS, share=share)
            figures.append(
                Figure(
                    f"{name}: mean rate of {SPLITS} splits, lowest and highest",
                    rates.mean,
                    min(rates.rates),
                    rates.worst,
                )
            )
    return matrices, figures


def _held_out(
    scores: Floats, labels: Floats, wallets: NDArray[np.int64], fold: NDArray[np.int64], alpha: float, level: Level
) -> Confusion:
    licit = labels == 0
    alerts = np.zeros(len(scores))
    for one in np.unique(fold).tolist():
        held = fold == one
        alerts[held] = bound(scores[licit & ~held], wallets[licit & ~held], alpha, level).alerts(scores[held])
    return replace(
        confusion(alerts, labels, 1.0), threshold=bound(scores[licit], wallets[licit], alpha, level).least_alert
    )


@dataclass(frozen=True, slots=True)
class OverTime:
    """A bound that `calibrating` licit wallets set, followed along the `later` ones in the order in which they came.

    `limit`: the rate that its threshold can be held to. `rate`: that of the later wallets, the share of them that alert
    or, where `level` is "row", their mean share of rows that do. `alarm`, `moved`: after how many wallets the drift
    alarm sounds, 0 for never, among the later licit wallets and among `strangers` of another population, those with
    fraud, in their place.
    """

    level: str
    alpha: float
    calibrating: int
    later: int
    limit: float
    rate: float
    alarm: int
    strangers: int
    moved: int

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The same for a report."""
        head = f"bound of {self.alpha:.0%} of {self.level}s over time"
        return (
            Figure(f"{head}: rate that it can be held to", self.limit),
            Figure(f"{head}: rate of {self.later} later licit wallets", self.rate),
            Figure(f"{head}: drift alarm after so many of them, 0 for none", float(self.alarm)),
            Figure(f"{head}: drift alarm after so many fraud wallets in their place, 0 for none", float(self.moved)),
        )

    @property
    def sentence(self) -> str:
        """One line for people."""
        kept = f"sounds after {self.alarm} of them" if self.alarm else "keeps quiet"
        moved = f"sounds after {self.moved}" if self.moved else "keeps quiet as well"
        return (
            f"Over time: the bound of {self.alpha:.0%} of {self.level}s that the first {self.calibrating} licit wallets"
            f" set can be held to {self.limit:.1%}. Of the {self.later} that came later {self.rate:.1%}"
            f" {'alert' if self.level == 'wallet' else 'of the rows alert, each wallet counted once'}, and the drift"
            f" alarm {kept}. With the {self.strangers} fraud wallets in their place it {moved}."
        )


def over_time(scores: Floats, labels: Floats, wallets: NDArray[np.int64], born: NDArray[np.int64]) -> OverTime | None:
    """The licit wallets in the order of their birth: the first half sets a bound, the alarm follows the other half.

    All arrays have shape (N,), `born` the same for all rows of a wallet. None where half are too few for the bound.
    """
    names, first, owner = np.unique(wallets, return_index=True, return_inverse=True)
    guilty = np.bincount(owner, labels) > 0
    queue = np.lexsort((names, born[first]))
    licit, others = queue[~guilty[queue]], queue[guilty[queue]]
    half = len(licit) // 2
    if half < wallets_needed(DRIFTING):
        return None
    early = np.isin(owner, licit[:half])
    chosen = bound(scores[early], owner[early], DRIFTING, "wallet")
    alerts = np.bincount(owner, chosen.alerts(scores)) > 0
    return _followed(chosen, chosen.rate_limit(), alerts[licit[half:]], alerts[others])


def later_rows(
    chosen: Bound, scores: Floats, labels: Floats, wallets: NDArray[np.int64], time: NDArray[np.int64]
) -> OverTime | None:
    """A bound of level "row" followed along later rows, whose wallets come in the order of their first; arrays (N,).

    It is held to alpha and two standard errors of a share among the calibrating wallets. None where the bound has no
    threshold or a class no rows.
    """
    shares = []
    for kind in (0, 1):
        own = np.flatnonzero(labels == kind)
        own = own[np.argsort(time[own], kind="stable")]
        _, first, owner = np.unique(wallets[own], return_index=True, return_inverse=True)
        share = np.bincount(owner, chosen.alerts(scores[own])) / np.bincount(owner) if len(own) else np.zeros(0)
        shares.append(share[np.argsort(first)])
    if not np.isfinite(chosen.threshold) or not all(len(share) for share in shares):
        return None
    error = (chosen.alpha * (1 - chosen.alpha) / chosen.wallets) ** 0.5
    return _followed(chosen, chosen.alpha + 2 * error, *shares)


def _followed(chosen: Bound, limit: float, later: NDArray[Any], strangers: NDArray[Any]) -> OverTime:
    return OverTime(
        level=chosen.level,
        alpha=chosen.alpha,
        calibrating=chosen.wallets,
        later=len(later),
        limit=limit,
        rate=float(np.mean(later)),
        alarm=DriftAlarm.start(limit).after_all(later).raised,
        strangers=len(strangers),
        moved=DriftAlarm.start(limit).after_all(strangers).raised,
    )
