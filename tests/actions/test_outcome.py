"""What a resource is now says whether a call took effect: for each kind of call, both ways."""

from dataclasses import replace

import pytest

from spectra.actions.calls import Call, Result
from spectra.actions.outcome import happened
from spectra.sources.aws.described import Described

NOTHING = Described()


def machine(state: str, kind: str = "m5.large") -> Described:
    return Described(instance={"State": {"Name": state}, "InstanceType": kind})


def disk(state: str = "available", kind: str = "gp2", changing_to=None) -> Described:
    return Described(volume={"State": state, "VolumeType": kind}, changing_to=changing_to)


def call(operation: str, gives: str = "", **arguments) -> Call:
    return Call(operation, arguments, "us-east-1", gives=gives)


RESIZE = call("modify_instance_attribute", InstanceType={"Value": "m5.xlarge"})
SNAPSHOT = call("create_snapshot", gives="copy")
GP3 = call("modify_volume", VolumeType="gp3")
UNDO_IMAGE = call("deregister_image", ImageId=Result("image"))
UNDO_RUN = call("terminate_instances", InstanceIds=[Result("new")])
ROWS = [
    (call("stop_instances"), machine("stopping"), True),
    (call("stop_instances"), machine("stopped"), True),
    (call("stop_instances"), machine("running"), False),
    (call("stop_instances"), NOTHING, False),
    (call("start_instances"), machine("pending"), True),
    (call("start_instances"), machine("stopped"), False),
    (RESIZE, machine("stopped", "m5.xlarge"), True),
    (RESIZE, machine("stopped"), False),
    (RESIZE, NOTHING, None),
    (call("modify_instance_attribute", EbsOptimized={"Value": True}), machine("stopped"), None),
    (call("terminate_instances"), machine("shutting-down"), True),
    (call("terminate_instances"), machine("stopped"), False),
    (call("terminate_instances"), NOTHING, True),
    (call("create_tags"), machine("running"), False),
    (call("delete_tags"), machine("running"), False),
    (SNAPSHOT, NOTHING, False),
    (SNAPSHOT, replace(NOTHING, created={"copy": "snap-1"}), True),
    (replace(SNAPSHOT, operation="run_instances"), replace(NOTHING, created={"copy": "i-2"}), True),
    (
        replace(SNAPSHOT, operation="copy_image"),
        replace(NOTHING, created={"other": "ami-2"}),
        False,
    ),
    (call("delete_volume"), NOTHING, True),
    (call("delete_volume"), disk("deleting"), True),
    (call("delete_volume"), disk("available"), False),
    (GP3, disk(kind="gp3"), True),
    (GP3, disk(changing_to="gp3"), True),
    (GP3, disk(), False),
    (GP3, NOTHING, False),
    (UNDO_IMAGE, replace(NOTHING, created={"image": "ami-1"}), False),
    (UNDO_IMAGE, NOTHING, True),
    (UNDO_RUN, replace(machine("running"), created={"new": "i-2"}), False),
    (UNDO_RUN, machine("running"), True),
    (call("something_new"), machine("running"), None),
]


@pytest.mark.parametrize(
    ("done", "found", "said"), ROWS, ids=[f"{n}-{row[0].operation}" for n, row in enumerate(ROWS)]
)
def test_whether_it_has_happened_is_seen_from_what_is(done, found, said):
    assert happened(done, found) is said
