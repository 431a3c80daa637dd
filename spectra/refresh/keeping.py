"""The retention policy in force: rolls up old days after a refresh, and archives them first."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from spectra.config import Config
from spectra.errors import SpectraError
from spectra.store import Store, retention
from spectra.store.database import set_meta
from spectra.store.history_export import export_history, has_readings
from spectra.store.history_files import archives

PROBLEM = "retention_problem"


def keep(store: Store, config: Config, now: datetime | None = None) -> int:
    """Roll up what the settings say; returns the number of hourly readings that went.

    A month that could not be archived keeps its readings, and the plan says why. A private
    workspace is left alone: it ends with its session, and nothing of it goes to a file.
    """
    if not (store.is_file or store.is_shared):
        return 0

    def archive(first: datetime, end: datetime) -> None:
        _archive(store, config.history_folder / f"hours-{first:%Y-%m}", first, end)

    count, problem = 0, ""
    try:
        count = retention.roll_up(
            store,
            config.retention_hourly_days,
            keep_reported=config.retention_keep_reported,
            now=now,
            archive=archive if config.retention_archive else None,
        )
    except SpectraError as error:
        problem = str(error)
    if problem != (store.meta(PROBLEM) or ""):
        with store.write(is_fact=False) as cursor:
            set_meta(cursor, PROBLEM, problem)
    return count


def _archive(store: Store, folder: Path, first: datetime, end: datetime) -> None:
    """Write a month; one that was written before only if a reading came later, and beside it.

    It was written before where a kill came in between, and by another database too.
    """
    if not (written := [path for path in archives(folder) if path.exists()]):
        export_history(store, folder, start=first, before=end)
    elif not has_readings(store, written, first, end):
        newest = int(written[-1].name.partition(".")[2] or 1)
        added = folder.with_name(f"{folder.name}.{newest + 1}")
        export_history(store, added, start=first, before=end)
