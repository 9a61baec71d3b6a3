"""A small labelled population with known leaks, and reports to print."""

import numpy as np
from numpy.typing import NDArray

from oracle.datasets.transfers import Token, Transfers
from oracle.evaluation.judge import judge
from oracle.evaluation.learning import CurvePoint
from oracle.evaluation.metrics import confusion
from oracle.evaluation.probes import Audit, Probe
from oracle.evaluation.report import Figure, Judged, Report
from oracle.scoring.numbers import Floats

DAY = 86_400


def transfers(wallets: int = 80, rows: int = 10, *, leak: str = "", seed: int = 1) -> Transfers:
    """Wallets (every second one fraud) of `rows` transfers each over 100 days. `leak`: "birth" has fraud wallets born
    later, "" leaves nothing to be told from time."""
    dice = np.random.default_rng(seed)
    owner = np.repeat(np.arange(wallets), rows)
    born = dice.integers(0, 50 * DAY, wallets) + (60 * DAY * (np.arange(wallets) % 2) if leak == "birth" else 0)
    time = born[owner] + np.tile(np.arange(rows) * DAY, wallets)
    order = np.argsort(time, kind="stable")
    count = len(owner)
    nothing = np.full(count, -1, dtype=np.int64)
    return Transfers(
        name="small",
        source="0" * 64,
        time=time[order].astype(np.int64),
        sender=owner[order].astype(np.int64),
        recipient=np.full(count, wallets, dtype=np.int64),
        token=np.zeros(count, dtype=np.int64),
        tx=np.zeros(count, dtype=np.int64),
        units=np.array([1] * count, dtype=object),
        label=(owner[order] % 2).astype(np.int8),
        wallet=owner[order].astype(np.int64),
        kind=nothing,
        parties=(*(f"w{one}" for one in range(wallets)), "shop"),
        tokens=(Token("t", "T", 6, True),),
        transactions=("",),
        kinds=(),
    )


def population(seed: int = 1, wallets: int = 60, rows: int = 600) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Three features of which the first tells something, labels, wallets."""
    dice = np.random.default_rng(seed)
    owner = np.concatenate([np.arange(wallets), dice.integers(0, wallets, rows - wallets)]).astype(np.int64)
    labels = (owner % 2).astype(np.float64)
    features = dice.normal(size=(rows, 3))
    features[:, 0] += labels
    return features, labels, owner


def passed() -> Audit:
    return Audit((Probe("age", 2, 0.61), Probe("calendar", 3, 0.55), Probe("missingness", 0, 0.5)), 0.75)


def failed() -> Audit:
    return Audit((Probe("age", 2, 0.981), Probe("calendar", 3, 0.93), Probe("missingness", 4, 0.52)), 0.75)


def judged(name: str, audit: Audit | None) -> Judged:
    features, labels, wallets = population()
    points = tuple(CurvePoint(f, 48 * f, 0.7 + f / 10, 0.65 + f / 10, 0.75 + f / 10, 0.7, 0.1) for f in (0.5, 1.0))
    return judge(
        name,
        features[:, 0],
        labels,
        wallets,
        audit=audit,
        probabilities=1 / (1 + np.exp(-features[:, 0])),
        outcomes={"bound of 5%": confusion(features[:, 0], labels, 1.75)},
        learning=points,
        further=(Figure("ROC-AUC within age bands", 0.625),),
        resamples=5,
    )


def report() -> Report:
    """One model whose audit passed, one whose audit failed, one without an audit; names that need escaping."""
    models = (judged("trees <b>&_1%$", failed()), judged("clean", passed()), judged("unprobed", None))
    return Report(
        'Title with <script>alert("x")</script>', (("rows", "600"), ("a&b", "<i>")), models, ("A note & more.",)
    )
