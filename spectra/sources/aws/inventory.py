"""What an account has in a region: instances in every state, volumes, groups."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from spectra.errors import NotEntitledError
from spectra.sources.aws.access import Account
from spectra.sources.aws.errors import translated
from spectra.sources.aws.frames import tidy
from spectra.sources.aws.pages import paginate

SOURCE = "aws"
PAGE_SIZE = 1_000
MAX_GIB, MAX_GROUP = 65_536, 1_000_000
_TRANSITION = re.compile(r"\((\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:UTC|GMT)\)")
_ASG_TAG = "aws:autoscaling:groupName"

Tags = dict[str, str]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One region of one account at one moment.

    Attributes
    ----------
    instances : DataFrame
        One row an instance in any state; ``launched_at`` is of its last start,
        ``transition_at`` the moment that AWS names for its last change of state (NaT without).
    volumes : DataFrame or None
        Attached and not, with ``created_at``; None if they could not be listed. A size that no
        volume has is unknown (NA).
    groups : DataFrame
        Autoscaling groups; empty if they could not be listed.
    notes : tuple of str
        What could not be listed or be so.
    """

    instances: pd.DataFrame
    volumes: pd.DataFrame | None
    groups: pd.DataFrame
    notes: tuple[str, ...] = ()


def enabled_regions(account: Account) -> list[str]:
    """Regions that the account may use, sorted."""
    with translated("ec2:DescribeRegions"):
        answer = account.client("ec2").describe_regions(AllRegions=True)
    return sorted(
        region["RegionName"]
        for region in answer["Regions"]
        if region.get("OptInStatus", "opt-in-not-required") != "not-opted-in"
    )


def read_region(
    account: Account, region: str, *, observed_at: datetime, page_size: int = PAGE_SIZE
) -> Snapshot:
    """List a region whole.

    Raises
    ------
    SourceError
        If the instances cannot be listed; volumes and groups that are denied are noted.
    """
    common = {
        "account_id": account.account_id,
        "region": region,
        "source": SOURCE,
        "fetched_at": observed_at,
    }
    paging = {"PaginationConfig": {"PageSize": page_size}}
    instances = [
        {**_instance(found), **common, "quality": "measured"}
        for page in paginate(
            account, "ec2:DescribeInstances", "describe_instances", region, **paging
        )
        for reservation in page["Reservations"]
        for found in reservation["Instances"]
    ]
    notes: list[str] = []
    volumes = _optional(
        account, region, "ec2:DescribeVolumes", "Volumes", notes, PageSize=page_size
    )
    groups = _optional(
        account, region, "autoscaling:DescribeAutoScalingGroups", "AutoScalingGroups", notes
    )
    disks = [{**_volume(found), **common, "quality": "measured"} for found in volumes or ()]
    if unknown := sum(disk["size_gib"] is None for disk in disks):
        notes.append(
            f"{unknown} sizes of volumes in {region} were implausible: the last known ones count, "
            "and volumes without one are left out."
        )
    return Snapshot(
        tidy("instances", instances),
        None if volumes is None else tidy("volumes", disks),
        tidy("groups", [{**_group(found), **common} for found in groups or ()]),
        tuple(notes),
    )


def _optional(
    account: Account, region: str, action: str, result: str, notes: list[str], **config: Any
) -> list[dict[str, Any]] | None:
    """List what may be denied: then there is a note and no list, not one of nothing."""
    operation = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", action.partition(":")[2]).lower()
    try:
        return [
            found
            for page in paginate(account, action, operation, region, PaginationConfig=config)
            for found in page[result]
        ]
    except NotEntitledError as error:
        notes.append(str(error))
        return None


def _tags(found: dict[str, Any]) -> Tags:
    return {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}


def _instance(found: dict[str, Any]) -> dict[str, Any]:
    tags = _tags(found)
    placement = found.get("Placement", {})
    return {
        "instance_id": found["InstanceId"],
        "availability_zone": placement.get("AvailabilityZone"),
        "instance_type": found["InstanceType"],
        "state": found["State"]["Name"],
        "name": tags.get("Name"),
        "lifecycle": found.get("InstanceLifecycle", "on-demand"),
        "tenancy": placement.get("Tenancy", "default"),
        "asg_name": tags.get(_ASG_TAG),
        "architecture": found.get("Architecture"),
        "launched_at": found.get("LaunchTime"),
        "transition_at": _transition(found.get("StateTransitionReason", "")),
        "tags": json.dumps(tags, sort_keys=True),
    }


def _transition(reason: str) -> pd.Timestamp | None:
    """The moment named in a text such as ``User initiated (2026-11-25 02:17:44 UTC)``."""
    found = _TRANSITION.search(reason)
    return pd.Timestamp(found.group(1), tz="UTC") if found else None


def _volume(found: dict[str, Any]) -> dict[str, Any]:
    attachments = found.get("Attachments", [])
    return {
        "volume_id": found["VolumeId"],
        "volume_type": found["VolumeType"],
        "size_gib": _within(found["Size"], 1, MAX_GIB),
        "state": found["State"],
        "instance_id": attachments[0].get("InstanceId") if attachments else None,
        "created_at": found.get("CreateTime"),
        "tags": json.dumps(_tags(found), sort_keys=True),
    }


def _group(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "asg_name": found["AutoScalingGroupName"],
        "min_size": _within(found["MinSize"], 0, MAX_GROUP),
    }


def _within(value: int, low: int, high: int) -> int | None:
    """A number that can be so, else None."""
    return value if low <= value <= high else None
