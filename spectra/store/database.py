"""Opening the DuckDB store: one read-write connection per process, cursors, one writer lock."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pandas as pd

from spectra.errors import StoreError
from spectra.store import failures, macros, motherduck, presence

MEMORY = ":memory:"
DEFAULT_MEMORY_LIMIT = "256MB"
# Rows need no order of their own; checkpoints after every few chunks would double the writing.
_SETTINGS: dict[str, Any] = {"preserve_insertion_order": False, "checkpoint_threshold": "128MB"}
# What a private store holds beyond its memory lies in temporary files for a while; the key to them
# is in this process alone. "Unsafe" is what DuckDB calls the keys of the library that it brings; a
# better one would be a download.
_UNREADABLE = {"temp_file_encryption": True, "force_mbedtls_unsafe": True}


class Store:
    """One open DuckDB database.

    Every call works on a cursor of its own, so any number of threads may read; writes go through
    one lock and one transaction each.

    Parameters
    ----------
    path : str or Path
        A file, ``:memory:`` for a private workspace, or a ``md:`` database of MotherDuck.
    memory_limit : str
        DuckDB's own limit; the machine's size is no guide inside a container.

    Raises
    ------
    StoreError
        If the file is locked by another process, damaged, or written by a newer SPECTRA, or the
        ``md:`` database cannot be reached.
    """

    def __init__(
        self,
        path: str | Path = MEMORY,
        *,
        memory_limit: str = DEFAULT_MEMORY_LIMIT,
        threads: int = 2,
    ) -> None:
        self.path = str(path)
        self.identity = uuid4().hex  # no other store has it, not even one opened after this closed
        self._write_lock = threading.RLock()
        self.refresh_lock = threading.Lock()  # one refresh at a time; a second says so and leaves
        self.retention_lock = threading.Lock()  # old days are rolled up by one; a second leaves
        # The demo company is written by one at a time: who extends it, or lets it follow a change.
        self.demo_lock = threading.RLock()
        self.revision = 0  # grows with every committed write; what was read before may be stale
        self._config: dict[str, Any] = {"memory_limit": memory_limit, "threads": threads}
        if self.path == MEMORY:
            self._config |= _UNREADABLE
        self._is_closed = False
        self._silent: threading.Event | None = None
        self._root = self._ready()
        if self.is_shared:
            try:
                self._silent = presence.keep_beating(self)
            except BaseException:
                self._root.close()
                raise

    def _ready(self) -> duckdb.DuckDBPyConnection:
        """Connect and bring macros and schema up to date."""
        connection = self._open(self._config)
        try:
            macros.create(connection)
            migrate(connection)
        except BaseException as error:
            connection.close()
            if told := failures.explained(self.path, error):
                raise told from error
            raise
        return connection

    def _open(self, config: dict[str, Any]) -> duckdb.DuckDBPyConnection:
        return _connect(self.path, config)

    @property
    def is_file(self) -> bool:
        """Whether it is a file of this machine, which has a size and is checkpointed."""
        return self.path != MEMORY and not self.is_shared

    @property
    def is_shared(self) -> bool:
        """Whether other processes may have it open too; a file belongs to one."""
        return self.path.startswith(motherduck.PREFIX)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a new cursor in UTC; never share one between threads.

        After a checkpoint that failed, as on a full disk, DuckDB answers nothing more: the file
        is opened anew, which replays what was committed.
        """
        try:
            return self._cursor()
        except (duckdb.FatalException, duckdb.ConnectionException):
            if self._is_closed or self.path == MEMORY:
                raise
        with self._write_lock:
            with suppress(duckdb.Error):
                return self._cursor()  # another thread has been here
            self._root.close()
            self._root = self._ready()
            self.revision += 1
            return self._cursor()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        cursor = self._root.cursor()
        cursor.execute("SET TimeZone = 'UTC'")
        return cursor

    @contextmanager
    def write(self, *, is_fact: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
        """One transaction under the writer lock; rolled back whole if anything fails.

        What is no fact (a log, the state of a source) leaves the revision as it is, so that no
        page computes its figures anew for it.
        """
        with self._write_lock:
            cursor = self.cursor()
            cursor.begin()
            try:
                yield cursor
                cursor.commit()
            except BaseException as error:
                _roll_back(cursor)
                if told := failures.write_error(self.path, error):
                    raise told from error
                raise
            self.revision += is_fact

    def checkpoint(self) -> None:
        """Bring what the log of a file holds into it, when nothing else is written."""
        if not self.is_file:
            return
        # What a reader still looks at can wait: the log is brought in at the next occasion.
        with self._write_lock, suppress(duckdb.TransactionException):
            self.cursor().execute("CHECKPOINT")

    @contextmanager
    def snapshot(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor for which the database stays as it is, whatever is written meanwhile."""
        cursor = self.cursor()
        cursor.begin()
        try:
            yield cursor
        finally:
            _roll_back(cursor)

    def frame(self, sql: str, parameters: dict[str, Any] | list[Any] | None = None) -> pd.DataFrame:
        """Run a query and return its rows; for results of a few thousand rows."""
        with failures.reading(self.path):
            return self.cursor().execute(sql, parameters).df()

    def row(
        self, sql: str, parameters: dict[str, Any] | list[Any] | None = None
    ) -> tuple[Any, ...] | None:
        """Run a query and return its first row, None if there is none."""
        with failures.reading(self.path):
            rows = self.cursor().execute(sql, parameters).fetchall()
        return rows[0] if rows else None

    def meta(self, name: str) -> str | None:
        """A value kept about the store itself."""
        row = self.row("SELECT value FROM meta WHERE name = ?", [name])
        return None if row is None else str(row[0])

    def close(self) -> None:
        """Close the database; a file is checkpointed."""
        self._is_closed = True
        if self._silent is not None:
            self._silent.set()
        self._root.close()

    def __repr__(self) -> str:
        return f"Store({self.path!r})"


def _roll_back(cursor: duckdb.DuckDBPyConnection) -> None:
    # A commit that failed has already ended its transaction.
    with suppress(duckdb.TransactionException, duckdb.FatalException):
        cursor.rollback()


def set_meta(cursor: duckdb.DuckDBPyConnection, name: str, value: str) -> None:
    """Keep a value about the store, inside the caller's transaction."""
    cursor.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [name, value])


def migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring the schema up to date, each numbered step in a transaction of its own.

    Raises
    ------
    StoreError
        If the file was written by a newer version of SPECTRA; it is left untouched.
    """
    steps = migration_steps()
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_version "
        "(version INTEGER PRIMARY KEY, applied_at TIMESTAMPTZ)"
    )
    row = connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchall()[0]
    current, newest = int(row[0]), max(steps)
    if current > newest:
        raise StoreError(
            f"The database has schema version {current}; this SPECTRA knows up to {newest}.",
            next_step="Update SPECTRA, or set SPECTRA_DATABASE to another file. "
            "Nothing was changed.",
        )
    for version in range(current + 1, newest + 1):
        connection.begin()
        try:
            connection.execute(steps[version])
            connection.execute(
                "INSERT INTO schema_version VALUES (?, ?)", [version, datetime.now(UTC)]
            )
        except BaseException:
            connection.rollback()
            raise
        connection.commit()


def migration_steps() -> dict[int, str]:
    """SQL of every migration by its number."""
    folder = resources.files("spectra.store") / "migrations"
    steps = {
        int(match[1]): entry.read_text(encoding="utf-8")
        for entry in folder.iterdir()
        if (match := re.fullmatch(r"(\d{4})_\w+\.sql", entry.name))
    }
    return dict(sorted(steps.items()))


def _connect(path: str, config: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    """Connect, or raise a StoreError that says why not and what still works."""
    file = Path(path)
    is_new = False
    try:
        if path.startswith(motherduck.PREFIX):
            motherduck.require_token(path)
        elif path != MEMORY:
            is_new = not file.exists()
            file.parent.mkdir(parents=True, exist_ok=True)
            failures.require_log(path)
        connection = duckdb.connect(path, config={**_SETTINGS, **config})
        connection.execute("SET TimeZone = 'UTC'")
    except (duckdb.Error, OSError) as error:
        if is_new and not failures.is_locked(error):
            # What a full disk let it begin is no database, and would be refused for ever.
            with suppress(OSError):
                file.unlink()
        raise failures.open_error(path, error) from error
    return connection
