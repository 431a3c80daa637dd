"""The one path by which a plan is carried out: permit, confirmation, checks, dry run, journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from spectra.actions.builders import with_volume
from spectra.actions.calls import Call
from spectra.actions.checks import check_plan, still_ours
from spectra.actions.journal import Journal
from spectra.actions.permit import Permit
from spectra.actions.plan import Plan
from spectra.actions.run import Outcome, Progress, Run
from spectra.actions.runner import Runner
from spectra.errors import GuardError, InputError, SourceError
from spectra.store.action_log import LoggedPlan

# Asked again with a made-up result, a dry run would fail for the made-up result.
_LATER = "It needs the result of an earlier step, so AWS cannot be asked yet."


@dataclass(frozen=True, slots=True)
class Trial:
    """What the dry run of one call said.

    Attributes
    ----------
    is_allowed : bool or None
        None where AWS could not be asked.
    step : int
        Number of the step that the call is of; 0 where none was reached.
    is_back : bool
        The call is that step's way back.
    """

    action: str
    is_allowed: bool | None
    text: str
    step: int = 0
    is_back: bool = False

    @property
    def place(self) -> str:
        """Which call it is of, in words."""
        way_back = ", way back" if self.is_back else ""
        return f"Step {self.step}{way_back}: {self.action}" if self.step else self.action


def examine(plan: Plan, runner: Runner) -> Plan:
    """Read the resource afresh and return the plan with its checks, and its way back to that.

    Raises
    ------
    SourceError
        If the resource cannot be read.
    """
    found = runner.describe(plan)
    checks = check_plan(plan, found, account_id=runner.account_id, tag=runner.tag)
    ready = plan if found.volume is None else with_volume(plan, found.volume)
    return replace(ready, checks=checks)


def dry_run(plan: Plan, runner: Runner) -> list[Trial]:
    """Ask AWS of every call, those of the way back included, whether it would be allowed."""
    return [
        Trial(call.action, *_asked(call, runner), number, is_back)
        for number, step in enumerate(plan.steps, 1)
        for call, is_back in ((step.call, False), (step.undo, True))
        if call is not None
    ]


def _asked(call: Call, runner: Runner) -> tuple[bool | None, str]:
    """Whether one call would be allowed, and why, or why that is not known."""
    try:
        call.resolved({})
    except InputError:
        return None, _LATER
    if not call.has_dry_run:
        return None, "AWS has no dry run of it."
    try:
        runner.dry_run(call, {})
    except SourceError as error:
        return False, str(error)
    return True, "It would be allowed."


def execute(  # noqa: PLR0913 (one argument for each guard)
    plan: Plan,
    runner: Runner,
    journal: Journal,
    *,
    confirmation: str,
    permit: Permit,
    progress: Progress | None = None,
    origin: str = "page",
) -> Outcome:
    """Carry a plan out, step by step; stops at the first error with everything written down.

    The resource is read, checked and dry-run again here, whatever was seen before.

    Parameters
    ----------
    confirmation : str
        As it was typed; must be the plan's own.
    origin : str
        Who wants it, for the journal.

    Raises
    ------
    GuardError
        If it is not allowed, not confirmed, or a check or the dry run says no.
    BusyError
        If the resource has an unfinished plan.
    SourceError
        If the resource cannot be read; nothing was changed in any of these cases.
    """
    permit.require()
    require_confirmation(confirmation, plan.confirmation)
    checked = require_safe(plan, runner)
    journal.begin(checked, runner.name, origin=origin)
    return Run(checked, runner, journal, progress).forward()


def resume(  # noqa: PLR0913 (one argument for each guard)
    plan_id: str,
    runner: Runner,
    journal: Journal,
    *,
    permit: Permit,
    confirmation: str = "",
    progress: Progress | None = None,
) -> Outcome:
    """Go on with a plan that stopped at an error or was interrupted.

    A step that had begun is looked at first: what took effect is not done again.

    Parameters
    ----------
    confirmation : str
        Needed where the plan cannot be undone: the same text as before.

    Raises
    ------
    GuardError
        If it is not allowed or confirmed, or the plan cannot be resumed.
    BusyError
        If it is under way.
    """
    permit.require()
    entry, plan = _entry(plan_id, runner, journal), journal.plan(plan_id)
    if entry.state not in ("running", "failed"):
        raise GuardError(f"Plan {plan_id} is {entry.state}; there is nothing to resume.")
    if not plan.is_reversible:
        require_confirmation(confirmation, plan.confirmation)
    _require_ours(plan, runner, stops=any(
        step.call.operation == "stop_instances" and logged.state != "done"
        for step, logged in zip(plan.steps, journal.steps(plan_id), strict=True)
    ))  # fmt: skip
    journal.take(entry, "running")
    return Run(plan, runner, journal, progress).forward()


def roll_back(  # noqa: PLR0913 (one argument for each guard)
    plan_id: str,
    runner: Runner,
    journal: Journal,
    *,
    permit: Permit,
    confirmation: str = "",
    progress: Progress | None = None,
) -> Outcome:
    """Undo what a plan did, the last step first; snapshots are kept.

    Parameters
    ----------
    confirmation : str
        Needed where the plan is done: the same text as before.

    Raises
    ------
    GuardError
        If it is not allowed, or a step of it cannot be undone.
    BusyError
        If it is under way.
    """
    permit.require()
    entry, plan = _entry(plan_id, runner, journal), journal.plan(plan_id)
    if entry.state not in ("running", "failed", "done", "rolling back"):
        raise GuardError(f"Plan {plan_id} is {entry.state}; there is nothing to undo.")
    if entry.state == "done":
        require_confirmation(confirmation, plan.confirmation)
    _require_ours(plan, runner, stops=any(
        step.undo is not None and step.undo.operation == "stop_instances"
        and logged.state not in ("pending", "undone")
        for step, logged in zip(plan.steps, journal.steps(plan_id), strict=True)
    ))  # fmt: skip
    run = Run(plan, runner, journal, progress)
    run.require_way_back(was_done=entry.state == "done")
    journal.take(entry, "rolling back")
    return run.back()


def close(plan_id: str, journal: Journal) -> None:
    """Close a plan that a person has settled by hand; nothing is called.

    Raises
    ------
    GuardError
        If it needs no closing.
    """
    entry = journal.entry(plan_id)
    if not entry.is_unfinished:
        raise GuardError(f"Plan {plan_id} is {entry.state}; it needs no closing.")
    journal.take(entry, "closed")


def require_confirmation(typed: str, wanted: str) -> None:
    """Raise a GuardError unless the text was typed as it was asked for."""
    if typed.strip() != wanted:
        raise GuardError(
            "The confirmation does not match; nothing was changed.",
            next_step=f"Type “{wanted}”.",
        )


def require_safe(plan: Plan, runner: Runner) -> Plan:
    """The plan with its checks made now; raises a GuardError if one of them, or AWS, says no."""
    checked = examine(plan, runner)
    if checked.blocked_by:
        reasons = " ".join(check.text for check in checked.blocked_by)
        raise GuardError(f"{plan.title} is not safe: {reasons}", next_step="Nothing was changed.")
    denied = [trial for trial in dry_run(checked, runner) if trial.is_allowed is False]
    if denied:
        raise GuardError(
            f"The dry run of {plan.title} fails: {denied[0].text}",
            next_step="Nothing was changed.",
        )
    return checked


def _require_ours(plan: Plan, runner: Runner, *, stops: bool) -> None:
    """Raise a GuardError if a plan may not be taken up again; much may be new since its checks."""
    found = runner.describe(plan)
    checks = still_ours(plan, found, account_id=runner.account_id, tag=runner.tag, stops=stops)
    if reasons := " ".join(check.text for check in checks if check.blocks):
        raise GuardError(
            f"{plan.target.label} may not be changed: {reasons}",
            next_step="Put that right, or settle it by hand and close the plan.",
        )


RunnerOf = Callable[[Plan], Runner]


def _entry(plan_id: str, runner: Runner, journal: Journal) -> LoggedPlan:
    entry = journal.entry(plan_id)
    if (entry.runner, entry.account_id) != (runner.name, runner.account_id):
        raise GuardError(
            f"Plan {plan_id} belongs to account {entry.account_id}, not to {runner.account_id}.",
            next_step="Sign in to that account.",
        )
    return entry
