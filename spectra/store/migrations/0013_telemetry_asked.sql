-- How far CloudWatch was asked for each instance, whether or not it had anything: each question costs.
CREATE TABLE telemetry_asked (
    instance_id VARCHAR PRIMARY KEY,
    asked_until TIMESTAMPTZ NOT NULL
);

-- Every instance that was known when its region was read last was asked for with it.
INSERT INTO telemetry_asked
SELECT i.instance_id, max(s.read_until)
FROM instances i JOIN source_state s ON s.source = 'aws' AND s.dataset = 'utilisation'
    AND s.scope = concat_ws('/', i.account_id, i.region)
WHERE s.read_until IS NOT NULL
GROUP BY i.instance_id HAVING min(i.fetched_at) <= max(s.succeeded_at);
