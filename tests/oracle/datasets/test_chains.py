"""Data sets of blockchains: exports of transfers, Elliptic, address poisoning."""

from math import isnan
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from oracle.datasets import load_elliptic, load_payoffs, load_transfers
from oracle.errors import ConfigurationError, DataInvalid, DataMissing
from tests.oracle.datasets.files import address, tx_hash, write_csv, write_parquet

USDT = "0xdAC17F958D2ee523a2206206994597C13D831ec7"
ETHERSCAN = (
    "Txhash",
    "Blockno",
    "UnixTimestamp",
    "DateTime (UTC)",
    "From",
    "To",
    "TokenValue",
    "USDValueDayOfTx",
    "ContractAddress",
    "TokenName",
    "TokenSymbol",
)
ETL = ("token_address", "from_address", "to_address", "value", "transaction_hash", "log_index", "block_number")
PAYOFFS = (
    "block_number",
    "tx_hash",
    "addr",
    "topics_from_addr",
    "topics_to_addr",
    "value",
    "value_usd",
    "is_sender_victim",
    "num_first_matched_digits",
    "num_last_matched_digits",
    "intended_addr",
)


def explored(number: int, time: int, value: str, token: str = USDT, symbol: str = "USDT") -> list[object]:
    day = "2021-01-01 00:00:05"
    return [tx_hash(number), 11_565_019, time, day, address(1), address(2), value, "1", token, "Tether", symbol]


def extracted(number: int, block: int, value: str, token: str = USDT, log: int = 0) -> list[object]:
    return [token.lower(), address(1), address(2), value, tx_hash(number), log, block]


def test_load_transfers__etherscan_newest_first__is_turned_round(tmp_path: Path) -> None:
    other = address(0xB)
    rows = [
        explored(4, 30, "1,234.5"),
        explored(3, 20, "0.25", other, "ODD"),
        explored(2, 20, "3", other, "ODD"),
        explored(1, 10, "0.000001"),
    ]
    found = load_transfers(write_csv(tmp_path / "export-address-token.csv", ETHERSCAN, rows))
    assert [found.transactions[one] for one in found.tx] == [tx_hash(one) for one in (1, 2, 3, 4)]
    assert found.units.tolist() == [1, 300, 25, 1_234_500_000]
    assert {token.symbol: (token.decimals, token.stable) for token in found.tokens} == {
        "USDT": (6, True),
        "ODD": (2, False),
    }
    assert set(found.label.tolist()) == {-1}
    assert set(found.wallet.tolist()) == {-1}


def test_load_transfers__etherscan_sums_beyond_64_bits__are_exact(tmp_path: Path) -> None:
    dai = "0x6b175474e89094c44da98b954eedeac495271d0f"
    values = ["9007199254740993.000000000000000001", "123456789012345678901", "0.5", "9223372036854775807"]
    rows = [explored(place, place, value, dai, "DAI") for place, value in enumerate(values)]
    found = load_transfers(write_csv(tmp_path / "export.csv", ETHERSCAN, rows))
    assert found.units.tolist() == [
        9_007_199_254_740_993 * 10**18 + 1,
        123_456_789_012_345_678_901 * 10**18,
        5 * 10**17,
        (2**63 - 1) * 10**18,
    ]
    small = load_transfers(
        write_csv(tmp_path / "export.csv", ETHERSCAN, [explored(1, 1, "10", dai), explored(2, 2, "9.3", dai)])
    )
    assert small.units.tolist() == [10**19, 93 * 10**17]


@pytest.mark.parametrize(("tx", "value"), [("Transaction Hash", "TokenValue"), ("Txhash", "Value")])
def test_load_transfers__etherscan_of_other_years__is_read(tmp_path: Path, tx: str, value: str) -> None:
    names = [tx if name == "Txhash" else value if name == "TokenValue" else name for name in ETHERSCAN]
    assert load_transfers(write_csv(tmp_path / "export.csv", names, [explored(1, 10, "1.5")])).units.tolist() == [
        1_500_000
    ]


def test_load_transfers__etherscan_without_amounts__names_the_column(tmp_path: Path) -> None:
    names = ["Nothing" if name == "TokenValue" else name for name in ETHERSCAN]
    with pytest.raises(DataInvalid) as caught:
        load_transfers(write_csv(tmp_path / "export.csv", names, [explored(1, 10, "1.5")]))
    assert caught.value.column == "TokenValue"


def test_load_transfers__bigquery_shards__become_one_set_in_the_order_of_logs(tmp_path: Path) -> None:
    names = (*ETL, "block_timestamp")
    time = "2021-01-01 00:00:05 UTC"
    write_csv(tmp_path / "token_transfers-000000000000.csv", names, [[*extracted(3, 9, "3", log=2), time]])
    write_csv(
        tmp_path / "token_transfers-000000000001.csv",
        names,
        [[*extracted(2, 9, str(2**256 - 1), log=1), time], [*extracted(1, 8, "7", log=5), time]],
    )
    found = load_transfers(tmp_path)
    assert found.units.tolist() == [7, 2**256 - 1, 3]
    assert set(found.time.tolist()) == {1_609_459_205}
    assert found.tokens[0].decimals == 6


def test_load_transfers__bigquery_parquet__gives_what_csv_gives(tmp_path: Path) -> None:
    rows = [extracted(1, 8, "7"), extracted(2, 9, str(10**77))]
    columns: dict[str, object] = {name: [row[place] for row in rows] for place, name in enumerate(ETL)}
    times = np.array(["2021-01-01T00:00:05", "2021-01-01T00:00:17"], "datetime64[us]")
    path = write_parquet(
        tmp_path / "token_transfers.parquet", columns | {"block_timestamp": pa.array(times, pa.timestamp("us", "UTC"))}
    )
    text = [[*row, f"{time} UTC".replace("T", " ", 1)] for row, time in zip(rows, times.astype(str), strict=True)]
    other = write_csv(tmp_path / "other.csv", (*ETL, "block_timestamp"), text)
    one, same = load_transfers(path), load_transfers(other)
    assert one.time.tolist() == same.time.tolist() == [1_609_459_205, 1_609_459_217]
    assert one.units.tolist() == same.units.tolist() == [7, 10**77]
    assert one.transactions == same.transactions


def test_load_transfers__ethereum_etl__takes_times_and_decimals_from_beside(tmp_path: Path) -> None:
    token = address(0xC)
    path = write_csv(
        tmp_path / "token_transfers.csv", ETL, [extracted(1, 9, "250", token), extracted(2, 8, "5", token)]
    )
    with pytest.raises(DataInvalid, match=r"no blocks\.csv") as caught:
        load_transfers(path)
    assert caught.value.column == "block_timestamp"
    write_csv(tmp_path / "blocks.csv", ("number", "hash", "timestamp"), [[9, "0x", 1_500], [8, "0x", 1_488]])
    with pytest.raises(DataInvalid, match=r"tokens\.csv") as caught:
        load_transfers(path)
    assert caught.value.value == token
    write_csv(
        tmp_path / "tokens.csv",
        ("address", "symbol", "name", "decimals"),
        [[token, "CCC", "C", 2], [USDT, "USDT", "", ""]],
    )
    found = load_transfers(path)
    assert found.time.tolist() == [1_488, 1_500]
    assert found.amounts().tolist() == [0.05, 2.5]
    assert found.tokens[0].symbol == "CCC"
    listed = load_transfers(write_csv(tmp_path / "token_transfers.csv", ETL, [extracted(1, 9, "250", USDT)])).tokens[0]
    assert (listed.symbol, listed.decimals, listed.stable) == ("USDT", 0, True)
    write_csv(path, ETL, [extracted(1, 9, "250", token), extracted(2, 8, "5", token)])
    write_csv(tmp_path / "blocks.csv", ("number", "hash", "timestamp"), [[8, "0x", 1_488]])
    with pytest.raises(DataInvalid, match=r"not in blocks\.csv") as caught:
        load_transfers(path)
    assert caught.value.row == 2


def test_load_transfers__columns_of_nobody__are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="neither Etherscan's columns"):
        load_transfers(write_csv(tmp_path / "export.csv", ("a", "b"), [[1, 2]]))


def elliptic(folder: Path, *, plus: bool = False) -> Path:
    """Three transactions; 10 pays 11, and 12 pays 11."""
    prefix = "" if plus else "elliptic_"
    features: list[list[object]] = [[10, 1, "-0.17", "0.5"], [11, 2, "0.1", "1e-3"], [12, 1, "0.0", "2"]]
    write_csv(folder / f"{prefix}txs_features.csv", ("txId", "Time step", "a", "b") if plus else None, features)
    classes: list[list[object]] = [[10, 1], [11, 2], [12, 3 if plus else "unknown"]]
    write_csv(folder / f"{prefix}txs_classes.csv", ("txId", "class"), classes)
    write_csv(folder / f"{prefix}txs_edgelist.csv", ("txId1", "txId2"), [[10, 11], [12, 11]])
    return folder


@pytest.mark.parametrize("plus", [False, True])
def test_load_elliptic__edges__are_rows_with_the_class_of_the_chosen_side(tmp_path: Path, plus: bool) -> None:
    found = load_elliptic(elliptic(tmp_path, plus=plus))
    assert [found.parties[one] for one in found.sender] == ["10", "12"]
    assert found.label.tolist() == [1, -1]
    assert found.time.tolist() == [2 * 14 * 86_400] * 2
    assert found.units.tolist() == [0, 0]
    assert load_elliptic(tmp_path, "recipient").label.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("part", "rows", "problem"),
    [
        ("classes", [[10, 4]], "no class"),
        ("classes", [[11, 2]], r"not in elliptic_txs_classes\.csv"),
        ("features", [[10, 0, 1], [11, 1, 1], [12, 1, 1]], "not within 1"),
        ("features", [[10, 1, 1]], "not in the file of features"),
    ],
)
def test_load_elliptic__bad_cell__is_refused(tmp_path: Path, part: str, rows: list[list[object]], problem: str) -> None:
    elliptic(tmp_path)
    write_csv(tmp_path / f"elliptic_txs_{part}.csv", ("txId", "class") if part == "classes" else None, rows)
    with pytest.raises(DataInvalid, match=problem):
        load_elliptic(tmp_path)


def test_load_elliptic__missing_part__is_named(tmp_path: Path) -> None:
    (elliptic(tmp_path) / "elliptic_txs_classes.csv").unlink()
    with pytest.raises(DataMissing, match="elliptic_txs_classes"):
        load_elliptic(tmp_path)


def payoff(number: int, block: int, value: str, usd: str) -> list[object]:
    ends = address(1), address(2), value, usd, True, 3, 4, address(3)
    return [block, tx_hash(number), USDT, *ends]


def test_load_payoffs__losses__are_exact_and_in_the_order_of_blocks(tmp_path: Path) -> None:
    rows = [
        payoff(1, 9, "2.794894e+23", "279489.4"),
        payoff(2, 8, "20000000000000.0", ""),
        payoff(3, 8, "7", "2.5e-05"),
    ]
    write_csv(tmp_path / "payoff_transfers_bsc.csv", PAYOFFS, rows)
    found = load_payoffs(tmp_path, "bsc")
    assert len(found) == 3
    assert found.block.tolist() == [8, 8, 9]
    assert found.tx == (tx_hash(2), tx_hash(3), tx_hash(1))
    assert found.units == (20_000_000_000_000, 7, 279_489_400_000_000_000_000_000)
    assert isnan(found.usd[0])
    assert found.usd[1:].tolist() == [2.5e-05, 279_489.4]
    assert (found.victim[0], found.look_alike[0], found.intended[0]) == (address(1), address(2), address(3))
    assert found.token[0] == USDT.lower()
    assert (found.leading.tolist(), found.trailing.tolist()) == ([3] * 3, [4] * 3)


@pytest.mark.parametrize(
    ("value", "usd", "column"),
    [
        ("1.5", "1", "value"),
        ("-1", "1", "value"),
        ("1", "-1", "value_usd"),
        ("1", "nan", "value_usd"),
        ("1", "1e999", "value_usd"),
    ],
)
def test_load_payoffs__bad_cell__is_refused(tmp_path: Path, value: str, usd: str, column: str) -> None:
    path = write_csv(tmp_path / "payoff_transfers_ethereum.csv", PAYOFFS, [payoff(1, 9, value, usd)])
    with pytest.raises(DataInvalid) as caught:
        load_payoffs(path)
    assert (caught.value.row, caught.value.column) == (2, column)


def test_load_payoffs__chain_without_data__names_those_with(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="ethereum, bsc"):
        load_payoffs(tmp_path, "tron")
