"""One payment through PayFlow, step by step, as of all payments before it."""

import gc
from collections import defaultdict
from hashlib import sha256
from time import perf_counter, thread_time

import numpy as np

from benchmarks.speed.machine import SEED, VECTORS, Figures, ensemble, percentiles, resident, supervised, timed
from oracle.backtest import Row
from oracle.backtest.stream import transfer_of
from oracle.node.scorer import report_on
from oracle.scoring import Assessment, Payment, RiskEngine, RiskLevel, RiskModel
from oracle.scoring.simulator import simulate, simulated_lists
from oracle.scoring.stream import Stream
from oracle.signing import LocalSigner, ReportDigests

WARM_UP = 500
"""Payments that are played first and not counted: loops are compiled and caches filled then."""
LIFETIME = 3_600
ASKED, SUPERVISED_ASKED = 1_000, 3_000


def ours(payments: int) -> Figures:
    """Percentiles of every step and of what users wait for, the rate at which a node scores and signs, and memory."""
    before = resident()
    engine = RiskEngine(RiskModel.default(), simulated_lists(SEED))
    digests = ReportDigests(chain_id=31337, verifying_contract="0x" + "11" * 20)
    signer = LocalSigner(sha256(b"benchmark").digest())
    steps: dict[str, list[float]] = defaultdict(list)
    approved: list[bool] = []
    for number, one in enumerate(simulate(SEED, payments)):
        if number == WARM_UP:
            # as a node does when it has read the chain
            gc.collect()
            gc.freeze()
        spent, verdict = _asked(engine, one.payment, bare_first=number % 2 == 0)
        writing, t = thread_time(), [perf_counter()]
        document = verdict.evidence()
        _ = sha256(document).hexdigest()
        spent["evidence_cpu"] = thread_time() - writing
        t.append(perf_counter())
        engine.observe(one.payment, verdict)
        t.append(perf_counter())
        issued = one.payment.timestamp
        report = report_on(verdict, document, issued_at=issued, expires_at=issued + LIFETIME)
        signer.sign(digests.report(report)).full()
        t.append(perf_counter())
        if number >= WARM_UP:
            approved.append(verdict.level < RiskLevel.MEDIUM)
            spent |= {name: t[i + 1] - t[i] for i, name in enumerate(("evidence", "observe", "sign"))}
            for name, seconds in spent.items():
                steps[name].append(seconds)
    memory = round(resident() - before, 1)
    arrays = {name: np.array(values) for name, values in steps.items()}
    explained = arrays["assess"] + arrays["evidence"]
    explained_cpu = arrays["assess_cpu"] + arrays["evidence_cpu"]
    node, quiet = explained + arrays["observe"] + arrays["sign"], np.array(approved)
    return {
        "model": engine.model.version,
        "steps": {name: percentiles(values.tolist()) for name, values in arrays.items()} | _supervised_steps(),
        "explained": percentiles(explained.tolist()),
        "explained_cpu": percentiles(explained_cpu.tolist()),
        "approved_share": round(float(quiet.mean()), 3),
        "score_approved": percentiles(arrays["score"][quiet].tolist()),
        "explained_approved": percentiles(explained[quiet].tolist()),
        "explained_flagged": percentiles(explained[~quiet].tolist()),
        "scored_and_signed_per_s": round(1 / float(node.mean())),
        "scored_and_signed_approved_per_s": round(1 / float(node[quiet].mean())),
        # the share of scoring's time in which this thread had a core
        "computing_share": round(float(np.sum(explained_cpu) / np.sum(explained)), 3),
        "memory_mib": memory,
        "detectors": _detectors(),
    }


def _asked(engine: RiskEngine, payment: Payment, *, bare_first: bool) -> tuple[dict[str, float], Assessment]:
    """Seconds, and those of CPU time, of a score with its reasons, and of that with the amount that would have meant
    less. Whichever comes second finds warm caches, so that they take turns."""
    calls = {"score": lambda one: engine._assessment(engine._judge(one, engine._taken(one))), "assess": engine.assess}
    spent: dict[str, float] = {}
    verdicts: dict[str, Assessment] = {}
    for name in calls if bare_first else reversed(calls):
        start, computing = perf_counter(), thread_time()
        verdicts[name] = calls[name](payment)
        spent[name + "_cpu"] = thread_time() - computing
        spent[name] = perf_counter() - start
    return spent, verdicts["assess"]


def _supervised_steps() -> dict[str, dict[str, float]]:
    """What the supervised channel costs within a score, for both of a payment's parties; Shapley values for one."""
    model, stream = supervised(), Stream()
    steps: dict[str, list[float]] = {name: [] for name in ("stream features", "trees", "Shapley values")}
    for number, one in enumerate(simulate(SEED, SUPERVISED_ASKED)):
        transfer = transfer_of(Row(number, one.payment))
        t = [perf_counter()]
        both = stream.features(transfer)
        t.append(perf_counter())
        model.trees.raw_batch(both)
        t.append(perf_counter())
        model.shap.contributions(both[0])
        t.append(perf_counter())
        stream.observe(transfer)
        if number >= WARM_UP:
            for name, start, end in zip(steps, t, t[1:], strict=False):
                steps[name].append(end - start)
    return {name: percentiles(spent) for name, spent in steps.items()}


def _detectors() -> dict[str, dict[str, float]]:
    """One vector through each detector of the ensemble."""
    ours, rows = ensemble(), list(np.load(VECTORS)[-ASKED:])
    calls = {
        "all five": ours.opinion,
        "Isolation Forest": ours.forest.raw,
        "One-Class SVM": ours.svm.raw,
        "LOF and DBSCAN": ours.neighbourhood.raw,
        "autoencoder": ours.autoencoder.raw,
    }
    return {name: timed(call, rows) for name, call in calls.items()}
