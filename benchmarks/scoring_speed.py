"""How long one payment takes to score, beside plain scikit-learn on the same vectors in the same run.

    python -m benchmarks.scoring_speed [--payments 20000] [--json results.json]

Every payment of a simulated stream is assessed as of all earlier ones and then observed, as a node does.
scikit-learn is fitted with the same settings on the same number of points and asked for one vector at a time. One
thread; times in milliseconds.
"""

import argparse
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor
from sklearn.neural_network import MLPRegressor
from sklearn.svm import OneClassSVM
from threadpoolctl import threadpool_limits

from oracle.scoring import Assessment, RiskEngine, RiskModel
from oracle.scoring.ensemble import AnomalyEnsemble
from oracle.scoring.features import SCALE
from oracle.scoring.simulator import simulate, simulated_lists
from oracle.scoring.state import Ledger
from oracle.scoring.training import settings as training

SEED = 9_001
ROWS = 400


def percentiles(seconds: list[float]) -> dict[str, float]:
    """p50, p99 and the largest, in milliseconds."""
    p50, p99 = np.quantile(seconds, (0.5, 0.99))
    return {"p50_ms": round(p50 * 1e3, 4), "p99_ms": round(p99 * 1e3, 4), "max_ms": round(max(seconds) * 1e3, 4)}


def timed(function: Callable[[Any], object], arguments: list[Any]) -> list[float]:
    """Seconds of each call."""
    spent = []
    for argument in arguments:
        start = perf_counter()
        function(argument)
        spent.append(perf_counter() - start)
    return spent


def stream(payments: int) -> tuple[dict[str, dict[str, float]], list[Assessment]]:
    """Times of assess, observe and the evidence document over a whole stream, and the assessments."""
    engine = RiskEngine(RiskModel.default(), simulated_lists(SEED))
    assess, observe, evidence, computing, made = [], [], [], [], []
    for one in simulate(SEED, payments):
        started = thread_time()
        t0 = perf_counter()
        assessment = engine.assess(one.payment)
        t1 = perf_counter()
        engine.observe(one.payment, assessment)
        t2 = perf_counter()
        _ = assessment.evidence_hash
        t3 = perf_counter()
        computing.append(thread_time() - started)
        assess.append(t1 - t0)
        observe.append(t2 - t1)
        evidence.append(t3 - t2)
        made.append(assessment)
    whole = [a + o + e for a, o, e in zip(assess, observe, evidence, strict=True)]
    times = {
        "assess": assess,
        "observe": observe,
        "evidence hash": evidence,
        "all three": whole,
        "CPU time of them": computing,
    }
    return {name: percentiles(seconds) for name, seconds in times.items()}, made


def against_scikit_learn(assessments: list[Assessment]) -> dict[str, dict[str, float]]:
    """One vector at a time through our ensemble and through scikit-learn's own estimators."""
    model = RiskModel.default()
    rows = []
    for one in assessments:
        entries = tuple(round(float(value) * SCALE) for value in one.features.values())
        rows.append(model.scaler(entries, SCALE))
    x = np.array(rows)
    fit, asked = x[: len(x) // 2], list(x[-ROWS:])
    ours = model.channels[0]
    assert isinstance(ours, AnomalyEnsemble)
    few = fit[: training.REFERENCE_POINTS]
    theirs: dict[str, Callable[[Any], object]] = {
        "isolation forest": IsolationForest(n_estimators=100, max_samples=128, random_state=1).fit(fit).score_samples,
        "one-class svm": OneClassSVM(nu=0.05, gamma=ours.svm.gamma).fit(fit[: training.SVM_POINTS]).decision_function,
        "lof": LocalOutlierFactor(n_neighbors=20, novelty=True).fit(few).score_samples,
        "autoencoder": fitted_network(fit),
    }
    mine: dict[str, Callable[[Any], object]] = {
        "isolation forest": ours.forest.raw,
        "one-class svm": ours.svm.raw,
        "lof": ours.neighbourhood.raw,
        "autoencoder": ours.autoencoder.raw,
    }
    table = {}
    for name, predict in theirs.items():
        plain = percentiles(timed(lambda row, call=predict: call(row[None, :]), asked))  # type: ignore[misc]
        own = percentiles(timed(mine[name], asked))
        table[name] = {
            "payflow_p50_ms": own["p50_ms"],
            "scikit_learn_p50_ms": plain["p50_ms"],
            "times_faster": round(plain["p50_ms"] / own["p50_ms"], 1),
        }
    return table


def fitted_network(fit: np.ndarray) -> Callable[[Any], object]:
    """scikit-learn's network of the autoencoder's shape."""
    network = MLPRegressor(hidden_layer_sizes=training.HIDDEN, solver="lbfgs", max_iter=100_000, tol=1.0)
    predict: Callable[[Any], object] = network.fit(fit[:500], fit[:500]).predict
    return predict


def memory(payments: int) -> dict[str, float]:
    """Bytes that the ledger holds after a stream, per wallet and per payment."""
    tracemalloc.start()
    ledger = Ledger(RiskModel.default().config)
    drawn = [one.payment for one in simulate(SEED, payments)]
    ready = tracemalloc.get_traced_memory()[0]
    for payment in drawn:
        ledger.observe(payment)
    held = tracemalloc.get_traced_memory()[0] - ready
    tracemalloc.stop()
    return {"wallets": len(ledger), "bytes_per_wallet": round(held / len(ledger)), "mebibytes": round(held / 2**20, 1)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--payments", type=int, default=20_000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with threadpool_limits(limits=1):
        times, assessments = stream(arguments.payments)
        results = {
            "payments": arguments.payments,
            "one payment": times,
            "ensemble beside scikit-learn": against_scikit_learn(assessments),
            "memory": memory(arguments.payments),
        }
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")
    print(f"One payment out of {arguments.payments:,}, as of all earlier ones (milliseconds)")
    for name, row in times.items():
        print(f"  {name:<18} p50 {row['p50_ms']:8.4f}   p99 {row['p99_ms']:8.4f}   max {row['max_ms']:8.3f}")
    print("One vector through one detector (milliseconds, p50)")
    for name, row in results["ensemble beside scikit-learn"].items():
        print(
            f"  {name:<18} PayFlow {row['payflow_p50_ms']:8.4f}   scikit-learn {row['scikit_learn_p50_ms']:8.4f}"
            f"   {row['times_faster']:6.1f} times faster"
        )
    print(f"State: {results['memory']}")
    # wall time suffers from whatever else runs on the machine, CPU time does not
    assert times["CPU time of them"]["p99_ms"] < 10.0, "one payment must take under 10 ms p99"


if __name__ == "__main__":
    main()
