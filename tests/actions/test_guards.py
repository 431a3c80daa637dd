"""Who may act where, which account a plan reaches, and starts and stops by the clock."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from spectra import actions
from spectra.actions import Journal, may_act, schedules
from spectra.actions.demo_runner import DemoRunner
from spectra.actions.plan import Plan
from spectra.actions.runners import Runners
from spectra.actions.targets import target
from spectra.catalog import load_catalog
from spectra.config import load_config
from spectra.errors import BusyError, GuardError, InputError
from spectra.refresh.connections import changing_access
from spectra.settings import SETTINGS
from spectra.store import Store, action_log
from spectra.store.action_schedules import delete_schedule
from spectra.store.action_schedules import schedules as saved
from spectra.store.clearing import clear_demo_fleet, clear_source
from spectra.store.writes import write_instances
from spectra.ui.settings.policies import action_policy
from tests import copies, fleet
from tests.actions.conftest import ACCOUNT, OWN, REGION, YES, shown
from tests.actions.test_plan import PLANS

CATALOG = load_catalog()
PLAIN = load_config({}, Path("no-such-file.toml"))
ON = replace(PLAIN, actions_enabled=True, aws_access_key_id=OWN.access_key_id,
             aws_secret_access_key=OWN.secret_access_key)  # fmt: skip
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("config", "is_private", "is_demo", "may"),
    [
        (PLAIN, False, False, False),  # off by default
        (ON, False, False, True),
        (ON, True, False, False),  # its journal would end with the session
        (PLAIN, False, True, True),
        (PLAIN, True, True, True),
        (replace(ON, public=True), False, False, False),
        (replace(ON, public=True), False, True, False),
        (replace(ON, public=True), True, True, False),
    ],
)
def test_who_may_act(config, is_private, is_demo, may):
    config = replace(config, actions_limit=50)
    permit = may_act(config, is_private=is_private, is_demo=is_demo)
    assert (bool(permit), permit.limit) == (may, 50)
    if not may:
        with pytest.raises(GuardError):
            permit.require()


def test_no_page_can_switch_it_on():
    assert not any(s.saved for s in SETTINGS if s.section == "Actions")
    assert PLAIN.actions_enabled is False
    assert PLAIN.actions_tag == ("spectra:managed", "true")


@pytest.mark.parametrize("config", [PLAIN, replace(ON, actions_enabled=False),
                                    replace(ON, public=True)])  # fmt: skip
def test_switched_off_there_is_no_way_in_and_no_call_leaves(aws, store, launch, config):
    assert changing_access(config) is None
    plan = actions.stop(launch())
    with pytest.raises(GuardError):
        Runners(store, CATALOG, config).of(plan)
    assert aws.writes() == []


def test_switched_off_a_runner_that_is_there_makes_no_call(aws, runner, journal, launch):
    off = may_act(PLAIN, is_private=False, is_demo=False)
    plan = actions.stop(launch())
    given = {"permit": off, "confirmation": plan.confirmation}
    for attempt in (
        lambda: actions.execute(plan, runner, journal, **given),
        lambda: actions.execute_batch(actions.bulk([plan], 10), lambda _: runner, journal, **given),
        lambda: actions.resume(plan.plan_id, runner, journal, permit=off),
        lambda: actions.roll_back(plan.plan_id, runner, journal, **given),
    ):
        with pytest.raises(GuardError):
            attempt()
    assert aws.writes() == []


def test_the_account_of_a_plan_is_signed_in_to(aws, store, launch):
    runners = Runners(store, CATALOG, ON, delay_s=0.01)
    plan = actions.stop(launch())
    assert runners.of(plan).account_id == ACCOUNT
    elsewhere = replace(plan, target=replace(plan.target, account_id="999999999999"))
    with pytest.raises(GuardError, match="999999999999"):
        runners.of(elsewhere)


def test_a_role_for_changes_is_assumed(aws, store, launch):
    arn = "arn:aws:iam::210987654321:role/SpectraChange"
    runners = Runners(store, CATALOG, replace(ON, actions_role_arns=(arn,)), delay_s=0.01)
    plan = actions.stop(launch())
    other = replace(plan, target=replace(plan.target, account_id="210987654321"))
    assert runners.of(other).account_id == "210987654321"
    with pytest.raises(GuardError):
        runners.of(plan)


def test_the_policy_allows_every_call_that_plans_make():
    text = action_policy()
    for plan in PLANS:
        for action in plan.permissions:
            assert f'"{action}"' in text, action


def test_the_policy_lets_no_call_delete_every_tag():
    statements = {s["Sid"]: s for s in json.loads(action_policy())["Statement"]}
    assert statements["Remember"]["Condition"]["Null"] == {"aws:TagKeys": "false"}


def allowed(action, **context):
    """Kinds of resources for which the policy allows an action of EC2 under given condition keys.

    A small reading of IAM: it knows the operators that the policy uses.
    """
    found = set()
    for statement in json.loads(action_policy())["Statement"]:
        if action not in statement["Action"]:
            continue
        wanted = statement.get("Condition", {}).get("StringEquals", {})
        if all(context.get(key) in ([value] if isinstance(value, str) else value)
               for key, value in wanted.items()):  # fmt: skip
            names = statement["Resource"]
            found |= set([names] if isinstance(names, str) else names)
    return {name.rpartition(":")[2].removesuffix("/*") for name in found}


MANAGED = {"aws:ResourceTag/spectra:managed": "true"}


def test_what_a_move_may_is_bound_to_tags():
    assert "instance" not in allowed("ec2:CreateImage")
    assert "instance" in allowed("ec2:CreateImage", **MANAGED)
    assert allowed("ec2:TerminateInstances") == set()
    assert allowed("ec2:TerminateInstances", **MANAGED) == {"instance"}
    assert not {"instance", "image", "*"} & allowed("ec2:RunInstances")
    assert "instance" in allowed("ec2:RunInstances", **{"aws:RequestTag/spectra:managed": "true"})
    for step, is_ok in (("image", True), ("image_copy", True), ("snapshot_1", False)):
        tag = {"aws:ResourceTag/spectra:step": step}
        assert bool(allowed("ec2:DeregisterImage", **tag)) is is_ok
        assert bool(allowed("ec2:DeleteSnapshot", **tag)) is is_ok
        assert ("image" in allowed("ec2:RunInstances", **tag)) is is_ok
    assert "PassRole" not in action_policy()


def test_the_journal_survives_and_tells_an_interrupted_plan_from_one_under_way(tmp_path):
    path = tmp_path / "s.duckdb"
    store = Store(path)
    journal = Journal(store)
    journal.begin(PLANS[0], "aws")
    assert journal.is_under_way(journal.entry(PLANS[0].plan_id))
    with pytest.raises(BusyError, match="under way"):
        journal.take(journal.entry(PLANS[0].plan_id), "running")
    store.close()
    store = Store(path)
    journal = Journal(store)
    (entry,) = action_log.unfinished(store)
    assert not journal.is_under_way(entry)
    assert journal.plan(entry.plan_id) == PLANS[0]
    actions.close(entry.plan_id, journal)
    assert action_log.unfinished(store) == []
    with pytest.raises(GuardError, match="needs no closing"):
        actions.close(entry.plan_id, journal)
    assert list(action_log.journal(store)["state"]) == ["closed"]
    store.cursor().execute(
        "INSERT INTO action_plans SELECT p.* REPLACE (plan_id || n AS plan_id) "
        "FROM action_plans p, range($1) t(n)", [action_log.JOURNAL_ROWS],
    )  # fmt: skip
    latest, whole = action_log.journal(store), action_log.journal(store, None)
    assert (len(latest), len(whole)) == (action_log.JOURNAL_ROWS, action_log.JOURNAL_ROWS + 1)
    with pytest.raises(BusyError, match="any more"):
        journal.take(entry, "running")  # as another tab still shows it
    store.close()


@pytest.fixture
def company(tmp_path):
    store = Store(copies.demo_of_today(tmp_path / "company.duckdb"))
    yield store
    store.close()


def a_schedule(company, **times):
    """A schedule over the machines of one name."""
    (name,) = company.row(
        "SELECT json_extract_string(tags, '$.Name') FROM instances WHERE valid_to IS NULL "
        "AND asg_name IS NULL AND lifecycle = 'on-demand' AND state = 'running' "
        "AND instance_type = 'm5.large' AND tags LIKE '%Name%' ORDER BY instance_id LIMIT 1"
    )
    return schedules.new_schedule("nights", ("Name", name), **times)


def runner_of(company):
    return lambda plan: DemoRunner(company, CATALOG, plan.target.account_id)


def test_a_schedule_stops_and_starts_what_it_names_and_once_each(company):
    now = datetime.now(UTC)
    schedule = a_schedule(company, cron_stop="* * * * *", now=now)
    with pytest.raises(GuardError, match="confirmation"):
        schedules.confirm(company, schedule, "days")
    schedules.confirm(company, schedule, "nights", now - timedelta(minutes=3))
    (outcome,) = schedules.run_due(company, runner_of(company), YES, now)
    assert outcome.is_done, outcome.text
    entry = Journal(company).entry(outcome.plan_id)
    assert (entry.origin, entry.action) == ("schedule nights", "stop")
    assert target(company, "instance", entry.resource_id).state == "stopped"
    assert schedules.run_due(company, runner_of(company), YES, now) == []
    schedules.confirm(company, replace(schedule, cron_stop=None, cron_start="* * * * *"),
                      "nights", now - timedelta(minutes=3))  # fmt: skip
    (outcome,) = schedules.run_due(company, runner_of(company), YES, now)
    assert outcome.is_done, outcome.text
    delete_schedule(company, schedule.schedule_id)
    assert saved(company) == []


def test_a_machine_whose_tag_was_taken_off_since_is_left_alone(company):
    """The last listing still has the tag; what AWS says just before the stop has not."""
    now = datetime.now(UTC)
    schedule = a_schedule(company, cron_stop="* * * * *", now=now)
    (plan,) = schedules.plans_of(company, schedule, "stop")
    with company.write() as cursor:
        cursor.execute("UPDATE instances SET tags = '{}' WHERE instance_id = ?",
                       [plan.target.resource_id])  # fmt: skip
    with pytest.raises(GuardError, match="It lacks the tag Name = "):
        actions.execute(plan, runner_of(company)(plan), Journal(company),
                        confirmation=plan.confirmation, permit=YES)  # fmt: skip
    assert target(company, "instance", plan.target.resource_id).state == "running"
    assert Plan.from_dict(json.loads(json.dumps(plan.as_dict()))) == plan


def test_a_machine_that_was_listed_as_stopped_is_stopped_if_it_runs(
    store, runner, launch, moto_process
):
    now, running, stopped = datetime.now(UTC), launch(Name="dev"), launch(Name="dev")
    moto_process.client("ec2", REGION).stop_instances(InstanceIds=[stopped.resource_id])
    listed = {"state": "stopped", "tags": {"Name": "dev"}, "valid_from": "2026-01-01T00:00",
              "account_id": ACCOUNT, "region": REGION, "instance_type": "m5.large"}  # fmt: skip
    rows = fleet.instances(*({"instance_id": t.resource_id} | listed for t in (running, stopped)))
    write_instances(store, rows)
    schedule = schedules.new_schedule("nights", ("Name", "dev"), cron_stop="* * * * *", now=now)
    schedules.confirm(store, schedule, "nights", now - timedelta(minutes=3))
    (outcome,) = schedules.run_due(store, lambda plan: runner, YES, now)
    assert outcome.is_done, outcome.text
    assert Journal(store).entry(outcome.plan_id).resource_id == running.resource_id
    assert shown(moto_process, running.resource_id).state == "stopped"


def test_what_was_missed_by_hours_is_told_once(company):
    now = datetime.now(UTC)
    hours_ago = now - timedelta(hours=3)
    schedule = a_schedule(company, cron_stop=f"{hours_ago:%M %H %d %m} *", now=now)
    schedules.confirm(company, schedule, "nights", now - timedelta(hours=4))
    (outcome,) = schedules.run_due(company, runner_of(company), YES, now)
    assert outcome.state == "skipped"
    error = Journal(company).entry(outcome.plan_id).error
    assert f"The stop of {hours_ago:%d %b %H:%M} UTC was missed" in error
    assert schedules.run_due(company, runner_of(company), YES, now) == []


def test_a_schedule_that_may_not_act_says_so_in_the_journal(company):
    now = datetime.now(UTC)
    schedule = a_schedule(company, cron_stop="* * * * *", now=now)
    schedules.confirm(company, schedule, "nights", now - timedelta(minutes=3))
    off = actions.Permit("Changes are off.")
    (outcome,) = schedules.run_due(company, runner_of(company), off, now)
    assert outcome.state == "skipped"
    assert Journal(company).entry(outcome.plan_id).error == "Changes are off."


def test_a_schedule_of_many_that_may_not_act_is_one_line(company):
    now = datetime.now(UTC)
    schedule = schedules.new_schedule("all", ("Team", "ml"), cron_stop="* * * * *", now=now)
    tags = company.row("SELECT max(json_extract_string(tags, '$.team')) FROM instances")[0]
    schedule = replace(schedule, tag_key="team", tag_value=tags)
    assert len(schedules.plans_of(company, schedule, "stop")) > 1
    schedules.confirm(company, schedule, "all", now - timedelta(minutes=3))
    (outcome,) = schedules.run_due(company, runner_of(company), actions.Permit(limit=1), now)
    assert "at most 1" in outcome.text
    assert "Nor were" in outcome.text
    assert len(action_log.plans(company)) == 1


def test_a_schedule_that_was_deleted_while_others_ran_stays_deleted(company):
    now = datetime.now(UTC)
    early = a_schedule(company, cron_stop="* * * * *", now=now)
    schedules.confirm(company, early, "nights", now - timedelta(minutes=3))
    late = replace(early, schedule_id="later", name="z")
    schedules.confirm(company, late, "z", now - timedelta(minutes=3))

    def runner(plan):
        delete_schedule(company, "later")
        return runner_of(company)(plan)

    assert len(schedules.run_due(company, runner, YES, now)) == 1
    assert [s.name for s in saved(company)] == ["nights"]


def test_a_fleet_that_is_not_the_demo_alone_is_a_real_one(company):
    assert Runners(company, CATALOG, PLAIN).permit(is_private=False)
    with company.write() as cursor:
        cursor.execute("UPDATE instances SET source = 'aws' WHERE instance_id = "
                       "(SELECT min(instance_id) FROM instances)")  # fmt: skip
    mixed = Runners(company, CATALOG, PLAIN)
    assert not mixed.permit(is_private=False)
    with pytest.raises(GuardError):
        mixed.of(PLANS[0])


def test_a_real_fleet_waits_until_a_demo_company_is_whole(company):
    cleared = threading.Thread(target=clear_demo_fleet, args=(company, CATALOG))
    with company.demo_lock:
        cleared.start()
        cleared.join(0.5)
        assert cleared.is_alive()
    cleared.join(30)
    assert company.row("SELECT count(*) FROM instances") == (0,)


def test_what_was_confirmed_on_the_demo_does_not_pass_to_a_real_fleet(company):
    schedules.confirm(company, a_schedule(company, cron_stop="* * * * *"), "nights")
    Journal(company).begin(PLANS[0], "demo")
    clear_demo_fleet(company, CATALOG)
    assert saved(company) == []
    assert action_log.unfinished(company) == []
    schedules.confirm(company, schedules.new_schedule("s", ("a", "b"), cron_stop="0 1 * * *"), "s")
    clear_source(company, CATALOG, "demo")  # of which nothing is there
    assert [s.name for s in saved(company)] == ["s"]


def test_when_schedules_are_due():
    schedule = schedules.new_schedule(
        "s", ("a", "b"), cron_start="0 8 * * 1-5", cron_stop="0 19 * * 1-5",
        timezone="Europe/Berlin", now=NOON - timedelta(days=1),
    )  # fmt: skip
    assert schedules.next_due(schedule, NOON) == (NOON.replace(hour=18), "stop")
    assert schedules.due(schedule, NOON) is None  # four hours late
    assert schedules.due(schedule, NOON.replace(hour=7, minute=30))[1] == "start"
    assert schedules.due(schedule, NOON.replace(hour=18))[1] == "stop"
    for wrong in ({"cron_stop": "never"}, {"cron_stop": "0 0 31 2 *"}, {},
                  {"cron_stop": "0 1 * * *", "timezone": "Mars/Base"},
                  {"cron_start": "0 8 * * *", "cron_stop": "0 8 * * *"},
                  {"cron_start": "0 8 * * 1-5", "cron_stop": "0 8,19 * * *"}):  # fmt: skip
        with pytest.raises(InputError):
            schedules.new_schedule("s", ("a", "b"), **wrong)
