"""The card of a training run says what the model is worth on wallets that it did not see, or why nobody can tell."""

import re

import pytest

from oracle.evaluation.metrics import equal_wallets, roc_auc
from oracle.evaluation.report import NOT_REPORTABLE
from oracle.evaluation.training_card import Supervision, training_card
from oracle.scoring.stream import FEATURES
from oracle.scoring.supervised.train import FitSettings, fit, out_of_fold
from tests.oracle.evaluation.gate_tasks import labelled

pytest.importorskip("lightgbm", reason="LightGBM is not installed: pip install payflow[train]")

QUICK = FitSettings(trees=20)


def learned(leak: str) -> Supervision:
    task = labelled(leak)
    names = [one.name for one in FEATURES]
    model = fit(task.rows, task.labels, task.wallets, names, QUICK, 5, source={"data": "small"})
    scores = out_of_fold(task.rows, task.labels, task.wallets, QUICK, 5)
    return Supervision(model, task.transfers, task.history, task.rows, task.labels, task.wallets, scores, task.listed)


def test_card__labels_that_nothing_else_tells__has_figures_of_unseen_wallets_with_intervals() -> None:
    found = learned("")
    card = training_card("0xab", 12, {"seed": "5"}, found)
    assert "data small" in card
    assert "seed 5" in card
    assert NOT_REPORTABLE not in card.lower()
    row = re.search(r"\| ROC-AUC \| (\S+) \| (\S+) to (\S+) \|", card)
    assert row is not None
    value, low, high = map(float, row.groups())
    expected = roc_auc(found.scores, found.labels, equal_wallets(found.wallets))
    assert value == pytest.approx(expected, abs=5e-4)
    assert low < value < high


@pytest.mark.parametrize(
    ("leak", "why"),
    [
        ("birth", r"age alone reaches ROC-AUC \S+.* above the limit of 0.75"),
        ("list", r"list membership alone reaches ROC-AUC 1.000, above the limit of 0.75"),
        ("no list", "the leakage audit lacks a probe: list membership"),
    ],
)
def test_card__labels_that_a_probe_tells_or_none_was_run__are_called_not_reportable_and_why(
    leak: str, why: str
) -> None:
    card = training_card("0xab", 12, {}, learned(leak))
    (said,) = [line for line in card.splitlines() if line.startswith("Not reportable as detection quality: ")]
    assert re.search(why, said)


def test_out_of_fold__rows_of_a_wallet__do_not_move_its_own_scores() -> None:
    task = labelled("")
    mine = task.wallets == task.wallets[0]
    other = task.rows.copy()
    other[mine, 5:] += 3.0  # columns that tell nothing
    before = out_of_fold(task.rows, task.labels, task.wallets, QUICK, 5)
    after = out_of_fold(other, task.labels, task.wallets, QUICK, 5)
    assert (before[~mine] != after[~mine]).any(), "the other folds learn from it"
    assert (before[~mine] == after[~mine]).any(), "its own fold does not"
