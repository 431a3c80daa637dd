-- When running at once would have begun: at the earliest start of a run, or when it was first
-- planned if that was later. Plan and outcome are both compared with it.
ALTER TABLE job_runs ADD COLUMN at_once TIMESTAMPTZ;

-- A run kept before was last compared when it was last planned. What recurs would have begun when
-- it came due, however often it was planned again after that.
UPDATE job_runs SET at_once = greatest(earliest, planned_at);
UPDATE job_runs SET at_once = earliest
FROM jobs
WHERE jobs.job_id = job_runs.job_id AND jobs.cron IS NOT NULL
    AND jobs.created_at <= job_runs.earliest;
