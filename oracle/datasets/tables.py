"""CSV and Parquet files as batches of columns. Every cell knows its line, so that an error can name it.

CSV cells stay text until `cells` converts them, because a reader that guesses types would round amounts.
"""

import csv
import gzip
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from oracle.errors import DataInvalid, ToolMissing

BLOCK_BYTES = 1 << 24
BATCH_ROWS = 1 << 18
"""What is read at a time: the size of a block of CSV, the rows of a batch of Parquet."""
_ROW = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")


@dataclass(frozen=True, slots=True)
class Batch:
    """Some consecutive rows of a file.

    `columns`: pyarrow arrays of equal length by column name; `first`: line (CSV) or row (Parquet), from 1 on, of row 0.
    """

    path: Path
    columns: Mapping[str, Any]
    first: int

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def refuse(self, row: int, column: str, problem: str, remedy: str) -> NoReturn:
        """Raise DataInvalid for a cell of this batch."""
        value = self.columns[column][row].as_py()
        raise DataInvalid(
            path=self.path,
            row=self.first + row,
            column=column,
            value="" if value is None else str(value),
            problem=problem,
            remedy=remedy,
        )


def arrow() -> Any:
    """The package pyarrow, which only data sets need. Raises ToolMissing."""
    try:
        import pyarrow
        import pyarrow.compute
        import pyarrow.csv
        import pyarrow.parquet
    except ImportError as error:
        raise ToolMissing(tool="pyarrow", remedy="Install the extra: `pip install payflow[data]`.") from error
    return pyarrow


def header(path: Path) -> tuple[str, ...]:
    """The names of the columns: the first line of a CSV file (.gz or not), or the schema of a Parquet file.

    A name that occurs twice gets ".1", ".2" and so on behind it. Raises DataInvalid if there is none.
    """
    if path.suffix == ".parquet":
        with _parquet(path) as file:
            return tuple(file.schema_arrow.names)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            line = stream.readline().decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        refuse_file(path, f"cannot be read: {error}")
    names: list[str] = []
    for name in next(csv.reader([line]), []):
        repeats = sum(other.split(".")[0] == name for other in names)
        names.append(f"{name}.{repeats}" if repeats else name)
    if not any(names):
        refuse_file(path, "is empty")
    return tuple(names)


def refuse_file(path: Path, problem: str, *, row: int | None = None, column: str | None = None) -> NoReturn:
    """Raise DataInvalid for a file as a whole."""
    raise DataInvalid(
        path=path, row=row, column=column, value=None, problem=problem, remedy="Get the file again; see docs/data.md."
    )


def require(path: Path, columns: Sequence[str], present: Sequence[str]) -> None:
    """Raise DataInvalid for the first of `columns` that the file does not have."""
    for column in columns:
        if column not in present:
            raise DataInvalid(
                path=path,
                row=None if path.suffix == ".parquet" else 1,
                column=column,
                value=None,
                problem=f"is missing; the file has {', '.join(present)}",
                remedy="Give the file the columns that docs/data.md lists for this data set.",
            )


def read(path: Path, columns: Sequence[str], *, names: Sequence[str] | None = None) -> Iterator[Batch]:
    """The file in batches of at least one row, these columns only.

    `names`: the names of all columns of a CSV file that has no header. Raises DataInvalid for a missing column, a row
    that has more or fewer cells than the header, text that is not UTF-8, a damaged file and one without rows;
    ToolMissing.
    """
    require(path, columns, header(path) if names is None else names)
    rows = 0
    for batch in _read_parquet(path, columns) if path.suffix == ".parquet" else _read_csv(path, columns, names):
        rows += len(batch)
        yield batch
    if not rows:
        refuse_file(path, "holds no rows")


def _read_csv(path: Path, columns: Sequence[str], names: Sequence[str] | None) -> Iterator[Batch]:
    pa = arrow()
    line = 1 if names is not None else 2
    reading = pa.csv.ReadOptions(
        column_names=list(header(path) if names is None else names),
        skip_rows=line - 1,
        block_size=BLOCK_BYTES,
        use_threads=False,  # threads do not know the number of a ragged row
    )
    # Empty lines must count, or the lines that errors name would be wrong.
    parsing = pa.csv.ParseOptions(ignore_empty_lines=False)
    converting = pa.csv.ConvertOptions(
        column_types=dict.fromkeys(columns, pa.string()), include_columns=list(columns), strings_can_be_null=False
    )
    try:
        with pa.input_stream(str(path), compression="gzip" if path.suffix == ".gz" else None) as stream:
            for part in pa.csv.open_csv(stream, reading, parsing, converting):
                if part.num_rows:
                    yield Batch(path, {column: part.column(column) for column in columns}, line)
                    line += part.num_rows
    except pa.ArrowInvalid as error:
        if "Could not skip initial" in str(error) or "Empty CSV file" in str(error):
            return
        if matched := _ROW.search(str(error)):
            refuse_file(path, f"has {matched[3]} cells and should have {matched[2]}", row=int(matched[1]))
        refuse_file(path, f"cannot be read from line {line} on: {error}")
    except (OSError, EOFError) as error:
        refuse_file(path, f"cannot be read from line {line} on: {error}")


def _parquet(path: Path) -> Any:
    pa = arrow()
    try:
        return pa.parquet.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        refuse_file(path, f"is no Parquet file: {error}")


def _read_parquet(path: Path, columns: Sequence[str]) -> Iterator[Batch]:
    pa = arrow()
    row = 1
    try:
        with _parquet(path) as file:
            for part in file.iter_batches(batch_size=BATCH_ROWS, columns=list(columns)):
                if part.num_rows:
                    yield Batch(path, {column: part.column(column) for column in columns}, row)
                    row += part.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        refuse_file(path, f"cannot be read from row {row} on: {error}")
