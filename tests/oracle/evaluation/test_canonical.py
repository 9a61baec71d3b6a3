import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.evaluation.canonical import canonical, read


@dataclass(frozen=True)
class Inner:
    name: str
    size: float | None


@dataclass(frozen=True)
class Outer:
    inner: tuple[Inner, ...]
    pair: tuple[int, bool]
    shares: dict[str, float]


INNER = st.builds(Inner, st.text(), st.none() | st.floats(allow_nan=False))
OUTER = st.builds(
    Outer,
    st.lists(INNER, max_size=3).map(tuple),
    st.tuples(st.integers(), st.booleans()),
    st.dictionaries(st.text(), st.floats(allow_nan=False), max_size=3),
)


@settings(deadline=None)
@given(OUTER)
def test_canonical__of_any_value__reads_back_the_same_and_writes_the_same(value: Outer) -> None:
    text = canonical(value)
    assert read(Outer, text) == value
    assert canonical(read(Outer, text)) == text
    assert text.isascii()


def test_canonical__of_a_value__is_sorted_and_without_spaces() -> None:
    value = Outer((Inner("é", math.inf),), (1, True), {"b": 0.1, "a": math.nan})
    assert canonical(value) == (
        '{"inner":[{"name":"\\u00e9","size":"Infinity"}],"pair":[1,true],"shares":{"a":"NaN","b":0.1}}'
    )


@pytest.mark.parametrize("value", [np.float32(1), np.arange(2), {1: 2}, {1, 2}, object()])
def test_canonical__of_what_json_does_not_know__is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "no JSON"),
        ('{"name":"a"}', r"lacks \['size'\]"),
        ('{"name":"a","size":1,"more":2}', r"unknown \['more'\]"),
        ('{"name":1,"size":1}', "name should be a str and is 1"),
        ('{"name":"a","size":"1"}', "size should be a number"),
        ('{"name":"a","size":true}', "size should be a number"),
        ("[]", "should be an object"),
    ],
)
def test_read__of_another_shape__names_the_field(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read(Inner, text)
