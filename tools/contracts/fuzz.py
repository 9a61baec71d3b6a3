"""Run the invariant tests with a number of calls in all, and say how many there were: `make fuzz`, `make fuzz-short`.

    python tools/contracts/fuzz.py --calls 5000000 [--seed 7]

A promise that nobody could have broken is not kept by that: the handlers count what they did with success, and a run
fails where something was never reached. All is demanded of a long run; of a short one what it reaches so often, in the
mean, that missing it is no accident.
"""

import argparse
import math
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HANDLERS = ROOT / "tests" / "forge" / "handlers"
TALLY = ROOT / ".build" / "fuzz" / "tally.txt"
DEPTH = 500
RESULT = re.compile(r"(invariant_\w+)\(\) \(runs: (\d+), calls: (\d+), reverts: (\d+)\)")
PROMISES = 7
LONG = 1_000_000
"""From so many calls on everything is demanded."""
SHORT = 50_000
"""From so many calls on, everything but what is rare."""
EDGES = (
    *("Pending>Settled", "Pending>Held", "Pending>Blocked", "Pending>Cancelled", "Pending>Frozen"),
    *("Held>Settled", "Held>Rejected", "Held>Cancelled", "Held>Frozen", "Frozen>Released"),
)
LOOSENINGS = tuple(f"overreach:{kind}" for kind in range(18))
RARE = frozenset({"ambush", "executeRecorded", "Held>Frozen"})
"""Reached fewer than 28 times in one of two runs of 60,000 calls; all others at least so often in both."""


def main() -> int:
    """Run forge; returns its exit code, or 1 where less was done than asked for."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--calls", type=int, required=True, help="calls in all, over the seven promises")
    arguments.add_argument("--depth", type=int, default=DEPTH, help="calls of one sequence")
    arguments.add_argument("--seed", type=int, help="for a run that is to be repeated")
    asked = arguments.parse_args()
    runs = max(1, math.ceil(asked.calls / PROMISES / asked.depth))
    print(f"{PROMISES} promises, {runs} sequences of {asked.depth} calls each", flush=True)
    command = ["forge", "test", "--match-contract", "PromisesTest"]
    if asked.seed is not None:
        command += ["--fuzz-seed", hex(asked.seed)]
    TALLY.parent.mkdir(parents=True, exist_ok=True)
    TALLY.unlink(missing_ok=True)
    limits = {
        "FOUNDRY_INVARIANT_RUNS": str(runs),
        "FOUNDRY_INVARIANT_DEPTH": str(asked.depth),
        "PAYFLOW_FUZZ_TALLY": str(TALLY),
    }
    done = subprocess.run(command, cwd=ROOT, env=os.environ | limits, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n")
        return done.returncode
    calls = 0
    for name, made, count, reverts in sorted(set(RESULT.findall(done.stdout))):
        calls += int(count)
        print(f"  {name:46} {int(made):>7,} sequences {int(count):>10,} calls, {reverts} unexpected reverts")
    print(f"{calls:,} calls in all, no promise broken")
    if calls < asked.calls:
        print(f"that is fewer than the {asked.calls:,} asked for", file=sys.stderr)
        return 1
    reached = tally(TALLY.read_text())
    print("done with success, or refused where it must be:")
    print("\n".join(f"  {name:28} {reached[name]:>9,}" for name in sorted(reached.keys() | set(everything()))))
    if never := missing(reached, calls):
        print(f"never reached: {', '.join(never)}", file=sys.stderr)
        return 1
    return 0


def tally(lines: str) -> Counter[str]:
    """The sums of what the sequences have counted."""
    reached: Counter[str] = Counter()
    for name, times in re.findall(r"(\S+)=(\d+)", lines):
        reached[name] += int(times)
    return reached


def everything() -> list[str]:
    """The actions of the handlers, the edges between the states of a payment, and what nobody may loosen at once."""
    sources = [path.read_text() for path in sorted(HANDLERS.glob("*.sol"))]
    actions = [name for text in sources for name in re.findall(r"^    function (\w+)\([^)]*\)\s+external", text, re.M)]
    return [*actions, *EDGES, *LOOSENINGS]


def missing(reached: Counter[str], calls: int) -> list[str]:
    """What so many calls should have reached, and have not."""
    demanded = [name for name in everything() if calls >= LONG or (calls >= SHORT and name not in RARE)]
    return [name for name in demanded if not reached[name]]


if __name__ == "__main__":
    sys.exit(main())
