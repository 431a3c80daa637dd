"""Demo costs: catalogue prices times hours, by day, with what is not known left unknown."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from spectra.catalog import load_catalog
from spectra.sources.demo import DemoCompany

FIRST, LAST = date(2026, 10, 1), date(2026, 11, 1)
BEGIN, END = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
MONEY = ["list_cost_usd", "billed_cost_usd", "effective_cost_usd"]


@pytest.fixture(scope="module")
def company() -> DemoCompany:
    return DemoCompany(load_catalog())


@pytest.fixture(scope="module")
def costs(company: DemoCompany) -> pd.DataFrame:
    return company.costs(FIRST, LAST)


def within(spans: pd.DataFrame) -> pd.Series:
    """Hours of each span within the month."""
    stop = spans["valid_to"].fillna(pd.Timestamp(END)).clip(upper=pd.Timestamp(END))
    start = spans["valid_from"].clip(lower=pd.Timestamp(BEGIN))
    return ((stop - start) / pd.Timedelta(hours=1)).clip(lower=0)


def joined(*parts: pd.DataFrame) -> pd.DataFrame:
    whole = pd.concat(parts).drop(columns=["fetched_at", "is_provisional"])
    return whole.sort_values(["day", "resource_id", "purchase_option"], ignore_index=True)


def test_list_cost_is_price_times_running_hours(company: DemoCompany, costs: pd.DataFrame) -> None:
    catalog = load_catalog()
    spans = company.instances(END).query("state == 'running'")
    prices = [
        price.usd_per_hour if (price := catalog.price(kind, region)) else np.nan
        for kind, region in zip(spans["instance_type"], spans["region"], strict=True)
    ]
    hours = within(spans)
    expected = (hours * prices)[hours > 0].groupby(spans["instance_id"]).sum(min_count=1)
    rows = costs[costs["service"] == "Amazon EC2"]
    found = rows.groupby("resource_id")["list_cost_usd"].sum(min_count=1)
    pd.testing.assert_series_equal(
        found.sort_index(), expected.sort_index(), check_names=False, rtol=0, atol=1e-6
    )


def test_storage_costs_its_share_of_the_month(company: DemoCompany, costs: pd.DataFrame) -> None:
    catalog = load_catalog()
    spans = company.volumes(END)
    price = spans["volume_type"].map(catalog.ebs_price_usd_per_gb_month).astype(float)
    hours = within(spans)
    expected = price * spans["size_gib"] * hours / (31 * 24)
    expected = expected[hours > 0].groupby(spans["volume_id"]).sum(min_count=1)
    found = costs[costs["service"] == "Amazon EBS"].groupby("resource_id")["list_cost_usd"].sum()
    pd.testing.assert_series_equal(
        found.sort_index(), expected.sort_index(), check_names=False, rtol=0, atol=1e-6
    )


def test_an_unknown_type_has_no_cost_rather_than_none(
    company: DemoCompany, costs: pd.DataFrame
) -> None:
    hosts = company.instances(END)
    unknown = set(
        hosts.loc[hosts["instance_type"].isin(["m9x.large", "hx3.xlarge"]), "instance_id"]
    )
    is_unknown = costs["resource_id"].isin(unknown)
    assert is_unknown.sum() == 31 * 3
    assert costs.loc[is_unknown, MONEY].isna().all(axis=None)
    assert costs.loc[~is_unknown, MONEY].gt(0).all(axis=None)


def test_purchase_options_have_their_discount(costs: pd.DataFrame) -> None:
    share = (costs["effective_cost_usd"] / costs["list_cost_usd"]).groupby(costs["purchase_option"])
    low, high = share.min(), share.max()
    assert set(low.index) == {"on-demand", "spot", "savings-plan", "reserved"}
    assert low["on-demand"] == high["on-demand"] == 1
    assert 0.35 <= low["spot"] < high["spot"] <= 0.40
    assert high[["savings-plan", "reserved"]].max() < 0.8


def test_a_part_may_be_covered(costs: pd.DataFrame) -> None:
    options = costs.groupby(["resource_id", "day"])["purchase_option"].agg(list)
    split = options[options.map(len) == 2]
    assert split.map(lambda both: set(both) == {"savings-plan", "on-demand"}).all()
    assert not split.empty
    assert not costs.duplicated(["day", "resource_id", "purchase_option"]).any()


def test_two_windows_make_one(company: DemoCompany, costs: pd.DataFrame) -> None:
    middle = date(2026, 10, 17)
    fresh = DemoCompany(load_catalog())
    parts = (fresh.costs(FIRST, middle), fresh.costs(middle, LAST))
    pd.testing.assert_frame_equal(joined(*parts), joined(costs))


def test_the_last_two_days_are_provisional(company: DemoCompany, costs: pd.DataFrame) -> None:
    days = set(costs.loc[costs["is_provisional"], "day"])
    assert days == {date(2026, 10, 30), date(2026, 10, 31)}
    settled = company.costs(FIRST, LAST, now=END + timedelta(days=5))
    assert not settled["is_provisional"].any()


def test_today_is_charged_up_to_now(company: DemoCompany) -> None:
    day = date(2026, 10, 14)
    now = datetime(2026, 10, 14, 6, tzinfo=UTC)
    part = company.costs(day, day + timedelta(days=1), now=now)
    whole = company.costs(day, day + timedelta(days=1))
    steady = whole[whole["purchase_option"] == "reserved"].merge(
        part, on=["day", "resource_id", "purchase_option"], suffixes=("", "_now")
    )
    assert not steady.empty
    np.testing.assert_allclose(steady["list_cost_usd_now"], steady["list_cost_usd"] / 4)
    assert part["is_provisional"].all()
    rest = company.costs(day, day + timedelta(days=1), since=now)
    both = part["list_cost_usd"].sum() + rest["list_cost_usd"].sum()
    assert both == pytest.approx(whole["list_cost_usd"].sum())
    assert company.costs(day + timedelta(days=1), day + timedelta(days=3), now=now).empty


def test_days_are_dates_and_every_owner_is_named(costs: pd.DataFrame) -> None:
    assert {type(day) for day in costs["day"]} == {date}
    assert set(costs["day"]) == {FIRST + timedelta(days=n) for n in range(31)}
    assert costs[["account_id", "region", "resource_id"]].notna().all(axis=None)
