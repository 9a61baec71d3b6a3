"""The mistakes that are seeded to test the tests still fit the contracts: those runs are long and rare."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "contracts"))

import prove
import seeded

SOURCES = Path(__file__).resolve().parents[2] / "contracts"

PATCHES = [
    *[pytest.param(one.file, one.text, id=one.proof) for one in prove.MISTAKES],
    *[pytest.param(file, text, id=one.name) for one in seeded.MISTAKES for file, text, _ in one.patches],
]


@pytest.mark.parametrize(("file", "text"), PATCHES)
def test_mistake__text_that_it_changes__stands_in_the_contract_once(file: str, text: str) -> None:
    assert (SOURCES / file).read_text(encoding="utf-8").count(text) == 1
