"""The Scheduler page: advice that follows the job, jobs that are kept, errors that are said."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from spectra.catalog import load_catalog
from spectra.store import Store, job_log
from spectra.store.factors import write_factors
from spectra.store.writes import write_intensities
from tests import fleet
from tests.pages.conftest import app_store, healthy, metrics, open_app

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@pytest.fixture
def grids(database):
    """A hundred days of two grids: one with a rhythm of the day, one that is clean."""
    store = Store(database)
    catalog = load_catalog()
    write_factors(store, catalog)
    at = pd.date_range(NOW - timedelta(days=100), NOW, freq="h", unit="us")
    # The running hour is the dirtiest of the day, so that waiting pays.
    angle = 2 * np.pi * (at.hour.to_numpy() - NOW.hour) / 24
    rhythm = 300 + 150 * np.cos(angle)
    frames = [fleet.intensities("DE", at, rhythm, rhythm + 50),
              fleet.intensities("SE-SE3", at, 20.0, 30.0)]  # fmt: skip
    write_intensities(store, pd.concat(frames), catalog)
    store.close()
    return database


def scheduler():
    return healthy(open_app().switch_page("pages/scheduler.py").run())


def shown(app) -> str:
    parts = [e.value for kind in ("markdown", "caption", "error", "info", "code")
             for e in getattr(app, kind)]  # fmt: skip
    return "\n".join(str(part) for part in parts)


def test_without_any_grid_it_says_what_is_missing(database):
    app = open_app().switch_page("pages/scheduler.py").run()
    assert not app.exception
    assert "There is no forecast for eu-central-1" in app.error[0].value


def test_waiting_is_advised_when_it_pays(grids):
    app = scheduler()
    assert "**Run it" in shown(app)
    assert "Europe/Berlin" in shown(app)
    figures = metrics(app)
    assert float(figures["Saving against now"].rstrip(" %")) > 30
    assert figures["Probability of being better"] == "100%"
    assert len(app.get("plotly_chart")) == 1


def test_another_region_is_ranked_and_a_limit_excludes_it(grids):
    app = scheduler()
    app.multiselect(key="job_regions").set_value(["eu-north-1"])
    app = healthy(app.run())
    ranked = app.dataframe[0].value
    assert ranked["Region"].tolist() == ["eu-north-1", "eu-central-1"]
    app.multiselect(key="job_countries").set_value(["DE"])
    app = healthy(app.run())
    assert app.dataframe[0].value["Region"].tolist() == ["eu-central-1"]
    assert "eu-north-1 is excluded" in shown(app)


def test_other_starts_are_offered_from_the_best_down(grids):
    app = scheduler()
    others = app.dataframe[1].value
    assert len(others) == 5
    savings = others["Against now [%]"].tolist()
    assert savings == sorted(savings, reverse=True)


def test_power_can_be_given_instead_of_instances(grids):
    app = scheduler()
    app.get("button_group")  # drawn
    app.session_state["job_power_by"] = "power"
    app = healthy(app.run())
    app.number_input(key="job_kw").set_value(10.0)
    app = healthy(app.run())
    assert "kg" in metrics(app)["Emissions in this slot"]


def test_a_job_that_does_not_fit_is_said_and_nothing_breaks(grids):
    app = scheduler()
    app.number_input(key="job_duration").set_value(60.0)
    app = app.run()
    assert not app.exception
    assert "does not fit" in app.error[0].value


def test_an_interruptible_job_may_run_in_parts(grids):
    app = scheduler()
    app.toggle(key="job_cut").set_value(True)
    app.number_input(key="job_duration").set_value(16.0)
    app = healthy(app.run())
    assert app.dataframe[0].value["Runs"].tolist()[0] >= 1


def test_a_recurring_job_is_kept_planned_and_deleted(grids):
    app = scheduler()
    app.text_input(key="job_cron").set_value("0 18 * * *")
    keep = next(b for b in app.button if b.label == "Keep this job")
    app = healthy(keep.click().run())
    (job,) = job_log.jobs(app_store())
    assert (job.cron, job.timezone) == ("0 18 * * *", "Europe/Berlin")
    assert len(job_log.runs(app_store())) == 1
    runs = app.dataframe[2].value
    assert runs["Status"].tolist()[0] in ("planned", "running")
    app = healthy(app.button(key="job_delete").click().run())
    assert job_log.jobs(app_store()) == []


def test_a_wrong_cron_expression_keeps_nothing(grids):
    app = scheduler()
    app.text_input(key="job_cron").set_value("often")
    app = next(b for b in app.button if b.label == "Keep this job").click().run()
    assert "no cron expression" in app.error[0].value
    assert job_log.jobs(app_store()) == []


def test_exports_are_offered_and_hold_the_slot(grids):
    app = scheduler()
    codes = [c.value for c in app.code]
    assert any("aws scheduler create-schedule" in c for c in codes)
    assert any("Times are UTC" in c for c in codes)
    assert {b.label for b in app.get("download_button")} >= {"Calendar", "JSON"}


def test_accuracy_names_the_models(grids):
    app = scheduler()
    judged = app.dataframe[-1].value
    assert judged["Zone"].tolist() == ["DE"]
    assert "linear" in judged["Models"][0] or "same hour" in judged["Models"][0]


def test_a_public_deployment_keeps_no_jobs(grids, monkeypatch):
    monkeypatch.setenv("SPECTRA_PUBLIC", "on")
    app = scheduler()
    assert "jobs are not kept" in shown(app)
    assert not [b for b in app.button if b.label == "Keep this job"]
