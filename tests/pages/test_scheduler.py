"""The Scheduler page: advice that follows the job, jobs that are kept, errors that are said."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from spectra.catalog import load_catalog
from spectra.insight.placement import Candidate, JobLimits, place
from spectra.insight.regions.model import Excluded
from spectra.insight.scheduling import Job
from spectra.scheduler import Spec
from spectra.store import Store, job_log
from spectra.store.factors import write_factors
from spectra.store.writes import write_intensities
from spectra.ui import cards
from spectra.ui.scheduler.form import Asked
from spectra.ui.scheduler.result import sentence, span
from tests import fleet
from tests.copies import once
from tests.pages.conftest import app_store, healthy, metrics, open_page

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@pytest.fixture
@once
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


def scheduler():
    return healthy(open_page("scheduler"))


def shown(app) -> str:
    parts = [e.value for kind in ("markdown", "caption", "error", "info", "code")
             for e in getattr(app, kind)]  # fmt: skip
    return "\n".join(str(part) for part in parts)


def test_without_any_grid_it_says_what_is_missing(database):
    app = open_page("scheduler")
    assert not app.exception
    assert "There is no forecast for eu-central-1" in app.error[0].value


def test_waiting_is_advised_when_it_pays(grids):
    app = scheduler()
    assert "**Run it" in shown(app)
    assert "Europe/Berlin" in shown(app)
    figures = metrics(app)
    assert float(figures["Saving against now"].rstrip(" %")) > 30
    assert figures["Probability of being better"] == "100 %"
    assert len(app.get("plotly_chart")) == 1


def advised(asked, best):
    """The part of the page that says what to do, as a script of its own."""
    import streamlit as st

    from spectra.ui.scheduler import result

    st.markdown(result.sentence(asked, best))
    result._headlines(best)


def test_a_saving_that_is_not_known_is_said_and_never_nan():
    at = pd.date_range(NOW, periods=6, freq="h")
    values = pd.Series([400.0, np.nan, np.nan, 100.0, 100.0, 400.0], index=at)
    end = NOW + timedelta(hours=6)
    home = Candidate("eu-central-1", "DE", values, np.zeros((60, 6)))
    (best,), _ = place(Job(2, NOW, end), "eu-central-1", [home])
    asked = Asked("Job", Spec("eu-central-1"), NOW, end, "UTC")
    app = healthy(AppTest.from_function(advised, args=(asked, best)).run())
    figures = metrics(app)
    assert figures["Saving against now"] == figures["Probability of being better"] == "n/a"
    assert "not known" in shown(app)
    assert "nan" not in f"{shown(app)} {[(m.value, m.delta) for m in app.metric]}"


def test_what_is_best_for_its_price_alone_does_not_pass_for_clean():
    at, end = pd.date_range(NOW, periods=6, freq="h"), NOW + timedelta(hours=6)
    home, cheap = (
        Candidate(region, "DE", pd.Series(level, index=at), np.zeros((60, 6)), usd_per_hour=usd)
        for region, level, usd in (("eu-central-1", 100.0, 2.0), ("eu-north-1", 150.0, 1.0))
    )
    best = place(Job(2, NOW, end), "eu-central-1", [home, cheap], JobLimits(grams_per_usd=1_000))[
        0
    ][0]
    spec = Spec("eu-central-1", ("eu-north-1",), grams_per_usd=1_000)
    told = sentence(Asked("Job", spec, NOW, end, "UTC"), best)
    assert "in eu-north-1" in told
    assert "100 g more than running at once, and cost $2.00 less" in told
    told = sentence(Asked("Job", spec, NOW, end, "UTC"), best, [Excluded("eu-central-1", "Far.")])
    assert "100 g more than running at once in eu-central-1, which they exclude" in told
    app = healthy(
        AppTest.from_function(advised, args=(Asked("J", spec, NOW, end, "UTC"), best)).run()
    )
    random = next(m for m in app.metric if m.label == "Against a random start")
    assert (random.value, random.delta) == ("−50.0 %", "−100 g and $2.00; mean start 200 g")


def test_another_region_is_ranked_and_a_limit_excludes_it(grids):
    app = scheduler()
    app.multiselect(key="job_regions").set_value(["eu-north-1"])
    app = healthy(app.run())
    ranked = app.dataframe[0].value
    assert ranked["region"].tolist() == ["eu-north-1", "eu-central-1"]
    app.multiselect(key="job_countries").set_value(["DE"])
    app = healthy(app.run())
    assert app.dataframe[0].value["region"].tolist() == ["eu-central-1"]
    assert "eu-north-1 is excluded" in shown(app)
    app.multiselect(key="job_countries").set_value(["SE"])
    app = healthy(app.run())
    assert app.dataframe[0].value["region"].tolist() == ["eu-north-1"]
    assert "eu-central-1 is excluded. It lies in DE, which is not allowed. It is compared" in shown(
        app
    )


def test_other_starts_are_offered_from_the_best_down(grids):
    app = scheduler()
    others = app.dataframe[1].value
    assert len(others) == 5
    savings = others["saving_pct"].tolist()
    assert savings == sorted(savings, reverse=True)


def test_a_typed_window_outlives_reruns_minutes_and_a_visit_elsewhere(grids):
    app = scheduler()
    base = app.session_state["_spectra_job_base"]
    untouched = base.astimezone(BERLIN).replace(tzinfo=None)
    assert app.datetime_input(key="job_earliest").value == untouched
    typed = untouched + timedelta(hours=5)
    app.datetime_input(key="job_earliest").set_value(typed)
    app = healthy(app.run())
    app.session_state["_spectra_job_base"] = base - timedelta(minutes=7)  # time goes by
    app = healthy(app.run())
    assert app.datetime_input(key="job_earliest").value == typed
    app = healthy(app.switch_page("pages/regions.py").run())
    app = healthy(app.switch_page("pages/scheduler.py").run())
    assert app.datetime_input(key="job_earliest").value == typed


def form_alone():
    """The form of a job as a script of its own, which keeps what was asked."""
    import streamlit as st

    from spectra.moments import HOUR
    from spectra.refresh.hours import current_hour
    from spectra.store.selection import Selection
    from spectra.ui import frame, workspace
    from spectra.ui.scheduler import form

    hour = current_hour()
    selection = Selection(hour, hour + HOUR)
    page = frame.Page(workspace.open_workspace(), workspace.catalog(), selection, hour)
    st.session_state["asked"] = form.job_form(page)


@pytest.mark.parametrize(("day", "hours"), [("2027-03-27", 23), ("2027-10-30", 25)])
def test_a_window_over_a_change_of_the_clocks_is_as_long_as_it_lasts(database, day, hours):
    app = healthy(AppTest.from_function(form_alone).run(timeout=60))
    evening = datetime.fromisoformat(f"{day}T18:00")
    app.datetime_input(key="job_earliest").set_value(evening)
    app.datetime_input(key="job_deadline").set_value(evening + timedelta(days=1))
    asked = healthy(app.run()).session_state["asked"]
    assert asked.earliest == evening.replace(tzinfo=BERLIN)
    assert asked.spec.window_hours == hours


def test_a_window_of_yesterday_begins_anew(grids):
    app = scheduler()
    base = app.session_state["_spectra_job_base"]
    typed = base.replace(tzinfo=None) - timedelta(hours=20)
    app.datetime_input(key="job_earliest").set_value(typed)
    app = healthy(app.run())
    app.session_state["_spectra_job_base"] = base - timedelta(hours=25)
    app = healthy(app.run())
    assert app.datetime_input(key="job_earliest").value == typed  # it is not over yet
    app.datetime_input(key="job_deadline").set_value(typed + timedelta(hours=1))
    app = healthy(app.run())
    assert app.session_state["_spectra_job_base"] >= base
    assert app.datetime_input(key="job_earliest").value > typed


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
    assert app.dataframe[0].value["runs"].tolist()[0] >= 1


def test_a_recurring_job_is_kept_planned_and_deleted(grids, monkeypatch):
    files: dict[str, pd.DataFrame] = {}
    monkeypatch.setattr(cards, "download", lambda frame, name: files.update({name: frame}))
    app = scheduler()
    app.text_input(key="job_cron").set_value("0 18 * * *")
    keep = next(b for b in app.button if b.label == "Keep this job")
    app = healthy(keep.click().run())
    (job,) = job_log.jobs(app_store())
    assert (job.cron, job.timezone) == ("0 18 * * *", "Europe/Berlin")
    assert len(job_log.runs(app_store())) == 1
    jobs, runs = app.dataframe[2].value, app.dataframe[3].value
    assert jobs["Recurs"].tolist() == ["0 18 * * * (Europe/Berlin)"]
    assert jobs["Next due"][0] > pd.Timestamp.now("UTC")
    assert jobs["Status"].tolist() == runs["status"].tolist() == ["planned"]
    assert runs["planned_g"][0].endswith("g")
    assert runs["realised_g"].tolist() == ["not known yet"]
    assert files["runs"]["planned_g"].dtype == float
    for name in ("regions_of_the_job", "other_starts"):
        assert files[name].select_dtypes(float).columns[:2].tolist() == ["co2e_g", "saving_pct"]
    assert {"past_mae_g_per_kwh", "mae_g_per_kwh"} <= set(files["forecast_accuracy"])
    app = healthy(app.button(key=f"job_delete_{job.job_id}").click().run())
    assert job_log.jobs(app_store()) == []
    # One that comes due beyond the forecast has no run yet, and is there all the same.
    far = (datetime.now(BERLIN) + timedelta(days=4)).strftime("0 3 %d %m *")
    app.text_input(key="job_cron").set_value(far)
    app = healthy(next(b for b in app.button if b.label == "Keep this job").click().run())
    jobs = app.dataframe[2].value
    assert jobs["Status"].tolist() == ["not planned yet"]
    assert job_log.runs(app_store()) == []


def test_a_job_that_is_gone_takes_no_other_with_it(grids):
    app = scheduler()
    app.text_input(key="job_cron").set_value("0 18 * * *")
    for _ in range(2):
        app = healthy(next(b for b in app.button if b.label == "Keep this job").click().run())
    first, second = job_log.jobs(app_store())
    chosen = next(job for job in (first, second)
                  if f"job_delete_{job.job_id}" in [b.key for b in app.button])  # fmt: skip
    delete = app.button(key=f"job_delete_{chosen.job_id}")
    job_log.delete_job(app_store(), chosen.job_id)  # in another tab
    healthy(delete.click().run())
    assert len(job_log.jobs(app_store())) == 1


def test_another_timezone_leaves_an_untouched_window_where_it_is(grids):
    app = scheduler()
    window = [app.datetime_input(key=key).value for key in ("job_earliest", "job_deadline")]
    app.selectbox(key="job_timezone").set_value("Asia/Tokyo")
    app = healthy(app.run())
    for key, before in zip(("job_earliest", "job_deadline"), window, strict=True):
        after = app.datetime_input(key=key).value.replace(tzinfo=ZoneInfo("Asia/Tokyo"))
        assert after == before.replace(tzinfo=BERLIN)
    typed = window[0] + timedelta(hours=3)
    app.datetime_input(key="job_earliest").set_value(typed)
    app.run()
    app.selectbox(key="job_timezone").set_value("UTC")
    assert healthy(app.run()).datetime_input(key="job_earliest").value == typed


def test_where_the_clocks_change_the_advice_names_offsets():
    slot = (datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC))
    assert span((slot,), "Europe/Berlin") == ("Sun 02:00 +0200 to Sun 02:00 +0100 (Europe/Berlin)")
    assert span((slot,), "UTC") == "Sun 00:00 to Sun 01:00 (UTC)"


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
    assert judged["zone"].tolist() == ["DE"]
    assert "linear" in judged["models"][0] or "same hour" in judged["models"][0]


def test_a_public_deployment_keeps_no_jobs(grids, monkeypatch):
    monkeypatch.setenv("SPECTRA_PUBLIC", "on")
    app = scheduler()
    assert "jobs are not kept" in shown(app)
    assert not [b for b in app.button if b.label == "Keep this job"]
