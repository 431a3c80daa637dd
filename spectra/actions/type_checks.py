"""Whether an instance can become another type: what AWS would find out only at the start."""

from __future__ import annotations

from collections.abc import Iterator

from spectra.actions.plan import Check, Plan
from spectra.sources.aws.described import Described, Facts

# How an image boots that names no mode of its own, by its architecture.
_USUAL_BOOT = {"i386": "legacy-bios", "x86_64": "legacy-bios", "arm64": "uefi"}


def type_checks(plan: Plan, instance: Facts, found: Described) -> Iterator[Check]:
    """Compare the wanted type with the instance; the way back is the old type in every case."""
    wanted, facts = plan.wanted, found.types.get(plan.wanted)
    yield Check(
        "The type exists", facts is not None,
        f"AWS knows {wanted}." if facts else f"AWS does not describe a type {wanted} here.",
    )  # fmt: skip
    yield _offered(wanted, instance, found)
    if facts is None:
        return
    yield from fits(wanted, instance, facts)
    yield _drivers(instance, found, facts)


def fits(wanted: str, instance: Facts, facts: Facts) -> Iterator[Check]:
    """Whether what an instance is and has goes with a type."""
    yield _architecture(wanted, instance, facts)
    yield _virtualisation(wanted, instance, facts)
    yield _boot(wanted, instance, facts)
    yield _network(wanted, instance, facts)
    yield from _room(wanted, instance, facts)


def _offered(wanted: str, instance: Facts, found: Described) -> Check:
    zone = instance.get("Placement", {}).get("AvailabilityZone", "its zone")
    if found.offering_zones is None:
        text = f"Whether {zone} offers {wanted} is not known; if not, it gets its old type back."
        return Check("Offered in the zone", None, text, is_blocking=False)
    is_ok = zone in found.offering_zones
    where = ", ".join(sorted(found.offering_zones)) or "no zone here"
    text = f"{zone} offers {wanted}." if is_ok else f"{wanted} is offered in {where}, not {zone}."
    return Check("Offered in the zone", is_ok, text)


def _architecture(wanted: str, instance: Facts, facts: Facts) -> Check:
    own = instance.get("Architecture")
    able = facts.get("ProcessorInfo", {}).get("SupportedArchitectures", [])
    if own is None or not able:
        text = "AWS does not state both architectures; a wrong one does not boot."
        return Check("Same architecture", None, text)
    is_ok = own in able
    text = f"Its image is {own}, {wanted} runs {', '.join(able)}."
    return Check("Same architecture", is_ok, text)


def _virtualisation(wanted: str, instance: Facts, facts: Facts) -> Check:
    own, able = instance.get("VirtualizationType"), facts.get("SupportedVirtualizationTypes")
    if own is None or able is None:
        text = "AWS does not state both kinds of virtualisation."
        return Check("Same virtualisation", None, text, is_blocking=False)
    return Check("Same virtualisation", own in able, f"It is {own}, {wanted} is {', '.join(able)}.")


def _boot(wanted: str, instance: Facts, facts: Facts) -> Check:
    """An image that prefers UEFI boots without it, too."""
    name, able = "Same boot mode", facts.get("SupportedBootModes")
    own = instance.get("BootMode") or _USUAL_BOOT.get(instance.get("Architecture", ""))
    if own is None or not able:
        text = "AWS does not state both boot modes; with a wrong one it does not come up."
        return Check(name, None, text, is_blocking=False)
    is_ok = own == "uefi-preferred" or own in able
    return Check(name, is_ok, f"It boots by {own}, {wanted} by {' or '.join(able)}.")


def _network(wanted: str, instance: Facts, facts: Facts) -> Check:
    name, support = "Network adapter", facts.get("NetworkInfo", {}).get("EnaSupport")
    if support != "required":
        return Check(name, True, f"{wanted} does not require ENA.")
    has = instance.get("EnaSupport")
    texts = {
        None: f"{wanted} requires ENA; whether the instance has it is not stated. If not, AWS "
        "refuses the start and it gets its old type back.",
        True: f"{wanted} requires ENA, and the instance has it.",
        False: f"{wanted} requires ENA, which the instance lacks.",
    }
    return Check(name, has, texts[has], is_blocking=has is not None)


def _drivers(instance: Facts, found: Described, facts: Facts) -> Check:
    """Disks are NVMe devices with other names on Nitro; only the system itself knows of drivers."""
    name, old = "Drivers", found.types.get(instance["InstanceType"], {}).get("Hypervisor")
    if facts.get("Hypervisor") == "nitro" and old != "nitro":
        text = (
            "The new type is on Nitro, the old one is not: the system needs NVMe and ENA drivers, "
            "and disks should be mounted by UUID."
        )
        return Check(name, False if old else None, text, is_blocking=False)
    return Check(name, True, "The hypervisor stays of its kind.", is_blocking=False)


def _room(wanted: str, instance: Facts, facts: Facts) -> Iterator[Check]:
    """As many disks and network interfaces as it has must fit."""
    disks = sum("Ebs" in mapping for mapping in instance.get("BlockDeviceMappings", []))
    cards = len(instance.get("NetworkInterfaces", []))
    for name, count, limit in (
        ("Volumes fit", disks, facts.get("EbsInfo", {}).get("MaximumEbsAttachments")),
        ("Network interfaces fit", cards,
         facts.get("NetworkInfo", {}).get("MaximumNetworkInterfaces")),
    ):  # fmt: skip
        if limit is None:
            text = f"It has {count}; how many {wanted} takes is not stated."
            yield Check(name, None, text, is_blocking=False)
        else:
            yield Check(name, count <= limit, f"It has {count}, {wanted} takes {limit}.")
