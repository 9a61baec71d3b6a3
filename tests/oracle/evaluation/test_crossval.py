from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from oracle.evaluation.crossval import cross_validate
from oracle.evaluation.learning import learning_curve, nested_wallets
from oracle.evaluation.metrics import roc_auc
from oracle.scoring.numbers import Floats
from tests.oracle.evaluation.helpers import population


class MeanDifference:
    """A learner: projection on the difference of the class means. Remembers what it was shown."""

    def __init__(self, fail_at: int = -1) -> None:
        self.calls: list[tuple[set[Any], int]] = []
        self.fail_at = fail_at

    def __call__(self, rows: Floats, labels: Floats, wallets: NDArray[Any], test: Floats) -> NDArray[Any]:
        if len(self.calls) == self.fail_at:
            raise KeyboardInterrupt
        self.calls.append((set(wallets.tolist()), len(test)))
        way: NDArray[Any] = rows[labels == 1].mean(axis=0) - rows[labels == 0].mean(axis=0)
        return np.asarray(test @ way)


def test_cross_validate__of_every_fold__shows_the_learner_no_wallet_that_it_scores() -> None:
    rows, labels, wallets = population()
    shown: list[tuple[set[Any], set[Any]]] = []

    def spy(train: Floats, known: Floats, own: NDArray[Any], test: Floats) -> NDArray[Any]:
        places = [int(np.flatnonzero((rows == one).all(axis=1))[0]) for one in test]
        shown.append((set(own.tolist()), set(wallets[places].tolist())))
        assert len(train) == len(known) == len(own) == len(rows) - len(test)
        return np.zeros(len(test))

    cross_validate(rows, labels, wallets, spy, learner="spy", seeds=(0, 1))
    assert len(shown) == 10
    assert not any(train & test for train, test in shown)
    for seed in (0, 1):
        tested = [test for _, test in shown[5 * seed : 5 * seed + 5]]
        assert sum(len(one) for one in tested) == len(set.union(*tested)) == 60


def test_cross_validate__of_several_seeds__gives_a_row_each_that_ranks_unseen_wallets() -> None:
    rows, labels, wallets = population()
    scores = cross_validate(rows, labels, wallets, MeanDifference(), learner="mean", seeds=(3, 4))
    assert scores.shape == (2, 600)
    assert (scores[0] != scores[1]).any()
    assert all(roc_auc(one, labels) > 0.7 for one in scores)


def test_cross_validate__interrupted__goes_on_in_the_cache_with_the_same_scores(tmp_path: Path) -> None:
    rows, labels, wallets = population()
    arguments: dict[str, Any] = {"learner": "mean", "seeds": (0, 1)}
    straight = cross_validate(rows, labels, wallets, MeanDifference(), **arguments)
    first, second, third = MeanDifference(fail_at=7), MeanDifference(), MeanDifference()
    with pytest.raises(KeyboardInterrupt):
        cross_validate(rows, labels, wallets, first, cache=tmp_path, **arguments)
    resumed = cross_validate(rows, labels, wallets, second, cache=tmp_path, **arguments)
    again = cross_validate(rows, labels, wallets, third, cache=tmp_path, **arguments)
    assert (len(first.calls), len(second.calls), len(third.calls)) == (7, 3, 0)
    assert straight.tobytes() == resumed.tobytes() == again.tobytes()


@pytest.mark.parametrize("change", ["rows", "labels", "wallets", "learner", "count"])
def test_cache__of_other_inputs__is_not_used(tmp_path: Path, change: str) -> None:
    rows, labels, wallets = population()
    cross_validate(rows, labels, wallets, MeanDifference(), learner="mean", cache=tmp_path)
    learner, count, fresh = "mean", 5, MeanDifference()
    if change == "rows":
        rows = rows + 1e-9
    elif change == "labels":
        labels = 1 - labels
    elif change == "wallets":
        wallets = np.where(wallets == 58, 56, wallets)
    elif change == "learner":
        learner = "mean, otherwise"
    else:
        count = 4
    cross_validate(rows, labels, wallets, fresh, learner=learner, count=count, cache=tmp_path)
    assert len(fresh.calls) == count


def test_cache__cut_short__is_computed_again(tmp_path: Path) -> None:
    rows, labels, wallets = population()
    whole = cross_validate(rows, labels, wallets, MeanDifference(), learner="mean", cache=tmp_path)
    broken = sorted(tmp_path.iterdir())[2]
    broken.write_bytes(broken.read_bytes()[:100])
    fresh = MeanDifference()
    assert cross_validate(rows, labels, wallets, fresh, learner="mean", cache=tmp_path).tobytes() == whole.tobytes()
    assert len(fresh.calls) == 1


def test_progress__rises_from_0_to_1() -> None:
    rows, labels, wallets = population()
    seen: list[float] = []
    cross_validate(
        rows, labels, wallets, MeanDifference(), learner="m", progress=lambda _what, share: seen.append(share)
    )
    assert seen == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]


def test_cross_validate__learner_that_gives_nan_or_too_few_scores__is_refused() -> None:
    rows, labels, wallets = population()
    with pytest.raises(ValueError, match="NaN"):
        cross_validate(rows, labels, wallets, lambda _a, _b, _c, test: test[:, 0] * np.nan, learner="nan")
    with pytest.raises(ValueError, match=r"scores \(1,\)"):
        cross_validate(rows, labels, wallets, lambda _a, _b, _c, test: test[:1, 0], learner="few")


def test_cross_validate__arguments_that_do_not_fit__are_refused() -> None:
    rows, labels, wallets = population()
    with pytest.raises(ValueError, match="do not fit together"):
        cross_validate(rows, labels[1:], wallets, MeanDifference(), learner="m")
    with pytest.raises(ValueError, match="labels are"):
        cross_validate(rows, labels - 1, wallets, MeanDifference(), learner="m")
    with pytest.raises(ValueError, match="cannot fill"):
        cross_validate(rows, labels, wallets % 4, MeanDifference(), learner="m")


def test_nested_wallets__of_a_larger_fraction__hold_those_of_a_smaller_and_keep_the_classes() -> None:
    _, labels, wallets = population()
    before: set[int] = set()
    for fraction in (0.1, 0.5, 0.8, 1.0):
        own = wallets[nested_wallets(wallets, labels, fraction, seed=5)]
        chosen = set(own.tolist())
        assert before <= chosen
        assert sum(one % 2 for one in chosen) == len(chosen) / 2 == round(30 * fraction)
        assert len(own) == np.isin(wallets, list(chosen)).sum()  # whole wallets
        before = chosen


def test_learning_curve__of_a_learner_that_needs_rows__rises_and_ends_at_the_full_figure(tmp_path: Path) -> None:
    rows, labels, wallets = population(2, wallets=120, rows=240)
    noisy = np.hstack([rows, np.random.default_rng(0).normal(size=(240, 20))])
    shares: list[float] = []
    learner = MeanDifference()
    points = learning_curve(
        noisy,
        labels,
        wallets,
        learner,
        learner="mean",
        fractions=(0.1, 0.5, 1.0),
        cache=tmp_path,
        progress=lambda _what, share: shares.append(share),
    )
    whole = [
        roc_auc(one, labels) for one in cross_validate(noisy, labels, wallets, learner, learner="m", seeds=(0, 1, 2))
    ]
    assert [point.fraction for point in points] == [0.1, 0.5, 1.0]
    assert points[0].roc_auc < points[-1].roc_auc == pytest.approx(np.mean(whole))
    assert (points[-1].roc_auc_low, points[-1].roc_auc_high) == (min(whole), max(whole))
    assert points[-1].wallets == 96
    assert np.diff(shares).min() > -1e-9
    assert shares[-1] == 1.0
    assert np.mean([len(own) for own, _ in learner.calls[:15]]) == pytest.approx(points[0].wallets, abs=1)
