"""Bulk writes: keys stay unique, later statements win, and only what changes is made stale."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectra.errors import StoreError
from spectra.store import Store
from spectra.store.factors import write_factors
from spectra.store.intensities import monthly_profile, resolve_zones
from spectra.store.ledger import extend_ledger, recompute
from spectra.store.live_writes import write_grid_shares
from spectra.store.writes import (
    write_costs,
    write_instances,
    write_intensities,
    write_utilisation,
    write_volumes,
)
from tests import fleet
from tests.store.conftest import CATALOG, build

HOURS = fleet.hours("2026-11-01", "2026-11-03")
ONE = fleet.instances({"instance_id": "i-1", "valid_from": "2026-10-01T00:00Z"})


def grid(at=HOURS, direct=320.0, lifecycle=380.0, **extra):
    return fleet.intensities("DE", at, direct, lifecycle, **extra)


def small(store):
    return build(
        store,
        instances=ONE,
        hours=HOURS,
        intensities=[grid()],
        utilisation=[fleet.utilisation("i-1", HOURS, 30.0)],
    )


def stale(store) -> int:
    return store.row("SELECT count(*) FROM stale_hours")[0]


def test_the_same_statement_twice_changes_nothing(store):
    small(store)
    assert write_intensities(store, grid(), CATALOG) == 0
    assert write_instances(store, ONE) == 0
    assert stale(store) == 0


def test_a_revised_hour_recomputes_that_hour_alone(store):
    small(store)
    before = store.frame(
        "SELECT hour, scope2_lb_g, computed_at FROM emissions_hourly ORDER BY hour"
    )
    revised = HOURS[30:31]
    later = fleet.FETCHED + pd.Timedelta(hours=1)
    shares = {"low_carbon_pct": [55.0], "renewable_pct": [44.0]}
    write_grid_shares(store, pd.DataFrame({"zone": "DE", "hour": revised, **shares}))
    assert write_intensities(store, grid(revised, 200.0, 250.0, updated_at=later), CATALOG) == 1
    assert stale(store) == 1
    recompute(store)
    after = store.frame("SELECT hour, scope2_lb_g, computed_at FROM emissions_hourly ORDER BY hour")
    touched = after["computed_at"] != before["computed_at"]
    assert after["hour"][touched].tolist() == revised.tolist()
    ratio = after["scope2_lb_g"] / before["scope2_lb_g"]
    assert ratio[touched].tolist() == pytest.approx([200 / 320])
    kept = store.frame("SELECT low_carbon_pct, renewable_pct FROM intensities WHERE hour = $hour",
                       {"hour": revised[0]})  # fmt: skip
    assert kept.to_dict("list") == shares  # its source says them elsewhere, for a while
    assert ratio[~touched].tolist() == pytest.approx([1.0] * (len(HOURS) - 1))


def test_an_older_statement_loses(store):
    small(store)
    earlier = fleet.FETCHED - pd.Timedelta(days=1)
    assert write_intensities(store, grid(direct=1.0, updated_at=earlier), CATALOG) == 0


def test_the_better_source_counts_hour_by_hour(store):
    small(store)
    portal = grid(HOURS[:5], 100.0, 150.0, source="electricity_maps_portal")
    demo = grid(HOURS, 50.0, 60.0, source="demo", quality="demo")
    write_intensities(store, pd.concat([demo, portal]), CATALOG)
    assert set(store.frame("SELECT source FROM intensity_hourly WHERE zone = 'DE'")["source"]) == {
        "electricity_maps"
    }
    other = Store()
    write_factors(other, CATALOG)
    write_instances(other, ONE)
    write_intensities(other, pd.concat([demo, portal]), CATALOG)
    rows = other.frame("SELECT * FROM intensity_hourly WHERE zone = 'DE' ORDER BY hour")
    assert rows["source"].tolist()[:6] == ["electricity_maps_portal"] * 5 + ["demo"]
    assert rows["intensity_direct_g_per_kwh"].tolist()[4:6] == [100.0, 50.0]


def test_what_was_measured_comes_before_an_estimate_of_any_source(store):
    demo, portal = {"source": "demo", "quality": "demo"}, {"source": "electricity_maps_portal"}
    estimate, half = {"is_estimated": [True] * 2 + [False]}, [float("nan")] * 2 + [320.0]
    stated = [
        grid(HOURS[:3], 1.0, 1.0, **demo),
        grid(HOURS[1:3], 100.0, 150.0, **portal),
        grid(HOURS[:3], **estimate),
        grid(HOURS[4:6], 100.0, 150.0, **portal),
        grid(HOURS[4:7], direct=half),
    ]
    write_intensities(store, pd.concat(stated), CATALOG)
    query = "SELECT tier, intensity_lifecycle_g_per_kwh AS g FROM intensity_hourly ORDER BY hour"
    rows = store.frame(query).drop(index=3).to_numpy().tolist()
    assert rows == [["B", 380], ["A", 150], ["A", 380], ["A", 150], ["A", 150], ["A", 380]]


def test_a_late_value_refills_the_gap_around_it(store):
    holes = HOURS.delete([20, 21, 22, 23, 24, 25])
    build(store, instances=ONE, hours=HOURS, intensities=[grid(holes)])
    tiers = "SELECT tier FROM intensity_hourly WHERE zone = 'DE' ORDER BY hour"
    assert set(store.frame(tiers)["tier"][20:26]) == {"E"}
    write_intensities(store, grid(HOURS[23:24]), CATALOG)
    assert store.frame(tiers)["tier"][20:26].tolist() == ["C", "C", "C", "A", "C", "C"]


def test_a_gap_says_the_same_in_whichever_steps_it_has_grown(store):
    at = fleet.hours("2026-09-01", "2026-10-11")
    values = 300 + 100 * np.sin(np.arange(len(at)) / 12 * np.pi)
    write_intensities(store, grid(at[:-240], values[:-240], values[:-240] + 50), CATALOG)
    query = "SELECT hour, tier, intensity_direct_g_per_kwh FROM intensity_hourly WHERE zone = 'DE'"
    first = at[0].to_pydatetime()

    def difference():
        """Between the hours as they have come about and all of them at once."""
        grown = store.frame(f"{query} ORDER BY hour")
        with store.write() as cursor:
            resolve_zones(cursor, CATALOG, {"DE": (first, at[-1].to_pydatetime())}, observed=False)
        return len(grown.compare(store.frame(f"{query} ORDER BY hour")))

    for hours, tier in ((168, "D"), (169, "E"), (240, "E")):
        extend_ledger(store, CATALOG, first, (at[-240] + timedelta(hours=hours)).to_pydatetime())
        assert set(store.frame(f"{query} AND hour >= $gap", {"gap": at[-240]})["tier"]) == {tier}
    write_intensities(store, grid(at[-24:], values[-24:], values[-24:] + 50), CATALOG)
    assert difference() == 0
    write_intensities(store, grid(at[-100:-90], values[-100:-90], 400.0), CATALOG)
    assert store.row(f"{query} AND hour = $gap", {"gap": at[-240]})[1] == "D"
    assert difference() == 0


def test_a_reference_month_is_of_whole_weeks_and_each_factor_its_own():
    means = monthly_profile(CATALOG)
    assert means["IT-NO"][6] == pytest.approx((166.3, 215.3), abs=0.1)
    assert means["DE"][6][1] == pytest.approx(312.1, abs=0.1)
    assert means["BR-CS"][2] == pytest.approx((29.4, 58.8), abs=0.1)  # annual: 64 % direct


def test_a_replaced_year_loses_the_hours_it_no_longer_has(store):
    small(store)
    shorter = grid(HOURS[:-2])
    assert write_intensities(store, shorter, CATALOG, replace_years=(("DE", 2026),)) == 2
    assert store.row("SELECT count(*) FROM intensities")[0] == len(HOURS) - 2


def test_naive_times_are_refused(store):
    with pytest.raises(StoreError, match="aware UTC"):
        write_intensities(store, grid(HOURS.tz_localize(None)), CATALOG)


def test_tags_are_folded_and_volumes_follow_their_instance(store):
    write_instances(
        store,
        fleet.instances(
            {
                "instance_id": "i-1",
                "valid_from": "2026-10-01T00:00Z",
                "tags": {" Team ": " Data  Platform ", "ENVIRONMENT": "Production"},
            },
            {"instance_id": "i-2", "valid_from": "2026-10-01T00:00Z", "tags": {}},
        ),
    )
    write_volumes(
        store,
        fleet.volumes(
            {"volume_id": "v-1", "valid_from": "2026-10-01T00:00Z", "instance_id": "i-1"},
            {"volume_id": "v-2", "valid_from": "2026-10-01T00:00Z", "state": "available"},
            {
                "volume_id": "v-3",
                "valid_from": "2026-10-01T00:00Z",
                "instance_id": "i-1",
                "tags": {"team": "other"},
            },
        ),
    )
    owners = store.frame("SELECT instance_id AS id, team, environment FROM instances ORDER BY id")
    assert owners["team"].tolist() == ["data platform", "unallocated"]
    assert owners["environment"].tolist() == ["production", "unallocated"]
    volumes = store.frame("SELECT team FROM volumes ORDER BY volume_id")
    assert volumes["team"].tolist() == ["data platform", "unallocated", "other"]
    handed = fleet.utc("2026-11-01")
    ended = {"instance_id": "i-1", "valid_from": "2026-10-01T00:00Z", "valid_to": handed}
    write_instances(store, fleet.instances(
        {**ended, "tags": {"team": "data platform"}},
        {"instance_id": "i-1", "valid_from": handed, "tags": {"team": "search"}},
    ))  # fmt: skip
    write_volumes(store, fleet.volumes(
        {"volume_id": "v-1", **ended},
        {"volume_id": "v-1", "valid_from": handed, "instance_id": "i-1"},
    ))  # fmt: skip
    volumes = store.frame("SELECT team FROM volumes ORDER BY volume_id, valid_from")
    assert volumes["team"].tolist() == ["data platform", "search", "unallocated", "other"]


def test_costs_belong_to_the_team_of_their_day(store):
    spans = fleet.instances(
        {
            "instance_id": "i-1",
            "valid_from": "2026-10-01T00:00Z",
            "valid_to": "2026-11-02T06:00Z",
            "tags": {"team": "old"},
        },
        {"instance_id": "i-1", "valid_from": "2026-11-02T06:00Z", "tags": {"team": "new"}},
    )
    write_instances(store, spans)
    days = pd.DataFrame(
        {
            "day": pd.to_datetime(["2026-11-01", "2026-11-03"]).date,
            "account_id": "1",
            "region": "eu-central-1",
            "service": "Amazon EC2",
            "resource_id": "i-1",
            "purchase_option": "on-demand",
            "list_cost_usd": [4.6, None],
            "billed_cost_usd": 4.6,
            "effective_cost_usd": 4.6,
            "is_provisional": False,
            "source": "test",
            "quality": "measured",
            "fetched_at": fleet.FETCHED,
        }
    )
    write_costs(store, days)
    write_costs(store, days)
    rows = store.frame('SELECT team, list_cost_usd FROM costs ORDER BY "day"')
    assert rows["team"].tolist() == ["old", "new"]
    assert rows["list_cost_usd"].isna().tolist() == [False, True]


@settings(deadline=None, max_examples=25)
@given(
    batches=st.lists(
        st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(0, 100)), max_size=12),
        max_size=5,
    )
)
def test_utilisation_behaves_like_a_dictionary(batches):
    store, model = Store(), {}
    for batch in batches:
        frames = [fleet.utilisation(f"i-{i}", HOURS[h : h + 1], float(v)) for i, h, v in batch]
        if frames:
            write_utilisation(store, pd.concat(frames, ignore_index=True))
        model.update({(f"i-{i}", HOURS[h]): float(v) for i, h, v in batch})
    rows = store.frame(
        "SELECT resource_id, hour, cpu_avg_pct FROM utilisation JOIN resources USING (resource_key)"
    )
    found = {(r.resource_id, r.hour): r.cpu_avg_pct for r in rows.itertuples()}
    assert len(rows) == len(model)
    assert found == model
    store.close()


def test_a_cost_is_of_whom_the_machine_belonged_to_at_the_end_of_its_day(store):
    """Retagged on the second at noon, and again on the fourth at midnight, which is its own day."""
    spans = (("2026-11-01T00:00", "2026-11-02T12:00", "web"),
             ("2026-11-02T12:00", "2026-11-04T00:00", "data"),
             ("2026-11-04T00:00", None, "ml"))  # fmt: skip
    write_instances(store, fleet.instances(*(
        {"instance_id": "i-1", "valid_from": start, "valid_to": end, "tags": {"team": team}}
        for start, end, team in spans
    )))  # fmt: skip
    days = ["2026-10-31", "2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04"]
    write_costs(store, pd.DataFrame({
        "day": [pd.Timestamp(day).date() for day in days], "account_id": "111111111111",
        "region": "eu-central-1", "service": "Amazon EC2", "resource_id": "i-1",
        "purchase_option": "on-demand", "list_cost_usd": 1.0, "billed_cost_usd": 1.0,
        "effective_cost_usd": 1.0, "is_provisional": False, "source": "test",
        "quality": "measured", "fetched_at": fleet.FETCHED,
    }))  # fmt: skip
    owners = store.frame('SELECT team FROM costs ORDER BY "day"')["team"].tolist()
    assert owners == ["unallocated", "web", "data", "data", "ml"]
