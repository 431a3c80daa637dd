"""The emissions ledger: recomputes, in SQL, just the hours whose facts changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from spectra.errors import StoreError
from spectra.moments import HOUR
from spectra.store import rollups
from spectra.store.intensities import REACH_BACK, resolve_zones

if TYPE_CHECKING:
    import duckdb

    from spectra.catalog import Catalog
    from spectra.store.database import Store

Progress = Callable[[float, str], None]

# Instance-hours held in memory at a time; keeps a rebuild within the memory limit.
CHUNK_ROWS = 2_000_000
# Rolled days of regions in which a machine or volume has no sum yet, of those that are queued.
_UNCOUNTED = """
CREATE OR REPLACE TEMP TABLE uncounted AS
WITH queued AS (
    SELECT DISTINCT region, "day" FROM stale_hours JOIN rolled_days ON "day" = hour::DATE),
alive AS (
    SELECT instance_id AS resource_id, region, valid_from, valid_to FROM instances
    WHERE state = 'running'
    UNION ALL SELECT volume_id, region, valid_from, valid_to FROM volumes)
SELECT DISTINCT q.region, q."day" FROM queued q JOIN alive a ON a.region = q.region
    AND a.valid_from < q."day"::TIMESTAMPTZ + INTERVAL 1 DAY
    AND coalesce(a.valid_to > q."day"::TIMESTAMPTZ, true)
ANTI JOIN (
    SELECT resource_id, "day" FROM daily_sums JOIN emission_items USING (item_key)
    WHERE "day" IN (SELECT "day" FROM queued)) d
    ON d.resource_id = a.resource_id AND d."day" = q."day"
"""
_BY_DAY = {
    "hourly_sums": "hour::DATE",
    "daily_sums": '"day"',
    "utilisation_filled": "hour::DATE",
}


def extend_ledger(store: Store, catalog: Catalog, first: datetime, end: datetime) -> None:
    """Account for the hours of [first, end) too; the ledger only ever grows.

    Raises
    ------
    StoreError
        If a bound is naive.
    """
    if first.tzinfo is None or end.tzinfo is None:
        raise StoreError("The bounds of the ledger must be timezone-aware UTC.")
    with store.write() as cursor:
        rows = cursor.execute("SELECT first_hour, end_hour FROM ledger").fetchall()
        old_first, old_end = rows[0] if rows else (first, first)
        new_first, new_end = min(first, old_first), max(end, old_end)
        if rows and (new_first, new_end) == (old_first, old_end):
            return
        cursor.execute("DELETE FROM ledger")
        cursor.execute("INSERT INTO ledger VALUES (?, ?)", [new_first, new_end])
        added = [s for s in ((new_first, old_first), (old_end, new_end)) if s[0] < s[1]]
        zones = {r.zone for r in catalog.regions}
        for start, stop in added:
            lacking = zones - _resolved(cursor, start, stop)
            span = (start - REACH_BACK, stop - HOUR)  # a gap that grows past a week is another
            resolve_zones(cursor, catalog, dict.fromkeys(lacking, span), observed=False)
            cursor.execute(
                """
                INSERT INTO stale_hours SELECT region, hour FROM ledger_hours(),
                    (SELECT region FROM instances UNION SELECT region FROM volumes)
                WHERE hour >= ? AND hour < ?
                """,
                [start, stop],
            )


def restart_ledger(cursor: duckdb.DuckDBPyConnection) -> None:
    """Drop all sums and queue every hour, inside the caller's transaction.

    For a change that touches everything: dropping a table's rows at once is far cheaper than
    chunk by chunk. Days that were rolled up keep their sums: nothing is left to compute them from.
    """
    kept = cursor.execute("SELECT 1 FROM rolled_days LIMIT 1").fetchall()
    for table, day in _BY_DAY.items():
        which = f'WHERE {day} NOT IN (SELECT "day" FROM rolled_days)' if kept else ""
        cursor.execute(f"DELETE FROM {table} {which}")
    cursor.execute("DELETE FROM stale_hours")
    cursor.execute(
        "INSERT INTO stale_hours SELECT region, hour FROM ledger_hours(), "
        "(SELECT region FROM instances UNION SELECT region FROM volumes)"
    )


def _resolved(cursor: duckdb.DuckDBPyConnection, start: datetime, stop: datetime) -> set[str]:
    """Zones whose intensity is known for every hour of [start, stop)."""
    rows = cursor.execute(
        """
        SELECT zone FROM intensity_hourly WHERE hour >= $start AND hour < $stop
        GROUP BY zone HAVING count(*) = date_diff('hour', $start, $stop)
        """,
        {"start": start, "stop": stop},
    ).fetchall()
    return {str(zone) for (zone,) in rows}


def recompute(store: Store, progress: Progress | None = None) -> int:
    """Recompute the emissions of all queued hours.

    Works in chunks of time, each in its own transaction with its part of the queue, so it may be
    stopped at any moment and goes on where it was.

    Returns
    -------
    int
        Number of (region, hour) pairs recomputed.
    """
    total = _queued(store)
    done = 0
    while remaining := _queued(store):
        if progress:
            progress(1 - remaining / max(total, remaining), "Computing emissions")
        with store.write() as cursor:
            done += _recompute_chunk(cursor)
    return done


def _queued(store: Store) -> int:
    row = store.row("SELECT count(*) FROM (SELECT DISTINCT region, hour FROM stale_hours)")
    return int(row[0]) if row else 0


def _recompute_chunk(cursor: duckdb.DuckDBPyConnection) -> int:
    _leave_rolled(cursor)
    span = _next_span(cursor)
    if span is None:
        return 0  # another thread has just emptied the queue
    cursor.execute(
        """
        CREATE OR REPLACE TEMP TABLE stale AS
        SELECT DISTINCT region, hour FROM stale_hours WHERE hour >= $first AND hour < $end
        """,
        span,
    )
    for statement in rollups.STATEMENTS:
        # A statement without the span's parameters refuses to be given them.
        cursor.execute(statement, span if "$first" in statement else None)
    cursor.execute("DELETE FROM stale_hours WHERE hour >= $first AND hour < $end", span)
    return int(cursor.execute("SELECT count(*) FROM stale").fetchall()[0][0])


def _leave_rolled(cursor: duckdb.DuckDBPyConnection) -> None:
    """Take hours of rolled days off the queue, and note that their sums no longer follow.

    Where a machine has no sum of such a day, as one of an account that joined later, the whole
    day stays queued: what has a sum keeps it, see `loads`.
    """
    cursor.execute(_UNCOUNTED)
    cursor.execute(
        """
        UPDATE rolled_days SET changed_at = now() WHERE "day" IN (
            SELECT hour::DATE FROM stale_hours
            WHERE (region, hour::DATE) NOT IN (SELECT (region, "day") FROM uncounted))
        """
    )
    cursor.execute('DELETE FROM stale_hours WHERE hour::DATE IN (SELECT "day" FROM rolled_days)')
    cursor.execute(
        'INSERT INTO stale_hours SELECT region, "day"::TIMESTAMPTZ + to_hours(h::INTEGER) '
        "FROM uncounted, range(24) t(h)"
    )


def _next_span(cursor: duckdb.DuckDBPyConnection) -> dict[str, datetime] | None:
    """Whole days from the first queued hour that make about CHUNK_ROWS instance-hours."""
    first, fleet = cursor.execute(
        """
        SELECT (SELECT date_trunc('day', min(hour)) FROM stale_hours),
               (SELECT count(*) FROM instances WHERE state = 'running')
        """
    ).fetchall()[0]
    if first is None:
        return None
    days = max(1, min(120, CHUNK_ROWS // (24 * max(fleet, 1))))
    return {"first": first, "end": first + timedelta(days=days)}
