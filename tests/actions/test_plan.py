"""Plans as data: what they say, and that their script is one that bash and the AWS CLI take."""

import json
import os
import stat
import subprocess
from dataclasses import replace

import pytest

from spectra import actions
from spectra.actions import Call, Destination, Plan, Result, Target
from spectra.errors import InputError

HOSTILE = "a`rm -rf /`$(id)'\"\n# b*_[x](http://y)"
MACHINE = Target(
    "123456789012", "eu-central-1", "i-0abc", "instance", "m5.large", "running", HOSTILE,
    "eu-central-1a", volume_ids=("vol-01", "vol-02"),
)  # fmt: skip
DISK = Target(
    "123456789012", "eu-central-1", "vol-01", "volume", "gp2", "available", HOSTILE,
    "eu-central-1a", size_gib=500, tags={"team": HOSTILE, "aws:x": "kept out"},
)  # fmt: skip
NORTH = Destination("eu-north-1", "eu-north-1a", stops_source=True)
FULL = Destination(
    "eu-north-1", "eu-north-1b", "m6i.large", "subnet-1", ("sg-1", "sg-2"), "ops", "alias/aws/ebs",
    http_tokens="required", allowed_regions=("eu-north-1",),
)  # fmt: skip
PLANS = [
    actions.stop(MACHINE),
    actions.start(replace(MACHINE, state="stopped")),
    actions.resize(MACHINE, "m5.xlarge"),
    actions.resize(replace(MACHINE, state="stopped"), "m5.xlarge"),
    actions.terminate(MACHINE),
    actions.delete_volume(DISK),
    actions.change_volume_type(DISK, "gp3"),
    actions.change_volume_type(DISK, "io2", iops=3000),
    actions.plan_move(replace(MACHINE, tags={"team": HOSTILE}), NORTH),
    actions.plan_move(MACHINE, FULL, reboots=True, predicted={"saving_kg": None, "usd": -1.5}),
]


@pytest.mark.parametrize("plan", PLANS, ids=lambda p: p.action)
def test_a_plan_survives_json(plan):
    assert Plan.from_dict(json.loads(json.dumps(plan.as_dict()))) == plan


@pytest.mark.parametrize("plan", PLANS, ids=lambda p: p.action)
def test_every_call_and_every_way_back_is_in_the_markdown(plan):
    text = plan.as_markdown()
    for step in plan.steps:
        assert " ".join(step.call.as_boto3().split()) in text
        assert f"`{step.call.action}`" in text
        if step.undo:
            assert " ".join(step.undo.as_boto3().split()) in text
    assert "\n# b" not in text


@pytest.mark.parametrize("plan", PLANS, ids=lambda p: p.action)
def test_the_script_makes_the_same_calls_and_runs_nothing_of_a_name(plan, tmp_path):
    log = tmp_path / "calls"
    fake = tmp_path / "aws"
    fake.write_text(f'#!/bin/bash\nprintf "%s\\x1f" "$@" >> {log}\necho >> {log}\n'
                    'case "$2" in create-*|copy-*|run-*) echo made-1;; esac\n')  # fmt: skip
    fake.chmod(fake.stat().st_mode | stat.S_IEXEC)
    script = tmp_path / "plan.sh"
    script.write_text(plan.as_cli_script())
    subprocess.run(["bash", "-n", str(script)], check=True)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run(["bash", str(script)], check=True, env=environment, cwd=tmp_path, timeout=20,
                   capture_output=True)  # fmt: skip
    # A name may hold a line break, so calls are told apart by the end of their last word.
    calls = [c.lstrip("\n").split("\x1f") for c in log.read_text().split("\x1f\n") if c.strip()]
    made = [words[1] for words in calls if words[1] != "wait"]
    assert made == [step.call.operation.replace("_", "-") for step in plan.steps]
    waits = [words[2] for words in calls if words[1] == "wait"]
    assert waits == [s.waits_for.waiter.replace("_", "-") for s in plan.steps if s.waits_for]
    assert all("--region" in words for words in calls)
    if plan.action == "delete volume":
        (tags,) = [json.loads(w) for words in calls for w in words if w.startswith("[{")]
        assert tags[0]["Tags"][0]["Value"].startswith(HOSTILE)
    if plan.action == "terminate":
        assert [w[-2] for w in calls if w[2] == "snapshot-completed"] == ["--snapshot-ids"] * 2 or (
            [w[-1] for w in calls if w[2] == "snapshot-completed"] == ["made-1"] * 2
        )


def test_a_result_is_put_where_it_stands_also_deep_inside():
    call = Call("run_instances", {"ImageId": Result("image"), "Deep": [{"Id": Result("disk")}]},
                "eu-north-1", gives="copy", result_path="Instances.0.InstanceId")  # fmt: skip
    assert call.resolved({"image": "ami-1", "disk": "d"})["Deep"] == [{"Id": "d"}]
    assert call.result_of({"Instances": [{"InstanceId": "i-9"}]}) == "i-9"
    assert Call.from_dict(json.loads(json.dumps(call.as_dict()))) == call
    line = call.as_cli()
    assert line.startswith("copy=$(aws ec2 run-instances --region eu-north-1")
    assert "--query 'Instances[0].InstanceId'" in line
    shown = subprocess.run(
        ["bash", "-c", f"image=ami-1 disk=\"a'b\"; aws() {{ echo \"$@\"; }}; {line}; echo $copy"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert "--image-id ami-1" in shown
    assert "a'b" in shown
    with pytest.raises(InputError, match="image"):
        call.resolved({})
    with pytest.raises(InputError, match=r"Instances\.0"):
        call.result_of({"Instances": []})


def test_what_makes_no_sense_is_refused():
    for build in (
        lambda: actions.resize(MACHINE, "m5.large"),
        lambda: actions.stop(DISK),
        lambda: actions.delete_volume(MACHINE),
        lambda: actions.change_volume_type(DISK, "gp2"),
        lambda: actions.change_volume_type(DISK, "gp9"),
        lambda: actions.change_volume_type(DISK, "io2"),
        lambda: actions.volume_migration_text(DISK, 500),
        lambda: actions.plan_move(DISK, NORTH),
        lambda: actions.plan_move(replace(MACHINE, state="stopped"), NORTH),
        lambda: actions.plan_move(MACHINE, Destination("eu-central-1", "eu-central-1b")),
        lambda: actions.plan_move(MACHINE, Destination("eu-north-1", "eu-north-1")),
        lambda: actions.plan_move(MACHINE, Destination("eu-north-1", "us-east-1a")),
        lambda: actions.plan_move(MACHINE, replace(NORTH, http_tokens="maybe")),
        lambda: actions.bulk([], 10),
        lambda: actions.bulk([PLANS[0], PLANS[2]], 10),
        lambda: actions.bulk([PLANS[0], actions.stop(MACHINE)], 10),
    ):
        with pytest.raises(InputError):
            build()


@pytest.mark.parametrize(
    ("size_gib", "asked", "said"),
    [
        (20, {}, "100 IOPS and 25 MiB/s"),
        (500, {"Throughput": 250}, "1,500 IOPS and 250 MiB/s"),
        (4_000, {"Iops": 12_000, "Throughput": 250}, "it gets 12,000 and 250"),
        (None, {}, "size is not known"),
    ],
)
def test_a_gp3_gives_no_less_than_the_gp2_before_it(size_gib, asked, said):
    plan = actions.change_volume_type(replace(DISK, size_gib=size_gib), "gp3")
    (step,) = plan.steps
    assert step.call.arguments == {"VolumeId": "vol-01", "VolumeType": "gp3", **asked}
    assert step.undo.arguments == {"VolumeId": "vol-01", "VolumeType": "gp2"}
    assert said in plan.note


def test_an_oversized_volume_gets_a_written_plan_alone():
    text = actions.volume_migration_text(DISK, 100)
    assert "aws ec2 create-volume" in text
    assert "--size 100" in text
    assert "cannot shrink" in text
    assert "[x](http" not in text


def test_a_batch_is_one_script_that_bash_takes(tmp_path):
    batch = actions.bulk([actions.stop(MACHINE),
                          actions.stop(replace(MACHINE, resource_id="i-2"))], 10)  # fmt: skip
    script = tmp_path / "batch.sh"
    script.write_text(batch.as_cli_script())
    subprocess.run(["bash", "-n", str(script)], check=True)
    assert script.read_text().count("aws ec2 stop-instances") >= 2
    assert script.read_text().count("set -euo pipefail") == 1


def test_a_name_that_spells_the_mark_of_a_result_stays_in_its_quotes(tmp_path):
    name = rf'# 1. a\u0002HOME}}$(touch {tmp_path}/ran)" # \u0003b'
    plans = [actions.terminate(replace(MACHINE, name=name, resource_id=i)) for i in ("i-1", "i-2")]
    script = tmp_path / "batch.sh"
    script.write_text("aws() { echo made-1; }\n" + actions.bulk(plans, 10).as_cli_script())
    subprocess.run(["bash", str(script)], check=True, timeout=20, capture_output=True)
    assert not (tmp_path / "ran").exists()
    assert script.read_text().count("set -euo pipefail") == 1


def test_a_move_says_what_it_asks_for_and_what_is_left_to_a_person():
    text = actions.plan_move(MACHINE, FULL).as_markdown()
    for words in ("subnet-1", "sg-1, sg-2", "ops", "as after a power cut", "never terminated",
                  "The source runs on", "DNS", "Elastic IP", "eu-north-1b"):  # fmt: skip
        assert words in text, words
    plain = actions.plan_move(MACHINE, NORTH, reboots=True)
    assert "default security group" in plain.note
    assert "power cut" not in plain.note
    script = plain.as_cli_script()
    assert '--source-image-id "${image}"' in script
    assert "--count 1" in script
    assert "#   DNS" in script
    assert "--delete-associated-snapshots" in script


def test_a_plan_of_an_earlier_version_can_be_read():
    data = actions.stop(MACHINE).as_dict()
    for name in ("destination", "by_hand", "predicted"):
        del data[name]
    assert Plan.from_dict(data).destination is None


def test_a_copy_of_a_copy_gets_its_own_marks_and_none_of_what_was_done_before():
    old = {"team": "search", "spectra:plan": "old", "spectra:moved-to": "i-9",
           "spectra:previous-type": "m5.xlarge", "spectra:moved-from": "i-8"}  # fmt: skip
    plan = actions.plan_move(replace(MACHINE, tags=old), NORTH)
    (tags, *_) = plan.steps[2].call.arguments["TagSpecifications"]
    assert {t["Key"]: t["Value"] for t in tags["Tags"]} == {
        "team": "search", "spectra:plan": plan.plan_id, "spectra:step": "instance_copy",
        "spectra:moved-from": MACHINE.resource_id,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("iops", "asked"),
    [(500, {}), (3_000, {"Throughput": 750}), (4_001, {"Iops": 4_001, "Throughput": 1_000}),
     (16_000, {"Iops": 16_000, "Throughput": 1_000})],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["io1", "io2"])
def test_a_gp3_gives_no_less_than_the_provisioned_volume_before_it(kind, iops, asked):
    disk = replace(DISK, type=kind)
    plans = (actions.change_volume_type(disk, "gp3", iops=iops),
             actions.change_volume_type(replace(disk, iops=iops), "gp3"))  # fmt: skip
    for plan in plans:
        arguments = dict(plan.steps[0].call.arguments)
        assert {
            name: arguments[name] for name in ("Iops", "Throughput") if name in arguments
        } == asked
        assert f"provisioned with {iops:,} IOPS" in plan.note
    assert dict(plans[1].steps[0].undo.arguments)["Iops"] == iops


def test_what_gp3_cannot_give_or_nobody_knows_is_refused():
    disk = replace(DISK, type="io2")
    with pytest.raises(InputError, match="not known"):
        actions.change_volume_type(disk, "gp3")
    with pytest.raises(InputError, match="at most 16,000"):
        actions.change_volume_type(disk, "gp3", iops=16_001)
