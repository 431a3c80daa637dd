"""Every pre-check: what is refused, what is a warning, and what cannot be known."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from spectra import actions
from spectra.actions import Target
from spectra.actions.checks import check_plan, last_checks, still_ours
from spectra.sources.aws.described import Described
from tests.actions.conftest import ACCOUNT, REGION, TAG

TARGET = Target(
    ACCOUNT, REGION, "i-1", "instance", "m5.large", "running", availability_zone="us-east-1a",
    volume_ids=("vol-1",),
)  # fmt: skip
DISK = Target(ACCOUNT, REGION, "vol-1", "volume", "gp2", "available", size_gib=500)
INSTANCE = {
    "InstanceId": "i-1",
    "InstanceType": "m5.large",
    "State": {"Name": "running"},
    "Architecture": "x86_64",
    "Placement": {"AvailabilityZone": "us-east-1a", "Tenancy": "default"},
    "RootDeviceType": "ebs",
    "EnaSupport": True,
    "VirtualizationType": "hvm",
    "HibernationOptions": {"Configured": False},
    "BlockDeviceMappings": [{"Ebs": {"VolumeId": "vol-1"}}],
    "NetworkInterfaces": [{}],
    "Tags": [{"Key": TAG[0], "Value": TAG[1]}],
}
VOLUME = {
    "VolumeId": "vol-1", "VolumeType": "gp2", "Size": 500, "State": "available",
    "Attachments": [], "Tags": [{"Key": TAG[0], "Value": TAG[1]}],
}  # fmt: skip


def facts(**changes):
    return {
        "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]},
        "SupportedVirtualizationTypes": ["hvm"],
        "SupportedBootModes": ["legacy-bios", "uefi"],
        "Hypervisor": "nitro",
        "InstanceStorageSupported": False,
        "NetworkInfo": {"EnaSupport": "required", "MaximumNetworkInterfaces": 3},
        "EbsInfo": {"MaximumEbsAttachments": 27},
        **changes,
    }


FOUND = Described(
    instance=INSTANCE,
    types={"m5.large": facts(), "m5.xlarge": facts()},
    offering_zones=frozenset({"us-east-1a"}),
    protections={"disableApiStop": False, "disableApiTermination": False},
    elastic_addresses=frozenset(),
)
PLANS = {
    "stop": actions.stop(TARGET),
    "resize": actions.resize(TARGET, "m5.xlarge"),
    "terminate": actions.terminate(TARGET),
    "start": actions.start(replace(TARGET, state="stopped")),
    "delete": actions.delete_volume(DISK),
    "change": actions.change_volume_type(DISK, "gp3"),
    "sc1": actions.change_volume_type(DISK, "sc1"),
}
TERMINATE_STOPPED = actions.terminate(replace(TARGET, state="stopped"))


def checks(plan, found=FOUND, account=ACCOUNT, tag=TAG):
    return {c.name: c for c in check_plan(plan, found, account_id=account, tag=tag)}


def with_instance(**changes):
    return replace(FOUND, instance={**deepcopy(INSTANCE), **changes})


def with_type(name, **changes):
    return replace(FOUND, types={**FOUND.types, name: facts(**changes)})


def with_volume(**changes):
    return Described(volume={**deepcopy(VOLUME), **changes})


@pytest.mark.parametrize("name", ["stop", "resize", "terminate"])
def test_a_plain_instance_passes(name):
    found = checks(PLANS[name])
    assert [c.name for c in found.values() if c.is_ok is not True] == []


@pytest.mark.parametrize("name", ["delete", "change", "sc1"])
def test_a_plain_volume_passes(name):
    found = checks(PLANS[name], Described(volume=VOLUME))
    assert [c.name for c in found.values() if c.is_ok is not True] == []


GROUP = [*INSTANCE["Tags"], {"Key": "aws:autoscaling:groupName", "Value": "web"}]


@pytest.mark.parametrize(
    ("plan", "found", "name"),
    [
        ("stop", Described(), "It exists"),
        ("stop", with_instance(Tags=[]), "Tagged for SPECTRA"),
        ("stop", with_instance(InstanceLifecycle="spot"), "On demand"),
        ("resize", with_instance(InstanceLifecycle="capacity-block"), "On demand"),
        ("terminate", with_instance(Tags=GROUP), "In no autoscaling group"),
        ("stop", with_instance(Placement={"Tenancy": "host"}), "On no dedicated host"),
        ("stop", with_instance(State={"Name": "stopping"}), "As it was shown"),
        ("stop", with_instance(State={"Name": "stopping"}), "In a state for it"),
        ("resize", with_instance(InstanceType="m5.2xlarge"), "As it was shown"),
        ("stop", replace(FOUND, protections={"disableApiStop": True}), "Not protected from stop"),
        ("resize", replace(FOUND, protections={"disableApiStop": True}), "Not protected from stop"),
        ("terminate", replace(FOUND, protections={"disableApiTermination": True}),
         "Not protected from termination"),
        ("stop", with_instance(RootDeviceType="instance-store"), "Its root disk stays"),
        ("stop", with_instance(RootDeviceType=None), "Its root disk stays"),
        ("stop", with_type("m5.large", InstanceStorageSupported=True), "No local disks"),
        ("stop", replace(FOUND, types={}), "No local disks"),
        ("resize", with_instance(HibernationOptions={"Configured": True}), "No hibernation"),
        ("resize", replace(FOUND, types={"m5.large": facts()}), "The type exists"),
        ("resize", with_type("m5.xlarge", ProcessorInfo={"SupportedArchitectures": ["arm64"]}),
         "Same architecture"),
        ("resize", with_type("m5.xlarge", ProcessorInfo={}), "Same architecture"),
        ("resize", with_type("m5.xlarge", SupportedVirtualizationTypes=["paravirtual"]),
         "Same virtualisation"),
        ("resize", with_type("m5.xlarge", SupportedBootModes=["uefi"]), "Same boot mode"),
        ("resize", with_instance(EnaSupport=False), "Network adapter"),
        ("resize", replace(FOUND, offering_zones=frozenset({"us-east-1b"})), "Offered in the zone"),
        ("resize", replace(FOUND, offering_zones=frozenset()), "Offered in the zone"),
        ("resize", with_type("m5.xlarge", EbsInfo={"MaximumEbsAttachments": 0}), "Volumes fit"),
        ("resize", with_instance(NetworkInterfaces=[{}] * 4), "Network interfaces fit"),
        ("terminate", with_instance(BlockDeviceMappings=[{"Ebs": {"VolumeId": "vol-new"}}]),
         "Every volume is snapshotted"),
        ("delete", Described(), "It exists"),
        ("delete", with_volume(State="in-use", Attachments=[{"InstanceId": "i-1"}]), "Unattached"),
        ("delete", with_volume(Size=501), "As it was shown"),
        ("delete", with_volume(Tags=[]), "Tagged for SPECTRA"),
        ("change", with_volume(VolumeType="io1"), "As it was shown"),
        ("change", with_volume(State="error"), "In a state for it"),
        ("change", replace(with_volume(), changing_to="gp3"), "Not being changed"),
        ("sc1", with_volume(Attachments=[{"Device": "/dev/xvda"}]), "No root disk"),
    ],
)  # fmt: skip
def test_what_is_refused(plan, found, name):
    assert checks(PLANS[plan], found)[name].blocks


def test_another_account_is_refused():
    assert checks(PLANS["stop"], account="999999999999")["The right account"].blocks


def test_the_demo_asks_for_no_tag():
    assert "Tagged for SPECTRA" not in checks(PLANS["stop"], with_instance(Tags=[]), tag=None)


def test_a_small_volume_cannot_become_a_hard_disk():
    small = actions.change_volume_type(replace(DISK, size_gib=100), "st1")
    assert checks(small, with_volume(Size=100))["The size suits"].blocks


@pytest.mark.parametrize(
    ("plan", "found", "name", "is_ok"),
    [
        ("stop", with_instance(PublicIpAddress="203.0.113.9"), "Its public address", False),
        ("stop", replace(with_instance(PublicIpAddress="203.0.113.9"), elastic_addresses=None),
         "Its public address", None),
        ("stop", replace(with_instance(PublicIpAddress="203.0.113.9"),
                         elastic_addresses=frozenset({"203.0.113.9"})), "Its public address", True),
        ("stop", with_instance(HibernationOptions={"Configured": True}), "No hibernation", False),
        ("stop", replace(FOUND, protections={}), "Not protected from stop", None),
        ("resize", replace(FOUND, offering_zones=None), "Offered in the zone", None),
        ("resize", with_instance(EnaSupport=None), "Network adapter", None),
        ("resize", with_type("m5.large", Hypervisor="xen"), "Drivers", False),
        ("resize", with_type("m5.xlarge", EbsInfo={}), "Volumes fit", None),
    ],
)  # fmt: skip
def test_what_is_told_but_loses_nothing_does_not_block(plan, found, name, is_ok):
    check = checks(PLANS[plan], found)[name]
    assert check.is_ok is is_ok
    assert not check.blocks
    assert check.text


def test_a_stopped_instance_needs_no_check_of_the_way_down_to_be_resized():
    plan = actions.resize(replace(TARGET, state="stopped"), "m5.xlarge")
    found = checks(plan, with_instance(State={"Name": "stopped"}))
    assert "No local disks" not in found
    assert not any(c.blocks for c in found.values())


def test_what_moto_can_show(runner, launch, moto_process, volume):
    """Read over HTTP: what moto leaves out is unknown, and blocks nothing."""
    target = launch()
    ec2 = moto_process.client("ec2", REGION)
    ec2.modify_instance_attribute(
        InstanceId=target.resource_id, DisableApiTermination={"Value": True}
    )
    found = {c.name: c for c in actions.examine(actions.terminate(target), runner).checks}
    assert found["Not protected from termination"].blocks
    found = {c.name: c for c in actions.examine(actions.resize(target, "m6g.large"), runner).checks}
    assert found["Same architecture"].blocks
    found = {c.name: c for c in actions.examine(actions.resize(target, "nosuch.t"), runner).checks}
    assert found["The type exists"].blocks
    gone = actions.stop(replace(target, resource_id="i-0123456789abcdef0"))
    assert actions.examine(gone, runner).blocked_by
    lost = actions.delete_volume(replace(volume(), resource_id="vol-0123456789abcdef0"))
    assert actions.examine(lost, runner).blocked_by
    spot = ec2.run_instances(
        ImageId="ami-12c6146b", InstanceType="m5.large", MinCount=1, MaxCount=1,
        InstanceMarketOptions={"MarketType": "spot"},
    )["Instances"][0]["InstanceId"]  # fmt: skip
    shown = replace(target, resource_id=spot)
    found = {c.name: c for c in actions.examine(actions.stop(shown), runner).checks}
    assert found["On demand"].blocks
    assert found["Tagged for SPECTRA"].blocks


COPIED = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
STOPPED = with_instance(State={"Name": "stopped"}, LaunchTime=COPIED - timedelta(days=9))


def stopped(**changes):
    return replace(STOPPED, instance={**STOPPED.instance, **changes})


@pytest.mark.parametrize(
    ("plan", "found", "name"),
    [
        ("terminate", stopped(), None),
        ("terminate", stopped(State={"Name": "running"}), "At rest since it was copied"),
        # Started and stopped again in between: only the time of its launch tells.
        ("terminate", stopped(LaunchTime=COPIED + timedelta(hours=1)),
         "At rest since it was copied"),
        ("terminate", stopped(BlockDeviceMappings=[{"Ebs": {"VolumeId": "vol-new"}}]),
         "Every volume is snapshotted"),
        ("delete", Described(volume=VOLUME), None),
        ("delete", with_volume(Attachments=[{"InstanceId": "i-2"}]), "Unattached"),
    ],
)  # fmt: skip
def test_right_before_the_end_the_copies_must_still_be_all_of_it(plan, found, name):
    checks = last_checks(PLANS[plan], found, COPIED, COPIED + timedelta(hours=2))
    assert [c.name for c in checks if c.blocks] == ([name] if name else [])


def test_a_snapshot_that_is_not_young_or_not_there_does_not_do():
    for copied in (None, COPIED - timedelta(days=2)):
        checks = last_checks(PLANS["delete"], Described(volume=VOLUME), copied, COPIED)
        assert [c.name for c in checks if c.blocks] == ["Copied lately"]


@pytest.mark.parametrize(
    ("state", "stops", "is_asked"),
    [("running", True, True), ("pending", True, True), ("stopped", True, False),
     ("stopping", True, False), ("running", False, False)],
)  # fmt: skip
def test_what_is_taken_up_again_is_as_safe_as_a_stop_where_it_is_to_be_stopped(
    state, stops, is_asked
):
    """A stop that was interrupted, of a machine that an autoscaling group has since taken."""
    tags = [*INSTANCE["Tags"], {"Key": "aws:autoscaling:groupName", "Value": "web"}]
    found = replace(FOUND, instance={**INSTANCE, "State": {"Name": state}, "Tags": tags})
    said = still_ours(PLANS["stop"], found, account_id=ACCOUNT, tag=TAG, stops=stops)
    names = {check.name: check.is_ok for check in said}
    assert names.get("In no autoscaling group") is (False if is_asked else None)
    assert ("Its root disk stays" in names) is is_asked
    assert names["Tagged for SPECTRA"]
