"""Disks nobody uses, disks of stopped machines, old types: found, dated and priced."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from spectra.carbon.energy import GIB_TO_GB
from spectra.store import waste_queries as waste
from spectra.store.fetch_log import Fetch, log_fetch
from spectra.store.selection import Selection
from spectra.store.writes import write_costs, write_instances, write_utilisation, write_volumes
from tests import fleet
from tests.store.conftest import CATALOG, build

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
EVERYTHING = Selection(datetime(2026, 11, 1, tzinfo=UTC), NOW)
HOURS = fleet.hours("2026-11-20", "2026-11-25T12:00")


@pytest.fixture
def wasteful(store):
    """CASES.md: a stopped m5.large with 500 GB io2, an unattached 100 GB gp2, and more."""
    return build(
        store,
        instances=fleet.instances(
            {"instance_id": "i-off", "valid_from": "2026-10-01", "state": "stopped",
             "instance_type": "m5.large"},
            {"instance_id": "i-night", "valid_from": "2026-11-24", "state": "stopped"},
            {"instance_id": "i-on", "valid_from": "2026-10-01", "instance_type": "m5.xlarge",
             "tags": {"team": "data"}},
        ),
        volumes=fleet.volumes(
            {"volume_id": "vol-off", "valid_from": "2026-10-01", "instance_id": "i-off",
             "volume_type": "io2", "size_gib": 500},
            {"volume_id": "vol-night", "valid_from": "2026-10-01", "instance_id": "i-night"},
            {"volume_id": "vol-lost", "valid_from": "2026-10-01", "valid_to": "2026-11-05",
             "instance_id": "i-on", "volume_type": "gp2"},
            {"volume_id": "vol-lost", "valid_from": "2026-11-05", "volume_type": "gp2"},
            {"volume_id": "vol-gone", "valid_from": "2026-10-01", "valid_to": "2026-11-05"},
            {"volume_id": "vol-big", "valid_from": "2026-10-01", "instance_id": "i-on",
             "size_gib": 2000, "tags": {"team": "data"}},
            {"volume_id": "vol-fast", "valid_from": "2026-10-01", "instance_id": "i-night",
             "volume_type": "gp2", "size_gib": 4000},
        ),
        hours=HOURS,
        intensities=[fleet.intensities("DE", HOURS, 300.0, 380.0)],
    )  # fmt: skip


def test_a_volume_without_a_machine_is_dated_from_its_detachment(wasteful):
    rows = waste.unattached(wasteful, CATALOG, EVERYTHING, NOW)
    assert rows["volume_id"].tolist() == ["vol-lost"]
    assert rows["since"].iloc[0] == fleet.utc("2026-11-05")
    assert rows["days"].iloc[0] == 20
    assert rows["usd_per_month"].iloc[0] == pytest.approx(100 * 0.10)
    assert rows["cost_basis"].iloc[0] == "list price of us-east-1"
    # 100 GiB of SSD, twice, with the region's PUE and the grid of every hour.
    kwh = 0.1 * GIB_TO_GB * 1.2 * 2 * 1.35 / 1000 * 730
    expected = kwh * (380 + 380 * wasteful.row("SELECT td_factor FROM region_factors "
                                               "WHERE region = 'eu-central-1'")[0])  # fmt: skip
    assert rows["g_per_month"].iloc[0] == pytest.approx(expected, rel=1e-6)
    # Of a disk that no listing has seen in use nobody knows whether it was before.
    old = {"volume_id": "vol-old", "valid_from": "2024-11-01", "volume_type": "gp2"}
    write_volumes(wasteful, fleet.volumes(old))
    first = fleet.utc("2026-11-15")
    log_fetch(wasteful, Fetch("aws", "inventory", 1, "ok", scope="111111111111/eu-central-1",
                              started_at=first))  # fmt: skip
    rows = waste.unattached(wasteful, CATALOG, EVERYTHING, NOW).set_index("volume_id")
    assert rows["since"].to_dict() == {"vol-lost": fleet.utc("2026-11-05"), "vol-old": first}


def test_a_cost_that_was_paid_comes_before_the_list_price(wasteful):
    days = pd.DataFrame(
        {
            "day": pd.date_range("2026-11-23", "2026-11-24").date,
            "account_id": "111111111111", "region": "eu-central-1", "service": "Amazon EBS",
            "resource_id": "vol-lost", "purchase_option": "on-demand", "list_cost_usd": 0.5,
            "billed_cost_usd": 0.48, "effective_cost_usd": 0.48, "is_provisional": False,
            "source": "test", "quality": "measured", "fetched_at": fleet.FETCHED,
        }
    )  # fmt: skip
    write_costs(wasteful, days)
    row = waste.unattached(wasteful, CATALOG, EVERYTHING, NOW).iloc[0]
    assert row["usd_per_month"] == pytest.approx(0.48 / 24 * 730)
    assert row["cost_basis"] == "effective"


def test_a_machine_off_for_the_night_is_no_waste(wasteful):
    rows = waste.of_stopped(wasteful, CATALOG, EVERYTHING, NOW)
    assert rows["instance_id"].tolist() == ["i-off"]
    row = rows.iloc[0]
    assert (row["days"], row["volume_count"], row["size_gib"]) == (55, 1, 500)
    assert row["usd_per_month"] == pytest.approx(500 * 0.125)


def test_a_new_tag_is_no_new_stop(wasteful):
    write_instances(
        wasteful,
        fleet.instances(
            {"instance_id": "i-off", "valid_from": "2026-10-01", "state": "stopped",
             "instance_type": "m5.large", "valid_to": "2026-11-23"},
            {"instance_id": "i-off", "valid_from": "2026-11-23", "state": "stopped",
             "instance_type": "m5.large", "tags": {"team": "data"}},
        ),
    )  # fmt: skip
    rows = waste.of_stopped(wasteful, CATALOG, EVERYTHING, NOW)
    assert rows[["instance_id", "days"]].to_numpy().tolist() == [["i-off", 55]]


def test_an_old_volume_type_has_a_successor_at_list_price(wasteful):
    rows = waste.old_volume_types(wasteful, CATALOG, EVERYTHING, NOW)
    saves = rows.set_index("volume_id")["saves_usd_per_month"].to_dict()
    assert set(rows["successor"]) == {"gp3"}
    # The large one sustains 12,000 IOPS and 250 MiB/s, of which gp3 includes 3,000 and 125.
    extra = 9_000 * 0.005 + 125 * 0.04
    expected = {"vol-lost": 100 * (0.10 - 0.08), "vol-fast": 4_000 * (0.10 - 0.08) - extra}
    assert saves == pytest.approx(expected)


def test_a_large_volume_is_called_quiet_only_where_its_traffic_is_known(wasteful):
    assert waste.quiet_volumes(wasteful, CATALOG, EVERYTHING, NOW).empty
    frame = fleet.utilisation("i-on", HOURS, 20.0, ebs_read_bytes=1e6, ebs_write_bytes=1e6)
    frame["ebs_read_bytes"], frame["ebs_write_bytes"] = 1e6, 1e6
    write_utilisation(wasteful, frame)
    rows = waste.quiet_volumes(wasteful, CATALOG, EVERYTHING, NOW)
    assert rows["volume_id"].tolist() == ["vol-big"]
    assert rows["traffic_gb"].iloc[0] == pytest.approx(720 * 2e6 / 1e9, rel=1e-3)


def test_hours_without_known_traffic_are_not_hours_without_traffic(wasteful):
    """Two days of 300 MB an hour make 216 GB in 30 days, not the 14 GB that were seen."""
    frame = fleet.utilisation("i-on", HOURS[:48], 20.0)
    frame["ebs_read_bytes"], frame["ebs_write_bytes"] = 3e8, 0.0
    write_utilisation(wasteful, frame)
    assert waste.quiet_volumes(wasteful, CATALOG, EVERYTHING, NOW).empty


def test_old_generations_are_counted_by_type(wasteful):
    rows = waste.old_generations(wasteful, CATALOG, EVERYTHING, NOW)
    assert rows[["instance_type", "instance_count"]].to_numpy().tolist() == [["m5.xlarge", 1]]


def test_a_team_sees_its_own_waste_alone(wasteful):
    mine = Selection(EVERYTHING.start, NOW, teams=("data",))
    assert waste.unattached(wasteful, CATALOG, mine, NOW).empty
    assert len(waste.old_generations(wasteful, CATALOG, mine, NOW)) == 1
