-- What live sources add: their state, saved settings, more telemetry, AWS's own figures, forecasts.

-- Settings changed on the Settings page; secrets are never among them.
CREATE TABLE settings (
    name VARCHAR PRIMARY KEY,
    value VARCHAR NOT NULL,
    saved_at TIMESTAMPTZ NOT NULL
);

-- One row per dataset and the part of the world it was asked for (account/region, zone, …):
-- how far it was read, and whether it is asked again or left alone for a while.
CREATE TABLE source_state (
    source VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    scope VARCHAR NOT NULL,
    read_until TIMESTAMPTZ,
    succeeded_at TIMESTAMPTZ,
    attempted_at TIMESTAMPTZ NOT NULL,
    status VARCHAR NOT NULL,
    failure_count INTEGER NOT NULL,
    retry_at TIMESTAMPTZ,
    detail VARCHAR NOT NULL,
    PRIMARY KEY (source, dataset, scope)
);

-- One notice per event, whatever becomes of it.
CREATE TABLE notices (
    event_key VARCHAR PRIMARY KEY,
    kind VARCHAR NOT NULL,
    "text" VARCHAR NOT NULL,
    raised_at TIMESTAMPTZ NOT NULL,
    sent_at TIMESTAMPTZ,
    detail VARCHAR NOT NULL
);

-- The log learns the scope of an attempt; a column of a key cannot be added in place.
CREATE TEMP TABLE old_fetch_log AS SELECT * FROM fetch_log;
DROP TABLE fetch_log;
CREATE TABLE fetch_log (
    started_at TIMESTAMPTZ NOT NULL,
    source VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    scope VARCHAR NOT NULL,
    window_start TIMESTAMPTZ,
    window_end TIMESTAMPTZ,
    row_count BIGINT NOT NULL,
    status VARCHAR NOT NULL,
    detail VARCHAR,
    seconds DOUBLE NOT NULL,
    request_count INTEGER NOT NULL,
    estimated_usd DOUBLE NOT NULL,
    PRIMARY KEY (started_at, source, dataset, scope)
);
INSERT INTO fetch_log BY NAME SELECT *, '' AS scope FROM old_fetch_log;
DROP TABLE old_fetch_log;

ALTER TABLE utilisation ADD COLUMN memory_max_pct REAL;
ALTER TABLE utilisation ADD COLUMN ebs_read_bytes REAL;
ALTER TABLE utilisation ADD COLUMN ebs_write_bytes REAL;
ALTER TABLE utilisation ADD COLUMN cpu_credit_balance REAL;

ALTER TABLE instances ADD COLUMN criticality VARCHAR;

-- The same costs cut by another dimension each; cuts are never added to one another or to costs.
CREATE TABLE cost_cuts (
    "day" DATE NOT NULL,
    account_id VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    cut VARCHAR NOT NULL,
    "key" VARCHAR NOT NULL,
    billed_cost_usd DOUBLE,
    effective_cost_usd DOUBLE,
    is_provisional BOOLEAN NOT NULL,
    source VARCHAR NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE autoscaling_groups (
    account_id VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    asg_name VARCHAR NOT NULL,
    min_size INTEGER NOT NULL,
    max_size INTEGER NOT NULL,
    desired_capacity INTEGER NOT NULL,
    instance_count INTEGER NOT NULL,
    mixed_instances BOOLEAN NOT NULL,
    source VARCHAR NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (account_id, region, asg_name)
);

-- What AWS says of the instance types in use.
CREATE TABLE instance_type_facts (
    instance_type VARCHAR PRIMARY KEY,
    vcpu INTEGER NOT NULL,
    memory_mib BIGINT NOT NULL,
    architectures VARCHAR NOT NULL,
    hypervisor VARCHAR,
    is_burstable BOOLEAN NOT NULL,
    is_bare_metal BOOLEAN NOT NULL,
    is_current_generation BOOLEAN NOT NULL,
    gpu_count INTEGER NOT NULL,
    instance_storage_gb INTEGER NOT NULL,
    ena_support VARCHAR,
    max_ebs_attachments INTEGER,
    max_network_interfaces INTEGER,
    network_performance VARCHAR,
    source VARCHAR NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE optimizer_findings (
    instance_id VARCHAR PRIMARY KEY,
    account_id VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    instance_type VARCHAR NOT NULL,
    finding VARCHAR NOT NULL,
    reasons VARCHAR NOT NULL,
    look_back_days DOUBLE,
    options VARCHAR NOT NULL,
    refreshed_at TIMESTAMPTZ,
    source VARCHAR NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL
);

-- AWS's own estimate; reconciled with ours, never added to it.
CREATE TABLE provider_emissions (
    "month" DATE NOT NULL,
    account_id VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    emissions_type VARCHAR NOT NULL,
    emissions_kg DOUBLE NOT NULL,
    model_version VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY ("month", account_id, region, service, emissions_type)
);

CREATE TABLE power_mix (
    zone VARCHAR NOT NULL,
    hour TIMESTAMPTZ NOT NULL,
    energy_source VARCHAR NOT NULL,
    consumption_mw DOUBLE,
    production_mw DOUBLE,
    is_estimated BOOLEAN NOT NULL,
    source VARCHAR NOT NULL,
    updated_at TIMESTAMPTZ,
    fetched_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (zone, hour, energy_source)
);

-- Forecasts as they were issued; never in the table of what was observed.
CREATE TABLE provider_forecasts (
    zone VARCHAR NOT NULL,
    issued_at TIMESTAMPTZ NOT NULL,
    hour TIMESTAMPTZ NOT NULL,
    factor VARCHAR NOT NULL,
    g_per_kwh DOUBLE NOT NULL,
    source VARCHAR NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (zone, issued_at, hour, factor)
);

-- Nothing wrote the first version of this table. A value says what it measures.
DROP TABLE latency;
CREATE TABLE latency (
    region VARCHAR NOT NULL,
    method VARCHAR NOT NULL,
    measured_at TIMESTAMPTZ NOT NULL,
    meaning VARCHAR NOT NULL,
    is_proxy BOOLEAN NOT NULL,
    rtt_ms_p50 DOUBLE,
    rtt_ms_p90 DOUBLE,
    rtt_ms_p99 DOUBLE,
    confidence_level INTEGER,
    source VARCHAR NOT NULL,
    quality VARCHAR NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (region, method, measured_at)
);
