"""The runner for the demo fleet: no call leaves, and the demo company changes as AWS would."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

from spectra.actions import demo_moves
from spectra.actions.calls import Call, Wait
from spectra.actions.plan import Plan
from spectra.actions.runner import Results
from spectra.catalog import Catalog, InstanceType
from spectra.errors import RefusedError
from spectra.refresh.demo import apply_demo_changes
from spectra.sources.aws.changing import Reply
from spectra.sources.aws.choices import Choices, Own
from spectra.sources.aws.described import Described, Facts
from spectra.store import Store, demo_log
from spectra.store.demo_log import DemoChange

_ASG_TAG = "aws:autoscaling:groupName"
# Families with local disks whose names do not say so by a d.
_LOCAL_DISKS = re.compile(r"(?:i|d|h|im|is)\d|g5\.|f1\.|x1e?\.|[a-z]+\d[a-z]*d[a-z]*\.")
_STATES = {"stop_instances": "stopped", "start_instances": "running",
           "terminate_instances": "terminated"}  # fmt: skip
_CHANGES = ("modify_instance_attribute", "modify_volume", "delete_volume", "create_volume")
_HARMLESS = ("create_snapshot", "create_tags", "delete_tags")


class DemoRunner:
    """Carries plans out on the demo fleet.

    Parameters
    ----------
    account_id : str
        The demo account that the resources are in.
    clock : callable
        Gives the moment of a change, aware UTC.
    """

    name = "demo"
    tag = None  # the whole demo fleet may be changed

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        account_id: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._catalog, self._clock = store, catalog, clock
        self.account_id = account_id

    def describe(self, plan: Plan, *, created: bool = False) -> Described:
        """Look at the demo's record, in the words that AWS would use; snapshots are not kept."""
        target, now = plan.target, self._clock()
        if target.kind == "volume":
            volume = demo_log.span_at(self._store, "volumes", target.resource_id, now)
            is_there = volume is not None and volume["state"] != "deleted"
            return Described(volume=_volume(volume) if volume and is_there else None)
        span = demo_log.span_at(self._store, "instances", target.resource_id, now)
        if span is None:
            return Described()
        disks = demo_log.volumes_at(self._store, target.resource_id, now)
        names = dict.fromkeys((span["instance_type"], plan.wanted or span["instance_type"]))
        return Described(
            instance=_instance(span, disks),
            types={name: facts for name in names if (facts := self._type(name))},
            offering_zones=self._zones(plan.wanted, span) if plan.wanted else None,
            protections={"disableApiStop": False, "disableApiTermination": False},
            elastic_addresses=frozenset(),
            created=demo_moves.created(self._store, plan) if created else {},
            elsewhere=demo_moves.elsewhere(self._catalog, plan, self._type(plan.wanted)),
        )

    def choices(self, region: str, instance_types: Collection[str]) -> Choices:
        """What can be chosen in a region for copies; the demo has no networks and keys."""
        return demo_moves.choices(self._catalog, region, instance_types)

    def owned(self, region: str, instance_ids: Collection[str]) -> dict[str, Own]:
        """Nothing but the machines themselves: the demo has no roles and no encrypted disks."""
        return {name: Own(has_encrypted_disk=False) for name in instance_ids}

    def dry_run(self, call: Call, results: Results) -> None:
        """Everything that the demo knows is allowed."""
        if call.operation not in (*_STATES, *_HARMLESS, *_CHANGES, *demo_moves.OPERATIONS):
            raise RefusedError(f"The demo fleet knows no {call.operation}.", code="Unsupported")

    def call(self, call: Call, results: Results) -> Reply:
        """Change the demo fleet; its numbers follow when the plan is over."""
        self.dry_run(call, results)
        given = call.resolved(results)
        answer: dict[str, Any] = {}
        match call.operation:
            case "modify_instance_attribute":
                self._resize(given["InstanceId"], given["InstanceType"]["Value"])
            case "modify_volume":
                self._record(given["VolumeId"], "type", given["VolumeType"])
            case "delete_volume":
                self._record(given["VolumeId"], "state", "deleted")
            case "create_volume":
                answer["VolumeId"] = given["SnapshotId"].replace("snap-", "vol-", 1)
                self._record(answer["VolumeId"], "state", "available")
            case "create_image" | "copy_image":
                answer["ImageId"] = demo_moves.image_id(call.region, given["Name"])
            case "run_instances":
                launched = demo_moves.launched(given, self._now())
                demo_log.record(self._store, launched)
                answer["Instances"] = [{"InstanceId": launched.resource_id}]
            case "create_snapshot":
                answer["SnapshotId"] = given["VolumeId"].replace("vol-", "snap-", 1)
            case name if name in _STATES:
                for instance_id in given["InstanceIds"]:
                    self._record(instance_id, "state", _STATES[name])
        return Reply("demo", answer)

    def wait(self, wait: Wait, results: Results) -> None:
        """In the demo nothing takes time."""

    def settle(self, plan: Plan) -> None:
        """Rewrite the record from the change on."""
        apply_demo_changes(self._store, self._catalog)

    def _resize(self, instance_id: str, instance_type: str) -> None:
        span = demo_log.span_at(self._store, "instances", instance_id, self._clock())
        if span is None or span["state"] != "stopped":
            raise RefusedError(
                f"The demo instance {instance_id} is not stopped.", code="IncorrectInstanceState"
            )
        self._record(instance_id, "type", instance_type)

    def _record(self, resource_id: str, kind: str, value: str) -> None:
        demo_log.record(self._store, DemoChange(resource_id, self._now(), kind, value))

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC).replace(microsecond=0)

    def _type(self, name: str) -> Facts | None:
        match = self._catalog.instance_type(name)
        return None if match.tier == "D" else _type_facts(match.type)

    def _zones(self, wanted: str, span: dict[str, Any]) -> frozenset[str]:
        is_sold = self._catalog.price(wanted, span["region"]) is not None
        return frozenset([span["availability_zone"]] if is_sold else [])


def _instance(span: dict[str, Any], disks: list[str]) -> Facts:
    tags = {
        **json.loads(span["tags"]),
        **({_ASG_TAG: span["asg_name"]} if span["asg_name"] else {}),
    }
    market = {} if span["lifecycle"] == "on-demand" else {"InstanceLifecycle": span["lifecycle"]}
    return {
        "InstanceId": span["instance_id"],
        "InstanceType": span["instance_type"],
        "State": {"Name": span["state"]},
        "Architecture": span["architecture"],
        "Placement": {"AvailabilityZone": span["availability_zone"], "Tenancy": span["tenancy"]},
        "RootDeviceType": "ebs",
        "EnaSupport": True,
        "VirtualizationType": "hvm",
        "BlockDeviceMappings": [{"Ebs": {"VolumeId": name}} for name in disks],
        "NetworkInterfaces": [{}],
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        **market,
    }


def _volume(span: dict[str, Any]) -> Facts:
    owner = span["instance_id"]
    return {
        "VolumeId": span["volume_id"],
        "VolumeType": span["volume_type"],
        "Size": span["size_gib"],
        "State": span["state"],
        "Attachments": [{"InstanceId": owner, "Device": "/dev/sdf"}] if owner else [],
        "Tags": [{"Key": k, "Value": v} for k, v in json.loads(span["tags"]).items()],
    }


def _type_facts(kind: InstanceType) -> Facts:
    return {
        "ProcessorInfo": {"SupportedArchitectures": [kind.architecture]},
        "SupportedVirtualizationTypes": ["hvm"],
        "SupportedBootModes": ["uefi"] if kind.architecture == "arm64" else ["legacy-bios", "uefi"],
        "Hypervisor": "nitro" if kind.generation >= 5 else "xen",
        "InstanceStorageSupported": bool(_LOCAL_DISKS.match(kind.name)),
        "NetworkInfo": {"EnaSupport": "required", "MaximumNetworkInterfaces": 2},
        "EbsInfo": {"MaximumEbsAttachments": 27},
    }
