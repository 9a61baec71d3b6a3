import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.scoring.ensemble.loops import exp, total
from oracle.scoring.numbers import exp2, interpolate, log1p2, log2


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


_SUMMANDS = st.one_of(
    st.floats(min_value=-1e30, max_value=1e30),
    # close to each other's last bits, where rounding half to even needs what lies below
    st.builds(lambda sign, power: sign * 2.0**power, st.sampled_from((-1.0, 1.0, 3.0)), st.integers(-120, 120)),
)


@given(st.lists(_SUMMANDS, max_size=60))
def test_total__any_terms__the_bits_of_fsum(values: list[float]) -> None:
    assert total(np.array(values, np.float64)).hex() == math.fsum(values).hex()


def test_total__a_half_bit_and_a_trace_below_it__rounded_away_from_even() -> None:
    assert total(np.array([1.0, 2.0**-53, 2.0**-120])) == math.fsum([1.0, 2.0**-53, 2.0**-120]) == 1.0 + 2.0**-52


def test_total__an_infinite_term__infinite() -> None:
    assert total(np.array([1.0, math.inf])) == math.inf


@given(st.floats(min_value=0.0, max_value=1e15) | st.integers(min_value=0, max_value=1 << 40))
def test_log1p2__counts_at_hand_and_other_numbers__the_bits_of_log2(x: float) -> None:
    assert log1p2(x).hex() == log2(1.0 + x).hex()


@pytest.mark.parametrize(("x", "y"), [(-1.0, 5.0), (0.0, 5.0), (1.0, 7.5), (2.0, 10.0), (9.0, 10.0)])
def test_interpolate__inside_and_beyond__linear_then_constant(x: float, y: float) -> None:
    assert interpolate(((0.0, 5.0), (2.0, 10.0)), x) == y
