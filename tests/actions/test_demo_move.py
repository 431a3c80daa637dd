"""A move in the demo: the fleet really moves, and the hours after count in the other region."""

from dataclasses import dataclass
from datetime import timedelta

import pandas as pd
import pytest

from spectra import actions
from spectra.actions import Destination, Journal, Target, left_behind, moves
from spectra.actions.demo_runner import DemoRunner
from spectra.actions.targets import target
from spectra.errors import GuardError
from spectra.store import Store
from tests import copies
from tests.actions.conftest import CATALOG, LATER, NOW, YES
from tests.actions.test_demo import HOUR, do, pass_hours, pick, same_before

TO = Destination("eu-north-1", "eu-north-1a", stops_source=True)


def hourly(store, name, column):
    rows = store.frame(
        f"SELECT hour, {column} FROM utilisation JOIN resources USING (resource_key) "
        "WHERE resource_id = $id AND hour > $hour ORDER BY hour",
        {"id": name, "hour": HOUR},
    )
    return list(rows[column])


def grams(store, region):
    sql = "SELECT sum(scope2_lb_g) FROM emissions_hourly WHERE hour > $hour AND region = $r"
    return store.row(sql, {"hour": HOUR, "r": region})[0]


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """A company of which one machine was moved six hours before, and that machine."""
    store = company_in(tmp_path_factory.mktemp("moved"))
    machine = pick(store)
    do(store, actions.plan_move(machine, TO))
    pass_hours(store)
    yield store, machine
    store.close()


def company_in(folder):
    return Store(copies.demo_company(folder / "company.duckdb", NOW, days=3))


def test_a_moved_machine_carries_the_same_load_in_the_other_region(moved, untouched):
    company, machine = moved
    (move,) = moves(company)
    assert move.source_id == machine.resource_id
    assert target(company, "instance", machine.resource_id, LATER).state == "stopped"
    copy = target(company, "instance", move.target_id, LATER)
    assert (copy.region, copy.availability_zone) == ("eu-north-1", "eu-north-1a")
    assert (copy.state, copy.type, copy.name) == ("running", machine.type, machine.name)
    assert len(copy.volume_ids) == len(machine.volume_ids)
    assert not set(copy.volume_ids) & set(machine.volume_ids)
    assert hourly(company, machine.resource_id, "cpu_avg_pct") == []
    loads = hourly(company, move.target_id, "cpu_avg_pct")
    assert loads == hourly(untouched, machine.resource_id, "cpu_avg_pct")
    assert len(loads) == 6
    same_before(company, untouched)


def test_the_ledger_counts_it_there_from_then_on(moved, untouched):
    company, machine = moved
    for region, sign in ((machine.region, -1), ("eu-north-1", 1)):
        assert (grams(company, region) - grams(untouched, region)) * sign > 0
    everywhere = "SELECT sum(scope2_lb_g) FROM emissions_hourly WHERE hour > $hour"
    given = {"hour": HOUR}
    assert company.row(everywhere, given)[0] < untouched.row(everywhere, given)[0]
    sql = "SELECT sum(list_cost_usd) FROM costs WHERE resource_id = $id AND region = $r"
    (move,) = moves(company)
    assert company.row(sql, {"id": move.target_id, "r": "eu-north-1"})[0] > 0


@dataclass
class Others:
    """Three more machines: moved and brought back, moved twice, moved to where there was none."""

    store: Store
    undone: Target
    undone_copy: str
    twice: Target
    first_copy: Target
    last_copy: str
    in_paris: tuple[pd.DataFrame, pd.DataFrame]  # before the move and at once after it


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    store = company_in(tmp_path_factory.mktemp("others"))
    undone, twice, new = (pick(store, nth) for nth in range(3))
    plan = actions.plan_move(undone, TO)
    do(store, plan)
    undone_copy = copy_of(store, undone)
    later = DemoRunner(store, CATALOG, undone.account_id, lambda: NOW + timedelta(minutes=5))
    outcome = actions.roll_back(
        plan.plan_id, later, Journal(store), permit=YES, confirmation=plan.confirmation
    )
    assert outcome.state == "rolled back", outcome.text
    do(store, actions.plan_move(twice, TO))
    first = target(store, "instance", copy_of(store, twice), NOW)
    there = Destination(
        "ca-central-1", "ca-central-1b", instance_type="m6i.large", stops_source=True
    )
    do(store, actions.plan_move(first, there), NOW + timedelta(minutes=10))
    before = store.frame(IN_PARIS)
    do(store, actions.plan_move(new, Destination("eu-west-3", "eu-west-3b", stops_source=True)))
    in_paris = before, store.frame(IN_PARIS)
    pass_hours(store)
    yield Others(store, undone, undone_copy, twice, first, copy_of(store, first), in_paris)
    store.close()


def copy_of(store, machine):
    """The only copy of a machine that there was."""
    (found,) = [move.target_id for move in moves(store) if move.source_id == machine.resource_id]
    return found


IN_PARIS = (
    "SELECT running_hours, scope2_lb_g FROM emissions_hourly WHERE region = 'eu-west-3' "
    "AND service = 'Amazon EC2' ORDER BY hour"
)


def test_undone_the_source_runs_again_and_the_copy_is_gone(others, untouched):
    company, machine = others.store, others.undone
    assert target(company, "instance", machine.resource_id, LATER).state == "running"
    assert hourly(company, others.undone_copy, "cpu_avg_pct") == []
    assert hourly(company, machine.resource_id, "cpu_avg_pct") == (
        hourly(untouched, machine.resource_id, "cpu_avg_pct")
    )
    left = "SELECT count(*) FROM volumes WHERE instance_id = $id AND valid_to IS NULL"
    assert company.row(left, {"id": others.undone_copy}) == (0,)


def test_a_copy_can_be_moved_again_and_back(others):
    last = target(others.store, "instance", others.last_copy, LATER)
    assert (last.region, last.type, last.state) == ("ca-central-1", "m6i.large", "running")
    assert len(last.volume_ids) == len(others.twice.volume_ids)
    first = target(others.store, "instance", others.first_copy.resource_id, LATER)
    assert first.state == "stopped"


def test_a_region_that_had_no_machine_counts_from_the_minute_of_the_launch(others):
    before, now = others.in_paris
    assert before.empty
    assert list(now["running_hours"]) == pytest.approx([1 / 3])  # it is 05:40
    assert now["scope2_lb_g"].iloc[0] > 0
    later = others.store.frame(IN_PARIS)
    assert list(later["running_hours"]) == pytest.approx([1 / 3, *[1.0] * 6])


@pytest.mark.parametrize(
    ("to", "words"),
    [
        (Destination("eu-west-9", "eu-west-9a"), "not enabled"),
        (Destination("eu-north-1", "eu-north-1a", instance_type="p4d.24xlarge"), "offered in no"),
        (Destination("eu-north-1", "eu-north-1a", allowed_regions=("eu-central-1",)),
         "not allowed"),
    ],
)  # fmt: skip
def test_what_the_demo_refuses_too(calm, to, words):
    with pytest.raises(GuardError, match=words):
        do(calm, actions.plan_move(pick(calm), to))


def test_a_member_of_a_group_is_not_moved(calm):
    (name,) = calm.row("SELECT instance_id FROM instances WHERE valid_to IS NULL "
                          "AND asg_name IS NOT NULL AND state = 'running' LIMIT 1")  # fmt: skip
    member = target(calm, "instance", name, NOW)
    with pytest.raises(GuardError, match="template instead"):
        do(calm, actions.plan_move(member, TO))


def test_a_move_that_was_left_half_way_goes_on(company):
    plan = actions.plan_move(pick(company), TO)
    runner = DemoRunner(company, CATALOG, plan.target.account_id, lambda: NOW)

    class Left(BaseException):
        pass

    def leave(share, text):
        if share > 0.5:  # the copy was launched
            raise Left

    with pytest.raises(Left):
        actions.execute(plan, runner, Journal(company), confirmation=plan.confirmation,
                        permit=YES, progress=leave)  # fmt: skip
    copy = target(company, "instance", moves(company)[0].target_id, NOW)
    assert copy.state == "running"
    assert target(company, "instance", plan.target.resource_id, NOW).state == "running"
    assert copy.resource_id in left_behind(plan, runner, Journal(company))
    assert actions.resume(plan.plan_id, runner, Journal(company), permit=YES).is_done
    assert target(company, "instance", plan.target.resource_id, NOW).state == "stopped"


def test_what_can_be_chosen_in_the_demo(calm):
    machine = pick(calm)
    runner = DemoRunner(calm, CATALOG, machine.account_id, lambda: NOW)
    assert runner.choices("eu-west-3", ["m5.large"]).zones == (
        "eu-west-3a", "eu-west-3b", "eu-west-3c",
    )  # fmt: skip
    assert runner.choices("eu-west-9", ["m5.large"]).zones == ()
