"""Spans of time that the pages speak of, and the same part of the one before; all in UTC."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from spectra.errors import InputError
from spectra.moments import DAY, HOUR, first_of_month, midnight

PERIODS = ("7 days", "30 days", "90 days", "This month", "Last month")


class Span(NamedTuple):
    """Hours from `start` to before `end`, aware UTC."""

    start: datetime
    end: datetime

    @property
    def hours(self) -> int:
        """Number of hours in it."""
        return int((self.end - self.start) / HOUR)


def month_start(moment: datetime) -> datetime:
    """Beginning of the UTC month."""
    return midnight(first_of_month(moment))


def named_period(name: str, hour: datetime) -> Span:
    """A period by its name, in whole UTC days up to the hour that `hour` begins.

    Raises
    ------
    InputError
        If there is no such period.
    """
    end = hour + HOUR
    if name == "This month":
        return Span(month_start(hour), end)
    if name == "Last month":
        this_month = month_start(hour)
        return Span(month_start(this_month - HOUR), this_month)
    if name not in PERIODS:
        raise InputError(f"There is no period “{name}”.", next_step=f"Use {', '.join(PERIODS)}.")
    return Span(midnight(hour) - timedelta(days=int(name.split(maxsplit=1)[0]) - 1), end)


def today(hour: datetime) -> Span:
    """The complete hours of the UTC day that the running hour `hour` lies in; may be empty."""
    return Span(midnight(hour), hour)


def month_to_date(hour: datetime) -> Span:
    """The complete hours of the UTC month that the running hour lies in; may be empty."""
    return Span(month_start(hour), hour)


def same_part_of_yesterday(span: Span) -> Span:
    """The same hours one day earlier."""
    return Span(span.start - DAY, span.end - DAY)


def same_part_of_last_month(span: Span) -> Span:
    """As many hours from the beginning of the month before, at most that whole month."""
    start = month_start(span.start - HOUR)
    return Span(start, min(start + (span.end - span.start), span.start))


def relative_change(current: float | None, previous: float | None) -> float | None:
    """Change as a share of the previous value; None where it has no meaning."""
    if current is None or previous is None or previous <= 0:
        return None
    change = current / previous - 1
    return 0.0 if abs(change) < 1e-9 else change  # sums in another order are no change
