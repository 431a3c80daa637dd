-- What is out of the ordinary, what was decided of it, and what was planned.

-- How far each detector has looked, and with which sensitivity.
CREATE TABLE watch_state (
    detector VARCHAR PRIMARY KEY,
    until TIMESTAMPTZ NOT NULL,
    sensitivity VARCHAR NOT NULL
);

-- One row per incident: of a machine, a volume, a fleet, a team or a grid.
CREATE TABLE incidents (
    incident_id VARCHAR PRIMARY KEY,
    series VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    family VARCHAR NOT NULL,
    "start" TIMESTAMPTZ NOT NULL,
    last_seen TIMESTAMPTZ NOT NULL,
    "end" TIMESTAMPTZ,
    score DOUBLE,
    "value" DOUBLE,
    expected DOUBLE,
    excess DOUBLE,
    unit VARCHAR NOT NULL,
    alerts INTEGER NOT NULL,
    excess_g DOUBLE,
    excess_usd DOUBLE,
    severity VARCHAR NOT NULL,
    cause VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    region VARCHAR,
    team VARCHAR,
    environment VARCHAR,
    account_id VARCHAR,
    found_at TIMESTAMPTZ NOT NULL
);

-- What was decided of an incident; nothing is ever overwritten, the last one holds.
CREATE TABLE incident_events (
    incident_id VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    until TIMESTAMPTZ,
    reason VARCHAR NOT NULL,
    decided_at TIMESTAMPTZ NOT NULL
);

-- Maintenance and deployments: of one series, of all with a tag, or of everything.
CREATE TABLE planned_events (
    event_id VARCHAR PRIMARY KEY,
    name VARCHAR NOT NULL,
    "start" TIMESTAMPTZ NOT NULL,
    "end" TIMESTAMPTZ NOT NULL,
    series VARCHAR,
    tag VARCHAR,
    "value" VARCHAR,
    created_at TIMESTAMPTZ NOT NULL
);
