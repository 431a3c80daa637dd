"""What the detectors of whole days look at, summed up in SQL as they want it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from spectra.insight.idle import IDLE_MEAN_PCT, IDLE_PEAK_PCT
from spectra.moments import midnight
from spectra.store.database import Store
from spectra.store.emission_queries import TOTAL_G
from spectra.store.fleet_queries import FIRST_LISTED
from spectra.store.paid import PAID

RECENT_DAYS = 7
STOPPED_DAYS = 7
# A span that holds at $as_of; after every moment it is the one that has no end.
_EVER = datetime.max.replace(tzinfo=UTC)
_STANDS = "{0}.valid_from <= $as_of AND coalesce({0}.valid_to, 'infinity') > $as_of"
# The demo company pays from its first hour on; a bill is of whole days.
_IS_WHOLE = """(source <> 'demo'
    OR "day"::TIMESTAMPTZ >= (SELECT first_hour FROM ledger))"""


def quiet_days(store: Store, end: datetime, days: int = 90, last: int = 1) -> pd.DataFrame:
    """Daily rows, as `idle_instances` takes them, of instances that were quiet on a last day.

    Whole UTC days alone. Only a machine whose CPU stayed low on one of the last so many days can
    have been idle on it, so the rest is left out.
    """
    frame = store.frame(
        f"""
        WITH measured AS (
            SELECT resource_key, date_trunc('day', hour) AS "day", count(cpu_max_pct) AS known,
                avg(cpu_avg_pct) AS cpu_avg_pct, max(cpu_max_pct) AS cpu_max_pct,
                max(gpu_avg_pct) AS gpu_max_pct, CASE
                    WHEN count(network_in_bytes + network_out_bytes) = count(*)
                    THEN sum(network_in_bytes + network_out_bytes) END AS network_bytes
            FROM utilisation WHERE hour >= $first AND hour < $last AND resource_key IN (
                SELECT resource_key FROM utilisation
                WHERE hour >= $last - INTERVAL {last} DAY AND hour < $last
                GROUP BY resource_key, date_trunc('day', hour)
                HAVING max(cpu_max_pct) < {IDLE_PEAK_PCT})
            GROUP BY ALL)
        SELECT k.resource_id AS series, m."day", e.hours AS running_hours, m.known AS known_hours,
            m.cpu_avg_pct, m.cpu_max_pct, m.gpu_max_pct, m.network_bytes, e.grams,
            coalesce(c.usd, e.list_usd) AS usd
        FROM measured m JOIN resources k USING (resource_key)
        JOIN (SELECT resource_id, "day"::TIMESTAMPTZ AS "day", sum(resource_hours) AS hours,
                  sum({TOTAL_G}) AS grams, sum(list_cost_usd) AS list_usd
              FROM emissions_daily WHERE "day" >= $first::DATE AND "day" < $last::DATE
              GROUP BY ALL) e ON e.resource_id = k.resource_id AND e."day" = m."day"
        LEFT JOIN (SELECT resource_id, "day"::TIMESTAMPTZ AS "day", sum(usd) AS usd
                   FROM ({PAID}) WHERE "day" >= $first::DATE GROUP BY ALL) c
            ON c.resource_id = k.resource_id AND c."day" = m."day"
        ORDER BY ALL
        """,
        _whole_days(end, days),
    )
    # An accelerator that is not watched may be at work: METHOD 4.2 does not call that idle.
    return frame.astype({"gpu_max_pct": float, "network_bytes": float, "usd": float})


def whole_until(store: Store, end: datetime) -> datetime | None:
    """The last midnight up to `end` before which load and emissions are known; None before any.

    A day that is not over, of which load is still to come, or whose emissions are to be computed
    anew, is not judged.
    """
    row = store.row(
        """
        SELECT date_trunc('day', least($end, load, (SELECT max(end_hour) FROM ledger),
            (SELECT min(hour) FROM stale_hours)))
        FROM (SELECT max(hour) + INTERVAL 1 HOUR AS load FROM utilisation WHERE hour < $end)
        WHERE load IS NOT NULL
        """,
        {"end": end},
    )
    return None if row is None else row[0]


def unmeasured(store: Store, end: datetime) -> list[str]:
    """Instances that run now and of which it is not known whether they were idle on the last day.

    Known is a day with a CPU value in every hour that ran, and with the traffic of every hour
    unless CPU alone says that the machine was at work.
    """
    frame = store.frame(
        f"""
        WITH ran AS (
            SELECT resource_id, sum(resource_hours) AS hours FROM emissions_daily
            WHERE "day" = $end::DATE - 1 GROUP BY resource_id)
        SELECT DISTINCT instance_id FROM instances
        WHERE state = 'running' AND valid_to IS NULL AND instance_id NOT IN (
            SELECT resource_id FROM utilisation u JOIN resources k USING (resource_key)
            JOIN ran USING (resource_id)
            WHERE u.hour >= $end - INTERVAL 1 DAY AND u.hour < $end
            GROUP BY resource_id HAVING count(cpu_max_pct) > any_value(hours) - 1 AND (
                count(network_in_bytes + network_out_bytes) = count(*)
                OR max(cpu_max_pct) >= {IDLE_PEAK_PCT} OR avg(cpu_avg_pct) >= {IDLE_MEAN_PCT}))
        """,
        {"end": end},
    )
    return list(frame["instance_id"])


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
    """Instances that their autoscaling group's minimum holds, or may hold where it is not known."""
    frame = store.frame(
        "SELECT instance_id FROM instances "
        "LEFT JOIN autoscaling_groups USING (account_id, region, asg_name) "
        "WHERE asg_name IS NOT NULL AND min_size IS DISTINCT FROM 0 AND valid_to IS NULL"
    )
    return set(frame["instance_id"])


def unused_volumes(store: Store, now: datetime, as_of: datetime = _EVER) -> pd.DataFrame:
    """Present volumes that no running machine uses, as `forgotten_volumes` takes them.

    Unused since at least the last use that is known, else since the disk was created or its region
    first listed: before that nobody looked. Nothing counts that the ledger does not hold. The disk
    of a machine that is off counts as used for a week: it may be off for a weekend.

    Parameters
    ----------
    now : datetime
        Until when it is counted.
    as_of : datetime, optional
        Look as it was then; without it what the last listing says is what is.
    """
    return store.frame(
        f"""
        WITH used AS (
            SELECT v.volume_id, max(least(coalesce(v.valid_to, $now), coalesce(i.valid_to, $now),
                $as_of)) AS until
            FROM volumes v JOIN instances i ON i.instance_id = v.instance_id
                AND i.state = 'running' AND i.valid_from < coalesce(v.valid_to, $now)
                AND coalesce(i.valid_to, $now) > v.valid_from
                AND greatest(i.valid_from, v.valid_from) < $as_of
            GROUP BY v.volume_id),
        born AS (SELECT volume_id, min(valid_from) AS at FROM volumes GROUP BY volume_id),
        listed AS ({FIRST_LISTED}),
        unused AS (
            SELECT v.volume_id, greatest((SELECT first_hour FROM ledger),
                coalesce(used.until, greatest(born.at, listed.at))) AS since
            FROM volumes v JOIN born USING (volume_id) LEFT JOIN used USING (volume_id)
            LEFT JOIN listed ON listed.scope = concat(v.account_id, '/', v.region)
            WHERE {_STANDS.format("v")} AND (v.instance_id IS NULL OR v.instance_id NOT IN (
                    SELECT instance_id FROM instances i
                    WHERE state = 'running' AND {_STANDS.format("i")})
                AND coalesce(used.until < $now - INTERVAL {STOPPED_DAYS} DAY, true))),
        daily AS (
            SELECT volume_id, sum({TOTAL_G}) / sum(resource_hours) * 24 AS g
            FROM emissions_daily JOIN unused ON resource_id = volume_id
            WHERE "day" >= since::DATE AND "day" < $now::DATE AND service = 'Amazon EBS'
                AND resource_hours > 0 GROUP BY volume_id),
        paid AS (
            SELECT volume_id, sum(effective_cost_usd) / count(DISTINCT "day") AS usd
            FROM costs JOIN unused ON resource_id = volume_id
            WHERE "day" >= since::DATE AND "day" < $now::DATE AND effective_cost_usd IS NOT NULL
                AND {_IS_WHOLE}
            GROUP BY volume_id)
        SELECT volume_id AS series, since AS unused_since, daily.g AS g_per_day,
            paid.usd AS usd_per_day
        FROM unused LEFT JOIN daily USING (volume_id) LEFT JOIN paid USING (volume_id)
        """,
        {"now": now, "as_of": as_of},
    ).astype({"g_per_day": float, "usd_per_day": float})


def fleet_hours(store: Store, end: datetime, days: int = RECENT_DAYS + 1) -> pd.DataFrame:
    """The last days of fleets that are not production, as `off_hours_fleets` takes them.

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
            WHERE u.hour >= $end - INTERVAL {days} DAY AND u.hour < $end
                AND i.environment IN ({_ENVIRONMENTS})
            GROUP BY ALL) u USING (team, environment, region, hour)
        WHERE e.hour >= $end - INTERVAL {days} DAY AND e.hour < $end
            AND e.service = 'Amazon EC2' AND e.environment IN ({_ENVIRONMENTS})
        GROUP BY ALL
        """,
        {"end": end},
    ).astype({"usd": float})


# Fleets of these need not be there at night; of others nobody knows.
_ENVIRONMENTS = "'development', 'dev', 'staging', 'stage', 'test', 'testing', 'qa', 'sandbox'"


def team_days(store: Store, end: datetime, days: int = 60) -> pd.DataFrame:
    """Emissions of whole UTC days by team and zone, as `footprint_spikes` takes them.

    The ledger mostly begins within a day, which is none of them.
    """
    return store.frame(
        """
        SELECT team, date_trunc('day', hour) AS "day", zone, sum(energy_kwh) AS energy_kwh,
            sum(scope2_lb_g + upstream_g + td_g) AS grams, sum(embodied_g) AS embodied_g
        FROM emissions_hourly JOIN region_factors USING (region)
        WHERE hour >= greatest($first, (
                SELECT date_trunc('day', first_hour + INTERVAL 23 HOUR) FROM ledger))
            AND hour < $last GROUP BY ALL
        """,
        _whole_days(end, days),
    )


def cost_days(store: Store, end: datetime, days: int = 75) -> pd.DataFrame:
    """Effective cost of UTC days by team, as `cost_spikes` takes it; provisional days are named."""
    return store.frame(
        f"""
        SELECT team AS series, "day"::TIMESTAMPTZ AS "day", sum(effective_cost_usd) AS usd,
            bool_or(is_provisional) AS is_provisional
        FROM costs WHERE "day" >= $first::DATE AND "day" < $last::DATE AND {_IS_WHOLE}
        GROUP BY ALL HAVING count(effective_cost_usd) > 0
        """,
        _whole_days(end, days),
    )


def _whole_days(end: datetime, days: int) -> dict[str, Any]:
    last = midnight(end)
    return {"first": last - timedelta(days=days), "last": last}
