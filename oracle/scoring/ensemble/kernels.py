"""The detectors that compare a point with stored ones, and the autoencoder.

A matrix product would leave the order of its sums to the BLAS library at hand, and with it the last bits (ADR 0010):
the loops are compiled instead.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oracle.scoring.ensemble import loops
from oracle.scoring.numbers import Floats


@dataclass(frozen=True, slots=True)
class OneClassSvm:
    """B. Schölkopf et al.: "Estimating the Support of a High-Dimensional Distribution" (2001), with Gaussian kernel."""

    vectors: Floats
    """Support vectors, shape (features, vectors)."""
    weights: Floats
    offset: float
    gamma: float

    def raw(self, x: Floats) -> float:
        """Negated decision function: above 0 lies outside of the support."""
        similarity: float = loops.gaussian(self.vectors, self.weights, self.gamma, x)
        return -(similarity + self.offset)

    def arrays(self) -> dict[str, np.ndarray]:
        """What to store."""
        return {"vectors": self.vectors, "weights": self.weights, "shape": np.array([self.offset, self.gamma])}

    @classmethod
    def of(cls, arrays: dict[str, np.ndarray], features: int) -> "OneClassSvm":
        """From stored arrays. Raises ValueError where shapes do not fit."""
        if arrays["vectors"].shape != (features, len(arrays["weights"])):
            raise ValueError("the support vectors do not fit their weights")
        offset, gamma = arrays["shape"].tolist()
        return cls(arrays["vectors"], arrays["weights"], offset, gamma)


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Reference payments, shared by LOF and DBSCAN so that distances are computed once.

    LOF: M. Breunig et al., "LOF: Identifying Density-Based Local Outliers" (SIGMOD 2000): mean local reachability
    density of the k nearest reference points over that of the point itself. DBSCAN: M. Ester et al. (KDD 1996)
    labels only the points it was fitted on; a new point is density-reachable iff a core point lies within eps, hence
    its score: distance to the nearest core point over eps.
    """

    points: Floats
    """Shape (features, points)."""
    k_distance: Floats
    density: Floats
    core: NDArray[np.int32]
    """Indices of DBSCAN's core points."""
    k: int
    eps: float

    def raw(self, x: Floats) -> tuple[float, float]:
        """LOF (about 1 for inliers) and DBSCAN score (up to 1 for what DBSCAN would have joined to a cluster)."""
        reach, dense, least = loops.neighbours(self.points, self.k_distance, self.density, self.core, self.k, x)
        own = 1.0 / (reach / self.k + 1e-10)
        return dense / self.k / own, least / self.eps

    def arrays(self) -> dict[str, np.ndarray]:
        """What to store."""
        return {
            "points": self.points,
            "k_distance": self.k_distance,
            "density": self.density,
            "core": self.core,
            "shape": np.array([float(self.k), self.eps]),
        }

    @classmethod
    def of(cls, arrays: dict[str, np.ndarray], features: int) -> "Neighbourhood":
        """From stored arrays. Raises ValueError where shapes do not fit."""
        points = arrays["points"]
        count = points.shape[1] if points.ndim == 2 else 0
        core = arrays["core"]
        k, eps = arrays["shape"].tolist()
        if points.shape != (features, count) or len(arrays["k_distance"]) != count or len(arrays["density"]) != count:
            raise ValueError("the reference points do not fit their densities")
        if not len(core) or core.min() < 0 or core.max() >= count or not 1 <= k <= count or eps <= 0:
            raise ValueError("the core points lead out of the reference points")
        return cls(points, arrays["k_distance"], arrays["density"], core, int(k), eps)


@dataclass(frozen=True, slots=True)
class Autoencoder:
    """A bottleneck network with rectified linear units; the score is the mean squared error of what comes out again."""

    weights: tuple[Floats, ...]
    """One matrix a layer, shape (inputs, outputs)."""
    biases: tuple[Floats, ...]

    def raw(self, x: Floats) -> float:
        """Mean squared reconstruction error."""
        flow = x
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            flow = loops.layer(weight, bias, flow, layer < len(self.weights) - 1)
        error: float = loops.squared_error(flow, x)
        return error / len(x)

    def arrays(self) -> dict[str, np.ndarray]:
        """What to store."""
        stored = {f"weight{layer}": weight for layer, weight in enumerate(self.weights)}
        return stored | {f"bias{layer}": bias for layer, bias in enumerate(self.biases)}

    @classmethod
    def of(cls, arrays: dict[str, np.ndarray], features: int) -> "Autoencoder":
        """From stored arrays. Raises ValueError where a layer does not fit the next."""
        layers = len(arrays) // 2
        weights = tuple(arrays[f"weight{layer}"] for layer in range(layers))
        biases = tuple(arrays[f"bias{layer}"] for layer in range(layers))
        width = features
        for weight, bias in zip(weights, biases, strict=True):
            if weight.shape != (width, len(bias)):
                raise ValueError("the autoencoder's layers do not fit together")
            width = len(bias)
        if not layers or width != features:
            raise ValueError(f"the autoencoder does not return {features} features")
        return cls(weights, biases)
