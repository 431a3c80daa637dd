"""A move replayed on both grids, what it costs once, and what it has saved."""

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from spectra import actions
from spectra.carbon.energy import GIB_TO_GB
from spectra.carbon.method import Method
from spectra.errors import InputError
from spectra.insight.regions.cases import case_between
from spectra.insight.regions.move_model import LOCATION_BASED, Assumptions
from spectra.migration import estimate_move
from spectra.move_history import Move, Standing, moves_made, realised, standing
from spectra.store import Store, move_queries
from spectra.store.clearing import clear_demo_fleet
from tests import copies, fleet
from tests.actions.conftest import NOW
from tests.actions.test_demo import do, pick
from tests.actions.test_demo_move import TO
from tests.store.conftest import CATALOG, build

HOURS = fleet.hours("2026-09-26", "2026-11-25")
END = fleet.as_datetime(fleet.utc("2026-11-25"))
BORN = fleet.utc("2026-09-01")
MOVED = fleet.utc("2026-11-20")
HOME, TARGET = "eu-central-1", "eu-north-1"
METHOD = Method()
# In November the target's grid is the dirtier one.
WINTER = np.asarray(HOURS.month == 11)


@pytest.fixture(scope="module")
def store():
    """Two machines and a volume, one of a type that the target lacks, and one that was moved."""
    store = build(
        Store(),
        instances=fleet.instances(
            {"instance_id": "i-1", "valid_from": BORN, "name": "web"},
            {"instance_id": "i-2", "valid_from": BORN, "instance_type": "c4.2xlarge"},
            {"instance_id": "i-gpu", "valid_from": BORN, "instance_type": "p3.8xlarge"},
            {"instance_id": "i-odd", "valid_from": BORN, "instance_type": "zz9.plural",
             "tags": {"team": "odd"}},
            {"instance_id": "i-moved", "valid_from": BORN, "valid_to": MOVED},
            {"instance_id": "i-moved", "valid_from": MOVED, "region": TARGET,
             "availability_zone": "eu-north-1a", "tags": {"team": "gone"}},
            {"instance_id": "i-cn", "valid_from": BORN, "region": "cn-north-1",
             "tags": {"team": "odd"}},
            {"instance_id": "i-new", "valid_from": "2026-11-15T00:00Z"},
            {"instance_id": "i-half", "valid_from": "2026-09-30T06:30Z", "valid_to": MOVED,
             "instance_type": "g4dn.xlarge"},
            {"instance_id": "i-half", "valid_from": MOVED, "state": "stopped",
             "instance_type": "g4dn.xlarge"},
        ),
        hours=HOURS,
        intensities=[
            fleet.intensities("DE", HOURS, 300.0, 380.0),
            fleet.intensities("SE-SE3", HOURS, np.where(WINTER, 500.0, 20.0),
                              np.where(WINTER, 600.0, 30.0)),
        ],
        utilisation=[
            fleet.utilisation("i-1", HOURS, 30.0),
            fleet.utilisation("i-2", HOURS, 50.0),
            fleet.utilisation("i-moved", HOURS, 30.0),
            fleet.utilisation("i-half", HOURS[200:700], 30.0, gpu_avg_pct=70.0),
        ],
        volumes=fleet.volumes(
            {"volume_id": "vol-1", "valid_from": BORN, "instance_id": "i-1", "size_gib": 100}
        ),
    )  # fmt: skip
    yield store
    store.close()


def factors(store, region):
    return store.row("SELECT pue, td_factor FROM region_factors WHERE region = ?", [region])


def test_both_sides_are_the_hours_of_the_ledger(store):
    made = estimate_move(store, CATALOG, ["i-1"], TARGET, END, Assumptions(days=60))
    ledger = store.row(
        "SELECT sum(scope2_lb_g + upstream_g + td_g + embodied_g), sum(energy_kwh) "
        "FROM emissions_daily WHERE resource_id IN ('i-1', 'vol-1')"
    )
    hours = len(HOURS)
    assert made.before.total_g_per_h * hours == pytest.approx(ledger[0])
    assert made.before.kwh_per_h * hours == pytest.approx(ledger[1])
    assert made.months["before_g"].sum() == pytest.approx(ledger[0])
    assert made.mean_grids == ()
    assert not any("less than" in note for note in made.notes)
    pue, td = factors(store, TARGET)
    it_kwh = (21.1 + 0.24 * GIB_TO_GB) / 1_000
    lifecycle = np.where(WINTER, 600.0, 30.0).mean()
    expected = it_kwh * pue * lifecycle * (1 + td) + made.before.embodied_g_per_h
    assert made.after.total_g_per_h == pytest.approx(expected, rel=1e-6)
    assert made.after.scope2_g_per_h == pytest.approx(
        it_kwh * pue * np.where(WINTER, 500.0, 20.0).mean(), rel=1e-6
    )


def test_volumes_of_unknown_size_are_not_none(store):
    """i-1 has a disk of 100 GiB, of i-2 none is known: the move takes more than is stated."""
    priced = Assumptions(days=60, egress_usd_per_gb=0.02)
    whole = estimate_move(store, CATALOG, ["i-1"], TARGET, END, priced)
    part = estimate_move(store, CATALOG, ["i-1", "i-2"], TARGET, END, priced)
    assert (whole.once.unsized, whole.once.is_partial) == (0, False)
    assert (part.once.unsized, part.once.is_partial) == (1, True)
    assert part.once.transfer_gb == pytest.approx(whole.once.transfer_gb)
    assert whole.once.usd is not None
    assert part.once.usd is None
    assert part.break_even_usd_h is None
    stated = estimate_move(
        store, CATALOG, ["i-1", "i-2"], TARGET, END, replace(priced, transfer_gb=200.0)
    )
    assert (stated.once.is_partial, stated.once.usd is None) == (False, False)


def test_a_grid_known_by_means_alone_says_so():
    """Stockholm has no hour of its own here: its annual factor stands for every one."""
    store = build(
        Store(),
        instances=fleet.instances(
            {"instance_id": "i-1", "valid_from": BORN},
            {"instance_id": "i-north", "valid_from": BORN, "region": TARGET},
        ),
        hours=HOURS,
        intensities=[fleet.intensities("DE", HOURS, 300.0, 380.0)],
        utilisation=[fleet.utilisation("i-1", HOURS, 30.0)],
    )
    made = estimate_move(store, CATALOG, ["i-1"], TARGET, END, Assumptions(days=60))
    assert made.mean_grids == (TARGET,)
    assert made.machines["grid_after"].tolist() == ["monthly or annual mean"]
    assert made.machines["grid_before"].tolist() == ["by the hour"]
    store.close()


def test_accelerators_gaps_and_parts_of_hours_are_those_of_the_ledger(store):
    """Half its load is not measured, it began within an hour, and it is stopped since."""
    made = estimate_move(store, CATALOG, ["i-half"], TARGET, END, Assumptions(days=60))
    ledger = store.row(
        "SELECT sum(scope2_lb_g + upstream_g + td_g + embodied_g) FROM emissions_daily "
        "WHERE resource_id = 'i-half'"
    )
    assert made.months["before_g"].sum() == pytest.approx(ledger[0])
    clock = (END - fleet.utc("2026-09-30T06:30").to_pydatetime()) / timedelta(hours=1)
    assert made.before.total_g_per_h * clock == pytest.approx(ledger[0])


def test_prices_are_those_of_both_lists(store):
    made = estimate_move(store, CATALOG, ["i-1"], TARGET, END)
    prices = [CATALOG.price("m5.xlarge", code).usd_per_hour for code in (HOME, TARGET)]
    assert made.before.usd_per_h == pytest.approx(prices[0])
    assert made.saving_usd_per_h == pytest.approx(prices[0] - prices[1])
    assert made.once.usd is None and made.break_even_usd_h is None
    assert any("traffic between regions is not in the catalogue" in note for note in made.notes)


def test_a_stated_price_of_traffic_makes_the_one_off_cost_known(store):
    assumed = Assumptions(transfer_gb=2_000, egress_usd_per_gb=0.02, dual_hours=48)
    made = estimate_move(store, CATALOG, ["i-1"], TARGET, END, assumed)
    assert made.once.usd == pytest.approx(40 + 48 * made.before.usd_per_h)
    assert made.break_even_usd_h == pytest.approx(made.once.usd / made.saving_usd_per_h)


def test_a_good_month_and_a_bad_one_is_seasonal(store):
    made = estimate_move(store, CATALOG, ["i-1"], TARGET, END, Assumptions(days=60))
    assert made.saving_g_per_h.central > 0
    assert made.worst_month == "November 2026"
    assert made.is_seasonal
    assert made.saving_g_per_h.low < made.saving_g_per_h.central < made.saving_g_per_h.high


def test_what_the_move_costs_once_has_each_of_its_parts(store):
    assumed = Assumptions(days=60, dual_hours=48, double_storage_days=2)
    made = estimate_move(store, CATALOG, ["i-1"], TARGET, END, assumed)
    before, after = made.before, made.after
    assert made.once.transfer_gb == pytest.approx(100 * GIB_TO_GB)
    mean = (before.g_per_kwh + after.g_per_kwh) / 2
    assert made.once.transfer_g == pytest.approx(made.once.transfer_gb * 0.001 * mean)
    assert made.once.dual_g == pytest.approx(48 * before.total_g_per_h)
    stored_kwh = 0.24e-3 * GIB_TO_GB * factors(store, HOME)[0] * 48
    assert made.once.double_storage_g == pytest.approx(stored_kwh * before.g_per_kwh)
    saving = made.saving_g_per_h.central
    assert made.break_even_h == pytest.approx(made.once.total_g / saving)
    assert made.break_even_network_h == pytest.approx(
        (made.once.total_g + 9 * made.once.transfer_g) / saving
    )
    assert made.break_even_range_h.low < made.break_even_h < made.break_even_range_h.high


def test_replication_is_taken_off_the_saving(store):
    plain = estimate_move(store, CATALOG, ["i-1"], TARGET, END, Assumptions(days=60))
    assumed = Assumptions(days=60, replication_gb_per_h=5.0)
    made = estimate_move(store, CATALOG, ["i-1"], TARGET, END, assumed)
    assert made.replication_g_per_h > 0
    assert made.months["saving_g"].sum() == pytest.approx(made.saving_g_per_h.central * len(HOURS))
    assert made.saving_g_per_h.central == pytest.approx(
        plain.saving_g_per_h.central - made.replication_g_per_h
    )
    assert made.saving_usd_per_h is None
    priced = Assumptions(days=60, replication_gb_per_h=5.0, egress_usd_per_gb=0.02)
    made = estimate_move(store, CATALOG, ["i-1"], TARGET, END, priced)
    assert made.saving_usd_per_h == pytest.approx(plain.saving_usd_per_h - 0.1)


def test_a_type_not_offered_there_is_said_with_its_nearest(store):
    made = estimate_move(store, CATALOG, ["i-2"], TARGET, END)
    row = made.machines.iloc[0]
    assert (row["instance_type"], row["is_same"]) == ("c4.2xlarge", False)
    assert row["target_type"].startswith("c5")
    assert any("c4.2xlarge is not offered in eu-north-1" in text for text in made.warnings)
    assert not any("offered" in note for note in made.notes)


def test_what_cannot_move_has_no_numbers(store):
    made = estimate_move(store, CATALOG, ["i-1", "i-gpu", "i-odd", "i-moved", "i-cn"], TARGET, END)
    why = dict(made.left_out)
    assert set(made.machines["instance_id"]) == {"i-1"}
    assert "nor is anything like it" in why["i-gpu"]
    assert "not in the catalogue" in why["i-odd"]
    assert "already" in why["i-moved"]
    assert "both grids" in why["i-cn"]
    with pytest.raises(InputError, match=r"p3\.8xlarge is not offered"):
        estimate_move(store, CATALOG, ["i-gpu"], TARGET, END)


def test_a_price_unknown_where_it_is_now_is_no_saving(store):
    """Nothing is offered without a price: a move back from a region whose price is unknown."""
    made = estimate_move(store, CATALOG, ["i-moved"], HOME, END)
    assert made.saving_usd_per_h is not None
    known = made.machines.assign(before_usd_per_h=math.nan)
    from spectra.migration import _side

    rows = pd.DataFrame(
        {"side": [1], "region": [HOME], "scope2_g": [1.0], "upstream_g": [0.0], "td_g": [0.0],
         "embodied_g": [0.0], "kwh": [1.0]}
    )  # fmt: skip
    assert _side(rows, 1, known, {}).usd_per_h is None


def test_a_young_machine_counts_from_its_first_hour(store):
    young = estimate_move(store, CATALOG, ["i-new"], TARGET, END, Assumptions(days=60))
    rate = young.before.embodied_g_per_h
    old = estimate_move(store, CATALOG, ["i-1"], TARGET, END, Assumptions(days=60))
    assert rate == pytest.approx(old.before.embodied_g_per_h)


def resized(at):
    """A machine with a disk that was twice as large until a moment, and smaller once before."""
    return build(
        Store(),
        instances=fleet.instances(
            {"instance_id": "i-1", "valid_from": BORN, "valid_to": HOURS[48]},
            {"instance_id": "i-1", "valid_from": HOURS[48], "valid_to": at,
             "instance_type": "m5.2xlarge"},
            {"instance_id": "i-1", "valid_from": at},
        ),
        hours=HOURS,
        intensities=[fleet.intensities(zone, HOURS, 300.0, 380.0) for zone in ("DE", "SE-SE3")],
        utilisation=[fleet.utilisation("i-1", HOURS, 30.0)],
        volumes=fleet.volumes(
            {"volume_id": "vol-1", "valid_from": BORN, "instance_id": "i-1", "size_gib": 1000}
        ),
    )  # fmt: skip


@pytest.mark.parametrize("ago", ["30D", "5h", "20min"])
def test_a_machine_that_was_resized_counts_as_what_it_is_since_then(ago):
    store = resized(fleet.utc("2026-11-25") - pd.Timedelta(ago))
    made = estimate_move(store, CATALOG, ["i-1"], TARGET, END, Assumptions(days=60))
    it_kwh = (21.1 + 1_000 * GIB_TO_GB * 0.0024) / 1_000
    assert made.before.kwh_per_h == pytest.approx(it_kwh * factors(store, HOME)[0], rel=1e-6)
    assert made.machines["runs"].tolist() == [pytest.approx(1.0)]
    assert any("What they are now for less than these" in n for n in made.notes)


def test_a_machine_resized_after_the_last_hour_has_no_hour_yet():
    store = resized(fleet.utc("2026-11-25") + pd.Timedelta("20min"))
    with pytest.raises(InputError, match="No hour is known"):
        estimate_move(store, CATALOG, ["i-1"], TARGET, END, Assumptions(days=60))


def test_market_based_stands_beside_and_needs_the_same_basis(store):
    made = estimate_move(store, CATALOG, ["i-1"], TARGET, END)
    assert made.before.market_basis == LOCATION_BASED
    assert made.market_saving_g_per_h == pytest.approx(made.saving_g_per_h.central)


def test_aws_own_market_figures(store):
    rows = [
        ("2026-10-01", HOME, "AmazonEC2", "TOTAL_SCOPE_2_LBM_CARBON_EMISSIONS", 100.0),
        ("2026-10-01", HOME, "AmazonEC2", "TOTAL_SCOPE_2_MBM_CARBON_EMISSIONS", 10.0),
        # A month with one of both, and another service, say nothing of it.
        ("2026-09-01", HOME, "AmazonEC2", "TOTAL_SCOPE_2_LBM_CARBON_EMISSIONS", 100.0),
        ("2026-10-01", HOME, "AmazonS3", "TOTAL_SCOPE_2_LBM_CARBON_EMISSIONS", 100.0),
        ("2026-10-01", HOME, "AmazonS3", "TOTAL_SCOPE_2_MBM_CARBON_EMISSIONS", 90.0),
    ]
    with store.write() as cursor:
        cursor.executemany(
            "INSERT INTO provider_emissions VALUES (?, '1', ?, ?, ?, ?, 'v3', 'test', now())", rows
        )
    try:
        made = estimate_move(store, CATALOG, ["i-1"], TARGET, END)
        ratio = made.before.market_scope2_g_per_h / made.before.scope2_g_per_h
        assert ratio == pytest.approx(0.1)
        assert made.market_saving_g_per_h is None
    finally:
        with store.write() as cursor:
            cursor.execute("DELETE FROM provider_emissions")


def test_workloads_by_tag_and_name(store):
    assert set(move_queries.tagged(store, "team", "odd")["instance_id"]) == {"i-odd", "i-cn"}
    found = move_queries.workloads(store, instance_ids=["i-1", "nobody"])
    assert found["volume_gib"].tolist() == [100]
    assert move_queries.workloads(store, instance_ids=[]).empty
    assert move_queries.tag_values(store, "team") == ["gone", "odd", "web"]


@pytest.mark.parametrize(("ids", "target"), [([], TARGET), (["i-1"], "eu-west-9")])
def test_what_cannot_be_answered_is_refused(store, ids, target):
    with pytest.raises(InputError):
        estimate_move(store, CATALOG, ids, target, END)


def test_a_move_is_measured_on_the_hours_since(store):
    move = Move("i-moved", HOME, TARGET, MOVED.to_pydatetime(), 5.0, 0.01)
    grams, usd = realised(store, CATALOG, move, END)
    here, there = (factors(store, code) for code in (HOME, TARGET))
    expected = 21.1e-3 * (here[0] * 380 * (1 + here[1]) - there[0] * 600 * (1 + there[1]))
    assert grams == pytest.approx(expected, rel=1e-6)
    assert grams < 0
    prices = [CATALOG.price("m5.xlarge", code).usd_per_hour for code in (HOME, TARGET)]
    assert usd == pytest.approx(prices[0] - prices[1])


def test_a_move_adds_emissions_until_its_source_is_stopped(store):
    move = Move("i-moved", HOME, TARGET, MOVED.to_pydatetime(), 5.0, 0.01, "i-1")
    grams, usd = realised(store, CATALOG, move, END)
    direct, td = factors(store, TARGET)
    embodied = case_between(CATALOG, "m5.xlarge", "m5.xlarge", METHOD).values["a_embodied"]
    assert grams == pytest.approx(-(21.1e-3 * direct * 600 * (1 + td) + embodied), rel=1e-6)
    assert usd == pytest.approx(-CATALOG.price("m5.xlarge", TARGET).usd_per_hour)
    assert standing(store, move).source_runs
    # The journal knows of the stop before the fleet is read again.
    stopped = MOVED + pd.Timedelta(days=2)
    told = replace(move, stopped_at=stopped.to_pydatetime())
    assert standing(store, told) == Standing("m5.xlarge", told.stopped_at, False, None)


def test_a_move_to_another_type_is_measured_against_the_type_it_had(store):
    move = Move("i-moved", HOME, TARGET, MOVED.to_pydatetime(), 5.0, 0.01, "i-half",
                "c4.2xlarge", "m5.xlarge")  # fmt: skip
    grams, usd = realised(store, CATALOG, move, END)
    case = case_between(CATALOG, "m5.xlarge", "c4.2xlarge", METHOD).values
    sides = []
    for side, code, cpu, level in (("a", TARGET, 30, 600), ("b", HOME, 15, 380)):
        low, high = case[f"{side}10"], case[f"{side}50"]
        direct, td = factors(store, code)
        watts = low + (high - low) * (cpu - 10) / 40
        sides.append(watts * direct * level * (1 + td) / 1000 + case[f"{side}_embodied"])
    assert grams == pytest.approx(sides[1] - sides[0], rel=1e-6)
    before, after = (CATALOG.price(*p) for p in (("c4.2xlarge", HOME), ("m5.xlarge", TARGET)))
    assert usd == pytest.approx(before.usd_per_hour - after.usd_per_hour)


def test_a_move_keeps_what_it_saved_when_its_machine_has_ended(store):
    move = Move("i-moved", TARGET, HOME, BORN.to_pydatetime(), None, None)
    assert standing(store, move).ended_at == MOVED
    assert realised(store, CATALOG, move, END) == pytest.approx(
        realised(store, CATALOG, move, MOVED.to_pydatetime())
    )


def test_too_early_or_gone_is_not_known(store):
    late = Move("i-moved", HOME, TARGET, END - timedelta(hours=5), None, None)
    assert realised(store, CATALOG, late, END) is None
    gone = Move("i-none", HOME, TARGET, MOVED.to_pydatetime(), None, None)
    assert realised(store, CATALOG, gone, END) is None


@pytest.mark.parametrize(("ago", "is_known"), [("30D", True), ("5h", False)])
def test_what_a_move_saves_after_a_resize_is_known_after_a_day(ago, is_known):
    store = resized(fleet.utc("2026-11-25") - pd.Timedelta(ago))
    move = Move("i-1", TARGET, HOME, fleet.as_datetime(HOURS[0]), None, None)
    assert (realised(store, CATALOG, move, END) is not None) == is_known


def test_an_empty_store_says_so():
    store = Store()
    with pytest.raises(InputError, match="No hour"):
        estimate_move(store, CATALOG, ["i-1"], TARGET, END)
    store.close()


def test_moves_that_the_journal_has_as_done_are_history_until_the_fleet_goes(tmp_path):
    store = Store(copies.demo_company(tmp_path / "company.duckdb", NOW, days=3))
    machine = pick(store)
    expected = {"saving_g_per_h": 2.5, "saving_usd_per_h": None}
    for kept, destination in ((expected, TO), ({}, replace(TO, region="eu-west-1"))):
        zone = f"{destination.region}a"
        plan = actions.plan_move(machine, replace(destination, availability_zone=zone),
                                 predicted=kept)  # fmt: skip
        if kept:
            do(store, plan)  # the other one is only planned
    with store.write() as cursor:
        cursor.execute(
            "INSERT INTO action_plans SELECT * EXCLUDE (i) REPLACE (plan_id || i AS plan_id, "
            "'failed' AS state, created_at + INTERVAL 1 DAY AS created_at) "
            "FROM action_plans JOIN (SELECT unnest(range(200)) AS i) ON true"
        )
    (move,) = moves_made(store)
    assert (move.source_region, move.target_region) == (machine.region, TO.region)
    assert (move.predicted_g_per_h, move.predicted_usd_per_h) == (2.5, None)
    assert move.instance_id != machine.resource_id
    assert (move.source_id, move.source_type) == (machine.resource_id, machine.type)
    clear_demo_fleet(store, CATALOG)
    assert moves_made(store) == []
    store.close()
