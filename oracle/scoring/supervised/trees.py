"""Boosted decision trees as flat arrays whose sums are exact integers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.scoring.compiled import compiled
from oracle.scoring.numbers import Floats

Ints = NDArray[np.int64]

SCALE = 2**32
"""Leaves are multiples of 2^-32. Integers add up to the same sum in any order, on any machine, in any number of
threads."""

LARGEST_LEAF = 2**44
"""In absolute value: a thousand trees of such leaves stay 2^9 below the range of 64 bits."""

_BLOCK = 128
"""Rows that go through one tree before the next tree: both then stay in the first-level cache."""


@dataclass(frozen=True, slots=True)
class BoostedTrees:
    """T trees over F features, their N nodes concatenated; all arrays but `offsets` have shape (N,).

    A row goes left where x[feature] <= threshold, and where x[feature] is NaN as `default_left` says. Children are
    absolute positions and come after their parent. In a leaf `feature` is -1 and both children are the leaf itself;
    `leaf` is 0 elsewhere. `cover` is the number of training rows that reached a node. `offsets` has shape (T + 1,):
    tree t's nodes are offsets[t] to offsets[t + 1] - 1, its root first.
    """

    feature: NDArray[np.int16]
    threshold: Floats
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    default_left: NDArray[np.bool_]
    leaf: Ints
    cover: Floats
    offsets: NDArray[np.int32]
    features: int

    @property
    def count(self) -> int:
        """How many trees."""
        return len(self.offsets) - 1

    def raw(self, x: Floats) -> int:
        """The sum of the leaves that one vector of shape (F,) reaches, in units of 2^-32 (log-odds).

        Raises ValueError for another shape.
        """
        if x.shape != (self.features,):
            raise ValueError(f"a vector of shape {x.shape} instead of {(self.features,)}")
        x = np.ascontiguousarray(x, dtype=np.float64)
        return int(
            _sum_row(x, self.feature, self.threshold, self.left, self.right, self.default_left, self.leaf, self.offsets)
        )

    def raw_batch(self, rows: Floats) -> Ints:
        """`raw` of every row of shape (N, F), as shape (N,)."""
        if rows.ndim != 2 or rows.shape[1] != self.features:
            raise ValueError(f"rows of shape {rows.shape} instead of (rows, {self.features})")
        out = np.zeros(len(rows), dtype=np.int64)
        _sum_rows(
            np.ascontiguousarray(rows, dtype=np.float64),
            self.feature,
            self.threshold,
            self.left,
            self.right,
            self.default_left,
            self.leaf,
            self.offsets,
            _BLOCK,
            out,
        )
        return out

    def thresholds(self, feature: int) -> Floats:
        """The distinct split thresholds of one feature, rising."""
        return np.unique(self.threshold[self.feature == feature])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What to store."""
        return {
            "feature": self.feature,
            "threshold": self.threshold,
            "left": self.left,
            "right": self.right,
            "default_left": self.default_left,
            "leaf": self.leaf,
            "cover": self.cover,
            "offsets": self.offsets,
        }

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]], features: int) -> "BoostedTrees":
        """From stored arrays. Raises ValueError unless every walk from a root ends in a leaf of the same tree, and
        KeyError where an array is missing."""
        for name, kind in _TYPES.items():
            if arrays[name].dtype != kind or arrays[name].ndim != 1:
                raise ValueError(f"the trees' {name} have type {arrays[name].dtype}, shape {arrays[name].shape}")
        # copies: arrays that belong to a file's bytes are read-only, and the loops would be compiled twice
        trees = cls(**{name: np.array(arrays[name]) for name in _TYPES}, features=features)
        trees._check()
        return trees

    def _check(self) -> None:
        nodes, offsets = len(self.feature), self.offsets.astype(np.int64)
        if any(len(array) != nodes for name, array in self.arrays().items() if name != "offsets"):
            raise ValueError("the trees' arrays differ in length")
        if len(offsets) < 2 or offsets[0] != 0 or offsets[-1] != nodes or (np.diff(offsets) < 1).any():
            raise ValueError(f"the trees' offsets do not divide their {nodes} nodes")
        if self.feature.min() < -1 or self.feature.max() >= self.features:
            raise ValueError(f"the trees read beyond {self.features} features")
        own = np.arange(nodes)
        end = np.repeat(offsets[1:], np.diff(offsets))
        ends = self.feature == -1
        for name, child in (("left", self.left), ("right", self.right)):
            if not np.where(ends, child == own, (child > own) & (child < end)).all():
                raise ValueError(f"the trees' {name} children do not lead on to a leaf of their own tree")
        if np.isnan(self.threshold).any():
            raise ValueError("a threshold of the trees is no number")
        if not (self.cover > 0).all() or not np.isfinite(self.cover).all():
            raise ValueError("the cover of a node is not positive")
        parents = np.flatnonzero(~ends)
        if (self.cover[self.left[parents]] + self.cover[self.right[parents]] != self.cover[parents]).any():
            raise ValueError("the cover of a node is not that of its children")
        if (np.abs(self.leaf) > LARGEST_LEAF).any() or (self.leaf[parents] != 0).any() or self.count > 2**15:
            raise ValueError("the trees' leaves are out of bounds")


_TYPES: dict[str, type] = {
    "feature": np.int16,
    "threshold": np.float64,
    "left": np.int32,
    "right": np.int32,
    "default_left": np.bool_,
    "leaf": np.int64,
    "cover": np.float64,
    "offsets": np.int32,
}


@compiled
def _sum_row(
    x: Floats,
    feature: NDArray[np.int16],
    threshold: Floats,
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    default_left: NDArray[np.bool_],
    leaf: Ints,
    offsets: NDArray[np.int32],
) -> np.int64:
    total = np.int64(0)
    for tree in range(len(offsets) - 1):
        node = offsets[tree]
        while feature[node] >= 0:
            value = x[feature[node]]
            goes_left = value <= threshold[node] or (value != value and default_left[node])
            node = left[node] if goes_left else right[node]
        total += leaf[node]
    return total


@compiled
def _sum_rows(
    rows: Floats,
    feature: NDArray[np.int16],
    threshold: Floats,
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    default_left: NDArray[np.bool_],
    leaf: Ints,
    offsets: NDArray[np.int32],
    block: int,
    out: Ints,
) -> None:
    for start in range(0, len(rows), block):
        stop = min(start + block, len(rows))
        for tree in range(len(offsets) - 1):
            root = offsets[tree]
            for row in range(start, stop):
                node = root
                while feature[node] >= 0:
                    value = rows[row, feature[node]]
                    goes_left = value <= threshold[node] or (value != value and default_left[node])
                    node = left[node] if goes_left else right[node]
                out[row] += leaf[node]
