"""What commands write is there whole, or not at all."""

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from oracle.commands.files import write_all
from oracle.errors import ConfigurationError

PAYFLOW = [sys.executable, "-c", "from oracle.cli import main; main()"]
LIMIT = 20_000


@contextmanager
def little_room() -> Iterator[None]:
    """No file may grow beyond LIMIT bytes: a write then fails in the middle, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def content(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def test_write_all__files_in_folders_that_are_not_there__are_made(tmp_path: Path) -> None:
    write_all({tmp_path / "a": b"1", tmp_path / "new" / "b": b"2"})
    write_all({tmp_path / "a": b"3"})
    assert content(tmp_path) == {"a": b"3", "new/b": b"2"}


def test_write_all__disk_that_is_full_at_the_second_file__leaves_all_as_they_were(tmp_path: Path) -> None:
    write_all({tmp_path / "a": b"1", tmp_path / "b": b"2"})
    with little_room(), pytest.raises(ConfigurationError, match=r"b cannot be written .*File too large"):
        write_all({tmp_path / "a": b"new", tmp_path / "b": bytes(2 * LIMIT)})
    assert content(tmp_path) == {"a": b"1", "b": b"2"}


def test_write_all__folder_in_the_place_of_a_file__leaves_all_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(ConfigurationError, match="b is a folder"):
        write_all({tmp_path / "a": b"new", tmp_path / "b": b"new"})
    assert content(tmp_path) == {}


def test_train__disk_that_is_full__leaves_the_old_model_and_its_hash(tmp_path: Path) -> None:
    old = {"default.safetensors": b"old model", "default.sha256": b"old hash"}
    write_all({tmp_path / name: data for name, data in old.items()})
    done = subprocess.run(
        [*PAYFLOW, "train", "--payments", "4000", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT)),
    )
    assert done.returncode == 3, done.stderr
    assert "cannot be written" in done.stderr
    assert content(tmp_path) == old
