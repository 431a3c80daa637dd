"""The SQL of one chunk of the ledger: hourly and daily roll-ups of loads, volumes and grids.

The statements run in order, in one transaction, over the temp tables of `loads`. They say the same
as the views instance_emissions and volume_emissions, but multiply by intensity after summing where
a group shares its zone, and group by integers: over ten million rows that is several times as
fast. Tests compare both.
"""

from __future__ import annotations

from spectra.store import loads

# All instance-hours of the chunk: those measured, then those filled in.
_ROWS = """
    SELECT version_key, slot, running_fraction, cpu_pct, gpu_pct, utilisation_tier, energy_kwh
    FROM loads WHERE energy_kwh IS NOT NULL
    UNION ALL
    SELECT version_key, slot, running_fraction, cpu, gpu, utilisation_tier, energy_kwh FROM filled
"""

# The grid of every hour of the stale days, with the emissions of a kWh in it. One integer, the
# slot, names region and hour, so that the planner looks it up per row.
_GRID = """
CREATE OR REPLACE TEMP TABLE grid AS
SELECT h.slot, h.hour, h.midnight, i.intensity_direct_g_per_kwh AS direct,
    upstream(direct, i.intensity_lifecycle_g_per_kwh) AS up,
    i.intensity_lifecycle_g_per_kwh * r.td_factor AS td, direct + up + td AS g_per_kwh,
    intensity_sigma(i.tier) AS sigma, (i.tier IN ('A', 'B'))::INTEGER AS is_measured
FROM day_hours h JOIN region_factors r USING (region)
JOIN intensity_hourly i ON i.zone = r.zone AND i.hour = h.hour
"""

_DROP_HOURLY = """
DELETE FROM hourly_sums e USING emission_groups k, stale s
WHERE e.hour >= $first AND e.hour < $end
  AND k.group_key = e.group_key AND s.region = k.region AND s.hour = e.hour
  AND e.hour::DATE NOT IN (SELECT "day" FROM rolled_days)
"""

_DROP_DAILY = """
DELETE FROM daily_sums e USING emission_items i, emission_groups k, stale_days s
WHERE e."day" >= $first::DATE AND e."day" < $end::DATE
  AND i.item_key = e.item_key AND k.group_key = i.group_key
  AND s.region = k.region AND s.midnight::DATE = e."day"
  AND e."day" NOT IN (SELECT "day" FROM rolled_days)
"""

# Volumes draw power whether or not their instance runs, and the same in every hour. Most live
# through the whole day, so their days are kept as days and only the rest is spread over hours.
_VOLUME_DAYS = """
CREATE OR REPLACE TEMP TABLE volume_days AS
SELECT v.version_key, v.group_key, v.region, d.midnight, v.valid_from, v.valid_to,
    v.pue * v.storage_watts / 1000 AS kw,
    v.valid_from <= d.midnight AND coalesce(v.valid_to >= d.midnight + INTERVAL 1 DAY, true)
        AS is_whole
FROM versions v JOIN stale_days d USING (region)
ANTI JOIN final f ON f.version_key = v.version_key
    AND f.day_number = epoch_us(d.midnight) // 86400000000
WHERE v.version_key < 0 AND v.valid_from < d.midnight + INTERVAL 1 DAY
  AND coalesce(v.valid_to > d.midnight, true)
"""

_VOLUME_PARTS = """
CREATE OR REPLACE TEMP TABLE volume_parts AS
SELECT v.version_key, v.group_key, h.slot, v.midnight,
    span_share(v.valid_from, v.valid_to, h.hour) AS running_fraction,
    running_fraction * v.kw AS energy_kwh
FROM volume_days v JOIN day_hours h USING (region, midnight)
WHERE NOT v.is_whole
  AND h.hour + INTERVAL 1 HOUR > v.valid_from AND coalesce(h.hour < v.valid_to, true)
"""

_GRID_DAYS = """
CREATE OR REPLACE TEMP TABLE grid_days AS
SELECT h.region, h.midnight, count(*) AS hours,
    sum(direct) AS direct, sum(up) AS up, sum(td) AS td, sum(g_per_kwh * sigma) AS sigma_g_per_kwh
FROM grid JOIN day_hours h USING (slot) GROUP BY ALL
"""

_HOURLY = f"""
INSERT INTO hourly_sums BY NAME
WITH grouped AS (
    SELECT e.slot, v.group_key, sum(e.running_fraction) AS running_hours,
        sum(e.energy_kwh) AS kwh,
        sum(CASE WHEN e.utilisation_tier = 1 THEN e.energy_kwh ELSE 0 END) AS measured_kwh,
        sum(e.running_fraction * v.embodied_g_per_h) AS embodied_g,
        sum(ccf_kwh(e.running_fraction, v.pue, e.cpu_pct, e.gpu_pct, v.ccf_idle_watts,
                    v.ccf_watts_per_pct, v.gpu_idle_watts, v.gpu_max_watts)) AS ccf_kwh
    FROM ({_ROWS}) e JOIN versions v USING (version_key) GROUP BY ALL
    UNION ALL
    SELECT slot, group_key, 0, sum(kwh), sum(kwh), 0, sum(kwh)
    FROM (
        SELECT h.slot, w.group_key, w.kw AS kwh FROM day_hours h JOIN (
            SELECT group_key, region, midnight, sum(kw) AS kw FROM volume_days WHERE is_whole
            GROUP BY ALL) w USING (region, midnight)
        UNION ALL SELECT slot, group_key, energy_kwh FROM volume_parts)
    GROUP BY ALL)
SELECT i.hour, group_key, running_hours, kwh AS energy_kwh,
    kwh * i.is_measured AS measured_intensity_kwh,
    measured_kwh AS measured_utilisation_kwh,
    kwh * i.direct AS scope2_lb_g, kwh * i.up AS upstream_g, kwh * i.td AS td_g, embodied_g,
    ccf_kwh * i.g_per_kwh AS ccf_low_g, now() AS computed_at
FROM grouped JOIN emission_groups k USING (group_key) JOIN grid i USING (slot)
SEMI JOIN stale s ON s.region = k.region AND s.hour = i.hour
"""

# A resource that changed within a day has several rows: their variances are its own, shared out.
_DAILY = f"""
INSERT INTO daily_sums BY NAME
WITH grouped AS (
    SELECT e.version_key, i.midnight, sum(e.running_fraction) AS resource_hours,
        sum(e.cpu_pct * e.running_fraction) AS cpu_hours,
        sum(e.energy_kwh) AS kwh,
        sum(CASE WHEN e.utilisation_tier = 1 THEN e.energy_kwh ELSE 0 END) AS utilisation_kwh,
        sum(e.energy_kwh * i.direct) AS direct_g, sum(e.energy_kwh * i.up) AS up_g,
        sum(e.energy_kwh * i.td) AS td_g,
        sum(e.energy_kwh * i.g_per_kwh * i.sigma) AS intensity_sigma_g,
        sum(e.energy_kwh * i.g_per_kwh * utilisation_sigma(
            e.utilisation_tier, unknown_sigma(e.cpu_pct, v.default_sigma, v.gpu_sigma)
        )) AS utilisation_sigma_g,
        utilisation_sigma_g * sum(utilisation_sigma_g) OVER (
            PARTITION BY v.resource_key, i.midnight) AS utilisation_variance_g2
    FROM ({_ROWS}) e JOIN versions v USING (version_key)
    JOIN grid i USING (slot) GROUP BY e.version_key, v.resource_key, i.midnight
    UNION ALL
    SELECT version_key, midnight, hours, NULL, kw * hours, kw * hours,
        kw * direct, kw * up, kw * td, kw * sigma_g_per_kwh, 0, 0
    FROM volume_days JOIN grid_days USING (region, midnight) WHERE is_whole
    UNION ALL
    SELECT e.version_key, e.midnight, sum(running_fraction), NULL, sum(energy_kwh),
        sum(energy_kwh), sum(energy_kwh * i.direct), sum(energy_kwh * i.up),
        sum(energy_kwh * i.td), sum(energy_kwh * i.g_per_kwh * i.sigma), 0, 0
    FROM volume_parts e JOIN grid i USING (slot) GROUP BY ALL)
SELECT midnight::DATE AS "day", v.item_key, resource_hours,
    cpu_hours / nullif(resource_hours, 0) AS cpu_pct,
    kwh AS energy_kwh, utilisation_kwh AS measured_utilisation_kwh,
    direct_g AS scope2_lb_g, up_g AS upstream_g, td_g,
    resource_hours * coalesce(v.embodied_g_per_h, 0) AS embodied_g,
    (direct_g + up_g + td_g) * coalesce(v.power_sigma, storage_sigma()) AS power_sigma_g,
    intensity_sigma_g, utilisation_sigma_g, utilisation_variance_g2,
    resource_hours * v.usd_per_hour AS list_cost_usd
FROM grouped g JOIN versions v USING (version_key)
"""

STATEMENTS = (
    *loads.STATEMENTS,
    _GRID,
    _GRID_DAYS,
    _VOLUME_DAYS,
    _VOLUME_PARTS,
    _DROP_HOURLY,
    _HOURLY,
    _DROP_DAILY,
    _DAILY,
)
