"""Result objects to canonical JSON and back: one text for one value, and the same value again.

Canonical: keys sorted, no spaces, ASCII, floats in the shortest form that reads back to the same double. JSON has no
infinities and no NaN, so those three are written as strings.
"""

import json
import math
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def canonical(value: Any) -> str:
    """The canonical JSON of plain values and of frozen dataclasses of them."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def plain(value: Any) -> Any:
    """A value as JSON knows it. Raises TypeError for anything but dataclasses, dicts with string keys, lists, tuples,
    strings, numbers, booleans and None."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(f"keys must be strings: {sorted(map(repr, value))}")
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value is None or type(value) in (bool, int, float, str):
        return value
    raise TypeError(f"{type(value).__name__} {value!r} has no canonical form; convert it to plain Python first")


def read(kind: type[T], text: str) -> T:
    """The `kind` that `canonical` wrote. Raises ValueError naming the field for text of another shape."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON: {error}") from None
    result: T = restore(kind, data)
    return result


def restore(kind: Any, data: Any, where: str = "") -> Any:
    """`data` as JSON gave it, as a `kind`: a dataclass, tuple, dict, union with None, or plain type.

    Raises ValueError naming the field where a type differs, a field is missing or one too many is there.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        return _restore_dataclass(kind, data, where)
    if origin in (Union, UnionType):
        if data is None and type(None) in inner:
            return None
        (only,) = [one for one in inner if one is not type(None)]
        return restore(only, data, where)
    if origin is tuple:
        _demand(isinstance(data, list), where, "a list", data)
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(restore(inner[0], one, f"{where}[{i}]") for i, one in enumerate(data))
        _demand(len(data) == len(inner), where, f"a list of {len(inner)}", data)
        return tuple(restore(own, one, f"{where}[{i}]") for i, (own, one) in enumerate(zip(inner, data, strict=True)))
    if origin is dict:
        _demand(isinstance(data, dict), where, "an object", data)
        return {key: restore(inner[1], one, f"{where}.{key}") for key, one in data.items()}
    if kind is float:
        if data in ("NaN", "Infinity", "-Infinity"):
            return float(data)
        _demand(type(data) in (int, float), where, "a number", data)
        return float(data)
    _demand(type(data) is kind, where, f"a {kind.__name__}", data)
    return data


def _restore_dataclass(kind: type, data: Any, where: str) -> Any:
    _demand(isinstance(data, dict), where, "an object", data)
    names = {one.name for one in fields(kind)}
    if set(data) != names:
        raise ValueError(
            f"{where or kind.__name__} lacks {sorted(names - set(data))} and has unknown {sorted(set(data) - names)}"
        )
    hints = get_type_hints(kind)
    return kind(**{name: restore(hints[name], data[name], f"{where}.{name}".lstrip(".")) for name in sorted(names)})


def _demand(holds: bool, where: str, wanted: str, data: Any) -> None:
    if not holds:
        raise ValueError(f"{where or 'the value'} should be {wanted} and is {data!r}")
