"""The SQL that gives every running instance-hour of a chunk its load, measured or filled in.

The statements run in order over the temp table ``stale`` (region, hour) that lies within
[$first, $end), and leave the temp tables ``versions``, ``stale_days``, ``day_hours``, ``loads``,
``filled`` and ``final`` for the roll-ups.
"""

from __future__ import annotations

from spectra.carbon import utilisation


def _energy(cpu: str, gpu: str) -> str:
    """Energy at the meter of an instance-hour [kWh], as `energy.instance_hour_wh`."""
    return f"""running_fraction * v.pue / 1000 * (
        host_watts({cpu}, watts_at_0, watts_at_10, watts_at_50, watts_at_100)
        + gpu_idle_watts + coalesce({gpu}, 0) / 100 * (gpu_max_watts - gpu_idle_watts))"""


_OWN = utilisation.OWN_WEEKS * 7

# Versions of instances and volumes alive in the chunk.
_ALIVE = """
CREATE OR REPLACE TEMP TABLE alive AS
SELECT * FROM (
    SELECT version_key, resource_key, instance_id AS resource_id, 'Amazon EC2' AS service,
        instance_type AS resource_type, asg_name, service_tag, NULL::DOUBLE AS storage_watts,
        valid_from, valid_to, region, account_id, team, environment
    FROM instances JOIN resources ON resource_id = instance_id WHERE state = 'running'
    UNION ALL
    SELECT (-row_number() OVER ())::INTEGER, NULL, volume_id, 'Amazon EBS', volume_type, NULL, NULL,
        storage_watts(size_gib, volume_type), valid_from, valid_to, region, account_id, team,
        environment
    FROM volumes)
WHERE valid_from < $end AND coalesce(valid_to > $first, true)
"""

_NUMBER_GROUPS = """
INSERT INTO emission_groups
SELECT nextval('group_keys'), * FROM (
    SELECT region, account_id, team, environment, service FROM alive
    EXCEPT SELECT region, account_id, team, environment, service FROM emission_groups)
"""

_NUMBER_ITEMS = """
INSERT INTO emission_items
SELECT nextval('item_keys'), * FROM (
    SELECT group_key, resource_id, resource_type
    FROM alive JOIN emission_groups USING (region, account_id, team, environment, service)
    EXCEPT SELECT group_key, resource_id, resource_type FROM emission_items)
"""

# With the numbers they are grouped by and the factors that apply to them. An accelerator without
# any telemetry has the default load in every hour; there is nothing to look up.
_VERSIONS = f"""
CREATE OR REPLACE TEMP TABLE versions AS
SELECT v.*, i.item_key, k.group_key, r.region_key, r.zone, r.pue, r.td_factor,
    t.* EXCLUDE (instance_type, power_tier, basis), p.usd_per_hour,
    coalesce(t.gpu_max_watts, 0) > 0 AND v.resource_key NOT IN (
        SELECT resource_key FROM utilisation
        WHERE gpu_avg_pct IS NOT NULL AND hour >= $first - INTERVAL {_OWN} DAY AND hour < $end
    ) AS is_gpu_unwatched
FROM alive v
JOIN emission_groups k USING (region, account_id, team, environment, service)
JOIN emission_items i ON i.group_key = k.group_key AND i.resource_id = v.resource_id
    AND i.resource_type = v.resource_type
JOIN region_factors r ON r.region = v.region
LEFT JOIN type_factors t ON v.version_key > 0 AND t.instance_type = v.resource_type
LEFT JOIN prices p ON v.version_key > 0 AND p.instance_type = v.resource_type
    AND p.region = v.region
"""

# The daily table needs every hour of a day that holds a stale one.
_STALE_DAYS = """
CREATE OR REPLACE TEMP TABLE stale_days AS
SELECT DISTINCT region, date_trunc('day', hour) AS midnight FROM stale
"""

_DAY_HOURS = """
CREATE OR REPLACE TEMP TABLE day_hours AS
SELECT d.region, d.midnight, h.hour, slot(r.region_key, h.hour) AS slot
FROM stale_days d JOIN region_factors r USING (region)
JOIN ledger_hours() h ON date_trunc('day', h.hour) = d.midnight
"""

# Running hours of those days that have a row of telemetry; no energy where it lacks a value.
_LOADS = f"""
CREATE OR REPLACE TEMP TABLE loads AS
SELECT v.version_key, slot(v.region_key, u.hour) AS slot,
    span_share(v.valid_from, v.valid_to, u.hour) AS running_fraction,
    clip_pct(u.cpu_avg_pct) AS cpu_pct,
    CASE WHEN v.is_gpu_unwatched THEN {utilisation.DEFAULT_GPU_PCT}::DOUBLE
         ELSE clip_pct(u.gpu_avg_pct) END AS gpu_pct,
    CASE WHEN v.is_gpu_unwatched THEN 4 ELSE 1 END::UTINYINT AS utilisation_tier,
    CASE WHEN cpu_pct IS NOT NULL AND (gpu_max_watts = 0 OR gpu_pct IS NOT NULL)
         THEN {_energy("cpu_pct", "gpu_pct")} END AS energy_kwh
FROM utilisation u
JOIN versions v ON v.resource_key = u.resource_key
    AND v.valid_from < u.hour + INTERVAL 1 HOUR AND coalesce(v.valid_to > u.hour, true)
SEMI JOIN day_hours h ON h.slot = slot(v.region_key, u.hour)
WHERE u.hour >= $first AND u.hour < $end
"""

# Running hours without enough telemetry. Days with a row for every hour are not searched: that
# spares a join of all hours with all rows.
_GAPS = """
CREATE OR REPLACE TEMP TABLE gaps AS
WITH counted AS (
    SELECT version_key, slot // 24000 AS day_number, count(*) AS present
    FROM loads GROUP BY ALL),
lacking AS (
    SELECT v.*, d.midnight FROM versions v JOIN stale_days d USING (region)
    LEFT JOIN counted c ON c.version_key = v.version_key
        AND c.day_number = epoch_us(d.midnight) // 86400000000
    WHERE v.version_key > 0 AND v.valid_from < d.midnight + INTERVAL 1 DAY
      AND coalesce(v.valid_to > d.midnight, true)
      AND coalesce(c.present, 0) < date_diff('hour', greatest(d.midnight, v.valid_from),
          least(d.midnight + INTERVAL 1 DAY, coalesce(v.valid_to, 'infinity') + INTERVAL 1 HOUR)))
SELECT l.version_key, v.resource_key, h.hour, l.slot, l.running_fraction, l.cpu_pct, l.gpu_pct
FROM loads l JOIN versions v USING (version_key) JOIN day_hours h USING (slot)
WHERE l.energy_kwh IS NULL
UNION ALL
SELECT v.version_key, v.resource_key, h.hour, h.slot,
    span_share(v.valid_from, v.valid_to, h.hour), NULL, NULL
FROM lacking v JOIN day_hours h ON h.region = v.region AND h.midnight = v.midnight
    AND v.valid_from < h.hour + INTERVAL 1 HOUR AND coalesce(v.valid_to > h.hour, true)
ANTI JOIN (SELECT version_key, slot FROM loads SEMI JOIN lacking USING (version_key)) l
    ON l.version_key = v.version_key AND l.slot = h.slot
"""


# First stand-in for a missing measurement: the same hour of the last four weeks.
_OWN_LOADS = f"""
CREATE OR REPLACE TEMP TABLE own AS
WITH wanted AS (
    SELECT version_key, resource_key, hour,
        unnest(generate_series(hour - INTERVAL {_OWN} DAY, hour - INTERVAL 7 DAY,
                               INTERVAL 7 DAY)) AS past_hour
    FROM gaps),
past AS (
    SELECT w.version_key, w.hour, clip_pct(u.cpu_avg_pct) AS cpu_pct,
        clip_pct(u.gpu_avg_pct) AS gpu_pct
    FROM wanted w JOIN utilisation u ON u.resource_key = w.resource_key AND u.hour = w.past_hour
    WHERE u.hour IN (SELECT past_hour FROM wanted))
SELECT version_key, hour,
    CASE WHEN count(cpu_pct) >= {utilisation.MIN_OWN_HOURS} THEN median(cpu_pct) END AS cpu_pct,
    CASE WHEN count(gpu_pct) >= {utilisation.MIN_OWN_HOURS} THEN median(gpu_pct) END AS gpu_pct
FROM past GROUP BY ALL
"""

# Gaps whose load is known from neither that hour nor the weeks before: their peers are asked.
_LONELY = """
CREATE OR REPLACE TEMP TABLE lonely AS
SELECT g.slot // 1000 AS hour_number, v.asg_name, v.service_tag, v.resource_type
FROM gaps g JOIN versions v USING (version_key)
LEFT JOIN own o ON o.version_key = g.version_key AND o.hour = g.hour
WHERE g.cpu_pct IS NULL AND o.cpu_pct IS NULL
"""

# What was measured in those hours in regions that are not computed anew: peers are everywhere.
_ELSEWHERE = """
CREATE OR REPLACE TEMP TABLE elsewhere AS
SELECT v.version_key, slot(v.region_key, u.hour) AS slot, clip_pct(u.cpu_avg_pct) AS cpu_pct
FROM utilisation u
JOIN versions v ON v.resource_key = u.resource_key
    AND v.valid_from < u.hour + INTERVAL 1 HOUR AND coalesce(v.valid_to > u.hour, true)
SEMI JOIN (
    SELECT hour_number * 1000 + region_key AS slot
    FROM (SELECT DISTINCT hour_number FROM lonely), (SELECT DISTINCT region_key FROM versions)
    EXCEPT SELECT slot FROM day_hours) o ON o.slot = slot(v.region_key, u.hour)
WHERE u.hour >= $first AND u.hour < $end
"""


def _peers(group: str) -> str:
    """Median load of a group's measured members in the hours where a member has none at all."""
    return f"""
    SELECT l.slot // 1000 AS hour_number, v.{group} AS peer, median(l.cpu_pct) AS cpu_pct
    FROM (SELECT version_key, slot, cpu_pct FROM loads UNION ALL FROM elsewhere) l
    JOIN versions v USING (version_key)
    WHERE l.cpu_pct IS NOT NULL AND v.{group} IS NOT NULL
      AND l.slot // 1000 IN (SELECT hour_number FROM lonely)
      AND (l.slot // 1000, v.{group}) IN (SELECT (hour_number, {group}) FROM lonely)
    GROUP BY ALL HAVING count(*) >= {utilisation.MIN_PEERS}
    """


_FILLED = f"""
CREATE OR REPLACE TEMP TABLE filled AS
SELECT g.version_key, g.hour, g.slot, g.running_fraction,
    coalesce(g.cpu_pct, o.cpu_pct, a.cpu_pct, s.cpu_pct, p.cpu_pct,
             {utilisation.DEFAULT_CPU_PCT})::DOUBLE AS cpu,
    CASE WHEN v.gpu_max_watts > 0
         THEN coalesce(g.gpu_pct, o.gpu_pct, {utilisation.DEFAULT_GPU_PCT})::DOUBLE END AS gpu,
    greatest(
        CASE WHEN g.cpu_pct IS NOT NULL THEN 1 WHEN o.cpu_pct IS NOT NULL THEN 2
             WHEN coalesce(a.cpu_pct, s.cpu_pct, p.cpu_pct) IS NOT NULL THEN 3 ELSE 4 END,
        CASE WHEN v.is_gpu_unwatched THEN 4
             WHEN v.gpu_max_watts = 0 OR g.gpu_pct IS NOT NULL THEN 1
             WHEN o.gpu_pct IS NOT NULL THEN 2 ELSE 4 END)::UTINYINT AS utilisation_tier,
    {_energy("cpu", "gpu")} AS energy_kwh
FROM gaps g
JOIN versions v ON v.version_key = g.version_key
LEFT JOIN own o ON o.version_key = g.version_key AND o.hour = g.hour
LEFT JOIN ({_peers("asg_name")}) a ON a.hour_number = g.slot // 1000
    AND a.peer = v.asg_name
LEFT JOIN ({_peers("service_tag")}) s ON s.hour_number = g.slot // 1000
    AND s.peer = v.service_tag
LEFT JOIN ({_peers("resource_type")}) p ON p.hour_number = g.slot // 1000
    AND p.peer = v.resource_type
"""

# What has a sum of a day that was rolled up keeps it: its readings may be gone.
_FINAL = """
CREATE OR REPLACE TEMP TABLE final AS
SELECT DISTINCT v.version_key, epoch_us(d."day"::TIMESTAMPTZ) // 86400000000 AS day_number
FROM daily_sums d SEMI JOIN rolled_days r ON r."day" = d."day"
JOIN emission_items i USING (item_key) JOIN versions v ON v.resource_id = i.resource_id
WHERE d."day" >= $first::DATE AND d."day" < $end::DATE
"""

_LEAVE_FINAL = tuple(
    f"DELETE FROM {table} t USING final f "
    "WHERE f.version_key = t.version_key AND f.day_number = t.slot // 24000"
    for table in ("loads", "filled")
)

_DROP_FILLED = """
DELETE FROM utilisation_filled f USING instances v, stale_days d
WHERE f.hour >= $first AND f.hour < $end AND v.version_key = f.version_key
  AND d.region = v.region AND d.midnight = date_trunc('day', f.hour)
  AND f.hour::DATE NOT IN (SELECT "day" FROM rolled_days)
"""

_KEEP_FILLED = """
INSERT INTO utilisation_filled
SELECT version_key, hour, cpu, gpu, utilisation_tier FROM filled
"""

STATEMENTS = (
    _ALIVE,
    _NUMBER_GROUPS,
    _NUMBER_ITEMS,
    _VERSIONS,
    _STALE_DAYS,
    _DAY_HOURS,
    _LOADS,
    _GAPS,
    _OWN_LOADS,
    _LONELY,
    _ELSEWHERE,
    _FILLED,
    _FINAL,
    *_LEAVE_FINAL,
    _DROP_FILLED,
    _KEEP_FILLED,
)
