"""Hours and days in UTC, as every layer reckons them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def midnight(moment: date) -> datetime:
    """Beginning of a UTC day, or of the one that an aware UTC moment lies in."""
    return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)


def iso(moment: datetime) -> str:
    """Write an aware moment in UTC to the second, for example ``2026-11-29T21:45:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def in_utc(value: Any) -> Any:
    """A value as it is read back: a moment in UTC, anything else as it is."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value
