"""What rightsizing reads of the fleet's load, and the replay of it, against the ledger."""

import numpy as np
import pandas as pd
import pytest

from spectra.advice import case_row, judge_fleet, units
from spectra.insight.rightsizing import Finding, Rules, case_of
from spectra.insight.rightsizing.judge import find, strains
from spectra.store import load_history, watch_queries
from spectra.store.live_writes import write_resource_costs
from spectra.store.load_history import LoadHistory
from spectra.store.writes import write_costs
from tests import fleet
from tests.store.conftest import CATALOG, build

HOURS = fleet.hours("2026-10-20", "2026-11-25")
END = fleet.as_datetime(HOURS[-1] + pd.Timedelta("1h"))
WAVE = 20 + 10 * np.sin(np.arange(len(HOURS)) / 5)


def busy(instance_id, cpu=WAVE, **columns):
    return fleet.utilisation(instance_id, HOURS, cpu).assign(**columns)


def made(store, *rows, utilisation=None, hours=HOURS):
    frames = utilisation or [busy(row) for row in {row["instance_id"]: 0 for row in rows}]
    spans = [{"valid_from": "2026-10-01", **row} for row in rows]
    for span in spans:
        for end in {"valid_from", "valid_to"} & set(span):
            span[end] = pd.to_datetime(span[end], utc=True)
    return build(
        store,
        instances=fleet.instances(*spans),
        hours=hours,
        intensities=[fleet.intensities("DE", hours, 250 + WAVE[: len(hours)], 350.0)],
        utilisation=frames,
    )


def statistics(store, **options):
    history = LoadHistory(store, END, **options)
    found = {unit.unit_id: unit for frame in history.groups() for unit in units(frame)}
    history.close()
    return found


def replayed(store, kinds, only=(), **options):
    """Replays of each unit on types, by the method of the ledger: unit_id and type to row."""
    history = LoadHistory(store, END, only=only)
    found = {}
    for frame in history.groups():
        known = units(frame)
        rows = [
            case_row(case_of(u.unit_key, name, CATALOG.instance_type(name).type,
                             CATALOG.instance_type(u.instance_type).type.vcpu
                             / CATALOG.instance_type(name).type.vcpu, method="measured"), u.region)
            for u in known for name in (kinds or [u.instance_type])
        ]  # fmt: skip
        ids = {u.unit_key: u.unit_id for u in known}
        for row in history.replay(pd.DataFrame(rows), 80.0, **options).to_dict("records"):
            found[ids[row["unit_key"]], row["case_key"]] = row
    history.close()
    return found


def ledger(store, *instance_ids):
    """The ledger's sums over the days that are replayed."""
    frame = store.frame(
        "SELECT sum(energy_kwh) AS kwh, sum(scope2_lb_g) AS scope2_g, sum(upstream_g) AS "
        "upstream_g, sum(td_g) AS td_g, sum(embodied_g) AS embodied_g, sum(resource_hours) AS "
        "hours FROM emissions_daily WHERE list_contains(?, resource_id) AND \"day\" >= ?",
        [list(instance_ids), (END - pd.Timedelta(days=28)).date()],
    )  # fmt: skip
    return frame.iloc[0].to_dict()


def test_a_replay_on_the_present_type_is_what_the_ledger_says(store):
    made(
        store,
        {"instance_id": "i-1"},
        # Split by a new tag in the middle of an hour, stopped in the middle of another.
        {"instance_id": "i-2", "valid_to": "2026-11-10T07:20"},
        {"instance_id": "i-2", "valid_from": "2026-11-10T07:20", "valid_to": "2026-11-20T09:45",
         "tags": {"team": "data"}},
        {"instance_id": "i-2", "valid_from": "2026-11-20T09:45", "state": "stopped",
         "valid_to": "2026-11-20T09:50"},
        {"instance_id": "i-2", "valid_from": "2026-11-20T09:50"},
        {"instance_id": "i-3", "valid_to": "2026-11-20", "state": "stopped"},
        {"instance_id": "i-3", "valid_from": "2026-11-20", "state": "stopped",
         "tags": {"team": "data"}},
    )  # fmt: skip
    rows = replayed(store, ())
    for unit in ("i-1", "i-2"):
        said = ledger(store, unit)
        assert {k: rows[unit, "m5.xlarge"][k] for k in said} == pytest.approx(said, rel=1e-6)
    assert statistics(store)["i-3"].stopped_hours == 55 * 24
    ran = watch_queries.running_hours(store, ["i-2"], HOURS[0].to_pydatetime(), END)["i-2"]
    assert ran.index[~ran].tolist() == [fleet.utc("2026-11-20T09:00")]


def test_a_replay_on_another_type_carries_the_load_over_hour_by_hour(store):
    made(store, {"instance_id": "i-1"})
    rows = replayed(store, ("m5.xlarge", "m5.large"))
    half = CATALOG.instance_type("m5.large").type.teads
    window = WAVE[-28 * 24 :].astype(np.float32)
    watts = np.interp(window * 2, (0, 10, 50, 100), half.watts)
    pue = store.row("SELECT pue FROM region_factors WHERE region = 'eu-central-1'")[0]
    assert rows["i-1", "m5.large"]["kwh"] == pytest.approx(watts.sum() * pue / 1_000, rel=1e-5)
    assert rows["i-1", "m5.large"]["mean_pct"] == pytest.approx(2 * window.mean(), rel=1e-5)
    assert len(rows["i-1", "m5.large"]["daily_g"]) == 28


def test_members_of_a_group_are_replayed_as_one(store):
    group = {"asg_name": "web"}
    made(
        store,
        {"instance_id": "i-1", **group, "valid_to": "2026-11-12T05:30"},
        {"instance_id": "i-2", **group},
        {"instance_id": "i-3", **group, "account_id": "222222222222"},
    )
    rows = replayed(store, ())
    assert {unit for unit, _ in rows} == {
        "asg/111111111111/eu-central-1/web", "asg/222222222222/eu-central-1/web",
    }  # fmt: skip
    said = ledger(store, "i-1", "i-2")
    pooled = rows["asg/111111111111/eu-central-1/web", "m5.xlarge"]
    assert {k: pooled[k] for k in said} == pytest.approx(said, rel=1e-6)
    assert pooled["running_hours"] == pytest.approx(said["hours"])


def test_an_hour_of_many_members_counts_once(store):
    """Two members that peak in one hour peak once; thirty that ran for an hour ran for one."""
    peak = np.full(len(HOURS), 30.0)
    peak[-100] = 95.0
    pair = [{"instance_id": f"i-{k}", "asg_name": "web"} for k in range(2)]
    burst = [
        {"instance_id": f"i-{k}", "asg_name": "burst", "valid_from": HOURS[-1]}
        for k in range(2, 32)
    ]
    load = [busy(row["instance_id"], cpu_max_pct=peak) for row in pair]
    made(store, *pair, *burst, utilisation=[*load, *(
        fleet.utilisation(row["instance_id"], HOURS[-1:], 99.0) for row in burst
    )])  # fmt: skip
    found = {unit.name: unit for unit in statistics(store).values()}
    assert (found["web"].hours_over_90, found["web"].days_over_90) == (1, 1)
    assert strains(found["web"]) == ()
    assert found["burst"].observed_hours == 30
    assert find(found["burst"], CATALOG) is Finding.NOT_ENOUGH_DATA


def test_an_hour_of_two_spans_counts_once(store):
    peak = np.full(len(HOURS), 30.0)
    peak[-100] = 95.0
    split = HOURS[-100] + pd.Timedelta("20min")
    made(
        store,
        {"instance_id": "i-1", "valid_to": split},
        {"instance_id": "i-1", "valid_from": split, "tags": {"team": "data"}},
        utilisation=[busy("i-1", cpu_max_pct=peak, network_in_bytes=1e5)],
    )
    unit = statistics(store)["i-1"]
    assert (unit.hours_over_90, unit.days_over_90) == (1, 1)
    assert unit.observed_hours == unit.clock_hours == 14 * 24
    assert unit.busiest_day_bytes == pytest.approx(24 * 1e5)


def test_coverage_weekends_and_what_no_hour_says(store):
    cpu = WAVE.copy()
    cpu[-14 * 24 :: 10] = np.nan
    made(store, {"instance_id": "i-1"}, utilisation=[busy("i-1", cpu, cpu_max_pct=cpu)])
    unit = statistics(store)["i-1"]
    assert unit.coverage == pytest.approx(1 - 34 / 336)
    assert unit.weekends == 2
    assert unit.memory_pct is unit.gpu_max_pct is unit.credit_empty_hours_per_day is None
    assert unit.paid_share is unit.purchase_option is None


def test_memory_and_growth_of_a_flat_series_a_slow_wave_and_a_rise(store):
    rise = np.repeat(np.arange(len(HOURS) / 24), 24) + 12  # 20 % to 47 % in the last 28 days
    made(
        store,
        {"instance_id": "i-flat"},
        {"instance_id": "i-wave"},
        {"instance_id": "i-rise"},
        utilisation=[busy("i-flat", 20.0), busy("i-wave"), busy("i-rise", rise)],
    )
    found = statistics(store)
    assert found["i-flat"].growth_per_day == 0
    assert found["i-rise"].growth_per_day == pytest.approx(1 / 33.5)
    assert found["i-flat"].lag1 is None
    assert found["i-wave"].lag1 == pytest.approx(np.cos(1 / 5), abs=0.01)


def in_short(advice):
    saving = advice.best.saving
    return (advice.unit.unit_id, advice.finding, advice.best.option.type.name,
            round(advice.unit.mean_pct, 6), round(saving.carbon_g_per_h.central, 6))  # fmt: skip


def test_groups_of_units_give_what_all_at_once_give(store, monkeypatch):
    made(store, *({"instance_id": f"i-{k}"} for k in range(5)))
    whole = [in_short(a) for a in judge_fleet(store, CATALOG, END, Rules())]
    assert len(whole) == 5
    monkeypatch.setattr(load_history, "UNITS_AT_ONCE", 2)
    assert [in_short(a) for a in judge_fleet(store, CATALOG, END, Rules())] == whole


def test_a_weekend_at_the_start_of_a_short_life_is_no_growth(store):
    """Six days that begin on a Saturday rise by themselves; two weeks even that out."""
    born = fleet.utc("2026-11-14")
    at = HOURS[born <= HOURS]
    cpu = np.where(at.day_of_week >= 5, 10.0, 50.0)
    made(store, {"instance_id": "i-1", "valid_from": born},
         utilisation=[fleet.utilisation("i-1", at, cpu)])  # fmt: skip
    history = LoadHistory(store, fleet.as_datetime(fleet.utc("2026-11-20")))
    unit = next(unit for frame in history.groups() for unit in units(frame))
    history.close()
    assert unit.growth_per_day == 0


def test_days_of_the_interval_are_whole_whenever_it_is_judged(store):
    """A flat load judged at noon has an interval of no width."""
    made(store, {"instance_id": "i-1"}, utilisation=[busy("i-1", 20.0)])
    store.cursor().execute("UPDATE intensity_hourly SET intensity_direct_g_per_kwh = 300, "
                           "intensity_lifecycle_g_per_kwh = 350")  # fmt: skip
    noon = END - pd.Timedelta("12h")
    saving = next(judge_fleet(store, CATALOG, noon, Rules())).best.saving.carbon_g_per_h
    assert (saving.low, saving.high) == pytest.approx((saving.central, saving.central))


def costs(*lines):
    """Rows of the costs table: day, purchase option, list and effective cost."""
    return pd.DataFrame(
        [
            {
                "day": pd.Timestamp(day).date(), "account_id": "111111111111",
                "region": "eu-central-1", "service": "Amazon EC2", "resource_id": "i-1",
                "purchase_option": option, "list_cost_usd": listed, "billed_cost_usd": paid,
                "effective_cost_usd": paid, "is_provisional": False, "source": "test",
                "quality": "measured", "fetched_at": fleet.FETCHED,
            }
            for day, option, listed, paid in lines
        ]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # A day whose price paid is not known says nothing of the share.
        ((("2026-11-20", "on-demand", 5.0, 4.0), ("2026-11-21", "on-demand", 5.0, None)),
         ("on-demand", 0.8)),
        # A plan that covers most of a day is how it is bought, whatever the rest.
        ((("2026-11-20", "on-demand", 1.0, 1.0), ("2026-11-20", "savings-plan", 4.0, 3.0)),
         ("savings-plan", 0.75)),
        # What was paid before the plan ended is not what is paid now.
        ((("2026-11-19", "savings-plan", 5.0, 3.0), ("2026-11-20", "on-demand", 5.0, 5.0)),
         ("on-demand", 1.0)),
    ],
)  # fmt: skip
def test_the_share_that_is_paid_is_of_how_it_is_bought_now(store, lines, expected):
    made(store, {"instance_id": "i-1"})
    write_costs(store, costs(*lines))
    unit = statistics(store)["i-1"]
    assert (unit.purchase_option, unit.paid_share) == pytest.approx(expected)


def billed(store, *lines):
    """Costs of i-1 as Cost Explorer tells them: day, purchase option, USD, days until read."""
    write_resource_costs(store, pd.DataFrame([
        {
            "day": pd.Timestamp(day).date(), "account_id": "111111111111", "resource_id": "i-1",
            "purchase_option": option, "billed_cost_usd": usd, "effective_cost_usd": usd,
            "is_provisional": True, "source": "aws_cost_explorer",
            "fetched_at": pd.Timestamp(day, tz="UTC") + pd.Timedelta(days=days),
        }
        for day, option, usd, days in lines
    ]))  # fmt: skip


def test_the_share_that_a_live_account_pays_is_of_the_list_price_of_its_hours(store):
    """Cost Explorer names machines apart from the bill and states no list price."""
    made(store, {"instance_id": "i-1"})
    write_costs(store, costs(("2026-11-20", "all", None, 99.0)).assign(resource_id="team:web"))
    listed = 24 * 0.23
    billed(store, ("2026-11-20", "savings-plan", 0.6 * listed, 3),
           ("2026-11-20", "on-demand", 0.1 * listed, 3))  # fmt: skip
    unit = statistics(store)["i-1"]
    assert (unit.purchase_option, unit.paid_share) == ("savings-plan", pytest.approx(0.7, rel=1e-3))


def test_a_day_of_which_the_bill_was_still_coming_in_says_nothing_of_the_share(store):
    made(store, {"instance_id": "i-1"})
    billed(store, ("2026-11-21", "spot", 0.5, 2.9))
    assert statistics(store)["i-1"].paid_share is None
