"""The demo's time: its epoch, its checks at the boundary, and local business hours from UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spectra.errors import InputError
from spectra.moments import midnight

Ints = NDArray[np.int64]

HOUR_S = 3_600
DAY_S = 86_400
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
EPOCH_S = int(EPOCH.timestamp())
# An end that has not come: after any moment the demo can be asked for.
NEVER_S = int(datetime(9000, 1, 1, tzinfo=UTC).timestamp())


def require_utc(moment: datetime, name: str) -> int:
    """Return a moment as seconds since 1970 [s].

    Raises
    ------
    InputError
        If the moment is naive or not in UTC.
    """
    if moment.tzinfo is None or moment.utcoffset() != timedelta(0):
        raise InputError(
            f"“{name}” is {moment.isoformat()}, which is not a time in UTC.",
            next_step="Pass a datetime with tzinfo=UTC.",
        )
    return int(moment.timestamp())


def require_window(start: datetime, end: datetime) -> tuple[int, int]:
    """Return both ends of a window as seconds since 1970 [s]; it may be empty.

    Raises
    ------
    InputError
        If either end is not in UTC or the window ends before it starts.
    """
    first, last = require_utc(start, "start"), require_utc(end, "end")
    if last < first:
        raise InputError("The window ends before it starts.", next_step="Swap start and end.")
    return first, last


def hours_between(first_s: int, last_s: int) -> Ints:
    """Hour-beginnings in [first, last) since the epoch, in seconds since 1970 [s]."""
    start = -(-max(first_s, EPOCH_S) // HOUR_S) * HOUR_S
    return np.arange(start, last_s, HOUR_S, dtype=np.int64)


def day_start_s(day: date) -> int:
    """UTC midnight of a calendar day in seconds since 1970 [s]."""
    return int(midnight(day).timestamp())


def timestamps(seconds: Ints) -> pd.DatetimeIndex:
    """Seconds since 1970 as UTC timestamps; ``NEVER_S`` becomes NaT."""
    stamps = seconds.astype("datetime64[s]").astype("datetime64[us]")
    stamps[seconds >= NEVER_S] = np.datetime64("NaT")
    return pd.DatetimeIndex(stamps).tz_localize("UTC")


def utc_offset_s(timezone: str, seconds: Ints) -> Ints:
    """Offset of local time from UTC at each moment [s], summer time included."""
    local = timestamps(seconds).tz_convert(timezone).tz_localize(None)
    return np.asarray(local.as_unit("s").asi8 - seconds, dtype=np.int64)


def local_days(timezone: str, horizon_s: int) -> tuple[Ints, Ints]:
    """Local calendar days from the day before the epoch to the horizon.

    Returns
    -------
    midnights
        UTC moment of each local midnight, by the offset at that day's noon [s]. A time of
        day between 04:00 and 23:59 added to it is right on days when clocks change too.
    weekdays
        0 for Monday to 6 for Sunday.
    """
    days = np.arange(EPOCH_S // DAY_S - 1, horizon_s // DAY_S + 1, dtype=np.int64)
    noon = days * DAY_S + DAY_S // 2
    # 1970-01-01 was a Thursday.
    return days * DAY_S - utc_offset_s(timezone, noon), (days + 3) % 7
