-- Carbon budgets, the rules of allocation, and chargeback statements as they were exported.

CREATE TABLE budgets (
    budget_id VARCHAR PRIMARY KEY,
    scope_kind VARCHAR NOT NULL,
    scope_key VARCHAR NOT NULL,
    period_kind VARCHAR NOT NULL,
    basis VARCHAR NOT NULL,
    profile VARCHAR NOT NULL,
    note VARCHAR NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    -- From this UTC day on it is no longer kept; what was before stays readable.
    closed_on DATE
);

-- Grams per whole period from a UTC day on; nothing is overwritten, of one day the last one holds.
CREATE TABLE budget_versions (
    budget_id VARCHAR NOT NULL,
    valid_from DATE NOT NULL,
    grams DOUBLE NOT NULL,
    note VARCHAR NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

-- All rules at once, from a UTC day on; of one day the last one holds.
CREATE TABLE allocation_rules (
    valid_from DATE NOT NULL,
    rules VARCHAR NOT NULL,
    note VARCHAR NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

-- Thresholds that were reached, once per budget, period and threshold.
CREATE TABLE budget_notices (
    event_key VARCHAR PRIMARY KEY,
    budget_id VARCHAR NOT NULL,
    "period" VARCHAR NOT NULL,
    threshold VARCHAR NOT NULL,
    "value" DOUBLE NOT NULL,
    raised_at TIMESTAMPTZ NOT NULL,
    cleared_at TIMESTAMPTZ
);

CREATE TABLE chargeback_runs (
    run_id VARCHAR PRIMARY KEY,
    "period" VARCHAR NOT NULL,
    "start" TIMESTAMPTZ NOT NULL,
    "end" TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    manifest VARCHAR NOT NULL,
    manifest_hash VARCHAR NOT NULL,
    -- Each hash covers the one before it: a run cannot be changed or dropped unseen.
    chain_hash VARCHAR NOT NULL,
    total_g DOUBLE NOT NULL
);

-- What each run said, coarse enough to keep and fine enough to say what changed since.
CREATE TABLE chargeback_lines (
    run_id VARCHAR NOT NULL,
    team VARCHAR NOT NULL,
    account_id VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    total_g DOUBLE,
    energy_kwh DOUBLE,
    effective_cost_usd DOUBLE
);
