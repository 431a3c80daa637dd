"""What is forecast and planned rests on what a refresh has just read, not on what was there."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from spectra import cli
from spectra.refresh.background import Refresher
from spectra.refresh.connections import Connections
from spectra.scheduler import Spec
from spectra.store import Store, forecast_log, job_log
from spectra.store.factors import write_factors
from spectra.store.job_log import SavedJob
from spectra.store.writes import write_intensities
from spectra.ui.workspace import Setup, Workspace
from tests import fleet
from tests.servers.world import CATALOG, HOUR

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def fill(store: Store) -> None:
    """Two days of a grid that end six hours ago, and a job that comes due every hour."""
    write_factors(store, CATALOG)
    at = pd.date_range(NOW - timedelta(days=2), NOW - 6 * HOUR, freq="h", unit="us")
    write_intensities(store, fleet.intensities("DE", at, 300.0, 350.0), CATALOG)
    spec = Spec("eu-central-1", duration_hours=1, window_hours=6)
    kept = SavedJob("j1", "Hourly", spec.as_dict(), "0 * * * *", "UTC", True, datetime.now(UTC))
    job_log.save_job(store, kept)


def of_the_newest(store: Store) -> bool:
    """Whether the forecast begins after an hour that was known when it was issued."""
    made = forecast_log.latest(store, "DE", "lifecycle")
    return made["hour"].iloc[0] == made["issued_at"].iloc[0] + HOUR


@pytest.fixture
def workspace(world, store):
    fill(store)
    live = world.connections(aws=None, radar=None)
    setup = Setup(store, CATALOG, world.config(demo=False), live)
    return Workspace(setup, Refresher(setup.live, after=setup.plan_runs), is_private=True)


def test_the_command_line_forecasts_and_plans_after_the_refresh(world, tmp_path, monkeypatch):
    settings = world.settings(
        SPECTRA_DATABASE=str(tmp_path / "s.duckdb"), SPECTRA_PORTAL_FOLDER=str(tmp_path / "none")
    )
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    store = Store(tmp_path / "s.duckdb")
    fill(store)
    store.close()
    assert cli.main(["refresh", "--source", "electricity_maps"]) == cli.OK
    store = Store(tmp_path / "s.duckdb")
    assert of_the_newest(store)
    assert len(job_log.runs(store)) == 1
    store.close()


def test_the_app_plans_on_live_grids_after_the_refresh_of_them(workspace, store):
    workspace.catch_up(NOW, lambda share, text: None)
    assert job_log.runs(store) == []
    assert forecast_log.latest(store, "DE", "lifecycle").empty
    workspace.refresher.start()
    workspace.refresher.wait(60)
    assert workspace.refresher.error is None
    assert of_the_newest(store)
    assert len(job_log.runs(store)) == 1


def test_without_live_grids_the_app_plans_when_it_catches_up(workspace, store):
    workspace.setup.connections = Connections()
    workspace.catch_up(NOW, lambda share, text: None)
    assert len(job_log.runs(store)) == 1
