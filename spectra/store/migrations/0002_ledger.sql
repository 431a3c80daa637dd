-- What follows from the facts: factors in force, the intensity of every hour, energy, emissions.

CREATE TABLE type_factors (
    instance_type VARCHAR PRIMARY KEY,
    watts_at_0 DOUBLE NOT NULL,
    watts_at_10 DOUBLE NOT NULL,
    watts_at_50 DOUBLE NOT NULL,
    watts_at_100 DOUBLE NOT NULL,
    gpu_idle_watts DOUBLE NOT NULL,
    gpu_max_watts DOUBLE NOT NULL,
    ccf_idle_watts DOUBLE NOT NULL,
    ccf_watts_per_pct DOUBLE NOT NULL,
    embodied_g_per_h DOUBLE NOT NULL,
    power_tier VARCHAR NOT NULL,
    power_sigma DOUBLE NOT NULL,
    default_sigma DOUBLE NOT NULL,
    basis VARCHAR NOT NULL
);

CREATE TABLE region_factors (
    region VARCHAR PRIMARY KEY,
    region_key INTEGER NOT NULL,
    zone VARCHAR NOT NULL,
    country VARCHAR NOT NULL,
    pue DOUBLE NOT NULL,
    pue_is_regional BOOLEAN NOT NULL,
    td_factor DOUBLE NOT NULL
);

CREATE TABLE intensity_hourly (
    zone VARCHAR NOT NULL,
    hour TIMESTAMPTZ NOT NULL,
    intensity_direct_g_per_kwh DOUBLE NOT NULL,
    intensity_lifecycle_g_per_kwh DOUBLE NOT NULL,
    tier VARCHAR NOT NULL,
    quality VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    direct_is_scaled BOOLEAN NOT NULL,
    PRIMARY KEY (zone, hour)
);

-- The hours that are accounted for: [first_hour, end_hour), one row.
CREATE TABLE ledger (first_hour TIMESTAMPTZ NOT NULL, end_hour TIMESTAMPTZ NOT NULL);

CREATE MACRO ledger_hours() AS TABLE
    SELECT unnest(generate_series(first_hour, end_hour - INTERVAL 1 HOUR, INTERVAL 1 HOUR)) AS hour
    FROM ledger;

-- Hours whose emissions no longer follow from the facts; written in the transaction that changes
-- the facts, emptied in the one that recomputes, so a kill at any moment leaves nothing undone.
CREATE TABLE stale_hours (region VARCHAR NOT NULL, hour TIMESTAMPTZ NOT NULL);

-- What stands in where an instance-hour was not measured; the energy of every hour follows from
-- utilisation and this, so it is a view.
CREATE TABLE utilisation_filled (
    version_key INTEGER NOT NULL,
    hour TIMESTAMPTZ NOT NULL,
    cpu_pct DOUBLE NOT NULL,
    gpu_pct DOUBLE,
    utilisation_tier UTINYINT NOT NULL
);

-- What sums are grouped by, numbered: the big tables hold numbers alone.
CREATE SEQUENCE group_keys;
CREATE SEQUENCE item_keys;

CREATE TABLE emission_groups (
    group_key INTEGER PRIMARY KEY,
    region VARCHAR NOT NULL,
    account_id VARCHAR NOT NULL,
    team VARCHAR NOT NULL,
    environment VARCHAR NOT NULL,
    service VARCHAR NOT NULL
);

CREATE TABLE emission_items (
    item_key INTEGER PRIMARY KEY,
    group_key INTEGER NOT NULL,
    resource_id VARCHAR NOT NULL,
    resource_type VARCHAR NOT NULL
);

-- One row per hour and group; sums of grams × log deviation carry the uncertainty.
CREATE TABLE hourly_sums (
    hour TIMESTAMPTZ NOT NULL,
    group_key INTEGER NOT NULL,
    running_hours DOUBLE NOT NULL,
    energy_kwh DOUBLE NOT NULL,
    measured_intensity_kwh DOUBLE NOT NULL,
    measured_utilisation_kwh DOUBLE NOT NULL,
    scope2_lb_g DOUBLE NOT NULL,
    upstream_g DOUBLE NOT NULL,
    td_g DOUBLE NOT NULL,
    embodied_g DOUBLE NOT NULL,
    ccf_low_g DOUBLE NOT NULL,
    computed_at TIMESTAMPTZ NOT NULL
);

-- One row per day, resource and group.
CREATE TABLE daily_sums (
    "day" DATE NOT NULL,
    item_key INTEGER NOT NULL,
    resource_hours DOUBLE NOT NULL,
    cpu_pct REAL,
    energy_kwh DOUBLE NOT NULL,
    measured_utilisation_kwh DOUBLE NOT NULL,
    scope2_lb_g DOUBLE NOT NULL,
    upstream_g DOUBLE NOT NULL,
    td_g DOUBLE NOT NULL,
    embodied_g DOUBLE NOT NULL,
    power_sigma_g REAL NOT NULL,
    intensity_sigma_g REAL NOT NULL,
    utilisation_sigma_g REAL NOT NULL,
    utilisation_variance_g2 REAL NOT NULL,
    list_cost_usd DOUBLE
);

CREATE VIEW emissions_hourly AS
SELECT k.* EXCLUDE (group_key), e.* EXCLUDE (group_key)
FROM hourly_sums e JOIN emission_groups k USING (group_key);

CREATE VIEW emissions_daily AS
SELECT k.* EXCLUDE (group_key), i.resource_id, i.resource_type, e.* EXCLUDE (item_key)
FROM daily_sums e JOIN emission_items i USING (item_key) JOIN emission_groups k USING (group_key);

-- An instance-hour's energy: from what was measured, else from what stands in for it.
CREATE VIEW instance_energy AS
SELECT i.hour, v.*, i.zone, i.tier AS intensity_tier,
    i.intensity_direct_g_per_kwh, i.intensity_lifecycle_g_per_kwh,
    r.pue, r.td_factor,
    span_share(v.valid_from, v.valid_to, i.hour) AS running_fraction,
    coalesce(f.cpu_pct, clip_pct(u.cpu_avg_pct)) AS cpu_pct,
    coalesce(f.gpu_pct, clip_pct(u.gpu_avg_pct),
             CASE WHEN t.gpu_max_watts > 0 THEN default_gpu_pct() END) AS gpu_pct,
    coalesce(f.utilisation_tier,
             CASE WHEN t.gpu_max_watts > 0 AND clip_pct(u.gpu_avg_pct) IS NULL THEN 4 ELSE 1 END
    ) AS utilisation_tier,
    running_fraction * r.pue / 1000 * (
        host_watts(coalesce(f.cpu_pct, clip_pct(u.cpu_avg_pct)), t.watts_at_0, t.watts_at_10,
                   t.watts_at_50, t.watts_at_100)
        + t.gpu_idle_watts + coalesce(f.gpu_pct, clip_pct(u.gpu_avg_pct), default_gpu_pct()) / 100
            * (t.gpu_max_watts - t.gpu_idle_watts)) AS energy_kwh
FROM instances v
JOIN resources k ON k.resource_id = v.instance_id
JOIN type_factors t USING (instance_type)
JOIN region_factors r ON r.region = v.region
JOIN intensity_hourly i ON i.zone = r.zone
    AND i.hour + INTERVAL 1 HOUR > v.valid_from AND coalesce(i.hour < v.valid_to, true)
SEMI JOIN ledger_hours() h ON h.hour = i.hour
LEFT JOIN utilisation u ON u.resource_key = k.resource_key AND u.hour = i.hour
LEFT JOIN utilisation_filled f ON f.version_key = v.version_key AND f.hour = i.hour
WHERE v.state = 'running';

-- An instance-hour's emissions: energy × intensity of its zone and hour, each part on its own.
CREATE VIEW instance_emissions AS
SELECT
    e.hour, e.instance_id AS resource_id, e.region, e.account_id, e.team, e.environment,
    'Amazon EC2' AS service, e.instance_type AS resource_type,
    e.running_fraction AS resource_hours, e.cpu_pct, e.utilisation_tier, e.intensity_tier, e.zone,
    e.intensity_direct_g_per_kwh, e.intensity_lifecycle_g_per_kwh, e.energy_kwh,
    e.energy_kwh * e.intensity_direct_g_per_kwh AS scope2_lb_g,
    e.energy_kwh * upstream(
        e.intensity_direct_g_per_kwh, e.intensity_lifecycle_g_per_kwh) AS upstream_g,
    e.energy_kwh * e.intensity_lifecycle_g_per_kwh * e.td_factor AS td_g,
    e.running_fraction * t.embodied_g_per_h AS embodied_g,
    ccf_kwh(e.running_fraction, e.pue, e.cpu_pct, e.gpu_pct, t.ccf_idle_watts,
            t.ccf_watts_per_pct, t.gpu_idle_watts, t.gpu_max_watts) AS ccf_low_kwh,
    t.power_sigma,
    intensity_sigma(e.intensity_tier) AS intensity_sigma,
    utilisation_sigma(e.utilisation_tier, t.default_sigma) AS utilisation_sigma,
    p.usd_per_hour
FROM instance_energy e
JOIN type_factors t USING (instance_type)
LEFT JOIN prices p ON p.instance_type = e.instance_type AND p.region = e.region;

-- A volume draws power whether or not its instance runs; its embodied part is not estimated.
CREATE VIEW volume_emissions AS
SELECT
    i.hour, v.volume_id AS resource_id, v.region, v.account_id, v.team, v.environment,
    'Amazon EBS' AS service, v.volume_type AS resource_type,
    span_share(v.valid_from, v.valid_to, i.hour) AS resource_hours, NULL::DOUBLE AS cpu_pct,
    1 AS utilisation_tier, i.tier AS intensity_tier, i.zone,
    i.intensity_direct_g_per_kwh, i.intensity_lifecycle_g_per_kwh,
    resource_hours * r.pue * storage_watts(v.size_gib, v.volume_type) / 1000 AS energy_kwh,
    energy_kwh * i.intensity_direct_g_per_kwh AS scope2_lb_g,
    energy_kwh * upstream(
        i.intensity_direct_g_per_kwh, i.intensity_lifecycle_g_per_kwh) AS upstream_g,
    energy_kwh * i.intensity_lifecycle_g_per_kwh * r.td_factor AS td_g,
    0.0 AS embodied_g,
    energy_kwh AS ccf_low_kwh,
    storage_sigma() AS power_sigma,
    intensity_sigma(i.tier) AS intensity_sigma,
    0.0 AS utilisation_sigma,
    NULL::DOUBLE AS usd_per_hour
FROM volumes v
JOIN region_factors r USING (region)
JOIN intensity_hourly i ON i.zone = r.zone
    AND i.hour + INTERVAL 1 HOUR > v.valid_from AND coalesce(i.hour < v.valid_to, true)
SEMI JOIN ledger_hours() h ON h.hour = i.hour;
