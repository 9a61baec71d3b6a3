"""The error tree: as drawn, each with a sentence of its own and data that can be published."""

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

from oracle import errors
from oracle.errors import PayFlowError

CLASSES = [one for one in vars(errors).values() if inspect.isclass(one) and issubclass(one, PayFlowError)]
SAMPLES: dict[str, Any] = {
    "int": 7,
    "int | None": 7,
    "str": "0x12",
    "str | None": "0x12",
    "object": "0x12",
    "int | str": 7,
    "Path": Path("folder/file.json"),
    "Path | str": "file.json",
    "Mapping[str, object]": {"given": 1},
    "tuple[str, ...]": ("pUSD",),
    "float": 1.5,
    "bool": True,
}


def drawn() -> list[tuple[str, str | None]]:
    """(class, parent) pairs as the module's docstring draws them."""
    found: list[tuple[str, str | None]] = []
    above: dict[int, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        matched = re.match(r"^ {4}([│ ]*(?:[├└]── )?)([A-Z]\w+)", line)
        if matched is None:
            continue
        depth = len(matched[1]) // 4
        above[depth] = matched[2]
        found.append((matched[2], above.get(depth - 1)))
    return found


def test_docstring__the_drawn_tree__is_the_tree() -> None:
    real = {(one.__name__, None if one is PayFlowError else one.__bases__[0].__name__) for one in CLASSES}
    assert set(drawn()) == real


def leaves() -> list[type[PayFlowError]]:
    return [one for one in CLASSES if not any(other.__bases__[0] is one for other in CLASSES)]


@pytest.mark.parametrize("kind", leaves(), ids=lambda kind: kind.__name__)
def test_error__each_leaf__builds_a_sentence_and_publishable_data(kind: type[PayFlowError]) -> None:
    parameters = inspect.signature(kind.__init__).parameters
    given = {
        name: SAMPLES[
            str(one.annotation)
            if isinstance(one.annotation, str)
            else inspect.formatannotation(one.annotation).replace("pathlib.", "").replace("collections.abc.", "")
        ]
        for name, one in parameters.items()
        if name != "self" and one.kind is one.KEYWORD_ONLY
    }
    error = kind(**given)
    assert len(str(error)) > 20
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", error.code)
    json.dumps(error.data)


def test_code__class_name__is_kebab_case() -> None:
    assert errors.PaymentUnknown(payment_id="0x").code == "payment-unknown"
