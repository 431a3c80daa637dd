-- Forecasts as they were issued, the models behind them, and jobs that were placed on them.

-- Which models suit a zone, judged on its own past; kept until they are judged again.
CREATE TABLE forecast_choices (
    zone VARCHAR NOT NULL,
    factor VARCHAR NOT NULL,
    chosen_at TIMESTAMPTZ NOT NULL,
    known_hours INTEGER NOT NULL,
    choice VARCHAR NOT NULL,
    PRIMARY KEY (zone, factor)
);

CREATE TABLE issued_forecasts (
    zone VARCHAR NOT NULL,
    factor VARCHAR NOT NULL,
    issued_at TIMESTAMPTZ NOT NULL,
    hour TIMESTAMPTZ NOT NULL,
    mean_g_per_kwh DOUBLE NOT NULL,
    lower_g_per_kwh DOUBLE NOT NULL,
    upper_g_per_kwh DOUBLE NOT NULL,
    "level" DOUBLE NOT NULL,
    step VARCHAR NOT NULL,
    PRIMARY KEY (zone, factor, issued_at, hour)
);

CREATE TABLE jobs (
    job_id VARCHAR PRIMARY KEY,
    name VARCHAR NOT NULL,
    spec VARCHAR NOT NULL,
    cron VARCHAR,
    timezone VARCHAR NOT NULL,
    is_active BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

-- One row per planned run of a job, with what it was expected to emit.
CREATE TABLE job_runs (
    job_id VARCHAR NOT NULL,
    earliest TIMESTAMPTZ NOT NULL,
    deadline TIMESTAMPTZ NOT NULL,
    region VARCHAR NOT NULL,
    zone VARCHAR NOT NULL,
    factor VARCHAR NOT NULL,
    power_kw DOUBLE NOT NULL,
    home_zone VARCHAR NOT NULL,
    home_power_kw DOUBLE NOT NULL,
    duration_hours DOUBLE NOT NULL,
    slots VARCHAR NOT NULL,
    planned_grams DOUBLE NOT NULL,
    planned_now_grams DOUBLE NOT NULL,
    probability DOUBLE,
    planned_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (job_id, earliest)
);
