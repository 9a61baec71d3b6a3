"""What a backtest replays: whole, in order, and the same every time."""

from pathlib import Path

import pytest

from oracle.backtest import EngineJudge, FileSource, SimulatedSource, TransfersSource, backtest, read_lists
from oracle.backtest.source import MOST_DECIMALS, NULL
from oracle.datasets import load
from oracle.errors import ConfigurationError, DataInvalid, InvalidListing
from oracle.scoring import ListKind, RiskModel, ScreeningLists
from tests.oracle.datasets.files import address, tx_hash, write_csv

USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7"
HEADER = ("time", "sender", "recipient", "token", "amount", "decimals", "id", "tx", "block", "label", "kind")


def file_of(path: Path, payments: int, seed: int = 3) -> Path:
    """Simulated payments as a file of one's own."""
    rows = []
    for row in SimulatedSource(seed, payments).rows():
        p = row.payment
        amounts = (p.timestamp, p.sender, p.recipient, p.token, p.amount, p.decimals)
        rows.append((*amounts, p.payment_id, p.tx, p.block, row.label, row.kind))
    return write_csv(path, HEADER, rows)


def test_file__of_simulated_payments__gives_the_backtest_of_the_simulation(tmp_path: Path) -> None:
    source = FileSource(file_of(tmp_path / "mine.csv", 600))
    for name, one in (("file", source), ("simulated", SimulatedSource(3, 600))):
        backtest(one, EngineJudge(RiskModel.default(), ScreeningLists()), tmp_path / f"{name}.csv")
    assert (tmp_path / "file.csv").read_bytes() == (tmp_path / "simulated.csv").read_bytes()


def test_file__read_twice__gives_the_same_rows(tmp_path: Path) -> None:
    source = FileSource(file_of(tmp_path / "mine.csv", 300))
    assert list(source.rows()) == list(source.rows())


def test_file__without_optional_columns__gets_ids_of_its_own(tmp_path: Path) -> None:
    rows = [(1_600_000_000, address(1), address(2), USDT, 5, 6)] * 2
    first, second = FileSource(write_csv(tmp_path / "mine.csv", HEADER[:6], rows)).rows()
    assert first.payment.payment_id != second.payment.payment_id
    assert (first.label, first.kind, first.payment.block) == (-1, "", 0)


def test_file__whose_time_goes_back__is_refused_with_its_line(tmp_path: Path) -> None:
    rows = [(time, address(1), address(2), USDT, 5, 6) for time in (1_600_000_000, 1_600_000_005, 1_600_000_004)]
    source = FileSource(write_csv(tmp_path / "mine.csv", HEADER[:6], rows))
    with pytest.raises(DataInvalid, match=r"line 4, column time: '1600000004' is before the row above"):
        list(source.rows())


def test_rows__that_the_core_would_refuse__are_left_out_and_counted(tmp_path: Path) -> None:
    good = (1_600_000_000, address(1), address(2), USDT, 5, 6)
    rows = [good, (*good[:1], NULL, *good[2:]), (*good[:2], address(1), *good[3:]), (*good[:4], 0, 6)]
    rows += [(*good[:5], MOST_DECIMALS), (*good[:5], MOST_DECIMALS + 1)]
    source = FileSource(write_csv(tmp_path / "mine.csv", HEADER[:6], rows))
    outcome = backtest(source, EngineJudge(RiskModel.default(), ScreeningLists()), tmp_path / "out.csv")
    assert outcome.summary["rows"] == 2
    assert sorted(outcome.summary["left_out"].values()) == [1, 1, 1, 1]


def export(path: Path) -> Path:
    names = ("token_address", "from_address", "to_address", "value", "transaction_hash", "log_index", "block_number")
    rows = [(USDT, address(n), address(n + 1), 10**6 * n, tx_hash(n), 0, 100 + n, 1_600_000_000 + n) for n in (2, 1, 1)]
    return write_csv(path, (*names, "block_timestamp"), rows)


def test_data_set__with_a_repeated_transfer__plays_it_once_in_the_order_of_time(tmp_path: Path) -> None:
    source = TransfersSource(load("transfers", export(tmp_path / "token_transfers.csv")))
    rows = list(source.rows())
    assert [row.payment.amount for row in rows] == [10**6, 2 * 10**6]
    assert [row.payment.tx for row in rows] == [tx_hash(1), tx_hash(2)]
    assert sum(source.left_out.values()) == 1
    assert all(row.payment.decimals == 6 for row in rows)


def test_data_set__of_bank_accounts__gets_one_address_per_account(tmp_path: Path) -> None:
    columns = ("sourceNodeId", "targetNodeId", "value", "time")
    write_csv(tmp_path / "transactions.csv", columns, [(1, 2, "10.5", 3), (2, 1, "4.25", 4)])
    write_csv(tmp_path / "nodes.csv", ("nodeid", "isFraud"), [(1, 0), (2, 1)])
    transfers = load("amlsim", tmp_path)
    first, second = TransfersSource(transfers).rows()
    assert first.payment.sender == second.payment.recipient
    assert first.payment.recipient == second.payment.sender
    assert first.payment.sender != first.payment.recipient
    assert (first.label, second.label) == (0, 1)


def test_lists__from_a_csv_file__hold_what_it_says(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "lists.csv", ("address", "kind", "note"), [(address(4096), "mixer", "seen")])
    assert read_lists(path).kinds(address(4096)) == {ListKind.MIXER}


def test_lists__from_lines_of_addresses__are_sanctions(tmp_path: Path) -> None:
    (tmp_path / "ofac_eth.txt").write_text(address(4096) + "\n")
    assert read_lists(tmp_path / "ofac_eth.txt").kinds(address(4096)) == {ListKind.SANCTIONED}


@pytest.mark.parametrize(
    ("header", "row", "error", "said"),
    [
        (("address", "kind"), (address(4096), "villain"), ConfigurationError, "line 2: 'villain' is no kind"),
        (("wallet",), (address(4096),), ConfigurationError, "no columns address and kind"),
        (("address", "kind"), (NULL, "scam"), InvalidListing, "mint"),
    ],
)
def test_lists__with_an_entry_that_cannot_be__are_refused(
    header: tuple[str, ...], row: tuple[str, ...], error: type[Exception], said: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=said):
        read_lists(write_csv(tmp_path / "lists.csv", header, [row]))
