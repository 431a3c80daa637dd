-- What was changed, or was about to be, in an account or in the demo fleet; and schedules for it.

CREATE TABLE action_plans (
    plan_id VARCHAR PRIMARY KEY,
    batch_id VARCHAR,
    runner VARCHAR NOT NULL,
    action VARCHAR NOT NULL,
    account_id VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    resource_id VARCHAR NOT NULL,
    plan VARCHAR NOT NULL,
    origin VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    -- The opening of the store that carries it out; one of another opening was interrupted.
    owner VARCHAR NOT NULL,
    error VARCHAR NOT NULL DEFAULT '',
    created_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ
);

-- One row per step, written before its call and after.
CREATE TABLE action_steps (
    plan_id VARCHAR NOT NULL,
    number INTEGER NOT NULL,
    state VARCHAR NOT NULL DEFAULT 'pending',
    operation VARCHAR NOT NULL,
    arguments VARCHAR,
    request_id VARCHAR,
    result VARCHAR,
    error_code VARCHAR,
    error VARCHAR,
    started_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    undo_arguments VARCHAR,
    undo_request_id VARCHAR,
    undo_started_at TIMESTAMPTZ,
    undone_at TIMESTAMPTZ,
    PRIMARY KEY (plan_id, number)
);

-- What was done to the demo fleet, in order; the demo company follows it.
CREATE SEQUENCE demo_change_ids;

CREATE TABLE demo_changes (
    change_id BIGINT PRIMARY KEY DEFAULT nextval('demo_change_ids'),
    resource_id VARCHAR NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL,
    kind VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    is_applied BOOLEAN NOT NULL DEFAULT false
);

CREATE TABLE action_schedules (
    schedule_id VARCHAR PRIMARY KEY,
    name VARCHAR NOT NULL,
    tag_key VARCHAR NOT NULL,
    tag_value VARCHAR NOT NULL,
    cron_start VARCHAR,
    cron_stop VARCHAR,
    timezone VARCHAR NOT NULL,
    is_active BOOLEAN NOT NULL,
    confirmed_at TIMESTAMPTZ,
    -- Times that came due before this moment were dealt with.
    handled_until TIMESTAMPTZ NOT NULL
);
