"""What the outlook of a budget is made of: hours of its groups, usual and forecast grids."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from spectra.store.database import Store


def known_hours(store: Store, start: datetime, end: datetime) -> pd.DatetimeIndex:
    """Hours of [start, end) that the ledger accounts for and that are computed."""
    frame = store.frame(
        "SELECT hour FROM ledger_hours() WHERE hour >= $start AND hour < $end "
        "AND hour NOT IN (SELECT hour FROM stale_hours) ORDER BY hour",
        {"start": start, "end": end},
    )
    return pd.DatetimeIndex(frame["hour"]).tz_convert("UTC")


def hourly_parts(
    store: Store, start: datetime, end: datetime, weights: pd.DataFrame
) -> pd.DataFrame:
    """Hours of budgets by zone: budget_id, hour, zone, energy_kwh, grid_g, fixed_g.

    Parameters
    ----------
    weights : DataFrame
        Columns budget_id, group_key, weight (share of the group that is the budget's), scope2 and
        scope3 (1 where the basis counts it, else 0).
    """
    if weights.empty:
        return pd.DataFrame(
            columns=["budget_id", "hour", "zone", "energy_kwh", "grid_g", "fixed_g"]
        )
    cursor = store.cursor()
    cursor.register("weights", weights)
    try:
        return cursor.execute(
            """
            WITH zones AS (
                SELECT w.*, r.zone FROM weights w JOIN emission_groups USING (group_key)
                JOIN region_factors r USING (region))
            SELECT budget_id, hour, zone, sum(weight * energy_kwh) AS energy_kwh,
                sum(weight * (scope2 * scope2_lb_g + scope3 * (upstream_g + td_g))) AS grid_g,
                sum(weight * scope3 * embodied_g) AS fixed_g
            FROM hourly_sums JOIN zones USING (group_key)
            WHERE hour >= $start AND hour < $end GROUP BY ALL
            """,
            {"start": start, "end": end},
        ).df()
    finally:
        cursor.unregister("weights")


def deviations(store: Store, start: datetime, end: datetime) -> pd.DataFrame:
    """Newest grid forecasts over what is usual at that hour of the week: hour × zone [1].

    Usual is the median of the lifecycle intensity over the 28 days before `start`.
    """
    frame = store.frame(
        """
        WITH newest AS (
            SELECT zone, max(issued_at) AS issued_at FROM issued_forecasts
            WHERE factor = 'lifecycle' AND issued_at <= $start + INTERVAL 1 HOUR GROUP BY zone),
        usual AS (
            SELECT zone, isodow(hour) AS weekday, hour(hour) AS hour_of_day,
                median(intensity_lifecycle_g_per_kwh) AS g_per_kwh
            FROM intensity_hourly
            WHERE hour >= $start - INTERVAL 28 DAY AND hour < $start GROUP BY ALL)
        SELECT f.hour, f.zone, f.mean_g_per_kwh / nullif(u.g_per_kwh, 0) AS deviation
        FROM issued_forecasts f JOIN newest USING (zone, issued_at)
        JOIN usual u ON u.zone = f.zone AND u.weekday = isodow(f.hour)
            AND u.hour_of_day = hour(f.hour)
        WHERE f.factor = 'lifecycle' AND f.hour >= $start AND f.hour < $end
        """,
        {"start": start, "end": end},
    )
    table = frame.pivot_table(index="hour", columns="zone", values="deviation")
    table.index = pd.DatetimeIndex(table.index).tz_convert("UTC")
    return table
