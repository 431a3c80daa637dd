"""Changes of EC2: one call at a time, as a dry run or in earnest, and the waits after them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from botocore.exceptions import ClientError, WaiterError

from spectra.errors import RefusedError, SourceError
from spectra.sources.aws.access import Account
from spectra.sources.aws.errors import translated

DELAY_S = 15.0
DRY_RUN_OK = "DryRunOperation"
# Its own waiter asks for nothing but the checks, also of a machine that never came up.
_FIRST = {"instance_status_ok": "instance_running"}


class Ask(NamedTuple):
    """One call or wait; `name` is of an operation or a waiter of boto3, `action` of IAM."""

    service: str
    name: str
    region: str
    arguments: Mapping[str, Any]
    action: str


class Reply(NamedTuple):
    """What AWS answered to a call."""

    request_id: str
    answer: Mapping[str, Any]


def call(account: Account, ask: Ask) -> Reply:
    """Make one call that changes something.

    Raises
    ------
    SourceError
        RefusedError with AWS's code, NotEntitledError if it is not allowed.
    """
    with translated(ask.action, ask.region):
        answer = getattr(account.client(ask.service, ask.region), ask.name)(**ask.arguments)
    meta = answer.pop("ResponseMetadata", {})
    return Reply(str(meta.get("RequestId", "")), answer)


def dry_run(account: Account, ask: Ask) -> None:
    """Ask whether a call would be allowed; nothing is changed.

    Raises
    ------
    SourceError
        NotEntitledError if it would not; RefusedError if AWS finds another fault.
    """
    with translated(ask.action, ask.region):
        try:
            getattr(account.client(ask.service, ask.region), ask.name)(**ask.arguments, DryRun=True)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == DRY_RUN_OK:
                return
            raise
    raise RefusedError(
        f"AWS carried out the dry run of {ask.action} in {ask.region}, or did not know it for one.",
        next_step="Look in the AWS console at what happened before you go on.",
        code="NoDryRun",
    )


def wait(account: Account, ask: Ask, minutes: float, delay_s: float = DELAY_S) -> None:
    """Wait until a resource is in the state that a waiter of boto3 stands for.

    Raises
    ------
    SourceError
        RefusedError when it does not get there; its code is AWS's own reason where it gives one.
    """
    client = account.client(ask.service, ask.region)
    config = {"Delay": delay_s, "MaxAttempts": max(1, round(minutes * 60 / max(delay_s, 1.0)))}
    for name in filter(None, (_FIRST.get(ask.name), ask.name)):
        with translated(ask.action, ask.region):
            try:
                client.get_waiter(name).wait(**ask.arguments, WaiterConfig=config)
            except WaiterError as error:
                _refused(error)
                raise _not_there(account, name, ask, minutes) from None


def _refused(error: WaiterError) -> None:
    """Raise what AWS refused while it was asked, so that it is named as such."""
    answer = error.last_response
    if isinstance(answer, dict) and "Error" in answer:
        raise ClientError(answer, "wait")


def _not_there(account: Account, waiter: str, ask: Ask, minutes: float) -> RefusedError:
    code = _state_reason(account, ask.region, ask.arguments) or "WaiterError"
    words = waiter.replace("_", " ")
    return RefusedError(
        f"“{words}” did not come true in {ask.region} within {minutes:g} minutes ({code}).",
        next_step="Look at it in the AWS console; then resume or roll back.",
        code=code,
    )


def _state_reason(account: Account, region: str, arguments: Mapping[str, Any]) -> str:
    """Why an instance is in its state, such as ``InsufficientInstanceCapacity``; else empty."""
    if "InstanceIds" not in arguments:
        return ""
    try:
        with translated("ec2:DescribeInstances", region):
            found = account.client("ec2", region).describe_instances(**arguments)
        instance = found["Reservations"][0]["Instances"][0]
    except (SourceError, IndexError, KeyError):
        return ""
    if instance["State"]["Name"] not in ("stopped", "terminated"):
        return ""
    code: str = instance.get("StateReason", {}).get("Code", "")
    return code.removeprefix("Server.").removeprefix("Client.")
