"""What each feature contributes to a raw score: exact Shapley values of the trees.

The game is that of path-dependent TreeSHAP (S. Lundberg, G. Erion, S.-I. Lee: "Consistent individualized feature
attribution for tree ensembles", 2018): an absent feature sends a row both ways, by the cover of the children. A leaf
of value v whose path tests m distinct features is then worth v · Π z_i over the absent and v · Π o_i over the present
ones; z_i is the product of the cover ratios of feature i's splits and o_i is 1 where the row passes all of them, else
0. A Shapley value is the integral over t of the chance that each other feature is present with probability t:

    φ_j = v · (o_j − z_j) · ∫₀¹ Π_{i≠j} (z_i (1 − t) + o_i t) dt

The integrand is a polynomial of degree m − 1, so ⌈m/2⌉ Gauss-Legendre nodes integrate it exactly.
"""

from dataclasses import dataclass
from math import fsum

import numpy as np
from numpy.typing import NDArray

from oracle.scoring.compiled import compiled
from oracle.scoring.numbers import Floats
from oracle.scoring.supervised.quadrature import gauss_legendre
from oracle.scoring.supervised.trees import SCALE, BoostedTrees, Ints

_GRID = 2.0**40
"""Contributions are rounded to multiples of 2^-40: no reader needs more, and their text stays short."""


@dataclass(frozen=True, slots=True)
class TreeShap:
    """All paths of some trees. Leaf l's value is `value[l]` (log-odds) and its path's distinct features are the entries
    starts[l] to starts[l + 1] − 1 of `feature`, `low`, `high`, `nan_passes` and `absent` (z).

    A row passes an entry where low < x <= high; a bound that is NaN binds nothing.
    """

    features: int
    expected: float
    """The mean raw score over the trees' training rows, log-odds: what the contributions start from."""
    value: Floats
    starts: Ints
    feature: NDArray[np.int64]
    low: Floats
    high: Floats
    nan_passes: NDArray[np.bool_]
    absent: Floats
    nodes: Floats
    """Shape (n, n): row k − 1 holds the nodes of the rule with k nodes."""
    weights: Floats

    @classmethod
    def of(cls, trees: BoostedTrees) -> "TreeShap":
        """The paths to all leaves, read once when a model is loaded (about 0.1 s for 300 trees of 15 leaves)."""
        paths = [path for tree in range(trees.count) for path in _paths(trees, tree)]
        steps = [(feature, *step) for path in paths for feature, step in path.steps.items()]
        lengths = [len(path.steps) for path in paths]
        rules = max(1, (max(lengths) + 1) // 2)
        nodes, weights = np.zeros((rules, rules)), np.zeros((rules, rules))
        for count in range(1, rules + 1):
            nodes[count - 1, :count], weights[count - 1, :count] = gauss_legendre(count)
        return cls(
            features=trees.features,
            expected=round(fsum(path.value * path.share for path in paths) * _GRID) / _GRID,
            value=np.array([path.value for path in paths]),
            starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            feature=np.array([step[0] for step in steps], dtype=np.int64),
            low=np.array([step[1] for step in steps], dtype=np.float64),
            high=np.array([step[2] for step in steps], dtype=np.float64),
            nan_passes=np.array([step[3] for step in steps], dtype=np.bool_),
            absent=np.array([step[4] for step in steps], dtype=np.float64),
            nodes=nodes,
            weights=weights,
        )

    def contributions(self, x: Floats) -> Floats:
        """Each feature's share of raw(x) − expected, shape (F,), log-odds.

        They add up to it within F · 2^-41 and rounding. Raises ValueError unless `x` has shape (F,).
        """
        if x.shape != (self.features,):
            raise ValueError(f"a vector of shape {x.shape} instead of {(self.features,)}")
        out = np.zeros(self.features)
        _contribute(
            np.ascontiguousarray(x, dtype=np.float64),
            self.value,
            self.starts,
            self.feature,
            self.low,
            self.high,
            self.nan_passes,
            self.absent,
            self.nodes,
            self.weights,
            out,
        )
        rounded: Floats = np.rint(out * _GRID) / _GRID
        return rounded


@dataclass(frozen=True, slots=True)
class _Path:
    value: float
    share: float
    """Of the training rows, that end here."""
    steps: dict[int, tuple[float, float, bool, float]]
    """Per feature, in the order of its first split: low, high, nan_passes and absent."""


def _paths(trees: BoostedTrees, tree: int) -> list[_Path]:
    free = (float("nan"), float("nan"), True, 1.0)
    found = []
    root = int(trees.offsets[tree])
    waiting: list[tuple[int, dict[int, tuple[float, float, bool, float]]]] = [(root, {})]
    while waiting:
        node, steps = waiting.pop()
        feature = int(trees.feature[node])
        if feature < 0:
            share = float(trees.cover[node] / trees.cover[root])
            found.append(_Path(int(trees.leaf[node]) / SCALE, share, steps))
            continue
        low, high, nan_passes, absent = steps.get(feature, free)
        threshold = float(trees.threshold[node])
        for goes_left, child in ((False, int(trees.right[node])), (True, int(trees.left[node]))):
            waiting.append(
                (
                    child,
                    steps
                    | {
                        feature: (
                            low if goes_left else float(np.fmax(low, threshold)),
                            float(np.fmin(high, threshold)) if goes_left else high,
                            nan_passes and bool(trees.default_left[node]) == goes_left,
                            absent * float(trees.cover[child] / trees.cover[node]),
                        )
                    },
                )
            )
    return found


@compiled
def _contribute(
    x: Floats,
    value: Floats,
    starts: Ints,
    feature: NDArray[np.int64],
    low: Floats,
    high: Floats,
    nan_passes: NDArray[np.bool_],
    absent: Floats,
    nodes: Floats,
    weights: Floats,
    out: Floats,
) -> None:
    passes = np.empty(2 * len(nodes) + 1, dtype=np.bool_)
    inverse = np.empty(2 * len(nodes) + 1, dtype=np.float64)
    total = np.empty(2 * len(nodes) + 1, dtype=np.float64)
    for leaf in range(len(value)):
        start = starts[leaf]
        length = starts[leaf + 1] - start
        for i in range(length):
            seen = x[feature[start + i]]
            if seen != seen:
                passes[i] = nan_passes[start + i]
            else:
                passes[i] = not (seen <= low[start + i]) and not (seen > high[start + i])
            total[i] = 0.0
        count = (length + 1) // 2
        for q in range(count):
            t = nodes[count - 1, q]
            product = weights[count - 1, q]
            for i in range(length):
                factor = absent[start + i] * (1.0 - t)
                if passes[i]:
                    factor += t
                product *= factor
                inverse[i] = 1.0 / factor
            for i in range(length):
                total[i] += product * inverse[i]
        for i in range(length):
            present = 1.0 if passes[i] else 0.0
            out[feature[start + i]] += value[leaf] * (present - absent[start + i]) * total[i]
