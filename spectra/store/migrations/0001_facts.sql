-- What was observed: grids, fleet, utilisation, volumes, costs, latency, and every fetch.
-- Large facts carry no index: uniqueness of their key is kept by the one bulk upsert in writes.py
-- (an index over ten million rows was measured to need more memory than the whole app may use).

CREATE SEQUENCE resource_keys;
CREATE SEQUENCE version_keys;

CREATE TABLE meta (name VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);

CREATE TABLE resources (
    resource_id VARCHAR PRIMARY KEY,
    resource_key INTEGER NOT NULL DEFAULT nextval('resource_keys')
);

CREATE TABLE intensities (
    zone VARCHAR NOT NULL,
    hour TIMESTAMPTZ NOT NULL,
    source VARCHAR NOT NULL,
    signal_type VARCHAR NOT NULL DEFAULT 'average',
    intensity_direct_g_per_kwh DOUBLE,
    intensity_lifecycle_g_per_kwh DOUBLE,
    low_carbon_pct REAL,
    renewable_pct REAL,
    is_estimated BOOLEAN NOT NULL,
    direct_is_scaled BOOLEAN NOT NULL,
    quality VARCHAR NOT NULL,
    updated_at TIMESTAMPTZ,
    fetched_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE instances (
    instance_id VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    valid_to TIMESTAMPTZ,
    version_key INTEGER NOT NULL DEFAULT nextval('version_keys'),
    account_id VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    availability_zone VARCHAR,
    instance_type VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    name VARCHAR,
    lifecycle VARCHAR NOT NULL,
    tenancy VARCHAR NOT NULL,
    asg_name VARCHAR,
    architecture VARCHAR,
    launched_at TIMESTAMPTZ,
    tags VARCHAR NOT NULL,
    team VARCHAR NOT NULL,
    environment VARCHAR NOT NULL,
    service_tag VARCHAR,
    source VARCHAR NOT NULL,
    quality VARCHAR NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (instance_id, valid_from)
);

CREATE TABLE utilisation (
    resource_key INTEGER NOT NULL,
    hour TIMESTAMPTZ NOT NULL,
    cpu_avg_pct REAL,
    cpu_max_pct REAL,
    memory_avg_pct REAL,
    gpu_avg_pct REAL,
    network_in_bytes REAL,
    network_out_bytes REAL,
    source VARCHAR NOT NULL,
    quality VARCHAR NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE volumes (
    volume_id VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    valid_to TIMESTAMPTZ,
    account_id VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    volume_type VARCHAR NOT NULL,
    size_gib INTEGER NOT NULL,
    state VARCHAR NOT NULL,
    instance_id VARCHAR,
    tags VARCHAR NOT NULL,
    team VARCHAR NOT NULL,
    environment VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    quality VARCHAR NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (volume_id, valid_from)
);

CREATE TABLE costs (
    "day" DATE NOT NULL,
    account_id VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    resource_id VARCHAR NOT NULL,
    purchase_option VARCHAR NOT NULL,
    team VARCHAR NOT NULL,
    environment VARCHAR NOT NULL,
    list_cost_usd DOUBLE,
    billed_cost_usd DOUBLE,
    effective_cost_usd DOUBLE,
    is_provisional BOOLEAN NOT NULL,
    source VARCHAR NOT NULL,
    quality VARCHAR NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE prices (
    instance_type VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    usd_per_hour DOUBLE NOT NULL,
    as_of DATE NOT NULL,
    source VARCHAR NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (instance_type, region)
);

CREATE TABLE latency (
    region VARCHAR NOT NULL,
    origin VARCHAR NOT NULL,
    measured_at TIMESTAMPTZ NOT NULL,
    rtt_ms_p50 DOUBLE,
    rtt_ms_p95 DOUBLE,
    method VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    quality VARCHAR NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (region, origin, measured_at, method)
);

CREATE TABLE fetch_log (
    started_at TIMESTAMPTZ NOT NULL,
    source VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    window_start TIMESTAMPTZ,
    window_end TIMESTAMPTZ,
    row_count BIGINT NOT NULL,
    status VARCHAR NOT NULL,
    detail VARCHAR,
    seconds DOUBLE NOT NULL,
    request_count INTEGER NOT NULL,
    estimated_usd DOUBLE NOT NULL,
    PRIMARY KEY (started_at, source, dataset)
);

CREATE TABLE portal_imports (
    zone VARCHAR NOT NULL,
    "year" INTEGER NOT NULL,
    file_name VARCHAR NOT NULL,
    snapshot_date DATE,
    row_count INTEGER NOT NULL,
    content_hash VARCHAR NOT NULL,
    imported_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (zone, "year")
);
