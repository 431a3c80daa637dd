-- What AWS bills for a machine on a day, and by which purchase option. Cuts of the whole bill by
-- type and by option fed nothing but their own export, at a cent a request.
CREATE TABLE resource_costs (
    "day" DATE NOT NULL,
    account_id VARCHAR NOT NULL,
    resource_id VARCHAR NOT NULL,
    purchase_option VARCHAR,
    billed_cost_usd DOUBLE,
    effective_cost_usd DOUBLE,
    is_provisional BOOLEAN NOT NULL,
    source VARCHAR NOT NULL,
    fetched_at TIMESTAMPTZ NOT NULL
);

INSERT INTO resource_costs
SELECT "day", account_id, "key", NULL, billed_cost_usd, effective_cost_usd, is_provisional,
    source, fetched_at
FROM cost_cuts WHERE cut = 'resource';

DROP TABLE cost_cuts;
