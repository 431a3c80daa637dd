"""What the page of one incident asks: its series with what was usual, and its machine."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from spectra.store.database import Store
from spectra.store.emission_queries import TOTAL_G
from spectra.store.lasting import GONE

BAND_DAYS = 28
LOW, HIGH = 0.05, 0.95


def series(store: Store, family: str, name: str, start: datetime, end: datetime) -> pd.DataFrame:
    """Values of [start, end) of what an incident is about: moment, value, low, usual, high.

    The band is what the same hour of the day (one hour before and after included) or, of daily
    values, the 28 days before had: 5th percentile, median, 95th. Empty where nothing is known.
    """
    is_grid = family == "grid" or (family == "gap" and not name.startswith("i-"))
    if family in ("usage", "gap", "idle") and not is_grid:
        return _hourly(store, _CPU, name, start, end)
    if is_grid:
        return _hourly(store, _GRID, name, start, end)
    if family == "fleet":
        return _hourly(store, _FLEET, name, start, end)
    sql = {"team": _TEAM_DAYS, "cost": _COST_DAYS}.get(family, _RESOURCE_DAYS)
    return _daily(store, sql, name, start, end)


def is_there(store: Store, instance_id: str) -> bool:
    """Whether a machine is there still, running or stopped."""
    return store.row(
        "SELECT 1 FROM instances WHERE instance_id = ? AND valid_to IS NULL "
        f"AND state NOT IN {GONE} LIMIT 1",
        [instance_id],
    ) is not None  # fmt: skip


_CPU = """
SELECT hour AS moment, cpu_avg_pct::DOUBLE AS value
FROM utilisation JOIN resources USING (resource_key)
WHERE resource_id = $name AND cpu_avg_pct IS NOT NULL
"""
_GRID = """
SELECT hour AS moment, intensity_lifecycle_g_per_kwh AS value FROM intensity_hourly
WHERE zone = $name AND tier IN ('A', 'B')
"""
_FLEET = """
SELECT hour AS moment, sum(running_hours) AS value FROM emissions_hourly
WHERE concat_ws(' · ', team, environment, region) = $name AND service = 'Amazon EC2' GROUP BY hour
"""
_TEAM_DAYS = f"""
SELECT date_trunc('day', hour) AS moment, sum({TOTAL_G}) / 1000 AS value FROM emissions_hourly
WHERE team = $name GROUP BY ALL
"""
_COST_DAYS = """
SELECT "day"::TIMESTAMPTZ AS moment, sum(effective_cost_usd) AS value FROM costs
WHERE team = $name GROUP BY ALL
"""
_RESOURCE_DAYS = f"""
SELECT "day"::TIMESTAMPTZ AS moment, sum({TOTAL_G}) AS value FROM emissions_daily
WHERE resource_id = $name GROUP BY ALL
"""


def _hourly(store: Store, sql: str, name: str, start: datetime, end: datetime) -> pd.DataFrame:
    return store.frame(
        f"""
        WITH known AS (SELECT * FROM ({sql}) WHERE moment >= $first AND moment < $end),
        offsets AS (SELECT to_hours(24 * d + h) AS ago FROM range(1, {BAND_DAYS + 1}) a(d),
                    range(-1, 2) b(h)),
        past AS (
            SELECT k.moment, quantile_cont(p.value, [{LOW}, 0.5, {HIGH}]) AS q
            FROM known k, offsets o JOIN known p ON p.moment = k.moment - o.ago
            WHERE k.moment >= $start GROUP BY k.moment HAVING count(*) >= 14)
        SELECT k.moment, k.value, q[1] AS low, q[2] AS usual, q[3] AS high
        FROM known k LEFT JOIN past USING (moment) WHERE k.moment >= $start ORDER BY k.moment
        """,
        {"name": name, "first": start - timedelta(days=BAND_DAYS + 1), "start": start, "end": end},
    )


def _daily(store: Store, sql: str, name: str, start: datetime, end: datetime) -> pd.DataFrame:
    return store.frame(
        f"""
        WITH known AS (SELECT * FROM ({sql}) WHERE moment >= $first AND moment < $end)
        SELECT moment, value, low, usual, high FROM (
            SELECT moment, value, quantile_cont(value, {LOW}) OVER w AS low,
                median(value) OVER w AS usual, quantile_cont(value, {HIGH}) OVER w AS high
            FROM known
            WINDOW w AS (ORDER BY moment RANGE BETWEEN INTERVAL {BAND_DAYS} DAY PRECEDING
                         AND INTERVAL 1 DAY PRECEDING))
        WHERE moment >= $start ORDER BY moment
        """,
        {"name": name, "first": start - timedelta(days=BAND_DAYS), "start": start, "end": end},
    )
