"""Runs of jobs in files of older versions."""

from datetime import UTC, datetime, timedelta

from spectra.hindsight import realised
from spectra.scheduler import Spec
from spectra.store import Store, database, job_log
from spectra.store.job_log import SavedJob

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BEFORE_COSTS = 10


def test_runs_kept_without_transfer_and_restarts_get_what_their_job_tells(tmp_path, monkeypatch):
    path = tmp_path / "spectra.duckdb"
    steps = {n: sql for n, sql in database.migration_steps().items() if n <= BEFORE_COSTS}
    monkeypatch.setattr(database, "migration_steps", lambda: steps)
    store = Store(path)
    heavy, light = (Spec("eu-central-1", ("eu-north-1",), restart_grams=7.0, transfer_gb=gb)
                    for gb in (20.0, 0.0))  # fmt: skip
    keep(store, "heavy-home", heavy, "eu-central-1")
    keep(store, "heavy-away", heavy, "eu-north-1")
    keep(store, "light-away", light, "eu-north-1")
    keep(store, "late", light, "eu-central-1", planned_after=3 * HOUR)
    keep(store, "nightly", light, "eu-central-1", planned_after=3 * HOUR, cron="0 12 * * *")
    store.close()
    monkeypatch.undo()

    store = Store(path)
    runs = {run.job_id: run for run in job_log.runs(store)}
    assert {name: run.transfer_grams for name, run in runs.items()} == {
        "heavy-home": 0.0, "light-away": 0.0, "heavy-away": None, "late": 0.0, "nightly": 0.0,
    }  # fmt: skip
    # What ran once was compared with when it was planned, what recurs with when it came due.
    assert (runs["late"].at_once, runs["nightly"].at_once) == (NOON + 3 * HOUR, NOON)
    assert {run.restart_grams for run in runs.values()} == {7.0}
    assert realised(store, runs["heavy-away"]) is None
    job_log.keep_run(store, runs["heavy-away"])
    assert job_log.run_of(store, "heavy-away", NOON) == runs["heavy-away"]
    store.close()


def keep(
    store: Store,
    job_id: str,
    spec: Spec,
    region: str,
    *,
    planned_after: timedelta = timedelta(0),
    cron: str | None = None,
) -> None:
    """A job and a run of it as they were kept before."""
    job_log.save_job(store, SavedJob(job_id, job_id, spec.as_dict(), cron, "UTC", True, NOON))
    with store.write() as cursor:
        cursor.execute(
            f"INSERT INTO job_runs VALUES ({', '.join('?' * 15)})",
            [job_id, NOON, NOON + 24 * HOUR, region, "SE-SE3", "lifecycle", 1.1, "DE", 1.3, 2.0,
             f'[["{NOON.isoformat()}", "{(NOON + 2 * HOUR).isoformat()}"]]', 1.0, 2.0, None,
             NOON + planned_after],
        )  # fmt: skip
