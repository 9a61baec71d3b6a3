"""Mutation testing of the contracts: change one thing, and see whether a test notices.

    python tools/contracts/mutate.py --sample 40 --seed 1      40 mutants, drawn with that seed
    python tools/contracts/mutate.py --list                    all of them, without running anything

A mutant is killed where one of the contract tests that run its line fails (`make coverage` records which do; a line
that no instruction comes from gets all of them). Mutants that do not compile, or that compile to the same code as
before, are not counted. Those that survive are printed with file and line, to be explained or to get a test.
"""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".mutants"
"""Not below .build: ape compiles nothing there."""
TOOLS = ROOT / ".venv-contracts" / "bin"
METADATA = re.compile(r"a264697066735822[0-9a-f]{68}64736f6c6343[0-9a-f]{6}0033")
"""What solc appends: a hash that changes with every comment, and its version."""
TESTS = ROOT / ".build" / "coverage" / "tests.json"
FILES = ("FraudOracle.sol", "PayFlowCore.sol", "ComplianceEngine.sol", "core/*.sol", "libraries/*.sol")
OPERATORS: tuple[tuple[str, str, str], ...] = (
    ("boundary", r"(?<=[\w)\]]) < (?=[\w(])", " <= "),
    ("boundary", r"(?<=[\w)\]]) > (?=[\w(])", " >= "),
    ("boundary", r" <= ", " < "),
    ("boundary", r" >= ", " > "),
    ("negate", r" == ", " != "),
    ("negate", r" != ", " == "),
    ("logic", r" && ", " || "),
    ("logic", r" \|\| ", " && "),
    ("arithmetic", r"(?<=[\w)\]]) \+ (?=[\w(])", " - "),
    ("arithmetic", r"(?<=[\w)\]]) - (?=[\w(])", " + "),
    ("guard", r"^( +)if \(.*\) revert .*;$", r"\1{}"),
    ("guard", r"^( +)_require\w+\(.*\);$", r"\1{}"),
    ("statement", r"^( +)(emit .*;|_\w+\[\w+\] = .*;|\(?_\w+.* = .*;)$", r"\1{}"),
    ("constant", r"\btrue\b", "false"),
    ("constant", r"\bfalse\b", "true"),
    ("modifier", r" (nonReentrant|whenNotPaused|onlyScheduled|onlyRole\(\w+\))(?= |$)", ""),
)


@dataclass(frozen=True)
class Mutant:
    """One changed line."""

    file: str
    line: int
    operator: str
    before: str
    after: str


def mutants() -> Iterator[Mutant]:
    """Every mutant, in the order of the sources."""
    for pattern in FILES:
        for path in sorted((ROOT / "contracts").glob(pattern)):
            name = str(path.relative_to(ROOT / "contracts"))
            for number, line in enumerate(path.read_text().splitlines(), 1):
                code = line.strip()
                if code.startswith(("//", "*", "import", "pragma", "error ", "event ", "using ")):
                    continue
                for operator, find, put in OPERATORS:
                    for match in re.finditer(find, line):
                        changed = line[: match.start()] + match.expand(put) + line[match.end() :]
                        if changed != line:
                            yield Mutant(name, number, operator, code, changed.strip())


def main() -> int:
    """Returns 1 where fewer than 95% of the mutants were killed."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sample", type=int, default=0, help="how many, drawn at random; 0: all")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--skip", type=int, default=0, help="how many of those were tried before")
    arguments.add_argument("--list", action="store_true")
    asked = arguments.parse_args()
    chosen = list(mutants())
    print(f"{len(chosen)} mutants", flush=True)
    if asked.sample:
        chosen = random.Random(asked.seed).sample(chosen, min(asked.sample, len(chosen)))  # noqa: S311
    chosen = chosen[asked.skip :]
    if asked.list:
        for one in chosen:
            print(f"{one.file}:{one.line} {one.operator}: {one.before}  ->  {one.after}")
        return 0
    tests = json.loads(TESTS.read_text())
    _prepare()
    if (verdict := _verdict(None, [])) != "SURVIVED":
        print(f"the tests do not pass on the unchanged contracts ({verdict}): nothing can be said of mutants")
        return 1
    before = _code()
    shutil.copytree(WORK / ".build", WORK / "unchanged")
    results: dict[Mutant, str] = {}
    for number, one in enumerate(chosen, asked.skip + 1):
        verdict = _verdict(one, _running(one, tests))
        results[one] = verdict if verdict == "no compile" or _code() != before else "same code"
        print(
            f"{number:4} {results[one]:12} {one.file}:{one.line} {one.operator}: {one.before}  ->  {one.after}",
            flush=True,
        )
    counted = [verdict for verdict in results.values() if verdict not in ("no compile", "same code")]
    killed = len(counted) - counted.count("SURVIVED")
    print(f"{killed} of {len(counted)} killed ({killed / len(counted):.1%}), {len(chosen) - len(counted)} not counted")
    return 0 if killed >= 0.95 * len(counted) else 1


def _running(mutant: Mutant, tests: dict[str, list[str]]) -> list[str]:
    """The tests that run the mutant's line; where the compiler attributed nothing to it, all of them."""
    return [name for name in tests.get(f"contracts/{mutant.file}:{mutant.line}", []) if "test_abi_files" not in name]


def _built_on(file: str) -> list[str]:
    """The file and all that import it, also through others."""
    folder = ROOT / "contracts"
    imports = {
        path: {(path.parent / found).resolve() for found in re.findall(r'from "(\.[^"]+)"', path.read_text())}
        for path in folder.glob("**/*.sol")
    }
    found = {(folder / file).resolve()}
    while more := {path for path, wanted in imports.items() if wanted & found} - found:
        found |= more
    return sorted(str(path.relative_to(folder)) for path in found)


def _code() -> dict[str, str]:
    """The code that deploys each contract, constructor included, as compiled last."""
    types = json.loads((WORK / ".build" / "__local__.json").read_text())["contractTypes"]
    return {
        name: METADATA.sub("", one.get("deploymentBytecode", {}).get("bytecode", "")) for name, one in types.items()
    }


def _prepare() -> None:
    shutil.rmtree(WORK, ignore_errors=True)
    shutil.copytree(ROOT / "tests" / "contracts", WORK / "tests" / "contracts")
    (WORK / "tests" / "contracts" / "test_abi_files.py").unlink()
    for part in ("node_modules", ".toolchain"):
        (WORK / part).symlink_to(ROOT / part)
    for file in ("ape-config.yaml", "pyproject.toml"):
        shutil.copy(ROOT / file, WORK)


def _verdict(mutant: Mutant | None, tests: list[str]) -> str:
    """What became of the mutant; its contracts stay compiled."""
    for part in ("contracts", ".build"):
        shutil.rmtree(WORK / part, ignore_errors=True)
    shutil.copytree(ROOT / "contracts", WORK / "contracts")
    if (WORK / "unchanged").exists():
        shutil.copytree(WORK / "unchanged", WORK / ".build")
    if mutant is not None:
        path = WORK / "contracts" / mutant.file
        lines = path.read_text().splitlines(keepends=True)
        old = lines[mutant.line - 1]
        lines[mutant.line - 1] = old[: len(old) - len(old.lstrip())] + mutant.after + "\n"
        path.write_text("".join(lines))
    # ape's own cache does not see that a file it imports has changed: what is built on the mutant is named to it
    built = [] if mutant is None else ["--force", *(f"contracts/{name}" for name in _built_on(mutant.file))]
    if _run([str(TOOLS / "ape"), "compile", *built]) != 0:
        return "no compile"
    options = ["-x", "-q", "--no-showlocals", "--tb=line", "--show-capture=no"]
    try:
        done = _run([str(TOOLS / "python"), "-m", "pytest", *options, *(tests or ["tests/contracts"])])
    except subprocess.TimeoutExpired:
        return "timed out"
    if done not in (0, 1):
        raise RuntimeError(f"pytest ended with {done}, which is neither passed nor failed: {tests}")
    return "SURVIVED" if done == 0 else "killed"


def _run(command: list[str]) -> int:
    return subprocess.run(
        command,
        cwd=WORK,
        env=os.environ | {"APE_FOUNDRY_HOST": "auto"},
        capture_output=True,
        check=False,
        timeout=900,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
