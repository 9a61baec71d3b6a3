"""Amounts and times as text: exact, or refused."""

from decimal import Context, Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.datasets import cells
from oracle.datasets.tables import Batch
from oracle.errors import DataInvalid

EXACT = Context(prec=400)


def column(*texts: str | None) -> Batch:
    return Batch(Path("file.csv"), {"x": pa.array(texts, pa.string())}, 2)


def value(text: str) -> Decimal:
    """What `decimals` reads."""
    amounts = cells.decimals(column(text), "x")
    return Decimal(int(amounts.mantissa[0])).scaleb(-int(amounts.places[0]), EXACT)


@settings(deadline=None)
@given(st.integers(0, 10**78 - 1), st.integers(0, 78))
def test_decimals__any_amount_of_78_digits__is_exact(digits: int, places: int) -> None:
    text = f"{digits // 10**places}.{digits % 10**places:0{places}d}" if places else str(digits)
    assert value(text) == Decimal(text)


@settings(deadline=None)
@given(st.integers(0, 10**20), st.integers(-99, 99), st.integers(0, 20))
def test_decimals__exponents__move_the_point_and_no_digit(digits: int, exponent: int, places: int) -> None:
    text = f"{digits // 10**places}.{digits % 10**places:0{max(places, 1)}d}e{exponent:+d}"
    assert value(text) == EXACT.create_decimal(text)


@pytest.mark.parametrize(
    ("text", "mantissa", "places"),
    [
        ("0", 0, 0),
        ("0.00", 0, 0),
        ("100", 100, 0),
        ("100.50", 1005, 1),
        ("5.", 5, 0),
        ("1,234,567.25", 123456725, 2),
        ("2.794894e+23", 279489400000000000000000, 0),
        ("1E-06", 1, 6),
        ("20000000000000.0", 20000000000000, 0),
    ],
)
def test_decimals__known_writing__is_read(text: str, mantissa: int, places: int) -> None:
    amounts = cells.decimals(column("1", text), "x")
    assert (int(amounts.mantissa[1]), int(amounts.places[1])) == (mantissa, places)


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "nan", "inf", "1,23", "1.2.3", "0x10", "1e999", " 1", "\u0661", "1e", None]
)
def test_decimals__anything_else__is_refused(text: str | None) -> None:
    with pytest.raises(DataInvalid) as caught:
        cells.decimals(column("1", text), "x")
    assert (caught.value.row, caught.value.value) == (3, text or "")


@pytest.mark.parametrize(
    "text", ["2022/02/30 10:00", "2022/13/01 10:00", "2022/01/01 24:30", "2022-01-01", "01/02/2022 10:00", ""]
)
def test_moments__no_such_time__is_refused(text: str) -> None:
    pattern = "^[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}$"
    with pytest.raises(DataInvalid) as caught:
        cells.moments(column("2022/02/28 10:00", text), "x", pattern, "2022/02/28 10:00")
    assert caught.value.row == 3


@pytest.mark.parametrize(
    "text",
    [
        "2021-01-01 00:00:05 UTC",
        "2021-01-01T00:00:05Z",
        "2021-01-01 00:00:05",
        "2021-01-01 00:00:05.000000 UTC",
        "1609459205",
    ],
)
def test_timestamps__every_way_to_write_one__is_the_same_second(text: str) -> None:
    assert cells.timestamps(column(text), "x").tolist() == [1_609_459_205]


def test_timestamps__parquet_times__become_seconds() -> None:
    for unit in ("s", "ms", "us", "ns"):
        array = pa.array(
            np.array([1_609_459_205], "datetime64[s]").astype(f"datetime64[{unit}]"), pa.timestamp(unit, "UTC")
        )
        assert cells.timestamps(Batch(Path("a.parquet"), {"x": array}, 1), "x").tolist() == [1_609_459_205]


@pytest.mark.parametrize(
    ("array", "problem"),
    [
        (pa.array([2**64 - 1], pa.uint64()), "no whole number"),
        (pa.array([1.0]), "not exact"),
        (pa.array([[1]]), "no text"),
        (pa.array([b"\xff"]), "no text"),
        (pa.array([None], pa.int64()), "no whole number"),
        (pa.array([True]), "no whole number"),
    ],
)
def test_integers__parquet_of_another_type__is_refused(array: object, problem: str) -> None:
    with pytest.raises(DataInvalid, match=problem) as caught:
        cells.integers(Batch(Path("a.parquet"), {"x": array}, 1), "x")
    assert caught.value.column == "x"


@pytest.mark.parametrize(
    "array",
    [
        pa.array([7, 0], pa.int8()),
        pa.array([7, 0], pa.int64()),
        pa.array([7, 0], pa.uint64()),
        pa.array(["7", "0"], pa.large_string()),
        pa.array(["7", "0"]).dictionary_encode(),
    ],
)
def test_integers__parquet_of_any_whole_type__are_read(array: object) -> None:
    assert cells.integers(Batch(Path("a.parquet"), {"x": array}, 1), "x").tolist() == [7, 0]


def test_integers__beyond_the_bounds__are_refused() -> None:
    with pytest.raises(DataInvalid, match="not within 0 to 5"):
        cells.integers(column("5", "6"), "x", 0, 5)
