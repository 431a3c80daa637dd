"""Figures: units on their axes, nothing from other hosts, no more points than a reader can see."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from spectra import budget_charts, charts, fleet_charts, grid_charts, region_charts
from spectra.setting_values import ROOT
from tests.fleet import hours


def days(count: int) -> pd.DataFrame:
    total = np.linspace(1_000.0, 2_000.0, count)
    return pd.DataFrame(
        {
            "day": pd.date_range("2026-01-01", periods=count),
            "total_g": total,
            "low_g": total * 0.7,
            "high_g": total * 1.4,
        }
    )


def zone_line(count: int) -> pd.DataFrame:
    at = hours("2026-01-01", "2026-03-01")[:count]
    value = np.linspace(100, 300, count)
    return pd.DataFrame(
        {"at": at, "g_per_kwh": value, "low_g_per_kwh": value - 9, "high_g_per_kwh": value + 9}
    )


REGIONS = pd.DataFrame(
    {
        "region": ["eu-north-1", "me-central-1"],
        "lat": [59.3, 25.2],
        "lon": [18.1, 55.3],
        "g_per_kwh": [20.0, 348.0],
        "is_hourly": [True, False],
        "marker_size": [20.0, 9.0],
        "text": ["a", "b"],
    }
)
HEAT = pd.DataFrame(
    {"day": ["2026-01-01"] * 24, "hour_of_day": range(24), "g_per_kwh": np.arange(24.0)}
)
ZONES = pd.DataFrame(
    {"label": ["a", "b"], "zone": ["A", "B"], "p05": [1, 2], "p25": [2, 3], "p50": [3, 4],
     "p75": [4, 5], "p95": [5, 6]}
)  # fmt: skip
TIERS = pd.DataFrame(
    {"input": ["Power", "Power"], "label": ["A measured", "D unknown"], "share": [0.9, 0.1]}
)


def machines(count: int) -> pd.DataFrame:
    """Machines in eight sizes, each a little dearer than the one before."""
    size = 2.0 ** (np.arange(count) % 8)
    return pd.DataFrame(
        {
            "unit_id": [f"i-{k}" for k in range(count)],
            "name": "web",
            "instance_type": "m5.large",
            "finding": "idle",
            "cost_usd": 10 * size + np.arange(count) * 1e-6,
            "kg": size,
        }
    )


FIGURES = {
    "bars": charts.daily_emissions(days(30), "kg", 1_000.0),
    "band": charts.daily_emissions(days(90), "kg", 1_000.0),
    "hours": charts.hourly_line(
        zone_line(1_400)["at"], zone_line(1_400)["g_per_kwh"], title="gCO₂e/kWh", name="g"
    ),
    "range": charts.daily_range(zone_line(100), title="gCO₂e/kWh"),
    "heat": grid_charts.heat_map(HEAT, "Europe/Berlin"),
    "map": grid_charts.world_map(REGIONS, dark=True),
    "distribution": grid_charts.distribution(ZONES, "B"),
    "tiers": charts.tier_bars(TIERS, dark=True),
    "fleet": fleet_charts.cost_and_carbon(machines(5_000)),
}


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_light_local_and_svg(name):
    figure = FIGURES[name]
    spec = json.loads(figure.to_json())
    kinds = {trace["type"] for trace in spec["data"]}
    assert not kinds & {"scattergl", "scattergeo", "choropleth", "scattermap"}
    assert len(figure.to_json()) < 150_000
    assert tuple(spec["layout"]["colorway"]) == charts.COLORWAY


@pytest.mark.parametrize("name", FIGURES)
def test_axes_write_numbers_out(name):
    layout = json.loads(FIGURES[name].to_json())["layout"]
    for axis in (part for key, part in layout.items() if key.startswith(("xaxis", "yaxis"))):
        assert (axis["exponentformat"], axis["separatethousands"]) == ("none", True)


@pytest.mark.parametrize(
    "file", sorted((ROOT / "spectra").rglob("*chart*.py")), ids=lambda f: f.name
)
def test_what_is_pointed_at_is_written_as_in_the_tables(file):
    """By d3, `s` is 253m for 0.253 and 12k for 12,000; `g` turns to exponents."""
    formats = re.findall(r"%\{\w+(?:\[\d\])?:([^}|]+)\}", file.read_text(encoding="utf-8"))
    assert not [found for found in formats if found[-1] in "sge"]


def test_a_box_says_its_quantiles_with_their_unit():
    *boxes, said = FIGURES["distribution"].data
    assert {box.hoverinfo for box in boxes} == {"skip"}
    assert "gCO₂e/kWh" in said.hovertemplate
    assert len(said.x) == len(ZONES)


def test_machines_on_one_another_share_a_marker():
    (marks,) = FIGURES["fleet"].data
    assert len(marks.x) == 8
    assert all(text.endswith(" and 624 more here") for text in marks.text)
    (few,) = fleet_charts.cost_and_carbon(machines(fleet_charts.MANY_POINTS)).data
    assert len(few.x) == fleet_charts.MANY_POINTS


@pytest.mark.parametrize(
    ("name", "unit"),
    [("bars", "kg/day"), ("band", "kg/day"), ("hours", "gCO₂e/kWh"), ("range", "gCO₂e/kWh"),
     ("distribution", "gCO₂e/kWh")],
)  # fmt: skip
def test_axes_name_their_unit(name, unit):
    assert unit in FIGURES[name].layout.yaxis.title.text


@pytest.mark.parametrize("name", ["bars", "band", "hours", "range"])
def test_time_axes_say_utc(name):
    assert "UTC" in FIGURES[name].layout.xaxis.title.text


def test_amounts_are_those_of_the_frame():
    bars = FIGURES["bars"].data[0]
    assert list(bars.y) == pytest.approx((days(30)["total_g"] / 1_000).tolist())
    assert list(bars.y + bars.error_y.array) == pytest.approx((days(30)["high_g"] / 1_000).tolist())
    line = FIGURES["band"].data[-1]
    assert list(line.y) == pytest.approx((days(90)["total_g"] / 1_000).tolist())


def test_an_annual_factor_has_a_shape_of_its_own():
    symbols = {trace.name: trace.marker.symbol for trace in FIGURES["map"].data if trace.name}
    assert symbols == {"Annual intensity": "diamond-open", "Hourly intensity": "circle"}


def test_coasts_do_not_cross_the_map():
    coast = FIGURES["map"].data[0]
    steps = np.abs(np.diff(np.asarray(coast.x, dtype=float)))
    assert np.nanmax(steps) < 60


def test_teams_named_like_numbers_have_bars_of_their_own():
    names = ["42", "7", "x" * 1000]
    grams = {name: [1.0] * 3 for name in ("direct_g", "account_g", "parent_g", "pool_g", "none_g")}
    figure = budget_charts.by_team(pd.DataFrame({"team": names, **grams}), "g", 1.0)
    assert figure.layout.yaxis.type == "category"
    assert max(map(len, figure.layout.yaxis.ticktext)) == budget_charts.MAX_LABEL


def test_names_of_regions_do_not_lie_on_one_another():
    ranked = pd.DataFrame(
        {
            "region": ["home", "twin", "far", "front"],
            "usd_per_h": [1.0, 1.01, 2.0, 1.0],
            "g_per_h": [100.0, 101.0, 90.0, 10.0],
            "latency_ms": [5.0, 20.0, 90.0, 30.0],
            "is_efficient": [True, False, False, True],
            "is_home": [True, False, False, False],
        }
    )
    figure = region_charts.efficient_regions(ranked)
    names = [text for trace in figure.data for text in trace.text]
    assert sorted(filter(None, names)) == ["far", "front", "home"]
    assert sum(len(trace.x) for trace in figure.data) == len(ranked)


def test_a_month_that_is_not_whole_says_so():
    months = pd.DataFrame(
        {"month": pd.to_datetime(["2026-10-01", "2026-11-01"]), "before_g": [2e3, 1e3],
         "after_g": [500.0, 400.0], "clock_hours": [744, 100]}
    )  # fmt: skip
    figure = region_charts.move_months(months, "kg", 1e3)
    assert list(figure.data[0].x) == ["Oct 2026", "Nov 2026<br>4 days"]
    assert list(figure.data[1].y) == [0.5, 0.4]
