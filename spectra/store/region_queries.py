"""Read queries of the comparison of regions: their grids over several spans, and the load at home.

The load is the energy of our own machines and volumes of one region, hour by hour, so that a
region is weighed with its grid in the very hours in which we use electricity.
"""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from spectra.store.database import Store
from spectra.store.grid_queries import Factor, column

# Hours of which a source, an interpolation or a weekly profile says something of that hour.
HOURLY_TIERS = "('A', 'B', 'C', 'D')"
# A newer forecast than this still is one of the next day.
FORECAST_MAX_AGE_HOURS = 6


def grids(
    store: Store, hour: datetime, factor: Factor, home: str | None, load_days: int
) -> pd.DataFrame:
    """One row a region: its grid now, over the next 24 hours, 30 days and a year.

    Parameters
    ----------
    home : str or None
        Region whose own load weighs the hours of ``own_g_per_kwh``; None for none.
    load_days : int
        Days of that load.

    Returns
    -------
    DataFrame
        Columns region, zone, country, pue, pue_is_regional, td_factor; now_g_per_kwh,
        ahead_g_per_kwh, month_g_per_kwh, year_g_per_kwh, own_g_per_kwh [gCO2e/kWh]; hour_share
        and year_hour_share, the shares of hours that are no monthly or annual mean [1];
        intensity_sigma [log], year_days [d]. An unknown value is NaN.
    """
    value = column(factor)
    return store.frame(
        f"""
        WITH spans AS (
            SELECT zone, max({value}) FILTER (hour = $hour) AS now_g_per_kwh,
                avg({value}) FILTER (hour > $hour - INTERVAL 30 DAY) AS month_g_per_kwh,
                avg({value}) AS year_g_per_kwh, count(*) / 24 AS year_days,
                avg((tier IN {HOURLY_TIERS})::INT) AS year_hour_share,
                avg((tier IN {HOURLY_TIERS})::INT)
                    FILTER (hour > $hour - INTERVAL 30 DAY) AS hour_share,
                avg(intensity_sigma(tier)) AS intensity_sigma
            FROM intensity_hourly
            WHERE hour > $hour - INTERVAL 365 DAY AND hour <= $hour GROUP BY zone),
        issues AS (
            SELECT zone, max(issued_at) AS issued_at FROM issued_forecasts
            WHERE factor = $factor AND issued_at <= $hour
                AND issued_at >= $hour - INTERVAL {FORECAST_MAX_AGE_HOURS} HOUR GROUP BY zone),
        ahead AS (
            SELECT zone, avg(mean_g_per_kwh) AS ahead_g_per_kwh
            FROM issued_forecasts JOIN issues USING (zone, issued_at)
            WHERE factor = $factor AND hour > $hour AND hour <= $hour + INTERVAL 24 HOUR
            GROUP BY zone HAVING count(*) = 24),
        own AS (
            SELECT i.zone, sum(l.it_kwh * i.{value}) / nullif(sum(l.it_kwh), 0) AS own_g_per_kwh
            FROM ({_LOAD}) l JOIN intensity_hourly i USING (hour) GROUP BY i.zone)
        SELECT r.* EXCLUDE (region_key), spans.* EXCLUDE (zone), ahead_g_per_kwh, own_g_per_kwh
        FROM region_factors r LEFT JOIN spans USING (zone) LEFT JOIN ahead USING (zone)
        LEFT JOIN own USING (zone) ORDER BY r.region
        """,
        {"hour": hour, "factor": factor, "home": home, "days": load_days},
    )


# Energy of the machines themselves: what the meter of another data centre adds is its own.
_LOAD = """
    SELECT e.hour, sum(e.energy_kwh / r.pue) AS it_kwh, sum(e.embodied_g) AS embodied_g
    FROM emissions_hourly e JOIN region_factors r USING (region)
    WHERE region = $home AND hour > $hour - to_days($days) AND hour <= $hour GROUP BY e.hour
"""


def own_load(store: Store, hour: datetime, home: str, days: int) -> tuple[float, float] | None:
    """Mean energy of our machines in a region without PUE [kWh/h] and embodied emissions [g/h].

    None where nothing of ours ran there.
    """
    row = store.row(
        f"SELECT avg(it_kwh), avg(embodied_g) FROM ({_LOAD})",
        {"hour": hour, "home": home, "days": days},
    )
    return None if row is None or not row[0] else (float(row[0]), float(row[1]))


def running_types(store: Store, region: str) -> dict[str, int]:
    """Types that run in a region now, with their number."""
    frame = store.frame(
        """
        SELECT instance_type, count(*) AS number FROM instances
        WHERE valid_to IS NULL AND state = 'running' AND region = ?
        GROUP BY instance_type ORDER BY instance_type
        """,
        [region],
    )
    return {str(k): int(n) for k, n in zip(frame["instance_type"], frame["number"], strict=True)}


def own_regions(store: Store) -> list[str]:
    """Regions in which anything of ours runs now, most machines first."""
    frame = store.frame(
        "SELECT region, count(*) AS number FROM instances WHERE valid_to IS NULL "
        "AND state = 'running' GROUP BY region ORDER BY number DESC, region"
    )
    return list(frame["region"])
