"""Lists to try out, from files."""

import csv
from pathlib import Path

from oracle.datasets import AddressFormat, load_sanctions
from oracle.errors import ConfigurationError
from oracle.scoring import ListEntry, ListKind, ScreeningLists

_COLUMNS = {"address", "kind"}


def read_lists(path: Path) -> ScreeningLists:
    """Lists from a CSV file with the columns address, kind (one of `ListKind`), and if wanted source and note; or from
    a text file of sanctioned addresses, one a line.

    Raises ConfigurationError, and DataInvalid or InvalidListing for an entry that cannot be.
    """
    if path.suffix == ".txt":
        return ScreeningLists(
            ListEntry(one.address, ListKind.SANCTIONED, one.file, "")
            for one in load_sanctions(path)
            if one.format is AddressFormat.EVM
        )
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            if not set(reader.fieldnames or ()) >= _COLUMNS:
                raise ConfigurationError(
                    f"{path} has no columns address and kind: name them in its first line, or give addresses one a line"
                    f" in a file that ends in .txt."
                )
            return ScreeningLists(_entry(path, line, row) for line, row in enumerate(reader, 2))
    except (OSError, UnicodeDecodeError) as unreadable:
        raise ConfigurationError(f"The lists {path} cannot be read ({unreadable}): correct the path.") from None


def _entry(path: Path, line: int, row: dict[str, str]) -> ListEntry:
    kinds = [kind.value for kind in ListKind]
    if row["kind"] not in kinds:
        raise ConfigurationError(f"{path}, line {line}: {row['kind']!r} is no kind. Use one of {', '.join(kinds)}.")
    return ListEntry(
        (row["address"] or "").strip(), ListKind(row["kind"]), row.get("source") or "", row.get("note") or ""
    )
