"""Isolation Forest: how few random cuts isolate a point.

F. T. Liu, K. M. Ting, Z.-H. Zhou: "Isolation Forest" (ICDM 2008). score = 2^(−E[path length] / c(subsample)), near 1
for anomalies.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oracle.scoring.ensemble import loops
from oracle.scoring.numbers import Floats, exp2


@dataclass(frozen=True, slots=True)
class Forest:
    """All trees in one set of arrays of shape (nodes,); a leaf is its own child. `roots` has shape (trees,).

    `length` is a leaf's depth plus the expected depth c(n) of what the subsample left in it.
    """

    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: Floats
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    length: Floats
    depth: int
    normal: float
    """c(subsample): the expected path length."""

    def raw(self, x: Floats) -> float:
        """Anomaly score 0–1 of one vector. It is cut as 32-bit floats, as scikit-learn does."""
        depth = loops.depth(x, self.roots, self.feature, self.threshold, self.left, self.right, self.length, self.depth)
        return exp2(-depth / (len(self.roots) * self.normal))

    def arrays(self) -> dict[str, np.ndarray]:
        """What to store."""
        return {
            "roots": self.roots,
            "feature": self.feature,
            "threshold": self.threshold,
            "left": self.left,
            "right": self.right,
            "length": self.length,
            "shape": np.array([self.depth, self.normal]),
        }

    @classmethod
    def of(cls, arrays: dict[str, np.ndarray], features: int) -> "Forest":
        """From stored arrays. Raises ValueError where an index leads out of them."""
        nodes = len(arrays["feature"])
        for name in ("roots", "left", "right"):
            if len(arrays[name]) and not (arrays[name].min() >= 0 and arrays[name].max() < nodes):
                raise ValueError(f"the forest's {name} lead out of its {nodes} nodes")
        if not (arrays["feature"].min() >= 0 and arrays["feature"].max() < features):
            raise ValueError(f"the forest reads beyond {features} features")
        if any(len(arrays[name]) != nodes for name in ("threshold", "left", "right", "length")):
            raise ValueError("the forest's arrays differ in length")
        depth, normal = arrays["shape"].tolist()
        return cls(
            arrays["roots"],
            arrays["feature"],
            arrays["threshold"],
            arrays["left"],
            arrays["right"],
            arrays["length"],
            int(depth),
            normal,
        )
