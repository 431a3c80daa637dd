"""The fleet by unit: one basis of cost a day, and the unit that an instance belongs to now."""

from datetime import timedelta

import pandas as pd
import pytest

from spectra.store import emission_queries, instance_queries
from spectra.store.ledger import recompute
from spectra.store.live_writes import write_provider_costs, write_resource_costs
from spectra.store.load_history import LoadHistory
from spectra.store.selection import Selection
from spectra.store.writes import write_costs, write_utilisation
from spectra.ui import headlines
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


def billed(instance_id, *days, option="on-demand", usd=1.0, fetched_at=fleet.FETCHED):
    """Costs of a machine as Cost Explorer tells them, of the last fortnight at most."""
    row = {"account_id": "111111111111", "resource_id": instance_id, "purchase_option": option,
           "billed_cost_usd": 1.0, "effective_cost_usd": usd, "is_provisional": False,
           "source": "aws_cost_explorer", "fetched_at": fetched_at}  # fmt: skip
    return pd.DataFrame([{**row, "day": pd.Timestamp(day).date()} for day in days])


def test_what_aws_says_of_an_instance_is_what_was_paid(machines):
    later = NOW + timedelta(days=3)
    write_resource_costs(machines, billed("i-1", "2026-11-22", "2026-11-23", fetched_at=later))
    listed = list_usd_a_day(machines)
    assert cost_of(machines, "i-1") == (pytest.approx(2 + 2 * listed), "partly list price")
    alone = instance_queries.days(machines, "i-1", START, NOW)
    assert alone["cost_usd"].tolist() == pytest.approx([listed, listed, 1.0, 1.0])


def test_a_day_that_had_not_all_come_in_is_not_known_yet(machines):
    at = pd.Timestamp("2026-11-25T00:00Z")
    listed = list_usd_a_day(machines)
    rows = billed("i-1", "2026-11-22", "2026-11-23", fetched_at=at.to_pydatetime())
    write_resource_costs(machines, rows)
    alone = instance_queries.days(machines, "i-1", START, NOW)
    assert alone["cost_usd"].tolist() == pytest.approx([listed, listed, 1.0, listed])


def test_a_day_that_aws_states_no_amount_of_counts_at_list_price(machines):
    later = NOW + timedelta(days=3)
    rows = billed("i-1", "2026-11-22", usd=float("nan"), fetched_at=later)
    write_resource_costs(machines, rows)
    assert cost_of(machines, "i-1") == (pytest.approx(4 * list_usd_a_day(machines)), "list price")


def test_a_bill_is_compared_with_list_price_on_days_that_both_know_whole(machines):
    """Of four days: one before the ledger, one that was still coming in, one without an amount."""

    def bill(day, usd, read_after=3, service="Amazon EC2"):
        at = pd.Timestamp(day, tz="UTC") + timedelta(days=read_after)
        return {
            "day": pd.Timestamp(day).date(), "account_id": "111111111111",
            "region": "eu-central-1", "service": service, "resource_id": "", "team": "web",
            "purchase_option": "all", "list_cost_usd": float("nan"), "billed_cost_usd": usd,
            "effective_cost_usd": usd, "is_provisional": True, "source": "aws_cost_explorer",
            "quality": "measured", "fetched_at": at,
        }  # fmt: skip

    rows = [
        bill("2026-11-19", 50.0), bill("2026-11-20", 11.0), bill("2026-11-21", 10.0, 2),
        bill("2026-11-22", float("nan")), bill("2026-11-23", 12.0),
        bill("2026-11-23", 5.0, service="EC2 - Other"),
    ]  # fmt: skip
    write_provider_costs(machines, pd.DataFrame(rows))
    cost = emission_queries.costs(machines, SELECTION.between(START - timedelta(days=2), NOW))
    (listed,) = machines.row(
        "SELECT sum(list_cost_usd) FROM emissions_daily WHERE service = 'Amazon EC2' "
        "AND \"day\" IN ('2026-11-20', '2026-11-23')"
    )
    assert (cost["compared_days"], cost["billed_usd"]) == (2, 23.0)
    assert cost["at_list_usd"] == pytest.approx(listed)
    assert cost["effective_usd"] == 88.0
    assert headlines.against_list(cost).startswith("machines on 2 whole days: $23.00, at list")
    mark = "INSERT INTO stale_hours VALUES ('eu-central-1', '2026-11-20T03:00Z')"
    with machines.write() as cursor:
        cursor.execute(mark)
    cost = emission_queries.costs(machines, SELECTION)
    assert (cost["compared_days"], cost["billed_usd"]) == (1, 12.0)


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
