"""What a raw score means: the probability of fraud, and a score 0–100 by how rare it is among ordinary payments.

Both are monotone tables over the raw score's integers, made from scores of wallets that the scoring model had never
seen. Reading them takes comparisons and IEEE 754 arithmetic only, so that every machine reads the same.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.scoring.numbers import Floats
from oracle.scoring.supervised.trees import Ints

ONE = 2**32
"""Probabilities are stored in units of 2^-32."""

TOP = 100


@dataclass(frozen=True, slots=True)
class ProbabilityCurve:
    """Probability of fraud at the training data's share of fraud: straight lines through `knots` (raw scores, strictly
    rising, shape (K,)) and `values` (units of 2^-32, never falling), constant beyond both ends."""

    knots: Ints
    values: Ints

    def __call__(self, raw: int) -> float:
        """The probability of one raw score, a multiple of 2^-32 in [0, 1]."""
        place = bisect_right(self.knots, raw)
        if place == 0:
            return int(self.values[0]) / ONE
        if place == len(self.knots):
            return int(self.values[-1]) / ONE
        low_x, high_x = int(self.knots[place - 1]), int(self.knots[place])
        low_y, high_y = int(self.values[place - 1]), int(self.values[place])
        return (low_y + (high_y - low_y) * (raw - low_x) // (high_x - low_x)) / ONE

    def batch(self, raws: Ints) -> Floats:
        """The same for each of many, shape (N,)."""
        return np.array([self(raw) for raw in raws.tolist()], dtype=np.float64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What to store."""
        return {"knots": self.knots, "values": self.values}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> "ProbabilityCurve":
        """From stored arrays. Raises ValueError unless they are a probability that never falls."""
        knots, values = _integers(arrays, "knots"), _integers(arrays, "values")
        if len(knots) != len(values) or not len(knots):
            raise ValueError(f"the probability curve has {len(knots)} knots and {len(values)} values")
        if (np.diff(knots) <= 0).any() or (np.diff(values) < 0).any() or values[0] < 0 or values[-1] > ONE:
            raise ValueError("the probability curve does not rise from 0 to 1")
        return cls(knots, values)


@dataclass(frozen=True, slots=True)
class OrdinaryRank:
    """The score 0–100 of a raw score: the largest s such that at most `shares[s]` of ordinary payments reach it.

    Score s therefore says that about `shares[s]` of ordinary payments score s or more. `cuts` (shape (100,), never
    falling) holds the least raw score of scores 1 to 100, `shares` (shape (101,), falling from 1) what each stands for.
    Up to score `supported` the shares were counted; above, too few wallets score that high, and an exponential tail
    continues the count.
    """

    cuts: Ints
    shares: Floats
    supported: int

    def __call__(self, raw: int) -> int:
        """The score of one raw score."""
        return int(np.searchsorted(self.cuts, raw, side="right"))

    def batch(self, raws: Ints) -> Ints:
        """The same for each of many, shape (N,)."""
        return np.searchsorted(self.cuts, raws, side="right").astype(np.int64)

    def least_raw(self, score: int) -> int:
        """The least raw score that gets `score`, 1 to 100, or more."""
        return int(self.cuts[score - 1])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What to store."""
        return {"cuts": self.cuts, "shares": self.shares, "supported": np.array([self.supported], dtype=np.int64)}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> "OrdinaryRank":
        """From stored arrays. Raises ValueError unless they are monotone and complete."""
        cuts, supported, shares = _integers(arrays, "cuts"), _integers(arrays, "supported"), arrays["shares"]
        if cuts.shape != (TOP,) or shares.shape != (TOP + 1,) or supported.shape != (1,):
            raise ValueError(f"the ranks have shapes {cuts.shape}, {shares.shape} and {supported.shape}")
        if shares.dtype != np.float64 or shares[0] != 1.0 or not (np.diff(shares) < 0).all() or not shares[-1] > 0:
            raise ValueError("the ranks' shares do not fall from 1 towards 0")
        if (np.diff(cuts) < 0).any() or not 0 <= supported[0] <= TOP:
            raise ValueError("the ranks' cuts do not rise")
        return cls(cuts, np.array(shares), int(supported[0]))


def _integers(arrays: Mapping[str, NDArray[Any]], name: str) -> Ints:
    array = arrays[name]
    if array.dtype != np.int64 or array.ndim != 1:
        raise ValueError(f"{name} has type {array.dtype} and shape {array.shape}")
    return np.array(array)
