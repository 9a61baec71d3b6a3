"""Loops compiled to machine code that computes the same bits everywhere."""

from collections.abc import Callable
from typing import Any

import numba


def compiled(function: Callable[..., Any]) -> Any:
    """`function` as machine code in IEEE 754 order: no fast math, so the compiler neither reorders sums nor fuses
    multiply and add. The code is kept beside the source or in the user's cache, where either can be written."""
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # nowhere to keep it, as in a read-only container: compile at every start
        return numba.njit(nogil=True, error_model="numpy")(function)
