"""The ledger: SQL says what the formulas say, roll-ups what the rows say, and nothing is lost."""

import json
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spectra.carbon import embodied, energy, scopes
from spectra.carbon.method import Method
from spectra.carbon.utilisation import utilisation_of
from spectra.store import Store, ledger
from spectra.store.factors import write_factors
from spectra.store.ledger import extend_ledger, recompute
from spectra.store.writes import write_instances, write_utilisation
from tests import copies, fleet
from tests.store.conftest import CATALOG, build

ROOT = Path(__file__).resolve().parents[2]
HOURS = fleet.hours("2026-10-28", "2026-11-02")
TYPES = ["m5.xlarge", "t3.medium", "m7g.large", "g4dn.xlarge", "m9x.large", "p3.2xlarge"]
REGIONS = ["eu-central-1", "us-east-1", "us-east-2", "me-central-1"]


def fleet_of_everything(store, seed: int = 3):
    """Regions, teams, types, partial spans, gaps, GPUs with and without load, and volumes."""
    rng = np.random.default_rng(seed)
    spans, volumes, loads = [], [], []
    for k in range(24):
        start = HOURS[0] - timedelta(
            hours=int(rng.integers(0, 50)), minutes=int(rng.integers(0, 60))
        )
        end = start + timedelta(hours=float(rng.integers(40, 200)))
        row = {
            "instance_id": f"i-{k:02d}",
            "valid_from": start,
            "valid_to": end if k % 3 == 0 else None,
            "region": REGIONS[k % 4],
            "instance_type": TYPES[k % 6],
            "asg_name": "asg" if k % 5 == 0 else None,
            "tags": {"team": f"t{k % 3}", "environment": f"e{k % 2}", "service": f"s{k % 4}"},
        }
        spans.append(row)
        if k % 6 == 0:  # stopped, then started again as a larger type in the middle of an hour
            again = end + timedelta(hours=2, minutes=20)
            spans.append({**row, "valid_from": end, "valid_to": again, "state": "stopped"})
            spans.append(
                {**row, "valid_from": again, "valid_to": None, "instance_type": "m5.2xlarge"}
            )
        volumes.append(
            {
                "volume_id": f"v-{k:02d}",
                "valid_from": start,
                "valid_to": end if k % 4 == 0 else None,
                "region": REGIONS[k % 4],
                "size_gib": int(rng.integers(8, 900)),
                "volume_type": "st1" if k % 5 == 0 else "gp3",
                "instance_id": f"i-{k:02d}",
            }
        )
        frame = fleet.utilisation(f"i-{k:02d}", HOURS, rng.uniform(0, 100, len(HOURS)))
        if k % 6 in (3, 5) and k % 4:
            frame["gpu_avg_pct"] = rng.uniform(0, 100, len(HOURS))
        frame.loc[rng.random(len(HOURS)) < 0.1, "cpu_avg_pct"] = float("nan")
        loads.append(frame[rng.random(len(HOURS)) < 0.9])
    grids = [
        fleet.intensities(zone, HOURS, low, high)
        for zone, low, high in (
            ("DE", rng.uniform(100, 300, len(HOURS)), rng.uniform(250, 400, len(HOURS))),
            ("US-MIDA-PJM", rng.uniform(300, 400, len(HOURS)), rng.uniform(390, 500, len(HOURS))),
        )
    ]
    return build(
        store,
        instances=fleet.instances(*spans),
        hours=HOURS,
        intensities=grids,
        utilisation=loads,
        volumes=fleet.volumes(*volumes),
    )


MEASURES = ["energy_kwh", "scope2_lb_g", "upstream_g", "td_g", "embodied_g"]
VIEWS = "(SELECT * FROM instance_emissions UNION ALL SELECT * FROM volume_emissions)"
OPERATIONAL = "(scope2_lb_g + upstream_g + td_g)"


def test_rollups_say_what_the_rows_say(store):
    fleet_of_everything(store)
    sums = ", ".join(f"sum({m}) AS {m}" for m in MEASURES) + (
        ", sum(energy_kwh) FILTER (utilisation_tier = 1) AS measured_utilisation_kwh"
    )
    low = (
        f", sum({OPERATIONAL} * ccf_low_kwh / energy_kwh) AS ccf_low_g"
        ", sum(energy_kwh) FILTER (intensity_tier IN ('A', 'B')) AS measured_intensity_kwh"
    )
    spreads = (
        f", sum({OPERATIONAL} * power_sigma) AS power_sigma_g"
        f", sum({OPERATIONAL} * intensity_sigma) AS intensity_sigma_g"
        f", sum({OPERATIONAL} * utilisation_sigma) AS utilisation_sigma_g"
    )
    for table, keys, time, extra in (
        ("emissions_hourly", "region, account_id, team, environment, service", "hour", low),
        (
            "emissions_daily",
            "resource_id, region, team, resource_type",
            'hour::DATE AS "day"',
            spreads,
        ),
    ):
        column = time.rsplit(maxsplit=1)[-1]
        expected = store.frame(f"SELECT {time}, {keys}, {sums}{extra} FROM {VIEWS} GROUP BY ALL")
        found = store.frame(
            f"SELECT {column}, {keys}, sum(COLUMNS('_kwh$|_g$')) FROM {table} GROUP BY ALL"
        )
        found.columns = [name.removeprefix("sum(").removesuffix(")") for name in found.columns]
        names = [column.strip('"'), *keys.split(", ")]
        merged = expected.merge(
            found, on=names, how="outer", suffixes=("", "_found"), indicator=True
        )
        assert (merged["_merge"] == "both").all(), table
        for name in [c for c in expected.columns if c not in names]:
            np.testing.assert_allclose(
                merged[f"{name}_found"],
                merged[name].fillna(0),
                # Spreads are kept in single precision, amounts in double.
                rtol=1e-6 if "sigma" in name else 1e-9,
                atol=1e-12,
                err_msg=name,
            )
    hourly, daily = (
        store.row(f"SELECT sum(energy_kwh), sum(td_g) FROM {table}")
        for table in ("emissions_hourly", "emissions_daily")
    )
    assert hourly == pytest.approx(daily, rel=1e-12)


def test_an_instance_hour_says_what_the_formulas_say(store):
    fleet_of_everything(store)
    rows = store.frame("SELECT * FROM instance_energy ORDER BY random() LIMIT 300")
    emitted = store.frame("SELECT * FROM instance_emissions").set_index(
        ["resource_id", "hour", "resource_type"]
    )
    for row in rows.itertuples():
        match = CATALOG.instance_type(row.instance_type)
        region = CATALOG.region(row.region)
        gpu = 0.0 if pd.isna(row.gpu_pct) else row.gpu_pct
        watts = energy.instance_watts(row.instance_type, row.cpu_pct, gpu).watts
        wh = energy.instance_hour_wh(watts, pue=region.pue, running_fraction=row.running_fraction)
        assert row.energy_kwh == pytest.approx(wh / 1000, rel=1e-6)
        parts = scopes.scopes_of(
            row.energy_kwh,
            row.intensity_direct_g_per_kwh,
            row.intensity_lifecycle_g_per_kwh,
            td_share=CATALOG.td_loss(region.country).share,
            hardware_g=row.running_fraction * embodied.embodied_g_per_h(match.type),
        )
        found = emitted.loc[[(row.instance_id, row.hour, row.instance_type)]].iloc[0]
        assert found["scope2_lb_g"] == pytest.approx(parts.scope2_lb)
        assert found["upstream_g"] == pytest.approx(parts.fera_upstream)
        assert found["td_g"] == pytest.approx(parts.fera_td)
        assert found["embodied_g"] == pytest.approx(parts.hardware)
        ccf = energy.ccf_watts(row.instance_type, row.cpu_pct, gpu)
        assert found["ccf_low_kwh"] == pytest.approx(
            ccf * region.pue * row.running_fraction / 1000, rel=1e-6
        )
    unknown = store.frame(
        "SELECT DISTINCT cpu_pct = 50 AS is_cpu_unknown, utilisation_sigma FROM instance_emissions "
        "WHERE resource_type = 'g4dn.xlarge' AND utilisation_tier = 4 ORDER BY 1 DESC"
    )
    curve = energy.central_curve(CATALOG.instance_type("g4dn.xlarge"))
    low, held, high = (energy.interpolate_watts(curve, load) for load in (10.0, 50.0, 90.0))
    idle, span = 8.0, 71.0 - 8.0  # a T4's load is between 10 and 100 %
    spreads = [(low + idle + 0.1 * span, high + 71), (held + idle + 0.1 * span, held + 71)]
    assert unknown["is_cpu_unknown"].tolist() == [True, False]
    assert unknown["utilisation_sigma"].tolist() == pytest.approx(
        [math.log(most / least) / 3.92 for least, most in spreads]
    )


def test_a_resize_within_an_hour_shares_it(store):
    build(
        store,
        instances=fleet.instances(
            {
                "instance_id": "i-1",
                "valid_from": "2026-10-01T00:00Z",
                "valid_to": "2026-10-30T10:20Z",
            },
            {
                "instance_id": "i-1",
                "valid_from": "2026-10-30T10:20Z",
                "instance_type": "m5.2xlarge",
            },
        ),
        hours=HOURS,
    )
    rows = store.frame(
        "SELECT running_fraction FROM instance_energy WHERE hour = '2026-10-30T10:00Z'"
    )
    assert sorted(rows["running_fraction"]) == pytest.approx([1 / 3, 2 / 3])


def test_vector_7_a_stopped_instance_keeps_its_volume(store):
    assert CATALOG.region("eu-west-2").pue == 1.14
    build(
        store,
        instances=fleet.instances(
            {
                "instance_id": "i-1",
                "valid_from": "2026-10-01T00:00Z",
                "state": "stopped",
                "region": "eu-west-2",
            }
        ),
        volumes=fleet.volumes(
            {
                "volume_id": "v-1",
                "valid_from": "2026-10-01T00:00Z",
                "instance_id": "i-1",
                "region": "eu-west-2",
            }
        ),
        hours=HOURS,
    )
    rows = store.frame("SELECT service, team, energy_kwh FROM emissions_hourly")
    assert set(rows["service"]) == {"Amazon EBS"}
    assert set(rows["team"]) == {"web"}
    assert rows["energy_kwh"].tolist() == pytest.approx([0.2736e-3 * energy.GIB_TO_GB] * len(HOURS))


def test_vector_5_through_the_store(store):
    at = fleet.hours("2026-11-01T00", "2026-11-01T04")
    lifecycle = np.array([200.0, 250.0, 450.0, 500.0])
    build(
        store,
        instances=fleet.instances({"instance_id": "i-1", "valid_from": "2026-10-01T00:00Z"}),
        hours=at,
        intensities=[fleet.intensities("DE", at, lifecycle, lifecycle)],
        utilisation=[fleet.utilisation("i-1", at, [0.0, 0.0, 50.0, 50.0])],
    )
    kwh, grams = store.row("SELECT sum(energy_kwh), sum(scope2_lb_g) FROM emissions_hourly")
    idle, busy = (1.35 * w / 1000 for w in (8.8, 28.2))
    assert kwh == pytest.approx(2 * idle + 2 * busy)
    assert grams == pytest.approx(idle * 450 + busy * 950)


def test_missing_load_climbs_down_the_ladder_and_is_never_zero(store):
    at = fleet.hours("2026-10-31T23", "2026-11-01")
    wanted = at[0]
    own = [wanted - timedelta(days=7 * k) for k in (1, 2, 3)]
    rows = [{"instance_id": f"i-{k}", "valid_from": "2026-09-01T00:00Z"} for k in range(8)]
    rows[0] |= {"tags": {}}
    for k in (1, 2, 3, 4):
        rows[k] |= {"asg_name": "web", "instance_type": "c5.large"}
    rows[5] |= {"instance_type": "r5.large"}
    loads = [
        fleet.utilisation("i-0", pd.DatetimeIndex(own), [10.0, 30.0, 20.0]),
        *(fleet.utilisation(f"i-{k}", at, 10.0 * k) for k in (2, 3, 4)),
        fleet.utilisation("i-6", at, float("nan")),
        fleet.utilisation("i-7", at, 130.0),
    ]
    build(store, instances=fleet.instances(*rows), hours=at, utilisation=loads)
    found = store.frame(
        "SELECT instance_id, cpu_pct, utilisation_tier FROM instance_energy WHERE hour = $at",
        {"at": wanted},
    ).set_index("instance_id")
    expected = {
        "i-0": utilisation_of(None, [10, 30, 20]),
        "i-1": utilisation_of(None, [], [20, 30, 40]),
        "i-2": utilisation_of(20.0),
        "i-5": utilisation_of(None),
        "i-6": utilisation_of(float("nan")),
        "i-7": utilisation_of(130.0),
    }
    for name, (cpu, tier) in expected.items():
        assert tuple(found.loc[name]) == (pytest.approx(cpu), tier), name


LATE = fleet.hours("2026-11-01", "2026-11-01T02")
WEEKS = pd.DatetimeIndex([LATE[1] - timedelta(days=7 * k) for k in (1, 2, 3)])
API = {"tags": {"service": "api"}}


def machine(name, **row):
    return {"instance_id": name, "valid_from": "2026-09-01T00:00Z", **row}


def peer(number, **row):
    return machine(f"p-{number}", region="us-east-1", **row)


def before_late_facts(store):
    """Four lack loads, each in its region; of their peers some are missing and one mistaken."""
    rows = [
        machine("i-0"),
        machine("i-1", instance_type="r5.large", region="eu-west-1", **API),
        machine("i-2", instance_type="g4dn.xlarge", region="eu-north-1"),
        machine("i-3", instance_type="c5.large", region="us-east-2", asg_name="pool"),
        peer(1, asg_name="pool", **API),
        peer(2),
        *(peer(number, asg_name="pool") for number in (4, 5)),
    ]
    loads = [fleet.utilisation("i-2", LATE, 40.0), fleet.utilisation("p-1", LATE, 99.0)]
    build(store, instances=fleet.instances(*rows), hours=LATE, utilisation=loads)


def late_weeks(store):
    own = fleet.utilisation("i-0", WEEKS, 5.0)
    accelerator = fleet.utilisation("i-2", WEEKS, 40.0, gpu_avg_pct=90.0)
    write_utilisation(store, pd.concat([own, accelerator]))


def late_loads(store):
    peers = [fleet.utilisation(f"p-{k}", LATE, 10.0 * k) for k in range(1, 6)]
    write_utilisation(store, pd.concat(peers))


def late_peers(store):
    """One is tagged anew, one was not listed before, and one leaves its group."""
    write_instances(store, fleet.instances(peer(2, **API), peer(3, **API), peer(4)))


ORDERS = (
    ((late_loads,), (late_peers,), (late_weeks,)),
    ((late_weeks, late_peers), (late_loads,)),
)


def test_the_ledger_is_that_of_a_rebuild_in_whichever_order_facts_arrive(tmp_path):
    found = []
    for order in ORDERS:
        with closing(copies.opened(tmp_path / "spectra.duckdb", before_late_facts)) as store:
            for writes in order:
                for write in writes:
                    write(store)
                recompute(store)
            found.append(energies(store))
            if order is not ORDERS[-1]:
                continue
            stood_in = store.frame(
                "SELECT instance_id, cpu_pct, gpu_pct, utilisation_tier FROM instance_energy "
                "WHERE hour = $at ORDER BY instance_id LIMIT 4",
                {"at": LATE[1]},
            )
            with store.write() as cursor:
                ledger.restart_ledger(cursor)
            recompute(store)
            rebuilt = energies(store)
    for incremental in found:
        pd.testing.assert_frame_equal(incremental, rebuilt, rtol=1e-9)
    assert stood_in["cpu_pct"].tolist() == [5, 20, 40, 50]
    assert stood_in["gpu_pct"].tolist()[2] == 90
    assert stood_in["utilisation_tier"].tolist() == [2, 3, 2, 4]


def energies(store):
    return store.frame(
        "SELECT hour::VARCHAR AS time, region AS what, energy_kwh FROM emissions_hourly UNION ALL "
        'SELECT "day"::VARCHAR, resource_id, energy_kwh FROM emissions_daily ORDER BY ALL'
    )


def test_unknown_types_and_prices_are_said_not_zeroed(store):
    build(
        store,
        instances=fleet.instances(
            {"instance_id": "i-1", "valid_from": "2026-10-01T00:00Z", "instance_type": "m9x.large"}
        ),
        hours=HOURS,
    )
    assert store.row("SELECT power_tier FROM type_factors") == ("D",)
    energy_kwh, cost = store.row("SELECT sum(energy_kwh), sum(list_cost_usd) FROM emissions_daily")
    assert energy_kwh > 0
    assert cost is None


def test_a_changed_factor_set_or_method_recomputes_everything(store):
    fleet_of_everything(store)
    sums = "SELECT sum(energy_kwh), sum(scope2_lb_g) FROM emissions_hourly"
    grids = "SELECT zone, hour, tier, intensity_direct_g_per_kwh FROM intensity_hourly ORDER BY ALL"
    expected, intensities = store.row(sums), store.frame(grids)
    assert {"E", "F"} <= set(intensities["tier"])
    unversioned = json.dumps(asdict(Method()))  # as a method was kept at first
    for name, older in (("factor_set", "older"), ("method", unversioned)):
        with store.write() as cursor:
            cursor.execute("UPDATE meta SET value = ? WHERE name = ?", [older, name])
            cursor.execute("UPDATE hourly_sums SET energy_kwh = 1")
            cursor.execute("UPDATE type_factors SET burst_sigma = 0")  # as the schema adds it
            cursor.execute(
                "UPDATE intensity_hourly SET intensity_direct_g_per_kwh = 1 WHERE tier <> 'A'"
            )
        assert write_factors(store, CATALOG)
        assert recompute(store) == len(HOURS) * len(REGIONS)
        assert store.row(sums) == pytest.approx(expected)
        burst = "SELECT instance_type FROM type_factors WHERE burst_sigma > 0"
        assert store.row(burst) == ("t3.medium",)
        pd.testing.assert_frame_equal(store.frame(grids), intensities)
    assert not write_factors(store, CATALOG)


def test_the_ledger_grows_and_never_shrinks(store):
    fleet_of_everything(store)
    before = store.row("SELECT sum(energy_kwh) FROM emissions_hourly")
    first, end = HOURS[10].to_pydatetime(), HOURS[20].to_pydatetime()
    extend_ledger(store, CATALOG, first, end)
    recompute(store)
    assert store.row("SELECT sum(energy_kwh) FROM emissions_hourly") == before
    extend_ledger(store, CATALOG, first, (HOURS[-1] + timedelta(hours=3)).to_pydatetime())
    recompute(store)
    assert store.row("SELECT max(hour) FROM emissions_hourly")[0] == HOURS[-1] + timedelta(hours=2)


def test_a_changed_span_recomputes_its_hours(store):
    fleet_of_everything(store)
    row = {
        "instance_id": "i-01",
        "valid_from": store.row("SELECT valid_from FROM instances WHERE instance_id = 'i-01'")[0],
        "region": "us-east-1",
        "instance_type": "t3.medium",
        "tags": {"team": "t1", "environment": "e1", "service": "s1"},
    }
    write_instances(store, fleet.instances({**row, "valid_to": HOURS[50]}))
    recompute(store)
    last = store.row("SELECT max(hour) FROM instance_energy WHERE instance_id = 'i-01'")[0]
    assert last == HOURS[49]
    assert not store.row(
        "SELECT count(*) FROM emissions_daily WHERE resource_id = 'i-01' AND \"day\" > $day",
        {"day": HOURS[50].date()},
    )[0]


KILLED = """
import json, os, sys
from spectra.store import Store, ledger
ledger.CHUNK_ROWS = 1
chunk, seen = ledger._recompute_chunk, []
def stop(cursor):
    if seen:
        os._exit(9)
    seen.append(1)
    return chunk(cursor)
ledger._recompute_chunk = stop
ledger.recompute(Store(sys.argv[1]))
"""


def test_a_killed_recomputation_goes_on_where_it_was(tmp_path, store, monkeypatch):
    fleet_of_everything(store)
    whole = store.frame("SELECT * FROM emissions_daily ORDER BY ALL")
    path = tmp_path / "spectra.duckdb"
    other = Store(path)
    monkeypatch.setattr(ledger, "recompute", lambda *_: 0)
    monkeypatch.setattr("tests.store.conftest.recompute", lambda *_: 0)
    fleet_of_everything(other)
    monkeypatch.undo()
    other.close()
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(path)], cwd=ROOT, timeout=60, check=False
    )
    assert killed.returncode == 9
    again = Store(path)
    done = again.row("SELECT count(*) FROM emissions_daily")[0]
    assert 0 < done < len(whole)
    recompute(again)
    assert again.row("SELECT count(*) FROM stale_hours") == (0,)
    rest = again.frame("SELECT * FROM emissions_daily ORDER BY ALL")
    pd.testing.assert_frame_equal(rest, whole, rtol=1e-12)
    again.close()


def test_tags_may_hold_anything(store):
    hostile = {"team": "'; DROP TABLE instances; --", "environment": "=1+1", "service": "<b>x</b>"}
    write_instances(
        store,
        fleet.instances({"instance_id": "i-1", "valid_from": "2026-10-01T00:00Z", "tags": hostile}),
    )
    write_utilisation(store, fleet.utilisation("i-1", HOURS, 10.0))
    assert json.loads(store.row("SELECT tags FROM instances")[0]) == hostile


def test_two_threads_may_recompute_at_once(store, monkeypatch):
    monkeypatch.setattr(ledger, "CHUNK_ROWS", 1)
    build(
        store,
        instances=fleet.instances({"instance_id": "i-1", "valid_from": "2026-11-01"}),
        hours=fleet.hours("2026-11-01", "2026-11-11"),
    )
    whole = store.frame("SELECT * EXCLUDE (computed_at) FROM emissions_hourly ORDER BY ALL")
    for _ in range(3):
        with store.write() as cursor:
            ledger.restart_ledger(cursor)
        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda _: recompute(store), range(4)))
        assert sum(done) == 240
        again = store.frame("SELECT * EXCLUDE (computed_at) FROM emissions_hourly ORDER BY ALL")
        pd.testing.assert_frame_equal(again, whole)
