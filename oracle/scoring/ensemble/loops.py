"""The detectors' loops: one vector through arrays of trees, stored points and layers.

Sums run in the order of the features, one operation at a time; what is added up over points or trees is correctly
rounded (ADR 0010). All compiled code and every constant it takes in lies in this
one file: the cache of machine code looks at no other file's date (ADR 0016).
"""
# ruff: noqa: ANN001, ANN201
# mypy: disable-error-code="no-untyped-def"

import math
from itertools import accumulate
from operator import truediv

import numpy as np

from oracle.scoring.compiled import compiled

_OVERSHOOT = 0.5
_LN2 = 0.6931471805599453
_TAYLOR = tuple(accumulate(range(1, 15), truediv, initial=1.0))
"""1/k!"""


_PARTIALS = 64
"""Doubles that do not overlap; the whole range of exponents has room for 40."""


@compiled
def total(values):
    """The correctly rounded sum, whatever the order: the bits of `math.fsum`, except that it overflows silently.

    J. R. Shewchuk: "Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates" (1997).
    """
    partials, held = np.empty(_PARTIALS, np.float64), 0
    for value in values:
        if not math.isfinite(value):
            return np.sum(values)
        high, kept = value, 0
        for i in range(held):
            low = partials[i]
            if abs(high) < abs(low):
                high, low = low, high
            both = high + low
            lost = low - (both - high)
            if lost != 0.0:
                partials[kept] = lost
                kept += 1
            high = both
        partials[kept] = high
        held = kept + 1
    if held == 0:
        return 0.0
    held -= 1
    high, low = partials[held], 0.0
    while held > 0:
        held -= 1
        both = high + partials[held]
        low = partials[held] - (both - high)
        high = both
        if low != 0.0:
            break
    # half of the last bit was cut off, and what is left below it decides which way that must be rounded
    if held > 0 and low * partials[held - 1] > 0.0:
        both = high + 2.0 * low
        if 2.0 * low == both - high:
            high = both
    return high


@compiled
def ranks(offsets, values, levels, widths, x):
    """Of each entry of `x`, shape (F,), on the rising polyline that `offsets` gives it: see `scaling.RankCurve`."""
    out = np.empty(x.size, np.float64)
    for i in range(x.size):
        first, end, value = offsets[i], offsets[i + 1], x[i]
        at, past = first, end
        while at < past:
            middle = (at + past) // 2
            if value < values[middle]:
                past = middle
            else:
                at = middle + 1
        if at in (first, end):
            edge = first if at == first else end - 1
            beyond = 0.0
            if widths[i] != 0.0:
                beyond = _OVERSHOOT * min(1.0, abs(value - values[edge]) / widths[i])
            out[i] = levels[edge] - beyond if at == first else levels[edge] + beyond
        else:
            low, high = values[at - 1], values[at]
            out[i] = levels[at - 1] + (levels[at] - levels[at - 1]) * (value - low) / (high - low)
    return out


@compiled
def depth(x, roots, feature, threshold, left, right, length, most):
    """The sum of what `length` says of the leaves that `x` reaches in the trees after at most `most` cuts each."""
    out = np.empty(roots.size, np.float64)
    # as scikit-learn does: it keeps vectors as 32-bit floats
    single = x.astype(np.float32).astype(np.float64)
    for tree in range(roots.size):
        node = roots[tree]
        for _ in range(most):
            child = left[node] if single[feature[node]] <= threshold[node] else right[node]
            if child == node:
                break
            node = child
        out[tree] = length[node]
    return total(out)


@compiled
def squared_distances(points, x):
    """Of `x`, shape (F,), to each column of `points`, shape (F, P)."""
    out = np.zeros(points.shape[1], np.float64)
    for i in range(points.shape[0]):
        for p in range(points.shape[1]):
            difference = points[i, p] - x[i]
            out[p] += difference * difference
    return out


@compiled
def gaussian(points, weights, gamma, x):
    """The sum over the columns of `points` of weight · exp(−gamma · squared distance)."""
    out = squared_distances(points, x)
    for p in range(out.size):
        out[p] = exp(-gamma * out[p]) * weights[p]
    return total(out)


@compiled
def exp(x):
    """e^x for x <= 0, within 1e-15 relative: e^x = 2^k · e^r with |r| <= ln2/2, and Taylor's series for e^r."""
    x = max(x, -700.0)
    k = np.rint(x / _LN2)
    r = x - k * _LN2
    total = _TAYLOR[14]
    for i in range(13, -1, -1):
        total = total * r + _TAYLOR[i]
    return math.ldexp(total, int(k))


@compiled
def neighbours(points, k_distance, density, core, k, x):
    """Of the `k` columns of `points` nearest to `x` the sums of reachability distances and of densities; and the
    distance to the nearest of the columns `core`. Columns at the same distance are taken in their order."""
    distance = np.sqrt(squared_distances(points, x))
    near = np.empty(k, np.int64)
    held = 0
    for p in range(distance.size):
        if held == k and distance[p] >= distance[near[k - 1]]:
            continue
        at = min(held, k - 1)
        while at > 0 and distance[near[at - 1]] > distance[p]:
            near[at] = near[at - 1]
            at -= 1
        near[at] = p
        held = min(held + 1, k)
    reach, dense = np.empty(k, np.float64), np.empty(k, np.float64)
    for i in range(k):
        reach[i] = max(distance[near[i]], k_distance[near[i]])
        dense[i] = density[near[i]]
    least = distance[core[0]]
    for c in core:
        least = min(least, distance[c])
    return total(reach), total(dense), least


@compiled
def layer(weight, bias, flow, rectified):
    """flow · weight + bias for one vector (inputs,) and a matrix (inputs, outputs), negative outputs cut off where
    `rectified`."""
    out = np.zeros(weight.shape[1], np.float64)
    for i in range(weight.shape[0]):
        for j in range(weight.shape[1]):
            out[j] += weight[i, j] * flow[i]
    for j in range(out.size):
        out[j] += bias[j]
        if rectified:
            out[j] = max(out[j], 0.0)
    return out


@compiled
def squared_error(one, other):
    """The sum of the squared differences of two vectors."""
    error = one - other
    return total(error * error)
