"""Demo carbon intensity: the profile's mean, the table's spread, the same for every window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from spectra.catalog import load_catalog
from spectra.sources.demo import DemoCompany

START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR_END = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def company() -> DemoCompany:
    return DemoCompany(load_catalog())


@pytest.fixture(scope="module")
def year(company: DemoCompany) -> pd.DataFrame:
    return company.intensities(START, YEAR_END)


@pytest.fixture(scope="module")
def residual(year: pd.DataFrame) -> pd.DataFrame:
    """The year beside its profile, joined here without the code under test."""
    rows = year.assign(
        month=year["hour"].dt.month,
        day_type=np.where(year["hour"].dt.day_of_week >= 5, "weekend", "weekday"),
        hour_utc=year["hour"].dt.hour,
    )
    profiles = load_catalog().profiles.astype({"zone": str, "day_type": str})
    profiles = profiles.drop(columns="direct_is_scaled")
    rows = rows.astype({"zone": str, "day_type": str})
    rows = rows.merge(profiles, on=["zone", "month", "day_type", "hour_utc"], validate="m:1")
    ratio = rows["intensity_lifecycle_g_per_kwh"] / rows["mean_lifecycle_g_per_kwh"]
    return rows.assign(ratio=ratio, log_ratio=np.log(ratio))


def joined(*parts: pd.DataFrame) -> pd.DataFrame:
    whole = pd.concat(parts).drop(columns="fetched_at")
    return whole.sort_values(["zone", "hour"], ignore_index=True)


@pytest.mark.parametrize("split", [timedelta(hours=1), timedelta(days=30, hours=7.5)])
def test_two_windows_make_one(company: DemoCompany, year: pd.DataFrame, split: timedelta) -> None:
    fresh = DemoCompany(load_catalog())
    middle = YEAR_END - split
    parts = (fresh.intensities(START, middle), fresh.intensities(middle, YEAR_END))
    pd.testing.assert_frame_equal(joined(*parts), joined(year))


def test_a_zone_is_the_same_alone_and_in_company(company: DemoCompany, year: pd.DataFrame) -> None:
    alone = company.intensities(START, YEAR_END, zones=["GB"])
    pd.testing.assert_frame_equal(alone, year[year["zone"] == "GB"].reset_index(drop=True))


def test_zones_without_a_profile_have_no_rows(company: DemoCompany, year: pd.DataFrame) -> None:
    catalog = load_catalog()
    assert set(year["zone"]) == {zone.code for zone in catalog.zones if zone.has_profile}
    assert company.intensities(START, YEAR_END, zones=["AE", "nowhere"]).empty
    assert company.intensities(START, YEAR_END, zones=[]).empty


def test_the_spread_is_that_of_the_table(residual: pd.DataFrame) -> None:
    table = load_catalog().residuals.set_index("zone")
    expected = np.hypot(table["daily_residual_sd"], table["hourly_residual_sd"])
    found = residual.groupby("zone")["log_ratio"].std()
    ratio = found / expected.reindex(found.index)
    assert ratio.between(0.75, 1.25).all(), ratio[~ratio.between(0.75, 1.25)]


def test_the_mean_is_that_of_the_profile(residual: pd.DataFrame) -> None:
    mean = residual.groupby("zone")["ratio"].mean()
    table = load_catalog().residuals.set_index("zone").reindex(mean.index)
    # Standard error of a year of days that depend on each other.
    lag = table["daily_residual_lag1"]
    error = table["daily_residual_sd"] * np.sqrt((1 + lag) / (1 - lag) / 365)
    assert ((mean - 1).abs() < 3 * error + 0.01).all()


def test_hours_depend_on_the_hour_before(residual: pd.DataFrame) -> None:
    lag = residual.groupby("zone")["log_ratio"].apply(lambda series: series.autocorr(1))
    assert (lag.drop("IL") > 0.7).all()


def test_midnight_has_no_step(residual: pd.DataFrame) -> None:
    rows = residual[residual["zone"] == "GB"]
    step = rows["log_ratio"].diff().abs()
    assert step[rows["hour_utc"] == 0].mean() < 1.3 * step[rows["hour_utc"] != 0].mean()


def test_values_are_possible_and_nothing_is_invented(year: pd.DataFrame) -> None:
    direct, lifecycle = year["intensity_direct_g_per_kwh"], year["intensity_lifecycle_g_per_kwh"]
    assert direct.between(0, 1000).all()
    assert lifecycle.between(0, 1000).all()
    assert (direct <= lifecycle).all()
    assert year[["low_carbon_pct", "renewable_pct"]].isna().all(axis=None)


def test_direct_and_lifecycle_move_together(residual: pd.DataFrame) -> None:
    rows = residual[residual["mean_direct_g_per_kwh"] > 50]
    direct = rows["intensity_direct_g_per_kwh"] / rows["mean_direct_g_per_kwh"]
    np.testing.assert_allclose(direct, rows["ratio"], atol=1e-4)


def test_some_hours_are_estimated_and_scaled_zones_say_so(year: pd.DataFrame) -> None:
    assert 0.02 < year["is_estimated"].mean() < 0.04
    by_zone = year.groupby("zone")["direct_is_scaled"].first()
    table = load_catalog().residuals.set_index("zone")["direct_is_scaled"].astype(bool)
    assert (by_zone == table.reindex(by_zone.index)).all()


def test_two_zones_fail_for_some_hours_each_month(year: pd.DataFrame) -> None:
    hours = pd.date_range(START, YEAR_END, freq="h", inclusive="left", unit="us")
    missing = {
        zone: hours.difference(rows["hour"].array)
        for zone, rows in year.groupby("zone")
        if len(rows) < len(hours)
    }
    assert set(missing) == {"DE", "US-MIDA-PJM"}
    for lost in missing.values():
        counts = pd.Series(1, index=lost.month).groupby(level=0).size()
        assert len(counts) == 12
        assert counts.between(2, 5).all()
        # One gap a month: the hours of each month are together.
        assert (np.diff(lost) > np.timedelta64(1, "h")).sum() == 11


def test_updates_follow_the_hour(company: DemoCompany, year: pd.DataFrame) -> None:
    assert (year["updated_at"] - year["hour"] == pd.Timedelta(hours=1)).all()
    assert (year["fetched_at"] == YEAR_END).all()
