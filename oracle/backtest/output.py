"""The output file: whole lines only, whatever happens, and a checkpoint that says which of them are ours.

Rows go to FILE.partial. FILE appears by one rename when it is complete. A process that is killed can leave half a line
behind the last checkpoint; the next run cuts it off. Whoever writes holds a lock on FILE.partial, which dies with the
process, so that two backtests cannot mix their rows.
"""

import csv
import fcntl
import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from oracle.backtest.judge import Record
from oracle.errors import ConfigurationError

SCHEMA = "payflow.backtest/1"
_PIECE = 1 << 20

Settings = Mapping[str, Any]


class Output:
    """FILE, FILE.partial and FILE.checkpoint.json of one backtest."""

    def __init__(self, path: Path, header: Sequence[str], settings: Settings) -> None:
        """`settings`: all that the rows follow from; a run goes on only where they are the same."""
        self.path = path
        self.partial = path.with_name(path.name + ".partial")
        self.checkpoint = path.with_name(path.name + ".checkpoint.json")
        self.summary = path.with_name(path.name + ".summary.json")
        self.written = 0
        self._header = tuple(header)
        self._settings = dict(settings)
        self._bytes = 0
        self._hash = hashlib.sha256()
        self._stream: BinaryIO = io.BytesIO()  # until `open`
        self._opened = False

    def open(self, *, fresh: bool) -> None:
        """Begin, or go on behind the last checkpoint: `written` then says how many rows stand.

        `fresh` throws away what there is. Raises ConfigurationError where another process writes the file, where it is
        another backtest's, or was changed since.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._stream, self._opened = self._locked(), True
        try:
            self._begin(fresh)
        except BaseException:
            if not self.partial.stat().st_size:
                self.partial.unlink()
            self.close()
            raise

    def _locked(self) -> BinaryIO:
        """FILE.partial, locked for this process alone, made if it is not there."""
        while True:
            stream = os.fdopen(os.open(self.partial, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                held, there = os.fstat(stream.fileno()), self.partial.stat()
            except BlockingIOError:
                stream.close()
                raise ConfigurationError(
                    f"{self.path} is being written by another backtest. Wait for its end, or name another output with"
                    f" --out."
                ) from None
            except FileNotFoundError:
                stream.close()
                continue
            if (held.st_dev, held.st_ino) == (there.st_dev, there.st_ino):
                return stream
            stream.close()  # whoever held it has finished and given the file its name meanwhile

    def _begin(self, fresh: bool) -> None:
        if fresh:
            for old in (self.path, self.checkpoint, self.summary):
                old.unlink(missing_ok=True)
        elif self.path.exists():
            self._refuse(self.path, "exists already")
        if not self.checkpoint.exists():
            self._stream.truncate(0)
            self._put(line(self._header))
            self.save()
            return
        kept = _read(self.checkpoint)
        self._compare(kept.get("settings"), self.checkpoint)
        self._bytes, self.written = int(kept["bytes"]), int(kept["rows"])
        self._hash = _hash_of(self.partial, self._bytes)
        if self._hash.hexdigest() != kept["sha256"]:
            self._refuse(self.partial, "is not as the checkpoint left it")
        self._stream.truncate(self._bytes)
        self._stream.seek(self._bytes)

    def finished(self) -> bool:
        """Whether FILE is this backtest's, complete. Raises ConfigurationError where another's summary lies there."""
        if not (self.path.exists() and self.summary.exists()):
            return False
        kept = _read(self.summary)
        self._compare(kept.get("settings"), self.summary)
        if _hash_of(self.path, self.path.stat().st_size).hexdigest() != kept.get("sha256"):
            self._refuse(self.path, "is not as the backtest left it")
        return True

    def summarise_again(self, summary: Mapping[str, Any]) -> Mapping[str, Any]:
        """Put another summary beside a finished FILE; returns it, with what only the run itself can count."""
        kept = _read(self.summary)
        again = {**summary, "left_out": kept.get("left_out", {})}
        _replace(self.summary, {**{name: kept[name] for name in ("schema", "settings", "sha256")}, **again})
        return again

    def add(self, records: Sequence[Record]) -> None:
        """Append rows."""
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows(records)
        self._put(buffer.getvalue().encode())
        self.written += len(records)

    def save(self) -> None:
        """Put rows and checkpoint on disk."""
        self._sync()
        state = {"rows": self.written, "bytes": self._bytes, "sha256": self._hash.hexdigest()}
        _replace(self.checkpoint, {"schema": SCHEMA, "settings": self._settings, **state})

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Give the complete file its name; `summary` lies beside it."""
        self._sync()
        _replace(
            self.summary,
            {"schema": SCHEMA, "settings": self._settings, "sha256": self._hash.hexdigest(), **summary},
        )
        # before the name is given, because from then on the lock keeps nobody from a checkpoint of his own
        self.checkpoint.unlink(missing_ok=True)
        self.partial.replace(self.path)
        self.close()

    def close(self) -> None:
        """Close the file; rows since the last `save` may be written again."""
        self._stream.close()

    def records(self) -> Iterator[Record]:
        """The rows that stand, one by one: those of FILE.partial up to `written`, and without `open` those of FILE."""
        with (self.partial if self._opened else self.path).open(newline="", encoding="utf-8") as stream:
            reader = csv.reader(stream)
            next(reader, None)
            for number, cells in enumerate(reader):
                if self._opened and number >= self.written:
                    return
                yield tuple(cells)

    def _put(self, data: bytes) -> None:
        self._stream.write(data)
        self._hash.update(data)
        self._bytes += len(data)

    def _sync(self) -> None:
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def _compare(self, kept: object, where: Path) -> None:
        if kept == self._settings:
            return
        before = kept if isinstance(kept, dict) else {}
        for name in sorted({*before, *self._settings}):
            if before.get(name) != self._settings.get(name):
                said, now = before.get(name, "nothing"), self._settings.get(name, "nothing")
                self._refuse(where, f"belongs to another backtest: {name} is {said} there and {now} here")

    def _refuse(self, path: Path, problem: str) -> NoReturn:
        raise ConfigurationError(f"{path} {problem}. Name another output with --out, or start anew with --fresh.")


def line(cells: Sequence[str]) -> bytes:
    """One line of CSV."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue().encode()


def earlier_settings(path: Path) -> Mapping[str, Any]:
    """The settings of the backtest that `path` was begun or finished with; empty where there is none."""
    for kind in (".checkpoint.json", ".summary.json"):
        kept = path.with_name(path.name + kind)
        if kept.exists():
            settings = _read(kept).get("settings")
            return settings if isinstance(settings, dict) else {}
    return {}


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as unreadable:
        raise ConfigurationError(f"{path} cannot be read ({unreadable}). Start anew with --fresh.") from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ConfigurationError(f"{path} is no file of this version's backtest. Start anew with --fresh.")
    return document


def _replace(path: Path, document: Mapping[str, Any]) -> None:
    draft = path.with_name(path.name + ".new")
    with draft.open("w", encoding="utf-8") as stream:
        stream.write(json.dumps(document, indent=2, sort_keys=True) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)


def _hash_of(path: Path, size: int) -> "hashlib._Hash":
    total, left = hashlib.sha256(), size
    try:
        with path.open("rb") as stream:
            while left and (piece := stream.read(min(_PIECE, left))):
                total.update(piece)
                left -= len(piece)
    except OSError:
        pass  # its hash then differs from what the checkpoint says
    return total
