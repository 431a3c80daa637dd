"""Plans carried out on moto: the happy path, the guards, errors in the middle, and the way back."""

from datetime import UTC, datetime, timedelta

import pytest

from spectra import actions
from spectra.actions import Journal, Permit
from spectra.errors import BusyError, GuardError, StoreError
from spectra.store import Store, action_log, source_state
from spectra.store.source_state import Key
from tests.actions.conftest import REGION, TAG, YES, runner_on, shown
from tests.actions.killing import killed_in
from tests.copies import empty_store
from tests.servers.aws import ec2_refusal


def run(plan, runner, journal, **changes):
    given = {"confirmation": plan.confirmation, "permit": YES, **changes}
    return actions.execute(plan, runner, journal, **given)


def states(journal, plan) -> list[str]:
    return [step.state for step in journal.steps(plan.plan_id)]


def instance(moto, name):
    answer = moto.client("ec2", REGION).describe_instances(InstanceIds=[name])
    return answer["Reservations"][0]["Instances"][0]


def test_stop_and_start(runner, journal, launch, moto_process):
    target = launch()
    assert run(actions.stop(target), runner, journal).is_done
    target = shown(moto_process, target.resource_id)
    assert target.state == "stopped"
    assert run(actions.start(target), runner, journal).is_done
    assert shown(moto_process, target.resource_id).state == "running"


def test_resize_is_written_down_step_by_step(aws, runner, journal, launch, moto_process):
    target = launch()
    plan = actions.resize(target, "m5.xlarge")
    said = []
    outcome = run(plan, runner, journal, progress=lambda share, text: said.append(share))
    assert outcome.is_done
    after = instance(moto_process, target.resource_id)
    assert (after["InstanceType"], after["State"]["Name"]) == ("m5.xlarge", "running")
    assert {"Key": "spectra:previous-type", "Value": "m5.large"} in after["Tags"]
    assert aws.writes() == [
        "CreateTags", "StopInstances", "ModifyInstanceAttribute", "StartInstances",
    ]  # fmt: skip
    assert states(journal, plan) == ["done"] * 4
    assert all(step.request_id for step in journal.steps(plan.plan_id))
    assert said == sorted(said)
    assert said[-1] == 1.0


def test_a_stopped_instance_is_resized_and_stays_stopped(runner, journal, launch, moto_process):
    target = launch()
    run(actions.stop(target), runner, journal)
    target = shown(moto_process, target.resource_id)
    assert run(actions.resize(target, "m5.xlarge"), runner, journal).is_done
    after = shown(moto_process, target.resource_id)
    assert (after.type, after.state) == ("m5.xlarge", "stopped")


def test_terminating_keeps_a_snapshot_of_every_volume(runner, journal, launch, moto_process):
    target = launch()
    plan = actions.terminate(target)
    outcome = run(plan, runner, journal)
    assert outcome.is_done, outcome.text
    ec2 = moto_process.client("ec2", REGION)
    kept = ec2.describe_snapshots(OwnerIds=["self"], Filters=[
        {"Name": "tag:spectra:plan", "Values": [plan.plan_id]}])["Snapshots"]  # fmt: skip
    assert [s["VolumeId"] for s in kept] == list(target.volume_ids)
    with pytest.raises(GuardError, match="cannot be undone"):
        actions.roll_back(plan.plan_id, runner, journal, permit=YES, confirmation=plan.confirmation)


@pytest.mark.parametrize(
    ("kind", "speed"),
    [("gp2", {}), ("gp3", {"Iops": 4_000, "Throughput": 200}), ("io2", {"Iops": 900})],
)
def test_a_volume_is_deleted_after_a_snapshot_and_made_again(  # noqa: PLR0917
    runner, journal, volume, moto_process, kind, speed
):
    target = volume(kind, **speed)
    plan = actions.delete_volume(target)
    assert run(plan, runner, journal).is_done
    ec2 = moto_process.client("ec2", REGION)
    assert target.resource_id not in [v["VolumeId"] for v in ec2.describe_volumes()["Volumes"]]
    back = actions.roll_back(
        plan.plan_id, runner, journal, permit=YES, confirmation=plan.confirmation
    )
    assert back.is_undone, back.text
    (again,) = ec2.describe_volumes()["Volumes"]
    assert again["SnapshotId"] == journal.results(plan)["snapshot_1"]
    assert (again["Size"], again["VolumeType"], again["AvailabilityZone"]) == (
        20,
        kind,
        "us-east-1a",
    )
    assert speed.items() <= again.items()


@pytest.mark.parametrize(
    ("kind", "wanted", "speed"),
    [
        ("gp2", "gp3", {}),
        ("io2", "gp3", {"Iops": 900}),
        ("gp3", "gp2", {"Iops": 4_000, "Throughput": 200}),
    ],
)
def test_a_volume_changes_its_type_and_back(  # noqa: PLR0917
    runner, journal, volume, moto_process, kind, wanted, speed
):
    known = speed.get("Iops") if wanted == "gp3" else None
    plan = actions.change_volume_type(volume(kind, **speed), wanted, known)
    assert run(plan, runner, journal).is_done
    ec2 = moto_process.client("ec2", REGION)
    assert ec2.describe_volumes()["Volumes"][0]["VolumeType"] == wanted
    (step,) = journal.plan(plan.plan_id).steps
    assert step.undo.arguments == {
        "VolumeId": plan.target.resource_id, "VolumeType": kind, **speed
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"permit": Permit("Changes are off.")}, "off"),
        ({"confirmation": "i-other"}, "confirmation"),
        ({"confirmation": ""}, "confirmation"),
    ],
)
def test_what_is_not_allowed_or_confirmed_makes_no_call(  # noqa: PLR0917
    aws, runner, journal, launch, changes, words
):
    plan = actions.stop(launch())
    with pytest.raises(GuardError, match=words):
        run(plan, runner, journal, **changes)
    assert aws.writes() == []
    assert action_log.plans(journal._store) == []


def test_a_dry_run_that_fails_ends_it_before_anything_is_changed(aws, runner, journal, launch):
    plan = actions.resize(launch(), "m5.xlarge")
    aws.answer("StartInstances", ec2_refusal("UnauthorizedOperation", "no"), forever=True)
    found = {t.action: t.is_allowed for t in actions.dry_run(plan, runner)}
    assert found["ec2:StartInstances"] is False
    assert found["ec2:StopInstances"] is True
    with pytest.raises(GuardError, match="ec2:StartInstances"):
        run(plan, runner, journal)
    assert aws.writes() == []


def test_a_view_that_is_out_of_date_is_refused(aws, runner, journal, launch, moto_process):
    target = launch()
    moto_process.client("ec2", REGION).stop_instances(InstanceIds=[target.resource_id])
    with pytest.raises(GuardError, match="it was shown as running"):
        run(actions.resize(target, "m5.xlarge"), runner, journal)
    assert aws.writes() == []


def test_no_room_gives_the_old_type_back_and_starts(aws, runner, journal, launch, moto_process):
    target = launch()
    plan = actions.resize(target, "m5.xlarge")
    real = aws.default

    def full(request):
        is_start = aws.name_of(request) == "StartInstances" and b"DryRun" not in request.body
        kind = instance(moto_process, target.resource_id)["InstanceType"]
        if is_start and kind == "m5.xlarge":
            return ec2_refusal("InsufficientInstanceCapacity", "no", status=500)
        return real(request)

    aws.default = full
    outcome = run(plan, runner, journal)
    assert (outcome.state, outcome.failed_step, outcome.is_undone) == ("rolled back", 4, False)
    assert "InsufficientInstanceCapacity" in outcome.text
    after = instance(moto_process, target.resource_id)
    assert (after["InstanceType"], after["State"]["Name"]) == ("m5.large", "running")
    assert states(journal, plan) == ["undone", "undone", "undone", "failed"]
    assert journal.entry(plan.plan_id).state == "rolled back"


def test_an_error_in_the_middle_stops_it_and_is_written_down(
    aws, runner, journal, launch, moto_process
):
    target = launch()
    plan = actions.resize(target, "m5.xlarge")
    real = aws.default
    broken = [True]

    def fails(request):
        is_it = aws.name_of(request) == "ModifyInstanceAttribute"
        if is_it and broken[0] and b"DryRun" not in request.body:
            return ec2_refusal("SomethingNew", "no", status=400)
        return real(request)

    aws.default = fails
    outcome = run(plan, runner, journal)
    assert (outcome.state, outcome.failed_step) == ("failed", 3)
    assert states(journal, plan) == ["done", "done", "failed", "pending"]
    assert journal.steps(plan.plan_id)[2].error_code == "SomethingNew"
    with pytest.raises(BusyError, match=plan.plan_id):
        run(actions.start(shown(moto_process, target.resource_id)), runner, journal)
    broken[0] = False
    assert actions.resume(plan.plan_id, runner, journal, permit=YES).is_done
    assert shown(moto_process, target.resource_id).type == "m5.xlarge"
    assert aws.writes().count("StopInstances") == 1
    back = actions.roll_back(
        plan.plan_id, runner, journal, permit=YES, confirmation=plan.confirmation
    )
    assert back.state == "rolled back", back.text
    after = shown(moto_process, target.resource_id)
    assert (after.type, after.state) == ("m5.large", "running")


def test_a_done_plan_is_rolled_back_only_when_confirmed_and_nothing_changed_since(
    aws, runner, journal, launch, moto_process
):
    target = launch()
    plan = actions.resize(target, "m5.xlarge")
    run(plan, runner, journal)
    with pytest.raises(GuardError, match="confirmation"):
        actions.roll_back(plan.plan_id, runner, journal, permit=YES)
    moto_process.client("ec2", REGION).modify_instance_attribute(
        InstanceId=target.resource_id, InstanceType={"Value": "m5.2xlarge"}
    )
    with pytest.raises(GuardError, match="changed since"):
        actions.roll_back(plan.plan_id, runner, journal, permit=YES, confirmation=plan.confirmation)


def test_a_page_that_is_left_in_the_middle_leaves_a_plan_to_resume(runner, journal, launch):
    class Left(BaseException):
        pass

    def leave(share, text):
        if share > 0.4:
            raise Left

    plan = actions.resize(launch(), "m5.xlarge")
    with pytest.raises(Left):
        run(plan, runner, journal, progress=leave)
    assert journal.entry(plan.plan_id).state == "failed"
    assert actions.resume(plan.plan_id, runner, journal, permit=YES).is_done


@pytest.mark.parametrize("took_effect", [False, True])
@pytest.mark.parametrize("way", ["resume", "roll back"])
@pytest.mark.parametrize("call", ["StopInstances", "ModifyInstanceAttribute", "CreateSnapshot"])
def test_killed_in_a_call_it_goes_on_where_it_was(  # noqa: PLR0917
    aws, launch, moto_process, tmp_path, took_effect, way, call
):
    target = launch()
    is_end = call == "CreateSnapshot"
    plan = actions.terminate(target) if is_end else actions.resize(target, "m5.xlarge")
    path = empty_store(tmp_path / "killed.duckdb")
    killed_in(aws, call, plan, path, took_effect=took_effect)
    store = Store(path)
    journal = Journal(store)
    runner = runner_on(aws, store)
    assert journal.entry(plan.plan_id).state == "running"
    if way == "resume":
        outcome = actions.resume(
            plan.plan_id, runner, journal, permit=YES, confirmation=plan.confirmation
        )
        assert outcome.is_done, outcome.text
        assert aws.writes().count(call) == (1 if took_effect else 2)
        wanted = ("m5.large", "terminated") if is_end else ("m5.xlarge", "running")
    else:
        outcome = actions.roll_back(plan.plan_id, runner, journal, permit=YES)
        assert outcome.state == "rolled back", outcome.text
        wanted = ("m5.large", "running")
    after = instance(moto_process, target.resource_id)
    assert (after["InstanceType"], after["State"]["Name"]) == wanted
    store.close()


def test_the_inventory_is_due_at_once_after_a_change(runner, journal, launch, store):
    target = launch()
    key = Key("aws", "inventory", f"{target.account_id}/{REGION}")
    now = datetime.now(UTC)
    source_state.succeed(store, key, now)
    run(actions.stop(target), runner, journal)
    state = source_state.read(store, key)
    assert state.is_due(timedelta(minutes=30), now)
    assert state.succeeded_at == now
    assert state.failure_count == 0


def test_a_batch_has_a_limit_and_ends_at_the_first_failure(aws, runner, journal, launch):
    plans = [actions.stop(launch()) for _ in range(3)]
    with pytest.raises(GuardError, match="at most 2"):
        actions.bulk(plans, 2)
    batch = actions.bulk(plans, 10)
    assert batch.confirmation == "stop 3 instances"
    given = {"permit": Permit(limit=10)}
    with pytest.raises(GuardError, match="confirmation"):
        actions.execute_batch(batch, lambda _: runner, journal, confirmation="stop 2", **given)
    with pytest.raises(GuardError, match="at most 2"):
        actions.execute_batch(batch, lambda _: runner, journal,
                              confirmation="stop 3 instances", permit=Permit(limit=2))  # fmt: skip
    assert aws.writes() == []
    real, seen = aws.default, []

    def second_fails(request):
        if aws.name_of(request) == "StopInstances" and b"DryRun" not in request.body:
            seen.append(1)
            if len(seen) == 2:
                return ec2_refusal("SomethingNew", "no", status=400)
        return real(request)

    aws.default = second_fails
    outcomes = actions.execute_batch(
        batch, lambda _: runner, journal, confirmation="stop 3 instances", **given
    )
    assert [o.state for o in outcomes] == ["done", "failed", "skipped"]
    assert [journal.entry(p.plan_id).state for p in plans] == ["done", "failed", "skipped"]


def test_what_a_full_journal_cannot_note_does_not_hide_what_was_done(
    aws, runner, journal, launch, moto_process
):
    """The disk fills up after the first machine: the second is not safe any more, nor the third."""
    batch = actions.bulk([actions.stop(launch()) for _ in range(3)], 10)
    ids = [plan.target.resource_id for plan in batch.plans]
    untag = {"Resources": [ids[1]], "Tags": [{"Key": TAG[0]}]}

    class Full(Journal):
        def skip(self, *plan, **given):
            raise StoreError("No room.", next_step="Make room.")

    def meanwhile(share, text):
        if share == 0 and "checking" not in text:
            moto_process.client("ec2", REGION).delete_tags(**untag)

    outcomes = actions.execute_batch(
        batch, lambda _: runner, Full(journal._store), confirmation="stop 3 instances",
        permit=YES, progress=meanwhile,
    )  # fmt: skip
    assert [o.state for o in outcomes] == ["done", "skipped", "skipped"]
    assert [instance(moto_process, name)["State"]["Name"] for name in ids] == [
        "stopped", "running", "running",
    ]  # fmt: skip


def half_done(aws, runner, journal, plan, call):
    """A plan that stopped at an error of one call, which is answered from then on."""
    real, broken = aws.default, [True]

    def fails(request):
        if aws.name_of(request) == call and broken[0] and b"DryRun" not in request.body:
            broken[0] = False
            return ec2_refusal("SomethingNew", "no", status=400)
        return real(request)

    aws.default = fails
    assert run(plan, runner, journal).state == "failed"


def test_a_machine_that_ran_since_its_disks_were_copied_is_not_terminated(
    aws, runner, journal, launch, moto_process
):
    plan = actions.terminate(launch())
    half_done(aws, runner, journal, plan, "TerminateInstances")
    ids = [plan.target.resource_id]
    moto_process.client("ec2", REGION).start_instances(InstanceIds=ids)
    with pytest.raises(GuardError, match="confirmation"):
        actions.resume(plan.plan_id, runner, journal, permit=YES)
    given = {"permit": YES, "confirmation": plan.confirmation}
    outcome = actions.resume(plan.plan_id, runner, journal, **given)
    assert "not stopped" in outcome.text
    assert instance(moto_process, ids[0])["State"]["Name"] == "running"


def test_a_volume_is_not_deleted_on_an_old_snapshot(  # noqa: PLR0917
    aws, runner, journal, volume, moto_process, store
):
    plan = actions.delete_volume(volume())
    half_done(aws, runner, journal, plan, "DeleteVolume")
    action_log.set_step(store, plan.plan_id, 1, started_at=datetime.now(UTC) - timedelta(days=3))
    given = {"permit": YES, "confirmation": plan.confirmation}
    outcome = actions.resume(plan.plan_id, runner, journal, **given)
    assert "older than a day" in outcome.text
    assert moto_process.client("ec2", REGION).describe_volumes()["Volumes"]


def test_undoing_a_start_is_a_stop_and_as_safe_as_one(aws, runner, journal, launch, moto_process):
    target = launch("m5d.large")
    moto_process.client("ec2", REGION).stop_instances(InstanceIds=[target.resource_id])
    plan = actions.start(shown(moto_process, target.resource_id))
    assert run(plan, runner, journal).is_done
    with pytest.raises(GuardError, match="has local disks"):
        actions.roll_back(plan.plan_id, runner, journal, permit=YES, confirmation=plan.confirmation)
    assert aws.writes() == ["StartInstances"]


@pytest.mark.parametrize("way", [actions.resume, actions.roll_back])
def test_what_was_untagged_meanwhile_is_not_taken_up_again(  # noqa: PLR0917
    aws, runner, journal, launch, moto_process, way
):
    plan = actions.resize(launch(), "m5.xlarge")
    half_done(aws, runner, journal, plan, "ModifyInstanceAttribute")
    moto_process.client("ec2", REGION).delete_tags(
        Resources=[plan.target.resource_id], Tags=[{"Key": TAG[0]}]
    )
    before = aws.writes()
    with pytest.raises(GuardError, match="lacks the tag"):
        way(plan.plan_id, runner, journal, permit=YES)
    assert aws.writes() == before


def test_another_account_is_refused(aws, runner, journal, launch):
    from dataclasses import replace

    plan = actions.stop(replace(launch(), account_id="999999999999"))
    with pytest.raises(GuardError, match="the plan is for 999999999999"):
        run(plan, runner, journal)
    assert aws.writes() == []


def test_each_of_a_batch_is_looked_at_again_before_it_begins(
    aws, runner, journal, launch, moto_process
):
    batch = actions.bulk([actions.stop(launch()) for _ in range(3)], 10)
    ids = [plan.target.resource_id for plan in batch.plans]
    untag = {"Resources": [ids[1]], "Tags": [{"Key": TAG[0]}]}

    said = []

    def meanwhile(share, text):
        said.append(text)
        if share == 0 and "checking" not in text:
            moto_process.client("ec2", REGION).delete_tags(**untag)

    outcomes = actions.execute_batch(
        batch, lambda _: runner, journal, confirmation="stop 3 instances", permit=YES,
        progress=meanwhile,
    )  # fmt: skip
    assert [o.state for o in outcomes] == ["done", "skipped", "skipped"]
    assert said[:3] == [f"{n}/3: checking {plan.target.label}"
                        for n, plan in enumerate(batch.plans, 1)]  # fmt: skip
    assert "lacks the tag" in outcomes[1].text
    found = [instance(moto_process, name)["State"]["Name"] for name in ids]
    assert found == ["stopped", "running", "running"]
    assert [journal.entry(p.plan_id).state for p in batch.plans] == ["done", "skipped", "skipped"]
