"""A bound on false positives that holds for wallets never seen: conformal calibration grouped by wallet.

Rows of a wallet depend on each other, so that the usual calibration over rows promises nothing. What can be assumed is
that licit wallets are exchangeable: the n that calibrate and the one to come could have come in any other order. Both
bounds need nothing else, neither a distribution nor a good model, but the scores must come from a model that saw none
of these wallets (out-of-fold scores, or a held-out part). Drift breaks exchangeability: `drift` watches for that.

**Wallet level** (split conformal prediction, Vovk, Gammerman and Shafer 2005, over one value a wallet). Let M_j be the
largest score of wallet j and t the k-th smallest of M_1..M_n with k = ceil((n + 1)(1 - alpha)); alert strictly above t.
The rank of M_{n+1} among the n + 1 is uniform (ties only help), so P(any alert on the new wallet) <= alpha.

**Row level** (hierarchical conformal prediction: Dunn, Wasserman and Ramdas, JASA 2022, arXiv 1809.07441; Lee, Barber
and Willett 2023, arXiv 2306.06342; in this form conformal risk control: Angelopoulos et al., ICLR 2024, arXiv
2208.02814). Let F_j(t) be the share of wallet j's rows that score above t, and t the least score with (F_1(t) + .. +
F_n(t) + 1) / (n + 1) <= alpha. Then E[F_{n+1}(t)] <= alpha: the expected share of a new wallet's rows that alert, each
wallet counted once whatever its size. Proof: with all n + 1 wallets known, the least t* with mean F <= alpha is
symmetric in them, so E[F_{n+1}(t*)] <= alpha, and t >= t* because F_{n+1} <= 1.

Both need alpha >= 1 / (n + 1): 99 wallets for 1%, 999 for 0.1%. With fewer the threshold is infinite and nothing
alerts. Both hold on average over calibration sets; `Bound.rate_limit` says what one calibration set can be held to.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from oracle.scoring.numbers import Floats

Level = Literal["wallet", "row"]

_ROUNDING = 1e-9
"""Of one wallet: sums of shares are off by less, and err to the high side with it."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Alert where a score lies strictly above `threshold` (infinite where `wallets` were too few for `alpha`).

    `level` "wallet": P(any alert on a new licit wallet) <= alpha. "row": expected share of its rows <= alpha.
    """

    level: str
    alpha: float
    threshold: float
    wallets: int

    def alerts(self, scores: NDArray[Any]) -> NDArray[np.bool_]:
        """Which scores alert, in their shape."""
        return np.asarray(np.asarray(scores, dtype=np.float64) > self.threshold)

    @property
    def least_alert(self) -> float:
        """The least score that alerts: the next float above `threshold`, for measures where a score at the threshold
        does (`metrics.confusion`, `judge`)."""
        return math.nextafter(self.threshold, math.inf)

    def rate_limit(self, confidence: float = 0.95) -> float:
        """What the true rate of this very threshold stays below in a share `confidence` of calibration sets.

        For independent wallets the rate over calibration sets is at most Beta(n + 1 - k, k) distributed (Vovk,
        "Conditional validity of inductive conformal predictors", 2012). Raises ValueError for a bound of level "row",
        for which no such law is known.
        """
        if self.level != "wallet":
            raise ValueError(
                f"a bound of level {self.level!r} has no known law over calibration sets; use level 'wallet'"
            )
        from scipy.stats import beta

        kept = _rank(self.wallets, self.alpha)
        return 0.0 if kept > self.wallets else float(beta.ppf(confidence, self.wallets + 1 - kept, kept))


@dataclass(frozen=True, slots=True)
class CohortBounds:
    """One bound a cohort (Mondrian conformal prediction, Vovk et al. 2005): each holds within its own cohort.

    Cohorts are not pooled where they are too small, because a pool chosen by size is not exchangeable with its next
    wallet; they never alert, and `unbounded` names them.
    """

    cohorts: tuple[str, ...]
    bounds: tuple[Bound, ...]

    @property
    def unbounded(self) -> tuple[str, ...]:
        """Cohorts of too few wallets for their alpha."""
        return tuple(name for name, bound in zip(self.cohorts, self.bounds, strict=True) if math.isinf(bound.threshold))

    def alerts(self, scores: NDArray[Any], cohorts: NDArray[Any]) -> NDArray[np.bool_]:
        """Which scores, shape (N,), alert; rows of a cohort that calibration never saw do not."""
        known = dict(zip(self.cohorts, self.bounds, strict=True))
        limits = [known[str(one)].threshold if str(one) in known else math.inf for one in cohorts.tolist()]
        return np.asarray(np.asarray(scores, dtype=np.float64) > np.array(limits, dtype=np.float64))


@dataclass(frozen=True, slots=True)
class Rates:
    """Share of unseen licit wallets with an alert (level "wallet"), or their mean share of rows that alert ("row"), in
    each random wallet-disjoint split. The splits overlap, so their spread is not that of independent samples."""

    level: str
    alpha: float
    rates: tuple[float, ...]
    calibrating: int
    """Wallets that calibrated in each split."""
    without_threshold: int
    """Splits in which they were too few (with cohorts: in any cohort), so that the low rate there is no merit."""

    @property
    def mean(self) -> float:
        """What the bound promises to keep at or below alpha, up to the noise of the splits."""
        return math.fsum(self.rates) / len(self.rates)

    @property
    def worst(self) -> float:
        """The largest rate of a split; it may exceed alpha, the promise is on average."""
        return max(self.rates)


def wallets_needed(alpha: float) -> int:
    """The fewest calibrating wallets that give a finite threshold: ceil(1 / alpha) - 1. Raises ValueError unless 0 <
    alpha < 1."""
    return math.ceil(1 / _exact(alpha)) - 1


def bound(scores: NDArray[Any], wallets: NDArray[Any], alpha: float, level: Level = "wallet") -> Bound:
    """The bound from rows of licit wallets only; `scores` and `wallets` have shape (N,).

    Raises ValueError for arrays of other shapes, a score that is NaN, no rows, and unless 0 < alpha < 1.
    """
    values, owner, count = _rows(scores, wallets)
    chosen = _highest if level == "wallet" else _shares
    return Bound(level, alpha, chosen(values, owner, count, alpha), count)


def cohort_bounds(
    scores: NDArray[Any], wallets: NDArray[Any], cohorts: NDArray[Any], alpha: float, level: Level = "wallet"
) -> CohortBounds:
    """`bound` within each cohort, which must be one a wallet; arrays of shape (N,). What makes a cohort must not depend
    on the scores. Raises ValueError as `bound` does and where a wallet has rows of two cohorts."""
    names = np.array([str(one) for one in np.asarray(cohorts).tolist()])
    _, owner, count = _rows(scores, wallets)
    if names.shape != owner.shape:
        raise ValueError(f"{names.shape} cohorts do not fit {owner.shape} rows")
    order = np.argsort(owner, kind="stable")
    first = np.searchsorted(owner[order], np.arange(count))
    of_wallet = names[order][first]
    if (of_wallet[owner] != names).any():
        wallet = np.asarray(wallets)[np.flatnonzero(of_wallet[owner] != names)[0]]
        raise ValueError(f"wallet {wallet} has rows of two cohorts; give each wallet one")
    found = tuple(np.unique(names).tolist())
    kept = [names == name for name in found]
    return CohortBounds(
        found, tuple(bound(np.asarray(scores)[own], np.asarray(wallets)[own], alpha, level) for own in kept)
    )


def empirical_rates(
    scores: NDArray[Any],
    wallets: NDArray[Any],
    alpha: float,
    level: Level = "wallet",
    *,
    cohorts: NDArray[Any] | None = None,
    splits: int = 20,
    share: float = 0.5,
    seed: int = 0,
) -> Rates:
    """What the bound of a random `share` of the licit wallets gives on the other wallets, in `splits` splits.

    With `cohorts` the bounds are those of `cohort_bounds`. Raises ValueError as `bound` does, and where either part of
    a split would be empty.
    """
    values, owner, count = _rows(scores, wallets)
    calibrating = round(count * share)
    if not 0 < calibrating < count:
        raise ValueError(f"{count} wallets cannot be split with a share of {share}; both parts need wallets")
    dice = np.random.default_rng(seed)
    rates, without = [], 0
    for _ in range(splits):
        seen = np.zeros(count, dtype=np.bool_)
        seen[dice.permutation(count)[:calibrating]] = True
        inside = seen[owner]
        if cohorts is None:
            one = bound(values[inside], owner[inside], alpha, level)
            alerts = one.alerts(values[~inside])
            without += math.isinf(one.threshold)
        else:
            own = np.asarray(cohorts)
            bounds = cohort_bounds(values[inside], owner[inside], own[inside], alpha, level)
            alerts = bounds.alerts(values[~inside], own[~inside])
            without += bool(bounds.unbounded)
        _, fresh = np.unique(owner[~inside], return_inverse=True)
        hit = np.bincount(fresh, alerts)
        of_wallet = hit > 0 if level == "wallet" else hit / np.bincount(fresh)
        rates.append(float(np.mean(of_wallet)))
    return Rates(level, alpha, tuple(rates), calibrating, without)


def _exact(alpha: float) -> Fraction:
    """The decimal that was written, so that 0.001 with 999 wallets is not lost to binary rounding."""
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}, it must lie between 0 and 1")
    return Fraction(repr(float(alpha)))


def _rank(count: int, alpha: float) -> int:
    return math.ceil((count + 1) * (1 - _exact(alpha)))


def _rows(scores: NDArray[Any], wallets: NDArray[Any]) -> tuple[Floats, NDArray[np.int64], int]:
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1 or np.shape(wallets) != values.shape or not len(values):
        raise ValueError(f"scores {values.shape} and wallets {np.shape(wallets)} must both be (N,) with rows in them")
    if np.isnan(values).any():
        raise ValueError(f"row {int(np.flatnonzero(np.isnan(values))[0])} has the score NaN; give every row a score")
    _, owner = np.unique(wallets, return_inverse=True)
    return values, owner.astype(np.int64), int(owner.max()) + 1


def _highest(values: Floats, owner: NDArray[np.int64], count: int, alpha: float) -> float:
    highest = np.full(count, -math.inf)
    np.maximum.at(highest, owner, values)
    kept = _rank(count, alpha)
    return math.inf if kept > count else float(np.sort(highest)[kept - 1])


def _shares(values: Floats, owner: NDArray[np.int64], count: int, alpha: float) -> float:
    room = float(_exact(alpha) * (count + 1) - 1)  # what the known wallets' shares may add up to
    if room < 0:
        return math.inf
    weights = (1.0 / np.bincount(owner))[owner]
    distinct, place = np.unique(values, return_inverse=True)
    reaching = np.cumsum(np.bincount(place, weights)[::-1])[::-1]
    above = np.append(reaching[1:], 0.0)
    enough = above + np.where(above > 0, _ROUNDING, 0.0) <= room
    return float(distinct[int(np.argmax(enough))])  # shares fall, so the first is the least score
