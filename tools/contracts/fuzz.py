"""Run the invariant tests with a number of calls in all, and say how many there were: `make fuzz`, `make fuzz-short`.

python tools/contracts/fuzz.py --calls 5000000 [--seed 7]
"""

import argparse
import math
import os
import re
import subprocess
import sys

DEPTH = 500
RESULT = re.compile(r"(invariant_\w+)\(\) \(runs: (\d+), calls: (\d+), reverts: (\d+)\)")
PROMISES = 7


def main() -> int:
    """Run forge; returns its exit code, or 1 where fewer calls were made than asked for."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--calls", type=int, required=True, help="calls in all, over the seven promises")
    arguments.add_argument("--depth", type=int, default=DEPTH, help="calls of one sequence")
    arguments.add_argument("--seed", type=int, help="for a run that is to be repeated")
    asked = arguments.parse_args()
    runs = max(1, math.ceil(asked.calls / PROMISES / asked.depth))
    print(f"{PROMISES} promises, {runs} sequences of {asked.depth} calls each", flush=True)
    command = ["forge", "test", "--match-contract", "PromisesTest"]
    if asked.seed is not None:
        command += ["--fuzz-seed", hex(asked.seed)]
    limits = {"FOUNDRY_INVARIANT_RUNS": str(runs), "FOUNDRY_INVARIANT_DEPTH": str(asked.depth)}
    done = subprocess.run(command, env=os.environ | limits, capture_output=True, text=True, check=False)
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
    return 0


if __name__ == "__main__":
    sys.exit(main())
