"""Another region as a place for an instance: read before a move, with what the move made so far."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from spectra.errors import NotEntitledError, RefusedError, SourceError
from spectra.sources.aws.access import Account
from spectra.sources.aws.errors import translated
from spectra.sources.aws.offers import offering_zones
from spectra.sources.aws.pages import paginate

Facts = dict[str, Any]
T = TypeVar("T")
_GONE = ("shutting-down", "terminated")
# Quotas of running on-demand vCPUs by the first letters of a family; the rest is "standard".
_QUOTAS = {
    "dl": "L-6E869C2A", "f": "L-74FC7D96", "g": "L-DB2E81BA", "vt": "L-DB2E81BA",
    "hpc": "L-F7808C92", "inf": "L-1945791B", "p": "L-417A185B", "trn": "L-2C3B7624",
    "u": "L-43DA4232", "x": "L-7295265B",
}  # fmt: skip
STANDARD_QUOTA = "L-1216C47A"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked about a region; empty texts where the defaults are to be taken."""

    region: str
    availability_zone: str
    instance_type: str
    subnet_id: str = ""
    security_group_ids: Collection[str] = ()
    key_name: str = ""
    kms_key_id: str = ""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What AWS says of a region; None is what it was not allowed to say.

    Attributes
    ----------
    is_enabled : bool or None
        Whether the account can use the region.
    offering_zones : frozenset of str or None
        Zones that offer the wanted type.
    type_facts : dict or None
        As ``describe_instance_types`` has it.
    subnet : dict or None
        The named subnet, or the default one of the zone; empty when there is none.
    groups : mapping or None
        VPC of each named security group that exists.
    has_key_pair, has_kms_key : bool or None
        Whether the named one exists, and the key is enabled.
    vcpu_quota, vcpus_running : float or None
        Of on-demand machines of the type's class.
    source_volumes : tuple of dict or None
        Disks of the source, as ``describe_volumes`` has them.
    """

    is_enabled: bool | None = None
    offering_zones: frozenset[str] | None = None
    type_facts: Facts | None = None
    subnet: Facts | None = None
    groups: Mapping[str, str] | None = None
    has_key_pair: bool | None = None
    has_kms_key: bool | None = None
    vcpu_quota: float | None = None
    vcpus_running: float | None = None
    source_volumes: tuple[Facts, ...] | None = None


def describe_elsewhere(
    account: Account, home: str, wanted: Wanted, volume_ids: Collection[str]
) -> Elsewhere:
    """Read all that bears on launching a copy in another region.

    Parameters
    ----------
    home : str
        Region of the source.
    volume_ids : collection of str
        Disks of the source.

    Raises
    ------
    SourceError
        If AWS does not answer or does not accept the keys.
    """
    is_enabled = _enabled(account, home, wanted.region)
    disks = _volumes(account, home, volume_ids)
    if is_enabled is False:
        return Elsewhere(False, source_volumes=disks)  # it would not answer
    quota = _quota(account, wanted)
    return Elsewhere(
        is_enabled=is_enabled,
        offering_zones=offering_zones(account, wanted.region, wanted.instance_type),
        type_facts=_type(account, wanted),
        subnet=_subnet(account, wanted),
        groups=_groups(account, wanted),
        has_key_pair=_key_pair(account, wanted),
        has_kms_key=_kms_key(account, wanted),
        vcpu_quota=quota,
        vcpus_running=None if quota is None else _running_vcpus(account, wanted),
        source_volumes=disks,
    )


def images_named(account: Account, region: str, name: str) -> list[str]:
    """Own images of a name, in whatever state; raises SourceError."""
    with translated("ec2:DescribeImages", region):
        answer = account.client("ec2", region).describe_images(
            Owners=["self"], Filters=[{"Name": "name", "Values": [name]}]
        )
    return [str(image["ImageId"]) for image in answer["Images"]]


def instances_tagged(account: Account, region: str, tag: tuple[str, str]) -> list[Facts]:
    """Instances with a tag that are not gone; raises SourceError."""
    filters = [{"Name": f"tag:{tag[0]}", "Values": [tag[1]]}]
    pages = paginate(account, "ec2:DescribeInstances", "describe_instances", region,
                     Filters=filters)  # fmt: skip
    found = [i for page in pages for r in page["Reservations"] for i in r["Instances"]]
    return [i for i in found if i["State"]["Name"] not in _GONE]


def quota_code(instance_type: str) -> str:
    """The quota that a type counts against, told from the letters its family begins with."""
    size = next((n for n, letter in enumerate(instance_type) if not letter.isalpha()), None)
    return _QUOTAS.get(instance_type[:size], STANDARD_QUOTA)


def _asked(ask: Callable[[], T]) -> T | None:
    """An answer, or None where AWS does not give it; a broken way to AWS is an error."""
    try:
        return ask()
    except (NotEntitledError, RefusedError):
        return None


def _enabled(account: Account, home: str, region: str) -> bool | None:
    def ask() -> bool:
        with translated("ec2:DescribeRegions", home):
            answer = account.client("ec2", home).describe_regions(AllRegions=True)
        found = {r["RegionName"]: r.get("OptInStatus") for r in answer["Regions"]}
        return found.get(region) in ("opt-in-not-required", "opted-in")

    return _asked(ask)


def _type(account: Account, wanted: Wanted) -> Facts | None:
    def ask() -> Facts | None:
        with translated("ec2:DescribeInstanceTypes", wanted.region):
            answer = account.client("ec2", wanted.region).describe_instance_types(
                InstanceTypes=[wanted.instance_type]
            )
        return next(iter(answer["InstanceTypes"]), None)

    return _asked(ask)


def _subnet(account: Account, wanted: Wanted) -> Facts | None:
    given: dict[str, Any] = {"SubnetIds": [wanted.subnet_id]} if wanted.subnet_id else {
        "Filters": [{"Name": "default-for-az", "Values": ["true"]},
                    {"Name": "availability-zone", "Values": [wanted.availability_zone]}]
    }  # fmt: skip
    try:
        with translated("ec2:DescribeSubnets", wanted.region):
            answer = account.client("ec2", wanted.region).describe_subnets(**given)
    except RefusedError:
        return {}  # there is none of that ID
    except NotEntitledError:
        return None
    return next(iter(answer["Subnets"]), {})


def _groups(account: Account, wanted: Wanted) -> dict[str, str] | None:
    """Asked one by one: of several AWS refuses all when it lacks one."""
    found: dict[str, str] = {}
    for group_id in wanted.security_group_ids:
        try:
            with translated("ec2:DescribeSecurityGroups", wanted.region):
                answer = account.client("ec2", wanted.region).describe_security_groups(
                    GroupIds=[group_id]
                )
        except RefusedError:
            continue
        except NotEntitledError:
            return None
        found |= {g["GroupId"]: g.get("VpcId", "") for g in answer["SecurityGroups"]}
    return found


def _key_pair(account: Account, wanted: Wanted) -> bool | None:
    if not wanted.key_name:
        return None
    try:
        with translated("ec2:DescribeKeyPairs", wanted.region):
            answer = account.client("ec2", wanted.region).describe_key_pairs(
                KeyNames=[wanted.key_name]
            )
    except RefusedError:
        return False
    except NotEntitledError:
        return None
    return bool(answer["KeyPairs"])


def _kms_key(account: Account, wanted: Wanted) -> bool | None:
    """AWS makes its own key for EBS when it is first used, so that one need not be there."""
    if not wanted.kms_key_id:
        return None
    if wanted.kms_key_id == "alias/aws/ebs":
        return True
    try:
        with translated("kms:DescribeKey", wanted.region):
            answer = account.client("kms", wanted.region).describe_key(KeyId=wanted.kms_key_id)
    except RefusedError:
        return False
    except NotEntitledError:
        return None
    return bool(answer["KeyMetadata"].get("Enabled"))


def _quota(account: Account, wanted: Wanted) -> float | None:
    """Optional: not every account has the service, and nothing hangs on it but a warning."""
    try:
        with translated("servicequotas:GetServiceQuota", wanted.region):
            answer = account.client("service-quotas", wanted.region).get_service_quota(
                ServiceCode="ec2", QuotaCode=quota_code(wanted.instance_type)
            )
    except SourceError:
        return None
    value = answer["Quota"].get("Value")
    return None if value is None else float(value)


def _running_vcpus(account: Account, wanted: Wanted) -> float | None:
    """vCPUs that count against the quota; None where one of the machines does not say its own."""
    filters = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]

    def ask() -> float | None:
        pages = paginate(account, "ec2:DescribeInstances", "describe_instances", wanted.region,
                         Filters=filters)  # fmt: skip
        found = [i for page in pages for r in page["Reservations"] for i in r["Instances"]]
        code = quota_code(wanted.instance_type)
        counts = [
            i.get("CpuOptions", {}) for i in found
            if quota_code(i["InstanceType"]) == code and "InstanceLifecycle" not in i
        ]  # fmt: skip
        if any("CoreCount" not in count for count in counts):
            return None
        return float(sum(c["CoreCount"] * c.get("ThreadsPerCore", 1) for c in counts))

    return _asked(ask)


def _volumes(account: Account, home: str, volume_ids: Collection[str]) -> tuple[Facts, ...] | None:
    if not volume_ids:
        return ()

    def ask() -> tuple[Facts, ...]:
        with translated("ec2:DescribeVolumes", home):
            answer = account.client("ec2", home).describe_volumes(VolumeIds=list(volume_ids))
        return tuple(answer["Volumes"])

    return _asked(ask)
