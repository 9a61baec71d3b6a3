"""Opening the journal: one writer process, durable commits, and every database failure as an error of the tree."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from sqlalchemy import Connection, Engine, create_engine, event, insert, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from oracle.errors import InvalidSetting, StoreError, StoreFull, StoreLocked, StoreSchema, StoreUnavailable
from oracle.store.schema import SCHEMA_VERSION, meta, metadata

BUSY_TIMEOUT = 5_000
"""Milliseconds that SQLite waits for another connection's write to end."""
POOL: dict[str, int] = {"pool_size": 16, "max_overflow": 32, "pool_timeout": 10}
"""Connections kept, made on top at peaks, and seconds to wait for one: more than an API has threads."""
ADVISORY_LOCK = 0x50617946
"""Key of PostgreSQL's advisory lock that one node holds on a journal ("PayF")."""


class Database:
    """The journal's database, held by this process alone until `close()`.

    Readers in other threads use `reading()` at any time; writes go through `writing()`, one at a time.
    """

    def __init__(self, url: str) -> None:
        """Open or create the journal at a SQLAlchemy address.

        Raises StoreLocked, StoreUnavailable, StoreSchema, StoreFull, InvalidSetting (the address itself is unusable).
        """
        try:
            self._url = make_url(url)
            self._engine = _engine(self._url)
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as unusable:
            raise InvalidSetting(
                variable="PAYFLOW_DATABASE_URL", problem=f"cannot be used as a database address ({unusable})"
            ) from None
        self.name = self._url.render_as_string(hide_password=True)
        self._lock = _Lock(self._url, self._engine, self.name)
        try:
            self._lock.acquire()
            self._prepare()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one consistent state. Raises StoreError."""
        with self._translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all of it is durable when the block ends, nothing of it when an error leaves the block.

        Raises StoreError.
        """
        with self._translated(), self._engine.connect() as connection:
            connection.info["writes"] = True
            try:
                with connection.begin():
                    yield connection
            finally:
                connection.info.pop("writes", None)

    def close(self) -> None:
        """Give the journal back. May be called twice."""
        self._lock.release()
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _prepare(self) -> None:
        with self.writing() as connection:
            metadata.create_all(connection)
            found = connection.execute(select(meta.c.value).where(meta.c.name == "schema")).scalar()
            if found is None:
                connection.execute(insert(meta).values(name="schema", value=SCHEMA_VERSION))
            elif found != SCHEMA_VERSION:
                raise StoreSchema(
                    journal=self.name, found=f"schema version {found}", expected=f"version {SCHEMA_VERSION}"
                )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as failed:
            raise self._error(failed) from failed
        except PoolTimeout as busy:
            raise StoreUnavailable(journal=self.name, cause="all of its connections are in use") from busy

    def _error(self, failed: DBAPIError) -> StoreError:
        cause = str(failed.orig).strip()
        if "disk is full" in cause or "No space left" in cause or "disk full" in cause:
            return StoreFull(journal=self.name)
        if "database is locked" in cause:
            # our own lock keeps other nodes out, so this is a tool or a backup: it ends some time
            return StoreUnavailable(journal=self.name, cause="another process holds its write lock")
        return StoreUnavailable(journal=self.name, cause=cause.splitlines()[0] if cause else type(failed).__name__)


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, isolation_level="REPEATABLE READ", pool_pre_ping=True, **POOL)
    if url.database:
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as failed:
            raise StoreUnavailable(
                journal=url.render_as_string(hide_password=True), cause=f"its folder cannot be made ({failed})"
            ) from None
    # autocommit in the driver, so that BEGIN is ours alone: IMMEDIATE takes the write lock at once instead of failing
    # in the middle of a transaction that read first
    engine = create_engine(url, connect_args={"isolation_level": None, "timeout": BUSY_TIMEOUT / 1000}, **POOL)

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",  # an attempt must be on the disk before it is on the wire
            f"busy_timeout={BUSY_TIMEOUT}",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.info.get("writes") else "BEGIN")

    return engine


class _Lock:
    """One process per journal: a file lock beside SQLite's file, an advisory lock in PostgreSQL. Both die with us."""

    def __init__(self, url: URL, engine: Engine, name: str) -> None:
        self._url, self._engine, self._name = url, engine, name
        self._file: IO[str] | None = None
        self._session: Connection | None = None

    def acquire(self) -> None:
        if self._url.get_backend_name() != "sqlite":
            self._acquire_session()
        elif self._url.database:
            self._acquire_file(Path(f"{self._url.database}.lock"))

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._session is not None:
            self._session.close()
            self._session = None

    def _acquire_file(self, path: Path) -> None:
        try:
            file = path.open("a+")
        except OSError as failed:
            raise StoreUnavailable(journal=self._name, cause=f"{path}: {failed.strerror}") from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip()
            file.close()
            raise StoreLocked(journal=self._name, holder=f"process {holder}" if holder else "unknown") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def _acquire_session(self) -> None:
        try:
            session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            held = session.execute(text(f"SELECT pg_try_advisory_lock({ADVISORY_LOCK})")).scalar()
        except OperationalError as failed:
            cause = str(failed.orig).strip().splitlines()
            raise StoreUnavailable(journal=self._name, cause=cause[0] if cause else "no connection") from None
        if not held:
            session.close()
            raise StoreLocked(journal=self._name, holder="another session of the database")
        self._session = session
