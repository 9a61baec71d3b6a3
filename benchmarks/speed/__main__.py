"""Run all parts one after the other, each in a process of its own, then write docs/speed.md and docs/speed.svg.

python -m benchmarks.speed [--payments 10000] [--most 1000000] [--rate 500]
python -m benchmarks.speed --only PART ...     prints the figures of some parts and writes no page
python -m benchmarks.speed --again PART ...    measures some parts again and writes the page, which names them
python -m benchmarks.speed --report            writes the page anew from the last run's .build/bench/speed.json
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.speed.machine import FOLDER, Figures, load, machine, peak, resident
from benchmarks.speed.report import write

RESULTS = FOLDER / "speed.json"
LIBRARIES = ("scikit-learn", "pyod", "river")
SHORT = 3_000
"""Rows of a backtest by the full engine."""
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def main() -> None:
    """All parts, or, as a child, one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--payments", type=int, default=10_000, help="payments of the stream that everybody gets")
    parser.add_argument("--most", type=int, default=1_000_000, help="payments where growth ends")
    parser.add_argument("--rate", type=int, default=500, help="requests a second to the node")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each run against the node")
    parser.add_argument("--only", nargs="*", help="parts to run and print; all but prepare need it first")
    parser.add_argument("--again", nargs="*", help="parts to measure again; the others stay as in the last run")
    parser.add_argument("--report", action="store_true", help="write the page from the last run's figures")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    parts = _parts(arguments)
    if arguments.child:
        start = resident()
        figures = parts[arguments.child]()
        json.dump({**figures, "start_mib": start, "peak_mib": peak()}, sys.stdout)
        return
    if unknown := {*(arguments.only or ()), *(arguments.again or ())} - set(parts):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(parts)}")
    if arguments.report:
        write(json.loads(RESULTS.read_text()))
        return
    if arguments.only:
        print(json.dumps({name: _child(name) for name in arguments.only}, indent=2))
        return
    if arguments.again:
        results: Figures = json.loads(RESULTS.read_text())
        for name in arguments.again:
            results[name] = _child(name)
        results["again"] = sorted({*results.get("again", ()), *arguments.again})
        RESULTS.write_text(json.dumps(results, indent=2) + "\n")
        write(results)
        return
    settings = {"payments": arguments.payments, "most": arguments.most, "rate": arguments.rate}
    results = {"machine": machine(), "settings": settings}
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in parts:
        results[name] = _child(name)
        RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    write(results)


def _parts(arguments: argparse.Namespace) -> dict[str, Callable[[], Figures]]:
    # imported where they run, so that no part pays for another's libraries
    def prepare() -> Figures:
        from benchmarks.speed.prepare import prepare

        return prepare(arguments.payments, arguments.most)

    def ours() -> Figures:
        from benchmarks.speed.ours import ours

        return ours(arguments.payments)

    def others(library: str) -> Figures:
        from benchmarks.speed.others import others

        return others(library)

    def grown(library: str) -> Figures:
        from benchmarks.speed.others import grown

        return grown(library, arguments.most)

    def growth(kind: str) -> Figures:
        from benchmarks.speed.growth import growth

        return growth(kind, arguments.most)

    def replay(kind: str, rows: int, interrupted: bool) -> Figures:
        from benchmarks.speed.replay import replay

        return replay(kind, rows, interrupted=interrupted)

    def state() -> Figures:
        from benchmarks.speed.state import state

        return state(arguments.most)

    def serving() -> Figures:
        from benchmarks.speed.serving import serving

        return serving(arguments.rate, arguments.seconds)

    parts: dict[str, Callable[[], Figures]] = {"prepare": prepare, "ours": ours}
    parts |= {library: lambda name=library: others(name) for library in LIBRARIES}  # type: ignore[misc]
    short, long = ("engine", SHORT), ("stream", arguments.most // 10)
    for kind, rows in (short, long):
        parts[f"backtest {kind} {rows}"] = lambda k=kind, r=rows: replay(k, r, True)  # type: ignore[misc]
    parts[f"backtest stream {arguments.most}"] = lambda: replay("stream", arguments.most, False)
    for kind, rows in (short, long):
        parts[f"two threads: backtest {kind} {rows}"] = lambda k=kind, r=rows: replay(k, r, False)  # type: ignore[misc]
    parts["state"] = state
    parts |= {f"growth {kind}": lambda k=kind: growth(k) for kind in ("engine", "stream")}  # type: ignore[misc]
    parts |= {f"growth {library}": lambda name=library: grown(name) for library in LIBRARIES}  # type: ignore[misc]
    parts["serving"] = serving
    return parts


def _child(name: str) -> Figures:
    threads = "2" if name.startswith("two threads") else "1"
    before, start, computed = load(), time.monotonic(), _computed()
    print(f"{name} ... (load average {before[0]})", flush=True)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.speed", *sys.argv[1:], "--child", name],
        stdout=subprocess.PIPE,
        env={**os.environ, **dict.fromkeys(POOLS, threads)},
        check=True,
    )
    figures: Figures = json.loads(done.stdout)
    took = {"took_s": round(time.monotonic() - start, 1), "cpu_s": round(_computed() - computed, 1)}
    return {**figures, **took, "load_before": before, "load_after": load()}


def _computed() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


if __name__ == "__main__":
    main()
