"""What the feature stream costs: one payment online, a backtest, and a wallet in memory, at a million live pairs.

    python -m benchmarks.stream_speed [--pairs 1000000] [--json results.json]

A quarter as many wallets as pairs pay one another, a few of them very often. One thread; times in microseconds.
"""

import argparse
import json
from pathlib import Path
from time import perf_counter

import numpy as np

from oracle.scoring.stream import Stream, Table, Transfer

SEED = 9_002


def synthetic(pairs: int) -> Table:
    """(pairs,) payments, nearly all of different pairs, within five days."""
    rng = np.random.default_rng(SEED)
    people = rng.integers(1, 2**63, pairs // 4, dtype=np.uint64)
    busy = (rng.random(pairs) ** 3 * people.size).astype(np.int64)
    return Table(
        time=1_600_000_000 + np.sort(rng.integers(0, 5 * 86_400, pairs)),
        sender=people[busy],
        recipient=rng.choice(people, pairs),
        token=rng.integers(1, 20, pairs).astype(np.uint64),
        tx=np.arange(1, pairs + 1, dtype=np.uint64),
        amount=np.round(rng.lognormal(5, 2, pairs), 2),
        stable=np.ones(pairs, np.bool_),
    )


def measure(pairs: int, asked: int = 20_000) -> dict[str, float]:
    """All figures for one size of the state."""
    table = synthetic(pairs)
    pays = np.arange(pairs) % 2 == 0
    started = perf_counter()
    Stream(16, 16).batch(Table(*(getattr(table, name)[:10] for name in Table.__slots__)), pays[:10])
    first_use = perf_counter() - started
    wallets = pairs // 4
    stream = Stream(3 * wallets // 2, 3 * pairs // 2)
    started = perf_counter()
    stream.batch(table, pays, np.zeros(pairs, np.bool_))
    observing = perf_counter() - started
    chunk = Table(*(getattr(table, name)[-100_000:] for name in Table.__slots__))
    started = perf_counter()
    stream.batch(chunk, pays[-100_000:])
    backtest = perf_counter() - started
    end = int(table.time[-1])
    ask, remember, both = [], [], []
    for i in range(asked):
        j = (i * 7919) % pairs
        payment = Transfer(end + i, int(table.sender[j]), int(table.recipient[j]), int(table.token[j]), i + 1, 125.5)
        t0 = perf_counter()
        stream.features(payment)
        t1 = perf_counter()
        stream.observe(payment)
        t2 = perf_counter()
        ask.append(t1 - t0)
        remember.append(t2 - t1)
        both.append(t2 - t0)
    figures = {"pairs": float(pairs), "first_use_s": first_use, "observe_per_s": pairs / observing}
    figures["backtest_per_s"] = 100_000 / backtest
    for name, seconds in (("features", ask), ("observe", remember), ("update", both)):
        p50, p99 = np.quantile(seconds, (0.5, 0.99))
        figures[f"{name}_p50_us"], figures[f"{name}_p99_us"] = p50 * 1e6, p99 * 1e6
    figures["bytes_per_place"] = stream.nbytes / (3 * wallets // 2)
    figures["bytes_per_live_wallet"] = stream.nbytes / wallets
    return {name: round(value, 3) for name, value in figures.items()}


def main() -> None:
    """Measure, print, and keep the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = measure(arguments.pairs)
    print(json.dumps(figures, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
