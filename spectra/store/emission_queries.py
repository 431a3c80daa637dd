"""Read queries over the emissions ledger: totals, breakdowns, emitters, data quality.

All figures are of the provider view, location-based; grams of CO2e, kWh and USD. Each query
aggregates in DuckDB and returns a small frame.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import pandas as pd

from spectra.store.database import Store
from spectra.store.paid import SETTLED
from spectra.store.selection import Selection

Dimension = Literal["region", "team", "environment", "service", "account_id"]
DIMENSIONS: tuple[Dimension, ...] = ("region", "team", "environment", "service", "account_id")

TOTAL_G = "scope2_lb_g + upstream_g + td_g + embodied_g"

_SUMS = f"""
    sum({TOTAL_G}) AS total_g, sum(energy_kwh) AS energy_kwh,
    sum(scope2_lb_g) AS scope2_lb_g, sum(upstream_g) AS upstream_g, sum(td_g) AS td_g,
    sum(embodied_g) AS embodied_g,
    sum(ccf_low_g) + sum(embodied_g) AS ccf_low_total_g,
    sum(measured_intensity_kwh) / nullif(sum(energy_kwh), 0) AS intensity_coverage,
    sum(measured_utilisation_kwh) / nullif(sum(energy_kwh), 0) AS utilisation_coverage
"""


def ledger_span(store: Store) -> tuple[datetime, datetime] | None:
    """First hour and exclusive end of what was emitted; None for an empty store."""
    row = store.row("SELECT min(hour), max(hour) + INTERVAL 1 HOUR FROM emissions_hourly")
    return None if row is None or row[0] is None else (row[0], row[1])


def accounted_span(store: Store) -> tuple[datetime, datetime] | None:
    """First hour and exclusive end of what is accounted for, in UTC; None for an empty store.

    Hours in which nothing ran are in it: they are known to be 0. While hours wait to be computed
    it ends with the last one that is.
    """
    emitted = ledger_span(store)
    if emitted is None:
        return None
    row = store.row(
        "SELECT first_hour, end_hour, EXISTS (SELECT 1 FROM stale_hours) AS waits FROM ledger"
    )
    first, end, waits = row or (*emitted, False)
    return first.astimezone(UTC), (emitted[1] if waits else end).astimezone(UTC)


def totals(store: Store, selection: Selection) -> dict[str, Any]:
    """Sums over the selection's hours; every value is None when there is no row."""
    frame = store.frame(
        f"SELECT {_SUMS}, sum(running_hours) AS running_hours, count(DISTINCT hour) AS hours "
        f"FROM emissions_hourly WHERE {selection.hours_sql}",
        selection.parameters,
    )
    row = frame.iloc[0]
    return {str(name): None if pd.isna(value) else value for name, value in row.items()}


def hourly(store: Store, selection: Selection) -> pd.DataFrame:
    """Emissions by hour: hour, total_g, energy_kwh, running instances, g/kWh of the fleet."""
    return store.frame(
        f"""
        SELECT hour, sum({TOTAL_G}) AS total_g, sum(energy_kwh) AS energy_kwh,
            sum(running_hours) AS running_instances,
            sum(scope2_lb_g + upstream_g) / nullif(sum(energy_kwh), 0) AS fleet_g_per_kwh
        FROM emissions_hourly WHERE {selection.hours_sql} GROUP BY hour ORDER BY hour
        """,
        selection.parameters,
    )


def breakdown(store: Store, selection: Selection, dimension: Dimension) -> pd.DataFrame:
    """Sums by one dimension: name, total_g, energy_kwh and share; largest first."""
    return store.frame(
        f"""
        SELECT {_known(dimension)} AS name, sum({TOTAL_G}) AS total_g,
            sum(energy_kwh) AS energy_kwh,
            total_g / nullif(sum(total_g) OVER (), 0) AS share
        FROM emissions_hourly WHERE {selection.hours_sql} GROUP BY ALL ORDER BY total_g DESC
        """,
        selection.parameters,
    )


def top_emitters(store: Store, selection: Selection, limit: int = 15) -> pd.DataFrame:
    """Resources by emissions over whole UTC days, largest first, with what they are."""
    return store.frame(
        f"""
        WITH ranked AS (
            SELECT resource_id, service, arg_max(resource_type, "day") AS resource_type,
                arg_max(region, "day") AS region, arg_max(team, "day") AS team,
                arg_max(environment, "day") AS environment, sum({TOTAL_G}) AS total_g,
                sum(energy_kwh) AS energy_kwh, sum(resource_hours) AS resource_hours,
                sum(cpu_pct * resource_hours)
                    / nullif(sum(resource_hours) FILTER (cpu_pct IS NOT NULL), 0) AS cpu_pct,
                sum(list_cost_usd) AS list_cost_usd,
                sum(total_g) OVER () AS all_g
            FROM emissions_daily WHERE {selection.days_sql} GROUP BY resource_id, service
            ORDER BY total_g DESC LIMIT $limit)
        SELECT ranked.* EXCLUDE (all_g), total_g / nullif(all_g, 0) AS share, n.name, t.power_tier
        FROM ranked
        LEFT JOIN (SELECT instance_id AS resource_id, arg_max(name, valid_from) AS name
                   FROM instances GROUP BY instance_id) n USING (resource_id)
        LEFT JOIN type_factors t ON t.instance_type = ranked.resource_type
        ORDER BY total_g DESC
        """,
        {**selection.parameters, "limit": limit},
    )


def covariance(store: Store, selection: Selection) -> pd.DataFrame:
    """What an hourly sum says beyond energy × mean intensity, by month.

    Columns month, hourly_g ``Σ E·I``, averaged_g ``Σ E·Ī``, their difference covariance_g; grid
    lifecycle emissions, month means per region over the selection's accounted hours. And
    td_covariance_g, the same difference of the losses.
    """
    return store.frame(
        f"""
        WITH hours AS (
            SELECT date_trunc('month', hour) AS month, region, hour, sum(energy_kwh) AS kwh,
                sum(scope2_lb_g + upstream_g) AS grid_g, sum(td_g) AS td_g
            FROM emissions_hourly WHERE {selection.hours_sql} GROUP BY ALL),
        regions AS (
            SELECT month, region, sum(grid_g) AS hourly_g, sum(td_g) AS td_g, sum(kwh) AS kwh
            FROM hours GROUP BY ALL),
        means AS (
            SELECT date_trunc('month', i.hour) AS month, r.region,
                avg(greatest(i.intensity_direct_g_per_kwh, i.intensity_lifecycle_g_per_kwh))
                    AS mean_g_per_kwh,
                avg(i.intensity_lifecycle_g_per_kwh) * any_value(r.td_factor) AS mean_td_g_per_kwh
            FROM intensity_hourly i JOIN region_factors r USING (zone)
            SEMI JOIN ledger_hours() h ON h.hour = i.hour
            WHERE i.hour >= $start AND i.hour < $end AND r.region IN (SELECT region FROM regions)
            GROUP BY ALL)
        SELECT month, sum(hourly_g) AS hourly_g, sum(kwh * mean_g_per_kwh) AS averaged_g,
            sum(hourly_g) - averaged_g AS covariance_g,
            sum(td_g - kwh * mean_td_g_per_kwh) AS td_covariance_g
        FROM regions JOIN means USING (month, region) GROUP BY month ORDER BY month
        """,
        selection.parameters,
    )


def costs(store: Store, selection: Selection) -> dict[str, Any]:
    """Cost over whole UTC days [USD]: effective, list, provisional part, and who says so.

    The list cost is the provider's where it states one, else the running hours of the ledger at
    list price: see ``is_list_stated``. ``unpriced_share`` is the share of cost rows that no price
    is known for, ``days`` counts those with a cost, ``days_before`` those of them that end before
    the ledger begins. Where the provider states no list cost, ``billed_usd`` and ``at_list_usd``
    compare what machines cost on ``compared_days``: whole days that the ledger knows and of which
    all of the bill had come in.
    """
    frame = store.frame(
        f"""
        WITH compared AS (
            SELECT "day", sum(effective_cost_usd) AS usd FROM costs, ledger
            WHERE {selection.days_sql} AND service = 'Amazon EC2' AND {SETTLED}
                AND "day"::TIMESTAMPTZ >= first_hour
                AND "day"::TIMESTAMPTZ + INTERVAL 1 DAY <= end_hour
                AND "day" NOT IN (SELECT hour::DATE FROM stale_hours)
            GROUP BY "day" HAVING count(effective_cost_usd) = count(*))
        SELECT (SELECT count(*) FROM compared) AS compared_days,
            (SELECT sum(usd) FROM compared) AS billed_usd,
            (SELECT sum(list_cost_usd) FROM emissions_daily SEMI JOIN compared USING ("day")
             WHERE {selection.days_sql} AND service = 'Amazon EC2') AS at_list_usd,
            sum(effective_cost_usd) AS effective_usd,
            coalesce(sum(list_cost_usd), (SELECT sum(list_cost_usd) FROM emissions_daily
                                          WHERE {selection.days_sql})) AS list_usd,
            count(list_cost_usd) > 0 AS is_list_stated,
            sum(CASE WHEN is_provisional THEN effective_cost_usd ELSE 0 END) AS provisional_usd,
            count(*) FILTER (effective_cost_usd IS NULL) / nullif(count(*), 0) AS unpriced_share,
            count(DISTINCT "day") FILTER (effective_cost_usd IS NOT NULL) AS days,
            count(DISTINCT "day") FILTER (effective_cost_usd IS NOT NULL
                AND "day" < (SELECT first_hour::DATE FROM ledger)) AS days_before,
            string_agg(DISTINCT source, ', ') AS sources, max(fetched_at) AS fetched_at
        FROM costs WHERE {selection.days_sql}
        """,
        selection.parameters,
    )
    return {str(k): None if pd.isna(v) else v for k, v in frame.iloc[0].items()}


def quality(store: Store, selection: Selection) -> pd.DataFrame:
    """Energy by tier of each input: columns input, tier, energy_kwh, share."""
    return store.frame(
        f"""
        WITH days AS (SELECT * FROM emissions_daily WHERE {selection.days_sql}),
        hours AS (
            SELECT region, hour, sum(energy_kwh) AS kwh FROM emissions_hourly
            WHERE {selection.hours_sql} GROUP BY ALL),
        tiers AS (
            SELECT 'power' AS input, coalesce(t.power_tier, 'EBS') AS tier, sum(energy_kwh) AS kwh
            FROM days LEFT JOIN type_factors t
                ON days.service = 'Amazon EC2' AND t.instance_type = days.resource_type
            GROUP BY ALL
            UNION ALL
            SELECT 'intensity', i.tier || CASE WHEN i.source = 'demo' THEN ' (demo)' ELSE '' END,
                sum(kwh)
            FROM hours JOIN region_factors r USING (region)
            JOIN intensity_hourly i ON i.zone = r.zone AND i.hour = hours.hour GROUP BY ALL
            UNION ALL
            SELECT 'utilisation', 'T1', sum(measured_utilisation_kwh) FROM days
            UNION ALL
            SELECT 'utilisation', 'T2-T4', sum(energy_kwh - measured_utilisation_kwh) FROM days)
        SELECT input, tier, kwh AS energy_kwh,
            kwh / nullif(sum(kwh) OVER (PARTITION BY input), 0) AS share
        FROM tiers WHERE kwh > 0 ORDER BY input, tier
        """,
        selection.parameters,
    )


def choices(store: Store) -> dict[str, list[str]]:
    """Values that the filters offer: regions, teams and environments that emit."""
    return {
        column + "s": [
            str(value)
            for (value,) in store.cursor()
            .execute(f"SELECT DISTINCT {column} FROM emissions_daily ORDER BY 1")
            .fetchall()
        ]
        for column in ("region", "team", "environment")
    }


def accounts(store: Store) -> list[str]:
    """Accounts that emit."""
    rows = store.frame("SELECT DISTINCT account_id FROM emissions_daily ORDER BY 1")
    return [str(account) for account in rows["account_id"]]


def _known(dimension: Dimension) -> str:
    """Refuse anything but a dimension's name: it goes into the SQL text."""
    if dimension not in DIMENSIONS:
        raise ValueError(f"not a dimension: {dimension}")
    return dimension
