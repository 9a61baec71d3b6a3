"""The Elliptic data set: Bitcoin transactions, known to be licit or illicit or not known (Weber et al. 2019)."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oracle.datasets import cells
from oracle.datasets.amlsim import Side
from oracle.datasets.build import Builder, one_name
from oracle.datasets.cells import Amounts, Coded
from oracle.datasets.folder import Origin, locate
from oracle.datasets.tables import Batch, header, read
from oracle.datasets.transfers import UNLABELLED, Token, Transfers

ORIGIN = Origin(
    "the public data set ellipticco/elliptic-data-set on Kaggle, under the licence that stands there",
    "elliptic/ with elliptic_txs_features.csv, elliptic_txs_classes.csv and elliptic_txs_edgelist.csv",
)
FORTNIGHT = 14 * 86_400
CLASSES = {"1": 1, "2": 0, "3": UNLABELLED, "unknown": UNLABELLED}
TOKENS = {"BTC": Token("BTC", "BTC", 8, False)}


def load_elliptic(folder: Path, side: Side = "sender") -> Transfers:
    """234,355 edges: one row for each transaction that spends what another paid out.

    The parties are transactions, because the set names no wallets; `wallet` is the one on `side`, `label` its class. A
    step of time is about two weeks: `time` is the later of both steps x 14 days. The set has no amounts, so all are 0,
    and its 165 nameless features are not read. Elliptic++, with its `txs_*.csv`, has the same layout. Raises
    DataMissing, DataInvalid, ToolMissing.
    """
    features, classes, edges = (
        locate(folder, (f"elliptic_txs_{part}.csv", f"txs_{part}.csv"), ORIGIN)
        for part in ("features", "classes", "edgelist")
    )
    steps = _steps(features)
    labels: dict[str, int] = {}
    for batch in read(classes, ("txId", "class")):
        stated = cells.names(batch, "class")
        good = np.array([name in CLASSES for name in stated.names], np.bool_)[stated.codes]
        cells.demand(batch, "class", good, "is no class", "Expected 1 (illicit), 2 (licit), 3 or unknown.")
        nodes = cells.names(batch, "txId").each()
        labels.update(zip(nodes, (CLASSES[name] for name in stated.each()), strict=True))
    builder = Builder("elliptic")
    for batch in read(edges, ("txId1", "txId2")):
        sender, recipient = cells.names(batch, "txId1"), cells.names(batch, "txId2")
        wallet, column = (sender, "txId1") if side == "sender" else (recipient, "txId2")
        known = np.array([name in labels for name in wallet.names], np.bool_)[wallet.codes]
        cells.demand(batch, column, known, f"is not in {classes.name}")
        builder.add(
            path=edges,
            first=batch.first,
            time=np.maximum(_times(batch, "txId1", sender, steps), _times(batch, "txId2", recipient, steps)),
            sender=sender,
            recipient=recipient,
            token=one_name("BTC", len(batch)),
            amount=Amounts(np.zeros(len(batch), np.int64), np.zeros(len(batch), np.int64)),
            label=np.array([labels[name] for name in wallet.names], np.int8)[wallet.codes],
            wallet=wallet,
        )
    return builder.finish([features, classes, edges], TOKENS)


def _steps(path: Path) -> dict[str, int]:
    """The step of each transaction: the first two columns, with a header or, as first published, without."""
    top = header(path)
    steps: dict[str, int] = {}
    bare = top[0].isdigit()
    node, step = ("txId", "Time step")
    columns = [node, step, *(f"feature {place}" for place in range(2, len(top)))] if bare else None
    for batch in read(path, (node, step), names=columns):
        nodes = cells.names(batch, node).each()
        steps.update(zip(nodes, cells.integers(batch, step, 1, 1 << 10).tolist(), strict=True))
    return steps


def _times(batch: Batch, column: str, nodes: Coded, steps: dict[str, int]) -> NDArray[np.int64]:
    known = np.array([name in steps for name in nodes.names], np.bool_)[nodes.codes]
    cells.demand(batch, column, known, "is not in the file of features")
    return np.array([steps[name] for name in nodes.names], np.int64)[nodes.codes] * FORTNIGHT
