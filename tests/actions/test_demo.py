"""Actions on the demo fleet: later numbers change as they would, earlier ones not by a byte."""

from datetime import timedelta

import pandas as pd
import pytest

from spectra import actions
from spectra.actions import Journal
from spectra.actions.demo_runner import DemoRunner
from spectra.actions.targets import target, targets
from spectra.errors import GuardError, InputError
from spectra.refresh import demo as demo_refresh
from spectra.refresh import refresh_demo
from spectra.store import demo_log
from spectra.store.clearing import clear_source
from spectra.ui.instances.undisturbed import Undisturbed
from tests.actions.conftest import CATALOG, LATER, NOW, YES

HOUR = NOW.replace(minute=0)
FACTS = {
    "utilisation": "SELECT u.* EXCLUDE (fetched_at, resource_key), resource_id FROM utilisation u "
    "JOIN resources USING (resource_key) WHERE hour < $hour ORDER BY ALL",
    "emissions": "SELECT * EXCLUDE (computed_at) FROM emissions_hourly WHERE hour < $hour "
    "ORDER BY ALL",
    "instances": "SELECT * EXCLUDE (fetched_at, version_key) REPLACE (CASE WHEN valid_to > $hour "
    "THEN NULL ELSE valid_to END AS valid_to) FROM instances WHERE valid_from < $hour ORDER BY ALL",
    "volumes": "SELECT * EXCLUDE fetched_at REPLACE (CASE WHEN valid_to > $hour THEN NULL ELSE "
    "valid_to END AS valid_to) FROM volumes WHERE valid_from < $hour ORDER BY ALL",
    "costs": 'SELECT * EXCLUDE fetched_at FROM costs WHERE "day" < $hour::DATE ORDER BY ALL',
}


def pick(store):
    """A machine that nobody but its owner decides about."""
    (name,) = store.row(
        "SELECT instance_id FROM instances WHERE valid_to IS NULL AND asg_name IS NULL "
        "AND lifecycle = 'on-demand' AND instance_type = 'm5.large' AND state = 'running' "
        "ORDER BY region <> 'us-east-1', instance_id LIMIT 1"
    )
    return target(store, "instance", name, NOW)


def do(store, plan, now=NOW):
    runner = DemoRunner(store, CATALOG, plan.target.account_id, lambda: now)
    outcome = actions.execute(
        plan, runner, Journal(store), confirmation=plan.confirmation, permit=YES
    )
    assert outcome.is_done, outcome.text
    return runner


def pass_hours(store):
    assert refresh_demo(store, CATALOG, now=LATER)


def same_before(store, other):
    """Facts to the byte; sums to the last bits, which hang on the order they are added in."""
    for name, sql in FACTS.items():
        mine, theirs = store.frame(sql, {"hour": HOUR}), other.frame(sql, {"hour": HOUR})
        exact = {} if name == "emissions" else {"check_exact": True}
        rough = {"rtol": 1e-12} if name == "emissions" else {}
        pd.testing.assert_frame_equal(mine, theirs, obj=name, **exact, **rough)


def test_a_stopped_machine_emits_nothing_from_the_next_hour(company, untouched):
    machine = pick(company)
    do(company, actions.stop(machine))
    assert target(company, "instance", machine.resource_id, NOW).state == "stopped"
    pass_hours(company)
    total = "SELECT sum(upstream_g) FROM emissions_hourly WHERE hour > $hour"
    assert company.row(total, {"hour": HOUR})[0] < untouched.row(total, {"hour": HOUR})[0]
    rows = company.row(
        "SELECT count(*) FROM utilisation JOIN resources USING (resource_key) "
        "WHERE resource_id = $id AND hour > $hour", {"id": machine.resource_id, "hour": HOUR},
    )  # fmt: skip
    assert rows == (0,)
    sql = "SELECT sum(list_cost_usd) FROM costs WHERE resource_id = $id AND day = $hour::DATE"
    given = {"id": machine.resource_id, "hour": HOUR}
    (cost,), (other,) = company.row(sql, given), untouched.row(sql, given)
    assert 0 < cost < other
    same_before(company, untouched)


def test_what_was_stopped_can_be_started_again(company):
    machine = pick(company)
    do(company, actions.stop(machine))
    again = target(company, "instance", machine.resource_id, NOW)
    do(company, actions.start(again), NOW + timedelta(minutes=10))
    spans = company.frame(
        "SELECT state, valid_to FROM instances WHERE instance_id = $id AND "
        "coalesce(valid_to >= $hour, true) ORDER BY valid_from",
        {"id": machine.resource_id, "hour": HOUR},
    )  # fmt: skip
    assert list(spans["state"]) == ["running", "stopped", "running"]


def test_a_smaller_machine_is_busier_and_draws_less(company, untouched):
    machine = pick(company)
    do(company, actions.resize(machine, "t3.medium"))
    pass_hours(company)
    assert target(company, "instance", machine.resource_id, LATER).type == "t3.medium"
    load = (
        "SELECT avg(cpu_avg_pct) FROM utilisation JOIN resources USING (resource_key) "
        "WHERE resource_id = $id AND hour > $hour"
    )
    given = {"id": machine.resource_id, "hour": HOUR}
    assert company.row(load, given)[0] >= untouched.row(load, given)[0]
    same_before(company, untouched)


def test_half_the_processors_carry_twice_the_load(company, untouched):
    machine = pick(company)
    do(company, actions.resize(machine, "m5.xlarge"))
    pass_hours(company)
    load = (
        "SELECT avg(cpu_avg_pct) FROM utilisation JOIN resources USING (resource_key) "
        "WHERE resource_id = $id AND hour > $hour"
    )
    given = {"id": machine.resource_id, "hour": HOUR}
    assert company.row(load, given)[0] == pytest.approx(untouched.row(load, given)[0] / 2, rel=0.01)


def test_a_terminated_machine_is_gone_with_its_root_disk(company, untouched):
    machine = pick(company)
    do(company, actions.terminate(machine))
    pass_hours(company)
    assert targets(company, kind="instance", ids={machine.resource_id}, now=LATER) == []
    disks = [t.resource_id for t in targets(company, kind="volume", now=LATER)]
    assert not set(disks) & {machine.volume_ids[0]} or len(machine.volume_ids) > 1
    same_before(company, untouched)
    with pytest.raises(InputError, match="no instance"):
        target(company, "instance", machine.resource_id, LATER)


def test_a_free_volume_is_deleted_and_brought_back(company, untouched):
    free = next(t for t in targets(company, kind="volume", now=NOW) if t.state == "available")
    plan = actions.delete_volume(free)
    runner = do(company, plan)
    assert targets(company, kind="volume", ids={free.resource_id}, now=NOW) == []
    back = actions.roll_back(plan.plan_id, runner, Journal(company), permit=YES,
                             confirmation=plan.confirmation)  # fmt: skip
    assert back.state == "rolled back", back.text
    assert target(company, "volume", free.resource_id, NOW).state == "available"
    do(company, actions.delete_volume(free), NOW + timedelta(minutes=1))
    pass_hours(company)
    assert targets(company, kind="volume", ids={free.resource_id}, now=LATER) == []
    same_before(company, untouched)


def test_a_volume_changes_its_type_and_its_price(company, untouched):
    disk = next(t for t in targets(company, kind="volume", now=NOW) if t.type == "gp2")
    do(company, actions.change_volume_type(disk, "gp3"))
    assert target(company, "volume", disk.resource_id, NOW).type == "gp3"
    pass_hours(company)
    same_before(company, untouched)


def test_members_of_a_group_are_left_alone(company):
    (name,) = company.row("SELECT instance_id FROM instances WHERE valid_to IS NULL "
                          "AND asg_name IS NOT NULL AND state = 'running' LIMIT 1")  # fmt: skip
    member = target(company, "instance", name, NOW)
    with pytest.raises(GuardError, match="would replace it"):
        do(company, actions.stop(member))
    assert demo_log.changes(company) == []


def test_a_change_that_was_not_followed_is_at_the_next_refresh(company, monkeypatch):
    machine = pick(company)
    demo_log.record(company, demo_log.DemoChange(machine.resource_id, NOW, "state", "stopped"))
    assert refresh_demo(company, CATALOG, now=NOW)  # no hour was added
    assert target(company, "instance", machine.resource_id, NOW).state == "stopped"
    assert not demo_refresh.apply_demo_changes(company, CATALOG)


def test_a_rebuilt_company_is_a_fresh_one(company):
    do(company, actions.stop(pick(company)))
    clear_source(company, CATALOG, "demo")
    assert demo_log.changes(company) == []


def test_a_machine_that_the_calendar_switches_stays_as_a_person_left_it(company):
    (name,) = company.row(
        "SELECT instance_id FROM instances WHERE state = 'stopped' AND asg_name IS NULL "
        "AND lifecycle = 'on-demand' AND valid_to IS NOT NULL ORDER BY instance_id LIMIT 1"
    )
    machine = target(company, "instance", name, NOW)
    demo_log.record(company, demo_log.DemoChange(name, NOW, "state", "stopped"))
    demo_refresh.apply_demo_changes(company, CATALOG)
    refresh_demo(company, CATALOG, now=NOW + timedelta(days=3))
    assert machine.kind == "instance"
    ran = company.row("SELECT count(*) FROM instances WHERE instance_id = $id AND state = "
                      "'running' AND valid_from > $now", {"id": name, "now": NOW})  # fmt: skip
    assert ran == (0,)


class Click(BaseException):
    """As Streamlit asks for the next run of a page."""


def click(*_):
    raise Click


def test_a_click_does_not_leave_a_machine_between_two_steps(company):
    plan = actions.resize(pick(company), "m5.xlarge")
    runner = DemoRunner(company, CATALOG, plan.target.account_id, lambda: NOW)
    said, kept = Undisturbed(click), []
    outcome = actions.execute(
        plan, runner, Journal(company), confirmation=plan.confirmation, permit=YES, progress=said
    )
    assert outcome.is_done
    said.keep(lambda: kept.append(1))
    assert kept == [1]
    with pytest.raises(Click):
        said.give_way()


def test_numbers_follow_what_was_done_before_a_page_was_left(company):
    machine = pick(company)
    plan = actions.stop(machine)
    runner = DemoRunner(company, CATALOG, machine.account_id, lambda: NOW)
    leave = lambda share, text: click() if share == 1 else None  # noqa: E731
    with pytest.raises(Click):
        actions.execute(plan, runner, Journal(company), confirmation=plan.confirmation,
                        permit=YES, progress=leave)  # fmt: skip
    assert target(company, "instance", machine.resource_id, NOW).state == "stopped"
