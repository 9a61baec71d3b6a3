"""What each channel adds to the overall score on labelled stablecoin transfers, into docs/model-card.md.

    PAYFLOW_DATA=../shared/data python -m benchmarks.channel_weights

The whole history of the data set goes through the risk engine in its order, as through a node. The supervised model is
fitted anew for each of five wallet-disjoint folds, so that it never saw the wallet that it scores; its scores are
ranked among those before them, as `LocalRank` does in service. Labels are those of wallets, each wallet weighs the
same, and "within age bands" compares only wallets of about the same age, because age alone tells these labels apart
(docs/data.md). About two minutes.
"""

import numpy as np
from numpy.typing import NDArray

from benchmarks.pages import CARD, renew
from benchmarks.rows import payment_of
from oracle.datasets import Transfers, among_first, load, without_repeats
from oracle.evaluation import roc_auc
from oracle.evaluation.gate.vectors import vectors
from oracle.scoring import RiskEngine, RiskModel, ScreeningLists
from oracle.scoring.combine import POINTS as IN_USE
from oracle.scoring.combine import RANK_FROM, WEIGHTS
from oracle.scoring.numbers import Floats
from oracle.scoring.stream import FEATURES
from oracle.scoring.supervised.local_rank import LocalRank
from oracle.scoring.supervised.train import FitSettings, fit, folds

TRIED = ((0, 0), (5, 0), (20, 0), (0, 20), (0, 30), (0, 40), (5, 30), (20, 30))
"""Most points that novelty and the supervised model add: what is in use, and what else was weighed."""
DAY = 86_400
BANDS = (DAY, 7 * DAY, 30 * DAY, 180 * DAY, 365 * DAY, 730 * DAY)
FOLDS = 5


def main() -> None:
    """Print the table and write it into the model card."""
    transfers = without_repeats(load("stablecoins")).transfers
    wanted = among_first(transfers) & (transfers.wallet >= 0)
    labels = transfers.label[wanted].astype(np.float64)
    wallets = transfers.wallet[wanted]
    _, owner = np.unique(wallets, return_inverse=True)
    weights = (1.0 / np.bincount(owner))[owner]
    overall, weighted, novelty = (column[wanted] for column in through_the_engine(transfers))
    rows = vectors(transfers, transfers.sender == transfers.wallet, wanted, as_a_node=True)
    rank = supervised_ranks(rows, labels, owner)
    bands = np.digitize(ages(transfers, wanted), BANDS)
    scores = {"anomaly rank alone": novelty, "supervised rank alone": rank}
    for new, learned in TRIED:
        added = np.round(np.maximum(new * strength(novelty), learned * strength(rank)))
        raised = np.maximum(overall, np.minimum(100, weighted + added))
        used = ", in use" if (new, learned) == (IN_USE["ensemble"], IN_USE["supervised"]) else ""
        scores[f"engine, novelty adds up to {new}, supervised up to {learned}{used}"] = raised
    lines = [
        "| score | ROC-AUC | within age bands | licit above 20 | reported above 20 | licit above 40 |",
        "|---|---|---|---|---|---|",
    ]
    for name, score in scores.items():
        licit, fraud = labels == 0, labels == 1
        row = (
            roc_auc(score, labels, weights),
            within_bands(score, labels, weights, bands),
            *(
                float(np.average(score[kind] > limit, weights=weights[kind]))
                for kind, limit in ((licit, 20), (fraud, 20), (licit, 40))
            ),
        )
        cells = [f"{value:.3f}" for value in row]
        if "rank" in name:  # a rank has no levels
            cells[2:] = ["–"] * 3
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    renew(CARD, "channels", lines)
    print("\n".join(lines))


def through_the_engine(transfers: Transfers) -> tuple[Floats, Floats, Floats]:
    """Overall score without channels, weighted sum of the analyzers and anomaly rank of each transfer, shape (N,)."""
    model = RiskModel.default()
    engine = RiskEngine(model, ScreeningLists())
    out = np.zeros((3, len(transfers)))
    for row in range(len(transfers)):
        found = engine.assess_and_observe(payment_of(transfers, row, tx=transfers.transactions[transfers.tx[row]]))
        scores = {name: getattr(found, name) for name in WEIGHTS}
        out[1, row] = sum(WEIGHTS[name] * score for name, score in scores.items()) // 100
        decided = "weighted sum" not in found.explanations[0].sentence
        out[0, row] = found.overall if decided else out[1, row]
        out[2, row] = found.anomaly["ensemble"]
    return out[0], out[1], out[2]


def supervised_ranks(rows: Floats, labels: Floats, owner: NDArray[np.int64]) -> Floats:
    """Ranks among the rows before, by models that never saw the row's wallet, shape (N,)."""
    fold = folds(owner, labels, FOLDS, 0)
    names = [one.name for one in FEATURES]
    ranks = np.zeros(len(rows))
    for one in range(FOLDS):
        held = fold == one
        model = fit(rows[~held], labels[~held], owner[~held], names, FitSettings(folds=3))
        scores = model.score_batch(rows)
        here = LocalRank()
        for row, score in enumerate(scores.tolist()):
            if held[row]:
                ranks[row] = here(score)
            here.add(score)
    return ranks


def strength(rank: Floats) -> Floats:
    """What share of its points a channel adds."""
    share: Floats = np.clip((rank - RANK_FROM) / (1 - RANK_FROM), 0.0, 1.0)
    return share


def ages(transfers: Transfers, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Seconds since the wallet's first transfer in the largest history that there is, for the wanted rows."""
    history = load("labelled")
    born: dict[str, int] = {}
    for wallet, time in zip(history.wallet.tolist(), history.time.tolist(), strict=True):
        born.setdefault(history.parties[wallet], time)
    first = np.array([born[transfers.parties[wallet]] for wallet in transfers.wallet[wanted].tolist()])
    age: NDArray[np.int64] = transfers.time[wanted] - first
    return age


def within_bands(score: Floats, labels: Floats, weights: Floats, bands: NDArray[np.int64]) -> float:
    """ROC-AUC over the pairs of rows of one age band."""
    total = pairs = 0.0
    for band in np.unique(bands):
        own = bands == band
        weight = float(weights[own & (labels == 1)].sum() * weights[own & (labels == 0)].sum())
        if weight > 0:
            total += weight * roc_auc(score[own], labels[own], weights[own])
            pairs += weight
    return total / pairs


if __name__ == "__main__":
    main()
