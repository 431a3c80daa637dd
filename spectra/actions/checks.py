"""What is looked at before a change: all that AWS's own dry run does not catch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from spectra.actions.move_checks import move_checks
from spectra.actions.plan import Check, Plan
from spectra.actions.type_checks import type_checks
from spectra.actions.volume_checks import unattached, volume_checks
from spectra.sources.aws.described import Described, Facts
from spectra.units import counted, with_article

ASG_TAG = "aws:autoscaling:groupName"
_FROM = {"stop": ("running",), "start": ("stopped",), "resize": ("running", "stopped"),
         "terminate": ("running", "stopped"), "move": ("running",)}  # fmt: skip
# Of a volume nobody can tell whether it was in use since its snapshot, so that must be young.
COPY_AGE = timedelta(days=1)

Found = Iterator[Check]


def check_plan(
    plan: Plan, found: Described, *, account_id: str, tag: tuple[str, str] | None
) -> tuple[Check, ...]:
    """Every check of a plan against what was read just now.

    What cannot be known is said so; it blocks only where data would be lost.

    Parameters
    ----------
    account_id : str
        Account that the calls would go to.
    tag : (key, value) or None
        Tag that the resource must have; None where any may be changed.
    """
    resource = found.instance if plan.target.kind == "instance" else found.volume
    if resource is None:
        text = f"{plan.target.resource_id} is not there any more."
        return (Check("It exists", False, text),)
    checks = [_account(plan, account_id), *_tagged("Tagged for SPECTRA", resource, tag)]
    checks += _tagged("Tagged for the schedule", resource, plan.chosen_by)
    if plan.target.kind == "volume":
        return (*checks, *volume_checks(plan, resource, found))
    checks += _unchanged(plan, resource)
    checks += _ours(plan, resource)
    if plan.action in ("stop", "terminate", "move") or _goes_down(plan, resource):
        checks += _may_go_down(plan, resource, found)
    if plan.action == "terminate":
        checks += _may_end(plan, resource, found)
    if plan.action == "resize":
        checks += type_checks(plan, resource, found)
    if plan.action == "move":
        checks += move_checks(plan, resource, found, tag)
    return tuple(checks)


def still_ours(
    plan: Plan, found: Described, *, account_id: str, tag: tuple[str, str] | None, stops: bool
) -> tuple[Check, ...]:
    """What must hold when a plan is taken up again, to go on or to undo it.

    Parameters
    ----------
    stops : bool
        Its machine is to be stopped, which must be as safe as any other stop.
    """
    resource = found.instance if plan.target.kind == "instance" else found.volume
    if resource is None:
        return ()
    checks = [_account(plan, account_id), *_tagged("Tagged for SPECTRA", resource, tag)]
    if stops and resource["State"]["Name"] in ("pending", "running"):
        checks += [*_ours(plan, resource), *_may_go_down(plan, resource, found)]
    return tuple(checks)


def last_checks(
    plan: Plan, found: Described, copied_at: datetime | None, now: datetime
) -> tuple[Check, ...]:
    """What must hold right before something is gone for good: its copies still are all of it.

    Parameters
    ----------
    copied_at : datetime or None
        When the first snapshot was begun; None where there is none.
    """
    if found.volume is not None:
        is_young = copied_at is not None and now - copied_at <= COPY_AGE
        text = "Its snapshot is not older than a day." if is_young else (
            "Its snapshot is older than a day, and it may have been in use since."
        )  # fmt: skip
        return (unattached(found.volume), Check("Copied lately", is_young, text))
    if found.instance is None:
        return ()
    return (_at_rest(found.instance, copied_at), *_may_end(plan, found.instance, found))


def _at_rest(instance: Facts, copied_at: datetime | None) -> Check:
    """A machine that ran after its disks were copied has written what no copy holds."""
    state, launched = instance["State"]["Name"], instance.get("LaunchTime")
    ran = copied_at is not None and launched is not None and launched > copied_at
    text = "It was stopped all the time." if state == "stopped" else f"It is {state}, not stopped."
    if ran:
        text = f"It is {state} and was started after its disks were copied."
    return Check("At rest since it was copied", state == "stopped" and not ran, text)


def tags_of(resource: Facts) -> dict[str, str]:
    """Tags of a resource by key."""
    return {tag["Key"]: tag["Value"] for tag in resource.get("Tags", [])}


def _goes_down(plan: Plan, instance: Facts) -> bool:
    return plan.action == "resize" and instance["State"]["Name"] != "stopped"


def _account(plan: Plan, account_id: str) -> Check:
    is_ok = plan.target.account_id == account_id
    return Check(
        "The right account",
        is_ok,
        f"The keys are of account {account_id}"
        + ("." if is_ok else f", the plan is for {plan.target.account_id}."),
    )


def _tagged(name: str, resource: Facts, tag: tuple[str, str] | None) -> Found:
    if tag is None:
        return
    key, value = tag
    is_ok = tags_of(resource).get(key) == value
    have = "has" if is_ok else "lacks"
    yield Check(name, is_ok, f"It {have} the tag {key} = {value}.")


def _unchanged(plan: Plan, instance: Facts) -> Found:
    """The view that the decision was made on still holds."""
    shown, state, kind = plan.target, instance["State"]["Name"], instance["InstanceType"]
    same = (state, kind) == (shown.state, shown.type)
    was = f"{shown.state} and {with_article(shown.type)}. Reload"
    yield Check(
        "As it was shown",
        same,
        f"It is {state} and {with_article(kind)}" + ("." if same else f"; it was shown as {was}."),
    )
    wanted = _FROM.get(plan.action)
    if wanted:
        yield Check(
            "In a state for it", state in wanted, f"It is {state}, not {' or '.join(wanted)}."
            if state not in wanted else f"It is {state}.",
        )  # fmt: skip


def _ours(plan: Plan, instance: Facts) -> Found:
    """Nobody else decides about the machine."""
    lifecycle = instance.get("InstanceLifecycle", "on-demand")
    yield Check(
        "On demand", lifecycle == "on-demand",
        "It is on demand." if lifecycle == "on-demand"
        else f"It is {with_article(lifecycle)} instance, whose market or reservation decides "
        "about it.",
    )  # fmt: skip
    group = tags_of(instance).get(ASG_TAG)
    yield Check(
        "In no autoscaling group", group is None,
        "It is in none." if group is None
        else f"The group {group} would replace it; move the group's template instead."
        if plan.action == "move"
        else f"The group {group} would replace it; change the group instead.",
    )  # fmt: skip
    tenancy = instance.get("Placement", {}).get("Tenancy", "default")
    yield Check(
        "On no dedicated host", tenancy != "host",
        f"Its tenancy is {tenancy}." if tenancy != "host"
        else "It is tied to a dedicated host, which may not have its place free again.",
    )  # fmt: skip


def _may_go_down(plan: Plan, instance: Facts, found: Described) -> Found:
    """It can be stopped without loss."""
    if plan.action != "terminate" or instance["State"]["Name"] != "stopped":
        yield _protection(found, "disableApiStop", "stop")
    root = instance.get("RootDeviceType")
    yield Check(
        "Its root disk stays", None if root is None else root == "ebs",
        "Its root disk is on EBS." if root == "ebs" else "AWS does not say what its root disk is."
        if root is None else "Its root disk is an instance store, which a stop erases.",
    )  # fmt: skip
    yield _instance_store(instance, found)
    hibernates = instance.get("HibernationOptions", {}).get("Configured")
    yield Check(
        "No hibernation", not hibernates,
        "It is not set up for hibernation." if not hibernates
        else "It is set up for hibernation; a plain stop does not keep its memory.",
        is_blocking=plan.action == "resize",
    )  # fmt: skip
    yield _address(plan, instance, found)


def _instance_store(instance: Facts, found: Described) -> Check:
    facts = found.types.get(instance["InstanceType"])
    has = None if facts is None else facts.get("InstanceStorageSupported")
    kind = with_article(instance["InstanceType"])
    texts = {
        None: f"AWS does not say whether {kind} has local disks, which a stop would erase.",
        True: f"A{kind[1:]} has local disks; what is on them is lost at a stop.",
        False: f"A{kind[1:]} has no local disks.",
    }
    return Check("No local disks", None if has is None else not has, texts[has])


def _address(plan: Plan, instance: Facts, found: Described) -> Check:
    """A public address that is not elastic is another one after a stop."""
    name, public = "Its public address", instance.get("PublicIpAddress")
    if public is None:
        return Check(name, True, "It has none.", is_blocking=False)
    if found.elastic_addresses is None:
        text = f"Whether {public} is an Elastic IP is not known; if not, a stop changes it."
        return Check(name, None, text, is_blocking=False)
    if public not in found.elastic_addresses:
        text = f"{public} is no Elastic IP: it is given back, and the next start gets another."
        return Check(name, False, text, is_blocking=False)
    if plan.action == "terminate":
        text = f"The Elastic IP {public} stays and is charged; release it yourself."
        return Check(name, False, text, is_blocking=False)
    return Check(name, True, f"{public} is an Elastic IP and stays.", is_blocking=False)


def _protection(found: Described, attribute: str, verb: str) -> Check:
    """AWS itself refuses what is protected, so that not knowing it loses nothing."""
    value = found.protections.get(attribute)
    texts = {
        None: f"It is not known whether {attribute} is set; AWS refuses the {verb} if it is.",
        True: f"{attribute} is set: somebody protected it from this.",
        False: f"{attribute} is not set.",
    }
    is_ok = None if value is None else not value
    return Check(f"Not protected from {verb}", is_ok, texts[value], is_blocking=value is not None)


def _may_end(plan: Plan, instance: Facts, found: Described) -> Found:
    """Nothing goes that was not copied."""
    yield _protection(found, "disableApiTermination", "termination")
    mappings = instance.get("BlockDeviceMappings", [])
    attached = {m["Ebs"]["VolumeId"] for m in mappings if "Ebs" in m}
    missed = sorted(attached - set(plan.target.volume_ids))
    yield Check(
        "Every volume is snapshotted", not missed,
        f"{counted(len(attached), 'volume')}, a snapshot of each." if not missed
        else f"{', '.join(missed)} would not be snapshotted. Reload.",
    )  # fmt: skip
