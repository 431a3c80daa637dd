"""Read queries of the Instances page: the fleet by unit, and one unit hour by hour.

A unit is an instance, or an autoscaling group with all its members; its id is that of the advice.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from spectra.store import advice_log
from spectra.store.database import Store
from spectra.store.emission_queries import TOTAL_G
from spectra.store.lasting import GONE, UNIT_OF
from spectra.store.paid import PAID
from spectra.store.selection import Selection

SPARK_DAYS = 14
# Above it what is said of an instance is of low confidence: METHOD.md, section 1.2.
LOW_CONFIDENCE_SHARE = 0.2


def fleet(store: Store, selection: Selection, now: datetime) -> pd.DataFrame:
    """The present fleet, one row a unit, the greatest emitter of the period first.

    Columns: what the unit is (unit_id, kind, name, state, instance_type, region, team,
    environment, account_id, lifecycle, purchase_option, members), its load (cpu_days: daily means
    of the last fortnight), its period (total_g, energy_kwh, running_hours, cost_usd with
    cost_basis), g_per_running_hour of its last day, and its advice as in `advice_log.advice`.
    """
    advice = advice_log.advice(store, now, selection)
    return (
        _present(store, selection)
        .merge(_period(store, selection), on="unit_id", how="left")
        .merge(_load(store, now), on="unit_id", how="left")
        .merge(advice[["unit_id", *_ADVICE]], on="unit_id", how="left")
        .sort_values("total_g", ascending=False, na_position="last", ignore_index=True)
    )


_ADVICE = [
    "purchase_option", "finding", "is_preliminary", "confidence", "action", "target_type",
    "effort", "risk", "reason", "carbon_g_per_h", "carbon_low_g_per_h", "carbon_high_g_per_h",
    "list_usd_per_h", "cash_usd_per_h", "state_now", "until", "state_reason", "mean_pct",
    "highest_pct", "memory_pct", "coverage",
]  # fmt: skip


def _present(store: Store, selection: Selection) -> pd.DataFrame:
    """Units that have a member now."""
    return store.frame(
        f"""
        SELECT unit_id, CASE WHEN any_value(asg_name) IS NULL THEN 'instance' ELSE 'group' END
                AS kind,
            coalesce(any_value(asg_name), any_value(nullif(name, '')), unit_id) AS name,
            CASE WHEN bool_or(state = 'running') THEN 'running' ELSE any_value(state) END AS state,
            count(*) FILTER (state = 'running') AS running_members, count(*) AS members,
            mode(instance_type) AS instance_type, any_value(region) AS region,
            any_value(team) AS team, any_value(environment) AS environment,
            any_value(account_id) AS account_id, any_value(lifecycle) AS lifecycle,
            min(launched_at) AS launched_at
        FROM (SELECT * FROM instances WHERE valid_to IS NULL
                  AND state NOT IN {GONE} AND {selection.sql})
        JOIN ({UNIT_OF}) u ON u.resource_id = instance_id
        GROUP BY unit_id
        """,
        selection.filters,
    )


def _period(store: Store, selection: Selection) -> pd.DataFrame:
    """Emissions and cost of each unit over the selection's days; volumes are not part of it."""
    return store.frame(
        f"""
        WITH units AS ({UNIT_OF}),
        paid AS (
            SELECT resource_id, "day", sum(usd) AS usd FROM ({PAID})
            WHERE "day" BETWEEN $start::DATE AND $end::DATE GROUP BY ALL),
        emitted AS (
            SELECT resource_id, "day", sum({TOTAL_G}) AS g, sum(energy_kwh) AS kwh,
                sum(resource_hours) AS hours, sum(list_cost_usd) AS list_usd
            FROM emissions_daily
            WHERE {selection.days_sql} AND service = 'Amazon EC2' GROUP BY ALL),
        amounts AS (
            SELECT resource_id, sum(g) AS g, sum(kwh) AS kwh, sum(hours) AS hours,
                arg_max(g / nullif(hours, 0), "day") AS rate, {_COST}, count(*) AS days
            FROM emitted LEFT JOIN paid USING (resource_id, "day") GROUP BY resource_id)
        SELECT unit_id, sum(g) AS total_g, sum(kwh) AS energy_kwh, sum(hours) AS running_hours,
            sum(cost_usd) AS cost_usd, {_basis("sum")}, avg(rate) AS g_per_running_hour
        FROM amounts JOIN units USING (resource_id) GROUP BY unit_id
        """,
        selection.parameters,
    )


# Each day of a resource on its own: what was paid where that is known, else its list price.
_COST = """sum(coalesce(usd, list_usd)) AS cost_usd, count(usd) AS paid_days,
    count(coalesce(usd, list_usd)) AS known_days"""


def _basis(aggregate: str) -> str:
    """What a cost rests on, from the numbers of days in `_COST`."""
    paid, known, days = (f"{aggregate}({name})" for name in ("paid_days", "known_days", "days"))
    return (
        f"CASE WHEN {known} = 0 THEN 'not known' WHEN {known} < {days} THEN 'partly not known' "
        f"WHEN {paid} = {days} THEN 'effective' "
        f"WHEN {paid} = 0 THEN 'list price' ELSE 'partly list price' END AS cost_basis"
    )


def _load(store: Store, now: datetime) -> pd.DataFrame:
    """Mean CPU of each of the last days [%], oldest first; a day without any is left out."""
    return store.frame(
        f"""
        SELECT unit_id, list(pct ORDER BY "day") AS cpu_days
        FROM (
            SELECT unit_id, "day", sum(cpu_pct * resource_hours) / sum(resource_hours) AS pct
            FROM emissions_daily JOIN ({UNIT_OF}) USING (resource_id)
            WHERE "day" >= ?::DATE AND cpu_pct IS NOT NULL AND resource_hours > 0 GROUP BY ALL)
        GROUP BY unit_id
        """,
        [now - timedelta(days=SPARK_DAYS)],
    )


def members(store: Store, unit_id: str, at: datetime | None = None) -> list[str]:
    """Instances of a unit that are there now, or were up to a moment."""
    frame = store.frame(
        f"""
        SELECT DISTINCT instance_id FROM instances
        JOIN ({UNIT_OF}) u ON u.resource_id = instance_id
        WHERE unit_id = $unit AND (valid_to IS NULL OR valid_to >= $at)
            AND ($at IS NULL OR valid_from < $at)
        ORDER BY instance_id
        """,
        {"unit": unit_id, "at": at},
    )
    return list(frame["instance_id"])


def unit_of(store: Store, instance_id: str) -> str | None:
    """The unit that an instance belongs to, or did of late; None where it was never seen."""
    row = store.row(f"SELECT unit_id FROM ({UNIT_OF}) WHERE resource_id = ?", [instance_id])
    return None if row is None else str(row[0])


def hours(store: Store, unit_id: str, start: datetime, end: datetime) -> pd.DataFrame:
    """A unit hour by hour: hour, members, CPU mean and maximum, memory, GPU [%], traffic [Mbit/s].

    Maxima over members; hours in which nothing was measured are missing.
    """
    return store.frame(
        f"""
        SELECT u.hour, count(*) AS members, avg(u.cpu_avg_pct) AS cpu_pct,
            max(u.cpu_max_pct) AS cpu_max_pct, max(coalesce(u.memory_max_pct, u.memory_avg_pct))
                AS memory_pct,
            max(u.gpu_avg_pct) AS gpu_pct,
            max(u.network_in_bytes) * 8 / 3600e6 AS network_in_mbps,
            max(u.network_out_bytes) * 8 / 3600e6 AS network_out_mbps
        FROM utilisation u JOIN resources k USING (resource_key)
        JOIN ({UNIT_OF}) m ON m.resource_id = k.resource_id
        WHERE m.unit_id = $unit AND u.hour >= $start AND u.hour < $end
        GROUP BY u.hour ORDER BY u.hour
        """,
        {"unit": unit_id, "start": start, "end": end},
    )


def default_load_share(store: Store, unit_id: str, start: datetime, end: datetime) -> float | None:
    """Share of a unit's running hours whose load is the default, as nothing tells it (T4) [1].

    None where it did not run.
    """
    ids = store.frame(f"SELECT resource_id FROM ({UNIT_OF}) WHERE unit_id = ?", [unit_id])
    row = store.row(
        """
        SELECT sum(running_fraction) FILTER (utilisation_tier = 4) / sum(running_fraction)
        FROM instance_energy
        WHERE list_contains($ids, instance_id) AND hour >= $start AND hour < $end
        """,
        {"ids": list(ids["resource_id"]), "start": start, "end": end},
    )
    return None if row is None or row[0] is None else float(row[0])


def days(store: Store, unit_id: str, start: datetime, end: datetime) -> pd.DataFrame:
    """A unit by UTC day: day, operational_g, embodied_g, energy_kwh, cost_usd and its basis."""
    return store.frame(
        f"""
        WITH ids AS (SELECT resource_id FROM ({UNIT_OF}) WHERE unit_id = $unit),
        paid AS (
            SELECT resource_id, "day", sum(usd) AS usd FROM ({PAID})
            WHERE resource_id IN (FROM ids) AND "day" BETWEEN $start::DATE AND $end::DATE
            GROUP BY ALL),
        emitted AS (
            SELECT resource_id, "day", sum(scope2_lb_g + upstream_g + td_g) AS operational_g,
                sum(embodied_g) AS embodied_g, sum(energy_kwh) AS energy_kwh,
                sum(list_cost_usd) AS list_usd
            FROM emissions_daily
            WHERE resource_id IN (FROM ids) AND "day" >= $start::DATE AND "day" < $end::DATE
            GROUP BY ALL),
        amounts AS (
            SELECT "day", sum(operational_g) AS operational_g, sum(embodied_g) AS embodied_g,
                sum(energy_kwh) AS energy_kwh, {_COST}, count(*) AS days
            FROM emitted LEFT JOIN paid USING (resource_id, "day") GROUP BY "day")
        SELECT "day", operational_g, embodied_g, energy_kwh, cost_usd, {_basis("")}
        FROM amounts ORDER BY "day"
        """,
        {"unit": unit_id, "start": start, "end": end},
    )


def volumes_of(store: Store, instance_ids: list[str]) -> pd.DataFrame:
    """Volumes attached to instances now: volume_id, volume_type, size_gib, state, instance_id."""
    return store.frame(
        "SELECT volume_id, volume_type, size_gib, state, instance_id FROM volumes "
        "WHERE valid_to IS NULL AND list_contains(?, instance_id) ORDER BY size_gib DESC",
        [instance_ids],
    )


def optimizer(store: Store, instance_ids: list[str]) -> pd.DataFrame:
    """What AWS Compute Optimizer says of instances, as it was read."""
    return store.frame(
        "SELECT * FROM optimizer_findings WHERE list_contains(?, instance_id)", [instance_ids]
    )
