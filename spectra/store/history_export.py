"""Exports history to partitioned Parquet: one snapshot, month by month, whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from spectra.errors import InputError, StoreError
from spectra.store.database import migration_steps
from spectra.store.history_files import (
    TABLES,
    Manifest,
    Part,
    file_hash,
    months_between,
    part_path,
    write_manifest,
)

if TYPE_CHECKING:
    from spectra.store.database import Store

Progress = Callable[[float, str], None]
_TIMES = [(name, table) for name, table in TABLES.items() if table.moment]


def export_history(
    store: Store,
    folder: Path,
    *,
    start: datetime | None = None,
    before: datetime | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Write facts and sums of [start, before) to a new folder; the database stays as it is.

    DuckDB streams each month of each table into a file within its memory limit. The folder gets
    its name when all is written, so that one that has its name is whole.

    Parameters
    ----------
    start, before : datetime, optional
        Aware UTC hours; without them everything that is known.

    Raises
    ------
    InputError
        If the folder exists, or nothing is known of these hours.
    StoreError
        If it cannot be written.
    """
    if folder.exists():
        raise InputError(
            f"“{folder.name}” exists already; an export never writes over anything.",
            next_step="Name another folder, or move that one away.",
        )
    half = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(half, ignore_errors=True)  # of an export that was killed
    try:
        half.mkdir(parents=True)
        manifest = _write(store, half, start, before, progress or (lambda share, text: None))
        write_manifest(half, manifest)
        half.rename(folder)
    except BaseException as error:
        shutil.rmtree(half, ignore_errors=True)
        if isinstance(error, (duckdb.IOException, OSError)):
            raise StoreError(
                f"The history could not be written to “{folder.name}”; the database is as it was.",
                next_step="Look whether the disk is full and the folder may be written to.",
            ) from error
        raise
    return manifest


def _write(
    store: Store, folder: Path, start: datetime | None, before: datetime | None, say: Progress
) -> Manifest:
    with store.snapshot() as cursor:
        first, end = _span(cursor, start, before)
        writer = _Writer(cursor, folder)
        parts = [writer.spans(name, first, end) for name in ("instances", "volumes")]
        months = list(months_between(first, end))
        for number, (month, low, high) in enumerate(months):
            say(number / len(months), f"Writing {month}")
            for name, _ in _TIMES:
                part = writer.month(name, month, low, high)
                parts += [part] if part.rows else []
        meta = dict(cursor.execute("SELECT name, value FROM meta").fetchall())
        fleets = cursor.execute(
            "SELECT source FROM instances UNION SELECT source FROM volumes ORDER BY source"
        ).fetchall()
    return Manifest(
        max(migration_steps()),
        datetime.now(UTC),
        first,
        end,
        meta.get("factor_set", ""),
        meta.get("method", ""),
        tuple(source for (source,) in fleets),
        tuple(parts),
    )


def _span(
    cursor: duckdb.DuckDBPyConnection, start: datetime | None, before: datetime | None
) -> tuple[datetime, datetime]:
    """Hours that any table knows, within those asked for."""
    known = " UNION ALL ".join(
        f"SELECT min({table.moment})::TIMESTAMPTZ AS low, max({table.moment})::TIMESTAMPTZ AS high "
        f"FROM ({table.select})"
        for _, table in _TIMES
    )
    low, high = cursor.execute(
        f"SELECT min(low), date_trunc('hour', max(high)) + INTERVAL 1 HOUR FROM ({known})"
    ).fetchall()[0]
    if low is not None:
        first = max(low.astimezone(UTC), start) if start else low.astimezone(UTC)
        end = min(high.astimezone(UTC), before) if before else high.astimezone(UTC)
        if first < end:
            return first, end
    raise InputError(
        "Nothing is known of these hours, so there is nothing to export.",
        next_step="Name a later day, or refresh first.",
    )


class _Writer:
    """Writes files of one snapshot into a folder."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._cursor, self._folder = cursor, folder

    def spans(self, name: str, first: datetime, end: datetime) -> Part:
        """Machines or volumes that were there at some time of [first, end)."""
        where = "valid_from < $high AND coalesce(valid_to > $low, true)"
        return self._copy(name, "", where, {"low": first, "high": end})

    def month(self, name: str, month: str, low: datetime, high: datetime) -> Part:
        """A table's rows of a month, or of the part of it within [low, high)."""
        moment = TABLES[name].moment
        kind = "TIMESTAMPTZ" if moment == "hour" else "DATE"
        # A day counts whole from its first hour on.
        where = f"{moment} >= $low::{kind} AND {moment}::TIMESTAMPTZ < $high"
        return self._copy(name, month, where, {"low": low, "high": high})

    def _copy(self, name: str, month: str, where: str, parameters: dict[str, Any]) -> Part:
        """Write the rows that meet a condition; a month's file without rows is not kept."""
        table, place = TABLES[name], part_path(name, month)
        path = self._folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        quoted = str(path).replace("'", "''")
        self._cursor.execute(
            f"COPY (SELECT * FROM ({table.select}) WHERE {where}) TO '{quoted}' "
            "(FORMAT parquet, COMPRESSION zstd)",
            parameters,
        )
        total = f"sum({table.total})::DOUBLE" if table.total else "NULL"
        rows, summed = self._cursor.execute(
            f"SELECT count(*), {total} FROM read_parquet('{quoted}')"
        ).fetchall()[0]
        if month and not rows:
            path.unlink()
            path.parent.rmdir()
            return Part(place, name, month, 0, 0, "", None)
        return Part(place, name, month, rows, path.stat().st_size, file_hash(path), summed)
