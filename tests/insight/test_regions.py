"""The comparison of regions and what a move costs once: METHOD.md, section 8."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra.catalog import load_catalog
from spectra.errors import InputError
from spectra.insight.regions import (
    Limits,
    Place,
    Weights,
    break_even_hours,
    compare,
    distance_km,
    efficient,
    estimated_rtt_ms,
    one_off_g,
    replication_g_per_h,
    saving_interval,
)
from spectra.insight.regions.equivalent import nearest_equivalent
from spectra.insight.regions.estimate import _months, _season

CATALOG = load_catalog()
# A machine of 21.1 W at PUE 1.14.
KWH_PER_H = 0.0241


def place(region, g=100.0, usd=1.0, ms=50.0, **extra):
    country, zone = extra.pop("country", "DE"), extra.pop("zone", region)
    defaults = {"intensity_sigma": 0.05, "pue_sigma": 0.03}
    return Place(region, country, zone, g, 5.0, usd, ms, **{**defaults, **extra})


HOME = place("home")
GREEN = place("green", g=20.0, usd=1.1, ms=80.0)
CHEAP = place("cheap", g=90.0, usd=0.8, ms=60.0)


def test_the_moves_of_the_method():
    """2 TB and two days of both, from 380 to 30 g/kWh: about 101 hours, 538 at ten times k."""
    saving = KWH_PER_H * (380 - 30)
    once = one_off_g(380, 30, transfer_gb=2_000, dual_kwh=48 * KWH_PER_H)
    assert one_off_g(380, 30, transfer_gb=2_000) == pytest.approx(410)
    assert once - 410 == pytest.approx(440, rel=0.01)
    assert saving == pytest.approx(8.4, rel=0.01)
    assert break_even_hours(once, saving) == pytest.approx(100.7, abs=0.05)
    ten = one_off_g(380, 30, transfer_gb=2_000, network_kwh_per_gb=0.01, dual_kwh=48 * KWH_PER_H)
    assert break_even_hours(ten, saving) == pytest.approx(538, abs=0.5)


@pytest.mark.parametrize("saving", [0.0, -3.0, math.nan])
def test_without_a_saving_nothing_is_ever_made_up_for(saving):
    assert break_even_hours(100.0, saving) == math.inf


def test_a_month_that_saves_less_than_replication_takes_is_the_worst():
    rows = pd.DataFrame(
        [
            {"month": pd.Timestamp(month), "side": side, "raw_g": grams * 700, "month_hours": 700}
            for month, saving in (("2026-09-01", 9.0), ("2026-10-01", 1.0))
            for side, grams in ((1, 20.0), (-1, 20.0 - saving))
        ]
    )
    assert _season(_months(rows, 0.5), 4.5) == ("October 2026", False)
    months = _months(rows, 2.0)
    assert months["saving_g"].tolist() == pytest.approx([7 * 700, -700])
    assert _season(months, 3.0) == ("October 2026", True)


def test_replication_goes_on_at_the_mean_of_both_grids():
    assert replication_g_per_h(380, 30, 10.0) == pytest.approx(10 * 0.001 * 205)


def test_a_round_trip_by_distance():
    frankfurt, dublin = CATALOG.region("eu-central-1"), CATALOG.region("eu-west-1")
    km = distance_km(frankfurt.lat, frankfurt.lon, dublin.lat, dublin.lon)
    assert km == pytest.approx(1_090, rel=0.02)
    assert estimated_rtt_ms(km) == pytest.approx(2 * km * 1.5 / 200 + 5)
    assert estimated_rtt_ms(0) == 5


def test_scores_are_relative_to_where_we_are():
    weights = Weights(carbon=0.5, cost=0.5)
    found = compare([HOME, GREEN, CHEAP], "home", weights=weights)
    scores = {row.place.region: row.score for row in found.ranked}
    assert scores["home"] == 0
    assert scores["green"] == pytest.approx(0.5 * (25 / 105 - 1) + 0.5 * 0.1)
    assert found.ranked[0].place.region == "green"
    assert found.ranked[0].first_share == pytest.approx(1.0)


def test_of_equal_scores_the_lower_emissions_come_first():
    half = replace(GREEN, operational_g_per_h=47.5, usd_per_h=1.0, region="half")
    cheap = replace(CHEAP, operational_g_per_h=100.0, usd_per_h=0.5, region="a-cheap")
    found = compare([HOME, cheap, half], "home", weights=Weights(carbon=0.5, cost=0.5))
    assert [row.place.region for row in found.ranked[:2]] == ["half", "a-cheap"]
    assert found.ranked[0].score == pytest.approx(found.ranked[1].score)


@pytest.mark.parametrize(
    ("changes", "limits", "said"),
    [
        ({"operational_g_per_h": None, "no_data": "No data at all."}, {}, "No data at all."),
        ({"operational_g_per_h": None}, {}, "no carbon data"),
        ({"country": "US"}, {"countries": ("DE",)}, "lies in US"),
        ({}, {"regions": ("home",)}, "not on the list"),
        ({}, {"max_latency_ms": 70.0}, "80 ms is above the limit of 70 ms"),
        ({"latency_is_estimate": True}, {"max_latency_ms": 70.0}, "estimated latency"),
        ({"latency_ms": None}, {"max_latency_ms": 70.0}, "latency is not known"),
        ({"missing_types": ("p3.2xlarge",), "usd_per_h": None}, {}, "p3.2xlarge"),
        ({"usd_per_h": None}, {"needs_types": False}, "price is not known"),
    ],
)
def test_every_exclusion_has_its_reason(changes, limits, said):
    other = replace(GREEN, **changes)
    found = compare([HOME, other], "home", Limits(**limits))
    assert [row.place.region for row in found.ranked] == ["home"]
    assert [row.region for row in found.excluded] == ["green"]
    assert said in found.excluded[0].reason


def test_a_missing_price_does_not_matter_where_the_price_does_not():
    other = replace(GREEN, usd_per_h=None)
    found = compare([HOME, other], "home", weights=Weights(1.0, 0.0, 0.0))
    assert found.ranked[0].place.region == "green"
    assert found.ranked[0].cost_change is None
    assert not found.ranked[0].is_efficient


@pytest.mark.parametrize(
    ("home", "weights", "said"),
    [
        (replace(HOME, usd_per_h=None), Weights(), "price of home"),
        (replace(HOME, operational_g_per_h=None), Weights(), "carbon of home"),
        (HOME, Weights(0, 0, 0), "No figure has a weight"),
        (HOME, Weights(-1, 1, 0), "No figure has a weight"),
    ],
)
def test_nothing_is_relative_to_the_unknown(home, weights, said):
    with pytest.raises(InputError, match=said):
        compare([home, GREEN], "home", weights=weights)
    with pytest.raises(InputError, match="no region"):
        compare([GREEN], "home")


def test_the_front_holds_what_nobody_beats():
    values = np.array([[1, 3, 3], [3, 1, 3], [2, 2, 2], [3, 3, 3], [1, 3, 3], [0, 0, np.nan]])
    assert efficient(values.astype(float)).tolist() == [True, True, True, False, True, False]


finite = st.floats(1.0, 1_000.0)
figures = st.lists(st.tuples(finite, finite, finite), min_size=2, max_size=8)


@given(figures, st.tuples(finite, finite, finite), st.tuples(*[st.floats(0.0, 1.0)] * 3))
@settings(max_examples=60, deadline=None)
def test_one_more_region_changes_nobodys_score_or_order(rows, extra, weights):
    if sum(weights) == 0:
        weights = (1.0, 0.0, 0.0)
    places = [place(f"r{n}", g, usd, ms) for n, (g, usd, ms) in enumerate(rows)]
    alone = compare(places, "r0", weights=Weights(*weights), draws=50)
    more = compare([*places, place("new", *extra)], "r0", weights=Weights(*weights), draws=50)
    kept = [row for row in more.ranked if row.place.region != "new"]
    assert [(r.place.region, r.score) for r in kept] == [
        (r.place.region, pytest.approx(r.score)) for r in alone.ranked
    ]


@given(figures)
@settings(max_examples=60, deadline=None)
def test_an_irrelevant_region_changes_no_robustness(rows):
    places = [place(f"r{n}", g, usd, ms) for n, (g, usd, ms) in enumerate(rows)]
    worst = place("new", 50_000.0, 50_000.0, 50_000.0)
    alone = compare(places, "r0", draws=200)
    more = compare([worst, *places], "r0", draws=200)
    shares = {row.place.region: row.first_share for row in more.ranked}
    assert shares.pop("new") == 0
    assert shares == {row.place.region: row.first_share for row in alone.ranked}
    assert sum(shares.values()) == pytest.approx(1.0)


def test_close_regions_share_the_first_place():
    rival = replace(GREEN, region="rival", zone="rival", operational_g_per_h=20.5)
    found = compare([HOME, GREEN, rival], "home", weights=Weights(1, 0, 0))
    shares = {row.place.region: row.first_share for row in found.ranked}
    assert 0.5 < shares["green"] < 0.8
    again = compare([rival, HOME, GREEN], "home", weights=Weights(1, 0, 0))
    assert {row.place.region: row.first_share for row in again.ranked} == shares
    same_grid = [replace(p, zone="one", pue_sigma=0.0) for p in (GREEN, rival)]
    found = compare([HOME, *same_grid], "home", weights=Weights(1, 0, 0))
    assert found.ranked[0].first_share == 1.0


def side(sign, region, grams, **extra):
    return {
        "instance_id": "i-1", "region": region, "zone": region, "country": region,
        "pue_is_regional": True, "operational_g": sign * grams, "td_g": 0.0,
        "embodied_g": sign * 5.0, "power_sigma": math.log(1.2), "intensity_sigma": 0.0,
        "utilisation_sigma": 0.0, "burst_sigma": 0.0, **extra,
    }  # fmt: skip


def test_what_both_sides_share_cancels_out():
    """The same grid on both sides leaves no doubt about a difference of nothing."""
    same = saving_interval(pd.DataFrame([side(1, "a", 100.0), side(-1, "a", 100.0)]))
    assert same == pytest.approx((0.0, 0.0, 0.0))
    other = saving_interval(pd.DataFrame([side(1, "a", 100.0), side(-1, "b", 30.0)]))
    power = 70 * math.log(1.2)
    pue = math.hypot(100, 30) * math.log(1.03)
    assert other.central == pytest.approx(70)
    assert other.high - 70 == pytest.approx(1.96 * math.hypot(power, pue))


def test_of_burstable_machines_a_difference_reaches_further_towards_nothing():
    def interval(before, after, burst):
        sides = [side(1, "a", before, burst_sigma=burst), side(-1, "b", after, burst_sigma=burst)]
        return saving_interval(pd.DataFrame(sides))

    burst = math.log(2) / 1.96
    plain, less = interval(100.0, 30.0, 0.0), interval(100.0, 30.0, burst)
    assert less.high == plain.high
    assert less.central - less.low == pytest.approx(
        math.hypot(plain.central - plain.low, 70 * math.log(2)), rel=1e-3
    )
    more = interval(30.0, 100.0, burst)
    assert (more.low, more.high) == pytest.approx((-less.high, -less.low))


def test_the_nearest_type_is_no_smaller():
    assert CATALOG.price("c4.2xlarge", "eu-north-1") is None
    other = nearest_equivalent(CATALOG, "c4.2xlarge", "eu-north-1")
    assert other.family.startswith("c5")
    current = CATALOG.instance_type("c4.2xlarge").type
    assert other.vcpu >= current.vcpu and other.memory_gib >= current.memory_gib
    assert nearest_equivalent(CATALOG, "p3.8xlarge", "eu-north-1") is None
