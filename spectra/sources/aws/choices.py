"""What can be chosen in another region for copies of instances, and what each source has."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from spectra.errors import NotEntitledError, RefusedError
from spectra.sources.aws.access import Account
from spectra.sources.aws.errors import translated
from spectra.sources.aws.offers import offering_zones
from spectra.sources.aws.pages import paginate

_AT_ONCE = 200  # values that AWS takes in a filter


@dataclass(frozen=True, slots=True)
class Place:
    """A subnet or a security group.

    Attributes
    ----------
    zone : str
        Of a subnet; empty for a security group.
    """

    place_id: str
    name: str
    vpc_id: str
    zone: str = ""
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person can choose from; None is what AWS was not allowed to list.

    Attributes
    ----------
    zones : tuple of str or None
        Availability zones that offer every type.
    """

    zones: tuple[str, ...] | None = None
    subnets: tuple[Place, ...] | None = None
    security_groups: tuple[Place, ...] | None = None
    key_names: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Own:
    """What a machine has and its copy is to have as well, each its own.

    Attributes
    ----------
    instance_profile_arn : str
        Its role; empty for none.
    http_tokens, http_endpoint : str
        How its metadata is asked for; empty where AWS does not state it.
    http_hop_limit : int or None
        Network hops that an answer of the metadata service may take.
    has_encrypted_disk : bool or None
        Whether a key of the target region has to be named; None where its disks may not be read.
    """

    instance_profile_arn: str = ""
    http_tokens: str = ""
    http_endpoint: str = ""
    http_hop_limit: int | None = None
    has_encrypted_disk: bool | None = None


def choices(account: Account, region: str, instance_types: Collection[str]) -> Choices:
    """List what can be chosen in a region for machines that become of these types.

    Raises
    ------
    SourceError
        If AWS does not answer, or does not accept the keys.
    """
    offers = [offering_zones(account, region, name) for name in sorted(instance_types)]
    known = [zones for zones in offers if zones is not None]
    return Choices(
        zones=tuple(sorted(frozenset.intersection(*known))) if known else None,
        subnets=_listed(account, region, "subnets", _subnet),
        security_groups=_listed(account, region, "security_groups", _group),
        key_names=_key_names(account, region),
    )


def owned(account: Account, home: str, instance_ids: Collection[str]) -> dict[str, Own]:
    """What each machine of a region has; one that is not there any more is left out.

    Asked for many at once: two requests for up to `_AT_ONCE` machines.

    Raises
    ------
    SourceError
        If AWS does not answer, does not accept the keys, or does not show the machines.
    """
    found: dict[str, Own] = {}
    ids = sorted(instance_ids)
    for first in range(0, len(ids), _AT_ONCE):
        found |= _owned(account, home, ids[first : first + _AT_ONCE])
    return found


def _owned(account: Account, home: str, ids: list[str]) -> dict[str, Own]:
    # As a filter: an ID that is gone is no error then.
    filters = [{"Name": "instance-id", "Values": ids}]
    pages = paginate(account, "ec2:DescribeInstances", "describe_instances", home,
                     Filters=filters)  # fmt: skip
    machines = [i for page in pages for r in page["Reservations"] for i in r["Instances"]]
    locked = _encrypted(account, home, ids)
    found = {}
    for machine in machines:
        name, metadata = str(machine["InstanceId"]), machine.get("MetadataOptions", {})
        found[name] = Own(
            machine.get("IamInstanceProfile", {}).get("Arn", ""),
            metadata.get("HttpTokens", ""),
            metadata.get("HttpEndpoint", ""),
            metadata.get("HttpPutResponseHopLimit"),
            None if locked is None else name in locked,
        )
    return found


def _listed(
    account: Account, region: str, what: str, made: Callable[[dict[str, Any]], Place]
) -> tuple[Place, ...] | None:
    key = "".join(word.capitalize() for word in what.split("_"))
    try:
        pages = paginate(account, f"ec2:Describe{key}", f"describe_{what}", region)
        return tuple(made(item) for page in pages for item in page[key])
    except (NotEntitledError, RefusedError):
        return None


def _subnet(item: dict[str, Any]) -> Place:
    names = {tag["Key"]: tag["Value"] for tag in item.get("Tags", [])}
    return Place(
        item["SubnetId"], names.get("Name", ""), item["VpcId"], item["AvailabilityZone"],
        bool(item.get("DefaultForAz")),
    )  # fmt: skip


def _group(item: dict[str, Any]) -> Place:
    name = item["GroupName"]
    return Place(item["GroupId"], name, item.get("VpcId", ""), is_default=name == "default")


def _key_names(account: Account, region: str) -> tuple[str, ...] | None:
    try:
        with translated("ec2:DescribeKeyPairs", region):
            answer = account.client("ec2", region).describe_key_pairs()
    except (NotEntitledError, RefusedError):
        return None
    return tuple(sorted(pair["KeyName"] for pair in answer["KeyPairs"]))


def _encrypted(account: Account, home: str, ids: list[str]) -> set[str] | None:
    """Machines with an encrypted disk; None where disks may not be read."""
    filters = [{"Name": "attachment.instance-id", "Values": ids}]
    try:
        pages = list(paginate(account, "ec2:DescribeVolumes", "describe_volumes", home,
                              Filters=filters))  # fmt: skip
    except (NotEntitledError, RefusedError):
        return None
    disks = [disk for page in pages for disk in page["Volumes"] if disk.get("Encrypted")]
    return {str(a["InstanceId"]) for disk in disks for a in disk["Attachments"]}
