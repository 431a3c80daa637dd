"""Plans for what can be done to an instance or a volume; nothing is asked or changed here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

from spectra.actions import gp3
from spectra.actions.calls import Call, Result, Wait, tagged
from spectra.actions.plan import NO_ROOM, Action, Kind, Plan, Step, Target
from spectra.errors import InputError
from spectra.sources.aws.described import Facts
from spectra.units import with_article

PLAN_TAG, STEP_TAG, PREVIOUS_TYPE_TAG = "spectra:plan", "spectra:step", "spectra:previous-type"
SNAPSHOT_MINUTES = 180
VOLUME_TYPES = ("gp2", "gp3", "io1", "io2", "st1", "sc1")
_KEPT = "The snapshot stays and is charged; delete it yourself once you do not need it."


def stop(target: Target) -> Plan:
    """Stop a running instance."""
    require_kind(target, "instance")
    return _plan("stop", target, (stop_step(target),))


def start(target: Target) -> Plan:
    """Start a stopped instance."""
    require_kind(target, "instance")
    return _plan("start", target, (_start(target),), rolls_back_on=NO_ROOM)


def resize(target: Target, new_type: str) -> Plan:
    """Give an instance another type: stop, change, start; a stopped one stays stopped.

    Raises
    ------
    InputError
        If it has that type already.
    """
    require_kind(target, "instance")
    if new_type == target.type:
        raise InputError(f"{target.label} is {with_article(new_type)} already.")
    change = Step(
        _attribute(target, new_type),
        f"Change the instance type from {target.type} to {new_type}.",
        f"Change it back to {target.type}.",
        undo=_attribute(target, target.type),
    )
    steps: tuple[Step, ...] = (_remember(target), change)
    if target.state != "stopped":
        steps = (_remember(target), stop_step(target), change, _start(target, with_status=True))
    note = (
        f"{target.label} is down from the stop until it runs again, usually for some minutes. "
        f"If AWS has no room for {new_type}, it gets its old type back and is started."
    )
    return _plan(
        "resize", target, steps, wanted=new_type, rolls_back_on=NO_ROOM,
        note=note if target.state != "stopped" else "It is stopped, and stays so.",
    )  # fmt: skip


def terminate(target: Target) -> Plan:
    """Terminate an instance after its volumes were snapshotted, at rest so that nothing is lost."""
    require_kind(target, "instance")
    plan_id = new_id()
    still = () if target.state == "stopped" else (stop_step(target),)
    copies = tuple(
        _snapshot(target, volume_id, number, plan_id)
        for number, volume_id in enumerate(target.volume_ids, 1)
    )
    names = ", ".join(f"snapshot_{number}" for number in range(1, len(copies) + 1))
    end = Step(
        Call("terminate_instances", {"InstanceIds": [target.resource_id]}, target.region),
        "Terminate the instance.",
        f"AWS keeps no terminated instance. Make its disks again from {names or 'a backup'} and "
        "launch a new instance with them: it has another ID and another private address.",
        Wait("instance_terminated", {"InstanceIds": [target.resource_id]}, target.region),
    )
    note = "This cannot be undone: only the disks are kept, as snapshots." if copies else (
        "This cannot be undone, and no EBS volume is known of it that could be kept."
    )  # fmt: skip
    return _plan("terminate", target, (*still, *copies, end), note=note, plan_id=plan_id)


def delete_volume(target: Target) -> Plan:
    """Delete an unattached volume after a snapshot of it is complete."""
    require_kind(target, "volume")
    plan_id = new_id()
    end = Step(
        Call("delete_volume", {"VolumeId": target.resource_id}, target.region),
        "Delete the volume.",
        "Make a volume from the snapshot: it has another ID.",
        Wait("volume_deleted", {"VolumeIds": [target.resource_id]}, target.region),
        _make_volume(target, plan_id),
    )
    return _plan(
        "delete volume", target, (_snapshot(target, target.resource_id, 1, plan_id), end),
        note="The volume itself cannot be brought back; its snapshot makes an equal one.",
        plan_id=plan_id,
    )  # fmt: skip


def change_volume_type(target: Target, new_type: str, iops: int | None = None) -> Plan:
    """Change a volume's type while it stays in use; a gp3 gives no less than an SSD before.

    Parameters
    ----------
    iops : int, optional
        Of io1 and io2, which do not go without, and which gp3 has to give after them [1/s].

    Raises
    ------
    InputError
        If AWS has no such type, the volume has it already, io1 and io2 get no IOPS, or nobody says
        how many gp3 has to give after them.
    """
    require_kind(target, "volume")
    if new_type not in VOLUME_TYPES:
        raise InputError(f"“{new_type}” is no volume type such as {', '.join(VOLUME_TYPES)}.")
    if new_type == target.type:
        raise InputError(f"{target.label} is {with_article(new_type)} volume already.")
    if new_type in ("io1", "io2") and iops is None:
        raise InputError(f"A volume of type {new_type} needs IOPS.", next_step="State them.")
    note, throughput = "AWS goes on changing the volume after the call; it may take hours.", None
    if new_type == "gp3" and target.type in gp3.KEPT:
        iops, throughput, kept = gp3.asked_for(target, iops)
        note = f"{kept} {note}"
    step = Step(
        _modify_volume(target, new_type, iops, throughput),
        f"Change the volume type from {target.type} to {new_type}; it stays usable meanwhile.",
        f"Change it back to {target.type}, which AWS allows only some hours after the first "
        "change is complete.",
        undo=_modify_volume(target, target.type, **_speed(target)),
    )
    return _plan("change volume type", target, (step,), wanted=new_type, note=note)


def with_volume(plan: Plan, volume: Facts) -> Plan:
    """A plan for a volume whose way back leads to all that the volume was found to be just now."""
    target = replace(
        plan.target,
        availability_zone=volume.get("AvailabilityZone") or plan.target.availability_zone,
        iops=volume.get("Iops"),
        throughput=volume.get("Throughput"),
        is_shareable=volume.get("MultiAttachEnabled", False),
    )
    undo = (
        _make_volume(target, plan.plan_id)
        if plan.action == "delete volume"
        else _modify_volume(target, target.type, **_speed(target))
    )
    *before, last = plan.steps
    return replace(plan, target=target, steps=(*before, replace(last, undo=undo)))


def _plan(  # noqa: PLR0913 (the parts of one record)
    action: Action,
    target: Target,
    steps: tuple[Step, ...],
    *,
    wanted: str = "",
    note: str = "",
    plan_id: str | None = None,
    rolls_back_on: tuple[str, ...] = (),
) -> Plan:
    return Plan(
        plan_id or new_id(), action, target, steps,
        wanted=wanted, note=note, rolls_back_on=rolls_back_on,
    )  # fmt: skip


def new_id() -> str:
    """A new plan's own name."""
    return uuid4().hex[:12]


def require_kind(target: Target, kind: Kind) -> None:
    """Raise an InputError unless a target is of a kind."""
    if target.kind != kind:
        raise InputError(f"{target.label} is no {kind}.")


def _running(target: Target, *, with_status: bool = False) -> Wait:
    """Until it runs, or until its own checks pass too."""
    waiter = "instance_status_ok" if with_status else "instance_running"
    return Wait(waiter, {"InstanceIds": [target.resource_id]}, target.region)


def _stopped(target: Target) -> Wait:
    return Wait("instance_stopped", {"InstanceIds": [target.resource_id]}, target.region)


def stop_step(target: Target) -> Step:
    """Stop; the way back starts."""
    ids = {"InstanceIds": [target.resource_id]}
    return Step(
        Call("stop_instances", ids, target.region),
        "Stop the instance and wait until it is stopped.",
        "Start it again.",
        _stopped(target),
        Call("start_instances", ids, target.region),
        _running(target),
    )


def _start(target: Target, *, with_status: bool = False) -> Step:
    ids = {"InstanceIds": [target.resource_id]}
    checked = " and its status checks pass" if with_status else ""
    return Step(
        Call("start_instances", ids, target.region),
        f"Start the instance and wait until it runs{checked}.",
        "Stop it again.",
        _running(target, with_status=with_status),
        Call("stop_instances", ids, target.region),
        _stopped(target),
    )


def _attribute(target: Target, instance_type: str) -> Call:
    given = {"InstanceId": target.resource_id, "InstanceType": {"Value": instance_type}}
    return Call("modify_instance_attribute", given, target.region)


def _remember(target: Target) -> Step:
    """First, while nothing is down: the account itself says what the type was."""
    tag = {"Key": PREVIOUS_TYPE_TAG, "Value": target.type}
    arguments = {"Resources": [target.resource_id], "Tags": [tag]}
    return Step(
        Call("create_tags", arguments, target.region),
        f"Tag the instance {PREVIOUS_TYPE_TAG} = {target.type}.",
        "Remove the tag.",
        undo=Call("delete_tags", arguments, target.region),
    )


def _snapshot(target: Target, volume_id: str, number: int, plan_id: str) -> Step:
    """A snapshot that can be found again by its tags, also by a run that takes over."""
    name = f"snapshot_{number}"
    tags = {"Name": f"{target.name or target.resource_id} before {plan_id}",
            PLAN_TAG: plan_id, STEP_TAG: name}  # fmt: skip
    arguments = {
        "VolumeId": volume_id,
        "Description": f"SPECTRA plan {plan_id}: {volume_id} of {target.resource_id}",
        "TagSpecifications": [tagged("snapshot", tags)],
    }
    return Step(
        Call("create_snapshot", arguments, target.region, gives=name, result_path="SnapshotId"),
        f"Snapshot {volume_id} and wait until it is complete.",
        _KEPT,
        Wait("snapshot_completed", {"SnapshotIds": [Result(name)]}, target.region,
             SNAPSHOT_MINUTES),
    )  # fmt: skip


def _speed(target: Target) -> dict[str, int | None]:
    """What a volume of its type has to be asked for again."""
    return {
        "iops": target.iops if target.type in ("gp3", "io1", "io2") else None,
        "throughput": target.throughput if target.type == "gp3" else None,
    }


def _make_volume(target: Target, plan_id: str) -> Call | None:
    """A deleted volume once more, from its snapshot; None while nobody knows where it was."""
    if target.availability_zone is None:
        return None
    asked = {name.capitalize(): value for name, value in _speed(target).items() if value}
    again: dict[str, Any] = {
        "SnapshotId": Result("snapshot_1"),
        "AvailabilityZone": target.availability_zone,
        "VolumeType": target.type,
        "TagSpecifications": [tagged("volume", {**target.tags, PLAN_TAG: plan_id})],
        **asked,
        **({"MultiAttachEnabled": True} if target.is_shareable else {}),
    }
    return Call("create_volume", again, target.region)


def _modify_volume(
    target: Target, volume_type: str, iops: int | None, throughput: int | None = None
) -> Call:
    arguments: dict[str, Any] = {"VolumeId": target.resource_id, "VolumeType": volume_type}
    asked = {"Iops": iops, "Throughput": throughput}
    arguments |= {name: value for name, value in asked.items() if value is not None}
    return Call("modify_volume", arguments, target.region)
