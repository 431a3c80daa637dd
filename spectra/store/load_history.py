"""The load of the fleet as rightsizing needs it: one row of statistics a unit, and its replay.

A unit is an instance, or an autoscaling group whose members are pooled. Millions of hours are read
in groups of units, so that memory stays bounded; what leaves is one small row each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from spectra.store import load_replay, paid
from spectra.store.database import Store
from spectra.store.fleet_queries import STOPPED_SINCE
from spectra.store.lasting import GONE

LONGEST_DAYS, REPLAY_DAYS = 32, 28
TOP_PEAKS = 64
UNITS_AT_ONCE = 1_000

# The present fleet: instances that are there, and groups that had a member within a week.
_UNITS = f"""
CREATE OR REPLACE TEMP TABLE units AS
WITH spans AS (
    SELECT * REPLACE (CASE WHEN valid_to < $end OR NOT $is_past THEN valid_to END AS valid_to)
    FROM instances
    WHERE valid_from < $end AND (valid_to IS NULL OR valid_to > $end - INTERVAL 7 DAY)
        AND (len($only) = 0 OR list_contains($only, instance_id))),
last AS (
    SELECT DISTINCT ON (instance_id) * FROM spans ORDER BY instance_id, valid_from DESC),
singles AS (
    SELECT instance_id AS unit_id, 'instance' AS kind, instance_id, 1 AS members, last.*
        EXCLUDE (instance_id)
    FROM last WHERE asg_name IS NULL AND valid_to IS NULL
        AND state NOT IN {GONE}),
groups AS (
    SELECT DISTINCT ON (account_id, region, asg_name)
        concat_ws('/', 'asg', account_id, region, asg_name) AS unit_id, 'group' AS kind,
        instance_id,
        count(*) FILTER (valid_to IS NULL AND state = 'running')
            OVER (PARTITION BY account_id, region, asg_name) AS members,
        last.* EXCLUDE (instance_id)
    FROM last WHERE asg_name IS NOT NULL
    ORDER BY account_id, region, asg_name, valid_to IS NULL DESC, valid_from DESC)
SELECT row_number() OVER (ORDER BY unit_id) AS unit_key, u.*, g.min_size
FROM (SELECT * FROM singles UNION ALL BY NAME SELECT * FROM groups) u
LEFT JOIN autoscaling_groups g USING (account_id, region, asg_name)
"""

# Spans in which a member ran on the type that the unit has now: other types' load says little.
_MEMBERS = f"""
CREATE OR REPLACE TEMP TABLE members AS
SELECT u.unit_key, k.resource_key, i.instance_id, u.region, i.valid_from,
    least(i.valid_to, $end) AS valid_to,
    date_trunc('hour', i.valid_from) AS first_hour
FROM instances i
JOIN units u ON u.instance_type = i.instance_type AND (
    u.kind = 'instance' AND u.unit_id = i.instance_id
    OR u.kind = 'group' AND u.asg_name = i.asg_name AND u.region = i.region
        AND u.account_id = i.account_id)
JOIN resources k ON k.resource_id = i.instance_id
WHERE i.state = 'running' AND i.valid_from < $end
    AND coalesce(i.valid_to, $end) > $end - INTERVAL {LONGEST_DAYS} DAY
"""

_HOURS = f"""
CREATE OR REPLACE TEMP TABLE unit_hours AS
SELECT m.unit_key, u.resource_key, u.hour, span_share(m.valid_from, m.valid_to, u.hour) AS share,
    clip_pct(u.cpu_avg_pct)::REAL AS cpu,
    clip_pct(coalesce(u.cpu_max_pct, u.cpu_avg_pct))::REAL AS peak,
    coalesce(u.memory_max_pct, u.memory_avg_pct) AS memory, u.gpu_avg_pct AS gpu,
    u.network_in_bytes + u.network_out_bytes AS net_bytes,
    greatest(u.network_in_bytes, u.network_out_bytes) * 8 / 3600e6 AS net_mbps,
    (u.ebs_read_bytes + u.ebs_write_bytes) * 8 / 3600e6 AS ebs_mbps,
    u.cpu_credit_balance AS credits
FROM utilisation u
JOIN members m ON m.resource_key = u.resource_key AND u.hour >= m.first_hour
    AND u.hour < m.valid_to
WHERE m.unit_key >= $low AND m.unit_key < $high
    AND u.hour >= $end - INTERVAL {LONGEST_DAYS} DAY AND u.hour < $end
    AND u.cpu_avg_pct IS NOT NULL
"""

# An hour in which a machine was tagged anew or restarted has two spans, but was measured once.
_ONE_ROW_AN_HOUR = """
CREATE OR REPLACE TEMP TABLE split_hours AS
SELECT unit_key, resource_key, hour, min(rowid) AS kept, sum(share) AS share
FROM unit_hours WHERE share < 1 GROUP BY unit_key, resource_key, hour HAVING count(*) > 1;
DELETE FROM unit_hours u USING split_hours s WHERE u.unit_key = s.unit_key
    AND u.resource_key = s.resource_key AND u.hour = s.hour AND u.rowid <> s.kept;
UPDATE unit_hours u SET share = s.share FROM split_hours s WHERE u.rowid = s.kept;
"""

_DAYS = """
CREATE OR REPLACE TEMP TABLE unit_days AS
SELECT unit_key, date_trunc('day', hour) AS "day", quantile_cont(peak, 0.95) AS p95,
    sum(net_bytes) AS net_bytes, count(DISTINCT hour) AS hours
FROM unit_hours GROUP BY ALL
"""

# The month is looked at where its other days were clearly busier than the last ones.
_LOOK_BACK = f"""
CREATE OR REPLACE TEMP TABLE look_back AS
SELECT unit_key,
    CASE WHEN older > 1.2 * recent AND older > recent + 10 THEN {LONGEST_DAYS}
         ELSE $look_back_days END AS days,
    $end - to_days(days) AS first_hour
FROM (
    SELECT unit_key,
        max(p95) FILTER ("day" < $end - to_days($look_back_days)) AS older,
        max(p95) FILTER ("day" >= $end - to_days($look_back_days)) AS recent
    FROM unit_days GROUP BY unit_key)
"""

_STATISTICS = f"""
WITH load AS (
    SELECT h.unit_key, count(*) AS observed_hours, count(DISTINCT hour) AS clock_hours,
        sum(h.cpu * h.share) / nullif(sum(h.share), 0) AS mean_pct,
        quantile_disc(h.peak, 0.95) AS p95_pct, max(h.peak, {TOP_PEAKS}) AS peaks_pct,
        count(DISTINCT hour) FILTER (h.peak > 90) AS hours_over_90,
        count(DISTINCT date_trunc('day', hour)) FILTER (h.peak > 90) AS days_over_90,
        quantile_disc(h.memory, 0.995) AS memory_pct, count(h.memory) / count(*) AS memory_share,
        max(h.gpu) AS gpu_max_pct, count(h.net_bytes) / count(*) AS network_share,
        quantile_disc(h.net_mbps, 0.995) AS network_mbps,
        quantile_disc(h.ebs_mbps, 0.995) AS ebs_mbps,
        24 * count(*) FILTER (h.credits <= 0.5) / nullif(count(h.credits), 0)
            AS credit_empty_hours_per_day,
        count(DISTINCT date_trunc('week', hour)) FILTER (isodow(hour) >= 6) AS weekends,
        any_value(l.days) AS look_back_days
    FROM unit_hours h JOIN look_back l USING (unit_key)
    WHERE h.hour >= l.first_hour GROUP BY h.unit_key),
month AS (
    SELECT unit_key, max(least(peak, 4 * cpu)) AS sustained_peak_pct
    FROM unit_hours WHERE hour >= $end - INTERVAL {REPLAY_DAYS} DAY GROUP BY unit_key),
-- A run is one machine's hours in a row: the neighbour is the hour before.
lagged AS (
    SELECT h.unit_key, h.peak, lag(h.peak) OVER w AS before, lag(h.hour) OVER w AS hour_before,
        h.hour
    FROM unit_hours h JOIN look_back l USING (unit_key) WHERE h.hour >= l.first_hour
    WINDOW w AS (PARTITION BY h.resource_key ORDER BY h.hour)),
neighbours AS (
    -- corr() of a flat series is NaN: nothing is known of its memory.
    SELECT unit_key, CASE WHEN stddev_pop(peak) > 0 AND stddev_pop(before) > 0
        THEN corr(peak, before) END AS lag1
    FROM lagged WHERE hour_before = hour - INTERVAL 1 HOUR GROUP BY unit_key),
whole AS (
    SELECT * FROM unit_days WHERE hours >= 12 AND "day" >= $end - INTERVAL {REPLAY_DAYS} DAY),
level AS (SELECT unit_key, median(p95) AS p95 FROM whole GROUP BY unit_key),
-- Of pairs of two weeks' days at least: within less a weekend passes for a trend.
growth AS (
    SELECT a.unit_key,
        median((b.p95 - a.p95) / date_diff('day', a."day", b."day"))
            / greatest(any_value(level.p95), 1) AS growth_per_day
    FROM whole a JOIN whole b ON a.unit_key = b.unit_key AND a."day" < b."day"
    JOIN level ON level.unit_key = a.unit_key
    GROUP BY a.unit_key HAVING count(*) >= 91),
days AS (
    SELECT unit_key, count(*) AS history_days,
        max(net_bytes) FILTER ("day" >= l.first_hour - INTERVAL 1 DAY) AS busiest_day_bytes
    FROM unit_days JOIN look_back l USING (unit_key) GROUP BY unit_key),
running AS (
    SELECT unit_key, sum(greatest(epoch_us(least(valid_to, $end)) - epoch_us(greatest(
        valid_from, $end - to_days(coalesce(l.days, $look_back_days)))), 0)) / 3600e6
            AS running_hours
    FROM members LEFT JOIN look_back l USING (unit_key)
    WHERE unit_key >= $low AND unit_key < $high GROUP BY unit_key),
{paid.shares(REPLAY_DAYS)},
unit_paid AS (
    SELECT unit_key, mode(purchase_option) AS purchase_option, avg(paid_share) AS paid_share
    FROM (SELECT DISTINCT unit_key, instance_id FROM members
          WHERE unit_key >= $low AND unit_key < $high) m
    JOIN paid ON paid.resource_id = m.instance_id GROUP BY unit_key)
SELECT u.unit_key, u.unit_id, u.kind, coalesce(u.asg_name, nullif(u.name, ''), u.unit_id) AS name,
    u.account_id, u.region, u.team, u.environment, u.instance_type, u.state, u.lifecycle,
    u.tenancy, u.members, u.min_size, u.tags,
    CASE WHEN u.state = 'stopped' THEN epoch_us($end - s.since) / 3600e6 END AS stopped_hours,
    coalesce(load.look_back_days, $look_back_days) AS look_back_days,
    coalesce(running_hours, 0) AS running_hours, coalesce(observed_hours, 0) AS observed_hours,
    coalesce(clock_hours, 0) AS clock_hours, coalesce(history_days, 0) AS history_days,
    coalesce(weekends, 0) AS weekends, mean_pct, p95_pct, coalesce(peaks_pct, []) AS peaks_pct,
    sustained_peak_pct, lag1, coalesce(hours_over_90, 0) AS hours_over_90,
    coalesce(days_over_90, 0) AS days_over_90,
    coalesce(growth_per_day, 0) AS growth_per_day, memory_pct,
    coalesce(memory_share, 0) AS memory_share, gpu_max_pct,
    coalesce(network_share, 0) AS network_share, busiest_day_bytes, network_mbps, ebs_mbps,
    credit_empty_hours_per_day, paid_share, purchase_option
FROM units u
LEFT JOIN ({STOPPED_SINCE}) s USING (instance_id)
LEFT JOIN running USING (unit_key) LEFT JOIN load USING (unit_key)
LEFT JOIN month USING (unit_key) LEFT JOIN neighbours USING (unit_key)
LEFT JOIN growth USING (unit_key) LEFT JOIN days USING (unit_key)
LEFT JOIN unit_paid USING (unit_key)
WHERE u.unit_key >= $low AND u.unit_key < $high ORDER BY u.unit_key
"""


class LoadHistory:
    """The hours of load up to a moment, read in groups of units.

    Parameters
    ----------
    end : datetime
        Exclusive end of the hours [UTC].
    look_back_days : int
        Days that are judged where the month shows no pattern.
    only : sequence of str
        Instances to read; none for the whole fleet.
    is_past : bool
        Whether the fleet is that of `end`, whatever became of it since.
    """

    def __init__(
        self,
        store: Store,
        end: datetime,
        look_back_days: int = 14,
        only: Sequence[str] = (),
        *,
        is_past: bool = False,
    ) -> None:
        self._cursor = store.cursor()
        self._parameters: dict[str, Any] = {
            "end": end, "look_back_days": look_back_days, "is_past": is_past,
        }  # fmt: skip
        self.first = end - timedelta(days=REPLAY_DAYS)
        self._run(_UNITS, only=list(only))
        self._run(_MEMBERS)

    def groups(self) -> Iterator[pd.DataFrame]:
        """Statistics of each group of units in turn, columns as in `insight.rightsizing.Unit`.

        The group at hand is the one that `replay` knows.
        """
        count = self._run("SELECT count(*) FROM units").fetchall()[0][0]
        for low in range(1, count + 1, UNITS_AT_ONCE):
            bounds = {"low": low, "high": low + UNITS_AT_ONCE}
            self._run(_HOURS, **bounds)
            self._run(_ONE_ROW_AN_HOUR)
            self._run(_DAYS)
            self._run(_LOOK_BACK)
            yield self._run(_STATISTICS, **bounds).df()

    def replay(
        self,
        cases: pd.DataFrame,
        limit_pct: float,
        *,
        awake: Sequence[int] = (),
        timezone: str = "UTC",
    ) -> pd.DataFrame:
        """Replay the last 28 days of the group at hand on other types.

        Parameters
        ----------
        cases : DataFrame
            unit_key, case_key, region, load_ratio, w0, w10, w50, w100, gpu_idle_watts,
            gpu_max_watts, embodied_g_per_h.
        limit_pct : float
            CPU maximum above which an hour counts as over [%].
        awake : sequence of int
            Hours of the local week, Monday 00:00 first, to which it is confined; none for all.

        Returns
        -------
        DataFrame
            A row for each case that has hours: sums over the observed hours (kwh, scope2_g,
            upstream_g, td_g, embodied_g), mean_pct, over_share, daily_g, and the unit's
            running_hours, observed_hours and clock_hours.
        """
        self._cursor.register("cases", cases)
        extra = {"first": self.first}
        self._run(load_replay.GRID, **extra)
        options = {"limit": limit_pct, "awake": list(awake), "timezone": timezone}
        frame: pd.DataFrame = self._run(load_replay.REPLAY, **extra, **options).df()
        extent: pd.DataFrame = self._run(load_replay.EXTENT, **extra).df()
        self._cursor.unregister("cases")
        return frame.merge(extent, on="unit_key")

    def close(self) -> None:
        """Let go of the temporary tables."""
        self._cursor.close()

    def _run(self, sql: str, **extra: Any) -> Any:
        """Run a statement with those of the parameters that it names."""
        known = {**self._parameters, **extra}
        used = {name: value for name, value in known.items() if f"${name}" in sql}
        return self._cursor.execute(sql, used)
