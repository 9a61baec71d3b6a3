"""The ABIs that the node reads are those of the contracts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from export_abi import CONTRACTS, FOLDER, render


@pytest.mark.parametrize("name", CONTRACTS)
def test_abi_file__of_every_contract__is_what_the_compiler_says(name: str) -> None:
    committed = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert committed == render(name), "write it again: ape run export_abi"
