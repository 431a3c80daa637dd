"""Read queries against the rows they sum, recomputed in pandas."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from spectra import units
from spectra.carbon import uncertainty
from spectra.store import Store, band_queries, emission_queries, grid_queries
from spectra.store.factors import write_factors
from spectra.store.selection import Selection
from spectra.store.writes import write_instances, write_intensities, write_utilisation
from spectra.ui import frame, names
from tests import fleet
from tests.store.conftest import CATALOG, build
from tests.store.test_ledger import HOURS, VIEWS, fleet_of_everything

START, END = HOURS[0].to_pydatetime(), (HOURS[-1] + timedelta(hours=1)).to_pydatetime()
EVERYTHING = Selection(START, END)
SOME = Selection(START, END, regions=("eu-central-1", "us-east-1"), teams=("t0", "t1"))


@pytest.mark.parametrize(("end", "day"), [("08T00", 7), ("08T01", 8), ("07T23", 7)])
def test_a_selection_ends_on_the_day_of_its_last_hour(end, day):
    found = Selection(START, datetime.fromisoformat(f"2027-01-{end}:00+00:00")).last_day
    assert found.day == day


@pytest.fixture(scope="module")
def filled():
    store = Store()
    write_factors(store, CATALOG)
    fleet_of_everything(store)
    yield store
    store.close()


@pytest.fixture(scope="module")
def rows(filled):
    frame = filled.frame(f"SELECT * FROM {VIEWS}")
    frame["op_g"] = frame[["scope2_lb_g", "upstream_g", "td_g"]].sum(axis=1)
    frame["total_g"] = frame["op_g"] + frame["embodied_g"]
    frame["day"] = frame["hour"].dt.tz_localize(None).dt.normalize()
    return frame


def chosen(rows: pd.DataFrame, selection: Selection) -> pd.DataFrame:
    for column, values in (
        ("region", selection.regions),
        ("team", selection.teams),
        ("environment", selection.environments),
    ):
        if values:
            rows = rows[rows[column].isin(values)]
    return rows


@pytest.mark.parametrize("selection", [EVERYTHING, SOME])
def test_totals_and_breakdowns(filled, rows, selection):
    expected = chosen(rows, selection)
    totals = emission_queries.totals(filled, selection)
    for name in ("total_g", "energy_kwh", "scope2_lb_g", "upstream_g", "td_g", "embodied_g"):
        assert totals[name] == pytest.approx(expected[name].sum()), name
    known = expected["intensity_tier"].isin(["A", "B"])
    share = expected.loc[known, "energy_kwh"].sum() / expected["energy_kwh"].sum()
    assert totals["intensity_coverage"] == pytest.approx(share)
    for dimension in emission_queries.DIMENSIONS:
        found = emission_queries.breakdown(filled, selection, dimension).set_index("name")
        sums = expected.groupby(dimension)["total_g"].sum()
        assert found["total_g"].to_dict() == pytest.approx(sums.to_dict())
        assert found["share"].sum() == pytest.approx(1)
        assert found["total_g"].is_monotonic_decreasing


def test_hours_carry_the_weighted_intensity(filled, rows):
    found = emission_queries.hourly(filled, SOME).set_index("hour")
    expected = chosen(rows, SOME).groupby("hour").sum(numeric_only=True)
    np.testing.assert_allclose(found["total_g"], expected["total_g"])
    weighted = (expected["scope2_lb_g"] + expected["upstream_g"]) / expected["energy_kwh"]
    np.testing.assert_allclose(found["fleet_g_per_kwh"], weighted)


def below_vcpu(resource_type: str) -> float:
    """How far a type may lie below its share of vCPUs; volumes have none."""
    is_volume = "." not in resource_type
    return 0.0 if is_volume else uncertainty.burst_sigma(CATALOG.instance_type(resource_type).type)


def regions_of(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that `uncertainty.band` takes, from single resource-hours."""
    frame = rows.assign(
        power_sigma_g=rows["op_g"] * rows["power_sigma"],
        intensity_sigma_g=rows["op_g"] * rows["intensity_sigma"],
        sigma_g=rows["op_g"] * rows["utilisation_sigma"],
        operational_g=rows["op_g"],
        burst_sigma_g=rows["total_g"] * rows["resource_type"].map(below_vcpu),
    )
    resources = frame.groupby(["region", "resource_id"])["sigma_g"].sum() ** 2
    sums = frame.groupby("region").sum(numeric_only=True)
    sums["utilisation_variance_g2"] = resources.groupby("region").sum()
    facts = {r.code: r for r in CATALOG.regions}
    for column in ("zone", "country", "pue_is_regional"):
        sums[column] = [getattr(facts[code], column) for code in sums.index]
    return sums.reset_index()


@pytest.mark.parametrize("selection", [EVERYTHING, SOME])
def test_bands_are_those_of_the_method(filled, rows, selection):
    expected = chosen(rows, selection)
    total = uncertainty.band(regions_of(expected))
    assert band_queries.total_band(filled, selection) == pytest.approx(total)
    days = band_queries.daily_bands(filled, selection).set_index("day")
    for day, part in expected.groupby("day"):
        band = uncertainty.band(regions_of(part))
        found = days.loc[day, ["low_g", "total_g", "high_g"]]
        assert tuple(found) == pytest.approx(tuple(band)), day
    groups = band_queries.bands(filled, selection).set_index(["dimension", "name"])
    months = expected["day"].map(lambda day: f"{day:%Y-%m}")
    for dimension in ("region", "team", "environment", "service", "account_id", "month"):
        named = months if dimension == "month" else expected[dimension]
        assert set(groups.loc[dimension].index) == set(named)
        for name, part in expected.groupby(named):
            band = uncertainty.band(regions_of(part))
            found = groups.loc[(dimension, name), ["low_g", "total_g", "high_g"]]
            assert tuple(found) == pytest.approx(tuple(band)), (dimension, name)
    teams = band_queries.breakdown(filled, selection, "team").set_index("name")
    assert teams["high_g"].to_dict() == pytest.approx(groups.loc["team"]["high_g"].to_dict())
    for one in band_queries.top_emitters(filled, selection, 5).to_dict("records"):
        part = expected[expected["resource_id"] == one["resource_id"]]
        found = one["low_g"], one["total_g"], one["high_g"]
        assert found == pytest.approx(tuple(uncertainty.band(regions_of(part)))), one


@pytest.mark.parametrize(("hour", "days"), [(0, 2), (1, 3), (23, 3)])
def test_the_end_of_a_selection_is_exclusive_by_day(filled, hour, days):
    end = START + timedelta(days=2, hours=hour)
    found = band_queries.daily_bands(filled, Selection(START, end))
    assert len(found) == days


def test_emitters_are_ranked_over_all(filled, rows):
    found = emission_queries.top_emitters(filled, EVERYTHING, 5).set_index("resource_id")
    sums = rows.groupby("resource_id")["total_g"].sum().nlargest(5)
    assert found["total_g"].to_dict() == pytest.approx(sums.to_dict())
    assert found["share"].iloc[0] == pytest.approx(sums.iloc[0] / rows["total_g"].sum())


def test_covariance_of_vector_5():
    at = fleet.hours("2026-11-01T00", "2026-11-01T04")
    lifecycle = np.array([200.0, 250.0, 450.0, 500.0])
    store = Store()
    build(
        store,
        instances=fleet.instances({"instance_id": "i-1", "valid_from": "2026-10-01T00:00Z"}),
        hours=at,
        intensities=[
            fleet.intensities("DE", at, lifecycle * 0.9, lifecycle),
            # Hours that are not accounted for say nothing of those that are.
            fleet.intensities("DE", at + timedelta(hours=4), 900.0, 1_000.0),
        ],
        utilisation=[fleet.utilisation("i-1", at, [0.0, 0.0, 50.0, 50.0])],
    )
    selection = Selection(at[0].to_pydatetime(), (at[-1] + timedelta(hours=5)).to_pydatetime())
    row = emission_queries.covariance(store, selection).iloc[0]
    kwh = np.array([8.8, 8.8, 28.2, 28.2]) * 1.35 / 1000
    assert row["hourly_g"] == pytest.approx((kwh * lifecycle).sum())
    assert row["averaged_g"] == pytest.approx(kwh.sum() * lifecycle.mean())
    assert row["covariance_g"] == pytest.approx(row["hourly_g"] - row["averaged_g"])
    store.close()


def test_quality_shares_add_up(filled, rows):
    tiers = emission_queries.quality(filled, EVERYTHING)
    assert tiers.groupby("input")["share"].sum().to_dict() == pytest.approx(
        {"intensity": 1, "power": 1, "utilisation": 1}
    )
    expected = rows.groupby("intensity_tier")["energy_kwh"].sum()
    found = tiers[tiers["input"] == "intensity"].set_index("tier")["energy_kwh"]
    assert found.to_dict() == pytest.approx(expected.to_dict())
    loads = tiers[tiers["input"] == "utilisation"]["energy_kwh"]
    assert (len(loads), loads.sum()) == (2, pytest.approx(rows["energy_kwh"].sum()))


@pytest.mark.parametrize("name", ["nobody", "'; DROP TABLE instances; --", 'a"b', "100%"])
def test_filters_are_values_never_sql(filled, name):
    selection = Selection(START, END, teams=(name,))
    assert emission_queries.totals(filled, selection)["total_g"] is None
    assert emission_queries.hourly(filled, selection).empty
    assert band_queries.total_band(filled, selection) == (0, 0, 0)
    assert emission_queries.costs(filled, selection)["effective_usd"] is None
    for query in (
        band_queries.daily_bands, band_queries.bands,
        lambda *of: band_queries.top_emitters(*of, 5),
        emission_queries.covariance, emission_queries.quality,
    ):  # fmt: skip
        assert query(filled, selection).empty


def test_only_dimensions_go_into_sql(filled):
    with pytest.raises(ValueError, match="not a dimension"):
        emission_queries.breakdown(filled, EVERYTHING, "1; DROP TABLE instances")
    with pytest.raises(ValueError, match="not an emission factor"):
        grid_queries.column("marginal")


def test_choices_are_what_emits(filled, rows):
    assert emission_queries.choices(filled) == {
        f"{name}s": sorted(rows[name].unique()) for name in ("region", "team", "environment")
    }


def test_regions_now(filled):
    hour = HOURS[40].to_pydatetime()
    table = grid_queries.regions_now(filled, hour, "direct").set_index("region")
    assert len(table) == 36
    value, tier = filled.row(
        "SELECT intensity_direct_g_per_kwh, tier FROM intensity_hourly "
        "WHERE zone = 'DE' AND hour = ?",
        [hour],
    )
    assert (table.loc["eu-central-1", "g_per_kwh"], table.loc["eu-central-1", "tier"]) == (
        value,
        tier,
    )
    assert table.loc["eu-central-1", "observed_at"] == hour
    assert len(table.loc["eu-central-1", "trend"]) == 24
    uae = table.loc["me-central-1"]
    assert (uae["tier"], uae["quality"]) == ("F", "default")
    assert pd.isna(uae["observed_at"])


def test_demo_hours_do_not_make_a_silent_live_grid_fresh():
    store, now = Store(), HOURS[40]
    write_factors(store, CATALOG)
    at = pd.date_range(end=now, periods=30, freq="h")
    for zone, hours, source in (
        ("DE", at, "demo"), ("SE-SE3", at, "demo"), ("DE", at[:-9], "electricity_maps")
    ):  # fmt: skip
        rows = fleet.intensities(zone, hours, 300.0, 350.0, source=source, quality="demo")
        write_intensities(store, rows, CATALOG)
        is_live = source == "electricity_maps"
        stated = grid_queries.status(store)
        assert stated["intensity_until"] == now - timedelta(hours=9 * is_live)
        assert bool(stated["is_carried_on"]) is is_live
    table = grid_queries.regions_now(store, now.to_pydatetime(), "direct").set_index("region")
    for region, age_h, said in (
        ("eu-central-1", 9, "demo, live 9 h old"), ("eu-north-1", 0, "demo")
    ):  # fmt: skip
        grid = table.loc[region]
        assert grid["observed_at"] == now - timedelta(hours=age_h)
        assert names.quality(grid["tier"], grid["quality"], age_h) == said
    what_fell_silent_is_counted(store, at)
    store.close()


def what_fell_silent_is_counted(store, at):
    """Nothing is missing of what no source ever stated, as us-east-1, or of what just began."""
    now, until = at[-1].to_pydatetime(), units.moment_text(at[-10])
    regions = {"i-1": "eu-central-1", "i-2": "eu-north-1", "i-3": "us-east-1", "i-new": "eu-west-1"}
    rows = [{"instance_id": name, "region": region, "valid_from": now if "new" in name else at[0]}
            for name, region in regions.items()]  # fmt: skip
    write_instances(store, fleet.instances(*rows))
    for name, ends in (("i-1", at), ("i-2", at[:-9])):
        write_utilisation(store, fleet.utilisation(name, ends, 9.0))
    write_intensities(store, fleet.intensities("FR", at[:2], 50.0, 60.0), CATALOG)
    fresh = grid_queries.status(store) | {"intensity_until": now}

    def said():
        heard = grid_queries.heard_from(store, now - frame.STALE_AFTER)
        return frame._age(fresh, heard, now)

    label, _, color, text = said()
    fleets, ends = "1 of 2 fleets", f" silent since {until}"
    assert (label, color) == (f"{fleets} and 1 of 2 grids{ends}", "orange")
    assert f"eu-north-1 (111111111111) {until}; DE {until}" in text
    live = fleet.intensities("DE", at[-1:], 300.0, 350.0, source="electricity_maps")
    write_intensities(store, live, CATALOG)
    assert said()[0] == fleets + ends
    write_utilisation(store, fleet.utilisation("i-2", at[-1:], 9.0))
    assert said()[2] == "green"


def test_a_long_line_is_drawn_by_days_with_their_range():
    at = fleet.hours("2026-07-01", "2026-11-01")
    values = 300.0 + np.arange(len(at)) % 24
    store = Store()
    build(
        store,
        instances=fleet.instances({"instance_id": "i-1", "valid_from": "2026-10-31T00:00Z"}),
        hours=at[-24:],
        intensities=[
            fleet.intensities("DE", at.drop(at[50]), *np.delete([values * 0.8, values], 50, 1))
        ],
    )
    bounds = (at[0].to_pydatetime(), (at[-1] + timedelta(hours=1)).to_pydatetime())
    line = grid_queries.zone_line(store, "DE", *bounds, "lifecycle")
    assert len(line) == 123
    assert set(line["hours"]) == {24}
    assert line["filled_hours"].sum() == line["filled_hours"].iloc[2] == 1  # one hour, not its day
    assert line[["low_g_per_kwh", "g_per_kwh", "high_g_per_kwh"]].iloc[5].tolist() == [
        300,
        311.5,
        323,
    ]
    short = grid_queries.zone_line(store, "DE", bounds[1] - timedelta(days=3), bounds[1], "direct")
    assert len(short) == 72
    quantiles = grid_queries.distribution(store, *bounds, "lifecycle").set_index("zone")
    assert quantiles.loc["DE", "p50"] == pytest.approx(np.quantile(values, 0.5))
    assert "AE" not in quantiles.index  # an annual factor has no distribution
    store.close()


def test_local_days_of_23_and_25_hours():
    at = fleet.hours("2025-10-24", "2025-10-28")
    store = Store()
    build(
        store,
        instances=fleet.instances({"instance_id": "i-1", "valid_from": "2025-10-01T00:00Z"}),
        hours=at,
        intensities=[fleet.intensities("DE", at, 100.0, np.arange(len(at), dtype=float))],
    )
    span = (datetime(2025, 10, 25, 22, tzinfo=UTC), datetime(2025, 10, 26, 23, tzinfo=UTC))
    frame = grid_queries.heat_map(store, "DE", span, "Europe/Berlin", "lifecycle")
    assert frame["day"].astype(str).unique().tolist() == ["2025-10-26"]
    assert frame["hour_of_day"].tolist() == list(range(24))
    # 00:00 and 01:00 UTC are both 02:00 local time: their mean.
    assert frame["g_per_kwh"].iloc[2] == 48.5
    store.close()


def test_an_empty_store_answers_everything():
    store = Store()
    assert emission_queries.ledger_span(store) is None
    assert grid_queries.stated_span(store) is None
    assert emission_queries.totals(store, EVERYTHING)["total_g"] is None
    assert grid_queries.regions_now(store, START, "lifecycle").empty
    assert grid_queries.status(store)["intensity_until"] is None
    store.close()
