"""Hours, days and months in UTC, as every layer reckons them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def today() -> date:
    """The UTC day of this moment."""
    return datetime.now(UTC).date()


def hour_of(moment: datetime) -> datetime:
    """Beginning of the UTC hour that an aware moment lies in."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def midnight(moment: date) -> datetime:
    """Beginning of a UTC day, or of the one that an aware UTC moment lies in."""
    return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)


def first_of_month(day: date) -> date:
    """First day of the month that a UTC day, or an aware UTC moment, lies in."""
    return date(day.year, day.month, 1)


def next_month(day: date) -> date:
    """First day of the month after the one that a UTC day, or an aware UTC moment, lies in."""
    return first_of_month(first_of_month(day) + 31 * DAY)


def last_day(end: datetime) -> date:
    """The UTC day on which a span ends that ends before an aware moment.

    >>> last_day(datetime(2026, 12, 1, tzinfo=UTC)).isoformat()
    '2026-11-30'
    """
    return (end.astimezone(UTC) - timedelta.resolution).date()


def day_after(end: datetime) -> date:
    """The UTC day before which a span is over that ends before an aware moment."""
    return last_day(end) + DAY


def iso(moment: datetime) -> str:
    """Write an aware moment in UTC to the second, for example ``2026-11-29T21:45:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def in_utc(value: Any) -> Any:
    """A value as it is read back: a moment in UTC, anything else as it is."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value
