"""The gate as a whole: a leak keeps figures from being called detection quality, and runs can go on and repeat."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from oracle.datasets import data_folder
from oracle.errors import ConfigurationError, DataMissing
from oracle.evaluation.conformal import bound
from oracle.evaluation.gate import evaluate, files, summary
from oracle.evaluation.gate.by_time import ALPHA, Judge, by_time
from oracle.evaluation.gate.by_wallet import ENSEMBLE, by_wallet
from oracle.evaluation.gate.goals import (
    CHANNEL,
    CHANNEL_WEEK,
    CHOSEN_F1,
    DISJOINT,
    IN_TIME,
    SUPERVISED,
    WEEK,
    Goal,
    outcomes,
)
from oracle.evaluation.gate.labelled import labelled_task
from oracle.evaluation.gate.timed import Part, by_account, in_time
from oracle.evaluation.metrics import best_f1, confusion
from oracle.evaluation.probes import audit, births, standard_probes
from oracle.evaluation.report import NOT_REPORTABLE, REPORTABLE, Report, from_json, sections, to_json
from oracle.scoring.stream import FEATURES
from oracle.scoring.supervised.train import folds
from tests.oracle.evaluation.gate_tasks import SMALL, labelled, traded, write_bank

pytest.importorskip("lightgbm", reason="LightGBM is not installed: pip install payflow[train]")


def quiet(_what: str, _share: float) -> None:
    """No progress."""


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    """Of labels that follow the wallets' birth, and of labels that do not."""
    return {leak: by_wallet(labelled(leak), SMALL, None, quiet)[0] for leak in ("birth", "")}


@pytest.mark.parametrize(("leak", "heading"), [("birth", NOT_REPORTABLE), ("", REPORTABLE)])
def test_by_wallet__labels_that_follow_age__are_no_detection_quality(
    reports: dict[str, Report], leak: str, heading: str
) -> None:
    headings = {model.name: section.heading for section in sections(reports[leak]) for model in section.models}
    assert {headings[name] for name in (SUPERVISED, WEEK, CHANNEL, ENSEMBLE)} == {heading}


@pytest.mark.parametrize(
    ("leak", "because"),
    [
        ("list", "list membership alone reaches ROC-AUC 1.000, above the limit of 0.75"),
        ("no list", "the leakage audit lacks a probe: list membership"),
    ],
)
def test_by_wallet__lists_that_name_the_fraud_or_are_absent__keep_figures_from_being_detection_quality(
    leak: str, because: str
) -> None:
    (section,) = sections(by_wallet(labelled(leak), SMALL, None, quiet)[0])
    assert (section.heading, set(section.because)) == (NOT_REPORTABLE, {because})


def test_by_wallet__members_with_a_goal__have_a_learning_curve_that_ends_at_their_own_figure(
    reports: dict[str, Report],
) -> None:
    report = reports[""]
    for model in report.models:
        if model.name in (SUPERVISED, WEEK, CHANNEL, CHANNEL_WEEK):
            assert [point.fraction for point in model.learning] == [0.5, 1.0]
            assert model.learning[-1].roc_auc == pytest.approx(model.figures[0].value)
            assert any(note.startswith(f"{model.name}: at 1% false positives") for note in report.notes)
            assert any(note.startswith(f"Learning curve of {model.name}:") for note in report.notes)
            cohort = [one for one in model.figures if one.name.startswith("direction pays")]
            assert len(cohort) == 3
            assert all(one.low is not None for one in cohort)
    learnt = {model.name: model.learning[-1].wallets for model in report.models if model.learning}
    assert learnt == {SUPERVISED: 40, WEEK: 40, CHANNEL: 20, CHANNEL_WEEK: 20}  # the channel learns from licit ones


def test_by_wallet__report__reads_back_from_its_json(reports: dict[str, Report]) -> None:
    for report in reports.values():
        assert from_json(to_json(report)) == report


def test_by_wallet__leak_of_age__keeps_a_goal_from_being_reached(reports: dict[str, Report]) -> None:
    goal = (Goal(SUPERVISED, "ROC-AUC", 0.5),)
    leaky, clean = (outcomes(goal, reports[leak]) for leak in ("birth", ""))
    assert (leaky[0].value > 0.5, leaky[0].reached, clean[0].reached) == (True, False, True)
    assert "age alone reaches" in leaky[0].sentence


def test_by_wallet__same_task__gives_the_same_report_with_and_without_cache(tmp_path: Path) -> None:
    task = labelled()
    plain = by_wallet(task, SMALL, None, quiet)
    assert by_wallet(task, SMALL, tmp_path, quiet) == plain
    assert by_wallet(task, SMALL, tmp_path, quiet) == plain


def test_evaluate__bank_in_amlsims_format__is_judged_in_time_and_by_account(tmp_path: Path) -> None:
    found = evaluate("amlsim", path=write_bank(tmp_path / "bank"), quick=True, cache=tmp_path / "cache")
    names = [model.name for model in found.report.models]
    assert names[0] == "split in time"
    assert "split in time and by account" in names
    assert "accounts, by their highest score" in names
    in_time = next(model for model in found.report.models if model.name == "split in time")
    assert in_time.audit is not None
    assert {probe.name for probe in in_time.audit.probes} == {"age", "calendar", "known accounts", "missingness"}
    written = files(found)
    assert {"report.json", "table.csv", "table.tex", "report.html", "summary.md", "wallets.csv", "goals.json"} <= set(
        written
    )
    assert next(one["goal"]["model"] for one in json.loads(written["goals.json"])) == "split in time"
    assert from_json(written["report.json"].decode()) == found.report
    assert written["summary.md"].decode() == summary(found.report, found.outcomes)
    again = evaluate("amlsim", path=tmp_path / "bank", quick=True, cache=tmp_path / "cache")
    assert files(again) == written


@pytest.fixture(scope="module")
def in_times() -> tuple[Report, Report]:
    """Of a bank that is judged in time, and of the same with the labels of the judged rows turned round."""
    task = traded(accounts=60)
    turned = replace(task, labels=np.where(in_time(task).test, 1 - task.labels, task.labels))
    first, second = (by_time(one, None, SMALL, None, quiet)[0] for one in (task, turned))
    return first, second


def test_by_time__bound_of_the_training_time__is_measured_under_the_model_that_set_it(
    in_times: tuple[Report, Report],
) -> None:
    task, report = traded(accounts=60), in_times[0]
    run, labels, time = Judge(task, SMALL, None, quiet), task.labels, task.transfers.time
    whole = in_time(task)
    start, end = time[whole.train].min(), time[whole.train].max()
    late = whole.train & (time > start + 0.75 * (end - start))
    scores = run.trees("again", (Part(whole.train & ~late, late | whole.test),))
    licit = late & (labels == 0)
    least = bound(scores[licit], task.wallets[licit], ALPHA, "row").least_alert
    found = {one.name: one.confusion for one in report.models[0].outcomes}
    assert found["conformal bound of 1% of rows, its own model"] == confusion(
        scores[whole.test], labels[whole.test], least
    )


def test_by_time__threshold_of_the_training_time__is_of_senders_left_out_and_used_on_the_full_model(
    in_times: tuple[Report, Report],
) -> None:
    task, report = traded(accounts=60), in_times[0]
    run, labels = Judge(task, SMALL, None, quiet), task.labels
    whole, parts = in_time(task), by_account(task)
    models = {model.name: model for model in report.models}

    def alerts(part: Part, scores: np.ndarray) -> np.ndarray:
        _, owner = np.unique(task.wallets[part.train], return_inverse=True)
        fold = np.full(len(labels), -1)
        fold[part.train] = folds(owner, labels[part.train], 5, 0)
        left_out = np.full(len(labels), np.nan)
        for one in range(5):
            inner = run.trees(f"again {one}", (Part(part.train & (fold != one), fold == one),))
            left_out[fold == one] = inner[fold == one]
        limit = best_f1(left_out[part.train], labels[part.train]).threshold
        return np.where(part.test, scores >= limit, -1.0)

    of_time = alerts(whole, run.trees("full", (whole,)))[whole.test]
    expected = confusion(of_time, labels[whole.test], 1.0)
    found = {one.name: one.confusion for one in models[IN_TIME].outcomes}["the threshold of the training time"]
    assert (found.true_positive, found.false_positive) == (expected.true_positive, expected.false_positive)
    chosen = {one.name: one for one in models[IN_TIME].figures}[CHOSEN_F1]
    assert chosen.value == expected.f1
    assert chosen.low is not None
    assert chosen.high is not None
    assert chosen.low < chosen.value < chosen.high
    apart = run.trees("apart", parts)
    held_out = np.max([alerts(part, apart) for part in parts], axis=0)
    seen = held_out >= 0
    figures = {one.name: one.value for one in models[DISJOINT].figures}
    assert figures[CHOSEN_F1] == confusion(held_out[seen], labels[seen], 1.0).f1


def test_by_time__probabilities__come_from_the_training_time_alone(in_times: tuple[Report, Report]) -> None:
    means = []
    for report in in_times:
        model = report.models[0]
        assert model.calibration is not None
        means.append(sorted({round(each.predicted, 12) for each in model.calibration.bins}))
        error = next(each for each in model.figures if each.name == "expected calibration error")
        assert error.low is not None
    assert means[0] == means[1]


def test_by_time__labels_of_the_judged_rows__do_not_move_the_threshold(in_times: tuple[Report, Report]) -> None:
    alerts = []
    for report in in_times:
        found = report.models[0].outcomes
        chosen = next(each.confusion for each in found if each.name == "the threshold of the training time")
        alerts.append(chosen.true_positive + chosen.false_positive)
    assert alerts[0] == alerts[1] > 0


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("patterns", "holds laundering only"),
        ("elliptic", "no wallets"),
        ("transfers", "no labels"),
        ("x", "no data set 'x'"),
    ],
)
def test_evaluate__set_that_cannot_be_judged__says_why_and_names_the_others(data: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{said}.*stablecoins, labelled, amlsim"):
        evaluate(data)


def test_evaluate__few_seeds__is_refused() -> None:
    with pytest.raises(ConfigurationError, match="9 seeds are too few"):
        evaluate("amlsim", seeds=9)


def test_evaluate__absent_data__says_where_it_comes_from(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="eltontay/Ethereum-Fraud-Detection"):
        evaluate("stablecoins", path=tmp_path)


@pytest.mark.skipif(not data_folder().is_dir(), reason="the shared data sets are not here: see docs/data.md")
def test_stablecoins__shared_set__age_alone_separates_the_classes() -> None:
    task = labelled_task("stablecoins")
    assert np.bincount(task.wallets).max() == 100
    assert task.alone is not None
    single = [place for place, one in enumerate(FEATURES) if one.horizon == 0 and one.name != "same_tx"]
    dollars = ~np.isnan(task.rows[:, [one.name for one in FEATURES].index("size")])  # of tokens that are stable there
    np.testing.assert_array_equal(task.alone[dollars][:, single], task.rows[dollars][:, single])  # of another past
    assert not np.isnan(task.alone[:, single]).any()
    assert (np.nan_to_num(task.alone, nan=-1.0) != np.nan_to_num(task.rows, nan=-1.0)).any()
    born = births(task.transfers, task.history)
    assert (task.transfers.time >= born).all()
    probes = standard_probes(task.transfers, task.rows, task.history)
    found = audit({"age": probes["age"]}, task.labels, task.wallets)
    assert found.probes[0].roc_auc > 0.95
    assert [probe.name for probe in found.failed] == ["age"]
