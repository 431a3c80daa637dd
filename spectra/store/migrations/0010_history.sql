-- History beyond one machine: days whose hours were rolled up, and who has the database open.

-- Days whose sums are final: they are computed no more, and their hourly readings may be gone.
-- A later change of a grid, a tag or a factor is not counted in them any more, which is told.
CREATE TABLE rolled_days (
    "day" DATE PRIMARY KEY,
    rolled_at TIMESTAMPTZ NOT NULL,
    changed_at TIMESTAMPTZ
);

-- Openings of a database that several processes share; a process that is gone beats no more.
CREATE TABLE openings (identity VARCHAR PRIMARY KEY, beat_at TIMESTAMPTZ NOT NULL);

-- What one opening does at a time, such as a refresh.
CREATE TABLE leases ("name" VARCHAR PRIMARY KEY, owner VARCHAR NOT NULL);
