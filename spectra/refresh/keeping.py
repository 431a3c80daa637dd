"""The retention policy in force: rolls up old days after a refresh, and archives them first."""

from __future__ import annotations

from datetime import datetime

from spectra.config import Config
from spectra.errors import BusyError, SpectraError
from spectra.store import Store, retention
from spectra.store.archive import Archive
from spectra.store.database import set_meta
from spectra.store.presence import lease

PROBLEM = "retention_problem"


def keep(store: Store, config: Config, now: datetime | None = None) -> int:
    """Roll up what the settings say; returns the number of hourly readings that went.

    One at a time, here and in every other opening of the database: a second one leaves it to the
    first. A month that could not be archived keeps its readings, and the plan says why. A private
    workspace is left alone: it ends with its session, and nothing of it goes to a file.
    """
    if not (store.is_file or store.is_shared) or not store.retention_lock.acquire(blocking=False):
        return 0
    try:
        with lease(store, "retention", "Rolling up old days"):
            return _keep(store, config, now)
    except BusyError:
        return 0
    finally:
        store.retention_lock.release()


def _keep(store: Store, config: Config, now: datetime | None) -> int:
    count, problem = 0, ""
    try:
        count = retention.roll_up(
            store,
            config.retention_hourly_days,
            keep_reported=config.retention_keep_reported,
            now=now,
            archive=Archive(store, config.history_folder) if config.retention_archive else None,
        )
    except SpectraError as error:
        problem = str(error)
    if problem != (store.meta(PROBLEM) or ""):
        with store.write(is_fact=False) as cursor:
            set_meta(cursor, PROBLEM, problem)
    return count
