"""What may be said where age tells the classes apart: figures among wallets of like birth and rows of like age."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oracle.datasets.transfers import Transfers
from oracle.evaluation.agebands import age_bands, age_edges, within_bands
from oracle.evaluation.metrics import equal_wallets
from oracle.evaluation.probes import DAY, Audit, births
from oracle.evaluation.report import Figure
from oracle.scoring.numbers import Floats

BANDS = 20
"""Bands of birth, of about equally many wallets."""
LIVES = (DAY, 7 * DAY, 30 * DAY, 180 * DAY, 365 * DAY, 730 * DAY)
"""Inner edges of the bands of age at a transfer, seconds since the wallet was first seen."""
ON_THE_DAY = "ROC-AUC within bands of age at the transfer"


@dataclass(frozen=True, slots=True)
class Ages:
    """`born`: unix seconds of the row's wallet, `life`: the band of the wallet's age at the row, both (N,)."""

    born: NDArray[np.int64]
    life: NDArray[np.int64]
    edges: tuple[float, ...]

    def within_lives(self, scores: Floats, labels: Floats, wallets: NDArray[np.int64]) -> float:
        """ROC-AUC over pairs of rows whose wallets were of like age then, each wallet counted once."""
        return within_bands(scores, labels, self.life, equal_wallets(wallets))

    def figures(self, scores: Floats, labels: Floats, wallets: NDArray[np.int64]) -> list[Figure]:
        """Both figures of one model; arrays of shape (N,)."""
        found = [Figure(ON_THE_DAY, self.within_lives(scores, labels, wallets))]
        bands = age_bands(scores, labels, wallets, self.born, self.edges)
        if bands.pairs:
            found.append(Figure(f"ROC-AUC of {bands.pairs} pairs of wallets within bands of birth", bands.roc_auc))
        return found


def ages_of(transfers: Transfers, history: Transfers) -> Ages:
    """The ages of rows, from the widest `history`."""
    born = births(transfers, history)
    life = np.digitize(transfers.time - born, LIVES).astype(np.int64)
    return Ages(born, life, age_edges(born, transfers.wallet, BANDS))


def sentence(model: Floats, labels: Floats, wallets: NDArray[np.int64], ages: Ages, probes: Audit) -> str:
    """What the bands leave of a model's scores (N,), beside what they leave of the `probes`, audited within them."""
    own = ages.within_lives(model, labels, wallets)
    others = ", ".join(f"{one.name} alone {one.roc_auc:.3f}" for one in probes.probes)
    doubt = " What remains may thus still be how the labels were collected." if probes.failed else ""
    bands = age_bands(model, labels, wallets, ages.born, ages.edges)
    born = (
        f" Of the {bands.pairs} pairs of a licit and a fraud wallet born in the same of {len(ages.edges) + 1} bands it"
        f" puts {bands.roc_auc:.1%} in the right order, where chance puts 50%."
        if bands.pairs
        else " No licit and no fraud wallet were born in the same band."
    )
    return (
        f"Among rows whose wallets were of like age on that day the supervised model reaches ROC-AUC {own:.3f},"
        f" {others}.{doubt}{born}"
    )
