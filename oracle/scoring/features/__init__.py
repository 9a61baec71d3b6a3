"""Measurements of one payment as of all earlier ones: the only code that computes them, online, in training and in
tests."""

from oracle.scoring.features.context import Context
from oracle.scoring.features.vector import FEATURES, SCALE, VELOCITY_FEATURES, Signals, decimals, vector

__all__ = ["FEATURES", "SCALE", "VELOCITY_FEATURES", "Context", "Signals", "decimals", "vector"]
