"""Months, quarters and years in UTC hours, and their names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from spectra.errors import InputError
from spectra.moments import HOUR, midnight

Kind = Literal["month", "quarter", "year"]
KINDS: tuple[Kind, ...] = ("month", "quarter", "year")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar period: UTC hours from `start` to before `end`."""

    kind: Kind
    start: datetime
    end: datetime

    @property
    def hours(self) -> int:
        """Number of hours: 672 to 744 in a month, 8,784 in a leap year."""
        return int((self.end - self.start) / HOUR)

    @property
    def label(self) -> str:
        """``2026-11``, ``2026-Q4`` or ``2026``."""
        if self.kind == "month":
            return f"{self.start:%Y-%m}"
        if self.kind == "quarter":
            return f"{self.start.year}-Q{(self.start.month + 2) // 3}"
        return str(self.start.year)

    @property
    def next(self) -> Period:
        """The period after this one."""
        return period_of(self.kind, self.end)

    @property
    def previous(self) -> Period:
        """The period before this one."""
        return period_of(self.kind, self.start - HOUR)

    @property
    def months(self) -> tuple[Period, ...]:
        """The months in it."""
        found = [period_of("month", self.start)]
        while found[-1].end < self.end:
            found.append(found[-1].next)
        return tuple(found)


def period_of(kind: Kind, moment: datetime | date) -> Period:
    """The period that a moment or a UTC day lies in.

    Raises
    ------
    InputError
        If the kind is none of month, quarter, year, or the moment has no time zone.
    """
    if kind not in KINDS:
        raise InputError(f"There is no period “{kind}”.", next_step=f"Use {', '.join(KINDS)}.")
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise InputError("A period needs a timezone-aware moment.")
        moment = moment.astimezone(UTC).date()
    length = _MONTHS[kind]
    first = (moment.month - 1) // length * length
    start = midnight(date(moment.year, first + 1, 1))
    years, month = divmod(first + length, 12)
    return Period(kind, start, midnight(date(moment.year + years, month + 1, 1)))
