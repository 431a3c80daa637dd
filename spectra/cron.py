"""Times that recur: timezones by their names, and when a cron expression comes due next."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from spectra.errors import InputError


def timezone(name: str) -> ZoneInfo:
    """A timezone by its name; a folder of them, such as Europe, is none.

    Raises
    ------
    InputError
        If there is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InputError(
            f"There is no timezone “{name[:60]}”.", next_step="Name one such as Europe/Berlin."
        ) from None


def next_time(cron: str, zone: str, after: datetime) -> datetime:
    """When an expression comes due next in a timezone, aware UTC.

    Raises
    ------
    InputError
        If it is none, never comes due, or there is no such timezone.
    """
    try:
        return next(CronSim(cron, after.astimezone(timezone(zone)))).astimezone(UTC)
    except (CronSimError, StopIteration):
        raise InputError(
            f"“{cron}” is no cron expression that ever comes due.",
            next_step="It has five parts: minute, hour, day of month, month, day of week.",
        ) from None
