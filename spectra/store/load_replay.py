"""Replays hours of load on other instance types, hour by hour with the grid of each hour."""

from __future__ import annotations

# Grams of a kWh at the meter of a region, by hour.
GRID = """
CREATE OR REPLACE TEMP TABLE replay_grid AS
SELECT r.region, i.hour, r.pue, i.intensity_direct_g_per_kwh AS direct,
    upstream(direct, i.intensity_lifecycle_g_per_kwh) AS up,
    i.intensity_lifecycle_g_per_kwh * r.td_factor AS td
FROM region_factors r JOIN intensity_hourly i USING (zone)
WHERE r.region IN (SELECT region FROM cases) AND i.hour >= $first AND i.hour < $end
"""

# Load is carried over by vCPU; watts are those of each hour's load, not of a mean.
REPLAY = """
WITH hours AS (
    SELECT c.unit_key, c.case_key, h.hour, c.embodied_g_per_h,
        len($awake) = 0 OR list_contains($awake,
            (isodow(h.hour AT TIME ZONE $timezone) - 1) * 24
                + date_part('hour', h.hour AT TIME ZONE $timezone)) AS runs,
        CASE WHEN runs THEN h.share ELSE 0 END AS part,
        least(h.cpu * c.load_ratio, 100) AS pct, h.peak * c.load_ratio AS case_peak,
        part * g.pue / 1000 * (
            host_watts(pct, c.w0, c.w10, c.w50, c.w100) + c.gpu_idle_watts
            + coalesce(clip_pct(h.gpu), default_gpu_pct()) / 100
                * (c.gpu_max_watts - c.gpu_idle_watts)) AS kwh,
        g.direct, g.up, g.td
    FROM unit_hours h
    JOIN cases c USING (unit_key)
    JOIN replay_grid g ON g.region = c.region AND g.hour = h.hour
    WHERE h.hour >= $first),
-- Days are 24 hours from the first on: the ends of calendar days would pass for light ones. A day
-- on which it would not run counts as one of nothing.
days AS (
    SELECT unit_key, case_key, date_diff('second', $first, hour) // 86400 AS "day",
        sum(part) AS hours,
        sum(kwh) AS kwh, sum(kwh * direct) AS scope2_g, sum(kwh * up) AS upstream_g,
        sum(kwh * td) AS td_g, sum(part * embodied_g_per_h) AS embodied_g,
        sum(part * pct) AS pct_hours, count(*) FILTER (runs AND case_peak > $limit) AS over_hours,
        count(*) FILTER (runs) AS rows
    FROM hours GROUP BY ALL)
SELECT unit_key, case_key, sum(hours) AS hours, sum(kwh) AS kwh, sum(scope2_g) AS scope2_g,
    sum(upstream_g) AS upstream_g, sum(td_g) AS td_g, sum(embodied_g) AS embodied_g,
    sum(pct_hours) / nullif(sum(hours), 0) AS mean_pct,
    sum(over_hours) / sum(rows) AS over_share,
    list(scope2_g + upstream_g + td_g + embodied_g ORDER BY "day") AS daily_g
FROM days GROUP BY ALL HAVING sum(rows) > 0
"""

# Over the hours that are replayed: what ran, and how long the clock went since it first did.
EXTENT = """
SELECT m.unit_key, running_hours, clock_hours, observed_hours
FROM (
    SELECT unit_key,
        sum(greatest(epoch_us(valid_to) - epoch_us(greatest(valid_from, $first)), 0)) / 3600e6
            AS running_hours,
        (epoch_us($end) - epoch_us(greatest(min(valid_from), $first))) / 3600e6 AS clock_hours
    FROM members GROUP BY unit_key) m
JOIN (SELECT unit_key, sum(share) AS observed_hours FROM unit_hours WHERE hour >= $first
      GROUP BY unit_key) USING (unit_key)
WHERE unit_key IN (SELECT unit_key FROM cases)
"""
