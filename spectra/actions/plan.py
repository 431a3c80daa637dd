"""What SPECTRA is about to change, step by step, with the way back: data that does nothing yet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from spectra.actions.calls import Call, Wait
from spectra.actions.destination import Destination
from spectra.actions.text import HEADER, block, one_line, prose

Kind = Literal["instance", "volume"]
Action = Literal[
    "stop", "start", "resize", "terminate", "delete volume", "change volume type", "move"
]
# Permissions that AWS asks for besides the one that a call is named after.
_ALSO_NEEDED = {
    "create_image": ("ec2:CreateSnapshot", "ec2:CreateTags"),
    "copy_image": ("ec2:CreateTags",),
    "run_instances": ("ec2:CreateTags",),
    "deregister_image": ("ec2:DeleteSnapshot",),
}
# Codes of AWS with which a stopped machine does not come up again as it was changed.
NO_ROOM = (
    "InsufficientInstanceCapacity",
    "InsufficientHostCapacity",
    "Unsupported",
    "UnsupportedOperation",
    "InvalidInstanceAttributeValue",
    "InvalidParameterCombination",
    "InstanceLimitExceeded",
    "VcpuLimitExceeded",
)


@dataclass(frozen=True, slots=True)
class Target:
    """An instance or a volume as it was shown to the person who decides.

    Attributes
    ----------
    type : str
        Instance type or volume type.
    state : str
        State it was shown in, such as ``running`` or ``available``.
    volume_ids : tuple of str
        EBS volumes attached to an instance.
    size_gib, iops, throughput : int or None
        Of a volume; its speed is known once it was read afresh [GiB, 1/s, MiB/s].
    is_shareable : bool
        Whether a volume may be attached to several instances at once.
    tags : mapping
        Its tags; whether SPECTRA may change it hangs on one of them.
    """

    account_id: str
    region: str
    resource_id: str
    kind: Kind
    type: str
    state: str
    name: str = ""
    availability_zone: str | None = None
    volume_ids: tuple[str, ...] = ()
    size_gib: int | None = None
    iops: int | None = None
    throughput: int | None = None
    is_shareable: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Name and ID, as a person reads them."""
        name = one_line(self.name)
        return f"{name} ({self.resource_id})" if name else self.resource_id

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Target:
        """Read what ``asdict`` wrote."""
        return cls(**{**data, "volume_ids": tuple(data["volume_ids"])})


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at before anything is changed.

    Attributes
    ----------
    is_ok : bool or None
        None when it cannot be known.
    is_blocking : bool
        Whether the plan may not run unless it is ok.
    """

    name: str
    is_ok: bool | None
    text: str
    is_blocking: bool = True

    @property
    def blocks(self) -> bool:
        """Whether it forbids the plan."""
        return self.is_blocking and self.is_ok is not True


@dataclass(frozen=True, slots=True)
class Step:
    """One call, what is waited for after it, and how it is undone.

    Attributes
    ----------
    text : str
        What it does, in a sentence.
    undo : Call or None
        The way back; None where there is none, or none is needed.
    undo_text : str
        The way back in a sentence, also where SPECTRA does not go it by itself.
    """

    call: Call
    text: str
    undo_text: str
    waits_for: Wait | None = None
    undo: Call | None = None
    undo_waits_for: Wait | None = None

    def as_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        parts = {name: getattr(self, name) for name in self.__slots__}
        return {k: v.as_dict() if isinstance(v, Call | Wait) else v for k, v in parts.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Step:
        """Read what `as_dict` wrote."""
        calls = {n: Call.from_dict(data[n]) for n in ("call", "undo") if data[n]}
        waits = {n: Wait.from_dict(data[n]) for n in ("waits_for", "undo_waits_for") if data[n]}
        return cls(**{**data, **calls, **waits})


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is done to one resource for one decision.

    Attributes
    ----------
    wanted : str
        Type it gets, where the action gives it one.
    checks : tuple of Check
        What was looked at; empty until they were made.
    note : str
        What a person should know before they decide.
    rolls_back_on : tuple of str
        Error codes of AWS after which the steps done so far are undone at once.
    destination : Destination or None
        Where a move goes.
    by_hand : tuple of str
        What is left to a person, a sentence each.
    predicted : mapping
        What was expected of it when it was decided on, by a name with its unit; kept so that it
        can be compared with what came.
    chosen_by : (key, value) or None
        Tag that the resource was chosen by, and must still have when the plan is carried out.
    """

    plan_id: str
    action: Action
    target: Target
    steps: tuple[Step, ...]
    wanted: str = ""
    checks: tuple[Check, ...] = ()
    note: str = ""
    rolls_back_on: tuple[str, ...] = ()
    destination: Destination | None = None
    by_hand: tuple[str, ...] = ()
    predicted: Mapping[str, float | None] = field(default_factory=dict)
    chosen_by: tuple[str, str] | None = None

    @property
    def confirmation(self) -> str:
        """What has to be typed before it runs."""
        return self.target.resource_id

    @property
    def title(self) -> str:
        """What it does, in a line."""
        change = f" from {self.target.type} to {self.wanted}" if self.wanted else ""
        if self.destination is not None:
            change = f" from {self.target.region} to {self.destination.region} as {self.wanted}"
        words = {"change volume type": "Change the type of", "delete volume": "Delete"}
        verb = words.get(self.action, self.action.capitalize())
        return f"{verb} {self.target.label}{change}"

    @property
    def is_reversible(self) -> bool:
        """Whether every step has a way back that SPECTRA can go, or needs none."""
        return self.action not in ("terminate", "delete volume")

    @property
    def permissions(self) -> tuple[str, ...]:
        """IAM actions that the steps and their undoing need, each once."""
        calls = [call for s in self.steps for call in (s.call, s.undo) if call is not None]
        names = [name for c in calls for name in (c.action, *_ALSO_NEEDED.get(c.operation, ()))]
        given = self.destination
        names += ["iam:PassRole"] if given and given.instance_profile_arn else []
        return tuple(dict.fromkeys(names))

    @property
    def blocked_by(self) -> tuple[Check, ...]:
        """Checks that forbid it."""
        return tuple(check for check in self.checks if check.blocks)

    def as_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {
            "plan_id": self.plan_id,
            "action": self.action,
            "target": {**asdict(self.target), "tags": dict(self.target.tags)},
            "steps": [step.as_dict() for step in self.steps],
            "wanted": self.wanted,
            "checks": [asdict(check) for check in self.checks],
            "note": self.note,
            "rolls_back_on": list(self.rolls_back_on),
            "destination": asdict(self.destination) if self.destination else None,
            "by_hand": list(self.by_hand),
            "predicted": dict(self.predicted),
            "chosen_by": list(self.chosen_by) if self.chosen_by else None,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """Read what `as_dict` wrote."""
        return cls(
            **{
                **data,
                "target": Target.from_dict(data["target"]),
                "steps": tuple(Step.from_dict(step) for step in data["steps"]),
                "checks": tuple(Check(**check) for check in data["checks"]),
                "rolls_back_on": tuple(data["rolls_back_on"]),
                # A journal of an earlier version has none of these.
                "destination": Destination.from_dict(to)
                if (to := data.get("destination"))
                else None,
                "by_hand": tuple(data.get("by_hand", ())),
                "chosen_by": tuple(tag) if (tag := data.get("chosen_by")) else None,
            }
        )

    def as_markdown(self) -> str:
        """The plan to read, to send and to keep."""
        target = self.target
        place = f"Account {target.account_id}, {target.availability_zone or target.region}"
        lines = [f"# {prose(self.title)}", "", f"{place}. Plan {self.plan_id}.", ""]
        lines += [prose(self.note), ""] if self.note else []
        if self.checks:
            lines += ["## Checks", "", *map(_check_line, self.checks), ""]
        lines += ["## Steps", ""]
        for number, step in enumerate(self.steps, 1):
            lines += [f"{number}. {prose(step.text)}", "", *block(step.call.as_boto3(), "python")]
            lines += [f"   Back: {prose(step.undo_text)}", ""]
            lines += block(step.undo.as_boto3(), "python") if step.undo else []
        lines += (
            ["## Left to a person", "", *(f"- {prose(t)}" for t in self.by_hand), ""]
            if (self.by_hand)
            else []
        )
        needed = ", ".join(f"`{name}`" for name in self.permissions)
        return "\n".join([*lines, "## Permissions", "", f"{needed}", ""])

    def as_cli_script(self) -> str:
        """The plan as a bash script with the AWS CLI, waits included; the way back as comments."""
        lines = [HEADER.format(title=json.dumps(self.title)[1:-1])]
        for number, step in enumerate(self.steps, 1):
            lines += [f"# {number}. {one_line(step.text)}", step.call.as_cli()]
            lines += [step.waits_for.as_cli()] if step.waits_for else []
            lines.append("")
        lines += ["# Left to a person:"] if self.by_hand else []
        lines += [f"#   {one_line(text)}" for text in self.by_hand]
        lines.append("# The way back, last step first:")
        for step in reversed(self.steps):
            lines.append(f"#   {one_line(step.undo_text)}")
            for part in (step.undo, step.undo_waits_for):
                lines += [f"#   {one_line(part.as_cli())}"] if part else []
        return "\n".join([*lines, ""])


def _check_line(check: Check) -> str:
    mark = {True: "✓", False: "✗", None: "?"}[check.is_ok]
    weight = " (blocks)" if check.blocks else " (warning)" if check.is_ok is False else ""
    return f"- {mark} {check.name}{weight}: {prose(check.text)}"
