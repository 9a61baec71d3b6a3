"""The labelled ERC-20 histories: what is read, and what is refused with its place."""

from pathlib import Path

import numpy as np
import pytest

from oracle.datasets import load_account_labels, load_labelled, load_stablecoins
from oracle.errors import DataInvalid, DataMissing
from tests.oracle.datasets.files import LABELLED, address, labelled_row, tx_hash, write_csv, write_labelled

USDT = "0xdac17f958d2ee523a2206206994597c13d831ec7"


@pytest.mark.parametrize("suffix", ["parquet", "csv", "csv.gz"])
def test_load_labelled__every_kind_of_file__gives_the_same_transfers(tmp_path: Path, suffix: str) -> None:
    rows = [
        labelled_row(1),
        labelled_row(2, **{"from": address(3), "token": USDT, "symbol": "USDT", "value_raw": "7", "ego": address(3)}),
        labelled_row(
            3, ts=1_500_000_002, **{"from": address(3).upper().replace("X", "x"), "ego_flag": 1, "ego": address(3)}
        ),
    ]
    rows[1]["ego_flag"] = 1
    found = load_labelled(write_labelled(tmp_path / f"erc20_transfers.{suffix}", rows))
    assert len(found) == 3
    assert found.time.tolist() == [1_500_000_001, 1_500_000_002, 1_500_000_002]
    assert [found.parties[one] for one in found.sender] == [address(1), address(3), address(3)]
    assert [found.parties[one] for one in found.recipient] == [address(2)] * 3
    assert [found.parties[one] for one in found.wallet] == [address(2), address(3), address(3)]
    assert [found.transactions[one] for one in found.tx] == [tx_hash(1), tx_hash(2), tx_hash(3)]
    assert [found.tokens[one].stable for one in found.token] == [False, True, False]
    assert found.units.tolist() == [5_000_000, 7, 5_000_000]
    assert found.amounts().tolist() == [5.0, 7e-6, 5.0]
    assert found.label.tolist() == [0, 1, 1]
    assert found.kind.tolist() == [-1, -1, -1]
    assert found.label.dtype == np.int8
    assert len(found.source) == 64


def test_load_labelled__amounts_of_78_digits__are_exact(tmp_path: Path) -> None:
    amounts = [2**256 - 1, 10**77 + 1, 2**63, 2**63 - 1, 0, 10**18 + 1]
    rows = [labelled_row(place, value_raw=str(amount)) for place, amount in enumerate(amounts)]
    found = load_labelled(write_labelled(tmp_path / "erc20_transfers.parquet", rows))
    assert found.units.tolist() == amounts
    assert all(type(one) is int for one in found.units)


def test_load_labelled__token_without_decimals__has_none(tmp_path: Path) -> None:
    for name, missing in (("a.parquet", None), ("a.csv", "")):
        found = load_labelled(
            write_labelled(tmp_path / name, [labelled_row(1, decimals=missing), labelled_row(2, decimals=missing)])
        )
        assert [token.decimals for token in found.tokens] == [0]


def test_load__absent_folder__says_source_layout_and_variable(tmp_path: Path) -> None:
    with pytest.raises(DataMissing) as caught:
        load_stablecoins(tmp_path / "eth_transfers_labelled")
    for part in ("eltontay/Ethereum-Fraud-Detection", "cf786e9", "stablecoin_transfers.parquet", "PAYFLOW_DATA"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("from", "0x12", "no address"),
        ("to", "", "no address"),
        ("ego", "Alice", "no address"),
        ("token", "0x" + "g" * 40, "no address"),
        ("tx_hash", "0x" + "a" * 63, "no transaction hash"),
        ("value_raw", "-5", "no whole amount"),
        ("value_raw", "1.5", "no whole amount"),
        ("value_raw", "nan", "no whole amount"),
        ("value_raw", "", "no whole amount"),
        ("value_raw", str(2**256), "more than 2^256"),
        ("ts", "yesterday", "no whole number"),
        ("ts", "-1", "not within"),
        ("decimals", "256", "not within"),
        ("decimals", "7", "not what this token stated before"),
        ("ego_flag", "2", "not within"),
    ],
)
def test_load_labelled__bad_cell__names_file_line_column_and_value(
    tmp_path: Path, column: str, value: str, problem: str
) -> None:
    path = write_labelled(tmp_path / "transfers.csv", [labelled_row(1), labelled_row(2, **{column: value})])
    with pytest.raises(DataInvalid) as caught:
        load_labelled(path)
    error = caught.value
    assert (error.path, error.row, error.column, error.value) == (path, 3, column, value)
    assert problem in error.problem
    assert error.remedy
    assert f"{path}, line 3, column {column}" in str(error)


def test_load_labelled__bad_cell_of_parquet__names_the_row(tmp_path: Path) -> None:
    path = write_labelled(tmp_path / "transfers.parquet", [labelled_row(1), labelled_row(2, to=None)])
    with pytest.raises(DataInvalid, match="row 2, column to") as caught:
        load_labelled(path)
    assert caught.value.row == 2


@pytest.mark.parametrize("missing", ["ts", "value_raw", "ego_flag"])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_load_labelled__missing_column__is_named(tmp_path: Path, suffix: str, missing: str) -> None:
    names = [name for name in LABELLED if name != missing]
    path = tmp_path / f"transfers.{suffix}"
    if suffix == "csv":
        write_csv(path, names, [[labelled_row()[name] for name in names]])
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({name: [labelled_row()[name]] for name in names}), path)
    with pytest.raises(DataInvalid) as caught:
        load_labelled(path)
    assert caught.value.column == missing


def test_load_labelled__older_row_after_newer__is_refused(tmp_path: Path) -> None:
    path = write_labelled(tmp_path / "transfers.csv", [labelled_row(1), labelled_row(5), labelled_row(4)])
    with pytest.raises(DataInvalid, match="older than the one before") as caught:
        load_labelled(path)
    assert (caught.value.row, caught.value.column) == (4, "ts")


def test_load_labelled__wallet_with_two_labels__is_refused(tmp_path: Path) -> None:
    path = write_labelled(tmp_path / "transfers.csv", [labelled_row(1), labelled_row(2, ego_flag=1)])
    with pytest.raises(DataInvalid, match="two labels"):
        load_labelled(path)


def test_load_labelled__floating_point_amounts__are_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "transfers.parquet"
    pq.write_table(pa.table({name: [value] for name, value in (labelled_row() | {"value_raw": 5e24}).items()}), path)
    with pytest.raises(DataInvalid, match="not exact") as caught:
        load_labelled(path)
    assert caught.value.column == "value_raw"


def test_load_account_labels__hash_among_the_addresses__is_set_aside(tmp_path: Path) -> None:
    rows = [[address(0xAB).upper().replace("X", "x"), 1, "a"], [tx_hash(3), 1, "b"], [address(2), 0, "c"]]
    found = load_account_labels(write_csv(tmp_path / "account_labels.csv", ("address", "flag", "source"), rows))
    assert found.addresses == (address(0xAB), address(2))
    assert found.label.tolist() == [1, 0]
    assert found.sources == ("a", "c")
    assert found.strangers == (tx_hash(3),)


def test_load_account_labels__wallet_twice__is_refused(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "labels.csv", ("address", "flag", "source"), [[address(1), 1, "a"], [address(1), 0, "b"]]
    )
    with pytest.raises(DataInvalid, match="twice"):
        load_account_labels(path)
