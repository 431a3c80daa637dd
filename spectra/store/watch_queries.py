"""What the detectors of hours look at, summed up in SQL as they want it."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from spectra.moments import HOUR
from spectra.store.database import Store
from spectra.store.emission_queries import TOTAL_G

RECENT_DAYS = 7


def known_until(store: Store, end: datetime | None = None) -> datetime | None:
    """The end of the last hour, before `end` if given, of which load is known."""
    row = store.row(
        "SELECT max(hour) + INTERVAL 1 HOUR FROM utilisation "
        "WHERE hour < coalesce($end, 'infinity'::TIMESTAMPTZ)",
        {"end": end},
    )
    return None if row is None else row[0]


def known_from(store: Store) -> datetime | None:
    """The first hour of which load is known."""
    row = store.row("SELECT min(hour) FROM utilisation")
    return None if row is None else row[0]


def machines_known_until(store: Store, machines: list[str], end: datetime) -> pd.Series:
    """The end of the last hour in the month before `end` of which the load is known, by machine."""
    frame = store.frame(
        """
        SELECT resource_id AS series, max(hour) + INTERVAL 1 HOUR AS until
        FROM utilisation JOIN resources USING (resource_key)
        WHERE list_contains($machines, resource_id) AND cpu_avg_pct IS NOT NULL
            AND hour >= $end - INTERVAL 30 DAY AND hour < $end
        GROUP BY resource_id
        """,
        {"machines": machines, "end": end},
    )
    return frame.set_index("series")["until"]


def resized(store: Store, since: datetime, end: datetime, settling: timedelta) -> pd.DataFrame:
    """Machines that settle in [since, end) after a change of type, as planned events."""
    return store.frame(
        """
        SELECT instance_id AS series, valid_from AS start, valid_from + $settling AS "end",
            NULL AS tag, NULL AS "value"
        FROM (SELECT instance_id, valid_from, instance_type, lag(instance_type)
                  OVER (PARTITION BY instance_id ORDER BY valid_from) AS before FROM instances)
        WHERE instance_type <> before AND valid_from + $settling > $since AND valid_from < $end
        """,
        {"since": since, "end": end, "settling": settling},
    )


def watched(
    store: Store, since: datetime, end: datetime, ran_since: datetime | None = None
) -> list[str]:
    """Instances that ran in [since, end) for a day or more altogether, by name.

    With `ran_since` only those of which some hour since then counts.
    """
    frame = store.frame(
        """
        SELECT instance_id FROM instances
        WHERE state = 'running' AND valid_from < $end AND coalesce(valid_to, $end) > $since
        GROUP BY instance_id
        HAVING (sum(epoch(least(coalesce(valid_to, $end), $end)) - epoch(greatest(valid_from,
            $since))) >= 86400 OR bool_or(valid_to IS NULL))
            AND max(coalesce(valid_to, $end)) > coalesce($ran_since, $since)
        ORDER BY instance_id
        """,
        {"since": since, "end": end, "ran_since": ran_since},
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
        WITH spans AS (
            SELECT instance_id, valid_from, valid_to,
                valid_from IS DISTINCT FROM lag(valid_to) OVER same AS is_start
            FROM instances WHERE state = 'running' AND list_contains($instances, instance_id)
                AND valid_from < $end AND coalesce(valid_to, $end) > $since
            WINDOW same AS (PARTITION BY instance_id ORDER BY valid_from)),
        runs AS (
            SELECT *, count(*) FILTER (is_start)
                OVER (PARTITION BY instance_id ORDER BY valid_from) AS run FROM spans)
        SELECT instance_id, min(valid_from), arg_max_null(valid_to, valid_from)
        FROM runs GROUP BY instance_id, run
        """,
        {"instances": instances, "since": since, "end": end},
    )
    place = {name: k for k, name in enumerate(instances)}
    values = frame.to_numpy(copy=True)
    for name, start, stop in spans.itertuples(index=False):
        first = at.searchsorted(start)
        last = len(at) if pd.isna(stop) else at.searchsorted(stop - HOUR, "right")
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
    week, losses included [gCO2e]; usd_per_excess: that part of the list price [USD]; daily_g: what
    it emits on a day it runs [gCO2e].
    """
    return store.frame(
        f"""
        WITH grid AS (
            SELECT r.region, any_value(r.pue) AS pue,
                avg(greatest(intensity_direct_g_per_kwh, intensity_lifecycle_g_per_kwh)
                    + intensity_lifecycle_g_per_kwh * r.td_factor) AS g_per_kwh
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


def stated_grids(store: Store) -> pd.DataFrame:
    """Grids in use that a source states hour by hour: since when, and the regions, by zone.

    Files of past years promise nothing, and of a zone that no source states nothing is missing.
    """
    return store.frame(
        """
        SELECT zone AS series, min(hour) AS since, regions FROM intensities
        JOIN (SELECT zone, string_agg(region, ', ' ORDER BY region) AS regions FROM region_factors
              WHERE region IN (
                  SELECT region FROM instances WHERE state = 'running' AND valid_to IS NULL)
              GROUP BY zone) USING (zone)
        WHERE source <> 'electricity_maps_portal' GROUP BY ALL ORDER BY series
        """
    ).set_index("series")


def grid_rates(store: Store, end: datetime) -> pd.DataFrame:
    """What a gCO2e/kWh above the usual is worth in an hour, by zone, losses included.

    It is what our fleet there used in an hour of the last week, as far as that is accounted for.
    """
    return store.frame(
        f"""
        WITH known AS (SELECT count(*) AS hours FROM ledger_hours()
                       WHERE hour >= $end - INTERVAL {RECENT_DAYS} DAY AND hour < $end)
        SELECT zone AS series, sum(energy_kwh * (1 + td_factor)) / any_value(hours) AS g_per_excess,
            NULL::DOUBLE AS usd_per_excess, sum({TOTAL_G}) / any_value(hours) * 24 AS daily_g,
            string_agg(DISTINCT region, ', ' ORDER BY region) AS regions
        FROM emissions_hourly JOIN region_factors USING (region), known
        WHERE hour >= $end - INTERVAL {RECENT_DAYS} DAY AND hour < $end GROUP BY zone
        """,
        {"end": end},
    ).astype({"usd_per_excess": float}).set_index("series")  # fmt: skip
