"""Cells of text to numbers, exactly.

Each function converts one column of a batch, or raises DataInvalid for its first bad cell.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.datasets.tables import Batch, arrow, refuse_file

UINT256_END = 1 << 256
INT64_END = 1 << 63
_SHORT = 18
"""Decimal digits that any int64 holds."""
_GET_AGAIN = "Correct the cell, or get the file again; see docs/data.md."


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of names: row i says `names[codes[i]]`; `codes` of shape (N,)."""

    codes: NDArray[np.int64]
    names: list[str]

    def each(self) -> list[str]:
        """The name of every row."""
        return [self.names[code] for code in self.codes.tolist()]


@dataclass(frozen=True, slots=True)
class Amounts:
    """Row i stands for mantissa[i] / 10^places[i]; both of shape (N,), mantissa int64 or Python integers."""

    mantissa: NDArray[np.int64] | NDArray[np.object_]
    places: NDArray[np.int64]


def demand(batch: Batch, column: str, good: Any, problem: str, remedy: str = _GET_AGAIN) -> None:
    """Raise DataInvalid for the first row for which `good` (an array of truths, pyarrow's or numpy's) is not true."""
    mask = good if isinstance(good, np.ndarray) else good.fill_null(False).to_numpy(zero_copy_only=False)
    if not mask.all():
        batch.refuse(int(np.argmin(mask)), column, problem, remedy)


def matching(batch: Batch, column: str, pattern: str, problem: str) -> None:
    """Raise DataInvalid for the first cell that this regular expression does not describe."""
    demand(batch, column, arrow().compute.match_substring_regex(texts(batch, column), pattern), problem)


def texts(batch: Batch, column: str) -> Any:
    """The column as pyarrow text; floating-point numbers are refused, because they have lost digits already."""
    pa = arrow()
    array = batch.columns[column]
    if pa.types.is_floating(array.type):
        refuse_file(batch.path, f"holds floating-point numbers ({array.type}), which are not exact", column=column)
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        return array
    try:
        return array.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        refuse_file(batch.path, f"holds values of the type {array.type}, which are no text", column=column)


def integers(
    batch: Batch, column: str, low: int = 0, high: int = INT64_END - 1, *, missing: int | None = None
) -> NDArray[np.int64]:
    """Whole numbers from `low` to `high`, both within int64, shape (N,). `missing`: what an empty cell stands for."""
    pa = arrow()
    array = batch.columns[column]
    if pa.types.is_integer(array.type) and array.type != pa.uint64():
        array = array if missing is None else array.fill_null(missing)
    else:
        array = texts(batch, column)
        if missing is not None:
            array = pa.compute.if_else(pa.compute.equal(array.fill_null(""), ""), str(missing), array)
        demand(batch, column, pa.compute.match_substring_regex(array, "^-?[0-9]{1,18}$"), "is no whole number")
    demand(batch, column, array.is_valid(), "is no whole number")
    values: NDArray[np.int64] = array.cast(pa.int64()).to_numpy(zero_copy_only=False)
    demand(batch, column, (values >= low) & (values <= high), f"is not within {low} to {high}")
    return values


def flags(batch: Batch, column: str) -> NDArray[np.int8]:
    """Zeros and ones, shape (N,)."""
    return integers(batch, column, 0, 1).astype(np.int8)


def base_units(batch: Batch, column: str) -> Amounts:
    """Whole amounts from 0 to 2^256 - 1, exactly."""
    array = texts(batch, column)
    demand(batch, column, arrow().compute.match_substring_regex(array, "^[0-9]{1,78}$"), "is no whole amount from 0 on")
    mantissa = _whole(array)
    if mantissa.dtype == np.object_:
        small = np.array([value < UINT256_END for value in mantissa.tolist()], np.bool_)
        demand(batch, column, small, "is more than 2^256 - 1")
    return Amounts(mantissa, np.zeros(len(array), np.int64))


def decimals(batch: Batch, column: str) -> Amounts:
    """Amounts from 0 on as decimal text ("12.5", "1,000.25", "2.79e+23"), exactly as they are written."""
    compute = arrow().compute
    array = texts(batch, column)
    pattern = "^([0-9]{1,78}|[0-9]{1,3}(,[0-9]{3})+)([.][0-9]{0,78})?([eE][+-]?[0-9]{1,2})?$"
    demand(batch, column, compute.match_substring_regex(array, pattern), "is no amount from 0 on")
    plain = compute.replace_substring(array, ",", "")
    if compute.any(compute.match_substring_regex(plain, "[eE]")).as_py():
        plain = arrow().array([_without_exponent(text) for text in plain.to_pylist()], arrow().string())
    plain = compute.utf8_rtrim(
        compute.if_else(compute.match_substring(plain, "."), plain, compute.binary_join_element_wise(plain, "", ".")),
        "0",
    )
    point = compute.find_substring(plain, ".").to_numpy(zero_copy_only=False).astype(np.int64)
    length = compute.utf8_length(plain).to_numpy(zero_copy_only=False).astype(np.int64)
    return Amounts(_whole(compute.replace_substring(plain, ".", "")), length - point - 1)


def addresses(batch: Batch, column: str) -> Coded:
    """Ethereum addresses, in lower case."""
    compute = arrow().compute
    array = texts(batch, column)
    good = compute.match_substring_regex(array, "^0x[0-9a-fA-F]{40}$")
    demand(batch, column, good, "is no address", "Expected 0x and 40 hexadecimal digits.")
    return _coded(compute.utf8_lower(array))


def hashes(batch: Batch, column: str) -> Coded:
    """Transaction hashes, in lower case."""
    compute = arrow().compute
    array = texts(batch, column)
    good = compute.match_substring_regex(array, "^0x[0-9a-fA-F]{64}$")
    demand(batch, column, good, "is no transaction hash", "Expected 0x and 64 hexadecimal digits.")
    return _coded(compute.utf8_lower(array))


def names(batch: Batch, column: str, *, empty: bool = False) -> Coded:
    """Text as it stands; `empty`: whether a cell may be empty."""
    array = texts(batch, column).fill_null("")
    if not empty:
        demand(batch, column, arrow().compute.match_substring_regex(array, r"\S"), "is empty")
    return _coded(array)


def moments(batch: Batch, column: str, pattern: str, example: str, *, prefix: str | None = None) -> NDArray[np.int64]:
    """Dates and times in UTC as unix seconds, shape (N,).

    `pattern`: a regular expression of the format, "/" or "-" in the date, and an example of it; `prefix`: the column
    that holds the date, where this one holds the time of day only.
    """
    pa = arrow()
    matching(batch, column, pattern, f"is no time like {example}")
    array = texts(batch, column)
    if prefix is not None:
        array = pa.compute.binary_join_element_wise(texts(batch, prefix), array, " ")
    cut = pa.compute.replace_substring_regex(array, r"([.]0+)?( UTC|Z|[+]00:00)?$", "")
    iso = pa.compute.replace_substring(pa.compute.replace_substring(cut, "/", "-"), "T", " ")
    try:
        return np.asarray(iso.cast(pa.timestamp("s")).cast(pa.int64()).to_numpy(zero_copy_only=False))
    except pa.ArrowInvalid:
        demand(
            batch, prefix or column, np.array([_is_time(one) for one in iso.to_pylist()], np.bool_), "is no such time"
        )
        raise


def timestamps(batch: Batch, column: str) -> NDArray[np.int64]:
    """Unix seconds, or Parquet times, or text like "2021-01-01 00:00:05 UTC", as unix seconds, shape (N,)."""
    pa = arrow()
    array = batch.columns[column]
    if pa.types.is_timestamp(array.type):
        demand(batch, column, array.is_valid(), "is no time")
        seconds = array.cast(pa.timestamp("s", array.type.tz), safe=False).cast(pa.int64())
        return np.asarray(seconds.to_numpy(zero_copy_only=False))
    if not pa.types.is_integer(array.type) and "-" in str(array[0]):
        pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}([.]0+)?( UTC|Z|[+]00:00)?$"
        return moments(batch, column, pattern, "2021-01-01 00:00:05 UTC")
    return integers(batch, column)


def _whole(digits: Any) -> NDArray[np.int64] | NDArray[np.object_]:
    """Text of digits as int64 if all of it is short enough, else as Python integers."""
    pa = arrow()
    short = pa.compute.less_equal(pa.compute.utf8_length(digits), _SHORT)
    mask = short.to_numpy(zero_copy_only=False)
    values: NDArray[np.int64] = pa.compute.if_else(short, digits, "0").cast(pa.int64()).to_numpy(zero_copy_only=False)
    if mask.all():
        return values
    exact = values.astype(np.object_)
    exact[~mask] = [int(text) for text in digits.filter(pa.compute.invert(short)).to_pylist()]
    return exact


def _without_exponent(text: str) -> str:
    """ "2.79e+2" as "279": the decimal point moved, no digit changed."""
    number, _, exponent = text.lower().partition("e")
    whole, _, fraction = number.partition(".")
    shift = int(exponent or "0")
    if shift >= 0:
        fraction = fraction.ljust(shift, "0")
        return f"{whole}{fraction[:shift]}.{fraction[shift:]}"
    whole = whole.rjust(-shift + 1, "0")
    return f"{whole[:shift]}.{whole[shift:]}{fraction}"


def _coded(array: Any) -> Coded:
    encoded = array.dictionary_encode()
    return Coded(encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary.to_pylist())


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
