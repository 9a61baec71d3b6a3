"""The card of one training run: what the model learned from, how, and what that is worth on wallets it did not see."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracle.datasets.transfers import Transfers
from oracle.evaluation.bootstrap import wallet_bootstrap
from oracle.evaluation.metrics import equal_wallets
from oracle.evaluation.probes import LISTS, audit, standard_probes
from oracle.evaluation.report import NOT_REPORTABLE, REPORTABLE, objection
from oracle.scoring.numbers import Floats
from oracle.scoring.supervised import SupervisedModel

UNKNOWN = """- The detectors learn from simulated life only: what is ordinary on another chain may look unusual.
- Labels belong to wallets: a reported wallet's groceries count as fraud, so that no recall can be complete.
- A burst of fraud that goes on becomes what is ordinary here; `payflow drift` says when alerts exceed their bound.
- Cohorts, learning curves, drift and mistakes are not looked at here: see `payflow evaluate`."""


@dataclass(frozen=True, slots=True)
class Supervision:
    """What the supervised model learned from. `transfers`, `rows` (N, F), `labels`, `wallets` and `scores`, out of
    fold, (N,) belong together; `history`: all that is known of these wallets; `listed`: booleans (N,) by list, for the
    leakage probe that sees these alone."""

    model: SupervisedModel
    transfers: Transfers
    history: Transfers
    rows: Floats
    labels: Floats
    wallets: NDArray[Any]
    scores: NDArray[Any]
    listed: Mapping[str, NDArray[np.bool_]]


def training_card(version: str, size: int, detectors: Mapping[str, str], found: Supervision | None) -> str:
    """The card of the model file of that version and size in bytes, as Markdown; same arguments, same text."""
    lines = [
        f"# Model {version}",
        "",
        f"{size} bytes, written by `payflow train`. The version is the SHA-256 of the file.",
        "",
        "## Data, split, seeds",
        "",
        f"- Detectors: {_listed(detectors)}.",
    ]
    if found is None:
        lines += ["- No supervised model: `--data` names a labelled set.", "", "## Known failures", "", UNKNOWN, ""]
        return "\n".join(lines)
    lines += [
        f"- Supervised model: {_listed(found.model.training)}.",
        "- Split: wallet-disjoint; trees that saw no row of its wallet scored each row. Each wallet weighs the same.",
        "",
        "## Figures",
        "",
        *_figures(found),
        "",
        "## Known failures",
        "",
        UNKNOWN,
        "",
    ]
    return "\n".join(lines)


def _figures(found: Supervision) -> list[str]:
    weights = equal_wallets(found.wallets)
    probes = standard_probes(found.transfers, found.rows, found.history, found.listed)
    tried = audit(probes, found.labels, found.wallets, weights=weights, besides=(LISTS,))
    intervals = wallet_bootstrap(found.scores, found.labels, found.wallets, weights=weights)
    objected = objection(tried)
    said = f"{NOT_REPORTABLE}: {objected}" if objected else REPORTABLE
    share = np.average(found.labels, weights=weights)
    return [
        f"{said[0].upper()}{said[1:]}. {share:.1%} of the weight is labelled fraud.",
        "",
        "| measure | estimate | 95% of a bootstrap over wallets |",
        "|---|---|---|",
        *(f"| {one.measure} | {one.estimate:.3f} | {one.low:.3f} to {one.high:.3f} |" for one in intervals),
        "",
        "| probe | ROC-AUC |",
        "|---|---|",
        *(f"| {one.name} | {one.roc_auc:.3f} |" for one in tried.probes),
    ]


def _listed(training: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(training.items()) if name != "inputs")
