"""Where data sets lie, what to say when one does not, and the hash of what was read."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from oracle.errors import DataMissing

ROOT = Path(__file__).resolve().parents[2]
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a data set comes from, and the files that its folder holds, as DataMissing says them."""

    source: str
    layout: str


def data_folder() -> Path:
    """PAYFLOW_DATA, or the shared folder beside the project."""
    return Path(os.environ.get("PAYFLOW_DATA", ROOT.parent / "shared" / "data"))


def locate(path: Path, names: Iterable[str], origin: Origin) -> Path:
    """`path` if it is a file, else the first of `names` (patterns are allowed) in that folder. Raises DataMissing."""
    return locate_all(path, names, origin)[0]


def locate_all(path: Path, names: Iterable[str], origin: Origin) -> tuple[Path, ...]:
    """As `locate`, but all files that the first pattern with any describes, in the order of their names."""
    if path.is_file():
        return (path,)
    patterns = tuple(names)
    for pattern in patterns:
        found = sorted(one for one in path.glob(pattern) if one.is_file())
        if found:
            return tuple(found)
    wanted = path if path.suffix else path / patterns[0]
    raise DataMissing(path=wanted, source=origin.source, layout=origin.layout)


def digest(paths: Iterable[Path]) -> str:
    """SHA-256 over the bytes of these files, one after the other, as 64 hexadecimal digits."""
    total = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                total.update(chunk)
    return total.hexdigest()
