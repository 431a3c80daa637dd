"""The demo fleet: its size, its variety, and a history that only ever grows."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta, timezone

import pandas as pd
import pytest

from spectra.catalog import load_catalog
from spectra.errors import InputError
from spectra.sources.demo import DEMO_ACCOUNTS, DemoCompany

NOON = datetime(2026, 11, 24, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def company() -> DemoCompany:
    return DemoCompany(load_catalog())


@pytest.fixture(scope="module")
def history(company: DemoCompany) -> pd.DataFrame:
    return company.instances(NOON)


@pytest.fixture(scope="module")
def standing(history: pd.DataFrame) -> pd.DataFrame:
    return history[history["valid_to"].isna()]


def overlapping(frame: pd.DataFrame, since: datetime) -> pd.DataFrame:
    return frame[frame["valid_to"].isna() | (frame["valid_to"] > since)]


def test_about_240_instances_in_twelve_regions_and_three_accounts(standing: pd.DataFrame) -> None:
    assert 225 <= len(standing) <= 255
    assert standing["instance_id"].is_unique
    assert standing["region"].nunique() == 12
    assert set(standing["account_id"]) == set(DEMO_ACCOUNTS)
    assert all(re.fullmatch(r"\d{12}", account) for account in DEMO_ACCOUNTS)


def test_one_region_has_no_hourly_grid_data(standing: pd.DataFrame) -> None:
    catalog = load_catalog()
    zones = {catalog.region(code).zone for code in set(standing["region"])}  # type: ignore[union-attr]
    assert [zone for zone in zones if not catalog.zone(zone).has_profile] == ["AE"]  # type: ignore[union-attr]


def test_identifiers_look_like_those_of_aws(company: DemoCompany, history: pd.DataFrame) -> None:
    assert history["instance_id"].str.fullmatch(r"i-0[0-9a-f]{16}").all()
    assert company.volumes(NOON)["volume_id"].str.fullmatch(r"vol-0[0-9a-f]{16}").all()


def test_tags_are_those_of_a_real_company(standing: pd.DataFrame) -> None:
    tags = [json.loads(text) for text in standing["tags"]]
    teams = {tag.get("team") for tag in tags}
    clean = {
        "checkout", "storefront", "search", "payments",
        "logistics", "platform", "data-platform", "machine-learning",
    }  # fmt: skip
    assert clean <= teams
    assert {"Data-Platform ", "chekout", None} <= teams
    assert {"production", "staging", "development", "prod"} <= {t.get("environment") for t in tags}
    assert 3 <= sum(not tag for tag in tags) <= 30
    assert {key for tag in tags for key in tag} == {"Name", "team", "environment", "service"}


def test_every_kind_of_machine_is_there(standing: pd.DataFrame) -> None:
    catalog = load_catalog()
    kinds = {name: catalog.instance_type(name) for name in set(standing["instance_type"])}
    assert {"arm64", "x86_64"} <= set(standing["architecture"])
    assert {"on-demand", "spot"} == set(standing["lifecycle"])
    assert {"running", "stopped"} <= set(standing["state"])
    assert {"g4dn.xlarge", "g5.xlarge", "p3.2xlarge", "t4g.small", "t3.medium"} <= set(kinds)
    unlisted = [name for name in kinds if name not in {t.name for t in catalog.instance_types}]
    assert 2 <= standing["instance_type"].isin(unlisted).sum() <= 3
    assert all(kinds[name].tier == "D" for name in unlisted)
    assert standing["asg_name"].notna().sum() > 20
    assert standing["asg_name"].isna().sum() > 100


@pytest.mark.parametrize("day", [date(2026, 4, 2), date(2026, 9, 1), date(2027, 12, 24)])
def test_any_ninety_days_hold_some_of_each_event(company: DemoCompany, day: date) -> None:
    now = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    rows = overlapping(company.instances(now), now - timedelta(days=90))
    started = rows[rows["valid_from"] >= now - timedelta(days=90)]
    assert len(rows) < 6_000
    assert (started["state"] == "terminated").sum() >= 1
    assert (started["state"] == "pending").sum() >= 2
    types_of = rows.groupby("instance_id")["instance_type"].nunique()
    assert (types_of == 2).sum() == 1
    assert (started["valid_from"].dt.minute != 0).mean() > 0.5


def test_spans_of_a_machine_follow_each_other(history: pd.DataFrame) -> None:
    rows = history.sort_values(["instance_id", "valid_from"])
    before = rows.groupby("instance_id")["valid_to"].shift()
    assert (rows["valid_from"] == before)[before.notna()].all()
    assert (rows["valid_to"] > rows["valid_from"])[rows["valid_to"].notna()].all()
    assert (rows["launched_at"] <= rows["valid_from"]).all()
    assert not rows.duplicated(["instance_id", "valid_from"]).any()


def test_developers_machines_sleep_at_night_and_at_weekends(history: pd.DataFrame) -> None:
    desks = history[history["tags"].str.contains("workstation") & (history["state"] == "running")]
    local = desks[desks["region"] == "eu-central-1"]["valid_from"].dt.tz_convert("Europe/Berlin")
    assert set(local.dt.hour) == {8}
    assert set(local.dt.day_of_week) == {0, 1, 2, 3, 4}
    ended = desks.dropna(subset="valid_to")
    assert (ended["valid_to"] - ended["valid_from"]).max() < pd.Timedelta(hours=12)


@pytest.mark.parametrize("frame_of", [DemoCompany.instances, DemoCompany.volumes])
@pytest.mark.parametrize("step", [timedelta(minutes=1), timedelta(hours=1), timedelta(days=40)])
def test_a_later_run_extends_and_never_rewrites(
    company: DemoCompany, frame_of: object, step: timedelta
) -> None:
    fresh = DemoCompany(load_catalog())
    earlier = frame_of(company, NOON).drop(columns="fetched_at")  # type: ignore[operator]
    later = frame_of(fresh, NOON + step).drop(columns="fetched_at")  # type: ignore[operator]
    known = later[later["valid_from"] < NOON].copy()
    known["valid_to"] = known["valid_to"].where(known["valid_to"] <= NOON)
    keys = [earlier.columns[0], "valid_from"]
    pd.testing.assert_frame_equal(
        known.sort_values(keys, ignore_index=True), earlier.sort_values(keys, ignore_index=True)
    )


def test_another_seed_is_another_company(history: pd.DataFrame) -> None:
    other = DemoCompany(load_catalog(), seed=7).instances(NOON)
    assert not set(other["instance_id"]) & set(history["instance_id"])


def test_stopped_machines_keep_their_volumes(company: DemoCompany, standing: pd.DataFrame) -> None:
    volumes = overlapping(company.volumes(NOON), NOON)
    stopped = set(standing.loc[standing["state"] == "stopped", "instance_id"])
    assert len(stopped) >= 10
    assert stopped <= set(volumes["instance_id"].dropna())
    assert set(volumes["state"]) == {"in-use", "available"}
    assert volumes.loc[volumes["state"] == "available", "instance_id"].isna().all()
    assert {"gp2", "gp3", "io1", "io2", "st1", "sc1", "standard"} <= set(volumes["volume_type"])


def test_one_volume_grew(company: DemoCompany) -> None:
    volumes = company.volumes(NOON)
    assert (volumes.groupby("volume_id")["size_gib"].nunique() > 1).sum() == 2


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 5, 1),  # noqa: DTZ001 - the naive time is the point
        datetime(2026, 5, 1, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_only_utc_is_taken(company: DemoCompany, moment: datetime) -> None:
    calls = (
        lambda: company.instances(moment),
        lambda: company.volumes(moment),
        lambda: company.utilisation(moment, NOON),
        lambda: company.utilisation(NOON, moment),
        lambda: company.intensities(moment, NOON),
        lambda: company.costs(date(2026, 5, 1), date(2026, 5, 2), now=moment),
    )
    for call in calls:
        with pytest.raises(InputError, match="UTC"):
            call()


def test_before_the_record_everything_is_empty_and_keeps_its_columns(company: DemoCompany) -> None:
    then = datetime(2025, 6, 1, tzinfo=UTC)
    pairs = (
        (company.instances(then), company.instances(NOON)),
        (company.volumes(then), company.volumes(NOON)),
        (
            company.utilisation(then, then + timedelta(hours=3)),
            company.utilisation(NOON, NOON + timedelta(hours=3)),
        ),
        (
            company.intensities(then, then + timedelta(hours=3)),
            company.intensities(NOON, NOON + timedelta(hours=3)),
        ),
        (
            company.costs(date(2025, 6, 1), date(2025, 6, 3)),
            company.costs(date(2026, 6, 1), date(2026, 6, 3)),
        ),
    )
    for empty, full in pairs:
        assert empty.empty
        assert not full.empty
        pd.testing.assert_series_equal(empty.dtypes, full.dtypes)
        assert set(full["source"]) == set(full["quality"]) == {"demo"}


def test_a_window_that_ends_before_it_starts_is_refused(company: DemoCompany) -> None:
    for call in (
        lambda: company.utilisation(NOON, NOON - timedelta(hours=1)),
        lambda: company.intensities(NOON, NOON - timedelta(hours=1)),
        lambda: company.costs(date(2026, 5, 2), date(2026, 5, 1)),
    ):
        with pytest.raises(InputError, match="before it starts"):
            call()
