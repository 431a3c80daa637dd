"""Regions compared on a small store: what is known of each, and what is not."""

import math
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from spectra.carbon.energy import instance_watts
from spectra.errors import InputError
from spectra.insight.regions import compare
from spectra.region_compare import (
    BY_DISTANCE,
    BY_EDGE,
    MEASURED,
    Question,
    _Load,
    _not_offered,
    regions_for,
)
from spectra.store import Store, forecast_log, region_queries
from tests import fleet
from tests.store.conftest import CATALOG, build

HOURS = fleet.hours("2026-10-20", "2026-11-25")
NOW = fleet.as_datetime(HOURS[-1])
BORN = fleet.utc("2026-10-01")
HOME = "eu-central-1"
NIGHT = np.asarray(HOURS.hour < 6)


@pytest.fixture(scope="module")
def store():
    """A fleet in Frankfurt that is busy by day, and hourly grids of three zones."""
    store = build(
        Store(),
        instances=fleet.instances(
            {"instance_id": "i-1", "valid_from": BORN},
            {"instance_id": "i-2", "valid_from": BORN, "instance_type": "p3.2xlarge"},
            {"instance_id": "i-3", "valid_from": BORN, "instance_type": "zz9.plural"},
        ),
        hours=HOURS,
        intensities=[
            fleet.intensities("DE", HOURS, 300.0, 380.0),
            fleet.intensities("SE-SE3", HOURS, np.where(NIGHT, 10.0, 20.0),
                              np.where(NIGHT, 20.0, 30.0)),
            fleet.intensities("IE", HOURS[-100:], 250.0, 300.0),
        ],
        utilisation=[fleet.utilisation("i-1", HOURS, np.where(NIGHT, 0.0, 100.0))],
    )  # fmt: skip
    yield store
    store.close()


def facts_of(store, question):
    places, facts = regions_for(store, CATALOG, question, NOW)
    return {p.region: p for p in places}, facts.set_index("region")


def test_one_type_at_half_load(store):
    places, facts = facts_of(store, Question(HOME, "m5.xlarge"))
    row = facts.loc["eu-north-1"]
    month = np.where(NIGHT, 20.0, 30.0)[-30 * 24 :].mean()
    assert row["basis_g_per_kwh"] == pytest.approx(month)
    assert row["now_g_per_kwh"] == 30.0
    kw = instance_watts("m5.xlarge", 50.0).watts / 1_000
    operational = kw * row["pue"] * month * (1 + row["td_factor"])
    assert places["eu-north-1"].operational_g_per_h == pytest.approx(operational)
    assert row["water_l_per_h"] == pytest.approx(kw * row["wue_l_per_kwh"])
    prices = [CATALOG.price("m5.xlarge", code).usd_per_hour for code in ("eu-north-1", HOME)]
    assert row["price_index"] == pytest.approx(prices[0] / prices[1])
    assert compare(list(places.values()), HOME).ranked[0].place.region == "eu-north-1"


def test_our_own_load_weighs_the_hours(store):
    """Machines that work by day use a grid by day, which here is the dirtier part."""
    _, facts = facts_of(store, Question(HOME))
    own, plain = facts.loc["eu-north-1", ["own_g_per_kwh", "month_g_per_kwh"]]
    assert own > plain
    assert facts.loc[HOME, "own_g_per_kwh"] == pytest.approx(380.0)


def test_types_without_a_price_at_home_are_named_and_no_saving(store):
    places, facts = facts_of(store, Question(HOME))
    assert facts.attrs["unpriced"] == ["zz9.plural"]
    assert facts.loc[HOME, "price_index"] == 1
    north = places["eu-north-1"]
    assert north.missing_types == ("p3.2xlarge",)
    assert north.usd_per_h is None
    reasons = {e.region: e.reason for e in compare(list(places.values()), HOME).excluded}
    assert reasons["eu-north-1"] == "Not offered there: p3.2xlarge."
    assert "zz9.plural" not in facts.loc["us-east-1", "missing_types"]


def test_a_type_without_a_price_where_it_runs_must_be_offered_too():
    name = next(
        kind.name for kind in CATALOG.instance_types
        if CATALOG.price(kind.name, "us-east-1") and not CATALOG.price(kind.name, HOME)
        and not CATALOG.price(kind.name, "eu-north-1")
    )  # fmt: skip
    load = _Load(1.0, 1.0, {"m5.xlarge": 1}, (name, "zz9.plural"))
    offered = {code: _not_offered(CATALOG, load, HOME, code) for code in (
        HOME, "eu-north-1", "us-east-1")}  # fmt: skip
    assert offered == {HOME: (), "eu-north-1": (name,), "us-east-1": ()}


def test_what_is_no_hourly_data_is_not_ranked(store):
    places, facts = facts_of(store, Question(HOME, "m5.xlarge"))
    found = compare(list(places.values()), HOME)
    reasons = {e.region: e.reason for e in found.excluded}
    assert "annual or monthly mean" in reasons["us-east-1"]
    assert "annual or monthly mean" in reasons["eu-west-1"]
    assert {row.place.region for row in found.ranked} == {HOME, "eu-north-1"}
    assert len(facts) == len(CATALOG.regions)


def test_the_next_day_is_of_issued_forecasts(store):
    question = Question(HOME, "m5.xlarge", basis="next 24 h")
    places, _ = facts_of(store, question)
    assert places[HOME].no_data == "There is no forecast of its next 24 hours."
    ahead = pd.date_range(NOW, periods=48, freq="h")
    for age, level in ((timedelta(hours=9), 1.0), (timedelta(), 111.0)):
        forecast_log.keep_issued(
            store,
            pd.DataFrame(
                {"zone": "DE", "factor": "lifecycle", "issued_at": pd.Timestamp(NOW - age),
                 "hour": ahead, "mean_g_per_kwh": np.where(np.arange(48) <= 24, level, 999.0),
                 "lower_g_per_kwh": 1.0, "upper_g_per_kwh": 2.0, "level": 0.8, "step": 1}
            ),
        )  # fmt: skip
    short = ahead[1:24]  # of a grid that is more than a day late
    forecast_log.keep_issued(
        store,
        pd.DataFrame(
            {"zone": "SE-SE3", "factor": "lifecycle", "issued_at": pd.Timestamp(NOW),
             "hour": short, "mean_g_per_kwh": 1.0, "lower_g_per_kwh": 1.0, "upper_g_per_kwh": 2.0,
             "level": 0.8, "step": 1}
        ),
    )  # fmt: skip
    places, facts = facts_of(store, question)
    assert facts.loc[HOME, "ahead_g_per_kwh"] == pytest.approx(111.0)
    assert places["eu-north-1"].g_per_h is None


def test_latency_is_measured_or_says_that_it_is_not(store):
    _, facts = facts_of(store, Question(HOME, "m5.xlarge"))
    assert set(facts["latency_is"]) == {BY_DISTANCE}
    assert facts.loc[HOME, "latency_ms"] == 5.0
    with store.write() as cursor:
        for region, is_proxy, ms in (("eu-north-1", False, 33.0), ("eu-west-1", True, 1.0)):
            cursor.execute(
                "INSERT INTO latency VALUES (?, 'tcp_probe', now(), 'TCP handshake', ?, ?, NULL, "
                "NULL, NULL, 'probe', 'measured', now())",
                [region, is_proxy, ms],
            )
    places, facts = facts_of(store, Question(HOME, "m5.xlarge"))
    assert tuple(facts.loc["eu-north-1", ["latency_ms", "latency_is"]]) == (33.0, MEASURED)
    assert facts.loc["eu-west-1", "latency_is"] == BY_DISTANCE
    assert places["eu-west-1"].latency_is_estimate
    with store.write() as cursor:
        cursor.execute(
            "INSERT INTO latency VALUES ('eu-west-1', 'radar_origins_region', now(), "
            "'Cloudflare edge to region, TCP round trip', false, 4.0, NULL, NULL, NULL, "
            "'cloudflare_radar', 'measured', now())"
        )
    places, facts = facts_of(store, Question(HOME, "m5.xlarge"))
    assert tuple(facts.loc["eu-west-1", ["latency_ms", "latency_is"]]) == (4.0, BY_EDGE)
    assert places["eu-west-1"].latency_is_estimate
    assert tuple(facts.loc["eu-north-1", ["latency_ms", "latency_is"]]) == (33.0, MEASURED)
    elsewhere = Question(HOME, "m5.xlarge", users_near="us-east-1")
    _, facts = facts_of(store, elsewhere)
    assert set(facts["latency_is"]) == {BY_DISTANCE}
    assert facts.loc["us-east-1", "latency_ms"] == 5.0


@pytest.mark.parametrize(
    "question",
    [Question("eu-west-9"), Question("sa-east-1"), Question(HOME, "m5.xlarge", users_near="x")],
)
def test_what_cannot_be_compared_is_refused(store, question):
    with pytest.raises(InputError):
        regions_for(store, CATALOG, question, NOW)


def test_the_direct_factor_is_combustion_alone(store):
    _, facts = facts_of(store, Question(HOME, "m5.xlarge", factor="direct"))
    kw = instance_watts("m5.xlarge", 50.0).watts / 1_000
    row = facts.loc[HOME]
    assert row["g_per_h"] - kw * row["pue"] * 300.0 == pytest.approx(
        facts.loc["eu-north-1", "g_per_h"]
        - kw * facts.loc["eu-north-1", "pue"] * facts.loc["eu-north-1", "basis_g_per_kwh"]
    )


def test_where_we_are_is_where_most_machines_run(store):
    assert region_queries.own_regions(store) == [HOME]
    assert region_queries.running_types(store, HOME) == {
        "m5.xlarge": 1, "p3.2xlarge": 1, "zz9.plural": 1,
    }  # fmt: skip


def test_an_empty_store_knows_no_region():
    store = Store()
    with pytest.raises(InputError):
        regions_for(store, CATALOG, Question(HOME, "m5.xlarge"), NOW)
    store.close()


def test_unknown_is_not_zero(store):
    _, facts = facts_of(store, Question(HOME, "p4d.24xlarge"))
    missing = facts[facts["usd_per_h"].isna()]
    assert len(missing)
    assert all(math.isnan(value) for value in missing["price_index"])
