"""Carbon waste: idle machines, forgotten volumes, fleets that nobody switches off."""

import numpy as np
import pandas as pd
import pytest

from spectra.insight.anomalies import forgotten_volumes, idle_instances, off_hours_fleets
from tests.insight.days import by_day

START = pd.Timestamp("2026-11-02T00:00Z")  # a Monday


def machine(days: int, cpu: float = 0.8, name: str = "i-1", **changed) -> pd.DataFrame:
    """Hours of a machine that does nothing unless told otherwise."""
    count = days * 24
    columns = {
        "series": name, "hour": pd.date_range(START, periods=count, freq="h"),
        "running_share": 1.0, "cpu_avg_pct": cpu, "cpu_max_pct": cpu * 2, "gpu_max_pct": np.nan,
        "network_bytes": 1e5, "grams": 5.0, "usd": 0.2,
    }  # fmt: skip
    return pd.DataFrame(columns | changed, index=range(count))


def found(rows: pd.DataFrame, until: pd.Timestamp | None = None, **options) -> pd.DataFrame:
    until = until or rows["hour"].max() + pd.Timedelta(hours=1)
    return idle_instances(by_day(rows, until), **options)


def test_a_day_of_nothing_is_a_warning_and_a_week_an_alert():
    one = found(machine(1)).iloc[0]
    assert (one["level"], one["days"], one["kind"]) == ("warning", 1, "idle instance")
    assert (one["excess_g"], one["excess_usd"]) == pytest.approx((120.0, 4.8))
    assert found(machine(6))["level"].tolist() == ["warning"]
    week = found(machine(8)).iloc[0]
    assert (week["level"], week["days"], week["start"]) == ("alert", 8, START)


@pytest.mark.parametrize(
    "changed",
    [
        {"cpu_max_pct": 6.0}, {"cpu_avg_pct": 3.0}, {"network_bytes": 4e8 / 24},
        {"gpu_max_pct": 40.0}, {"running_share": 0.5}, {"cpu_max_pct": np.nan},
        {"network_bytes": np.nan},
    ],
)  # fmt: skip
def test_what_works_or_is_not_known_is_not_idle(changed):
    assert found(machine(3, **changed)).empty


def test_a_machine_that_is_meant_to_wait_is_left_out():
    assert found(machine(3), excluded={"i-1"}).empty


def test_only_what_still_is_idle_counts_and_a_missing_day_ends_a_run():
    rows = machine(10)
    rows.loc[100, "cpu_max_pct"] = 50.0
    only = found(rows).iloc[0]
    assert only["start"] == START + pd.Timedelta(days=5)
    assert only["days"] == 5
    gap = rows.drop(rows.index[24 * 7 : 24 * 8])
    assert found(gap)["days"].tolist() == [2]
    both = pd.concat([rows, machine(6, name="i-2")])  # gone four days ago
    assert found(both)["series"].tolist() == ["i-1"]


def test_unknown_grams_stay_unknown():
    rows = machine(2)
    rows.loc[3, "grams"] = np.nan
    only = found(rows).iloc[0]
    assert np.isnan(only["excess_g"])
    assert only["excess_usd"] == pytest.approx(9.6)


def test_forgotten_volumes_are_counted_from_when_nobody_used_them():
    now = START + pd.Timedelta(days=20)
    volumes = pd.DataFrame(
        {
            "series": ["in use", "just now", "two days", "long ago"],
            "unused_since": pd.to_datetime(
                [pd.NaT, now - pd.Timedelta(hours=5), now - pd.Timedelta(days=2), START], utc=True
            ),
            "g_per_day": [10.0, 10.0, 10.0, np.nan],
            "usd_per_day": 1.0,
        }
    )
    rows = forgotten_volumes(volumes, now)
    assert rows["series"].tolist() == ["two days", "long ago"]
    assert rows["level"].tolist() == ["warning", "alert"]
    assert rows["excess_usd"].tolist() == [2.0, 20.0]
    assert rows["excess_g"][0] == 20.0
    assert np.isnan(rows["excess_g"][1])
    assert forgotten_volumes(volumes.iloc[:1], now).empty


def fleet(always_on: bool, timezone: str = "Asia/Kolkata", days: int = 8) -> pd.DataFrame:
    hour = pd.date_range(START, periods=24 * days, freq="h")
    local = hour.tz_convert(timezone)
    at_work = (local.day_of_week < 5) & (local.hour >= 8) & (local.hour < 20)
    return pd.DataFrame(
        {
            "series": f"dev {timezone}", "hour": hour, "timezone": timezone,
            "running_hours": np.where(at_work | always_on, 10.0, 0.0),
            "cpu_avg_pct": np.where(at_work, 12.0, 2.0 if always_on else np.nan),
            "grams": 20.0, "usd": 1.0,
        }
    )  # fmt: skip


def left_on(rows: pd.DataFrame, days: int = 8) -> pd.DataFrame:
    return off_hours_fleets(rows, START + pd.Timedelta(days=days, hours=-1))


def test_a_fleet_that_is_never_switched_off_is_found_by_its_own_clock():
    rows = pd.concat([fleet(True), fleet(True, "Europe/Berlin"), fleet(False, "America/New_York")])
    waste = left_on(rows)
    assert set(waste["series"]) == {"dev Asia/Kolkata", "dev Europe/Berlin"}
    # A week has 168 hours, of which 60 are of work.
    assert waste["excess_g"].tolist() == pytest.approx([20.0 * 108] * 2, rel=0.1)
    assert waste["level"].tolist() == ["alert", "alert"]
    assert left_on(fleet(False)).empty
    # As the store tells it: hours in which nothing runs have no row.
    rows = fleet(False, days=14)
    rows = rows[rows["running_hours"] > 0].assign(cpu_avg_pct=30.0)
    early = rows["hour"].dt.tz_convert("Asia/Kolkata").dt.hour == 8
    rows.loc[early, ["hour"]] -= pd.Timedelta(hours=1)
    rows.loc[early, ["cpu_avg_pct"]] = 3.0
    assert left_on(rows, days=14).empty


def test_a_fleet_that_works_at_night_is_no_waste():
    rows = fleet(True)
    rows["cpu_avg_pct"] = 12.0
    assert left_on(rows).empty
    rows["cpu_avg_pct"] = np.nan
    assert left_on(rows).empty
    assert left_on(rows.iloc[:0]).empty


@pytest.mark.parametrize("days", range(12, 19))
def test_a_fleet_off_at_weekends_is_judged_alike_on_any_day_and_beside_any_other(days):
    """It runs through the nights of five days: 60 hours of 108 off work are no week through."""
    rows = fleet(True, "UTC", days).tail(8 * 24)  # as many as the store gives
    weekdays = rows[rows["hour"].dt.day_of_week < 5]
    busy = rows.assign(series="busy", cpu_avg_pct=12.0)
    assert left_on(weekdays, days).empty
    assert left_on(pd.concat([weekdays, busy]), days).empty
    assert left_on(rows, days)["series"].tolist() == ["dev UTC"]
