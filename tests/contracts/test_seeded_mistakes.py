"""The checks themselves can fail: mistakes that long and rare runs seed still fit the contracts, and the short ones are
shown here what they must refuse.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parents[2] / "contracts"
TOOLS = Path(__file__).resolve().parents[2] / "tools" / "contracts"
SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
FIGURES = Path(__file__).resolve().parents[2] / "benchmarks" / "gas.json"

sys.path[:0] = [str(TOOLS), str(SCRIPTS)]
import coverage  # noqa: E402
import fuzz  # noqa: E402
import gas  # noqa: E402
import mutate  # noqa: E402
import prove  # noqa: E402
import seeded  # noqa: E402

# numba asks for the package `coverage`, and must not find the tool of that name
sys.path.remove(str(TOOLS))
del sys.modules["coverage"]

PATCHES = [
    *(pytest.param(one.file, one.text, id=one.proof) for one in prove.MISTAKES),
    *(pytest.param(file, text, id=one.name) for one in seeded.MISTAKES for file, text, _ in one.patches),
]


@pytest.mark.parametrize(("file", "text"), PATCHES)
def test_mistake__text_that_it_changes__stands_in_the_contract_once(file: str, text: str) -> None:
    assert (SOURCES / file).read_text(encoding="utf-8").count(text) == 1


def test_gas__steps_that_were_three_percent_cheaper__fail_the_comparison() -> None:
    steps: dict[str, int] = json.loads(FIGURES.read_text())["steps"]
    without = gas._print(steps, steps)
    cheaper = {step: round(used * 0.97) for step, used in steps.items()}
    failures = [failure for failure in gas._print(steps, cheaper) if failure not in without]
    assert len(failures) == len(steps)
    assert all(failure.startswith(f"{step}: ") for failure, step in zip(failures, steps, strict=True))


def test_coverage__line_or_way_that_no_test_took__fails_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    votes = SOURCES / "libraries" / "Votes.sol"
    whole = {(votes, 17, "place > 0"): {True, False}}
    assert coverage._report({votes: {17: True}}, whole, 0) == 0
    assert coverage._report({votes: {17: False}}, whole, 0) == 1
    assert coverage._report({votes: {17: True}}, {(votes, 17, "place > 0"): {True}}, 0) == 1
    monkeypatch.setitem(coverage.EXPLAINED, "contracts/libraries/Votes.sol: 'place > 0' went one way only", "a reason")
    assert coverage._report({votes: {17: True}}, {(votes, 17, "place > 0"): {True}}, 0) == 0


def test_fuzz__action_that_never_had_success__fails_the_run() -> None:
    names = fuzz.everything()
    assert {"settleBatchWithoutQuorum", "executeRecorded", "Frozen>Released", "overreach:17"} <= set(names)
    assert fuzz.missing(Counter(names), fuzz.LONG) == []
    for name in names:
        reached = Counter(one for one in names if one != name)
        assert fuzz.missing(reached, fuzz.LONG) == [name]
        assert fuzz.missing(reached, fuzz.SHORT) == ([] if name in fuzz.RARE else [name])
    assert set(names) >= fuzz.RARE


def test_mutants__of_every_assembly_block__there_are_some() -> None:
    made = {(one.file, one.line) for one in mutate.mutants() if one.operator.startswith("yul ")}
    for path in sorted(SOURCES.rglob("*.sol")):
        if "mocks" in path.parts:
            continue
        name = str(path.relative_to(SOURCES))
        for first, last in mutate.assembly_blocks(path.read_text(encoding="utf-8").splitlines()):
            if "sload(stored.slot)" in path.read_text(encoding="utf-8").splitlines()[first]:
                continue  # nothing in it but a load
            assert any((name, line) in made for line in range(first, last + 1)), f"{name}:{first}"


def test_bound__of_a_sample_without_survivors__that_of_the_rule_of_three() -> None:
    assert mutate.at_least(100, 100) == pytest.approx(0.05 ** (1 / 100))
    assert mutate.at_least(137, 140) == pytest.approx(0.9455, abs=1e-4)
