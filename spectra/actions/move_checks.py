"""Whether an instance can be moved to another region: all that AWS's dry run does not catch."""

from __future__ import annotations

from collections.abc import Iterator

from spectra.actions.destination import Destination
from spectra.actions.plan import Check, Plan
from spectra.actions.type_checks import fits
from spectra.sources.aws.described import Described, Facts
from spectra.sources.aws.elsewhere import Elsewhere
from spectra.units import with_article

Found = Iterator[Check]


def move_checks(
    plan: Plan, instance: Facts, found: Described, tag: tuple[str, str] | None
) -> Found:
    """Compare the source and its destination with what was read of both just now."""
    to, there = plan.destination, found.elsewhere
    if to is None or there is None:
        yield Check("The target region", None, "Nothing was read of the target region.")
        return
    yield _residency(to)
    yield _enabled(to, there)
    yield _stays_ours(plan, tag)
    yield from _type(to, there, instance)
    yield _quota(to, there)
    yield from _network(to, there)
    yield _encryption(to, there)
    yield from _bound(instance)
    yield from _left_behind(to, instance, found)


def _residency(to: Destination) -> Check:
    name = "Data may be kept there"
    if to.allowed_regions is None:
        text = f"No list of allowed regions was given; whether data may go to {to.region} is yours."
        return Check(name, None, text, is_blocking=False)
    is_ok = to.region in to.allowed_regions
    listed = ", ".join(sorted(to.allowed_regions)) or "none"
    return Check(name, is_ok, f"{to.region} is {'' if is_ok else 'not '}allowed ({listed}).")


def _enabled(to: Destination, there: Elsewhere) -> Check:
    texts = {
        None: f"Whether {to.region} is enabled for the account is not known.",
        True: f"{to.region} is enabled for the account.",
        False: f"{to.region} is not enabled for the account; enable it in the console first.",
    }
    known = there.is_enabled
    return Check("The region is enabled", known, texts[known], is_blocking=known is not None)


def _stays_ours(plan: Plan, tag: tuple[str, str] | None) -> Check:
    """The way back terminates the copy, which the role may only with the tag."""
    is_ok = tag is None or plan.target.tags.get(tag[0]) == tag[1]
    text = "The copy gets the tags of the source." if is_ok or tag is None else (
        f"The copy would lack the tag {tag[0]}, and could not be undone. Reload."
    )  # fmt: skip
    return Check("The copy is tagged for SPECTRA", is_ok, text)


def _type(to: Destination, there: Elsewhere, instance: Facts) -> Found:
    kind, zone = to.instance_type, to.availability_zone
    if there.offering_zones is None:
        text = f"Whether {zone} offers {kind} is not known; if not, the launch is refused."
        yield Check("Offered in the zone", None, text, is_blocking=False)
    else:
        is_ok = zone in there.offering_zones
        where = ", ".join(sorted(there.offering_zones)) or f"no zone of {to.region}"
        text = f"{zone} offers {kind}." if is_ok else f"{kind} is offered in {where}, not {zone}."
        yield Check("Offered in the zone", is_ok, text)
    if there.type_facts is None:
        text = f"AWS does not describe {kind} in {to.region}: whether the image boots is not known."
        yield Check("The type is described", None, text)
        return
    yield from fits(kind, instance, there.type_facts)


def _quota(to: Destination, there: Elsewhere) -> Check:
    """What the type needs must be free under the account's quota."""
    name = "Within the quota of vCPUs"
    needs = (there.type_facts or {}).get("VCpuInfo", {}).get("DefaultVCpus")
    quota, used = there.vcpu_quota, there.vcpus_running
    if needs is None or quota is None or used is None:
        text = "The quota or its use cannot be read; AWS refuses the launch where it is too low."
        return Check(name, None, text, is_blocking=False)
    is_ok = used + needs <= quota
    copy = with_article(to.instance_type)
    text = f"{to.region} runs {used:g} of {quota:g} vCPUs, and {copy} takes {needs}."
    return Check(name, is_ok, text)


def _network(to: Destination, there: Elsewhere) -> Found:
    subnet, asked = there.subnet, to.subnet_id or f"a default subnet in {to.availability_zone}"
    if subnet is None:
        text = f"Whether there is {asked} is not known; if not, the launch is refused."
        yield Check("The subnet", None, text, is_blocking=False)
    elif not subnet:
        text = f"There is no {asked.removeprefix('a ')}; name a subnet of {to.region}."
        yield Check("The subnet", False, text)
    else:
        zone = subnet.get("AvailabilityZone")
        is_there = zone == to.availability_zone
        text = f"{subnet['SubnetId']} is in {zone}" + (
            "." if is_there else f", not {to.availability_zone}."
        )
        yield Check("The subnet", is_there, text)
        free = subnet.get("AvailableIpAddressCount")
        if free is not None:
            yield Check("A free address", free > 0, f"{subnet['SubnetId']} has {free} left.")
    yield _groups(to, there)
    if to.key_name:
        texts = {None: "Whether it exists is not known.", True: "It exists.",
                 False: f"{to.region} has no key pair {to.key_name}."}  # fmt: skip
        has = there.has_key_pair
        yield Check("The key pair", has, texts[has], is_blocking=has is not None)


def _groups(to: Destination, there: Elsewhere) -> Check:
    name = "The security groups"
    if not to.security_group_ids:
        text = "None is named: the copy gets the default group of the VPC, not the source's rules."
        return Check(name, None, text, is_blocking=False)
    if there.groups is None:
        return Check(name, None, "Whether they exist is not known.", is_blocking=False)
    missing = [group for group in to.security_group_ids if group not in there.groups]
    if missing:
        return Check(name, False, f"{to.region} has no {', '.join(missing)}.")
    vpc = (there.subnet or {}).get("VpcId")
    strange = [g for g in to.security_group_ids if vpc is not None and there.groups[g] != vpc]
    text = f"{', '.join(strange)} is of another VPC than the subnet." if strange else (
        "They exist, in the VPC of the subnet."
    )  # fmt: skip
    return Check(name, not strange, text)


def _encryption(to: Destination, there: Elsewhere) -> Check:
    name = "A key for the disks"
    if to.kms_key_id:
        texts = {None: f"Whether {to.kms_key_id} exists in {to.region} is not known.",
                 True: f"{to.kms_key_id} encrypts the copies.",
                 False: f"{to.region} has no enabled key {to.kms_key_id}."}  # fmt: skip
        has = there.has_kms_key
        return Check(name, has, texts[has], is_blocking=has is not None)
    if there.source_volumes is None:
        text = "Whether a disk is encrypted is not known; AWS would take its own key there."
        return Check(name, None, text, is_blocking=False)
    locked = [v["VolumeId"] for v in there.source_volumes if v.get("Encrypted")]
    text = "No disk is encrypted." if not locked else (
        f"{', '.join(locked)} is encrypted, and keys stay in their region: name one of {to.region} "
        "(alias/aws/ebs is AWS's own)."
    )  # fmt: skip
    return Check(name, not locked, text)


def _bound(instance: Facts) -> Found:
    """Ties of the source that a copy does not have."""
    codes = [c.get("ProductCodeId", "?") for c in instance.get("ProductCodes", [])]
    yield Check(
        "No product code", not codes,
        "Its image is under no product code." if not codes
        else f"Its image is a product ({', '.join(codes)}), whose licence may not allow a copy.",
    )  # fmt: skip
    place = instance.get("Placement", {})
    group = place.get("GroupName")
    yield Check(
        "In no placement group", not group,
        "It is in none." if not group
        else f"It is in {group}, whose machines belong together; move them together, by hand.",
    )  # fmt: skip
    is_own = place.get("Tenancy", "default") == "default"
    text = f"Its tenancy is {place.get('Tenancy', 'default')}"
    yield Check(
        "Shared tenancy", is_own, f"{text}." if is_own else f"{text}, the copy's would be default."
    )
    count = len(instance.get("NetworkInterfaces", []))
    yield Check(
        "One network interface", count <= 1,
        "It has no further one." if count <= 1
        else f"It has {count}; the copy would have one, with other addresses.",
    )  # fmt: skip


def _left_behind(to: Destination, instance: Facts, found: Described) -> Found:
    """What does not come along, and loses nothing by it."""
    elastic = sorted(found.elastic_addresses or ())
    yield Check(
        "No Elastic IP", None if found.elastic_addresses is None else not elastic,
        f"{', '.join(elastic)} stays behind; the copy has another address." if elastic
        else "It has none." if found.elastic_addresses is not None
        else "Whether it has one is not known; it would stay behind.",
        is_blocking=False,
    )  # fmt: skip
    is_kept = found.protections.get("disableApiTermination")
    texts = {
        None: "It is not known whether it is set.",
        True: "It is set: the source is only stopped, and the copy is not protected.",
        False: "It is not set.",
    }
    yield Check(
        "No termination protection", None if is_kept is None else not is_kept, texts[is_kept],
        is_blocking=False,
    )  # fmt: skip
    profile = instance.get("IamInstanceProfile", {}).get("Arn", "")
    is_same = profile == to.instance_profile_arn
    text = f"The source has {profile or 'none'}, the copy gets {to.instance_profile_arn or 'none'}."
    yield Check("The same role", is_same, text, is_blocking=False)
    tokens = instance.get("MetadataOptions", {}).get("HttpTokens")
    is_safe = tokens != "required" or to.http_tokens == "required"
    text = "The source takes only signed requests to its metadata, the copy may not."
    yield Check("Metadata as safe", is_safe, "It is no less strict." if is_safe else text,
                is_blocking=False)  # fmt: skip
