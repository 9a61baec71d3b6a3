import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.scoring.ensemble.loops import exp
from oracle.scoring.numbers import exp2, interpolate, log2, total


@given(st.floats(min_value=1e-300, max_value=1e300))
def test_log2__any_positive_number__agrees_with_the_c_library(x: float) -> None:
    assert log2(x) == pytest.approx(math.log2(x), rel=1e-14, abs=1e-15)


@given(st.floats(min_value=-600.0, max_value=0.0))
def test_exp__any_exponent_below_zero__agrees_with_the_c_library(x: float) -> None:
    assert exp(x) == pytest.approx(math.exp(x), rel=1e-13)


@given(st.floats(min_value=-60.0, max_value=60.0))
def test_exp2__any_exponent__agrees_with_the_c_library(x: float) -> None:
    assert exp2(x) == pytest.approx(2.0**x, rel=1e-13)


def test_total__terms_in_any_order__same_bits() -> None:
    values = np.array([1e16, 1.0, -1e16, 1e-7] * 50)
    assert total(values) == total(values[::-1].copy()) == pytest.approx(50 * (1.0 + 1e-7), rel=1e-15)


@pytest.mark.parametrize(("x", "y"), [(-1.0, 5.0), (0.0, 5.0), (1.0, 7.5), (2.0, 10.0), (9.0, 10.0)])
def test_interpolate__inside_and_beyond__linear_then_constant(x: float, y: float) -> None:
    assert interpolate(((0.0, 5.0), (2.0, 10.0)), x) == y
