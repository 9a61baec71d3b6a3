"""Mutation testing of the contracts: change one thing, and see whether a test notices.

    python tools/contracts/mutate.py --sample 40 --seed 1      40 mutants, drawn with that seed
    python tools/contracts/mutate.py --assembly                those in assembly blocks alone
    python tools/contracts/mutate.py --list                    all of them, without running anything

A mutant is killed where one of the contract tests that run its line fails (`make coverage` records which do; a line of
assembly gets those of its function, and one that no instruction comes from all of them). Mutants that do not compile,
or that compile to the same code as before, are not counted. Those that survive are printed with file and line, to be
explained or to get a test.
"""

import argparse
import json
import math
import os
import random
import re
import shutil
import subprocess
import sys
import time
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
LEFT_OUT = ("test_abi_files.py", "test_guide.py", "test_seeded_mistakes.py")
"""Not about what the contracts do, but about what else is in the repository: documentation, ABI files, tools."""
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
CALL = r"(\((?:[^()]|\((?:[^()]|\((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*\))*\))*\))"
"""The arguments of a call in Yul, nested up to six deep, which is deeper than any here."""
YUL_OPERATORS: tuple[tuple[str, str, str], ...] = (
    ("yul boundary", r"\blt" + CALL, r"iszero(gt\1)"),
    ("yul boundary", r"\bgt" + CALL, r"iszero(lt\1)"),
    ("yul boundary", r"\bslt" + CALL, r"iszero(sgt\1)"),
    ("yul boundary", r"\bsgt" + CALL, r"iszero(slt\1)"),
    ("yul compare", r"\blt\(", "gt("),
    ("yul compare", r"\bgt\(", "lt("),
    ("yul compare", r"\bslt\(", "sgt("),
    ("yul compare", r"\bsgt\(", "slt("),
    ("yul negate", r"\beq" + CALL, r"iszero(eq\1)"),
    ("yul negate", r"\biszero" + CALL, r"iszero(iszero\1)"),
    ("yul logic", r"\band\(", "or("),
    ("yul logic", r"\bor\(", "and("),
    ("yul shift", r"\bshl\(", "shr("),
    ("yul shift", r"\bshr\(", "shl("),
    ("yul arithmetic", r"\badd\(", "sub("),
    ("yul arithmetic", r"\bsub\(", "add("),
    ("yul arithmetic", r"\bmul\(", "div("),
    ("yul arithmetic", r"\bdiv\(", "mul("),
    ("yul statement", r"^( +)(?:mstore|mcopy|calldatacopy|returndatacopy|extcodecopy)\(.*\)$", r"\1"),
    ("yul statement", r"^( +)break$", r"\1"),
)
"""For assembly blocks, beside numbers: shift amounts, offsets, sizes and bounds, each one up and one down."""
NUMBER = re.compile(r"(?<![\w.])(0x[0-9a-fA-F]+|\d+)(?![\w.])")


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
            lines = path.read_text().splitlines()
            yul = {number for first, last in assembly_blocks(lines) for number in range(first + 1, last)}
            for number, line in enumerate(lines, 1):
                code = line.strip()
                if code.startswith(("//", "*", "import", "pragma", "error ", "event ", "using ")):
                    continue
                for operator, changed in _changes(line, yul=number in yul):
                    if changed != line:
                        yield Mutant(name, number, operator, code, changed.strip())


def assembly_blocks(lines: list[str]) -> Iterator[tuple[int, int]]:
    """First and last line of each assembly block, counted from one."""
    first = depth = 0
    for number, line in enumerate(lines, 1):
        if not first and line.lstrip().startswith("assembly"):
            first, depth = number, 0
        if first:
            depth += line.count("{") - line.count("}")
            if depth == 0:
                yield first, number
                first = 0


def _changes(line: str, *, yul: bool) -> Iterator[tuple[str, str]]:
    code, comment, rest = line.partition(" //")
    for operator, find, put in YUL_OPERATORS if yul else OPERATORS:
        for match in re.finditer(find, code if yul else line):
            text = code if yul else line
            changed = text[: match.start()] + match.expand(put) + text[match.end() :]
            yield operator, changed + comment + rest if yul else changed
    if not yul:
        return
    for match in NUMBER.finditer(code):
        value = int(match[1], 0)
        for other in (value + 1, value - 1):
            if other >= 0:
                put = hex(other) if match[1].startswith("0x") else str(other)
                yield "yul number", code[: match.start()] + put + code[match.end() :] + comment + rest


def main() -> int:
    """Returns 1 where fewer than 95% of the mutants were killed."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sample", type=int, default=0, help="how many, drawn at random; 0: all")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--skip", type=int, default=0, help="how many of those were tried before")
    arguments.add_argument("--minutes", type=float, default=math.inf, help="begin no further mutant after that long")
    arguments.add_argument("--assembly", action="store_true", help="those in assembly blocks alone")
    arguments.add_argument("--files", nargs="+", metavar="NAME", help="those of these files alone")
    arguments.add_argument("--list", action="store_true")
    asked = arguments.parse_args()
    chosen = [
        one
        for one in mutants()
        if one.operator.startswith("yul ") >= asked.assembly and (not asked.files or Path(one.file).name in asked.files)
    ]
    print(f"{len(chosen)} mutants", flush=True)
    if asked.sample:
        chosen = random.Random(asked.seed).sample(chosen, min(asked.sample, len(chosen)))  # noqa: S311
        print(f"a sample of {len(chosen)}, seed {asked.seed}", flush=True)
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
    end = time.monotonic() + 60 * asked.minutes
    for number, one in enumerate(chosen, asked.skip + 1):
        if time.monotonic() > end:
            print(f"the time is over: go on with --skip {number - 1}")
            break
        verdict = _verdict(one, _running(one, tests))
        results[one] = verdict if verdict == "no compile" or _code() != before else "same code"
        print(
            f"{number:4} {results[one]:12} {one.file}:{one.line} {one.operator}: {one.before}  ->  {one.after}",
            flush=True,
        )
    counted = [verdict for verdict in results.values() if verdict not in ("no compile", "same code")]
    killed = len(counted) - counted.count("SURVIVED")
    share = killed / len(counted) if counted else 1.0
    bound = at_least(killed, len(counted))
    print(f"{killed} of {len(counted)} killed ({share:.1%}), {len(results) - len(counted)} not counted")
    print(f"of a list that this is a sample of, with 95% confidence at least {bound:.1%}")
    return 0 if share >= 0.95 else 1


def at_least(killed: int, drawn: int) -> float:
    """The lower end of the one-sided 95% interval of Clopper and Pearson: what share of a large list is killed at least
    where `killed` of `drawn` were. It holds for a list of any length, and understates what is known of a short one.
    """
    low, high = 0.0, 1.0 if killed else 0.0
    for _ in range(60):
        middle = (low + high) / 2
        as_many = sum(
            math.comb(drawn, hit) * middle**hit * (1 - middle) ** (drawn - hit) for hit in range(killed, drawn + 1)
        )
        low, high = (middle, high) if as_many < 0.05 else (low, middle)
    return low


def _running(mutant: Mutant, tests: dict[str, list[str]]) -> list[str]:
    """The tests that run the mutant's line or, of a line of assembly, any of its function: the compiler attributes a
    block to its first line, and a long one to none. An empty list says: all of them.
    """
    lines = range(mutant.line, mutant.line + 1)
    if mutant.operator.startswith("yul "):
        source = (ROOT / "contracts" / mutant.file).read_text().splitlines()
        ends = [number for number, line in enumerate(source, 1) if line == "    }"]
        lines = range(max([0, *(e for e in ends if e < mutant.line)]), min(e for e in ends if e > mutant.line))
    found = {name: None for line in lines for name in tests.get(f"contracts/{mutant.file}:{line}", [])}
    return [name for name in found if not any(file in name for file in LEFT_OUT)]


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
    for file in LEFT_OUT:
        (WORK / "tests" / "contracts" / file).unlink()
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
