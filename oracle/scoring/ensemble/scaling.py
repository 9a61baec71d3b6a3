"""Ranks: from any quantity to its place among ordinary payments."""

from bisect import bisect_right
from dataclasses import dataclass, field

import numpy as np

from oracle.scoring.ensemble import loops
from oracle.scoring.numbers import Floats

_OVERSHOOT = 0.5


@dataclass(frozen=True, slots=True)
class RankCurve:
    """An empirical distribution function as a rising polyline; `values` strictly rising, `ranks` in 0–1.

    `width` > 0 lets values beyond the ends run on to −0.5 and 1.5 at that distance, so that what lies outside of
    everything seen is told apart; 0 cuts them off.
    """

    values: tuple[float, ...]
    ranks: tuple[float, ...]
    width: float = 0.0

    def __call__(self, value: float) -> float:
        """The rank of `value`."""
        at = bisect_right(self.values, value)
        if at == 0:
            return self.ranks[0] - self._beyond(self.values[0] - value)
        if at == len(self.values):
            return self.ranks[-1] + self._beyond(value - self.values[-1])
        low, high = self.values[at - 1], self.values[at]
        return self.ranks[at - 1] + (self.ranks[at] - self.ranks[at - 1]) * (value - low) / (high - low)

    def _beyond(self, distance: float) -> float:
        return _OVERSHOOT * min(1.0, distance / self.width) if self.width else 0.0


@dataclass(frozen=True, slots=True)
class Scaler:
    """One rank curve a feature: the quantile transform that the detectors are fitted behind."""

    curves: tuple[RankCurve, ...]
    _packed: tuple[np.ndarray, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_packed", tuple(pack(self.curves).values()))

    def __call__(self, entries: tuple[int, ...], scale: int) -> Floats:
        """The scaled vector of shape (features,) of integer `entries` in units of 1/`scale`: for each its curve."""
        ranks: Floats = loops.ranks(*self._packed, np.array(entries, np.float64) / scale)
        return ranks


def pack(curves: tuple[RankCurve, ...]) -> dict[str, np.ndarray]:
    """Curves as flat arrays, with the offsets at which each begins."""
    offsets = np.cumsum([0] + [len(curve.values) for curve in curves]).astype(np.int32)
    return {
        "offsets": offsets,
        "values": np.concatenate([np.array(curve.values) for curve in curves]),
        "ranks": np.concatenate([np.array(curve.ranks) for curve in curves]),
        "widths": np.array([curve.width for curve in curves]),
    }


def unpack(arrays: dict[str, np.ndarray]) -> tuple[RankCurve, ...]:
    """The reverse of `pack`. Raises ValueError where they are not rising or do not fit together."""
    offsets, values, ranks, widths = (arrays[name] for name in ("offsets", "values", "ranks", "widths"))
    if offsets[0] != 0 or offsets[-1] != len(values) or len(ranks) != len(values) or len(widths) != len(offsets) - 1:
        raise ValueError("rank curves do not fit together")
    curves = []
    for start, end, width in zip(offsets[:-1], offsets[1:], widths.tolist(), strict=True):
        xs, ys = values[start:end], ranks[start:end]
        if end <= start or not (np.diff(xs) > 0).all() or not (np.diff(ys) >= 0).all():
            raise ValueError("a rank curve does not rise")
        curves.append(RankCurve(tuple(xs.tolist()), tuple(ys.tolist()), width))
    return tuple(curves)
