-- What a planned run emits besides its hours: moving its data, and each start after the first.
-- NULL where the transfer is not known.
ALTER TABLE job_runs ADD COLUMN transfer_grams DOUBLE;
ALTER TABLE job_runs ADD COLUMN restart_grams DOUBLE DEFAULT 0;

-- Of a run kept before, its job tells what a restart costs, and whether there was data to move at
-- all; what moving it emitted then hung on grids that may have been restated since.
UPDATE job_runs SET
    transfer_grams = CASE WHEN region = asked.home OR asked.transfer_gb = 0 THEN 0 END,
    restart_grams = asked.restart_grams
FROM (
    SELECT job_id, spec::JSON->>'home' AS home,
        coalesce((spec::JSON->>'transfer_gb')::DOUBLE, 0) AS transfer_gb,
        coalesce((spec::JSON->>'restart_grams')::DOUBLE, 0) AS restart_grams
    FROM jobs) asked
WHERE job_runs.job_id = asked.job_id;
