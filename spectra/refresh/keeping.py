"""The retention policy in force: rolls up old days after a refresh, and archives them first."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from spectra.config import Config
from spectra.errors import SpectraError
from spectra.store import Store, retention
from spectra.store.database import set_meta
from spectra.store.history_export import export_history
from spectra.store.history_files import read_manifest, verify

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
    """Write a month, unless it was written before and is whole: then a kill came in between."""
    if folder.exists():
        verify(folder, read_manifest(folder))
    else:
        export_history(store, folder, start=first, before=end)
