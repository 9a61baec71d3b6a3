"""The anomaly channel: five detectors, each as a rank among ordinary payments, and the rank of their weighted mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np

from oracle.scoring.ensemble.channel import Opinion
from oracle.scoring.ensemble.forest import Forest
from oracle.scoring.ensemble.kernels import Autoencoder, Neighbourhood, OneClassSvm
from oracle.scoring.ensemble.scaling import RankCurve, pack, unpack
from oracle.scoring.numbers import Floats

MEMBERS = ("isolation_forest", "one_class_svm", "lof", "dbscan", "autoencoder")
_GRID = 9
"""Raw scores are rounded to this many places before they are ranked."""


@dataclass(frozen=True, slots=True)
class AnomalyEnsemble:
    """Novelty: how far is this payment from anything ordinary? `curves`: one a member, and the last for their mean.
    `weights`: what each member counts in it, whole numbers, not all 0."""

    forest: Forest
    svm: OneClassSvm
    neighbourhood: Neighbourhood
    autoencoder: Autoencoder
    curves: tuple[RankCurve, ...]
    weights: tuple[int, ...]

    @property
    def name(self) -> str:
        """ "ensemble"."""
        return "ensemble"

    def raw(self, x: Floats) -> tuple[float, ...]:
        """The members' raw scores in the order of MEMBERS, higher is more unusual."""
        lof, dbscan = self.neighbourhood.raw(x)
        scores = (self.forest.raw(x), self.svm.raw(x), lof, dbscan, self.autoencoder.raw(x))
        return tuple([round(score, _GRID) for score in scores])

    def opinion(self, x: Floats) -> Opinion:
        """Ranks of the members, and the rank of their mean."""
        ranks = [curve(score) for curve, score in zip(self.curves[:-1], self.raw(x), strict=True)]
        return Opinion(self.name, self.curves[-1](mean(ranks, self.weights)), dict(zip(MEMBERS, ranks, strict=True)))

    def arrays(self) -> dict[str, np.ndarray]:
        """What to store."""
        parts = {
            "forest": self.forest.arrays(),
            "svm": self.svm.arrays(),
            "neighbourhood": self.neighbourhood.arrays(),
            "autoencoder": self.autoencoder.arrays(),
            "curves": pack(self.curves),
            "weights": {"members": np.array(self.weights, np.int32)},
        }
        return {f"{part}.{name}": array for part, arrays in parts.items() for name, array in arrays.items()}

    @classmethod
    def of(cls, arrays: dict[str, np.ndarray], features: int) -> "AnomalyEnsemble":
        """From stored arrays. Raises ValueError (or KeyError for a missing one)."""
        parts: dict[str, dict[str, np.ndarray]] = {}
        for name, array in arrays.items():
            part, _, field = name.partition(".")
            parts.setdefault(part, {})[field] = array
        curves = unpack(parts["curves"])
        if len(curves) != len(MEMBERS) + 1:
            raise ValueError(f"expected {len(MEMBERS) + 1} rank curves and found {len(curves)}")
        weights = parts["weights"]["members"]
        if weights.dtype != np.int32 or weights.shape != (len(MEMBERS),) or weights.min() < 0 or not weights.any():
            raise ValueError(f"the members' weights are {weights.tolist()}")
        return cls(
            Forest.of(parts["forest"], features),
            OneClassSvm.of(parts["svm"], features),
            Neighbourhood.of(parts["neighbourhood"], features),
            Autoencoder.of(parts["autoencoder"], features),
            curves,
            tuple(weights.tolist()),
        )


def mean(ranks: Sequence[float], weights: Sequence[int]) -> float:
    """The weighted mean, correctly rounded but for the division."""
    return fsum([weight * rank for weight, rank in zip(weights, ranks, strict=True)]) / sum(weights)
