"""What the detectors look at, summed up in SQL as they want it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from spectra.store.database import Store
from spectra.store.emission_queries import TOTAL_G

RECENT_DAYS = 7


def watched(store: Store, since: datetime, end: datetime) -> list[str]:
    """Instances that ran in [since, end) for a day or more altogether, by name."""
    frame = store.frame(
        """
        SELECT instance_id FROM instances
        WHERE state = 'running' AND valid_from < $end AND coalesce(valid_to, $end) > $since
        GROUP BY instance_id
        HAVING sum(epoch(least(coalesce(valid_to, $end), $end)) - epoch(greatest(valid_from,
            $since))) >= 86400 OR bool_or(valid_to IS NULL)
        ORDER BY instance_id
        """,
        {"since": since, "end": end},
    )
    return list(frame["instance_id"])


def cpu_hours(store: Store, instances: list[str], since: datetime, end: datetime) -> pd.DataFrame:
    """Mean CPU [%] of [since, end): one row an hour, one column an instance, NaN where unknown."""
    at = pd.date_range(since, end, freq="h", inclusive="left", unit="us", tz="UTC")
    matrix = np.full((len(at), len(instances)), np.nan, dtype=np.float32)
    found = (
        store.cursor()
        .execute(
            """
            SELECT date_diff('hour', $since, u.hour) AS row, p.place - 1 AS place, u.cpu_avg_pct
            FROM utilisation u JOIN resources k USING (resource_key)
            JOIN (SELECT unnest($instances) AS resource_id,
                         unnest(range(1, len($instances) + 1)) AS place) p USING (resource_id)
            WHERE u.hour >= $since AND u.hour < $end AND u.cpu_avg_pct IS NOT NULL
            """,
            {"since": since, "end": end, "instances": instances},
        )
        .fetchnumpy()
    )
    matrix[found["row"], found["place"]] = found["cpu_avg_pct"]
    return pd.DataFrame(matrix, index=at, columns=pd.Index(instances, dtype="object"))


def running_hours(
    store: Store, instances: list[str], since: datetime, end: datetime
) -> pd.DataFrame:
    """Which of those instances ran in each hour of [since, end) as a whole; shaped the same."""
    at = pd.date_range(since, end, freq="h", inclusive="left", unit="us", tz="UTC")
    frame = pd.DataFrame(False, index=at, columns=pd.Index(instances, dtype="object"))
    spans = store.frame(
        """
        SELECT instance_id, valid_from, valid_to FROM instances
        WHERE state = 'running' AND list_contains($instances, instance_id)
            AND valid_from < $end AND coalesce(valid_to, $end) > $since
        """,
        {"instances": instances, "since": since, "end": end},
    )
    place = {name: k for k, name in enumerate(instances)}
    values = frame.to_numpy(copy=True)
    for name, start, stop in spans.itertuples(index=False):
        first = at.searchsorted(start)
        last = len(at) if pd.isna(stop) else at.searchsorted(stop - timedelta(hours=1), "right")
        values[first:last, place[name]] = True
    return pd.DataFrame(values, index=at, columns=frame.columns)


def facts(store: Store) -> pd.DataFrame:
    """What every instance and volume is called and belongs to, indexed by its ID."""
    return store.frame(
        """
        SELECT DISTINCT ON (series) * FROM (
            SELECT instance_id AS series, coalesce(nullif(name, ''), instance_id) AS name, region,
                team, environment, account_id, tags, asg_name, valid_from
            FROM instances
            UNION ALL
            SELECT volume_id, volume_id, region, team, environment, account_id, tags, NULL,
                valid_from
            FROM volumes)
        ORDER BY series, valid_from DESC
        """
    ).set_index("series")


def usage_rates(store: Store, end: datetime) -> pd.DataFrame:
    """What a percentage point of CPU for an hour is worth, by instance.

    Columns g_per_excess: the slope of the power curve times PUE and the mean intensity of the last
    week [gCO2e]; usd_per_excess: that part of the list price [USD]; daily_g: what it emits on a
    day it runs [gCO2e].
    """
    return store.frame(
        f"""
        WITH grid AS (
            SELECT r.region, any_value(r.pue) AS pue, avg(greatest(
                intensity_direct_g_per_kwh, intensity_lifecycle_g_per_kwh)) AS g_per_kwh
            FROM intensity_hourly JOIN region_factors r USING (zone)
            WHERE hour >= $end - INTERVAL {RECENT_DAYS} DAY AND hour < $end GROUP BY r.region),
        daily AS (
            SELECT resource_id, sum({TOTAL_G}) / count(DISTINCT "day") AS g FROM emissions_daily
            WHERE "day" >= $end::DATE - {RECENT_DAYS} AND "day" < $end::DATE
                AND service = 'Amazon EC2' GROUP BY resource_id)
        SELECT i.instance_id AS series,
            (t.watts_at_100 - t.watts_at_0) / 100 * grid.pue / 1000 * grid.g_per_kwh
                AS g_per_excess,
            p.usd_per_hour / 100 AS usd_per_excess, daily.g AS daily_g
        FROM (SELECT DISTINCT ON (instance_id) * FROM instances
              ORDER BY instance_id, valid_from DESC) i
        JOIN type_factors t USING (instance_type)
        LEFT JOIN grid USING (region)
        LEFT JOIN prices p ON p.instance_type = i.instance_type AND p.region = i.region
        LEFT JOIN daily ON daily.resource_id = i.instance_id
        """,
        {"end": end},
    ).set_index("series")


def traffic(store: Store, folded: pd.DataFrame) -> pd.DataFrame:
    """Network traffic of an hour during each incident against the two weeks before it [1].

    Columns series, start, traffic; NaN where either is not known.
    """
    if folded.empty:
        return pd.DataFrame({"series": [], "start": [], "traffic": []})
    cursor = store.cursor()
    cursor.register("wanted", folded[["series", "start", "last_seen"]])
    found: pd.DataFrame = cursor.execute(
        """
        SELECT w.series, w.start, avg(bytes) FILTER (u.hour >= w.start)
            / nullif(avg(bytes) FILTER (u.hour < w.start), 0) AS traffic
        FROM wanted w JOIN resources k ON k.resource_id = w.series
        JOIN (SELECT resource_key, hour, network_in_bytes + network_out_bytes AS bytes
              FROM utilisation) u ON u.resource_key = k.resource_key
            AND u.hour >= w.start - INTERVAL 14 DAY AND u.hour <= w.last_seen
        GROUP BY ALL
        """
    ).df()
    cursor.unregister("wanted")
    found["start"] = found["start"].dt.tz_convert("UTC").astype("datetime64[us, UTC]")
    return found


def quiet_days(store: Store, end: datetime, days: int = 60) -> pd.DataFrame:
    """Daily rows, as `idle_instances` takes them, of instances that were quiet on the last day.

    Whole UTC days alone. Only a machine whose CPU stayed below 5 % on the last one can be idle now,
    so the rest is left out.
    """
    frame = store.frame(
        f"""
        WITH measured AS (
            SELECT resource_key, date_trunc('day', hour) AS "day", count(cpu_max_pct) AS known,
                avg(cpu_avg_pct) AS cpu_avg_pct, max(cpu_max_pct) AS cpu_max_pct,
                max(gpu_avg_pct) AS gpu_max_pct, CASE WHEN count(network_in_bytes) = count(*)
                    THEN sum(network_in_bytes + network_out_bytes) END AS network_bytes
            FROM utilisation WHERE hour >= $first AND hour < $last AND resource_key IN (
                SELECT resource_key FROM utilisation
                WHERE hour >= $last - INTERVAL 1 DAY AND hour < $last
                GROUP BY resource_key HAVING max(cpu_max_pct) < 5)
            GROUP BY ALL)
        SELECT k.resource_id AS series, m."day", e.hours AS running_hours, m.known AS known_hours,
            m.cpu_avg_pct, m.cpu_max_pct, m.gpu_max_pct, m.network_bytes, e.grams,
            coalesce(c.usd, e.list_usd) AS usd
        FROM measured m JOIN resources k USING (resource_key)
        JOIN (SELECT resource_id, "day"::TIMESTAMPTZ AS "day", sum(resource_hours) AS hours,
                  sum({TOTAL_G}) AS grams, sum(list_cost_usd) AS list_usd
              FROM emissions_daily WHERE "day" >= $first::DATE AND "day" < $last::DATE
              GROUP BY ALL) e ON e.resource_id = k.resource_id AND e."day" = m."day"
        LEFT JOIN (SELECT resource_id, "day"::TIMESTAMPTZ AS "day", sum(effective_cost_usd) AS usd
                   FROM costs WHERE "day" >= $first::DATE GROUP BY ALL) c
            ON c.resource_id = k.resource_id AND c."day" = m."day"
        ORDER BY ALL
        """,
        _whole_days(end, days),
    )
    # An accelerator that is not watched may be at work: METHOD 4.2 does not call that idle.
    return frame.astype({"gpu_max_pct": float, "network_bytes": float, "usd": float})


def unwatched_accelerators(store: Store) -> set[str]:
    """Instances with an accelerator of which nothing was ever reported."""
    frame = store.frame(
        """
        SELECT DISTINCT instance_id FROM instances JOIN type_factors USING (instance_type)
        WHERE gpu_max_watts > 0 AND instance_id NOT IN (
            SELECT resource_id FROM resources JOIN utilisation USING (resource_key)
            WHERE gpu_avg_pct IS NOT NULL)
        """
    )
    return set(frame["instance_id"])


def held_by_groups(store: Store) -> set[str]:
    """Instances that the minimum of their autoscaling group holds."""
    frame = store.frame(
        "SELECT DISTINCT instance_id FROM instances "
        "JOIN autoscaling_groups USING (account_id, region, asg_name) WHERE min_size > 0"
    )
    return set(frame["instance_id"])


def unused_volumes(store: Store, now: datetime) -> pd.DataFrame:
    """Present volumes, as `forgotten_volumes` takes them."""
    return store.frame(
        f"""
        WITH used AS (
            SELECT v.volume_id, max(least(coalesce(v.valid_to, $now), coalesce(i.valid_to, $now)))
                AS until
            FROM volumes v JOIN instances i ON i.instance_id = v.instance_id
                AND i.state = 'running' AND i.valid_from < coalesce(v.valid_to, $now)
                AND coalesce(i.valid_to, $now) > v.valid_from
            GROUP BY v.volume_id),
        born AS (SELECT volume_id, min(valid_from) AS at FROM volumes GROUP BY volume_id),
        daily AS (
            SELECT resource_id, sum({TOTAL_G}) / sum(resource_hours) * 24 AS g FROM emissions_daily
            WHERE "day" >= $now::DATE - {RECENT_DAYS} AND service = 'Amazon EBS'
                AND resource_hours > 0 GROUP BY resource_id),
        paid AS (
            SELECT resource_id, sum(effective_cost_usd) / count(DISTINCT "day") AS usd FROM costs
            WHERE "day" >= $now::DATE - {RECENT_DAYS} AND "day" < $now::DATE GROUP BY resource_id)
        SELECT v.volume_id AS series,
            CASE WHEN used.until < $now THEN used.until WHEN used.until IS NULL THEN born.at END
                AS unused_since,
            daily.g AS g_per_day, paid.usd AS usd_per_day
        FROM volumes v JOIN born USING (volume_id) LEFT JOIN used USING (volume_id)
        LEFT JOIN daily ON daily.resource_id = v.volume_id
        LEFT JOIN paid ON paid.resource_id = v.volume_id
        WHERE v.valid_to IS NULL
        """,
        {"now": now},
    ).astype({"g_per_day": float, "usd_per_day": float})


def fleet_hours(store: Store, end: datetime) -> pd.DataFrame:
    """The last week of fleets that are not production, as `off_hours_fleets` takes it.

    A fleet is what a team runs in one environment and region.
    """
    return store.frame(
        f"""
        SELECT concat_ws(' · ', e.team, e.environment, e.region) AS series, e.hour, e.region,
            e.team, e.environment, sum(e.running_hours) AS running_hours,
            any_value(u.cpu) AS cpu_avg_pct, sum({TOTAL_G}) AS grams, NULL::DOUBLE AS usd
        FROM emissions_hourly e
        LEFT JOIN (
            SELECT i.team, i.environment, i.region, u.hour, avg(u.cpu_avg_pct) AS cpu
            FROM utilisation u JOIN resources k USING (resource_key)
            JOIN instances i ON i.instance_id = k.resource_id AND i.state = 'running'
                AND u.hour >= i.valid_from AND u.hour < coalesce(i.valid_to, 'infinity')
            WHERE u.hour >= $end - INTERVAL {RECENT_DAYS + 1} DAY AND u.hour < $end
                AND i.environment IN ({_ENVIRONMENTS})
            GROUP BY ALL) u USING (team, environment, region, hour)
        WHERE e.hour >= $end - INTERVAL {RECENT_DAYS + 1} DAY AND e.hour < $end
            AND e.service = 'Amazon EC2' AND e.environment IN ({_ENVIRONMENTS})
        GROUP BY ALL
        """,
        {"end": end},
    ).astype({"usd": float})


# Fleets of these need not be there at night; of others nobody knows.
_ENVIRONMENTS = "'development', 'dev', 'staging', 'stage', 'test', 'testing', 'qa', 'sandbox'"


def grid_hours(store: Store, since: datetime, end: datetime) -> pd.DataFrame:
    """Stated lifecycle intensity [gCO2e/kWh] of the grids in use: hours × zones."""
    frame = store.frame(
        """
        SELECT hour, zone, intensity_lifecycle_g_per_kwh AS g_per_kwh FROM intensity_hourly
        WHERE hour >= $since AND hour < $end AND tier IN ('A', 'B') AND zone IN (
            SELECT zone FROM region_factors WHERE region IN (
                SELECT region FROM instances WHERE state = 'running' AND valid_to IS NULL))
        """,
        {"since": since, "end": end},
    )
    return frame.pivot(index="hour", columns="zone", values="g_per_kwh").asfreq("h")


def grid_rates(store: Store, end: datetime) -> pd.DataFrame:
    """What a gCO2e/kWh above the usual is worth in an hour, by zone: kWh of our fleet there."""
    return store.frame(
        f"""
        SELECT zone AS series, sum(energy_kwh) / (24 * {RECENT_DAYS}) AS g_per_excess,
            0.0 AS usd_per_excess, sum({TOTAL_G}) / {RECENT_DAYS} AS daily_g,
            string_agg(DISTINCT region, ', ' ORDER BY region) AS regions
        FROM emissions_hourly JOIN region_factors USING (region)
        WHERE hour >= $end - INTERVAL {RECENT_DAYS} DAY AND hour < $end GROUP BY zone
        """,
        {"end": end},
    ).set_index("series")


def team_days(store: Store, end: datetime, days: int = 60) -> pd.DataFrame:
    """Emissions of whole UTC days by team and zone, as `footprint_spikes` takes them."""
    return store.frame(
        """
        SELECT team, date_trunc('day', hour) AS "day", zone, sum(energy_kwh) AS energy_kwh,
            sum(scope2_lb_g + upstream_g + td_g) AS grams, sum(embodied_g) AS embodied_g
        FROM emissions_hourly JOIN region_factors USING (region)
        WHERE hour >= $first AND hour < $last GROUP BY ALL
        """,
        _whole_days(end, days),
    )


def cost_days(store: Store, end: datetime, days: int = 60) -> pd.DataFrame:
    """Effective cost of UTC days by team, as `cost_spikes` takes it; provisional days are named."""
    return store.frame(
        """
        SELECT team AS series, "day"::TIMESTAMPTZ AS "day", sum(effective_cost_usd) AS usd,
            bool_or(is_provisional) AS is_provisional
        FROM costs WHERE "day" >= $first::DATE AND "day" < $last::DATE
        GROUP BY ALL HAVING count(effective_cost_usd) > 0
        """,
        _whole_days(end, days),
    )


def _whole_days(end: datetime, days: int) -> dict[str, Any]:
    last = end.replace(hour=0, minute=0, second=0, microsecond=0)
    return {"first": last - timedelta(days=days), "last": last}
