"""The fleet by unit: one basis of cost a day, and the unit that an instance belongs to now."""

import pandas as pd
import pytest

from spectra.store import instance_queries
from spectra.store.ledger import recompute
from spectra.store.live_writes import write_cost_cuts
from spectra.store.load_history import LoadHistory
from spectra.store.selection import Selection
from spectra.store.writes import write_costs, write_utilisation
from tests import fleet
from tests.store.conftest import build

HOURS = fleet.hours("2026-11-20", "2026-11-24")
START, NOW = (fleet.as_datetime(fleet.utc(day)) for day in ("2026-11-20", "2026-11-24"))
SELECTION = Selection(START, NOW)
GROUP = "asg/111111111111/eu-central-1/web"


@pytest.fixture
def machines(store):
    """A machine alone, two of a group, and one that was taken out of it."""
    return build(
        store,
        instances=fleet.instances(
            {"instance_id": "i-1", "valid_from": "2026-11-01"},
            {"instance_id": "i-2", "valid_from": "2026-11-01", "asg_name": "web"},
            {"instance_id": "i-3", "valid_from": "2026-11-01", "asg_name": "web"},
            {"instance_id": "i-4", "valid_from": "2026-11-01", "valid_to": "2026-11-22",
             "asg_name": "web"},
            {"instance_id": "i-4", "valid_from": "2026-11-22"},
        ),
        hours=HOURS,
        intensities=[fleet.intensities("DE", HOURS, 300.0, 380.0)],
    )  # fmt: skip


def paid(store, instance_id, usd, *days):
    write_costs(
        store,
        pd.DataFrame(
            {
                "day": [pd.Timestamp(day).date() for day in days],
                "account_id": "111111111111", "region": "eu-central-1", "service": "Amazon EC2",
                "resource_id": instance_id, "purchase_option": "on-demand", "list_cost_usd": 9.0,
                "billed_cost_usd": usd, "effective_cost_usd": usd, "is_provisional": False,
                "source": "test", "quality": "measured", "fetched_at": fleet.FETCHED,
            }
        ),
    )  # fmt: skip


def list_usd_a_day(store):
    return store.row("SELECT usd_per_hour FROM prices WHERE instance_type = 'm5.xlarge' "
                     "AND region = 'eu-central-1'")[0] * 24  # fmt: skip


def cost_of(store, unit_id):
    row = instance_queries.fleet(store, SELECTION, NOW).set_index("unit_id").loc[unit_id]
    return row["cost_usd"], row["cost_basis"]


def test_a_day_without_a_known_cost_counts_at_list_price_not_as_nothing(machines):
    listed = list_usd_a_day(machines)
    assert cost_of(machines, "i-1") == (pytest.approx(4 * listed), "list price")
    paid(machines, "i-1", 1.0, "2026-11-21", "2026-11-22")
    assert cost_of(machines, "i-1") == (pytest.approx(2 + 2 * listed), "partly list price")
    paid(machines, "i-1", 1.0, "2026-11-20", "2026-11-23")
    assert cost_of(machines, "i-1") == (pytest.approx(4.0), "effective")


def test_what_aws_says_of_an_instance_is_what_was_paid(machines):
    """Cost Explorer gives resources as a cut, of the last fortnight at most."""
    cut = {"account_id": "111111111111", "region": "eu-central-1", "cut": "resource",
           "billed_cost_usd": 1.0, "effective_cost_usd": 1.0, "is_provisional": False,
           "source": "test", "fetched_at": fleet.FETCHED}  # fmt: skip
    days = [pd.Timestamp(day).date() for day in ("2026-11-22", "2026-11-23")]
    write_cost_cuts(machines, pd.DataFrame([{**cut, "key": "i-1", "day": day} for day in days]))
    listed = list_usd_a_day(machines)
    assert cost_of(machines, "i-1") == (pytest.approx(2 + 2 * listed), "partly list price")
    alone = instance_queries.days(machines, "i-1", START, NOW)
    assert alone["cost_usd"].tolist() == pytest.approx([listed, listed, 1.0, 1.0])


def test_a_day_of_a_group_adds_members_each_on_its_own_basis(machines):
    paid(machines, "i-2", 1.0, "2026-11-23")
    days = instance_queries.days(machines, GROUP, START, NOW)
    listed = list_usd_a_day(machines)
    assert days["cost_usd"].tolist() == pytest.approx([2 * listed] * 3 + [1 + listed])
    assert days["cost_basis"].tolist() == ["list price"] * 3 + ["partly list price"]


def test_an_instance_taken_out_of_its_group_is_a_unit_of_its_own(machines):
    history = LoadHistory(machines, NOW)
    judged = {unit for frame in history.groups() for unit in frame["unit_id"]}
    history.close()
    fleet_now = instance_queries.fleet(machines, SELECTION, NOW)
    assert set(fleet_now["unit_id"]) == judged == {"i-1", "i-4", GROUP}
    assert instance_queries.members(machines, GROUP) == ["i-2", "i-3"]
    units = [instance_queries.unit_of(machines, name) for name in ("i-2", "i-4", "i-gone")]
    assert units == [GROUP, "i-4", None]


def test_hours_that_nothing_tells_the_load_of_are_a_share_of_those_it_ran(machines):
    write_utilisation(machines, fleet.utilisation("i-1", HOURS[:72], 30.0))
    recompute(machines)
    *shares, not_run = [instance_queries.default_load_share(machines, unit, START, NOW)
                        for unit in ("i-1", GROUP, "i-none")]  # fmt: skip
    assert shares == pytest.approx([0.25, 1.0])
    assert not_run is None
