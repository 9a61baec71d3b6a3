"""Opening the journal: durability settings, the lock, versions, and what failures are called."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from oracle.errors import InvalidSetting, StoreFull, StoreLocked, StoreSchema, StoreUnavailable
from oracle.store import Database, payments


def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'journal.sqlite3'}"


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("busy_timeout", 5000), ("foreign_keys", 1)]
)
def test_open__sqlite__every_connection_is_durable(tmp_path: Path, pragma: str, value: str | int) -> None:
    with Database(url(tmp_path)) as database, database.reading() as connection:
        assert connection.execute(text(f"PRAGMA {pragma}")).scalar() == value


def test_writing__error_inside__leaves_nothing_behind(tmp_path: Path) -> None:
    def fail_inside(database: Database) -> None:
        with database.writing() as connection:
            payments.set_meta(connection, "a", "b")
            _ = 1 // 0

    with Database(url(tmp_path)) as database:
        with pytest.raises(ZeroDivisionError):
            fail_inside(database)
        with database.reading() as connection:
            assert payments.get_meta(connection, "a") is None


def test_open__a_second_process__is_kept_out_and_told_who_holds_it(tmp_path: Path) -> None:
    program = "import sys; from oracle.store import Database; Database(sys.argv[1])"
    with Database(url(tmp_path)):
        ended = subprocess.run([sys.executable, "-c", program, url(tmp_path)], capture_output=True, text=True)
    assert "StoreLocked" in ended.stderr
    assert f"process {os.getpid()}" in ended.stderr


def test_open__same_process_twice__is_kept_out(tmp_path: Path) -> None:
    with Database(url(tmp_path)), pytest.raises(StoreLocked, match="PAYFLOW_DATA_DIR"):
        Database(url(tmp_path))


def test_open__after_close__is_free_again(tmp_path: Path) -> None:
    Database(url(tmp_path)).close()
    Database(url(tmp_path)).close()


def test_open__holder_was_killed__is_free_at_once(tmp_path: Path) -> None:
    program = (
        "import sys; from oracle.store import Database; d = Database(sys.argv[1]); print('open', flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, url(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "open\n"
    holder.kill()
    holder.communicate()
    Database(url(tmp_path)).close()


def test_open__written_by_another_version__is_refused(tmp_path: Path) -> None:
    with Database(url(tmp_path)) as database, database.writing() as connection:
        payments.set_meta(connection, "schema", "99")
    with pytest.raises(StoreSchema, match="version 99"):
        Database(url(tmp_path))


def test_open__no_database_but_garbage__says_so(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite3").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreUnavailable, match="not a database"):
        Database(url(tmp_path))


def test_open__folder_cannot_be_made__says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="file"):
        Database(f"sqlite:///{tmp_path / 'file' / 'sub' / 'journal.sqlite3'}")


@pytest.mark.parametrize("address", ["no address", "nosuchdb://x/y"])
def test_open__unusable_address__names_the_variable(address: str) -> None:
    with pytest.raises(InvalidSetting, match="PAYFLOW_DATABASE_URL"):
        Database(address)


def test_writing__a_tool_holds_the_write_lock__is_retryable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oracle.store.database.BUSY_TIMEOUT", 50)
    with Database(url(tmp_path)) as database:
        tool = sqlite3.connect(tmp_path / "journal.sqlite3", isolation_level=None)
        tool.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="write lock") as refused, database.writing():
            pass
        assert refused.value.retryable
        tool.close()
        with database.writing() as connection:
            payments.set_meta(connection, "a", "b")


def test_writing__no_room__is_store_full_and_goes_on_afterwards(tmp_path: Path) -> None:
    def write(database: Database, *, pages: int) -> None:
        with database.writing() as connection:
            # SQLite's own limit stands for the disk's: the same error by the same path
            connection.execute(text(f"PRAGMA max_page_count={pages}"))
            payments.set_meta(connection, "large", "x" * 1_000_000)

    with Database(url(tmp_path)) as database:
        with pytest.raises(StoreFull, match="goes on by itself"):
            write(database, pages=1)
        with database.reading() as connection:
            assert payments.get_meta(connection, "large") is None
        write(database, pages=1_000_000)
