"""Archives of months whose hourly readings go: written before, read back, compared row by row."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from spectra.errors import InputError
from spectra.store.history_export import export_history
from spectra.store.history_files import TABLES, Part, archives, read_manifest, verify
from spectra.store.retention import HOURLY

if TYPE_CHECKING:
    from spectra.store.database import Store


class Archive:
    """A folder with an archive of each month, as `retention.roll_up` takes it."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store, self._folder = store, folder
        self._parts: list[tuple[Path, Part]] = []

    def write(self, first: datetime, end: datetime) -> None:
        """Write a month that is not archived yet, and read every file of it back.

        What was written before stays, as a kill may have come in between, or another database have
        written it; readings that it has not go beside it.

        Raises
        ------
        InputError
            If what was written before is damaged.
        StoreError
            If it cannot be written.
        """
        month = self._folder / f"hours-{first:%Y-%m}"
        written = [path for path in archives(month) if path.exists()]
        self._read_back(written)
        if written and self.holds(self._store.cursor(), first, end):
            return
        newest = int(written[-1].name.partition(".")[2] or 1) if written else 0
        folder = month.with_name(f"{month.name}.{newest + 1}") if written else month
        export_history(self._store, folder, start=first, before=end)
        self._read_back([*written, folder])

    def holds(self, cursor: duckdb.DuckDBPyConnection, first: datetime, end: datetime) -> bool:
        """Whether what was read back holds the readings of rolled days of [first, end) as they are.

        Raises
        ------
        InputError
            If a file cannot be read any more.
        """
        return all(
            _holds(cursor, name, [str(folder / p.path) for folder, p in self._parts
                                  if p.table == name], first, end)
            for name in HOURLY
        )  # fmt: skip

    def _read_back(self, folders: list[Path]) -> None:
        self._parts = []
        for folder in folders:
            manifest = read_manifest(folder)
            verify(folder, manifest)
            self._parts += [(folder, part) for part in manifest.parts]


def _holds(
    cursor: duckdb.DuckDBPyConnection, name: str, files: list[str], first: datetime, end: datetime
) -> bool:
    """Whether files hold a table's rows of rolled days, by the columns that they have."""
    rows = (
        f"FROM ({TABLES[name].select}) WHERE hour >= $first AND hour < $end "
        'AND hour::DATE IN (SELECT "day" FROM rolled_days)'
    )
    span: dict[str, Any] = {"first": first, "end": end}
    if not files:
        return not cursor.execute(f"SELECT 1 {rows} LIMIT 1", span).fetchall()
    told = "read_parquet($files, union_by_name = true, hive_partitioning = false)"
    try:
        described = cursor.execute(f"DESCRIBE SELECT * FROM {told}", {"files": files}).fetchall()
        columns = ", ".join(column for column, *_ in described)
        missing = f"SELECT {columns} {rows} EXCEPT SELECT {columns} FROM {told}"
        found = cursor.execute(f"SELECT 1 FROM ({missing}) LIMIT 1", {**span, "files": files})
        return not found.fetchall()
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        raise InputError(
            f"The archive of {first:%B %Y} cannot be read back: one of its files is damaged.",
            next_step="Take another copy of it, or move it away. Its readings stay till then.",
        ) from error
