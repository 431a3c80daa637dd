-- Rightsizing: what is advised, what became of it, and what it was worth.

-- The last time that the fleet was judged, one row.
CREATE TABLE advice_runs (
    computed_at TIMESTAMPTZ NOT NULL,
    data_until TIMESTAMPTZ NOT NULL,
    rules VARCHAR NOT NULL,
    factor_set VARCHAR NOT NULL,
    seconds DOUBLE NOT NULL
);

-- One row per instance or autoscaling group; all of the last run.
CREATE TABLE advice (
    unit_id VARCHAR PRIMARY KEY,
    kind VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    account_id VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    team VARCHAR NOT NULL,
    environment VARCHAR NOT NULL,
    instance_type VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    lifecycle VARCHAR NOT NULL,
    purchase_option VARCHAR,
    members INTEGER NOT NULL,
    finding VARCHAR NOT NULL,
    is_preliminary BOOLEAN NOT NULL,
    confidence VARCHAR NOT NULL,
    "action" VARCHAR,
    target_type VARCHAR,
    reason VARCHAR NOT NULL,
    changes VARCHAR NOT NULL,
    notes VARCHAR[] NOT NULL,
    look_back_days INTEGER NOT NULL,
    coverage DOUBLE NOT NULL,
    mean_pct DOUBLE,
    p95_pct DOUBLE,
    highest_pct DOUBLE,
    peak_pct DOUBLE,
    memory_pct DOUBLE,
    memory_gib_needed DOUBLE,
    network_mbps DOUBLE,
    now_g_per_h DOUBLE,
    risk INTEGER,
    effort VARCHAR,
    carbon_g_per_h DOUBLE,
    carbon_low_g_per_h DOUBLE,
    carbon_high_g_per_h DOUBLE,
    scope2_g_per_h DOUBLE,
    scope3_g_per_h DOUBLE,
    embodied_g_per_h DOUBLE,
    kwh_per_h DOUBLE,
    list_usd_per_h DOUBLE,
    cash_usd_per_h DOUBLE,
    cash_note VARCHAR NOT NULL
);

CREATE TABLE advice_options (
    unit_id VARCHAR NOT NULL,
    instance_type VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    effort VARCHAR NOT NULL,
    is_best BOOLEAN NOT NULL,
    is_feasible BOOLEAN NOT NULL,
    peak_pct DOUBLE NOT NULL,
    checks VARCHAR[] NOT NULL,
    obstacles VARCHAR[] NOT NULL,
    confidence VARCHAR NOT NULL,
    risk INTEGER NOT NULL,
    carbon_g_per_h DOUBLE NOT NULL,
    carbon_low_g_per_h DOUBLE NOT NULL,
    carbon_high_g_per_h DOUBLE NOT NULL,
    scope2_g_per_h DOUBLE NOT NULL,
    scope3_g_per_h DOUBLE NOT NULL,
    embodied_g_per_h DOUBLE NOT NULL,
    kwh_per_h DOUBLE NOT NULL,
    list_usd_per_h DOUBLE,
    cash_usd_per_h DOUBLE,
    cash_note VARCHAR NOT NULL
);

-- What was decided of a recommendation; nothing is ever overwritten, the last one holds.
CREATE TABLE advice_events (
    unit_id VARCHAR NOT NULL,
    finding VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    until TIMESTAMPTZ,
    reason VARCHAR NOT NULL,
    decided_at TIMESTAMPTZ NOT NULL
);

-- Recommendations that were carried out, with what was promised of each.
CREATE TABLE advice_ledger (
    unit_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    team VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    finding VARCHAR NOT NULL,
    "action" VARCHAR NOT NULL,
    old_type VARCHAR NOT NULL,
    new_type VARCHAR,
    done_at TIMESTAMPTZ NOT NULL,
    how VARCHAR NOT NULL,
    now_g_per_h DOUBLE,
    carbon_g_per_h DOUBLE,
    carbon_low_g_per_h DOUBLE,
    carbon_high_g_per_h DOUBLE,
    list_usd_per_h DOUBLE,
    cash_usd_per_h DOUBLE,
    PRIMARY KEY (unit_id, done_at)
);
