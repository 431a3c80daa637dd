"""The watch over time: late hours, other settings, what came before, and what is gone."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from spectra.insight.anomalies import fold
from spectra.store import incident_log
from spectra.store.incident_log import Decision
from spectra.store.writes import (
    write_costs,
    write_instances,
    write_intensities,
    write_utilisation,
)
from spectra.watch import Watcher, sensitivity_of
from spectra.watch import rows as watch_rows
from tests import fleet
from tests.store.conftest import CATALOG
from tests.watch.conftest import AT, CONFIG, END, NOW, costs_of
from tests.watch.test_watch import EXTRA, HOUR, LASTING, found


def dear_days(store, days, *, final_until):
    """Costs of the fixture again, with some dear days, final up to a day."""
    at = pd.date_range("2026-10-12", "2026-12-04", freq="D")
    usd = [400.0 if str(day.date()) in days else 10.0 + 0.1 * (day.day % 3) for day in at]
    frame = costs_of(at, usd)
    write_costs(store, frame.assign(is_provisional=at > pd.Timestamp(final_until)))


def test_a_cost_that_is_final_late_is_one_incident_that_goes_on_until_days_are_final(company):
    watcher, dear = Watcher(company), ("2026-11-24", "2026-11-25")
    for day in range(9):
        dear_days(company, dear, final_until=f"2026-11-{22 + day}")
        watcher.look(CONFIG, NOW + timedelta(days=day))
        rows = found(company, family="cost")
        rows = rows[rows["start"] >= pd.Timestamp("2026-11-20T00:00Z")]
        if 2 <= day <= 4:
            assert rows["end"].isna().tolist() == [True], day
    assert len(rows) == 1
    assert rows["end"].iloc[0] == pd.Timestamp("2026-11-26T00:00Z")
    assert rows["alerts"].iloc[0] == 2


def test_days_of_a_month_that_is_billed_at_its_end_are_looked_at_then(company):
    """Also its first one, of a month of 31 days that is final only after two weeks."""
    watcher, dear = Watcher(company), ("2026-10-27", "2026-11-10")
    dear_days(company, dear, final_until="2026-10-20")
    watcher.look(CONFIG, NOW)
    assert found(company, family="cost").empty
    watcher.look(CONFIG, NOW + timedelta(days=15))
    dear_days(company, dear, final_until="2026-11-30")
    watcher.look(CONFIG, NOW + timedelta(days=16))
    assert sorted(found(company, family="cost")["start"]) == [fleet.utc(day) for day in dear]


def test_another_sensitivity_forgets_nothing_that_it_would_not_find_again(watched):
    old = found(watched, series="i-run", family="usage").iloc[[0]]
    columns = incident_log.incidents(watched, NOW).columns
    rows = [
        old.assign(incident_id=f"old-{back}", start=END - back * 24 * HOUR,
                   last_seen=END - back * 24 * HOUR, end=END - back * 24 * HOUR + HOUR)
        for back in (40, 20)
    ]  # fmt: skip
    kept = pd.concat(rows)[[c for c in columns if c not in EXTRA]]
    seen = incident_log.looked(watched, "usage")
    incident_log.keep(watched, "usage", seen, kept)
    incident_log.decide(watched, [Decision("old-20", "dismissed", NOW, reason="false alarm")])
    Watcher(watched).look(replace(CONFIG, anomaly_usage="sensitive"), NOW)
    assert {"old-40", "old-20"} <= set(found(watched)["incident_id"])
    assert old["start"].iloc[0] in list(found(watched, series="i-run", family="usage")["start"])


def write_grid(store, at, g_per_kwh):
    write_intensities(store, fleet.intensities("DE", at, 0.8 * g_per_kwh, g_per_kwh), CATALOG)


def test_a_machine_that_falls_silent_has_not_ended_its_trouble(watched):
    at = fleet.hours("2026-11-25T12:00", "2026-11-27T12:00")
    write_utilisation(watched, fleet.utilisation("i-clean", at, 30.0))
    Watcher(watched).look(CONFIG, NOW + timedelta(days=2))
    assert pd.isna(found(watched, series="i-run", family="usage")["end"].iloc[0])


def test_a_grid_that_is_known_late_is_looked_at_when_it_is(company):
    """Nothing is stated for a day; then all of it, dirty at first and usual at its end."""
    watcher = Watcher(company)
    watcher.look(CONFIG, NOW)
    watcher.look(CONFIG, NOW + timedelta(days=1))
    grid = found(company, family="grid")
    assert grid["end"].isna().tolist() == [True]
    write_grid(company, fleet.hours("2026-11-25T12:00", "2026-11-25T18:00"), 900.0)
    write_grid(company, fleet.hours("2026-11-25T18:00", "2026-11-26T13:00"), 380.0)
    watcher.look(CONFIG, NOW + timedelta(hours=25))
    after = found(company, family="grid")
    assert after["incident_id"].tolist() == grid["incident_id"].tolist()
    assert after["end"].iloc[0] == END + 6 * HOUR


def test_waste_that_outlasts_what_is_looked_back_at_costs_as_much_a_day_as_before(company):
    """A fleet is looked back at for a week; what goes on for three is not a third of it a day."""
    watcher, weeks = Watcher(company), [timedelta(days=7 * k - 28) for k in range(5)]
    for week in weeks:
        watcher.look(CONFIG, NOW + week)
        fleet_now = incident_log.incidents(company, NOW + week)
        fleet_now = fleet_now[fleet_now["family"].eq("fleet")]
        if week == weeks[0]:
            first = fleet_now.iloc[0]
    last = fleet_now.iloc[0]
    assert fleet_now["incident_id"].tolist() == [first["incident_id"]]
    assert last["g_per_day"] == pytest.approx(first["g_per_day"], rel=0.1)
    assert last["excess_g"] > 4 * first["excess_g"]
    assert last["value"] == pytest.approx(35, abs=2)


def test_machines_that_fall_silent_one_after_another_are_the_same_hour_by_hour(company):
    """Six of a region: one every hour, then all at once; some alone before they are many."""
    names = [f"i-new-{k}" for k in range(6)]
    write_instances(
        company, fleet.instances(*({"instance_id": n, "valid_from": "2026-10-01"} for n in names))
    )
    for back, name in enumerate(names):
        at = AT[: len(AT) - (20 - 2 * back)]
        write_utilisation(company, fleet.utilisation(name, at, 30.0))
    watcher = Watcher(company)
    for back in range(24, -1, -1):
        watcher.look(CONFIG, NOW - back * HOUR)
    streamed = found(company, family="gap")
    incident_log.restart(company, "gap", ["gap"])
    watcher.look(CONFIG, NOW)
    at_once = found(company, family="gap")
    by_series = [f.sort_values(["series", "start"])[LASTING].reset_index(drop=True)
                 for f in (streamed, at_once)]  # fmt: skip
    pd.testing.assert_frame_equal(*by_series)
    region = at_once[at_once["series"].str.contains("·")]
    assert region["name"].tolist() == ["5 or more machines in 111111111111 · eu-central-1"]
    assert region["alerts"].tolist() == [1]
    for name in names[:4]:
        write_utilisation(company, fleet.utilisation(name, AT[-20:], 30.0))
    Watcher(company).look(CONFIG, NOW + HOUR)  # three are still silent
    still = found(company, family="gap", series=region["series"].iloc[0]).iloc[0]
    assert (still["region"], still["account_id"]) == ("eu-central-1", "111111111111")
    assert still["name"] == region["name"].iloc[0]


def test_what_drove_a_day_is_still_told_when_the_day_is_long_past(watched):
    before = found(watched, family="team", series="batch").iloc[0]
    assert "Driven by usage" in before["cause"]
    watcher = Watcher(watched)
    for day in range(1, 5):
        watcher.look(CONFIG, NOW + timedelta(days=day))
    after = found(watched, family="team", series="batch").iloc[0]
    assert (after["incident_id"], after["cause"]) == (before["incident_id"], before["cause"])


def test_less_load_of_a_machine_without_a_price_is_nothing_to_raise():
    alert = {"series": "i-x", "at": END, "kind": "sustained shift", "score": 2.0, "value": 5.0,
             "expected": 40.0, "excess": -35.0, "is_alert": True}  # fmt: skip
    folded = fold(pd.DataFrame([alert]), END)
    none = pd.DataFrame(columns=["g_per_excess", "usd_per_excess", "daily_g"], dtype=float)
    made = watch_rows.of_folded(folded, "usage", rates=none, facts=pd.DataFrame(),
                          sensitivity=sensitivity_of(CONFIG), now=NOW)  # fmt: skip
    assert made["severity"].tolist() == ["log"]


def test_whoever_comes_during_the_first_look_may_wait_for_it(company):
    watcher = Watcher(company)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(watcher.look, CONFIG, NOW)
        while not watcher._lock.locked() and not first.done():
            time.sleep(0.001)
        assert watcher.look(CONFIG, NOW) == 0
        assert watcher.look(CONFIG, NOW, wait=True) == 0
        assert incident_log.looked(company, "cost") is not None
        assert first.result() > 0


def test_other_settings_are_due_at_once(watched):
    watcher, other = Watcher(watched), replace(CONFIG, anomaly_least_g=10**6)
    assert not watcher.is_due(NOW, CONFIG)
    assert watcher.is_due(NOW, other)
    watcher.look(other, NOW)
    assert not watcher.is_due(NOW, other)


def test_other_settings_and_back_leave_every_incident_what_it_was(company):
    """Also what began before the week that is looked back at."""
    watcher = Watcher(company)
    for back in (14, 7, 0):
        watcher.look(CONFIG, NOW - timedelta(days=back))
    before = found(company)
    watcher.look(replace(CONFIG, anomaly_least_g=10**6, anomaly_least_usd=10**6), NOW)
    watcher.look(CONFIG, NOW)
    after = found(company)
    columns = ["incident_id", *LASTING, "excess_g", "excess_usd"]
    for family in ("usage", "grid", "gap", "team", "cost", "fleet", "idle"):
        was, now = (
            rows[rows["family"].eq(family)].sort_values("incident_id")[columns]
            for rows in (before, after)
        )
        assert len(was), family
        pd.testing.assert_frame_equal(
            was.reset_index(drop=True), now.reset_index(drop=True), obj=family
        )


def test_grids_gaps_teams_and_costs_by_the_hour_are_as_all_at_once(company):
    steps = [*range(24 * 6, 24, -24), *range(24, -1, -3)]
    for back in steps:
        Watcher(company).look(CONFIG, NOW - back * HOUR)
    families = ["cost", "gap", "grid", "team"]
    streamed = found(company)
    for family in families:
        incident_log.restart(company, family, [family])
    Watcher(company).look(CONFIG, NOW)
    columns = ["incident_id", *LASTING, "excess", "cause"]
    frames = [f[f["family"].isin(families)].sort_values("incident_id")[columns]
              for f in (streamed, found(company))]  # fmt: skip
    pd.testing.assert_frame_equal(*(frame.reset_index(drop=True) for frame in frames))


def resized(store, at, load):
    """`i-clean` gets half the cores; from then on it has this load [% CPU]."""
    write_instances(
        store,
        fleet.instances(
            {"instance_id": "i-clean", "valid_from": "2026-10-01", "valid_to": at, "name": "clean"},
            {"instance_id": "i-clean", "valid_from": at, "name": "clean",
             "instance_type": "m5.large"},
        ),
    )  # fmt: skip
    hours = pd.date_range(at, END, freq="h", inclusive="left", unit="us")
    noise = np.random.default_rng(1).normal(0, 2, len(hours))
    daily = 10 * np.sin(2 * np.pi * hours.hour.to_numpy() / 24)
    write_utilisation(store, fleet.utilisation("i-clean", hours, load + daily + noise))


@pytest.mark.parametrize(("days", "load"), [(1, 60.0), (3, 60.0), (6, 50.0)])
def test_a_machine_that_was_made_smaller_is_busier_and_that_is_no_trouble(company, days, load):
    resized(company, END - days * 24 * HOUR, load)
    Watcher(company).look(CONFIG, NOW)
    assert found(company, series="i-clean", family="usage").empty


def test_a_machine_that_was_made_smaller_and_runs_away_is_told(company):
    resized(company, END - 24 * HOUR, 89.0)
    Watcher(company).look(CONFIG, NOW)
    kinds = found(company, series="i-clean", family="usage")["kind"].tolist()
    assert kinds == ["runaway process"]


@pytest.mark.parametrize(("days", "is_forgotten"), [(3, False), (8, True)])
def test_disks_of_a_machine_that_is_off_for_a_weekend_are_not_forgotten(
    company, days, is_forgotten
):
    at = END - days * 24 * HOUR
    write_instances(
        company,
        fleet.instances(
            {"instance_id": "i-clean", "valid_from": "2026-10-01", "valid_to": at},
            {"instance_id": "i-clean", "valid_from": at, "state": "stopped"},
        ),
    )
    Watcher(company).look(CONFIG, NOW)
    volumes = set(found(company, family="volume")["series"])
    assert ("vol-used" in volumes) == is_forgotten
    assert "vol-lost" in volumes


def test_a_clock_that_was_ahead_does_not_silence_the_watch(company):
    watcher = Watcher(company)
    watcher.look(CONFIG, NOW + timedelta(days=900))
    watcher.look(CONFIG, NOW)
    assert not found(company, family="grid").empty
    assert not found(company, family="idle").empty


def test_what_concerns_nothing_that_runs_ends(company):
    """Every machine is stopped: its grid is not in use, and nothing is due from it."""
    watcher = Watcher(company)
    watcher.look(CONFIG, NOW)
    gap = found(company, family="gap").iloc[0]
    named = incident_log.incident_id("1 · here", "gap", gap["start"])
    with company.write() as cursor:
        cursor.execute(
            "UPDATE incidents SET incident_id = ?, series = '1 · here' WHERE family = 'gap'",
            [named],
        )
    ids = ("i-clean", "i-run", "i-gap", "i-idle", "i-dev", "i-batch")
    write_instances(
        company,
        fleet.instances(
            *({"instance_id": n, "valid_from": "2026-10-01", "valid_to": NOW} for n in ids),
            *({"instance_id": n, "valid_from": NOW, "state": "stopped"} for n in ids),
        ),
    )
    watcher.look(CONFIG, NOW + timedelta(days=3))
    left = found(company)
    assert left[left["family"].isin(["grid", "gap"])]["end"].notna().all()
    assert set(left["series"]) >= {"DE", "1 · here"}


def test_nothing_is_missing_before_the_first_reading_of_all(company):
    """A new account: its machines are old, and load is read from three days ago on."""
    with company.write() as cursor:
        cursor.execute("DELETE FROM utilisation WHERE hour < ?", [NOW - timedelta(days=3)])
    Watcher(company).look(CONFIG, NOW)
    assert set(found(company, family="gap")["series"]) == {"i-gap"}
