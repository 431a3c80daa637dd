"""What a move is about in a real account: the source, the target region, what was made so far."""

from __future__ import annotations

from dataclasses import replace

from spectra.actions.builders import PLAN_TAG
from spectra.actions.destination import Destination
from spectra.actions.moving import IMAGE, IMAGE_COPY, INSTANCE_COPY, image_name
from spectra.actions.plan import Plan
from spectra.sources.aws import Account, described, elsewhere
from spectra.sources.aws.described import Described


def describe(account: Account, plan: Plan, to: Destination, *, created: bool) -> Described:
    """Read the source, and either its destination or with `created` what the plan has made."""
    target = plan.target
    found = described.describe_instance(account, target.region, target.resource_id)
    if created:
        return replace(found, created=_created(account, plan, to))
    if found.instance is None:
        return found
    wanted = elsewhere.Wanted(
        to.region, to.availability_zone, to.instance_type, to.subnet_id, to.security_group_ids,
        to.key_name, to.kms_key_id,
    )  # fmt: skip
    disks = [m["Ebs"]["VolumeId"] for m in found.instance.get("BlockDeviceMappings", [])
             if "Ebs" in m]  # fmt: skip
    there = elsewhere.describe_elsewhere(account, target.region, wanted, disks)
    return replace(found, elsewhere=there)


def _created(account: Account, plan: Plan, to: Destination) -> dict[str, str]:
    """Images by their name, which is taken once; the copy by its tag."""
    found: dict[str, str] = {}
    for name, region in ((IMAGE, plan.target.region), (IMAGE_COPY, to.region)):
        for image_id in elsewhere.images_named(account, region, image_name(plan.plan_id)):
            found[name] = image_id
    for instance in elsewhere.instances_tagged(account, to.region, (PLAN_TAG, plan.plan_id)):
        found[INSTANCE_COPY] = str(instance["InstanceId"])
    return found
