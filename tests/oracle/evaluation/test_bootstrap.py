import time

import numpy as np
import pytest
from numpy.typing import NDArray

from oracle.evaluation.bootstrap import MEASURES, draws, f1_interval, middle, wallet_bootstrap
from oracle.evaluation.metrics import best_f1, confusion, pr_auc, recall_at_fpr, roc_auc
from oracle.scoring.numbers import Floats


def _population(
    seed: int, wallets: int, rows: int, between: float = 1.0, within: float = 0.3
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Half of the wallets are fraud; scores differ more between wallets than within one."""
    dice = np.random.default_rng(seed)
    level = np.arange(wallets) % 2 + between * dice.normal(size=wallets)
    owner = np.concatenate([np.arange(wallets), dice.integers(0, wallets, rows - wallets)])
    return level[owner] + within * dice.normal(size=rows), (owner % 2).astype(np.float64), owner.astype(np.int64)


def test_estimate__of_every_measure__is_that_of_the_metrics() -> None:
    scores, labels, wallets = _population(1, 60, 500)
    weights = np.random.default_rng(0).random(500)
    found = {one.measure: one for one in wallet_bootstrap(scores, labels, wallets, weights=weights, resamples=5)}
    assert tuple(found) == MEASURES
    wanted = (
        roc_auc(scores, labels, weights),
        pr_auc(scores, labels, weights),
        best_f1(scores, labels, weights).f1,
        recall_at_fpr(scores, labels, 0.01, weights).recall,
        recall_at_fpr(scores, labels, 0.001, weights).recall,
    )
    assert [one.estimate for one in found.values()] == pytest.approx(wanted)
    assert all(one.low <= one.high and one.resamples == 50 and one.seeds == 10 for one in found.values())


def test_interval__by_weights__equals_one_that_copies_the_drawn_rows() -> None:
    scores, labels, wallets = _population(2, 20, 120)
    found = wallet_bootstrap(scores, labels, wallets, resamples=8)[0]
    areas = []
    for seed in range(10):
        dice = np.random.default_rng(seed)
        drawn = np.zeros((8, 20), dtype=np.int64)
        for kind in (1, 0):
            members = np.flatnonzero(np.arange(20) % 2 == kind)
            for one in range(8):
                drawn[one, members] = np.bincount(dice.integers(0, 10, 10), minlength=10)
        for times in drawn:
            copies = np.repeat(np.arange(120), times[wallets])
            areas.append(roc_auc(scores[copies], labels[copies]))
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(areas, (0.025, 0.975))))


def test_interval__of_wallets_with_many_rows__is_far_wider_than_one_over_rows() -> None:
    scores, labels, wallets = _population(3, 60, 3000)
    by_wallet = wallet_bootstrap(scores, labels, wallets, resamples=40)[0]
    by_row = wallet_bootstrap(scores, labels, np.arange(3000), resamples=40)[0]
    assert by_wallet.high - by_wallet.low > 3 * (by_row.high - by_row.low)


def test_interval__over_fresh_populations__covers_the_truth_about_as_often_as_it_says() -> None:
    # one row a wallet, so that the truth is known: P(N(1, 1) > N(0, 1)) = Phi(1 / sqrt 2)
    truth, covered = 0.7602499389, 0
    for seed in range(100):
        scores, labels, wallets = _population(seed, 200, 200, within=0.0)
        area = wallet_bootstrap(scores, labels, wallets, resamples=20)[0]
        covered += area.low <= truth <= area.high
    assert 88 <= covered <= 99


def test_scores_of_several_seeds__widen_the_interval_by_what_the_seeds_differ() -> None:
    scores, labels, wallets = _population(4, 100, 400)
    dice = np.random.default_rng(0)
    several = np.stack([scores * (1 + 0.0) + shake * dice.normal(size=400) for shake in np.linspace(0, 3, 10)])
    one = wallet_bootstrap(scores, labels, wallets, resamples=20)[0]
    many = wallet_bootstrap(several, labels, wallets, resamples=20)[0]
    assert many.high - many.low > one.high - one.low
    assert many.estimate == pytest.approx(np.mean([roc_auc(row, labels) for row in several]))


def test_unstratified__draws_without_a_class__are_left_out_and_not_counted() -> None:
    scores, labels, wallets = np.array([1.0, 2.0, 3.0]), np.array([0.0, 0.0, 1.0]), np.arange(3)
    found = wallet_bootstrap(scores, labels, wallets, resamples=50, stratified=False)[0]
    assert 0 < found.resamples < 500


def test_wallet_bootstrap__same_arguments__give_the_same_intervals() -> None:
    scores, labels, wallets = _population(5, 50, 300)
    assert wallet_bootstrap(scores, labels, wallets) == wallet_bootstrap(scores, labels, wallets)


def test_wallet_bootstrap__200_resamples_of_27667_rows__take_a_few_seconds() -> None:
    scores, labels, wallets = _population(6, 700, 27_667)
    begun = time.perf_counter()
    wallet_bootstrap(scores, labels, wallets, resamples=20)
    assert time.perf_counter() - begun < 8


def test_f1_interval__of_alerts__is_that_of_copied_wallets() -> None:
    scores, labels, wallets = _population(9, 30, 200)
    found = f1_interval(scores >= 0.5, labels, wallets, seeds=range(10), resamples=4)
    owner, times = draws(labels, wallets, seeds=range(10), resamples=4)
    copies = [np.repeat(np.arange(200), drawn[owner].astype(np.int64)) for drawn in times]
    each = [confusion(scores[own], labels[own], 0.5).f1 for own in copies]
    assert found == pytest.approx(tuple(np.quantile(each, (0.025, 0.975))))


def test_middle__of_draws_without_a_figure__leaves_them_out() -> None:
    assert middle(np.array([np.nan, 1.0, 1.0])) == (1.0, 1.0)
    assert middle(np.array([np.nan])) == (None, None)


@pytest.mark.parametrize("seeds", [range(9), [1] * 10])
def test_wallet_bootstrap__fewer_than_ten_seeds__is_refused(seeds: list[int]) -> None:
    scores, labels, wallets = _population(7, 10, 30)
    with pytest.raises(ValueError, match="at least 10"):
        wallet_bootstrap(scores, labels, wallets, seeds=seeds)


def test_wallet_bootstrap__scores_of_another_number_of_seeds__are_refused() -> None:
    scores, labels, wallets = _population(8, 10, 30)
    with pytest.raises(ValueError, match="scores of 3 seeds"):
        wallet_bootstrap(np.stack([scores] * 3), labels, wallets)
