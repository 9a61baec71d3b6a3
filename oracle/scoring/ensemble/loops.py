"""The detectors' loops: one vector through arrays of trees, stored points and layers.

Sums run in the order of the features, one operation at a time; what is added up over points or trees is returned
instead and left to a correctly rounded sum (ADR 0010). All compiled code and every constant it takes in lies in this
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
def depths(x, roots, feature, threshold, left, right, length, most):
    """What `length` says of the leaf that `x` reaches in each tree, shape (trees,), after at most `most` cuts."""
    out = np.empty(roots.size, np.float64)
    for tree in range(roots.size):
        node = roots[tree]
        for _ in range(most):
            # as scikit-learn does: it keeps vectors as 32-bit floats
            child = left[node] if np.float64(np.float32(x[feature[node]])) <= threshold[node] else right[node]
            if child == node:
                break
            node = child
        out[tree] = length[node]
    return out


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
    """weight · exp(−gamma · squared distance), of each column of `points`, shape (P,)."""
    out = squared_distances(points, x)
    for p in range(out.size):
        out[p] = exp(-gamma * out[p]) * weights[p]
    return out


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
    """Of the `k` columns of `points` nearest to `x`: reachability distances (k,) and densities (k,); and the distance
    to the nearest of the columns `core`. Columns at the same distance are taken in their order."""
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
    return reach, dense, least


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
