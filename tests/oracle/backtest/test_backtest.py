"""Backtests give what a node would have given, and survive every interruption."""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from oracle.backtest import EngineJudge, Row, Side, SimulatedSource, StreamJudge, backtest
from oracle.backtest.judge import Judge, Record
from oracle.backtest.stream import transfer_of
from oracle.errors import ConfigurationError
from oracle.scoring import Payment, RiskEngine, RiskModel, ScreeningLists
from oracle.scoring.simulator import simulate, simulated_lists
from oracle.scoring.stream import Stream
from oracle.scoring.supervised import SupervisedModel
from oracle.scoring.supervised.channel import SupervisedChannel

SEED, PAYMENTS = 21, 1_500
SOURCE = SimulatedSource(SEED, PAYMENTS)


def engine() -> EngineJudge:
    return EngineJudge(RiskModel.default(), simulated_lists(SEED))


def small_stream(model: SupervisedModel, side: Side = Side.SENDER) -> StreamJudge:
    judge = StreamJudge(model, side, wallets=4_000, pairs=8_000)
    judge.chunk = 200
    return judge


@pytest.fixture(params=["engine", "stream"])
def new_judge(request: pytest.FixtureRequest, supervised: SupervisedModel) -> Callable[[], Judge]:
    return engine if request.param == "engine" else lambda: small_stream(supervised)


@pytest.fixture
def whole(new_judge: Callable[[], Judge], tmp_path: Path) -> bytes:
    """The file of a run that nothing interrupted."""
    path = tmp_path / "whole.csv"
    assert backtest(SOURCE, new_judge(), path).complete
    return path.read_bytes()


def after(calls: int) -> Callable[[], bool]:
    """False `calls` times, then True."""
    left = iter(range(calls))
    return lambda: next(left, None) is None


def cells(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_engine__in_a_backtest__gives_the_evidence_of_an_online_engine(tmp_path: Path) -> None:
    backtest(SOURCE, engine(), tmp_path / "out.csv")
    online = RiskEngine(RiskModel.default(), simulated_lists(SEED))
    rows = cells(tmp_path / "out.csv")
    assert len(rows) == PAYMENTS
    for row, one in zip(rows, simulate(SEED, PAYMENTS), strict=True):
        verdict = online.assess_and_observe(one.payment)
        assert row["evidence"] == verdict.evidence_hash
        assert (int(row["score"]), row["level"]) == (verdict.overall, verdict.level.name)
        assert row["sentence"] == verdict.explanations[0].sentence


@pytest.mark.parametrize("side", [Side.SENDER, Side.RECIPIENT])
def test_stream__in_a_backtest__gives_the_scores_of_one_payment_at_a_time(
    side: Side, supervised: SupervisedModel, tmp_path: Path
) -> None:
    backtest(SOURCE, small_stream(supervised, side), tmp_path / "out.csv")
    online, seen = Stream(4_000, 8_000), set()
    for row, payment in zip(cells(tmp_path / "out.csv"), SOURCE.rows(), strict=True):
        transfer = transfer_of(payment)
        vector = online.features(transfer)[0 if side is Side.SENDER else 1]
        assert int(row["score"]) == supervised.score(vector)
        assert row["probability"] == f"{supervised.probability(supervised.trees.raw(vector)):.6f}"
        online.observe(transfer)
        seen.add(row["score"])
    assert len(seen) > 10, "a model that says the same of all would prove nothing"


def without_tx(payment: Payment) -> Payment:
    return replace(payment, tx="")


def finer_than_a_millionth(payment: Payment) -> Payment:
    """Every third payment becomes dust of less than a millionth of a token, the others get 18 decimals."""
    amount = 5 * 10**11 if payment.amount % 3 == 0 else payment.amount * 10**12 + 891_234_568
    return replace(payment, decimals=18, amount=amount)


@pytest.mark.parametrize("changed", [without_tx, finer_than_a_millionth])
def test_stream__in_a_backtest__says_what_a_nodes_channel_says(
    changed: Callable[[Payment], Payment],
) -> None:
    supervised = RiskModel.default().supervised
    assert supervised is not None
    rows = [replace(row, payment=changed(row.payment)) for row in SOURCE.rows()]
    sides = [small_stream(supervised, side).play(rows, [True] * len(rows)) for side in (Side.SENDER, Side.RECIPIENT)]
    node = SupervisedChannel(supervised)
    for row, sent, received in zip(rows, *sides, strict=True):
        transfer = transfer_of(row)
        assert f"{node.advise(row.payment, transfer).probability:.6f}" == max(sent[-2], received[-2])
        node.observe(row.payment, transfer)


@pytest.mark.parametrize("chunks", [0, 1, 3])
def test_backtest__stopped_and_called_again__continues_to_the_same_file(
    chunks: int, new_judge: Callable[[], Judge], whole: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "out.csv"
    stopped = backtest(SOURCE, new_judge(), path, stop=after(chunks))
    assert not stopped.complete
    assert not path.exists()
    assert whole.startswith(path.with_name("out.csv.partial").read_bytes())
    resumed = backtest(SOURCE, new_judge(), path)
    assert resumed.complete
    assert resumed.found == stopped.summary["rows"]
    assert bool(resumed.checked) == bool(chunks)
    assert path.read_bytes() == whole
    beside = [json.loads((tmp_path / f"{name}.csv.summary.json").read_text()) for name in ("out", "whole")]
    assert beside[0] == beside[1]
    assert sorted(one.name for one in tmp_path.glob("out*")) == ["out.csv", "out.csv.summary.json"]


def test_backtest__killed_in_the_middle_of_a_line__cuts_it_off_and_continues_to_the_same_file(
    new_judge: Callable[[], Judge], whole: bytes, tmp_path: Path
) -> None:
    path, partial = tmp_path / "out.csv", tmp_path / "out.csv.partial"
    backtest(SOURCE, new_judge(), path, stop=after(2))
    partial.write_bytes(whole[: len(partial.read_bytes()) + 1_234])
    backtest(SOURCE, new_judge(), path)
    assert path.read_bytes() == whole


def test_backtest__called_again_when_finished__scores_nothing_and_counts_by_the_new_threshold(tmp_path: Path) -> None:
    first = backtest(SOURCE, engine(), tmp_path / "out.csv", threshold=61)
    before = (tmp_path / "out.csv").read_bytes()
    again = backtest(SOURCE, engine(), tmp_path / "out.csv", threshold=41, stop=lambda: pytest.fail("it plays"))
    assert again.complete
    assert (tmp_path / "out.csv").read_bytes() == before
    levels = first.summary["levels"]
    assert first.summary["flagged"] == levels["HIGH"] + levels["CRITICAL"]
    assert again.summary["flagged"] == levels["MEDIUM"] + levels["HIGH"] + levels["CRITICAL"]
    assert json.loads((tmp_path / "out.csv.summary.json").read_text())["threshold"] == 41


def test_backtest__over_the_file_of_another__refuses_and_names_the_difference(tmp_path: Path) -> None:
    backtest(SOURCE, engine(), tmp_path / "out.csv", stop=after(1))
    other = EngineJudge(RiskModel.default(), ScreeningLists())
    with pytest.raises(ConfigurationError, match=r"lists is 0x[0-9a-f]{64} there and 0x[0-9a-f]{64} here"):
        backtest(SOURCE, other, tmp_path / "out.csv")
    assert backtest(SOURCE, other, tmp_path / "out.csv", fresh=True).complete
    with pytest.raises(ConfigurationError, match="another backtest"):
        backtest(SOURCE, engine(), tmp_path / "out.csv")


def test_backtest__over_a_file_that_it_did_not_write__refuses_and_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("my own figures\n")
    with pytest.raises(ConfigurationError, match="exists already"):
        backtest(SOURCE, engine(), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "my own figures\n"
    assert [one.name for one in tmp_path.iterdir()] == ["out.csv"]


@pytest.mark.parametrize("fresh", [False, True])
def test_backtest__while_another_writes_the_same_file__refuses_and_takes_nothing_from_it(
    fresh: bool, supervised: SupervisedModel, tmp_path: Path
) -> None:
    backtest(SOURCE, small_stream(supervised), tmp_path / "alone.csv")
    path, refused = tmp_path / "out.csv", 0

    def meanwhile() -> bool:
        nonlocal refused
        with pytest.raises(ConfigurationError, match=r"out\.csv is being written by another backtest.*--out"):
            backtest(SOURCE, small_stream(supervised), path, fresh=fresh)
        refused += 1
        return False

    assert backtest(SOURCE, small_stream(supervised), path, stop=meanwhile, save_every=200).complete
    assert refused > 5
    assert path.read_bytes() == (tmp_path / "alone.csv").read_bytes()
    assert backtest(SOURCE, small_stream(supervised), path, fresh=True).complete  # it lets go at the end


def test_backtest__whose_written_rows_were_changed__refuses(tmp_path: Path) -> None:
    path, partial = tmp_path / "out.csv", tmp_path / "out.csv.partial"
    backtest(SOURCE, engine(), path, stop=after(1))
    partial.write_bytes(partial.read_bytes().replace(b",SAFE,", b",LOWW,", 1))
    with pytest.raises(ConfigurationError, match="not as the checkpoint left it"):
        backtest(SOURCE, engine(), path)


class _Newer(EngineJudge):
    """An engine that scores otherwise under the same versions, as changed code would."""

    def play(self, rows: Sequence[Row], wanted: Sequence[bool]) -> list[Record]:
        return [(*record[:3], "99", *record[4:]) for record in super().play(rows, wanted)]


def test_backtest__resumed_by_code_that_scores_otherwise__refuses_and_names_row_and_score(tmp_path: Path) -> None:
    backtest(SOURCE, engine(), tmp_path / "out.csv", stop=after(1))
    with pytest.raises(ConfigurationError, match=r"row 0 has score [0-9]+ there and 99 now"):
        backtest(SOURCE, _Newer(RiskModel.default(), simulated_lists(SEED)), tmp_path / "out.csv")


def test_summary__of_a_run__counts_every_row_once_by_label_level_day_and_kind(tmp_path: Path) -> None:
    summary = backtest(SOURCE, engine(), tmp_path / "out.csv").summary
    rows = cells(tmp_path / "out.csv")
    assert summary["rows"] == sum(summary["levels"].values()) == len(rows)
    assert sum(group["rows"] for group in summary["by_label"].values()) == len(rows)
    assert sum(sum(day.values()) for day in summary["by_day"].values()) == len(rows)
    caught = [row for row in rows if row["label"] == "1" and int(row["score"]) >= 61]
    assert summary["by_label"]["fraud"]["flagged"] == len(caught) > 0
    wash = [row for row in rows if row["kind"] == "wash"]
    assert summary["by_kind"]["wash"]["rows"] == len(wash) > 0
    scores = sorted((int(row["score"]) for row in rows), reverse=True)
    assert [one["score"] for one in summary["top"]] == scores[: len(summary["top"])]
