"""Every machine of the labelled fleet gets the verdict that is written beside it."""

from datetime import timedelta

import pandas as pd
import pytest

from spectra.advice import judge_fleet
from spectra.catalog import load_catalog
from spectra.insight.rightsizing import Draft, Finding, Option, Replay, Rules, advise
from spectra.store import Store
from spectra.store.factors import write_factors
from spectra.store.ledger import extend_ledger
from spectra.store.live_writes import write_rows
from spectra.store.writes import (
    write_costs,
    write_instances,
    write_intensities,
    write_utilisation,
)
from tests import fleet
from tests.insight.labelled_fleet import AT, CASES, DAYS, END, instance_rows, utilisation_of

CATALOG = load_catalog()
PAID_SHARE = {"on-demand": 1.0, "savings-plan": 0.72, "reserved": 0.63, "spot": 0.4}


@pytest.fixture(scope="module")
def verdicts():
    store = build()
    found = {a.unit.name: a for a in judge_fleet(store, CATALOG, END, Rules())}
    store.close()
    return found


def build() -> Store:
    store = Store()
    rows = instance_rows()
    write_instances(store, fleet.instances(*rows))
    write_factors(store, CATALOG)
    first = AT[0].to_pydatetime()
    extend_ledger(store, CATALOG, first, END)
    grids = [fleet.intensities("DE", AT, 300.0, 380.0), fleet.intensities("SE-SE3", AT, 20.0, 35.0)]
    write_intensities(store, pd.concat(grids, ignore_index=True), CATALOG)
    by_name = {case.name: case for case in CASES}
    frames = [
        utilisation_of(
            by_name["group" if row["name"].startswith("group-") and row["name"] not in by_name
                    else row["name"]],
            row["instance_id"], max(pd.Timestamp(row["valid_from"]), AT[0]),
            pd.Timestamp(row.get("valid_to") or END),
        )
        for row in rows if row.get("state", "running") == "running"
    ]  # fmt: skip
    for frame in frames:
        write_utilisation(store, frame)
    write_costs(store, costs())
    write_groups(store)
    return store


def costs() -> pd.DataFrame:
    """A day's cost of each machine, as it is bought."""
    days = pd.date_range(END - timedelta(days=20), END - timedelta(days=1)).date
    return pd.concat(
        pd.DataFrame(
            {
                "day": days, "account_id": "111111111111",
                "region": case.row.get("region", "eu-central-1"), "service": "Amazon EC2",
                "resource_id": f"i-{case.name}", "purchase_option": case.purchase,
                "list_cost_usd": 10.0, "billed_cost_usd": 10.0 * PAID_SHARE[case.purchase],
                "effective_cost_usd": 10.0 * PAID_SHARE[case.purchase], "is_provisional": False,
                "source": "test", "quality": "measured", "fetched_at": fleet.FETCHED,
            }
        )
        for case in CASES if case.purchase
    )  # fmt: skip


def write_groups(store: Store) -> None:
    write_rows(
        store,
        "autoscaling_groups",
        pd.DataFrame(
            [
                {"account_id": "111111111111", "region": "eu-central-1", "asg_name": name,
                 "min_size": low, "source": "test", "fetched_at": fleet.FETCHED}
                for name, low in (("held", 2), ("pool", 0))
            ]
        ),
    )  # fmt: skip


def test_the_fleet_covers_every_finding_and_is_large_enough():
    assert len(CASES) >= 60
    assert {case.finding for case in CASES} == set(Finding)
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_verdict(case, verdicts):
    groups = {"group-minimum": "held", "group": "pool", "group-unknown": "unheard"}
    found = verdicts[groups.get(case.name, case.name)]
    assert found.finding is case.finding, f"{case.why}; but: {found.reason}"
    assert (found.best is None) == (not case.target_vcpu) or case.finding is not Finding.BURST
    assert found.is_preliminary == case.preliminary or case.finding in (
        Finding.STOPPED, Finding.NOT_ENOUGH_DATA,
    ), case.why  # fmt: skip
    if case.confidence:
        assert found.confidence == case.confidence
    if case.said:
        assert case.said in " ".join([found.reason, *found.notes])
    if found.best:
        check_target(case, found.best.option)
    if case.cash:
        saving = found.stop_saving or found.best.saving
        check_cash(case.cash, saving)


def check_target(case, option):
    kind, current = option.type, CATALOG.instance_type(case.type).type
    assert option.is_feasible
    assert option.kind != "graviton"
    assert kind.architecture == current.architecture
    assert kind.gpu_count == current.gpu_count
    if case.target_vcpu:
        assert kind.vcpu == case.target_vcpu, kind.name
    if case.target_min_gib:
        assert kind.memory_gib >= case.target_min_gib, kind.name
    if case.target_class:
        assert kind.name[0] in case.target_class, kind.name
    if case.finding is Finding.OVER:
        price = {n: CATALOG.price(n, case.row.get("region", "eu-central-1")).usd_per_hour
                 for n in (kind.name, current.name)}  # fmt: skip
        assert price[kind.name] < price[current.name]


def check_cash(expected, saving):
    if expected == "unknown":
        assert saving.cash_usd_per_h is None
        assert saving.list_usd_per_h > 0
    elif expected == "zero":
        assert saving.cash_usd_per_h == 0 < saving.list_usd_per_h
        assert "paid whether used or not" in saving.cash_note
    else:
        assert 0 < saving.cash_usd_per_h <= saving.list_usd_per_h


def test_graviton_stands_apart_and_arm_never_goes_back(verdicts):
    kinds = {r.option.kind for r in (verdicts["half"].best, *verdicts["half"].others)}
    assert "graviton" in kinds
    arm = verdicts["arm"]
    assert {r.option.type.architecture for r in (arm.best, *arm.others)} == {"arm64"}


def test_an_old_machine_is_offered_its_successor_without_being_called_wrong(verdicts):
    newer = [r for r in verdicts["old"].others if r.option.kind == "generation"]
    assert any(r.saving.list_usd_per_h > 0 and r.option.is_feasible for r in newer)


def test_the_same_load_saves_less_in_a_clean_grid(verdicts):
    dirty, clean = verdicts["half"].best, verdicts["clean"].best
    assert dirty.option.type.name == clean.option.type.name
    grams = [r.saving.carbon_g_per_h.central - r.saving.embodied_g_per_h for r in (dirty, clean)]
    assert grams[1] < grams[0] / 5


def test_no_option_is_below_a_quarter(verdicts):
    for made in verdicts.values():
        vcpu = CATALOG.instance_type(made.unit.instance_type).type.vcpu
        smallest = min((r.option.type.vcpu for r in made.others), default=vcpu)
        assert smallest * 4 >= vcpu, made.unit.name


def test_a_flat_load_has_an_interval_of_no_width_and_no_risk(verdicts):
    best = verdicts["half"].best
    assert best.saving.carbon_g_per_h.low == pytest.approx(best.saving.carbon_g_per_h.high)
    assert best.risk == 0


def test_a_group_is_told_to_change_its_template(verdicts):
    pool = verdicts["pool"]
    assert pool.unit.kind == "group"
    assert any("launch template" in text for text in pool.best.option.checks)
    assert pool.unit.clock_hours == 14 * 24


def test_only_hours_of_the_present_type_count(verdicts):
    assert verdicts["resized"].unit.clock_hours == 7 * 24
    assert verdicts["resized"].unit.history_days == 7


def test_what_blocks_a_type_is_said(verdicts):
    obstacles = {
        name: " ".join(o for r in verdicts[name].others for o in r.option.obstacles)
        for name in ("network-cap", "ebs-cap", "blind", "gpu-count", "short-spike")
    }
    assert "network of" in obstacles["network-cap"]
    assert "EBS traffic of" in obstacles["ebs-cap"]
    assert "not watched" in obstacles["blind"]
    assert "accelerators" in obstacles["gpu-count"]
    assert DAYS > 32  # the window is longer than the longest look-back


def test_options_of_two_power_methods_are_ranked_by_the_share_that_each_saves(verdicts):
    """Half of 100 g is more than 45 % of 200 g, which is the same machine by another method."""
    unit = verdicts["memory-bound"].unit
    demand = verdicts["memory-bound"].demand
    kinds = [CATALOG.instance_type(name).type for name in ("r5.xlarge", "r7i.xlarge")]
    assert kinds[0].teads is not None
    assert kinds[1].teads is None
    drafted = Draft(
        unit, Finding.OPTIMISED, demand,
        tuple(Option(kind, "family", "MEDIUM", 2.0, 26.0) for kind in kinds), is_preliminary=False,
    )  # fmt: skip
    replays = {
        "m5.2xlarge/measured": grams(100), "m5.2xlarge/calibrated": grams(200),
        "r5.xlarge/measured": grams(50), "r7i.xlarge/calibrated": grams(110),
    }  # fmt: skip
    made = advise(drafted, replays, CATALOG, Rules())
    assert made.best.option.type.name == "r5.xlarge"


@pytest.mark.parametrize(("swing", "finding"), [(1, Finding.OVER), (40, Finding.OPTIMISED)])
def test_a_saving_that_may_be_none_is_not_advised(verdicts, swing, finding):
    """Of 2 g/h with an interval from below 0 nothing is said but that it was looked at."""
    kind = CATALOG.instance_type("r5.xlarge").type
    drafted = Draft(
        verdicts["memory-bound"].unit, Finding.OPTIMISED, verdicts["memory-bound"].demand,
        (Option(kind, "family", "MEDIUM", 2.0, 26.0),), is_preliminary=False,
    )  # fmt: skip
    replays = {"m5.2xlarge/measured": grams(100), "r5.xlarge/measured": grams(98, swing)}
    made = advise(drafted, replays, CATALOG, Rules())
    (rated,) = made.others if made.best is None else (made.best,)
    assert made.finding is finding
    assert rated.saving.carbon_g_per_h.central == pytest.approx(2)
    assert (rated.saving.carbon_g_per_h.low > 0) == (finding is Finding.OVER)


def grams(total, swing=0):
    """A replay of 28 days that are by turns above and below their mean."""
    daily = (24.0 * (total + swing), 24.0 * (total - swing)) * 14
    return Replay(daily, total, 0, 0, 0, 0.1, 1.0, 10.0, 0.0)
