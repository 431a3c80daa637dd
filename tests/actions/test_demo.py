"""Actions on the demo fleet: later numbers change as they would, earlier ones not by a byte."""

from dataclasses import dataclass
from datetime import timedelta

import pandas as pd
import pytest

from spectra import actions
from spectra.actions import Journal, Target
from spectra.actions.demo_runner import DemoRunner
from spectra.actions.targets import target, targets
from spectra.errors import GuardError, InputError
from spectra.refresh import demo as demo_refresh
from spectra.refresh import refresh_demo
from spectra.store import Store, demo_log
from spectra.store.clearing import clear_source
from spectra.ui.instances.undisturbed import Undisturbed
from tests import copies
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


def pick(store, nth=0):
    """A machine that nobody but its owner decides about; another one for each number."""
    (name,) = store.row(
        "SELECT instance_id FROM instances WHERE valid_to IS NULL AND asg_name IS NULL "
        "AND lifecycle = 'on-demand' AND instance_type = 'm5.large' AND state = 'running' "
        "ORDER BY region <> 'us-east-1', instance_id LIMIT 1 OFFSET $nth", {"nth": nth},
    )  # fmt: skip
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


@dataclass
class Done:
    """What was done to a company, each to a machine or volume of its own, six hours before."""

    store: Store
    smaller: Target
    larger: Target
    gone: Target
    deleted: Target
    retyped: Target


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """All that is done to a machine or a volume, in one company: the hours after pass once."""
    file = tmp_path_factory.mktemp("done") / "company.duckdb"
    store = Store(copies.demo_company(file, NOW, days=3))
    smaller, larger, gone = (pick(store, nth) for nth in range(3))
    do(store, actions.resize(smaller, "t3.medium"))
    do(store, actions.resize(larger, "m5.xlarge"))
    do(store, actions.terminate(gone))
    disks = targets(store, kind="volume", now=NOW)
    deleted = next(t for t in disks if t.state == "available")
    others = {deleted.resource_id, *gone.volume_ids}
    retyped = next(t for t in disks if t.type == "gp2" and t.resource_id not in others)
    there_and_back(store, deleted)
    do(store, actions.delete_volume(deleted), NOW + timedelta(minutes=1))
    do(store, actions.change_volume_type(retyped, "gp3"))
    assert target(store, "volume", retyped.resource_id, NOW).type == "gp3"
    pass_hours(store)
    yield Done(store, smaller, larger, gone, deleted, retyped)
    store.close()


def there_and_back(store, volume):
    plan = actions.delete_volume(volume)
    runner = do(store, plan)
    assert targets(store, kind="volume", ids={volume.resource_id}, now=NOW) == []
    back = actions.roll_back(plan.plan_id, runner, Journal(store), permit=YES,
                             confirmation=plan.confirmation)  # fmt: skip
    assert back.state == "rolled back", back.text
    assert target(store, "volume", volume.resource_id, NOW).state == "available"


def mean_load(store, machine):
    (load,) = store.row(
        "SELECT avg(cpu_avg_pct) FROM utilisation JOIN resources USING (resource_key) "
        "WHERE resource_id = $id AND hour > $hour",
        {"id": machine.resource_id, "hour": HOUR},
    )  # fmt: skip
    return load


def test_whatever_is_done_leaves_the_hours_before_it(done, untouched):
    same_before(done.store, untouched)


def test_a_smaller_machine_is_busier_and_draws_less(done, untouched):
    machine = done.smaller
    assert target(done.store, "instance", machine.resource_id, LATER).type == "t3.medium"
    assert mean_load(done.store, machine) >= mean_load(untouched, machine)


def test_half_the_processors_carry_twice_the_load(done, untouched):
    loads = mean_load(done.store, done.larger), mean_load(untouched, done.larger)
    assert loads[0] == pytest.approx(loads[1] / 2, rel=0.01)


def test_a_terminated_machine_is_gone_with_its_root_disk(done):
    machine = done.gone
    assert targets(done.store, kind="instance", ids={machine.resource_id}, now=LATER) == []
    disks = [t.resource_id for t in targets(done.store, kind="volume", now=LATER)]
    assert not set(disks) & {machine.volume_ids[0]} or len(machine.volume_ids) > 1
    with pytest.raises(InputError, match="no instance"):
        target(done.store, "instance", machine.resource_id, LATER)


def test_a_free_volume_is_deleted_and_another_has_its_new_type(done):
    assert targets(done.store, kind="volume", ids={done.deleted.resource_id}, now=LATER) == []
    assert target(done.store, "volume", done.retyped.resource_id, LATER).type == "gp3"


def test_members_of_a_group_are_left_alone(calm):
    (name,) = calm.row("SELECT instance_id FROM instances WHERE valid_to IS NULL "
                          "AND asg_name IS NOT NULL AND state = 'running' LIMIT 1")  # fmt: skip
    member = target(calm, "instance", name, NOW)
    with pytest.raises(GuardError, match="would replace it"):
        do(calm, actions.stop(member))
    assert demo_log.changes(calm) == []


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
