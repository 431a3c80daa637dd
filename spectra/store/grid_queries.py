"""Read queries over the grids: every region now, one zone's hours, and how zones compare."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import pandas as pd

from spectra.store.database import Store
from spectra.store.emission_queries import TOTAL_G
from spectra.store.selection import Selection

Factor = Literal["lifecycle", "direct"]

LIVE = "electricity_maps"

# Above this many days a line of hours is a solid band: days with their range are drawn instead.
MAX_HOURLY_DAYS = 60


def column(factor: Factor) -> str:
    """Name of the intensity column of an emission factor."""
    if factor not in ("lifecycle", "direct"):
        raise ValueError(f"not an emission factor: {factor}")
    return f"intensity_{factor}_g_per_kwh"


def regions_now(store: Store, now: datetime, factor: Factor) -> pd.DataFrame:
    """One row per region: its zone's intensity at the hour `now` and how good that figure is.

    Columns region, zone, g_per_kwh, tier, quality, source, observed_at (latest hour that a source
    stated, the live one where it states the zone; NaT when none did), low_carbon_pct,
    mean_30d_g_per_kwh and trend, the last 24 hours [gCO2e/kWh].
    """
    value = column(factor)
    return store.frame(
        f"""
        WITH observed AS (
            SELECT zone, coalesce(max(hour) FILTER (source = '{LIVE}'), max(hour)) AS observed_at,
                arg_max(low_carbon_pct, hour) AS low_carbon_pct
            FROM intensities WHERE hour <= $now GROUP BY zone),
        recent AS (
            SELECT zone, avg({value}) AS mean_30d_g_per_kwh,
                list({value} ORDER BY hour) FILTER (hour > $now - INTERVAL 24 HOUR) AS trend
            FROM intensity_hourly
            WHERE hour > $now - INTERVAL 30 DAY AND hour <= $now GROUP BY zone)
        SELECT r.region, r.zone, i.{value} AS g_per_kwh, i.tier, i.quality, i.source,
            o.observed_at, o.low_carbon_pct, mean_30d_g_per_kwh, trend
        FROM region_factors r
        LEFT JOIN intensity_hourly i ON i.zone = r.zone AND i.hour = $now
        LEFT JOIN observed o ON o.zone = r.zone
        LEFT JOIN recent c ON c.zone = r.zone
        ORDER BY r.region
        """,
        {"now": now},
    )


def footprint_by_region(store: Store, selection: Selection) -> pd.DataFrame:
    """Our own share by region: region, total_g, energy_kwh, running instances on average."""
    return store.frame(
        f"""
        SELECT region, sum({TOTAL_G}) AS total_g, sum(energy_kwh) AS energy_kwh,
            sum(running_hours) / nullif(count(DISTINCT hour), 0) AS mean_running_instances
        FROM emissions_hourly WHERE {selection.hours_sql} GROUP BY region
        """,
        selection.parameters,
    )


def zone_line(
    store: Store, zone: str, start: datetime, end: datetime, factor: Factor
) -> pd.DataFrame:
    """A zone's intensity over a span: hours up to 60 days, else days with their range.

    Columns at, hours, g_per_kwh, low_g_per_kwh, high_g_per_kwh, tier (the worst of a day) and
    filled_hours, those that nobody stated.
    """
    value = column(factor)
    daily = (end - start).days > MAX_HOURLY_DAYS
    at = "date_trunc('day', hour)" if daily else "hour"
    return store.frame(
        f"""
        SELECT {at} AS "at", count(*) AS "hours", avg({value}) AS g_per_kwh,
            min({value}) AS low_g_per_kwh, max({value}) AS high_g_per_kwh, max(tier) AS tier,
            count(*) FILTER (tier NOT IN ('A', 'B')) AS filled_hours
        FROM intensity_hourly WHERE zone = $zone AND hour >= $start AND hour < $end
        GROUP BY 1 ORDER BY 1
        """,
        {"zone": zone, "start": start, "end": end},
    )


def heat_map(
    store: Store, zone: str, span: tuple[datetime, datetime], timezone: str, factor: Factor
) -> pd.DataFrame:
    """Mean intensity by local day and hour of day: columns day, hour_of_day, g_per_kwh."""
    return store.frame(
        f"""
        SELECT (hour AT TIME ZONE $timezone)::DATE AS "day",
            hour(hour AT TIME ZONE $timezone) AS hour_of_day, avg({column(factor)}) AS g_per_kwh
        FROM intensity_hourly WHERE zone = $zone AND hour >= $start AND hour < $end
        GROUP BY ALL ORDER BY ALL
        """,
        {"zone": zone, "start": span[0], "end": span[1], "timezone": timezone},
    )


def distribution(store: Store, start: datetime, end: datetime, factor: Factor) -> pd.DataFrame:
    """Quantiles of each zone's hours: zone, p05, p25, p50, p75, p95 [gCO2e/kWh], lowest first.

    Zones whose hours are all an annual factor have no distribution and are left out.
    """
    value = column(factor)
    return store.frame(
        f"""
        SELECT zone, quantile_cont({value}, 0.05) AS p05, quantile_cont({value}, 0.25) AS p25,
            quantile_cont({value}, 0.5) AS p50, quantile_cont({value}, 0.75) AS p75,
            quantile_cont({value}, 0.95) AS p95
        FROM intensity_hourly WHERE hour >= $start AND hour < $end AND tier <> 'F'
        GROUP BY zone ORDER BY p50
        """,
        {"start": start, "end": end},
    )


def status(store: Store) -> dict[str, Any]:
    """What the data-status line says: newest hours, sources and quality of the last 24 hours.

    Where a live source states grids their newest hour is its own: `is_carried_on` tells that
    another source, as the demo company, goes on after it has fallen silent.
    """
    row = store.row(
        f"""
        WITH stated AS (
            SELECT max(hour) FILTER (source = '{LIVE}') AS live, max(hour) AS newest
            FROM intensities)
        SELECT coalesce(live, newest) AS intensity_until, newest > live AS is_carried_on,
            (SELECT max(hour) FROM utilisation) AS utilisation_until,
            (SELECT list(DISTINCT source) FROM intensities
             WHERE hour > (SELECT max(hour) FROM intensities) - INTERVAL 24 HOUR) AS grids,
            (SELECT list(DISTINCT source) FROM intensities) AS all_grids,
            (SELECT list(DISTINCT source) FROM instances) AS fleets,
            (SELECT list(DISTINCT source) FROM costs) AS costs
        FROM stated
        """
    )
    names = (
        "intensity_until",
        "is_carried_on",
        "utilisation_until",
        "grids",
        "all_grids",
        "fleets",
        "costs",
    )
    return dict(zip(names, row or (None,) * len(names), strict=True))


def heard_from(store: Store, since: datetime) -> pd.DataFrame:
    """Grids and fleets in use, and which of them fell silent: no hour from `since` on.

    Columns kind ("grid", or "fleet": what an account runs in a region), name and last_hour, NaT
    where it did not fall silent. A grid is in use where machines run; its live source alone counts
    where it has one. Files of past years promise nothing, and of what was never stated nothing is
    missing.
    """
    return store.frame(
        f"""
        WITH used AS (
            SELECT region, account_id, resource_key
            FROM instances JOIN resources ON resource_id = instance_id
            WHERE state = 'running' AND valid_to IS NULL AND valid_from < $since),
        heard AS (
            SELECT DISTINCT region, account_id FROM used
            WHERE resource_key IN (SELECT resource_key FROM utilisation WHERE hour >= $since)),
        known AS (
            SELECT 'grid' AS kind, zone AS name,
                coalesce(max(hour) FILTER (source = '{LIVE}'), max(hour)) AS last_hour
            FROM intensities
            WHERE source <> 'electricity_maps_portal' AND zone IN (
                SELECT zone FROM region_factors WHERE region IN (SELECT region FROM used))
            GROUP BY zone
            UNION ALL SELECT 'fleet', concat(region, ' (', account_id, ')'), NULL FROM heard
            UNION ALL SELECT 'fleet', concat(region, ' (', account_id, ')'), max(hour)
            FROM (FROM used ANTI JOIN heard USING (region, account_id))
            JOIN utilisation USING (resource_key) GROUP BY ALL)
        SELECT kind, name, CASE WHEN last_hour < $since THEN last_hour END AS last_hour
        FROM known ORDER BY ALL
        """,
        {"since": since},
    )


def stated(store: Store, zone: str, factor: Factor, start: datetime, end: datetime) -> pd.Series:
    """What a source stated of a zone's hours that touch [start, end) [gCO2e/kWh]; gaps stay."""
    frame = store.frame(
        f"""
        SELECT hour, {column(factor)} AS g_per_kwh FROM intensity_hourly
        WHERE zone = $zone AND tier IN ('A', 'B') AND hour > $start - INTERVAL 1 HOUR
            AND hour < $end
        ORDER BY hour
        """,
        {"zone": zone, "start": start, "end": end},
    )
    index = pd.DatetimeIndex(frame["hour"]).tz_convert("UTC")
    return pd.Series(frame["g_per_kwh"].to_numpy(), index=index, name=zone)


def stated_span(store: Store) -> tuple[datetime, datetime] | None:
    """First hour and exclusive end of what any source stated of any grid; None without any."""
    row = store.row("SELECT min(hour), max(hour) + INTERVAL 1 HOUR FROM intensities")
    return None if row is None or row[0] is None else (row[0], row[1])


def stated_zones(store: Store, now: datetime, factor: Factor) -> pd.DataFrame:
    """What sources have stated of each zone up to an hour, the newest first.

    Columns zone, first_hour, last_hour, hours, mean_g_per_kwh of the hours stated [gCO2e/kWh] and
    sources.
    """
    return store.frame(
        f"""
        SELECT zone, min(hour) AS first_hour, max(hour) AS last_hour,
            count(DISTINCT hour) AS "hours", avg({column(factor)}) AS mean_g_per_kwh,
            string_agg(DISTINCT source, ', ' ORDER BY source) AS sources
        FROM intensities WHERE hour <= $now GROUP BY zone ORDER BY last_hour DESC, zone
        """,
        {"now": now},
    )
