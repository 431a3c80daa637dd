"""A move across two regions of moto: all of it, stopped at each step, resumed, and undone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from spectra import actions
from spectra.actions import Journal, left_behind, moves
from spectra.errors import GuardError
from spectra.sources.aws.choices import Own
from spectra.store import Store, source_state
from spectra.store.source_state import Key
from tests.actions.conftest import REGION, TAG, YES, runner_on
from tests.actions.killing import killed_in
from tests.actions.moving import (
    ELSEWHERE,
    STEPS,
    TO,
    ZONE,
    as_aws,
    break_at,
    standing,
    state,
    tagged,
)
from tests.copies import empty_store
from tests.servers.aws import ec2_refusal


@pytest.fixture
def aws(aws):
    as_aws(aws)
    return aws


@pytest.fixture
def source(launch):
    return tagged(launch())


def run(plan, runner, journal, **changes):
    given = {"confirmation": plan.confirmation, "permit": YES, **changes}
    return actions.execute(plan, runner, journal, **given)


def back(plan, runner, journal):
    return actions.roll_back(
        plan.plan_id, runner, journal, permit=YES, confirmation=plan.confirmation
    )


def tags_of(instance):
    return {tag["Key"]: tag["Value"] for tag in instance["Tags"]}


def test_a_move_launches_a_copy_and_stops_the_source(  # noqa: PLR0917
    aws, runner, journal, source, moto_process, store
):
    plan = actions.plan_move(source, TO, predicted={"saving_kg_per_month": 12.5})
    said = []
    outcome = run(plan, runner, journal, progress=lambda share, text: said.append(share))
    assert outcome.is_done, outcome.text
    assert tuple(aws.writes()) == STEPS
    assert said == sorted(said)
    images, (copy,) = standing(moto_process)
    assert [len(found) for found in images.values()] == [1, 1]
    assert (copy["State"]["Name"], copy["InstanceType"]) == ("running", "m5.large")
    assert copy["Placement"]["AvailabilityZone"] == ZONE
    assert copy["ImageId"] == images[ELSEWHERE][0]
    own = tags_of(copy)
    assert own["spectra:moved-from"] == source.resource_id
    assert (own["team"], own[TAG[0]], "aws:x" in own) == ("search", TAG[1], False)
    assert state(moto_process, source) == "stopped"
    found = moto_process.client("ec2", REGION).describe_instances(InstanceIds=[source.resource_id])
    left = tags_of(found["Reservations"][0]["Instances"][0])
    assert left["spectra:moved-to"] == copy["InstanceId"]
    (move,) = moves(store)
    assert (move.source_id, move.target_id) == (source.resource_id, copy["InstanceId"])
    assert (move.source_region, move.target_region) == (REGION, ELSEWHERE)
    assert move.predicted == {"saving_kg_per_month": 12.5}
    assert move.launched_at <= move.stopped_at
    body = aws.asked("CreateImage")[-1].body
    assert b"NoReboot=true" in body


def test_both_regions_are_listed_anew_after_a_move(runner, journal, source, store, aws):
    now = datetime.now(UTC)
    keys = [Key("aws", "inventory", f"{source.account_id}/{r}") for r in (REGION, ELSEWHERE)]
    for key in keys:
        source_state.succeed(store, key, now)
    assert run(actions.plan_move(source, TO), runner, journal).is_done
    assert all(source_state.read(store, k).is_due(timedelta(minutes=30), now) for k in keys)


def test_a_source_may_run_on_until_a_person_has_cut_over(
    aws, runner, journal, source, moto_process
):
    plan = actions.plan_move(source, replace(TO, stops_source=False), reboots=True)
    assert run(plan, runner, journal).is_done
    assert tuple(aws.writes()) == STEPS[:-1]
    assert state(moto_process, source) == "running"
    assert b"NoReboot" not in aws.asked("CreateImage")[-1].body


@pytest.mark.parametrize("took_effect", [False, True])
@pytest.mark.parametrize("way", ["resume", "roll back"])
@pytest.mark.parametrize("call", STEPS)
def test_stopped_at_any_step_the_source_runs_and_the_text_says_what_is_where(  # noqa: PLR0917
    aws, runner, journal, source, moto_process, call, way, took_effect
):
    plan, number = actions.plan_move(source, TO), STEPS.index(call) + 1
    break_at(aws, call, took_effect=took_effect)
    outcome = run(plan, runner, journal)
    assert (outcome.state, outcome.failed_step) == ("failed", number)
    is_down = call == "StopInstances" and took_effect
    assert state(moto_process, source) == ("stopped" if is_down else "running")
    assert f"The source {source.resource_id} in {REGION} is {state(moto_process, source)}" in (
        outcome.text
    )
    images, copies = standing(moto_process)
    there = [*images[REGION], *images[ELSEWHERE], *(c["InstanceId"] for c in copies)]
    assert len(there) == min(number - 1 + took_effect, 3)
    for name in there:
        assert name in outcome.text
        assert name in journal.entry(plan.plan_id).error
    assert ("has made: nothing" in outcome.text) is (not there)
    if way == "resume":
        assert actions.resume(plan.plan_id, runner, journal, permit=YES).is_done
        images, copies = standing(moto_process)
        assert [len(images[REGION]), len(images[ELSEWHERE]), len(copies)] == [1, 1, 1]
        assert state(moto_process, source) == "stopped"
        again = 1 if took_effect and call != "CreateTags" else 2
        assert aws.writes().count(call) == again
        return
    undone = back(plan, runner, journal)
    assert undone.state == "rolled back", undone.text
    assert standing(moto_process) == ({REGION: [], ELSEWHERE: []}, [])
    assert state(moto_process, source) == "running"


def test_a_done_move_is_undone_when_it_is_confirmed(aws, runner, journal, source, moto_process):
    plan = actions.plan_move(source, TO)
    assert run(plan, runner, journal).is_done
    with pytest.raises(GuardError, match="confirmation"):
        actions.roll_back(plan.plan_id, runner, journal, permit=YES)
    undone = back(plan, runner, journal)
    assert undone.state == "rolled back", undone.text
    assert aws.writes()[len(STEPS) :] == [
        "StartInstances", "DeleteTags", "TerminateInstances", "DeregisterImage", "DeregisterImage",
    ]  # fmt: skip
    assert all(
        b"DeleteAssociatedSnapshots=true" in request.body
        for request in aws.asked("DeregisterImage")
    )
    assert standing(moto_process) == ({REGION: [], ELSEWHERE: []}, [])
    found = moto_process.client("ec2", REGION).describe_instances(InstanceIds=[source.resource_id])
    assert "spectra:moved-to" not in tags_of(found["Reservations"][0]["Instances"][0])
    assert state(moto_process, source) == "running"


def test_a_snapshot_that_aws_did_not_delete_is_named(aws, runner, journal, source):
    plan = actions.plan_move(source, TO)
    assert run(plan, runner, journal).is_done
    real = aws.default
    kept = (
        b"<deleteSnapshotResultSet><item><snapshotId>snap-1</snapshotId><returnCode>missing-"
        b"permissions</returnCode></item><item><snapshotId>snap-2</snapshotId><returnCode>success"
        b"</returnCode></item></deleteSnapshotResultSet></DeregisterImageResponse>"
    )

    def partly(request):
        answer = real(request)
        if aws.name_of(request) == "DeregisterImage" and b"DryRun=true" not in request.body:
            answer.body = answer.body.replace(b"</DeregisterImageResponse>", kept)
        return answer

    aws.default = partly
    undone = back(plan, runner, journal)
    assert undone.state == "rolled back"
    for text in (undone.text, journal.entry(plan.plan_id).error):
        assert "snap-1 in eu-north-1 could not be deleted (missing-permissions)" in text
        assert "snap-2" not in text


def test_an_image_that_a_person_deregistered_does_not_hold_the_way_back_up(
    aws, runner, journal, source, moto_process
):
    plan = actions.plan_move(source, TO)
    break_at(aws, "RunInstances")
    run(plan, runner, journal)
    (image,) = standing(moto_process)[0][REGION]
    moto_process.client("ec2", REGION).deregister_image(ImageId=image)
    undone = back(plan, runner, journal)
    assert undone.state == "rolled back", undone.text


@pytest.mark.parametrize("call", ["StartInstances", "TerminateInstances", "DeregisterImage"])
@pytest.mark.parametrize("took_effect", [False, True])
def test_a_way_back_that_stops_goes_on(  # noqa: PLR0917
    aws, runner, journal, source, moto_process, call, took_effect
):
    plan = actions.plan_move(source, TO)
    assert run(plan, runner, journal).is_done
    break_at(aws, call, took_effect=took_effect)
    stuck = back(plan, runner, journal)
    assert stuck.state == "failed"
    assert "The move has made" in stuck.text
    undone = back(plan, runner, journal)
    assert undone.state == "rolled back", undone.text
    assert standing(moto_process) == ({REGION: [], ELSEWHERE: []}, [])
    assert state(moto_process, source) == "running"


def test_a_source_is_not_stopped_when_its_copy_is_gone_meanwhile(
    aws, runner, journal, source, moto_process
):
    plan = actions.plan_move(source, TO)
    break_at(aws, "StopInstances")
    run(plan, runner, journal)
    (copy,) = standing(moto_process)[1]
    moto_process.client("ec2", ELSEWHERE).terminate_instances(InstanceIds=[copy["InstanceId"]])
    outcome = actions.resume(plan.plan_id, runner, journal, permit=YES)
    assert outcome.state == "failed"
    assert state(moto_process, source) == "running"
    assert aws.writes().count("StopInstances") == 1


def test_no_room_in_the_target_leaves_the_source_running_and_undoes_nothing(
    aws, runner, journal, source, moto_process
):
    break_at(aws, "RunInstances", code="InsufficientInstanceCapacity")
    outcome = run(actions.plan_move(source, TO), runner, journal)
    assert outcome.state == "failed"
    assert "no room" in outcome.text
    assert state(moto_process, source) == "running"
    assert all(standing(moto_process)[0].values())


def test_where_aws_cannot_be_asked_the_journal_says_what_was_made(
    aws, runner, journal, source, moto_process
):
    plan = actions.plan_move(source, TO)
    real = aws.default

    def down(request):
        if aws.name_of(request) == "RunInstances":
            aws.answer("DescribeInstances", ec2_refusal("InternalError", "no", 500), forever=True)
            return ec2_refusal("InternalError", "no", 500)
        return real(request)

    aws.default = down
    outcome = run(plan, runner, journal)
    aws.always.clear()
    assert "AWS cannot be asked now" in outcome.text
    images, _ = standing(moto_process)
    assert images[REGION][0] in outcome.text
    assert images[ELSEWHERE][0] in outcome.text


def test_an_image_that_is_not_ready_stops_the_move(aws, runner, journal, source, moto_process):
    real = aws.default

    def pending(request):
        answer = real(request)
        if aws.name_of(request) == "DescribeImages":
            answer.body = answer.body.replace(b">available<", b">failed<")
        return answer

    aws.default = pending
    outcome = run(actions.plan_move(source, TO), runner, journal)
    assert (outcome.state, outcome.failed_step) == ("failed", 1)
    assert state(moto_process, source) == "running"
    assert standing(moto_process)[1] == []


def test_a_denied_dry_run_ends_it_before_anything_is_made(
    aws, runner, journal, source, moto_process
):
    aws.answer("CreateImage", ec2_refusal("UnauthorizedOperation", "no"), forever=True)
    with pytest.raises(GuardError, match="ec2:CreateImage"):
        run(actions.plan_move(source, TO), runner, journal)
    assert aws.writes() == []


def test_what_can_be_chosen_is_listed(aws, runner, source, moto_process):
    there = moto_process.client("ec2", ELSEWHERE)
    there.create_key_pair(KeyName="ops")
    found = runner.choices(ELSEWHERE, ["m5.large"])
    assert ZONE in found.zones
    assert {p.zone for p in found.subnets if p.is_default} == set(found.zones)
    assert [p.name for p in found.security_groups] == ["default"]
    assert found.security_groups[0].vpc_id == found.subnets[0].vpc_id
    assert found.key_names == ("ops",)
    aws.answer("DescribeSubnets", ec2_refusal("UnauthorizedOperation", "no"), forever=True)
    assert runner.choices(ELSEWHERE, ["m5.large"]).subnets is None
    assert runner.choices(ELSEWHERE, ["m5.large", "none.such"]).zones == ()


def test_each_of_many_machines_keeps_what_is_its_own(aws, runner, launch, moto_process):
    """Read at once: two requests however many machines, and one that is gone is left out."""
    plain, strict = launch(), launch()
    here = moto_process.client("ec2", REGION)
    here.modify_instance_metadata_options(
        InstanceId=strict.resource_id, HttpTokens="required", HttpPutResponseHopLimit=2
    )
    iam = moto_process.client("iam", REGION)
    arn = iam.create_instance_profile(InstanceProfileName="search")["InstanceProfile"]["Arn"]
    here.associate_iam_instance_profile(
        InstanceId=strict.resource_id, IamInstanceProfile={"Arn": arn}
    )
    disk = here.create_volume(AvailabilityZone=f"{REGION}a", Size=1, Encrypted=True)["VolumeId"]
    here.attach_volume(InstanceId=strict.resource_id, VolumeId=disk, Device="/dev/sdz")
    before = len(aws.requests)
    found = runner.owned(REGION, [plain.resource_id, strict.resource_id, "i-0123456789abcdef0"])
    assert len(aws.requests) == before + 2
    assert set(found) == {plain.resource_id, strict.resource_id}
    own = found[strict.resource_id]
    assert (own.instance_profile_arn, own.has_encrypted_disk) == (arn, True)
    assert found[plain.resource_id].has_encrypted_disk is False
    assert found[plain.resource_id].instance_profile_arn == ""
    shared = replace(TO, kms_key_id="alias/aws/ebs")
    one, other = (
        actions.plan_move(machine, shared.for_machine("m5.large", found[machine.resource_id]))
        for machine in (strict, plain)
    )
    assert one.steps[2].call.arguments["IamInstanceProfile"] == {"Arn": arn}
    assert one.steps[1].call.arguments["KmsKeyId"] == "alias/aws/ebs"
    assert "IamInstanceProfile" not in other.steps[2].call.arguments
    assert "KmsKeyId" not in other.steps[1].call.arguments


def test_a_copy_asks_for_its_metadata_as_the_source_does():
    strict = Own(http_tokens="required", http_endpoint="enabled", http_hop_limit=2)
    to = TO.for_machine("m5.large", strict)
    assert to.metadata_options == {
        "HttpTokens": "required", "HttpEndpoint": "enabled", "HttpPutResponseHopLimit": 2,
    }  # fmt: skip
    assert TO.for_machine("m5.large", Own()).metadata_options == {}


@pytest.mark.parametrize("took_effect", [False, True])
@pytest.mark.parametrize("way", ["resume", "roll back"])
@pytest.mark.parametrize("call", ["CopyImage", "RunInstances"])
def test_killed_in_a_call_nothing_is_made_twice_and_nothing_is_left(  # noqa: PLR0917
    aws, source, moto_process, tmp_path, call, way, took_effect
):
    plan, path = actions.plan_move(source, TO), empty_store(tmp_path / "killed.duckdb")
    killed_in(aws, call, plan, path, took_effect=took_effect)
    store = Store(path)
    journal = Journal(store)
    runner = runner_on(aws, store)
    assert f"{source.resource_id} in {REGION} is running" in left_behind(plan, runner, journal)
    if way == "resume":
        outcome = actions.resume(plan.plan_id, runner, journal, permit=YES)
        assert outcome.is_done, outcome.text
        images, copies = standing(moto_process)
        assert [len(images[REGION]), len(images[ELSEWHERE]), len(copies)] == [1, 1, 1]
    else:
        outcome = actions.roll_back(plan.plan_id, runner, journal, permit=YES)
        assert outcome.state == "rolled back", outcome.text
        assert standing(moto_process) == ({REGION: [], ELSEWHERE: []}, [])
        assert state(moto_process, source) == "running"
    store.close()
