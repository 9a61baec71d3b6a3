"""Backtests: payments a second, memory by the number of rows, and whether threads change a byte."""

import hashlib
from itertools import islice
from pathlib import Path
from time import perf_counter, process_time

from benchmarks.speed.machine import FOLDER, PAYMENTS, SEED, Figures, peak, resident, supervised
from oracle.backtest import EngineJudge, FileSource, StreamJudge, backtest
from oracle.backtest.judge import Judge
from oracle.scoring import RiskModel
from oracle.scoring.simulator import simulated_lists


def replay(kind: str, rows: int, *, interrupted: bool) -> Figures:
    """Backtest the first `rows` payments of the file by `kind` of judge, "stream" or "engine"; if `interrupted`, stop a
    second run half-way to time how it goes on."""
    part = _first(rows, f"payments-{rows}.csv")
    before = resident()
    warm_up = FileSource(_first(2_000, "few.csv"))
    backtest(warm_up, _judge(kind, wallets=1_000), FOLDER / "warm-up.csv", fresh=True)
    path, source, judge = FOLDER / f"{kind}-{rows}.csv", FileSource(part), _judge(kind)
    start, computing = perf_counter(), process_time()
    backtest(source, judge, path, fresh=True)
    seconds, computing = perf_counter() - start, process_time() - computing
    figures: Figures = {
        "rows": rows,
        "per_s": round(rows / seconds),
        "per_cpu_s": round(rows / computing),
        "memory_mib": round(peak() - before, 1),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    return {**figures, **_resumed(kind, part, path, rows)} if interrupted else figures


def _resumed(kind: str, part: Path, whole: Path, rows: int) -> Figures:
    half, judge = whole.with_name(f"{whole.stem}-half.csv"), _judge(kind)
    calls = iter(range(rows // judge.chunk // 2))
    stopped = backtest(FileSource(part), judge, half, fresh=True, stop=lambda: next(calls, None) is None)
    source, judge = FileSource(part), _judge(kind)
    start = perf_counter()
    marks: list[float] = []

    def heard(what: str, _rows: int) -> None:
        if what == "scoring" and not marks:
            marks.append(perf_counter() - start)

    backtest(source, judge, half, progress=heard)
    return {
        "resumed_rows_per_s": round(int(stopped.summary["rows"]) / marks[0]),
        "resumed_equal": half.read_bytes() == whole.read_bytes(),
    }


def _judge(kind: str, wallets: int = 1 << 18) -> Judge:
    if kind == "stream":
        return StreamJudge(supervised(), wallets=wallets, pairs=4 * wallets)
    return EngineJudge(RiskModel.default(), simulated_lists(SEED))


def _first(rows: int, name: str) -> Path:
    path = FOLDER / name
    with PAYMENTS.open(encoding="ascii") as whole, path.open("w", encoding="ascii") as few:
        few.writelines(islice(whole, rows + 1))
    return path
