"""Other libraries, fitted on the first half of the same vectors and asked for one row at a time, as a payment comes."""

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from time import perf_counter

import numpy as np

from benchmarks.speed.machine import SEED, VECTORS, Figures, ensemble, peak, resident, timed
from oracle.scoring.training import settings

ASKED, ASKED_SLOW = 400, 20
BATCH = 1_000
GROWTH = (10_000, 100_000, 1_000_000)
SECONDS = 60.0
"""A detector whose fit would take longer, by how long it took on fewer rows, is not fitted."""
ENOUGH = 1.0
"""A detector that took longer for all rows that it was asked is asked for fewer when it is fitted on more."""

Fitted = Callable[[np.ndarray], object]
"""Scores rows (N, F)."""
Fit = Callable[[np.ndarray], Fitted]


def scikit_learn() -> dict[str, Fit]:
    """Its detectors of PayFlow's ensemble with the same settings, on as many rows as PayFlow's were fitted on."""
    from sklearn.ensemble import IsolationForest
    from sklearn.neighbors import LocalOutlierFactor
    from sklearn.neural_network import MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import QuantileTransformer
    from sklearn.svm import OneClassSVM

    svm_rows, lof_rows, gamma = settings.SVM_POINTS, settings.REFERENCE_POINTS, ensemble().svm.gamma

    def forest() -> IsolationForest:
        return IsolationForest(n_estimators=settings.TREES, max_samples=settings.SUBSAMPLE, random_state=1)

    def network(x: np.ndarray) -> Fitted:
        shaped = MLPRegressor(hidden_layer_sizes=settings.HIDDEN, solver="lbfgs", max_iter=100_000, tol=1.0)
        predict: Fitted = shaped.fit(x[:500], x[:500]).predict
        return predict

    return {
        "IsolationForest": lambda x: forest().fit(x).score_samples,
        "pipeline of QuantileTransformer and IsolationForest": lambda x: (
            make_pipeline(QuantileTransformer(random_state=1), forest()).fit(x).score_samples
        ),
        f"OneClassSVM on {svm_rows:,} rows": lambda x: (
            OneClassSVM(nu=settings.SVM_OUTSIDE, gamma=gamma).fit(x[:svm_rows]).decision_function
        ),
        f"LocalOutlierFactor on {lof_rows:,} rows": lambda x: (
            LocalOutlierFactor(n_neighbors=settings.NEIGHBOURS, novelty=True).fit(x[:lof_rows]).score_samples
        ),
        "MLPRegressor of the autoencoder's shape": network,
    }


def pyod() -> dict[str, Fit]:
    """ECOD, and its wrapper of the Isolation Forest."""
    # by name, because only the environment of the benchmarks has it
    models = import_module("pyod.models.ecod"), import_module("pyod.models.iforest")

    def forest(x: np.ndarray) -> Fitted:
        detector = models[1].IForest(n_estimators=settings.TREES, max_samples=settings.SUBSAMPLE, random_state=1)
        detector.fit(x)
        score: Fitted = detector.decision_function
        return score

    def ecod(x: np.ndarray) -> Fitted:
        detector = models[0].ECOD()
        detector.fit(x)
        score: Fitted = detector.decision_function
        return score

    return {"IForest": forest, "ECOD": ecod}


def river() -> dict[str, Fit]:
    """Half-space trees, which learn from each row after scoring it."""
    anomaly, compose, scaling = (import_module(f"river.{name}") for name in ("anomaly", "compose", "preprocessing"))

    def trees(x: np.ndarray) -> Fitted:
        detector = anomaly.HalfSpaceTrees(n_trees=25, height=15, window_size=250, seed=1)
        model = compose.Pipeline(scaling.MinMaxScaler(), detector)

        def score_and_learn(rows: np.ndarray) -> list[float]:
            scores = []
            for row in rows:
                named = dict(enumerate(row.tolist()))
                scores.append(float(model.score_one(named)))
                model.learn_one(named)
            return scores

        score_and_learn(x)
        return score_and_learn

    return {"HalfSpaceTrees, score and learn": trees}


LIBRARIES = {"scikit-learn": scikit_learn, "pyod": pyod, "river": river}


def others(library: str) -> Figures:
    """Percentiles of one row for each detector of a library, microseconds a row of a batch, and the memory of all."""
    rows = np.load(VECTORS)
    detectors = LIBRARIES[library]()
    before, table = resident(), {}
    for name, fit in detectors.items():
        call = fit(rows[: len(rows) // 2])
        one = timed(lambda row, call=call: call(row[None, :]), list(rows[-ASKED:]))  # type: ignore[misc]
        start = perf_counter()
        call(rows[-BATCH:])
        table[name] = {**one, "batch_us": round((perf_counter() - start) / BATCH * 1e6, 1)}
    return {"version": version(library), "detectors": table, "memory_mib": round(peak() - before, 1)}


def grown(library: str, most: int) -> Figures:
    """Milliseconds a row for detectors fitted on 10^4 to `most` rows: the vectors drawn again with a little noise,
    because a million distinct ones would take longer to compute than all else here."""
    rows, rng = np.load(VECTORS), np.random.default_rng(SEED)
    table = {}
    for name, fit in LIBRARIES[library]().items():
        points: dict[str, float] = {}
        asked = list(rows[-ASKED_SLOW:])
        for size in (size for size in GROWTH if size <= most):
            x = rows[rng.integers(0, len(rows), size)]
            x += rng.normal(0.0, 1e-3, x.shape)
            start = perf_counter()
            call = fit(x)
            fitting, start = perf_counter() - start, perf_counter()
            points[str(size)] = timed(lambda row, call=call: call(row[None, :]), asked, warm_up=1)["p50_ms"]  # type: ignore[misc]
            asking = perf_counter() - start
            del x, call
            if asking > ENOUGH:
                asked = asked[:3]
            if 10 * fitting > SECONDS:
                break
        table[name] = points
    return table
