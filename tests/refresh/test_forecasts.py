"""Forecasts in the store: issued once an hour, kept, and judged on what came true."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spectra import notices, schedule_cli, scheduler
from spectra.catalog import load_catalog
from spectra.config import load_config
from spectra.errors import InputError
from spectra.hindsight import realised
from spectra.insight.forecast import Choice
from spectra.insight.scheduling import InfeasibleError
from spectra.refresh import forecasts
from spectra.refresh.forecasts import HORIZON_HOURS, issue_forecasts
from spectra.scheduler import Spec, candidates, next_due, place_job, plan_due_runs
from spectra.sources import _electricity_maps_shapes as shapes
from spectra.store import Store, forecast_log, job_log
from spectra.store.factors import write_factors
from spectra.store.forecast_log import Chosen
from spectra.store.job_log import Run, SavedJob
from spectra.store.live_writes import write_rows
from spectra.store.writes import write_intensities
from tests import copies, fleet

CATALOG = load_catalog()
HOUR = timedelta(hours=1)
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def grid(zone: str, start: datetime, end: datetime, level: float = 300.0) -> pd.DataFrame:
    """A rhythm of the day that comes true exactly; lifecycle 50 g above direct."""
    at = pd.date_range(start, end, freq="h", inclusive="left", unit="us")
    direct = level + 80 * np.sin(2 * np.pi * at.hour.to_numpy() / 24)
    return fleet.intensities(zone, at, direct, direct + 50)


@copies.once
def with_grids(path):
    opened = Store(path)
    write_factors(opened, CATALOG)
    frame = pd.concat([grid("DE", NOW - timedelta(days=100), NOW + HOUR),
                       grid("SE-SE3", NOW - timedelta(days=100), NOW + HOUR, 100.0)])  # fmt: skip
    write_intensities(opened, frame, CATALOG)
    opened.close()


@copies.once
def with_forecasts(path):
    opened = Store(with_grids(path))
    issue_forecasts(opened, now=NOW)
    opened.close()


@pytest.fixture
def store(tmp_path):
    opened = Store(with_grids(tmp_path / "grids.duckdb"))
    yield opened
    opened.close()


@pytest.fixture
def forecast(tmp_path):
    """The same with the forecasts of this hour."""
    opened = Store(with_forecasts(tmp_path / "forecasts.duckdb"))
    yield opened
    opened.close()


def test_each_zone_is_forecast_once_an_hour(store):
    assert issue_forecasts(store, now=NOW) == 2
    assert issue_forecasts(store, now=NOW + timedelta(minutes=30)) == 0
    latest = forecast_log.latest(store, "DE", "lifecycle")
    assert len(latest) == HORIZON_HOURS
    assert latest["hour"].iloc[0] == pd.Timestamp(NOW + HOUR)
    assert (latest["lower_g_per_kwh"] <= latest["upper_g_per_kwh"]).all()
    assert issue_forecasts(store, factor="direct", zones=["DE"], now=NOW) == 1
    direct = forecast_log.latest(store, "DE", "direct")["mean_g_per_kwh"]
    assert (latest["mean_g_per_kwh"] - direct).mean() == pytest.approx(50, abs=1)


def test_of_old_forecasts_the_last_of_each_day_is_kept(store):
    """A day ends at 01:00 UTC, when the newest is there that a budget of its midnight asks for."""
    issue_forecasts(store, zones=["DE"], now=NOW)
    issue = forecast_log.latest(store, "DE", "lifecycle").assign(zone="DE", factor="lifecycle")
    midnight = NOW.replace(hour=0) - timedelta(days=9)
    for hours in (-1, 0, 1, 2, 26):
        forecast_log.keep_issued(store, issue.assign(issued_at=midnight + hours * HOUR))
    forecast_log.keep_issued(store, issue.assign(issued_at=NOW + forecast_log.KEPT))
    kept = store.frame("SELECT DISTINCT issued_at FROM issued_forecasts ORDER BY issued_at")
    assert kept["issued_at"].tolist() == [
        midnight + HOUR, midnight + 2 * HOUR, midnight + 26 * HOUR, NOW, NOW + forecast_log.KEPT,
    ]  # fmt: skip


def test_models_are_chosen_once_and_kept(store):
    issue_forecasts(store, now=NOW)
    first = forecast_log.chosen(store, "DE", "lifecycle")
    issue_forecasts(store, now=NOW + HOUR)
    assert forecast_log.chosen(store, "DE", "lifecycle") == first
    assert set(forecast_log.choices(store, "lifecycle")["zone"]) == {"DE", "SE-SE3"}


def test_a_gap_in_one_zone_takes_no_forecast(store, monkeypatch, caplog):
    """Not its own, on last year's file and a day of live hours, and not another's."""
    year = datetime(NOW.year - 1, 1, 1, tzinfo=UTC)
    frames = [grid("FR", year, year + timedelta(days=300), 160.0),
              grid("FR", NOW - 24 * HOUR, NOW + HOUR, 160.0)]  # fmt: skip
    write_intensities(store, pd.concat(frames), CATALOG)
    nothing = forecasts._to_json(Choice("linear", (), np.full((1, 48), np.nan), np.nan, np.nan))
    kept = Chosen(datetime.now(UTC), 300 * 24, nothing)  # as earlier versions chose there
    forecast_log.keep_choice(store, "FR", "lifecycle", kept)
    issue_one = forecasts._issue

    def breaks(opened, zone, *rest):
        return issue_one(opened, zone, *rest) if zone != "DE" else {}[zone]

    monkeypatch.setattr(forecasts, "_issue", breaks)
    assert issue_forecasts(store, now=NOW) == 2
    assert "DE was not forecast" in caplog.text
    made = forecast_log.latest(store, "FR", "lifecycle").set_index("hour")["mean_g_per_kwh"]
    true = grid("FR", NOW + HOUR, NOW + 49 * HOUR, 160.0)["intensity_lifecycle_g_per_kwh"]
    assert np.abs(made.to_numpy() - true.to_numpy()).mean() < 20
    # Nothing was judged there; once there are days to judge by, it is.
    assert forecasts._from_json(forecast_log.chosen(store, "FR", "lifecycle").choice).members
    days = forecast_log.history(store, "DE", "lifecycle", NOW).tail(80)
    assert forecasts._choice(store, "FR", "lifecycle", days).step == "short"


def test_a_zone_without_history_has_no_forecast(store):
    assert issue_forecasts(store, zones=["FR"], now=NOW) == 0
    assert forecast_log.latest(store, "FR", "lifecycle").empty


def test_history_that_ended_long_ago_has_no_forecast_of_now(store):
    """What was issued when it was known stands as it was, and is of hours that have passed."""
    assert issue_forecasts(store, zones=["DE"], now=NOW) == 1
    later = NOW + 30 * HOUR
    rows = schedule_cli._this_hours(store, "DE", "lifecycle", later)
    assert set(rows["issued_at"]) == {pd.Timestamp(later)}
    assert (rows["hour"].iloc[0], len(rows)) == (pd.Timestamp(later), 19)
    later = NOW + 49 * HOUR
    assert issue_forecasts(store, zones=["DE"], now=later) == 0
    with pytest.raises(InputError, match="from the last two days") as error:
        schedule_cli._this_hours(store, "DE", "lifecycle", later)
    assert "Refresh" in error.value.next_step


def test_accuracy_is_of_what_was_issued_and_came_true(store):
    past = NOW - timedelta(days=3)
    issue_forecasts(store, now=past)
    rows = forecast_log.accuracy(store, "lifecycle", past - HOUR).set_index("zone")
    assert rows.loc["DE", "hour_count"] == HORIZON_HOURS
    assert rows.loc["DE", "mape_pct"] < 1
    assert abs(rows.loc["DE", "bias_g_per_kwh"]) < 1
    assert rows.loc["DE", "mae_yesterday_g_per_kwh"] == pytest.approx(0, abs=1e-6)
    assert pd.isna(rows.loc["DE", "mae_provider_g_per_kwh"])
    assert forecast_log.accuracy(store, "lifecycle", NOW).empty
    # Theirs are dated when they were updated: twice in that hour, and once more after the next.
    truth = grid("DE", past + HOUR, past + 7 * HOUR)["intensity_lifecycle_g_per_kwh"]
    for minutes, off in ((11, 50.0), (41, 7.0), (75, 90.0)):
        points = [{"carbonIntensity": value + off, "datetime": f"{past + k * HOUR:%FT%TZ}"}
                  for k, value in enumerate(truth, start=1)]  # fmt: skip
        updated = past + timedelta(minutes=minutes, seconds=17)
        body = {"forecast": points, "updatedAt": f"{updated:%FT%T.042Z}"}
        write_rows(store, "provider_forecasts", shapes.forecasts("DE", "lifecycle", body))
    row = forecast_log.accuracy(store, "lifecycle", past - HOUR).set_index("zone").loc["DE"]
    assert row["mae_provider_g_per_kwh"] == pytest.approx(7)
    made = forecast_log.latest(store, "DE", "lifecycle")["mean_g_per_kwh"].head(6)
    ours = np.abs(made.to_numpy() - truth.to_numpy()).mean()
    assert row["mae_beside_provider_g_per_kwh"] == pytest.approx(ours)
    assert row["hour_count"] == HORIZON_HOURS


SPEC = Spec("eu-central-1", ("eu-north-1",), duration_hours=3, window_hours=24, count=20)


def placed(store: Store, spec: Spec):
    """Options and exclusions of a job in the next day, on this hour's forecasts."""
    offered = candidates(store, CATALOG, spec, NOW)
    return place_job(offered, CATALOG, spec, NOW, NOW + timedelta(hours=24))


def test_a_job_is_placed_where_and_when_it_emits_least(store):
    options, excluded = placed(store, SPEC)
    assert [o.region for o in options] == ["eu-north-1", "eu-central-1"]
    assert options[0].is_recommended
    assert options[0].saving_pct > 50
    assert excluded == []
    spec = replace(SPEC, regions=("eu-west-1",))
    _, excluded = placed(store, spec)
    assert [(e.region, e.reason) for e in excluded] == [
        ("eu-west-1", "There is no forecast for it.")
    ]


def test_a_limit_on_latency_needs_a_measurement(forecast):
    spec = replace(SPEC, max_latency_ms=50.0)
    _, excluded = placed(forecast, spec)
    assert "not known" in excluded[0].reason


def test_a_job_is_as_far_away_as_the_comparison_of_regions_says(forecast):
    with forecast.write() as cursor:
        for method, at, ms, is_proxy in (("tcp_probe", "10:00", 20.0, False),
                                         ("radar_origins_region", "12:00", 90.0, False),
                                         ("radar_country", "12:00", 5.0, True)):  # fmt: skip
            cursor.execute(
                "INSERT INTO latency VALUES ('eu-central-1', ?, ?, 'round trip', ?, ?, NULL, "
                "NULL, NULL, 'x', 'measured', now())",
                [method, f"2026-11-25 {at}Z", is_proxy, ms],
            )
    (home, *_) = candidates(forecast, CATALOG, SPEC, NOW)
    assert home.latency_ms == 20.0
    # In hindsight, too.
    for limit, is_allowed in ((None, True), (20.0, True), (19.0, False)):
        spec = replace(SPEC, home="eu-central-1", max_latency_ms=limit).as_dict()
        assert job_log.allows_home(forecast, spec, "DE") is is_allowed


def test_no_zone_is_not_every_zone(store):
    assert issue_forecasts(store, zones=[], now=NOW) == 0


def test_late_data_makes_the_running_hour_a_forecast_too(forecast):
    offered = candidates(forecast, CATALOG, SPEC, NOW + 4 * HOUR)
    home = offered[0]
    assert home.intensity.index[0] == pd.Timestamp(NOW + 4 * HOUR)
    assert home.errors.shape[1] == len(home.intensity) == HORIZON_HOURS - 3
    now = candidates(forecast, CATALOG, SPEC, NOW)[0]
    assert now.errors.shape[1] == len(now.intensity) == HORIZON_HOURS + 1
    assert (now.errors[:, 0] == 0).all()


def test_data_to_move_weighs_on_another_region(forecast):
    near, _ = placed(forecast, SPEC)
    heavy = replace(SPEC, transfer_gb=1_000.0)
    far, _ = placed(forecast, heavy)
    grams = {o.region: o.grams for o in far}
    assert grams["eu-north-1"] - near[0].grams == pytest.approx(250, abs=80)  # 1 kWh, both grids
    assert grams["eu-central-1"] == pytest.approx(near[1].grams, rel=1e-3)
    there = candidates(forecast, CATALOG, heavy, NOW)[1]
    starts = scheduler.other_starts(there, CATALOG, heavy, NOW, NOW + timedelta(hours=24))
    assert starts[0].grams == pytest.approx(grams["eu-north-1"], rel=1e-3)


def test_what_does_not_fit_is_said(forecast):
    with pytest.raises(InfeasibleError, match="does not fit"):
        placed(forecast, replace(SPEC, duration_hours=30))


def job(cron: str | None, timezone: str = "UTC") -> SavedJob:
    return SavedJob("j1", "Nightly", SPEC.as_dict(), cron, timezone, True, NOW)


def test_a_recurring_job_is_planned_again_until_it_starts(forecast):
    due = NOW + 2 * HOUR
    job_log.save_job(forecast, job(f"{due.minute} {due.hour} * * *"))
    assert plan_due_runs(forecast, CATALOG) == 1
    (run,) = job_log.runs(forecast)
    assert run.earliest in (due, due - timedelta(days=1))
    assert run.slots[0][0] >= run.earliest
    plan_due_runs(forecast, CATALOG)
    assert len(job_log.runs(forecast)) == 1
    # Where windows last longer than a period, every one that is open is planned again, but for
    # those that opened before there was a job.
    hourly = replace(job("0 * * * *"), spec=replace(SPEC, window_hours=6).as_dict())
    later = datetime.now(UTC)
    this_hour = later.replace(minute=0, second=0, microsecond=0)  # another, where NOW is long ago
    job_log.save_job(forecast, replace(hourly, created_at=this_hour - 2.5 * HOUR))
    assert plan_due_runs(forecast, CATALOG, later) >= 3
    again = {r.earliest for r in job_log.runs(forecast) if r.planned_at == later}
    assert again == {this_hour - h * HOUR for h in (-1, 0, 1, 2)}
    job_log.delete_job(forecast, "j1")
    assert (job_log.jobs(forecast), job_log.runs(forecast)) == ([], [])


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-03-28T12:00Z", "2026-03-28T17:00Z"),  # 18:00 in winter
        ("2026-03-29T12:00Z", "2026-03-29T16:00Z"),  # and on the day the clocks go forward
        ("2026-10-25T12:00Z", "2026-10-25T17:00Z"),
    ],
)
def test_a_cron_expression_is_of_its_timezone(after, expected):
    moment = pd.Timestamp(after).to_pydatetime()
    assert next_due(job("0 18 * * *", "Europe/Berlin"), moment) == pd.Timestamp(expected)
    with pytest.raises(InputError, match="no timezone"):
        next_due(job("0 18 * * *", "Mars/Base"), moment)


@pytest.mark.parametrize("cron", ["nonsense", "61 * * * *", "0 0 31 2 *", ""])
def test_a_cron_expression_that_never_comes_due_is_refused(cron):
    with pytest.raises(InputError, match="no cron expression"):
        next_due(job(cron), NOW)


def test_a_run_is_judged_when_its_window_is_over(forecast):
    past = NOW - timedelta(days=2)
    options, _ = placed(forecast, SPEC)
    shifted = [(a - timedelta(days=2), b - timedelta(days=2)) for a, b in options[1].plan.slots]
    home = replace(options[1], plan=replace(options[1].plan, slots=tuple(shifted)))
    job_log.save_job(forecast, job(None))
    run = scheduler.keep_option(forecast, CATALOG, "j1", SPEC, past, home, past)
    known = realised(forecast, run)
    # What the grid really did may favour either; nothing is better than knowing it beforehand.
    assert known.oracle_grams <= min(known.grams, known.now_grams) + 1e-6
    open_run = replace(run, earliest=NOW, at_once=NOW, deadline=NOW + timedelta(hours=24))
    assert realised(forecast, open_run) is None


def test_at_once_is_the_same_moment_in_plan_and_outcome(forecast):
    """The earliest start, or when a job was first planned; planning again does not move it."""
    now, past = datetime.now(UTC), NOW - 12 * HOUR
    alone = replace(SPEC, regions=())
    offered = candidates(forecast, CATALOG, alone, NOW)
    options, _ = place_job(offered, CATALOG, alone, past, past + 24 * HOUR)
    job_log.save_job(forecast, job(None))
    run = scheduler.keep_option(forecast, CATALOG, "j1", SPEC, past, options[0], now)
    assert run.at_once == now
    write_intensities(forecast, grid("DE", NOW + HOUR, NOW + 30 * HOUR), CATALOG)
    assert realised(forecast, run).now_grams == pytest.approx(run.planned_now_grams, rel=0.01)
    due, cheaper = NOW + 2 * HOUR, replace(options[0], saving_g=1.0)
    first = scheduler.keep_option(forecast, CATALOG, "j1", SPEC, due, options[0], now)
    assert first.at_once == due
    again = scheduler.keep_option(forecast, CATALOG, "j1", SPEC, due, cheaper, due + 3 * HOUR)
    assert (again.at_once, again.planned_now_grams) == (due, first.planned_now_grams)
    late = replace(run, at_once=NOW - 200 * timedelta(days=1))
    assert realised(forecast, late) is None  # the hours it would have begun in are not stated


def test_a_run_elsewhere_is_judged_against_running_at_once_at_home(store):
    past = NOW - timedelta(days=2)
    slot = (past + 4 * HOUR, past + 7 * HOUR)
    run = Run("j1", past, past + 24 * HOUR, "eu-north-1", "SE-SE3", "lifecycle", 1.1, "DE", 1.3,
              3.0, (slot,), 1.0, 1.0, None, past, 0.0, 0.0, past)  # fmt: skip
    clean = grid("SE-SE3", past, past + 24 * HOUR, 100.0)["intensity_lifecycle_g_per_kwh"]
    dirty = grid("DE", past, past + 24 * HOUR)["intensity_lifecycle_g_per_kwh"]
    known = realised(store, run)
    assert known.grams == pytest.approx(1.1 * clean[4:7].sum())
    assert known.now_grams == pytest.approx(1.3 * dirty[:3].sum())
    assert known.oracle_grams <= known.grams
    assert realised(store, replace(run, home_zone="FR")) is None  # not stated at home


def test_moving_data_and_restarts_count_in_what_a_run_realised(store):
    past = NOW - timedelta(days=2)
    slots = ((past + 4 * HOUR, past + 5 * HOUR), (past + 6 * HOUR, past + 8 * HOUR))
    run = Run("j1", past, past + 24 * HOUR, "eu-north-1", "SE-SE3", "lifecycle", 1.1, "DE", 1.3,
              3.0, slots, 1.0, 1.0, None, past, 40.0, 1_000.0, past)  # fmt: skip
    clean = grid("SE-SE3", past, past + 24 * HOUR, 100.0)["intensity_lifecycle_g_per_kwh"]
    dirty = grid("DE", past, past + 24 * HOUR)["intensity_lifecycle_g_per_kwh"]
    known = realised(store, run)
    assert known.grams == pytest.approx(1.1 * clean[[4, 6, 7]].sum() + 40 + 1_000)
    assert known.now_grams == pytest.approx(1.3 * dirty[:3].sum())
    # At best it would have moved its data, too, and have run in one piece.
    assert known.oracle_grams == pytest.approx(1.1 * clean.rolling(3).sum().min() + 40)
    heavy = realised(store, replace(run, transfer_grams=1e6, restart_grams=0.0))
    assert heavy.oracle_grams == pytest.approx(1.3 * dirty.nsmallest(3).sum())
    assert realised(store, replace(run, transfer_grams=None)) is None
    # Home is no better place where the job may not run there.
    strict = replace(SPEC, home="eu-central-1", countries=("FR",))
    job_log.save_job(store, replace(job(None), job_id=run.job_id, spec=strict.as_dict()))
    assert realised(store, replace(run, transfer_grams=1e6)).oracle_grams > 1e6
    # Where its latency is not known it may, as when it is placed.
    near = replace(SPEC, home="eu-central-1", max_latency_ms=5.0)
    job_log.save_job(store, replace(job(None), job_id=run.job_id, spec=near.as_dict()))
    assert realised(store, replace(run, transfer_grams=1e6)).oracle_grams < 1e6


@pytest.mark.parametrize(
    ("asked", "best"),
    [
        ({"is_interruptible": True}, 200),
        ({"is_interruptible": True, "min_chunk_hours": 2.0}, 500),
        ({"is_interruptible": True, "max_chunks": 1}, 500),
        ({}, 500),
    ],
)
def test_the_best_in_hindsight_is_cut_as_the_job_may_be(store, asked, best):
    """Also where the run was placed in one piece."""
    past = NOW - timedelta(days=2)
    values = np.array([400.0, 100.0, 400.0, 100.0, 400.0, 300.0])
    at = pd.date_range(past, periods=6, freq="h", unit="us")
    write_intensities(store, fleet.intensities("FR", at, values - 50, values), CATALOG)
    job_log.save_job(store, replace(job(None), spec=replace(SPEC, **asked).as_dict()))
    run = Run("j1", past, past + 6 * HOUR, "eu-west-3", "FR", "lifecycle", 1.0, "FR", 1.0,
              2.0, ((past + 4 * HOUR, past + 6 * HOUR),), 1.0, 1.0, None, past, 0.0,
              0.0, past)  # fmt: skip
    known = realised(store, run)
    assert (known.grams, known.oracle_grams) == pytest.approx((700, best))


def test_a_run_keeps_what_it_emits_besides_its_hours(forecast):
    spec = replace(SPEC, transfer_gb=1_000.0, restart_grams=5.0, is_interruptible=True)
    options, _ = placed(forecast, spec)
    kept = {o.region: scheduler.keep_option(forecast, CATALOG, o.region, spec, NOW, o, NOW)
            for o in options}  # fmt: skip
    assert kept["eu-central-1"].transfer_grams == 0
    assert kept["eu-north-1"].transfer_grams == pytest.approx(250, abs=80)  # 1 kWh, both grids
    assert {run.restart_grams for run in kept.values()} == {5.0}
    assert {run.region: run for run in job_log.runs(forecast)} == kept


def test_a_forecast_beyond_a_threshold_is_a_notice_a_day(forecast):
    plain = replace(load_config({}, Path("none.toml")), regions=("eu-central-1", "eu-north-1"))
    low = replace(plain, alert_forecast_below_g_per_kwh=100.0)
    found = notices.events(forecast, low, NOW)
    assert [n.kind for n in found] == ["forecast"]
    assert "SE-SE3" in found[0].text
    high = replace(plain, alert_forecast_above_g_per_kwh=400.0)
    assert ["above" in n.title for n in notices.events(forecast, high, NOW)] == [True]
    assert (
        notices.events(forecast, low, NOW + timedelta(hours=5)) == []
    )  # a stale forecast says nothing
    elsewhere = replace(low, regions=("us-east-1",))
    assert notices.events(forecast, elsewhere, NOW) == []
