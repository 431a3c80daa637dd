"""How long hourly readings are kept: older days are rolled up, and their sums stay for ever.

Rolling up takes whole calendar months. The sums by hour and group and by day and resource, grids,
costs and spans stay, so every total stays; what goes is each machine's reading of each hour. A
rolled day's sums are final; what has none of it, as a machine of an account that joined later,
still gets its own. Its readings go four weeks later, because later days whose load was not measured
are still filled in from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from spectra.carbon.utilisation import OWN_WEEKS
from spectra.moments import first_of_month, midnight, next_month
from spectra.units import counted

if TYPE_CHECKING:
    import duckdb

    from spectra.store.database import Store

# A month of readings is what rightsizing looks at, and four weeks what gaps are filled from.
LEAST_DAYS = 62
# What goes: each machine's readings by the hour, and what stood in for those not measured.
HOURLY = ("utilisation", "utilisation_filled")
_LOOK_BACK_DAYS = 7 * OWN_WEEKS

# Days before the cutoff that are accounted for from their first hour to their last, computed, and
# not rolled up yet; and whether a final report rests on them.
_OLD_DAYS = """
WITH days AS (
    SELECT DISTINCT hour::DATE AS "day" FROM ledger_hours(), ledger
    WHERE hour < $cutoff AND date_trunc('day', hour) >= first_hour
        AND date_trunc('day', hour) + INTERVAL 1 DAY <= end_hour
    EXCEPT SELECT "day" FROM rolled_days EXCEPT SELECT hour::DATE FROM stale_hours)
SELECT "day", EXISTS (SELECT 1 FROM reports r
    WHERE r."start" < "day"::TIMESTAMPTZ + INTERVAL 1 DAY AND r."end" > "day"::TIMESTAMPTZ
    ) AS is_reported
FROM days
"""

_READ_DAYS = """
SELECT DISTINCT hour::DATE FROM utilisation WHERE hour < $cutoff
UNION SELECT DISTINCT hour::DATE FROM utilisation_filled WHERE hour < $cutoff
"""
# Days that need readings yet: they are computed again, or wait to be computed.
_OPEN_DAYS = """
SELECT DISTINCT hour::DATE FROM ledger_hours() EXCEPT SELECT "day" FROM rolled_days
UNION SELECT hour::DATE FROM stale_hours
"""


class Archive(Protocol):
    """Where a month's readings lie when they are gone here."""

    def write(self, first: datetime, end: datetime) -> None:
        """Write the month somewhere, unless it is there."""

    def holds(self, cursor: duckdb.DuckDBPyConnection, first: datetime, end: datetime) -> bool:
        """Whether all of the month's readings are there, as the cursor sees them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the policy would do now.

    Attributes
    ----------
    cutoff : datetime or None
        Days before it are rolled up; None when everything is kept.
    rows, first_hour
        Hourly readings that are kept now, and the oldest of them.
    days : tuple of date
        Days to be rolled up.
    held : tuple of date
        Days that would be, if no final report rested on them.
    gone_rows : int
        Readings older than the cutoff that go with them, now or four weeks on.
    rolled, changed : int
        Days that are rolled up already, and those of them of which something changed since.
    """

    cutoff: datetime | None
    rows: int
    first_hour: datetime | None
    days: tuple[date, ...]
    held: tuple[date, ...]
    gone_rows: int
    rolled: int
    changed: int

    @property
    def text(self) -> str:
        """The plan in sentences."""
        parts = [counted(self.rows, "hourly reading")]
        if self.first_hour is not None:
            parts[0] += f" since {self.first_hour.astimezone(UTC):%d %b %Y}"
        parts[0] += "."
        if self.rolled:
            parts.append(f"{counted(self.rolled, 'day is', 'days are')} rolled up to sums.")
        if self.changed:
            parts.append(
                f"A grid, a tag or a factor of {counted(self.changed, 'day')} of these changed "
                "later: the sums say what was known before."
            )
        if self.cutoff is None:
            parts.append("Everything is kept (SPECTRA_RETENTION_HOURLY_DAYS is empty).")
        elif self.days:
            parts.append(
                f"The next refresh rolls up {counted(len(self.days), 'day')} before "
                f"{self.cutoff:%d %b %Y}."
            )
        else:
            parts.append(f"Nothing before {self.cutoff:%d %b %Y} is left to roll up.")
        if self.gone_rows:
            parts.append(
                f"{counted(self.gone_rows, 'reading goes', 'readings go')}, by whole months, four "
                "weeks after their days; no total changes."
            )
        if self.held:
            held = counted(len(self.held), "day is", "days are")
            parts.append(f"{held} held because a final report rests on that.")
        return " ".join(parts)


def cutoff_of(days: int | None, now: datetime) -> datetime | None:
    """First day of the calendar month in which `days` before `now` lie; None keeps everything."""
    if days is None:
        return None
    kept_from = now.astimezone(UTC) - timedelta(days=max(days, LEAST_DAYS))
    return midnight(first_of_month(kept_from))


def plan(
    store: Store, days: int | None, keep_reported: bool = True, *, now: datetime | None = None
) -> Plan:
    """What would be rolled up; changes nothing.

    Parameters
    ----------
    days : int or None
        Days that hourly readings are kept; None for ever.
    keep_reported : bool
        Days that a final report rests on keep their readings, so that its inputs can be compared.
    """
    cutoff = cutoff_of(days, now or datetime.now(UTC))
    rows, first = store.row("SELECT count(*), min(hour) FROM utilisation") or (0, None)
    rolled, changed = store.row("SELECT count(*), count(changed_at) FROM rolled_days") or (0, 0)
    if cutoff is None:
        return Plan(None, rows, first, (), (), 0, rolled, changed)
    going, held = _old_days(store, cutoff, keep_reported=keep_reported)
    gone = store.row(
        'SELECT count(*) FROM utilisation WHERE hour < $cutoff AND (hour::DATE IN (SELECT "day" '
        "FROM rolled_days) OR list_contains($days, hour::DATE))",
        {"cutoff": cutoff, "days": list(going)},
    )
    return Plan(cutoff, rows, first, going, held, gone[0] if gone else 0, rolled, changed)


def roll_up(
    store: Store,
    days: int | None,
    *,
    keep_reported: bool = True,
    now: datetime | None = None,
    archive: Archive | None = None,
) -> int:
    """Do what `plan` says; returns the number of readings that went.

    Each month's readings go in one transaction, after the archive has written them; if that raises,
    or readings came meanwhile that it does not hold, they stay until the next time.
    """
    cutoff = cutoff_of(days, now or datetime.now(UTC))
    if cutoff is None:
        return 0
    going, _ = _old_days(store, cutoff, keep_reported=keep_reported)
    if going:
        with store.write() as cursor:
            cursor.execute(
                "INSERT INTO rolled_days SELECT unnest($days), now(), NULL", {"days": list(going)}
            )
    gone = 0
    for first, end in _months_to_go(store, cutoff):
        if archive is not None:
            archive.write(first, end)
        gone += _forget(store, first, end, archive)
    if gone:
        # Row groups that are empty now are free for what comes; the file shrinks at its end alone.
        store.checkpoint()
    return gone


def detailed_from(store: Store) -> datetime | None:
    """The first moment from which on every day has its hours; None if none was rolled up."""
    row = store.row('SELECT (max("day") + 1)::TIMESTAMPTZ FROM rolled_days')
    return None if row is None or row[0] is None else row[0].astimezone(UTC)


def rolled_days_between(store: Store, start: datetime, end: datetime) -> int:
    """Number of days of [start, end) that have sums alone."""
    row = store.row(
        'SELECT count(*) FROM rolled_days WHERE "day" >= $start::DATE '
        'AND "day"::TIMESTAMPTZ < $end',
        {"start": start, "end": end},
    )
    return int(row[0]) if row else 0


def _old_days(
    store: Store, cutoff: datetime, *, keep_reported: bool
) -> tuple[tuple[date, ...], tuple[date, ...]]:
    """Days to be rolled up, and days held for a final report, in order."""
    old = store.cursor().execute(_OLD_DAYS, {"cutoff": cutoff}).fetchall()
    held = {day for day, is_reported in old if is_reported and keep_reported}
    return tuple(sorted({day for day, _ in old} - held)), tuple(sorted(held))


def _months_to_go(store: Store, cutoff: datetime) -> list[tuple[datetime, datetime]]:
    """Months with readings whose every day was rolled up, with the four weeks that follow it."""
    read = {day for (day,) in store.cursor().execute(_READ_DAYS, {"cutoff": cutoff}).fetchall()}
    opened = {day for (day,) in store.cursor().execute(_OPEN_DAYS).fetchall()} if read else set()
    spans = []
    for first in sorted({first_of_month(day) for day in read}):
        end = next_month(first)
        if not any(first <= day < end + timedelta(days=_LOOK_BACK_DAYS) for day in opened):
            spans.append((midnight(first), midnight(end)))
    return spans


def _forget(store: Store, first: datetime, end: datetime, archive: Archive | None) -> int:
    """Delete a month's readings of rolled days, and what stood in for those not measured."""
    counts = []
    with store.write() as cursor:
        if archive is not None and not archive.holds(cursor, first, end):
            return 0
        for table in HOURLY:
            done = cursor.execute(
                f"DELETE FROM {table} WHERE hour >= $first AND hour < $end "
                'AND hour::DATE IN (SELECT "day" FROM rolled_days)',
                {"first": first, "end": end},
            )
            counts.append(int(done.fetchall()[0][0]))
    return counts[0]
