"""Demo utilisation: the same for every window, with a rhythm, habits and honest gaps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from spectra.catalog import load_catalog
from spectra.sources.demo import DemoCompany

NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)
START = NOW - timedelta(days=90)


@pytest.fixture(scope="module")
def company() -> DemoCompany:
    return DemoCompany(load_catalog())


@pytest.fixture(scope="module")
def hourly(company: DemoCompany) -> pd.DataFrame:
    hosts = company.instances(NOW).drop_duplicates("instance_id")
    kept = ["instance_id", "region", "instance_type", "name", "tags", "asg_name"]
    return company.utilisation(START, NOW).merge(hosts[kept], on="instance_id")


def of(hourly: pd.DataFrame, service: str) -> pd.DataFrame:
    rows = hourly[hourly["name"].str.startswith(service)]
    assert not rows.empty
    return rows


def joined(*parts: pd.DataFrame) -> pd.DataFrame:
    whole = pd.concat(parts).drop(columns="fetched_at")
    return whole.sort_values(["instance_id", "hour"], ignore_index=True)


@pytest.mark.parametrize("middle", [NOW - timedelta(hours=1), NOW - timedelta(hours=49.3)])
def test_two_windows_make_one(company: DemoCompany, middle: datetime) -> None:
    start = NOW - timedelta(days=5)
    fresh = DemoCompany(load_catalog())
    parts = (fresh.utilisation(start, middle), fresh.utilisation(middle, NOW))
    pd.testing.assert_frame_equal(joined(*parts), joined(company.utilisation(start, NOW)))


def test_one_row_for_each_hour_that_ran_and_no_other(company: DemoCompany) -> None:
    start, end = NOW - timedelta(days=3), NOW
    rows = company.utilisation(start, end)
    spans = company.instances(end)
    spans = spans[spans["state"] == "running"]
    both = rows.merge(spans[["instance_id", "valid_from", "valid_to"]], on="instance_id")
    touches = (both["valid_from"] < both["hour"] + pd.Timedelta(hours=1)) & (
        both["valid_to"].isna() | (both["valid_to"] > both["hour"])
    )
    assert not rows.duplicated(["instance_id", "hour"]).any()
    assert len(both[touches].drop_duplicates(["instance_id", "hour"])) == len(rows)
    assert rows["hour"].between(start, end, inclusive="left").all()


def test_a_resize_within_the_hour_gives_one_row(hourly: pd.DataFrame) -> None:
    assert not hourly.duplicated(["instance_id", "hour"]).any()


def test_values_are_in_range(hourly: pd.DataFrame) -> None:
    for column in ("cpu_avg_pct", "cpu_max_pct", "memory_avg_pct", "gpu_avg_pct"):
        assert hourly[column].dropna().between(0, 100).all()
    known = hourly.dropna(subset="cpu_avg_pct")
    assert (known["cpu_max_pct"] >= known["cpu_avg_pct"]).all()
    assert (hourly[["network_in_bytes", "network_out_bytes"]] >= 0).all(axis=None)


def test_monitoring_has_gaps_for_the_ladder(company: DemoCompany, hourly: pd.DataFrame) -> None:
    assert 0.0005 < hourly["cpu_avg_pct"].isna().mean() < 0.01
    assert (hourly["cpu_avg_pct"].isna() == hourly["cpu_max_pct"].isna()).all()
    steady = hourly.groupby("instance_id")["hour"].agg(["min", "max", "size"])
    hours = (steady["max"] - steady["min"]) / pd.Timedelta(hours=1) + 1
    assert (steady["size"] < hours).sum() > 50
    running = company.instances(NOW).query("state == 'running' and valid_to.isna()")
    silent = set(running["instance_id"]) - set(hourly["instance_id"])
    assert 2 <= len(silent) <= 4


def test_memory_is_known_for_about_half(hourly: pd.DataFrame) -> None:
    known = hourly.groupby("instance_id")["memory_avg_pct"].count() > 0
    assert 0.35 < known.mean() < 0.65


def test_gpus_report_where_there_is_an_agent(hourly: pd.DataFrame) -> None:
    reporting = set(hourly.dropna(subset="gpu_avg_pct")["instance_type"])
    assert reporting == {"g4dn.xlarge", "g5.xlarge", "p3.2xlarge", "p3.8xlarge"}
    silent = hourly[(hourly["instance_type"] == "g4dn.xlarge") & (hourly["region"] == "eu-west-1")]
    assert silent["gpu_avg_pct"].isna().all()


@pytest.mark.parametrize(
    ("service", "region", "timezone"),
    [
        ("returns-api", "eu-central-1", "Europe/Berlin"),
        ("payments-api", "ap-northeast-1", "Asia/Tokyo"),
        ("image-resize", "us-west-2", "America/Los_Angeles"),
        ("warehouse-sync", "sa-east-1", "America/Sao_Paulo"),
    ],
)
def test_days_are_busier_than_nights_and_weekends(
    hourly: pd.DataFrame, service: str, region: str, timezone: str
) -> None:
    rows = of(hourly, service)
    rows = rows[rows["region"] == region]
    local = rows["hour"].dt.tz_convert(timezone)
    weekday, day = local.dt.day_of_week < 5, local.dt.hour.between(10, 17)
    mean = rows["cpu_avg_pct"]
    assert mean[weekday & day].mean() > 1.4 * mean[weekday & (local.dt.hour < 5)].mean()
    assert mean[weekday & day].mean() > 1.1 * mean[~weekday & day].mean()


def test_batch_works_at_night(hourly: pd.DataFrame) -> None:
    rows = of(hourly, "orchestrator")
    hour = rows["hour"].dt.tz_convert("America/Toronto").dt.hour
    assert rows["cpu_avg_pct"][hour < 5].mean() > 1.4 * rows["cpu_avg_pct"][hour == 14].mean()


def test_idle_machines_meet_the_definition_of_idle(hourly: pd.DataFrame) -> None:
    rows = pd.concat([of(hourly, "legacy-reporting"), of(hourly, "partner-ftp")])
    assert rows.groupby("instance_id")["cpu_avg_pct"].mean().max() < 2
    assert rows["cpu_max_pct"].max() < 5
    traffic = rows["network_in_bytes"] + rows["network_out_bytes"]
    assert traffic.groupby([rows["instance_id"], rows["hour"].dt.date]).sum().max() < 5e6


@pytest.mark.parametrize("service", ["returns-api", "session-cache", "label-printer", "etl"])
def test_oversized_machines_are_hardly_used(hourly: pd.DataFrame, service: str) -> None:
    rows = of(hourly, service).groupby("instance_id")
    assert rows["cpu_avg_pct"].mean().between(4, 8.5).all()
    assert rows["cpu_max_pct"].max().max() < 40


def test_most_machines_keep_some_headroom(hourly: pd.DataFrame) -> None:
    hours = hourly.groupby("instance_id")["hour"].size()
    peak = hourly.groupby("instance_id")["cpu_max_pct"].max()[hours > 1500]
    assert 3 <= (peak > 90).sum() <= 25


def test_the_runaway_shows_itself_in_every_four_days(company: DemoCompany) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    hosts = company.instances(NOW)
    leak = set(hosts.loc[hosts["name"].str.startswith("fraud-scoring"), "instance_id"])
    assert len(leak) == 1
    rows = company.utilisation(start, start + timedelta(days=200))
    cpu = rows[rows["instance_id"].isin(leak)].set_index("hour")["cpu_avg_pct"]
    assert 18 < cpu.median() < 32
    assert len(cpu) == 200 * 24
    episode = (cpu > 70).rolling(6).sum() == 6
    # A window of 96 hours holds 91 complete runs of six; one of them must be an episode.
    assert (episode.rolling(91).sum().dropna() >= 1).all()
    assert cpu[episode].max() > 96
    assert episode.mean() < 0.05


def test_summer_time_makes_no_hour_twice_and_loses_none(company: DemoCompany) -> None:
    start = datetime(2026, 10, 24, tzinfo=UTC)
    rows = company.utilisation(start, start + timedelta(days=3))
    counts = rows.groupby("hour")["instance_id"].nunique()
    assert len(counts) == 72
    assert not rows.duplicated(["instance_id", "hour"]).any()
    assert counts.min() > 150
