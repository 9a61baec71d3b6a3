"""Small data sets, written as their formats document them."""

import csv
import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

LABELLED = ("block", "ts", "tx_hash", "from", "to", "token", "symbol", "decimals", "value_raw", "ego", "ego_flag")


def address(number: int) -> str:
    return f"0x{number:040x}"


def tx_hash(number: int) -> str:
    return f"0x{number:064x}"


def write_csv(path: Path, header: Sequence[str] | None, rows: Sequence[Sequence[object]]) -> Path:
    with gzip.open(path, "wt", newline="") if path.suffix == ".gz" else path.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        if header is not None:
            writer.writerow(header)
        writer.writerows(rows)
    return path


def write_parquet(path: Path, columns: Mapping[str, Any]) -> Path:
    pq.write_table(pa.table(dict(columns)), path)
    return path


def labelled_row(number: int = 1, **changes: object) -> dict[str, object]:
    """A transfer of 5 tokens from wallet 1 to wallet 2, in the history of wallet 2."""
    row: dict[str, object] = {
        "block": 4_000_000 + number,
        "ts": 1_500_000_000 + number,
        "tx_hash": tx_hash(number),
        "from": address(1),
        "to": address(2),
        "token": address(0xA),
        "symbol": "TOK",
        "decimals": 6,
        "value_raw": "5000000",
        "ego": address(2),
        "ego_flag": 0,
    }
    return row | changes


def write_labelled(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """As Parquet with the types of the shared set, or as CSV."""
    if path.suffix != ".parquet":
        return write_csv(path, LABELLED, [[row[name] for name in LABELLED] for row in rows])
    types = {"block": pa.int32(), "ts": pa.int64(), "decimals": pa.int16(), "ego_flag": pa.int8()}
    return write_parquet(
        path, {name: pa.array([row[name] for row in rows], types.get(name, pa.large_string())) for name in LABELLED}
    )
