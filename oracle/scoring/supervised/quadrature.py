"""Gauss-Legendre quadrature to the last bit."""

from decimal import Decimal, localcontext
from math import cos, pi

import numpy as np

from oracle.scoring.numbers import Floats

_DIGITS = 50


def gauss_legendre(count: int) -> tuple[Floats, Floats]:
    """Nodes and weights on [0, 1], each of shape (count,), that integrate polynomials up to degree 2·count − 1 exactly.

    NumPy's own come from an eigenvalue routine whose last bits differ between machines; these are the roots of the
    Legendre polynomial to 50 digits, rounded once. Weights: 2 / ((1 − x²) P'(x)²) (Abramowitz and Stegun 25.4.29).
    """
    nodes, weights = [], []
    with localcontext() as context:
        context.prec = _DIGITS
        for k in range(count):
            x = Decimal(cos(pi * (k + 0.75) / (count + 0.5)))
            for _ in range(8):  # the start has 2 digits or more, and each step doubles them
                value, slope = _legendre(count, x)
                x -= value / slope
            _, slope = _legendre(count, x)
            nodes.append(float((1 - x) / 2))
            weights.append(float(1 / ((1 - x * x) * slope * slope)))
    return np.array(nodes), np.array(weights)


def _legendre(degree: int, x: Decimal) -> tuple[Decimal, Decimal]:
    """P(x) and P'(x) by Bonnet's recursion."""
    before, value = Decimal(1), x
    for n in range(2, degree + 1):
        before, value = value, ((2 * n - 1) * x * value - (n - 1) * before) / n
    return value, degree * (x * value - before) / (x * x - 1)
