-- Machines and volumes of rolled days that have no sum of them, as those of an account that joined
-- later: their hours were taken off the queue with the others'. An hour a day queues the whole day.
INSERT INTO stale_hours
SELECT DISTINCT a.region, r."day"::TIMESTAMPTZ
FROM rolled_days r JOIN (
    SELECT instance_id AS resource_id, region, valid_from, valid_to FROM instances
    WHERE state = 'running'
    UNION ALL SELECT volume_id, region, valid_from, valid_to FROM volumes) a
    ON a.valid_from < r."day"::TIMESTAMPTZ + INTERVAL 1 DAY
    AND coalesce(a.valid_to > r."day"::TIMESTAMPTZ, true)
ANTI JOIN emissions_daily d ON d.resource_id = a.resource_id AND d."day" = r."day";
