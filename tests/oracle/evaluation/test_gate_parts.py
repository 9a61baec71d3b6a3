"""The parts of the gate: vectors, detectors, members, comparisons, splits in time."""

from dataclasses import replace

import numpy as np
import pytest

from oracle.evaluation.bootstrap import draws
from oracle.evaluation.gate.cohorts import cohort_figures, last_week
from oracle.evaluation.gate.compare import gain, matched
from oracle.evaluation.gate.detectors import COMPACT, DETECTORS, at, fit_detectors
from oracle.evaluation.gate.members import anomaly, combined, probabilities
from oracle.evaluation.gate.mistakes import joined, mistakes
from oracle.evaluation.gate.timed import artefacts, by_account, in_time, known_accounts, shapes
from oracle.evaluation.gate.vectors import table_of, vectors
from oracle.evaluation.metrics import recall_at_fpr, roc_auc
from oracle.scoring.stream import FEATURES
from oracle.scoring.supervised.train import folds
from oracle.scoring.training.curves import feature_curve
from tests.oracle.evaluation.gate_tasks import labelled, traded
from tests.oracle.evaluation.helpers import transfers


def test_vectors__later_transfers__change_nothing_before_them() -> None:
    table = transfers(10, 6)
    pays = np.ones(len(table), np.bool_)
    whole = vectors(table, pays, pays)
    early = table.take(np.arange(30))
    assert whole.shape == (60, len(FEATURES))
    np.testing.assert_array_equal(vectors(early, pays[:30], pays[:30]), whole[:30])


def test_vectors__wanted_rows__are_those_of_the_whole_table() -> None:
    table = transfers(10, 6)
    pays = np.ones(len(table), np.bool_)
    wanted = np.arange(len(table)) % 3 == 0
    np.testing.assert_array_equal(vectors(table, pays, wanted), vectors(table, pays, pays)[wanted])


def test_table_of__rows_without_a_transaction__have_one_each() -> None:
    table = table_of(transfers(4, 5))
    assert len(np.unique(table.tx)) == 20


def test_at__many_values__are_those_of_the_curve() -> None:
    curve = feature_curve(np.random.default_rng(0).normal(size=500))
    values = np.linspace(-9, 9, 400)
    np.testing.assert_allclose(at(curve, values), [curve(one) for one in values.tolist()], atol=1e-12)
    assert at(curve, np.array([np.nan])).tolist() == [0.5]


def test_compact__of_all_features__sees_the_wallet_and_the_payment_only() -> None:
    assert not any(FEATURES[one].counterparty for one in COMPACT)
    assert len(COMPACT) > 20


def test_fit_detectors__far_rows__rank_above_ordinary_ones() -> None:
    dice = np.random.default_rng(0)
    rows, owner = dice.normal(size=(400, len(FEATURES))), np.repeat(np.arange(40), 10)
    found = fit_detectors(rows, owner)
    usual = found.rank(found.raw(dice.normal(size=(50, len(FEATURES)))))
    far = found.rank(found.raw(dice.normal(size=(50, len(FEATURES))) * 6))
    assert far.min() > np.median(usual)
    assert far.max() <= 1.0


def test_fit_detectors__few_wallets__is_refused() -> None:
    with pytest.raises(ValueError, match="5 ordinary wallets are too few"):
        fit_detectors(np.zeros((50, len(FEATURES))), np.repeat(np.arange(5), 10))


def test_anomaly__rows_of_fraud__never_train_the_detectors() -> None:
    task = labelled(wallets=60)
    moved = task.rows + 100.0 * task.labels[:, None]
    first, second = (anomaly(rows, task.labels, task.wallets, seeds=(0,), count=2) for rows in (task.rows, moved))
    licit = task.labels == 0
    assert first[0].shape == (1, len(DETECTORS), len(task.labels))
    np.testing.assert_array_equal(first[0][:, :, licit], second[0][:, :, licit])


def test_combined__second_member_of_noise__falls_out() -> None:
    task = labelled()
    dice = np.random.default_rng(2)
    good, noise = task.labels + dice.normal(size=len(task.labels)) / 4, dice.normal(size=len(task.labels))
    scores, weights = combined(good, noise, task.labels, folds(task.wallets, task.labels, 4, 0))
    assert max(weights) <= 0.2
    assert roc_auc(scores, task.labels) > roc_auc(good, task.labels) - 0.01


def test_combined__members_that_add_up__beat_both() -> None:
    task = labelled()
    dice = np.random.default_rng(3)
    one, two = (task.labels + dice.normal(size=len(task.labels)) for _ in range(2))
    scores, _ = combined(one, two, task.labels, folds(task.wallets, task.labels, 4, 0))
    assert roc_auc(scores, task.labels) > max(roc_auc(one, task.labels), roc_auc(two, task.labels)) + 0.02


def test_probabilities__labels_of_a_fold__do_not_move_its_own() -> None:
    task = labelled()
    scores = task.labels + np.random.default_rng(4).normal(size=len(task.labels))
    fold = folds(task.wallets, task.labels, 4, 0)
    found = probabilities(scores, task.labels, task.wallets, fold)
    other = np.where(fold == 1, 1 - task.labels, task.labels)
    np.testing.assert_array_equal(probabilities(scores, other, task.wallets, fold)[fold == 1], found[fold == 1])
    assert (found.min() >= 0, found.max() <= 1) == (True, True)


def test_gain__of_scores_over_themselves__is_nothing() -> None:
    task = labelled()
    found = gain("none", task.rows[:, 0], task.rows[:, 0], task.labels, task.wallets, seeds=range(3), resamples=4)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_matched__bands_of_age__hold_both_classes_alike_or_count_for_nothing() -> None:
    wallets = np.repeat(np.arange(6), 2)
    ages = np.repeat([1.0, 1.0, 1.0, 5.0, 5.0, 9.0], 2)
    labels = np.repeat([1.0, 0.0, 0.0, 1.0, 0.0, 1.0], 2)
    weights = matched(labels, wallets, ages, (3.0, 7.0))
    for low, high in ((0, 3), (3, 7)):
        inside = (ages > low) & (ages < high)
        assert weights[inside & (labels > 0)].sum() == pytest.approx(weights[inside & (labels == 0)].sum())
    assert weights[ages == 9.0].tolist() == [0.0, 0.0]
    assert roc_auc(ages, labels, weights) == pytest.approx(0.5)


def test_mistakes__of_perfect_scores__name_no_missed_wallet() -> None:
    task = labelled()
    found = mistakes(task, "perfect", task.labels.copy(), task.transfers.time)
    assert "0 of 40 wallets with fraud raise no alert" in found.notes[0]
    assert "scores above 100.0% of licit rows, and 0.0% of the rows of fraud" in found.notes[2]
    assert len(found.table.splitlines()) == 81


def test_joined__mistakes_of_two_models__are_one_table_that_names_them() -> None:
    task = labelled()
    one, other = (mistakes(task, name, task.rows[:, 0], task.transfers.time) for name in ("one", "other"))
    both = joined([one, other])
    assert both.notes == one.notes + other.notes
    lines = both.table.splitlines()
    assert (len(lines), lines[0].split(",")[:2]) == (161, ["model", "wallet"])
    assert {line.split(",")[0] for line in lines[1:81]} == {"one"}
    assert {line.split(",")[0] for line in lines[81:]} == {"other"}


def test_cohort_figures__cohort_of_one_class__has_a_rate_and_no_area() -> None:
    labels = np.repeat([0.0, 1.0], 100)
    scores = np.concatenate([np.zeros(99), [2.0], np.ones(100)])
    cohorts = {"kind": np.where(labels > 0, "cycle", "none")}
    figures = cohort_figures(scores, labels, np.arange(200), cohorts, seeds=range(10), resamples=2)
    found = {one.name: one.value for one in figures}
    assert found == {
        "kind cycle: recall at 1% FPR of all": 1.0,
        "kind none: false positive rate at 1% of all": 0.01,
    }


def test_cohort_figures__intervals__are_those_of_copied_wallets() -> None:
    dice = np.random.default_rng(5)
    wallets = np.repeat(np.arange(40), 10)
    labels = (wallets % 2).astype(np.float64)
    scores = labels + dice.normal(size=40)[wallets] + dice.normal(size=400)
    cohorts = {"side": np.where(np.arange(400) % 10 < 6, "a", "b")}
    found = {
        one.name: one for one in cohort_figures(scores, labels, wallets, cohorts, 0.2, seeds=range(10), resamples=3)
    }
    owner, times = draws(labels, wallets, seeds=range(10), resamples=3)
    areas, recalls = [], []
    for drawn in times.astype(np.int64):
        copies = np.repeat(np.arange(400), drawn[owner])
        least = recall_at_fpr(scores[copies], labels[copies], 0.2).threshold
        own = copies[cohorts["side"][copies] == "a"]
        areas.append(roc_auc(scores[own], labels[own]))
        recalls.append(float((scores[own][labels[own] > 0] >= least).mean()))
    for name, values in (("side a: ROC-AUC", areas), ("side a: recall at 20% FPR of all", recalls)):
        one, (low, high) = found[name], np.quantile(values, (0.025, 0.975)).tolist()
        assert one.low == pytest.approx(low)
        assert one.high == pytest.approx(high)
        assert low < one.value < high


def test_last_week__rows_of_a_quiet_and_a_busy_wallet__are_of_their_cohorts() -> None:
    rows = np.full((4, len(FEATURES)), np.nan)
    rows[:, [one.name for one in FEATURES].index("own_7d_n")] = [np.nan, 0.0, 4.0, 5.0]
    assert last_week(rows).tolist() == ["no transfer", "no transfer", "1 to 4", "5 and more"]


def test_in_time__training__ends_before_testing_begins() -> None:
    task = traded()
    part = in_time(task)
    assert task.transfers.time[part.train].max() < task.transfers.time[part.test].min()
    assert (part.train ^ part.test).all()


def test_by_account__accounts_that_are_judged__were_never_learnt_from() -> None:
    task = traded()
    for part in by_account(task):
        seen, judged = (
            set(task.transfers.sender[rows].tolist()) | set(task.transfers.recipient[rows].tolist())
            for rows in (part.train, part.test)
        )
        assert judged
        assert not seen & judged
        assert not known_accounts(task, part)[part.test].any()


def test_known_accounts__labels_of_the_test_time__are_not_read() -> None:
    task = traded()
    part = in_time(task)
    changed = replace(task, labels=np.where(part.test, 1 - task.labels, task.labels))
    np.testing.assert_array_equal(known_accounts(task, part), known_accounts(changed, part))


def test_artefacts__amounts__are_held_against_licit_training_rows() -> None:
    task = traded()
    part = in_time(task)
    units = np.array([1 if label else 5 for label in task.labels], dtype=object)
    found = artefacts(replace(task, transfers=replace(task.transfers, units=units)), part)
    np.testing.assert_array_equal(found[:, 0], task.labels)


def test_shapes__of_marked_rows__are_circles_fans_and_what_is_of_ordinary_size() -> None:
    table = transfers(6, 1)
    pairs = [(0, 1), (1, 2), (2, 0), (3, 4), (0, 3), (4, 5)]
    table = replace(
        table,
        sender=np.array([one for one, _ in pairs]),
        recipient=np.array([other for _, other in pairs]),
        units=np.array([1, 1, 1, 1, 50, 40], dtype=object),
    )
    found = shapes(table, np.array([1, 1, 1, 1, 1, 0], np.int8))
    assert found.tolist() == ["like a cycle"] * 3 + ["like a fan-in", "of ordinary size", "licit"]


def test_fit_detectors__with_fraud__weights_tell_it_at_least_as_well_as_equal_ones() -> None:
    dice = np.random.default_rng(0)
    rows, owner = dice.normal(size=(400, len(FEATURES))), np.repeat(np.arange(40), 10)
    fraud = dice.normal(size=(60, len(FEATURES))) * 1.15
    equal, weighed = fit_detectors(rows, owner), fit_detectors(rows, owner, fraud=fraud)
    fresh = np.concatenate([dice.normal(size=(300, len(FEATURES))), dice.normal(size=(300, len(FEATURES))) * 1.15])
    labels = np.repeat((0.0, 1.0), 300)
    raw = equal.raw(fresh)
    assert (weighed.raw(fresh) == raw).all(), "what they are fitted on knows no fraud"
    assert equal.weights == (1,) * len(DETECTORS)
    assert roc_auc(weighed.rank(raw), labels) >= roc_auc(equal.rank(raw), labels)
