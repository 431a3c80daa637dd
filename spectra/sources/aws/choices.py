"""What can be chosen in another region for a copy of an instance, and what the source has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from spectra.errors import InputError, NotEntitledError, RefusedError
from spectra.sources.aws.access import Account
from spectra.sources.aws.described import describe_instance
from spectra.sources.aws.errors import translated
from spectra.sources.aws.pages import paginate


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
        Availability zones that offer the type.
    instance_profile_arn, http_tokens : str
        What the source has; empty for none or where it is not stated.
    has_encrypted_disk : bool or None
        Whether a key of the target region has to be named.
    """

    zones: tuple[str, ...] | None = None
    subnets: tuple[Place, ...] | None = None
    security_groups: tuple[Place, ...] | None = None
    key_names: tuple[str, ...] | None = None
    instance_profile_arn: str = ""
    http_tokens: str = ""
    has_encrypted_disk: bool | None = None


def choices(
    account: Account, home: str, instance_id: str, region: str, instance_type: str
) -> Choices:
    """List what can be chosen in a region.

    Raises
    ------
    InputError
        If the source is not there any more.
    SourceError
        If AWS does not answer, does not accept the keys, or does not show the source.
    """
    source = describe_instance(account, home, instance_id).instance
    if source is None:
        raise InputError(f"{instance_id} is not there any more.", next_step="Reload the page.")
    return Choices(
        zones=_zones(account, region, instance_type),
        subnets=_listed(account, region, "subnets", _subnet),
        security_groups=_listed(account, region, "security_groups", _group),
        key_names=_key_names(account, region),
        instance_profile_arn=source.get("IamInstanceProfile", {}).get("Arn", ""),
        http_tokens=source.get("MetadataOptions", {}).get("HttpTokens", ""),
        has_encrypted_disk=_encrypted(account, home, instance_id),
    )


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


def _zones(account: Account, region: str, instance_type: str) -> tuple[str, ...] | None:
    filters = [{"Name": "instance-type", "Values": [instance_type]}]
    try:
        pages = paginate(
            account, "ec2:DescribeInstanceTypeOfferings", "describe_instance_type_offerings",
            region, LocationType="availability-zone", Filters=filters,
        )  # fmt: skip
        offers = [offer for page in pages for offer in page["InstanceTypeOfferings"]]
    except (NotEntitledError, RefusedError):
        return None
    return tuple(sorted(o["Location"] for o in offers if o["InstanceType"] == instance_type))


def _key_names(account: Account, region: str) -> tuple[str, ...] | None:
    try:
        with translated("ec2:DescribeKeyPairs", region):
            answer = account.client("ec2", region).describe_key_pairs()
    except (NotEntitledError, RefusedError):
        return None
    return tuple(sorted(pair["KeyName"] for pair in answer["KeyPairs"]))


def _encrypted(account: Account, home: str, instance_id: str) -> bool | None:
    filters = [{"Name": "attachment.instance-id", "Values": [instance_id]}]
    try:
        pages = list(paginate(account, "ec2:DescribeVolumes", "describe_volumes", home,
                              Filters=filters))  # fmt: skip
    except (NotEntitledError, RefusedError):
        return None
    return any(disk.get("Encrypted") for page in pages for disk in page["Volumes"])
