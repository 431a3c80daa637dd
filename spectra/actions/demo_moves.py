"""A move in the demo: what its calls answer and do, and what is known of the target region."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from spectra.actions.builders import PLAN_TAG
from spectra.actions.moving import INSTANCE_COPY, MOVED_FROM_TAG
from spectra.actions.plan import Plan
from spectra.catalog import Catalog
from spectra.sources.aws.choices import Choices
from spectra.sources.aws.described import Facts
from spectra.sources.aws.elsewhere import Elsewhere
from spectra.sources.demo.copies import Copy
from spectra.sources.demo.noise import key64
from spectra.store import Store, demo_log
from spectra.store.demo_log import DemoChange

OPERATIONS = ("create_image", "copy_image", "run_instances", "deregister_image")


def copy_id(plan_id: str) -> str:
    """ID of the machine that a plan launches; the same for every run of it."""
    return f"i-0{key64(plan_id, INSTANCE_COPY):016x}"


def image_id(region: str, name: str) -> str:
    """ID of an image; the demo keeps none, as they change no number of it."""
    return f"ami-0{key64(region, name):016x}"


def launched(given: Mapping[str, Any], now: datetime) -> DemoChange:
    """The change that stands for a launch, from the arguments of the call."""
    tags = {tag["Key"]: tag["Value"] for tag in given["TagSpecifications"][0]["Tags"]}
    zone = given["Placement"]["AvailabilityZone"]
    copy = Copy(tags[MOVED_FROM_TAG], zone, given["InstanceType"])
    return DemoChange(copy_id(tags[PLAN_TAG]), now, "copy", copy.value)


def created(store: Store, plan: Plan) -> dict[str, str]:
    """The copy of a plan, if it was launched and is not gone again."""
    name = copy_id(plan.plan_id)
    made = [change for change in demo_log.changes(store) if change.resource_id == name]
    is_there = bool(made) and made[-1].value != "terminated"
    return {INSTANCE_COPY: name} if is_there else {}


def choices(catalog: Catalog, region: str, instance_types: Collection[str]) -> Choices:
    """Three zones of every region in which the catalogue has a price of each type."""
    is_sold = catalog.region(region) is not None and all(
        catalog.price(name, region) for name in instance_types
    )
    zones = tuple(f"{region}{letter}" for letter in "abc") if is_sold else ()
    return Choices(zones, subnets=(), security_groups=(), key_names=())


def elsewhere(catalog: Catalog, plan: Plan, type_facts: Facts | None) -> Elsewhere | None:
    """What the demo knows of the target region: the catalogue's regions, types and prices."""
    to = plan.destination
    if to is None:
        return None
    is_sold = catalog.price(to.instance_type, to.region) is not None
    return Elsewhere(
        is_enabled=catalog.region(to.region) is not None,
        offering_zones=frozenset([to.availability_zone] if is_sold else []),
        type_facts=type_facts,
        subnet={"SubnetId": to.subnet_id or "The default subnet", "VpcId": "vpc-demo",
                "AvailabilityZone": to.availability_zone},
        groups=dict.fromkeys(to.security_group_ids, "vpc-demo"),
        has_key_pair=True,
        has_kms_key=True,
        source_volumes=(),
    )  # fmt: skip
