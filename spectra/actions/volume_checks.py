"""Whether a volume can be deleted or get another type."""

from __future__ import annotations

from collections.abc import Iterator

from spectra.actions.plan import Check, Plan
from spectra.sources.aws.described import Described, Facts
from spectra.units import with_article

# Sizes that AWS takes [GiB], by type.
SIZES_GIB = {
    "gp2": (1, 16_384),
    "gp3": (1, 65_536),
    "io1": (4, 16_384),
    "io2": (4, 65_536),
    "st1": (125, 16_384),
    "sc1": (125, 16_384),
}
_ROOT_DEVICES = ("/dev/xvda", "/dev/sda1", "/dev/sda")


def volume_checks(plan: Plan, volume: Facts, found: Described) -> Iterator[Check]:
    """Compare the plan with what the volume is now."""
    shown, kind, size = plan.target, volume["VolumeType"], volume["Size"]
    is_same = kind == shown.type and shown.size_gib in (None, size)
    yield Check(
        "As it was shown",
        is_same,
        f"It is {with_article(kind)} volume of {size} GiB"
        + ("." if is_same else f"; it was shown as {shown.type}, {shown.size_gib} GiB. Reload."),
    )
    if plan.action == "delete volume":
        yield unattached(volume)
    if plan.action == "change volume type":
        yield from _takes(plan.wanted, volume, size)
        changing = found.changing_to
        yield Check(
            "Not being changed", changing is None,
            "No earlier change is under way." if changing is None
            else f"AWS is still changing it to {changing}.",
        )  # fmt: skip


def unattached(volume: Facts) -> Check:
    """Whether nothing uses a volume."""
    users = [a.get("InstanceId", "an instance") for a in volume.get("Attachments", [])]
    is_free = volume["State"] == "available" and not users
    text = "It is attached to nothing." if is_free else f"It is {volume['State']}"
    if users:
        text += f", attached to {', '.join(users)}"
    return Check("Unattached", is_free, text if is_free else f"{text}.")


def _takes(wanted: str, volume: Facts, size: int) -> Iterator[Check]:
    low, high = SIZES_GIB.get(wanted, (0, 0))
    yield Check(
        "The size suits", low <= size <= high,
        f"It has {size} GiB, {wanted} takes {low} to {high} GiB.",
    )  # fmt: skip
    state = volume["State"]
    yield Check("In a state for it", state in ("available", "in-use"), f"It is {state}.")
    devices = [a.get("Device") for a in volume.get("Attachments", [])]
    if wanted in ("st1", "sc1"):
        is_root = any(device in _ROOT_DEVICES for device in devices)
        text = "It is a root disk, which cannot be a hard disk." if is_root else "It is no root."
        yield Check("No root disk", not is_root, text)
    if volume.get("MultiAttachEnabled"):
        yield Check("Attached once", False, "It is set up to be attached more than once.")
