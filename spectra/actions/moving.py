"""The plan that moves an instance to another region: image, copy, launch, checks, stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from spectra.actions.builders import (
    PLAN_TAG,
    PREVIOUS_TYPE_TAG,
    STEP_TAG,
    new_id,
    require_kind,
    stop_step,
)
from spectra.actions.calls import Call, Result, Wait, tagged
from spectra.actions.destination import Destination
from spectra.actions.plan import Plan, Step, Target
from spectra.errors import InputError
from spectra.units import with_article

MOVED_FROM_TAG, MOVED_TO_TAG = "spectra:moved-from", "spectra:moved-to"
# Names of what the steps give, in the tags and in the journal.
IMAGE, IMAGE_COPY, INSTANCE_COPY = "image", "image_copy", "instance_copy"
# A disk of some TiB takes hours to be copied to another region.
IMAGE_MINUTES, COPY_MINUTES = 180, 360


def plan_move(
    target: Target,
    destination: Destination,
    *,
    reboots: bool = False,
    predicted: Mapping[str, float | None] | None = None,
) -> Plan:
    """Move a running instance to another region: a copy is launched and checked there.

    Nothing of the source is deleted. It runs on until it is stopped after the cut-over, unless
    the destination asks for its stop once the copy has passed AWS's status checks; an error before
    that leaves it running.

    Parameters
    ----------
    reboots : bool
        Whether AWS shuts the source down while its image is taken, and boots it again: its disks
        are then at rest. Otherwise the image is as after a power cut.
    predicted : mapping, optional
        What the move is expected to save, by names with units, kept in the journal.

    Raises
    ------
    InputError
        If it is no running instance, stays in its region, or the zone is not of the region.
    """
    require_kind(target, "instance")
    _require_elsewhere(target, destination)
    plan_id = new_id()
    to = replace(destination, instance_type=destination.instance_type or target.type)
    steps = [
        _image(target, plan_id, reboots=reboots),
        _copy(target, to, plan_id),
        _launch(target, to, plan_id),
        _note_on_source(target),
    ]
    if to.stops_source:
        steps.append(_stop_source(target))
    return Plan(
        plan_id, "move", target, tuple(steps),
        wanted=to.instance_type, note=_note(target, to, reboots=reboots), destination=to,
        by_hand=_by_hand(target, to), predicted=dict(predicted or {}),
    )  # fmt: skip


def image_name(plan_id: str) -> str:
    """Name of both images; AWS takes a name once a region, so that no run makes a second one."""
    return f"spectra-move-{plan_id}"


def _require_elsewhere(target: Target, to: Destination) -> None:
    if target.state != "running":
        raise InputError(
            f"{target.label} is {target.state}; only a running instance is moved.",
            next_step="Start it, or leave it: stopped it emits nothing but its disks.",
        )
    if to.region == target.region:
        raise InputError(f"{target.label} is in {to.region} already.")
    if not to.availability_zone.startswith(to.region) or to.availability_zone == to.region:
        raise InputError(
            f"“{to.availability_zone}” is no availability zone of {to.region}.",
            next_step=f"Choose one such as {to.region}a.",
        )
    if to.http_tokens not in ("", "required", "optional"):
        raise InputError("The metadata service takes tokens as required or optional.")


def _image(target: Target, plan_id: str, *, reboots: bool) -> Step:
    tags = _tags(target, plan_id, IMAGE)
    arguments: dict[str, Any] = {
        "InstanceId": target.resource_id,
        "Name": image_name(plan_id),
        "Description": f"SPECTRA plan {plan_id}: {target.resource_id}",
        "TagSpecifications": [tagged("image", tags), tagged("snapshot", tags)],
    }
    if not reboots:
        arguments["NoReboot"] = True
    how = (
        "AWS shuts the instance down for it and boots it again"
        if reboots
        else "the instance runs on, so its disks are as after a power cut"
    )
    return Step(
        Call("create_image", arguments, target.region, gives=IMAGE, result_path="ImageId"),
        f"Create an image of the instance in {target.region} and wait until it is complete; {how}.",
        "Deregister the image and delete its snapshots.",
        Wait("image_available", {"ImageIds": [Result(IMAGE)]}, target.region, IMAGE_MINUTES),
        _deregister(IMAGE, target.region),
    )


def _copy(target: Target, to: Destination, plan_id: str) -> Step:
    """Called in the target region, which fetches the image."""
    tags = _tags(target, plan_id, IMAGE_COPY)
    arguments: dict[str, Any] = {
        "Name": image_name(plan_id),
        "SourceImageId": Result(IMAGE),
        "SourceRegion": target.region,
        "ClientToken": f"{plan_id}-image",
        "Description": f"SPECTRA plan {plan_id}: {target.resource_id} of {target.region}",
        "TagSpecifications": [tagged("image", tags), tagged("snapshot", tags)],
    }
    if to.kms_key_id:
        arguments |= {"Encrypted": True, "KmsKeyId": to.kms_key_id}
    return Step(
        Call("copy_image", arguments, to.region, gives=IMAGE_COPY, result_path="ImageId"),
        f"Copy the image to {to.region} and wait until it is complete.",
        "Deregister the copy and delete its snapshots.",
        Wait("image_available", {"ImageIds": [Result(IMAGE_COPY)]}, to.region, COPY_MINUTES),
        _deregister(IMAGE_COPY, to.region),
    )


def _launch(target: Target, to: Destination, plan_id: str) -> Step:
    # What was done to the source before was not done to the copy.
    kept = {k: v for k, v in target.tags.items() if k not in (PREVIOUS_TYPE_TAG, MOVED_TO_TAG)}
    own = {**kept, **_tags(target, plan_id, INSTANCE_COPY)}
    arguments: dict[str, Any] = {
        "ImageId": Result(IMAGE_COPY),
        "InstanceType": to.instance_type,
        "MinCount": 1,
        "MaxCount": 1,
        "ClientToken": f"{plan_id}-instance",
        "Placement": {"AvailabilityZone": to.availability_zone},
        "TagSpecifications": [tagged("instance", own), tagged("volume", own)],
    }
    arguments |= {name: value for name, value in (
        ("SubnetId", to.subnet_id), ("SecurityGroupIds", list(to.security_group_ids)),
        ("KeyName", to.key_name),
    ) if value}  # fmt: skip
    if to.instance_profile_arn:
        arguments["IamInstanceProfile"] = {"Arn": to.instance_profile_arn}
    if to.metadata_options:
        arguments["MetadataOptions"] = to.metadata_options
    ids = {"InstanceIds": [Result(INSTANCE_COPY)]}
    return Step(
        Call("run_instances", arguments, to.region, gives=INSTANCE_COPY,
             result_path="Instances.0.InstanceId"),
        f"Launch the copy in {to.availability_zone} as {with_article(to.instance_type)} and wait "
        "until it runs and its status checks pass.",
        "Terminate the copy; what it has written is lost.",
        Wait("instance_status_ok", ids, to.region, 30),
        Call("terminate_instances", ids, to.region),
        Wait("instance_terminated", ids, to.region),
    )  # fmt: skip


def _note_on_source(target: Target) -> Step:
    """Both ends say where the other is; the copy got its tag at its launch."""
    tag = {"Key": MOVED_TO_TAG, "Value": Result(INSTANCE_COPY)}
    arguments = {"Resources": [target.resource_id], "Tags": [tag]}
    return Step(
        Call("create_tags", arguments, target.region),
        f"Tag the source {MOVED_TO_TAG} = ID of the copy.",
        "Remove the tag.",
        undo=Call("delete_tags", arguments, target.region),
    )


def _stop_source(target: Target) -> Step:
    ids = {"InstanceIds": [target.resource_id]}
    return replace(
        stop_step(target),
        text="Stop the source, now that the copy was checked, and wait until it is stopped.",
        undo_text="Start the source again and wait until its status checks pass.",
        undo_waits_for=Wait("instance_status_ok", ids, target.region, 30),
    )


def _deregister(name: str, region: str) -> Call:
    arguments = {"ImageId": Result(name), "DeleteAssociatedSnapshots": True}
    return Call("deregister_image", arguments, region)


def _tags(target: Target, plan_id: str, step: str) -> dict[str, str]:
    return {PLAN_TAG: plan_id, STEP_TAG: step, MOVED_FROM_TAG: target.resource_id}


def _note(target: Target, to: Destination, *, reboots: bool) -> str:
    lost = "What is written to the source after its image was taken is not in the copy."
    if not reboots:
        lost += " Its image is as after a power cut."
    place = f"subnet {to.subnet_id}" if to.subnet_id else "the default subnet of the default VPC"
    groups = ", ".join(to.security_group_ids) or "the default security group of the VPC"
    key = f"key pair {to.key_name}" if to.key_name else "no key pair besides what the image holds"
    end = (
        "The source is stopped at the end, and never terminated"
        if to.stops_source
        else "The source runs on, and both emit, until you stop it after the cut-over; it is never "
        "terminated"
    )
    return (
        f"{lost} The copy is launched in {to.availability_zone} with {place}, {groups} and {key}; "
        "user data, detailed monitoring and the credit mode are not passed on, and whether it gets "
        f"a public address is the subnet's setting. {end}: its disks, both images and their "
        "snapshots stay and are charged until you delete them. While both run, both are charged, "
        f"and the transfer out of {target.region} too."
    )


def _by_hand(target: Target, to: Destination) -> tuple[str, ...]:
    return (
        "Test the copy before anybody uses it: both machines may do the same work twice.",
        f"DNS: point the records of {target.label} to the copy's address; lower their TTL before.",
        f"Load balancers and target groups of {target.region} do not reach {to.region}: register "
        "the copy there.",
        f"An Elastic IP stays in {target.region}: allocate one in {to.region}, and tell whoever "
        "allows the old one.",
        f"Roles and keys: policies that name {target.region} must allow {to.region} too; secrets, "
        "parameters and queues stay where they are.",
        "Private addresses, peerings, endpoints and security groups that name the source are of "
        "its VPC: set them up for the copy.",
        "Alarms, backups, schedules and licences that name the source's ID name the copy's from "
        "now on.",
        "cloud-init takes the copy for a new machine: its SSH host keys are new, and what it does "
        "once a machine is done again.",
        "When nobody needs the source any more, terminate it, and deregister the images.",
    )
