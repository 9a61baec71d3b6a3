"""Arithmetic that gives the same bits on every machine.

IEEE 754 fixes + − × ÷ and square roots to the last bit, and leaves logarithms and exponentials to each C library and
each CPU's vector unit. Scores must not depend on those (ADR 0010), so both are built here from exact operations only.
"""

from collections.abc import Sequence
from math import frexp, ldexp

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LN2 = 0.6931471805599453
_TWO_OVER_LN2 = 2.8853900817779268
_SQRT_HALF = 0.7071067811865476


def log2(x: float) -> float:
    """Binary logarithm of x > 0, within 1e-15 relative: the series of 2·artanh((m−1)/(m+1)) on m in [√½, √2)."""
    m, e = frexp(x)
    if m < _SQRT_HALF:
        m *= 2.0
        e -= 1
    s = (m - 1.0) / (m + 1.0)
    q = s * s
    series = 1.0 + q * (
        1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13 + q * (1 / 15 + q / 17))))))
    )
    return e + _TWO_OVER_LN2 * s * series


_OF_COUNTS = {float(count): log2(1.0 + count) for count in range(1 << 10)}


def log1p2(x: float) -> float:
    """Binary logarithm of 1 + x for x >= 0: one bit a doubling, and 0 for nothing."""
    known = _OF_COUNTS.get(x)
    return log2(1.0 + x) if known is None else known


_EXP_TERMS = [1.0]
for _k in range(1, 15):
    _EXP_TERMS.append(_EXP_TERMS[-1] / _k)


def exp2(x: float) -> float:
    """2^x for one number."""
    k = round(x)
    r = (x - k) * _LN2
    total = _EXP_TERMS[-1]
    for term in reversed(_EXP_TERMS[:-1]):
        total = total * r + term
    return ldexp(total, k)


def interpolate(points: Sequence[tuple[float, float]], x: float) -> float:
    """Piecewise linear through `points` (rising in x), constant beyond both ends."""
    low_x, low_y = points[0]
    if x <= low_x:
        return low_y
    for high_x, high_y in points[1:]:
        if x <= high_x:
            return low_y + (high_y - low_y) * (x - low_x) / (high_x - low_x)
        low_x, low_y = high_x, high_y
    return low_y
