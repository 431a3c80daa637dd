"""Forecasts as issued: the history they start from, the models behind them, how they turned out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import pandas as pd

from spectra.store.database import Store
from spectra.store.grid_queries import Factor, column, stated

HISTORY = timedelta(days=1130)
# Every issue of a year would be more than a gigabyte. Accuracy looks 30 days back; a budget as it
# stood at the end of a day needs the newest issue of that moment, an hour after it at most.
KEPT = timedelta(days=90)


class Chosen(NamedTuple):
    """Models chosen for a zone, as text, and from how much history."""

    chosen_at: datetime
    known_hours: int
    choice: str


def history(store: Store, zone: str, factor: Factor, until: datetime) -> pd.Series:
    """Hours of a zone that a source stated, before `until` [gCO2e/kWh]; gaps stay gaps."""
    return stated(store, zone, factor, until - HISTORY, until)


def zones_with_history(store: Store, hours: int) -> list[str]:
    """Zones of which at least so many hours are stated, by name."""
    frame = store.frame(
        "SELECT zone FROM intensity_hourly WHERE tier IN ('A', 'B') "
        "GROUP BY zone HAVING count(*) >= ? ORDER BY zone",
        [hours],
    )
    return list(frame["zone"])


def chosen(store: Store, zone: str, factor: Factor) -> Chosen | None:
    """The models in force for a zone."""
    row = store.row(
        "SELECT chosen_at, known_hours, choice FROM forecast_choices WHERE zone = ? AND factor = ?",
        [zone, factor],
    )
    return None if row is None else Chosen(*row)


def keep_choice(store: Store, zone: str, factor: Factor, kept: Chosen) -> None:
    """Put models in force for a zone."""
    with store.write(is_fact=False) as cursor:
        cursor.execute(
            "INSERT OR REPLACE INTO forecast_choices VALUES (?, ?, ?, ?, ?)",
            [zone, factor, *kept],
        )


def keep_issued(store: Store, frame: pd.DataFrame) -> int:
    """Keep forecasts as they were issued; an hour issued at the same moment before is replaced.

    Of those issued more than `KEPT` before, one a day stays: the last up to 01:00 UTC. The
    provider's, which stand beside them, go.
    """
    if frame.empty:
        return 0
    with store.write() as cursor:
        cursor.register("incoming", frame)
        cursor.execute("INSERT OR REPLACE INTO issued_forecasts BY NAME SELECT * FROM incoming")
        cursor.unregister("incoming")
        old = {"old": frame["issued_at"].max() - KEPT}
        cursor.execute("DELETE FROM provider_forecasts WHERE issued_at < $old", old)
        cursor.execute(
            """
            DELETE FROM issued_forecasts WHERE issued_at < $old
                AND (zone, factor, issued_at) NOT IN (
                    SELECT (zone, factor, max(issued_at)) FROM issued_forecasts
                    WHERE issued_at < $old
                    GROUP BY zone, factor, date_trunc('day', issued_at - INTERVAL 2 HOUR))
            """,
            old,
        )
    return len(frame)


def issued_zones(store: Store, factor: Factor, issued_at: datetime) -> set[str]:
    """Zones that have a forecast of this moment."""
    frame = store.frame(
        "SELECT DISTINCT zone FROM issued_forecasts WHERE factor = ? AND issued_at = ?",
        [factor, issued_at],
    )
    return set(frame["zone"])


def choices(store: Store, factor: Factor) -> pd.DataFrame:
    """Models in force: zone, chosen_at, known_hours, members (a list), mae, mae_yesterday."""
    return store.frame(
        """
        SELECT zone, chosen_at, known_hours, (choice->'members')::VARCHAR[] AS members,
            (choice->>'mae')::DOUBLE AS mae, (choice->>'mae_yesterday')::DOUBLE AS mae_yesterday
        FROM forecast_choices WHERE factor = ? ORDER BY zone
        """,
        [factor],
    )


def latest(store: Store, zone: str, factor: Factor, until: datetime | None = None) -> pd.DataFrame:
    """The newest forecast of a zone by hour, with its interval, level and step.

    Parameters
    ----------
    until : datetime, optional
        The newest that was issued by then, aware UTC.
    """
    return store.frame(
        """
        SELECT issued_at, hour, mean_g_per_kwh, lower_g_per_kwh, upper_g_per_kwh, "level", step
        FROM issued_forecasts
        WHERE zone = $zone AND factor = $factor AND issued_at = (
            SELECT max(issued_at) FROM issued_forecasts
            WHERE zone = $zone AND factor = $factor
                AND ($until IS NULL OR issued_at <= $until::TIMESTAMPTZ))
        ORDER BY hour
        """,
        {"zone": zone, "factor": factor, "until": until},
    )


def provider_latest(store: Store, zone: str, factor: Factor) -> pd.DataFrame:
    """The provider's own newest forecast of a zone: hour, g_per_kwh."""
    return store.frame(
        """
        SELECT hour, g_per_kwh FROM provider_forecasts
        WHERE zone = $zone AND factor = $factor AND issued_at = (
            SELECT max(issued_at) FROM provider_forecasts
            WHERE zone = $zone AND factor = $factor)
        ORDER BY hour
        """,
        {"zone": zone, "factor": factor},
    )


def latest_all(store: Store, factor: Factor, hours: int) -> pd.DataFrame:
    """Least, greatest and mean of the newest forecast over some hours: one row a zone."""
    return store.frame(
        """
        WITH newest AS (
            SELECT zone, max(issued_at) AS issued_at FROM issued_forecasts
            WHERE factor = $factor GROUP BY zone)
        SELECT zone, issued_at, min(mean_g_per_kwh) AS least_g_per_kwh,
            arg_min(hour, mean_g_per_kwh) AS least_at, max(mean_g_per_kwh) AS greatest_g_per_kwh,
            arg_max(hour, mean_g_per_kwh) AS greatest_at, avg(mean_g_per_kwh) AS mean_g_per_kwh
        FROM issued_forecasts JOIN newest USING (zone, issued_at)
        WHERE factor = $factor AND hour < issued_at + to_hours($hours)
        GROUP BY zone, issued_at ORDER BY zone
        """,
        {"factor": factor, "hours": hours},
    )


def accuracy(store: Store, factor: Factor, since: datetime) -> pd.DataFrame:
    """How issued forecasts turned out, one row a zone, where a source has stated the hour since.

    Columns zone, hour_count, issue_count, mape_pct, bias_g_per_kwh (forecast minus value),
    coverage_pct of the interval, mae_g_per_kwh, mae_yesterday_g_per_kwh, skill (share of the error
    of "same hour yesterday" that is avoided), and where the provider issued forecasts of its own
    of the same hours within the same hour as ours, mae_provider_g_per_kwh of these and
    mae_beside_provider_g_per_kwh of ours in these hours alone.
    """
    value = column(factor)
    return store.frame(
        f"""
        WITH theirs AS (
            SELECT zone, hour, date_trunc('hour', issued_at) AS issued_at,
                arg_max(g_per_kwh, provider_forecasts.issued_at) AS g_per_kwh
            FROM provider_forecasts
            WHERE factor = $factor AND provider_forecasts.issued_at >= $since
            GROUP BY ALL),
        judged AS (
            SELECT f.zone, f.issued_at, f.hour, f.mean_g_per_kwh AS mean,
                f.lower_g_per_kwh AS low, f.upper_g_per_kwh AS high, i.{value} AS value,
                y.{value} AS yesterday, p.g_per_kwh AS provider
            FROM issued_forecasts f
            JOIN intensity_hourly i ON i.zone = f.zone AND i.hour = f.hour
                AND i.tier IN ('A', 'B')
            LEFT JOIN intensity_hourly y ON y.zone = f.zone AND y.tier IN ('A', 'B')
                AND y.hour = f.hour - INTERVAL 1 DAY
                    * greatest(1, ceil((epoch(f.hour) - epoch(f.issued_at) + 3600) / 86400.0)::INT)
            LEFT JOIN theirs p ON p.zone = f.zone AND p.hour = f.hour
                AND p.issued_at = f.issued_at
            WHERE f.factor = $factor AND f.issued_at >= $since)
        SELECT zone, count(*) AS hour_count, count(DISTINCT issued_at) AS issue_count,
            avg(abs(mean - value) / nullif(value, 0)) * 100 AS mape_pct,
            avg(mean - value) AS bias_g_per_kwh,
            avg((value BETWEEN low AND high)::INT) * 100 AS coverage_pct,
            avg(abs(mean - value)) AS mae_g_per_kwh,
            avg(abs(yesterday - value)) AS mae_yesterday_g_per_kwh,
            1 - avg(abs(mean - value)) FILTER (yesterday IS NOT NULL)
                / nullif(avg(abs(yesterday - value)), 0) AS skill,
            avg(abs(provider - value)) AS mae_provider_g_per_kwh,
            avg(abs(mean - value)) FILTER (provider IS NOT NULL) AS mae_beside_provider_g_per_kwh
        FROM judged GROUP BY zone ORDER BY zone
        """,
        {"factor": factor, "since": since},
    )
