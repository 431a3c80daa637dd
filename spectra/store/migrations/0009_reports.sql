-- Final reports, in a chain: a row is never changed, a later change of data makes a further row.

CREATE TABLE reports (
    report_id VARCHAR PRIMARY KEY,
    "sequence" INTEGER NOT NULL UNIQUE,
    "period" VARCHAR NOT NULL,
    "start" TIMESTAMPTZ NOT NULL,
    "end" TIMESTAMPTZ NOT NULL,
    -- Which period and boundary it is about: what a later report of the same scope restates.
    scope_key VARCHAR NOT NULL,
    restates VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    sealed_at TIMESTAMPTZ NOT NULL,
    total_lb_g DOUBLE NOT NULL,
    total_mb_g DOUBLE NOT NULL,
    manifest_hash VARCHAR NOT NULL,
    -- Of the list of its inputs' hashes, and of the whole report as it was sealed.
    inputs_hash VARCHAR NOT NULL,
    content_hash VARCHAR NOT NULL,
    -- Canonical JSON of all of the above with the manifest itself: what the chain is made of.
    record VARCHAR NOT NULL,
    previous_hash VARCHAR NOT NULL,
    -- Each hash covers the one before it: a report cannot be changed or dropped unseen.
    chain_hash VARCHAR NOT NULL,
    content BLOB NOT NULL
);
