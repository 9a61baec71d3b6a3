"""Files as such: damaged, empty, ragged, long, and a machine without pyarrow."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from oracle.datasets import load_labelled, load_paysim, tables
from oracle.datasets.tables import BLOCK_BYTES, header
from oracle.errors import DataInvalid
from tests.oracle.datasets.files import LABELLED, address, labelled_row, write_labelled

PAYSIM = (
    "step,type,amount,nameOrig,oldbalanceOrg,newbalanceOrg"
    ",nameDest,oldbalanceDest,newbalanceDest,isFraud,isFlaggedFraud"
)


def test_header__name_that_occurs_twice__is_numbered(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b'\xef\xbb\xbfAccount,"To, Bank",Account\r\n')
    assert header(tmp_path / "a.csv") == ("Account", "To, Bank", "Account.1")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (",".join(LABELLED).encode(), "holds no rows"),
        (",".join(LABELLED).encode() + b"\n", "holds no rows"),
    ],
)
def test_read__file_without_rows__is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataInvalid, match=problem):
        load_labelled(tmp_path / "a.csv")


def test_read__parquet_without_rows__is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="holds no rows"):
        load_labelled(write_labelled(tmp_path / "a.parquet", []))


def test_read__row_with_too_few_cells__names_its_line(tmp_path: Path) -> None:
    path = write_labelled(tmp_path / "a.csv", [labelled_row(1), labelled_row(2)])
    path.write_text(path.read_text() + "1,2,3\n")
    with pytest.raises(DataInvalid, match="has 3 cells and should have 11") as caught:
        load_labelled(path)
    assert caught.value.row == 4


def test_read__empty_line__is_refused_and_does_not_shift_lines(tmp_path: Path) -> None:
    path = write_labelled(tmp_path / "a.csv", [labelled_row(1), labelled_row(2)])
    first, second, third = path.read_text().splitlines()
    path.write_text(f"{first}\n{second}\n\n{third}\n")
    with pytest.raises(DataInvalid) as caught:
        load_labelled(path)
    assert caught.value.row == 3


def test_read__text_that_is_not_utf8__is_refused(tmp_path: Path) -> None:
    path = write_labelled(tmp_path / "a.csv", [labelled_row(1, symbol="T?K")])
    path.write_bytes(path.read_bytes().replace(b"T?K", b"T\xffK"))
    with pytest.raises(DataInvalid, match="UTF8"):
        load_labelled(path)


@pytest.mark.parametrize("suffix", ["csv.gz", "parquet"])
def test_read__damaged_file__is_refused(tmp_path: Path, suffix: str) -> None:
    path = write_labelled(tmp_path / f"a.{suffix}", [labelled_row(number) for number in range(2_000)])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataInvalid) as caught:
        load_labelled(path)
    assert str(path) in str(caught.value)


def test_read__no_gzip_behind_gz__is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_text("plain")
    with pytest.raises(DataInvalid, match="cannot be read"):
        load_labelled(tmp_path / "a.csv.gz")


def test_read__file_of_several_blocks__keeps_order_and_lines(tmp_path: Path) -> None:
    count = 330_000
    lines = [PAYSIM] + [
        f"{i // 500},CASH_OUT,{i}.{i % 100:02d},C{i % 7919},0.0,0.0,M{i % 104729},0,0,{i % 2},0" for i in range(count)
    ]
    path = tmp_path / "PS_log.csv"
    path.write_text("\n".join(lines) + "\n")
    assert path.stat().st_size > BLOCK_BYTES
    found = load_paysim(tmp_path)
    assert found.units.tolist() == [100 * i + i % 100 for i in range(count)]
    assert [found.parties[one] for one in found.sender[-3:]] == [f"C{i % 7919}" for i in range(count - 3, count)]
    assert list(found.parties) == sorted(found.parties)
    lines[-1] = lines[-1].replace("CASH_OUT,", "CASH_OUT,-")
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataInvalid) as caught:
        load_paysim(path)
    assert (caught.value.row, caught.value.column) == (count + 1, "amount")
    lines[-2] += ",more"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataInvalid, match="has 12 cells") as caught:
        load_paysim(path)
    assert caught.value.row == count


def test_read__same_rows_packed__has_another_source_and_else_the_same(tmp_path: Path) -> None:
    plain = write_labelled(tmp_path / "a.csv", [labelled_row(1), labelled_row(2)])
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    one, other = load_labelled(plain), load_labelled(packed)
    assert one.source != other.source
    assert one.parties == other.parties
    assert one.units.tolist() == other.units.tolist()


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_read__smaller_batches__give_the_same_transfers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    rows = [
        labelled_row(i, value_raw=str(10 ** (i % 40)), **{"from": address(7 - i % 5), "ego": address(7 - i % 5)})
        for i in range(50)
    ]
    path = write_labelled(tmp_path / f"a.{suffix}", rows)
    whole = load_labelled(path)
    monkeypatch.setattr(tables, "BATCH_ROWS", 7)
    monkeypatch.setattr(tables, "BLOCK_BYTES", 1_000)
    parts = load_labelled(path)
    assert len(list(tables.read(path, ("ts",)))) > 5
    last = write_labelled(tmp_path / f"b.{suffix}", [*rows, labelled_row(60, to="nobody")])
    with pytest.raises(DataInvalid) as caught:
        load_labelled(last)
    assert caught.value.row == (51 if suffix == "parquet" else 52)
    for field in ("parties", "tokens", "transactions", "kinds", "source"):
        assert getattr(parts, field) == getattr(whole, field)
    for field in ("time", "sender", "recipient", "token", "tx", "units", "label", "wallet", "kind"):
        assert getattr(parts, field).tolist() == getattr(whole, field).tolist()


def test_load__without_pyarrow__names_the_extra(tmp_path: Path) -> None:
    path = write_labelled(tmp_path / "a.csv", [labelled_row()])
    script = f"""
import sys
sys.modules["pyarrow"] = None
from pathlib import Path
from oracle.datasets import load_labelled
from oracle.errors import ToolMissing
try:
    load_labelled(Path({str(path)!r}))
except ToolMissing as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert "payflow[data]" in done.stdout, done.stderr


def test_import__of_the_package__loads_no_pyarrow() -> None:
    script = "import sys, oracle.datasets; print('pyarrow' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60).stdout == "False\n"
    )
