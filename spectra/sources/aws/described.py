"""A resource read freshly before it is changed, in AWS's own words, and all that bears on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from spectra.errors import NotEntitledError, RefusedError
from spectra.sources.aws.access import Account
from spectra.sources.aws.elsewhere import Elsewhere
from spectra.sources.aws.errors import translated
from spectra.sources.aws.offers import offering_zones
from spectra.sources.aws.pages import paginate

Facts = dict[str, Any]
_PROTECTIONS = ("disableApiStop", "disableApiTermination")


@dataclass(frozen=True, slots=True)
class Described:
    """What AWS says of a resource now; what it was not allowed to say is None or left out.

    Attributes
    ----------
    instance, volume : dict or None
        As ``describe_instances`` and ``describe_volumes`` have it; None when there is none.
    types : mapping
        Facts of instance types by name, as ``describe_instance_types`` has them.
    offering_zones : frozenset of str or None
        Availability zones that offer the wanted type.
    protections : mapping
        ``disableApiStop`` and ``disableApiTermination``.
    elastic_addresses : frozenset of str or None
        Public addresses of the instance that stay its own.
    created : mapping
        What steps of a plan made before, by the name of their result.
    changing_to : str or None
        Type that a volume is being changed to.
    elsewhere : Elsewhere or None
        What is known of the region that an instance is to be moved to.
    """

    instance: Facts | None = None
    volume: Facts | None = None
    types: Mapping[str, Facts] = field(default_factory=dict)
    offering_zones: frozenset[str] | None = None
    protections: Mapping[str, bool] = field(default_factory=dict)
    elastic_addresses: frozenset[str] | None = None
    created: Mapping[str, str] = field(default_factory=dict)
    changing_to: str | None = None
    elsewhere: Elsewhere | None = None


def describe_instance(
    account: Account, region: str, instance_id: str, wanted_type: str = ""
) -> Described:
    """Read an instance and, where it is to get another type, what is known of both types.

    Raises
    ------
    SourceError
        If the instance itself cannot be read.
    """
    instance = _instance(account, region, instance_id)
    if instance is None:
        return Described()
    names = dict.fromkeys((instance["InstanceType"], wanted_type or instance["InstanceType"]))
    return Described(
        instance=instance,
        types={name: facts for name in names if (facts := _type(account, region, name))},
        offering_zones=offering_zones(account, region, wanted_type) if wanted_type else None,
        protections=_protections(account, region, instance_id),
        elastic_addresses=_elastic(account, region, instance_id),
    )


def describe_volume(account: Account, region: str, volume_id: str) -> Described:
    """Read a volume.

    Raises
    ------
    SourceError
        If it cannot be read.
    """
    try:
        with translated("ec2:DescribeVolumes", region):
            answer = account.client("ec2", region).describe_volumes(VolumeIds=[volume_id])
    except RefusedError as error:
        if error.code.endswith("NotFound"):
            return Described()
        raise
    return Described(
        volume=next(iter(answer["Volumes"]), None),
        changing_to=_modification(account, region, volume_id),
    )


def with_created(
    found: Described, account: Account, region: str, tags: tuple[str, str], plan_id: str
) -> Described:
    """Add the snapshots that carry the tag of a plan, by the name of their step.

    Parameters
    ----------
    tags : (str, str)
        Keys of the tags that name the plan and the step.
    """
    plan_tag, step_tag = tags
    filters = [{"Name": f"tag:{plan_tag}", "Values": [plan_id]}]
    pages = paginate(account, "ec2:DescribeSnapshots", "describe_snapshots", region,
                     OwnerIds=["self"], Filters=filters)  # fmt: skip
    created = {}
    for page in pages:
        for snapshot in page["Snapshots"]:
            found_tags = {tag["Key"]: tag["Value"] for tag in snapshot.get("Tags", [])}
            if snapshot.get("State") != "error" and step_tag in found_tags:
                created[found_tags[step_tag]] = str(snapshot["SnapshotId"])
    return replace(found, created=created)


def _instance(account: Account, region: str, instance_id: str) -> Facts | None:
    try:
        with translated("ec2:DescribeInstances", region):
            answer = account.client("ec2", region).describe_instances(InstanceIds=[instance_id])
    except RefusedError as error:
        if error.code.startswith("InvalidInstanceID"):
            return None
        raise
    found = [i for r in answer["Reservations"] for i in r["Instances"]]
    return found[0] if found else None


def _type(account: Account, region: str, name: str) -> Facts | None:
    try:
        with translated("ec2:DescribeInstanceTypes", region):
            answer = account.client("ec2", region).describe_instance_types(InstanceTypes=[name])
    except (NotEntitledError, RefusedError):
        return None
    return next(iter(answer["InstanceTypes"]), None)


def _protections(account: Account, region: str, instance_id: str) -> dict[str, bool]:
    found = {}
    for attribute in _PROTECTIONS:
        try:
            with translated("ec2:DescribeInstanceAttribute", region):
                answer = account.client("ec2", region).describe_instance_attribute(
                    InstanceId=instance_id, Attribute=attribute
                )
        except (NotEntitledError, RefusedError):
            continue
        value = answer.get(attribute[0].upper() + attribute[1:], {}).get("Value")
        if value is not None:
            found[attribute] = bool(value)
    return found


def _elastic(account: Account, region: str, instance_id: str) -> frozenset[str] | None:
    filters = [{"Name": "instance-id", "Values": [instance_id]}]
    try:
        with translated("ec2:DescribeAddresses", region):
            answer = account.client("ec2", region).describe_addresses(Filters=filters)
    except (NotEntitledError, RefusedError):
        return None
    return frozenset(a["PublicIp"] for a in answer["Addresses"] if "PublicIp" in a)


def _modification(account: Account, region: str, volume_id: str) -> str | None:
    """Type of a change that AWS has not finished; None also where that is not to be known."""
    try:
        with translated("ec2:DescribeVolumesModifications", region):
            answer = account.client("ec2", region).describe_volumes_modifications(
                VolumeIds=[volume_id]
            )
    except (NotEntitledError, RefusedError):
        return None
    running = [m for m in answer["VolumesModifications"]
               if m.get("ModificationState") in ("modifying", "optimizing")]  # fmt: skip
    return str(running[0].get("TargetVolumeType")) if running else None
