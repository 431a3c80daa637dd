"""Whether a call took effect, told from what a resource is now: for a run that was interrupted."""

from __future__ import annotations

from spectra.actions.calls import Call, Result
from spectra.sources.aws.described import Described

_GONE = ("shutting-down", "terminated")


def happened(call: Call, found: Described) -> bool | None:  # noqa: PLR0911 (one line an operation)
    """Whether a call has taken effect; None where that cannot be told.

    Parameters
    ----------
    found : Described
        Read just now, with what the plan has created.
    """
    state = found.instance["State"]["Name"] if found.instance else None
    if (name := _undoes(call)) is not None:
        return name not in found.created
    match call.operation:
        case "stop_instances":
            return state in ("stopping", "stopped")
        case "start_instances":
            return state in ("pending", "running")
        case "modify_instance_attribute":
            wanted = call.arguments.get("InstanceType", {}).get("Value")
            return None if wanted is None or not found.instance else (
                found.instance["InstanceType"] == wanted
            )  # fmt: skip
        case "terminate_instances":
            return state is None or state in _GONE
        case "create_tags" | "delete_tags":
            return False  # doing it again does no harm
        case "create_snapshot" | "create_image" | "copy_image" | "run_instances":
            return call.gives in found.created
        case "delete_volume":
            return found.volume is None or found.volume["State"] in ("deleting", "deleted")
        case "modify_volume":
            wanted = call.arguments["VolumeType"]
            kind = found.volume["VolumeType"] if found.volume else None
            return wanted in (kind, found.changing_to)
    return None


def _undoes(call: Call) -> str | None:
    """Name of what a call removes again, where an earlier step of the plan made it."""
    match call.operation, dict(call.arguments):
        case "deregister_image", {"ImageId": Result(name)}:
            return name
        case "terminate_instances", {"InstanceIds": [Result(name)]}:
            return name
    return None
