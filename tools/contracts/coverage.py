"""Line and branch coverage of the contracts, from traces of the contract tests: `make coverage`.

    python tools/contracts/coverage.py .build/coverage/traces.json .build/coverage/tests.json

The sources are compiled once more with a build-info, whose source maps bring program counters back to lines. A line
counts where the compiler attributed an instruction to a statement or expression on it. A branch is a conditional jump
whose condition stands in the sources; both of its ways count. What optimised code shares between two places cannot be
told apart. Conditions of which the optimiser makes arithmetic, or whose jump it attributes to something else, are no
branches here: the last lines say how many there are. `make mutate` negates every comparison and takes out every guard
instead. The second file receives which tests run each line: {"contracts/X.sol:12": ["tests/…::test_…"]}.
"""

import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OURS = ROOT / "contracts"
OUT = ROOT / ".build" / "coverage" / "out"
LONGEST = 400
"""Ranges longer than that are whole functions or contracts: the compiler's own code."""
EXPLAINED: dict[str, str] = {}
"""Lines and branches that need not be reached, as the report names them but for the line's number, and why."""
KINDS = {"if": r"\bif \(", "while": r"\bwhile \(", "for": r"\bfor \(", "?:": r" \? ", "&&": r"&&", "||": r"\|\|"}
"""How each kind of condition is written; an operand of a connective counts with it."""


@dataclass(frozen=True)
class Place:
    """An instruction, and where in the sources it comes from."""

    pc: int
    path: Path
    line: int
    condition: str | None
    """The text of the condition that a JUMPI decides, if the sources have one there."""


def main(traces: Path, by_line: Path) -> int:
    """Print a table per file and what was not reached."""
    recorded = json.loads(traces.read_text())
    info, contracts = _compile()
    sources = {int(number): ROOT / path for number, path in info["source_id_to_path"].items()}
    known: dict[tuple[bytes, str], list[Place]] = {}
    places: dict[str, list[Place]] = {}
    unknown = 0
    for key, code in recorded["codes"].items():
        found = _contract(code, contracts)
        if found is None:
            unknown += 1
            continue
        if found not in known:
            known[found] = list(_places(*found, sources))
        places[key] = known[found]
    lines: dict[Path, dict[int, bool]] = defaultdict(dict)
    branches: dict[tuple[Path, int, str], set[bool]] = defaultdict(set)
    tests: dict[str, set[str]] = defaultdict(set)
    for row in recorded["rows"]:
        pcs, jumps = set(row["pcs"]), {(pc, taken) for pc, taken in row["jumps"]}
        for place in places.get(row["code"], ()):
            hit = place.pc in pcs
            lines[place.path][place.line] = lines[place.path].get(place.line, False) or hit
            if hit:
                tests[f"{place.path.relative_to(ROOT)}:{place.line}"].add(row["test"])
            if place.condition is not None:
                ways = branches[place.path, place.line, place.condition]
                ways |= {taken for taken in (True, False) if (place.pc, taken) in jumps}
    by_line.write_text(json.dumps({line: sorted(names - {""}) for line, names in sorted(tests.items())}, indent=1))
    return _report(lines, branches, unknown)


def _places(code: bytes, source_map: str, sources: dict[int, Path]) -> Iterator[Place]:
    for (pc, op), (start, length, number) in zip(_instructions(code), _ranges(source_map), strict=False):
        path = sources.get(number)
        if path is None or not path.is_relative_to(OURS) or "mocks" in path.parts or length > LONGEST:
            continue
        text = _text(path)
        if start + length > len(text):
            continue
        snippet = text[start : start + length].decode()
        if snippet.startswith(("function ", "constructor", "contract ", "modifier ", "library ", "struct ")):
            continue
        condition = snippet if op == 0x57 and _is_condition(text, start, length) else None
        yield Place(pc, path, text.count(b"\n", 0, start) + 1, condition)


def _compile() -> tuple[dict[str, Any], list[tuple[str, str]]]:
    command = ["forge", "build", "--force", "--quiet", "--build-info", "--skip", "tests/**"]
    subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"FOUNDRY_OUT": str(OUT), "FOUNDRY_CACHE_PATH": str(OUT / "cache")},
        check=True,
    )
    info = json.loads(max((OUT / "build-info").glob("*.json"), key=lambda path: path.stat().st_mtime).read_text())
    contracts = []
    for path in OUT.glob("*/*.json"):
        artifact = json.loads(path.read_text())
        for part, prefix in (("deployedBytecode", ""), ("bytecode", "creation:")):
            code = artifact.get(part, {})
            if len(code.get("object", "")) > 100:
                contracts.append((prefix + code["object"], code["sourceMap"]))
    return info, contracts


def _contract(code: str, contracts: list[tuple[str, str]]) -> tuple[bytes, str] | None:
    """The compiled contract that `code` is: the same but for immutables, metadata and constructor arguments."""
    kind, _, plain = code.rpartition(":")
    have = bytes.fromhex(plain.removeprefix("0x"))
    best = None
    for candidate, source_map in contracts:
        other, _, text = candidate.rpartition(":")
        if other != kind:
            continue
        compiled = bytes.fromhex(text.removeprefix("0x"))
        if len(have) < len(compiled) or (not kind and len(have) != len(compiled)):
            continue
        same = sum(one == two for one, two in zip(have[:3000], compiled[:3000], strict=False)) / min(
            3000, len(compiled)
        )
        if best is None or same > best[0]:
            best = (same, compiled, source_map)
    return (best[1], best[2]) if best and best[0] > 0.9 else None


def _instructions(code: bytes) -> Iterator[tuple[int, int]]:
    pc = 0
    while pc < len(code):
        op = code[pc]
        yield pc, op
        pc += op - 0x5E if 0x60 <= op <= 0x7F else 1


def _ranges(source_map: str) -> Iterator[tuple[int, int, int]]:
    start = length = number = 0
    for entry in source_map.split(";"):
        parts = entry.split(":")
        start = int(parts[0]) if parts[0] else start
        length = int(parts[1]) if len(parts) > 1 and parts[1] else length
        number = int(parts[2]) if len(parts) > 2 and parts[2] else number
        yield start, length, number


_texts: dict[Path, bytes] = {}


def _text(path: Path) -> bytes:
    if path not in _texts:
        _texts[path] = path.read_bytes()
    return _texts[path]


def _is_condition(text: bytes, start: int, length: int) -> bool:
    before, after = text[:start].rstrip(), text[start + length :].lstrip()
    opens = before.endswith((b"if (", b"while (", b"&&", b"||", b"("))
    return after.startswith(b"?") or (opens and after.startswith((b")", b"&&", b"||")))


def written() -> Counter[str]:
    """How many conditions of each kind the sources hold, comments, assembly and mocks left out."""
    found: Counter[str] = Counter()
    for path in sorted(OURS.rglob("*.sol")):
        if "mocks" in path.parts:
            continue
        text = re.sub(r"//.*", "", path.read_text())
        text = re.sub(r"^( *)assembly .*?^\1}", "", text, flags=re.M | re.S)
        for kind, pattern in KINDS.items():
            found[kind] += len(re.findall(pattern, text))
    return found


def _report(lines: dict[Path, dict[int, bool]], branches: dict[tuple[Path, int, str], set[bool]], unknown: int) -> int:
    """Returns 1 where something was not reached and nothing explains why."""
    missing: list[str] = []
    explained: list[str] = []
    print(f"{'file':44} {'lines':>12} {'branches':>12}")
    totals = [0, 0, 0, 0]
    for path in sorted(lines):
        name = str(path.relative_to(ROOT))
        hit, all_lines = sum(lines[path].values()), len(lines[path])
        mine = {key: ways for key, ways in branches.items() if key[0] == path}
        taken, all_ways = sum(len(ways) for ways in mine.values()), 2 * len(mine)
        totals = [a + b for a, b in zip(totals, (hit, all_lines, taken, all_ways), strict=True)]
        print(f"{name:44} {hit:>5} of {all_lines:>3} {taken:>5} of {all_ways:>3}")
        source = _text(path).decode().splitlines()
        left = [(line, source[line - 1].strip()) for line, was in sorted(lines[path].items()) if not was]
        left += [
            (line, f"{snippet!r} went one way only")
            for (_, line, snippet), ways in sorted(mine.items())
            if len(ways) < 2
        ]
        for line, what in left:
            why = EXPLAINED.get(f"{name}: {what}")
            (missing if why is None else explained).append(f"{name}:{line}: {what}" + (f" ({why})" if why else ""))
    print(f"{'in all':44} {totals[0]:>5} of {totals[1]:>3} {totals[2]:>5} of {totals[3]:>3}; others: {unknown}")
    kinds = written()
    print(f"conditions in the sources: {', '.join(f'{kinds[kind]} {kind}' for kind in KINDS)}")
    print(f"of which {len(branches)} are conditional jumps in the compiled code that the compiler attributes to them")
    if explained:
        print("\n".join(["not reached, and need not be:", *explained]))
    print(
        "\n".join(
            ["not reached:", *missing]
            if missing
            else ["everything else was reached" if explained else "everything was reached"]
        )
    )
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
