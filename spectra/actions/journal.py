"""The journal as a run writes it: before each call what is about to happen, after it what did."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from spectra.actions.plan import Plan
from spectra.errors import RefusedError, SpectraError
from spectra.store import Store, action_log
from spectra.store.action_log import LoggedPlan, LoggedStep, PlanState, StepState


class Journal:
    """Writes down the runs of plans in a store, and reads them again after a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(
        self, plan: Plan, runner: str, *, origin: str = "page", batch_id: str | None = None
    ) -> None:
        """Write a plan down; raises BusyError if its resource has an unfinished one."""
        operations = [step.call.operation for step in plan.steps]
        action_log.begin_plan(
            self._store, plan.as_dict(), operations,
            runner=runner, origin=origin, batch_id=batch_id,
        )  # fmt: skip

    def skip(self, plan: Plan, runner: str, why: str, *, origin: str, batch_id: str | None) -> None:
        """Write down that a plan was not begun, and why."""
        operations = [step.call.operation for step in plan.steps]
        action_log.begin_plan(
            self._store, plan.as_dict(), operations,
            runner=runner, origin=origin, batch_id=batch_id, state="skipped", error=why,
        )  # fmt: skip

    def plan(self, plan_id: str) -> Plan:
        """A plan as it was begun."""
        return Plan.from_dict(self.entry(plan_id).plan)

    def entry(self, plan_id: str) -> LoggedPlan:
        """A plan and what became of it."""
        return action_log.plan_of(self._store, plan_id)

    def steps(self, plan_id: str) -> list[LoggedStep]:
        """How far each step came."""
        return action_log.steps_of(self._store, plan_id)

    def results(self, plan: Plan) -> dict[str, str]:
        """What the steps of a plan gave so far, by name."""
        return results_of(plan, self.steps(plan.plan_id))

    def is_under_way(self, entry: LoggedPlan) -> bool:
        """Whether it is being carried out, in this or another tab; else it was interrupted."""
        return entry.state in ("running", "rolling back") and action_log.is_carried_out(
            self._store, entry.plan_id, entry.owner
        )

    def let_go(self, plan_id: str) -> None:
        """Nobody carries a plan out any more, whatever could be written down of it."""
        action_log.let_go(self._store, plan_id)

    def take(self, entry: LoggedPlan, state: PlanState) -> None:
        """Take over a plan that nobody carries out; raises BusyError if somebody did or does."""
        action_log.take_plan(self._store, entry.plan_id, state, entry.state)

    def set(self, plan_id: str, state: PlanState, error: str = "") -> None:
        """Write down what became of a plan."""
        action_log.set_plan(self._store, plan_id, state, error)

    def before(self, plan_id: str, number: int, arguments: dict[str, Any]) -> None:
        """A call is about to be made."""
        self._step(
            plan_id, number, "running", arguments=_text(arguments), started_at=_now(),
            error=None, error_code=None,
        )  # fmt: skip

    def called(self, plan_id: str, number: int, request_id: str, result: str | None) -> None:
        """A call was answered; it is not over before what is waited for came true."""
        self._step(plan_id, number, "running", request_id=request_id, result=result)

    def done(self, plan_id: str, number: int) -> None:
        """A step is over."""
        self._step(plan_id, number, "done", ended_at=_now())

    def failed(self, plan_id: str, number: int, error: SpectraError) -> None:
        """A step met an error; whether its call took effect is found out when it is resumed."""
        code = error.code if isinstance(error, RefusedError) else type(error).__name__
        self._step(plan_id, number, "failed", error=str(error), error_code=code, ended_at=_now())

    def undoing(self, plan_id: str, number: int, arguments: dict[str, Any]) -> None:
        """The way back of a step is about to be gone."""
        self._step(
            plan_id, number, "undoing", undo_arguments=_text(arguments), undo_started_at=_now()
        )

    def undo_called(self, plan_id: str, number: int, request_id: str) -> None:
        """The call of the way back was answered."""
        self._step(plan_id, number, "undoing", undo_request_id=request_id)

    def undone(self, plan_id: str, number: int) -> None:
        """The way back of a step was gone."""
        self._step(plan_id, number, "undone", undone_at=_now())

    def kept(self, plan_id: str, number: int) -> None:
        """What a step did stays, since there is no way back or none is needed."""
        self._step(plan_id, number, "kept", undone_at=_now())

    def _step(self, plan_id: str, number: int, state: StepState, **values: Any) -> None:
        action_log.set_step(self._store, plan_id, number, state=state, **values)


def results_of(plan: Plan, steps: Iterable[LoggedStep]) -> dict[str, str]:
    """What steps gave so far, by the names that their plan has for it."""
    logged = {step.number: step.result for step in steps}
    return {
        step.call.gives: result
        for number, step in enumerate(plan.steps, 1)
        if step.call.gives and (result := logged.get(number)) is not None
    }


def _now() -> datetime:
    return datetime.now(UTC)


def _text(arguments: dict[str, Any]) -> str:
    return json.dumps(arguments, default=str)
