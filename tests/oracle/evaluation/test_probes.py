import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from oracle.datasets import data_folder, first_per_wallet, load_labelled, load_stablecoins
from oracle.evaluation.agebands import age_bands, age_edges
from oracle.evaluation.canonical import canonical, read
from oracle.evaluation.crossval import cross_validate
from oracle.evaluation.probes import (
    Audit,
    Probe,
    age_columns,
    audit,
    births,
    calendar_columns,
    missing_columns,
    probe_scores,
    standard_probes,
)
from oracle.scoring.numbers import Floats
from tests.oracle.evaluation.helpers import DAY, failed, passed, transfers

SHARED = data_folder() / "eth_transfers_labelled"


def test_audit__of_wallets_born_apart__fails_by_age_and_calendar_and_by_nothing_else() -> None:
    table = transfers(leak="birth")
    rows = np.random.default_rng(0).normal(size=(len(table), 3))
    found = audit(standard_probes(table, rows, table), table.label, table.wallet)
    assert {one.name for one in found.failed} == {"age", "calendar"}
    assert found.failed[0].name == "age"
    assert found.failed[0].roc_auc > 0.95
    assert not found.passed


def test_audit__of_a_clean_population__passes() -> None:
    table = transfers()
    rows = np.random.default_rng(0).normal(size=(len(table), 3))
    found = audit(standard_probes(table, rows, table), table.label, table.wallet, seeds=(0, 1))
    assert found.passed
    assert {one.name for one in found.probes} == {"age", "calendar", "missingness"}


def test_audit__of_values_that_are_missing_for_fraud__fails_by_missingness() -> None:
    table = transfers()
    rows = np.random.default_rng(0).normal(size=(len(table), 3))
    rows[table.label == 1, 1] = math.nan
    found = audit(standard_probes(table, rows, table), table.label, table.wallet)
    assert [one.name for one in found.failed] == ["missingness"]
    assert found.failed[0].columns == 1


def test_audit__of_a_list_that_holds_the_fraud_wallets__fails_by_list_membership() -> None:
    table = transfers()
    listed = {"scams": table.label == 1, "exchanges": np.zeros(len(table), dtype=np.bool_)}
    found = audit(standard_probes(table, np.zeros((len(table), 2)), table, listed), table.label, table.wallet)
    assert [(one.name, one.roc_auc) for one in found.failed] == [("list membership", 1.0)]


def test_audit__within_age_bands__is_the_probe_on_the_pairs_of_the_figure() -> None:
    table = transfers(wallets=120)
    born = age_columns(table, table)[:, 1]
    edges = age_edges(born, table.wallet, 3)
    probes = {"age": age_columns(table, table)}
    within = audit(
        probes,
        table.label,
        table.wallet,
        measure=lambda scores: age_bands(scores, table.label, table.wallet, born, edges).roc_auc,
    )
    scores = probe_scores(probes["age"], table.label, table.wallet)[0]
    wanted = age_bands(scores, table.label, table.wallet, born, edges).roc_auc
    assert within.probes[0].roc_auc == wanted
    assert wanted != audit(probes, table.label, table.wallet).probes[0].roc_auc


def test_audit__without_a_required_probe_or_with_one_that_has_no_figure__has_not_passed() -> None:
    assert passed().passed
    assert not failed().passed
    without = Audit(passed().probes[1:], 0.75)
    assert (without.absent, without.passed) == (("age",), False)
    besides = replace(passed(), besides=("list membership",))
    assert (besides.absent, besides.passed) == (("list membership",), False)
    unknown = Audit((*passed().probes, Probe("list membership", 1, math.nan)), 0.75)
    assert [one.name for one in unknown.failed] == ["list membership"]
    assert not Audit((), 0.75).passed


def test_audit__at_the_limit_itself__passes() -> None:
    at = Audit((Probe("age", 1, 0.75), *passed().probes[1:]), 0.75)
    assert at.passed
    assert not replace(at, limit=math.nextafter(0.75, 0)).passed


def test_columns__of_age_calendar_and_missingness__are_what_they_say() -> None:
    table = transfers(wallets=10, rows=3)
    age = age_columns(table, table)
    for wallet in range(10):
        own = table.wallet == wallet
        assert age[own, 0].tolist() == [0.0, DAY, 2 * DAY]
        assert set(age[own, 1].tolist()) == {float(table.time[own].min())}
    monday = replace(table, time=np.full(len(table), 1_700_438_400 + 3600 * 7, dtype=np.int64))  # 2023-11-20 07:00 UTC
    assert calendar_columns(monday)[0].tolist() == [1_700_463_600.0, 7.0, 0.0]
    assert missing_columns(np.array([[1.0, math.nan]])).tolist() == [[0.0, 1.0]]


def test_age_columns__of_rows_without_a_wallet__are_refused() -> None:
    table = transfers(wallets=4, rows=2)
    lost = replace(table, wallet=np.where(np.arange(8) == 5, -1, table.wallet))
    with pytest.raises(ValueError, match="row 5 belongs to no wallet"):
        age_columns(lost, lost)


def test_births__from_a_wider_history__are_the_first_sight_of_the_address_there_in_whatever_role() -> None:
    table = transfers(wallets=3, rows=2)
    wider = replace(
        transfers(wallets=4, rows=2),
        parties=("unknown", "w2", "w0", "w9"),  # other places than in the table
        time=np.arange(8, dtype=np.int64) + 5,
        wallet=np.full(8, -1, dtype=np.int64),
        sender=np.array([0, 0, 0, 1, 1, 0, 0, 0]),
        recipient=np.array([3, 3, 3, 3, 3, 3, 2, 3]),
    )
    own = [int(table.time[table.wallet == one].min()) for one in range(3)]
    found = dict(zip(table.wallet.tolist(), births(table, wider).tolist(), strict=True))
    assert found == {0: 11, 1: own[1], 2: 8}


def test_births__in_a_table_that_was_cut_down__would_hide_what_the_wider_history_shows() -> None:
    wide = transfers(leak="birth", rows=30)
    dice = np.random.default_rng(3)
    late = replace(wide, time=wide.time + np.where(wide.label == 0, 60 * DAY, 0))
    cut = late.take(dice.random(len(late)) < 0.5)
    narrow = audit({"age": age_columns(cut, cut)}, cut.label, cut.wallet).probes[0].roc_auc
    whole = audit({"age": age_columns(cut, wide)}, cut.label, cut.wallet).probes[0].roc_auc
    assert whole > 0.95
    assert narrow < whole - 0.2


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data sets are not there")
def test_audit__of_the_shared_stablecoin_transfers__fails_by_age() -> None:
    table = first_per_wallet(load_stablecoins(SHARED), 100)
    history = load_labelled(SHARED)
    found = audit({"age": age_columns(table, history)}, table.label, table.wallet)
    assert found.probes[0].roc_auc > 0.98


def test_standard_probes__of_rows_that_do_not_fit__are_refused() -> None:
    with pytest.raises(ValueError, match="missingness probe has columns"):
        standard_probes(transfers(wallets=4, rows=2), np.zeros((7, 2)), transfers(wallets=4, rows=2))


def test_probe_scores__same_arguments__give_the_same_bytes_and_use_the_folds_of_the_model(tmp_path: Path) -> None:
    table = transfers(leak="birth")
    columns = age_columns(table, table)
    first = probe_scores(columns, table.label, table.wallet, seeds=(2,), cache=tmp_path)
    assert first.tobytes() == probe_scores(columns, table.label, table.wallet, seeds=(2,)).tobytes()
    sizes: list[int] = []

    def model(_train: Floats, _labels: Floats, _wallets: NDArray[Any], test: Floats) -> NDArray[Any]:
        sizes.append(len(test))
        return np.zeros(len(test))

    cross_validate(columns, table.label, table.wallet, model, learner="model", seeds=(2,))
    kept = sorted(len(np.load(path, allow_pickle=False)) for path in tmp_path.iterdir())
    assert kept == sorted(sizes)


def test_probe_scores__of_columns_that_never_vary__are_all_alike() -> None:
    table = transfers(wallets=20, rows=2)
    columns = np.full((len(table), 2), math.nan)
    columns[:, 1] = 3.0
    assert not probe_scores(columns, table.label, table.wallet).any()


def test_audit__as_json__reads_back_the_same() -> None:
    for one in (passed(), failed(), Audit((Probe("age", 1, math.nan),), 0.75)):
        assert canonical(read(Audit, canonical(one))) == canonical(one)
    assert read(Audit, canonical(failed())) == failed()
