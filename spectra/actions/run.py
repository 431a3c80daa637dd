"""One run of a plan, forward or back: every call between two entries of the journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from spectra.actions.calls import Call, Wait
from spectra.actions.checks import last_checks
from spectra.actions.journal import Journal
from spectra.actions.move_log import left_behind
from spectra.actions.outcome import happened
from spectra.actions.plan import Plan, Step
from spectra.actions.runner import Runner
from spectra.errors import GuardError, RefusedError, SpectraError, StoreError, unexpected
from spectra.sources.aws.changing import Reply
from spectra.store.action_log import LoggedStep, PlanState

Progress = Callable[[float, str], None]
# After these nothing is left but the copies.
FINAL = ("terminate_instances", "delete_volume")
_NO_IMAGE = ("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a run.

    Attributes
    ----------
    failed_step : int or None
        Number of the step that met the error.
    """

    plan_id: str
    state: PlanState
    text: str
    failed_step: int | None = None
    error: SpectraError | None = None

    @property
    def is_done(self) -> bool:
        """Whether everything that was planned was done."""
        return self.state == "done"

    @property
    def is_undone(self) -> bool:
        """Whether everything that was done was undone because somebody wanted it."""
        return self.state == "rolled back" and self.error is None


class Run:
    """Carries a plan that was begun in the journal forward or back."""

    def __init__(
        self, plan: Plan, runner: Runner, journal: Journal, progress: Progress | None = None
    ) -> None:
        self._plan, self._runner, self._journal = plan, runner, journal
        self._say = progress or (lambda share, text: None)
        self._remarks: list[str] = []

    def forward(self) -> Outcome:
        """Do every step that is not done yet; stop at the first error."""
        return self._ended(self._forward)

    def back(self, cause: SpectraError | None = None, failed_step: int | None = None) -> Outcome:
        """Undo every step that took effect, the last one first; stop at the first error."""
        return self._ended(lambda: self._back(cause, failed_step))

    def _ended(self, work: Callable[[], Outcome]) -> Outcome:
        """What a run gives; its end counts even where the journal has no room for it."""
        try:
            return work()
        except StoreError as error:
            text = f"{self._plan.title}: {error} What was done in AWS stays; go on with it then."
            return Outcome(self._plan.plan_id, "failed", text, error=error)
        finally:
            self._journal.let_go(self._plan.plan_id)

    def _forward(self) -> Outcome:
        number = 0
        try:
            for number, (step, logged) in enumerate(self._steps(), 1):
                if logged.state != "done":
                    self._say((number - 1) / len(self._plan.steps), step.text)
                    self._do(number, step, was_begun=logged.state != "pending")
        except SpectraError as error:
            return self._stopped(number, error)
        except Exception as error:  # noqa: BLE001 (whatever it is, it has to be written down)
            return self._stopped(number, unexpected(error))
        except BaseException:
            # A page that is left, for one: nobody carries it out any more.
            self._journal.set(self._plan.plan_id, "failed", f"Interrupted at step {number}.")
            self._settle()
            raise
        self._journal.set(self._plan.plan_id, "done")
        try:
            self._say(1.0, "Done")
        finally:
            self._settle()
        return Outcome(self._plan.plan_id, "done", f"{self._plan.title}: done.")

    def _back(self, cause: SpectraError | None, failed_step: int | None) -> Outcome:
        plan_id, number = self._plan.plan_id, 0
        try:
            for number, (step, logged) in reversed([*enumerate(self._steps(), 1)]):
                self._say(1 - number / len(self._plan.steps), step.undo_text)
                self._undo(number, step, logged)
        except SpectraError as error:
            return self._stuck(number, error, cause)
        except Exception as error:  # noqa: BLE001 (whatever it is, it has to be written down)
            return self._stuck(number, unexpected(error), cause)
        except BaseException:
            self._journal.set(plan_id, "failed", f"Interrupted on the way back, at step {number}.")
            self._settle()
            raise
        remarks = " ".join([str(cause) if cause else "", *self._remarks]).strip()
        self._journal.set(plan_id, "rolled back", remarks)
        self._settle()
        text = f"{cause} What was done before was undone." if cause else (
            " ".join([f"{self._plan.title}: undone.", *self._remarks])
        )  # fmt: skip
        return Outcome(plan_id, "rolled back", text, failed_step, cause)

    def require_way_back(self, *, was_done: bool) -> None:
        """Raise a GuardError if a step that cannot be undone took effect.

        Parameters
        ----------
        was_done : bool
            The plan was over: what it changed must still be as it left it.
        """
        for step, logged in self._steps():
            is_final = step.undo is None and not step.call.gives
            if is_final and self._took_effect(step, logged):
                raise GuardError(f"{self._plan.title} cannot be undone.", next_step=step.undo_text)
            if was_done and step.call.operation.startswith("modify_"):
                found = self._runner.describe(self._plan)
                if happened(step.call, found) is False:
                    raise GuardError(
                        f"{self._plan.target.label} was changed since by somebody else.",
                        next_step="Make a new plan from what it is now.",
                    )

    def _do(self, number: int, step: Step, *, was_begun: bool) -> None:
        plan_id, call = self._plan.plan_id, step.call
        if not (was_begun and self._has_happened(number, call)):
            if call.operation in FINAL:
                self._require_copied()
            if call.operation == "stop_instances":
                self._require_copy_runs()
            results = self._journal.results(self._plan)
            self._journal.before(plan_id, number, call.resolved(results))
            reply = self._runner.call(call, results)
            self._journal.called(plan_id, number, reply.request_id, call.result_of(reply.answer))
        self._wait(step.waits_for)
        self._journal.done(plan_id, number)

    def _require_copied(self) -> None:
        """Raise a GuardError if the copies are not all of it any more.

        Snapshots take hours, and a plan may be resumed after days.
        """
        began = [logged.started_at for step, logged in self._steps()
                 if step.call.gives and logged.started_at is not None]  # fmt: skip
        found = self._runner.describe(self._plan)
        checks = last_checks(self._plan, found, min(began, default=None), datetime.now(UTC))
        if reasons := " ".join(check.text for check in checks if check.blocks):
            raise GuardError(
                f"{self._plan.title} is not safe any more: {reasons}",
                next_step="Undo what was done, or close it; then make a new plan.",
            )

    def _require_copy_runs(self) -> None:
        """Before the source of a move is stopped: a move may be resumed after days."""
        for step in self._plan.steps if self._plan.destination else ():
            if step.call.operation == "run_instances":
                self._wait(step.waits_for)

    def _has_happened(self, number: int, call: Call) -> bool:
        """Whether a call that had begun took effect; its result is written down if it did."""
        found = self._runner.describe(self._plan, created=True)
        did = happened(call, found)
        if did is None:
            raise _untold(call)
        if did and call.gives:
            self._journal.called(self._plan.plan_id, number, "", found.created[call.gives])
        return did

    def _undo(self, number: int, step: Step, logged: LoggedStep) -> None:
        plan_id = self._plan.plan_id
        if logged.state in ("undone", "kept") or not self._took_effect(step, logged):
            return
        if step.undo is None:
            self._journal.kept(plan_id, number)
            return
        was_undone = logged.state == "undoing" and self._is_undone(step.undo)
        if not was_undone:
            results = self._journal.results(self._plan)
            self._journal.undoing(plan_id, number, step.undo.resolved(results))
            reply = self._call_back(step, results)
            self._journal.undo_called(plan_id, number, reply)
        self._wait(step.undo_waits_for)
        self._journal.undone(plan_id, number)

    def _call_back(self, step: Step, results: dict[str, str]) -> str:
        """Make the call of the way back; where it comes too early, when the step is over."""
        assert step.undo is not None  # noqa: S101 (asked before)
        try:
            reply = self._runner.call(step.undo, results)
            self._remarks += _kept_snapshots(step.undo, reply)
            return reply.request_id
        except RefusedError as error:
            if step.undo.operation == "deregister_image" and error.code in _NO_IMAGE:
                return ""  # somebody was faster
            if error.code != "IncorrectInstanceState" or step.waits_for is None:
                raise
        self._wait(step.waits_for)
        return self._runner.call(step.undo, results).request_id

    def _took_effect(self, step: Step, logged: LoggedStep) -> bool:
        """Whether a step did anything; one that was interrupted is looked at."""
        if logged.state in ("running", "failed"):
            found = self._runner.describe(self._plan, created=True)
            did = happened(step.call, found)
            if did is None:
                raise _untold(step.call)
            if did and step.call.gives and logged.result is None:
                # The way back needs it, and the answer that held it was lost.
                result = found.created[step.call.gives]
                self._journal.called(self._plan.plan_id, logged.number, "", result)
            # A tag that may or may not be there is taken off again: that does no harm.
            return did or step.call.operation == "create_tags"
        return logged.state != "pending"

    def _is_undone(self, undo: Call) -> bool:
        did = happened(undo, self._runner.describe(self._plan, created=True))
        if did is None:
            raise _untold(undo)
        return did

    def _wait(self, wait: Wait | None) -> None:
        if wait is not None:
            self._runner.wait(wait, self._journal.results(self._plan))

    def _steps(self) -> list[tuple[Step, LoggedStep]]:
        return list(zip(self._plan.steps, self._journal.steps(self._plan.plan_id), strict=True))

    def _stopped(self, number: int, error: SpectraError) -> Outcome:
        """Write down where it stopped; where there was no room for the change, undo it."""
        plan_id = self._plan.plan_id
        self._journal.failed(plan_id, number, error)
        left = self._left()
        self._journal.set(plan_id, "failed", f"Step {number}: {error}{left}")
        if isinstance(error, RefusedError) and error.code in self._plan.rolls_back_on:
            self._journal.set(plan_id, "rolling back", f"Step {number}: {error}")
            return self.back(error, number)
        self._settle()
        of = len(self._plan.steps)
        text = f"{self._plan.title} stopped at step {number} of {of}: {error}{left}"
        return Outcome(plan_id, "failed", text, number, error)

    def _stuck(self, number: int, error: SpectraError, cause: SpectraError | None) -> Outcome:
        plan_id = self._plan.plan_id
        reasons = f"{cause} " if cause else ""
        text = f"{reasons}The way back stopped at step {number}: {error}{self._left()}"
        self._journal.set(plan_id, "failed", text)
        self._settle()
        return Outcome(plan_id, "failed", text, number, error)

    def _left(self) -> str:
        """Of a move, what exists where now; begins with a space where there is anything."""
        text = left_behind(self._plan, self._runner, self._journal)
        return f" {text}" if text else ""

    def _settle(self) -> None:
        """Numbers that cannot follow yet do not undo what was done."""
        try:
            self._runner.settle(self._plan)
        except SpectraError as error:
            self._say(1.0, f"Done, but the numbers do not follow yet: {error}")


def _kept_snapshots(undo: Call, reply: Reply) -> list[str]:
    """Snapshots of an image that AWS did not delete with it, a sentence each."""
    found = reply.answer.get("DeleteSnapshotResults", [])
    return [
        f"The snapshot {item['SnapshotId']} in {undo.region} could not be deleted "
        f"({item['ReturnCode']}) and is charged; delete it yourself."
        for item in found
        if item.get("ReturnCode") != "success"
    ]


def _untold(call: Call) -> GuardError:
    return GuardError(
        f"Whether {call.action} took effect cannot be told.",
        next_step="Look in the AWS console, then close the plan.",
    )
