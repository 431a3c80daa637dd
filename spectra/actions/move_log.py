"""Moves as the journal has them, and in words what one that stopped half-way left where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from spectra.actions.journal import Journal, results_of
from spectra.actions.moving import IMAGE, IMAGE_COPY, INSTANCE_COPY
from spectra.actions.plan import Plan
from spectra.actions.runner import Runner
from spectra.errors import SourceError
from spectra.sources.aws.described import Described
from spectra.store import Store, action_log
from spectra.store.action_log import LoggedPlan, PlanState


@dataclass(frozen=True, slots=True)
class Move:
    """A move that was begun, and the two machines that it is about.

    Attributes
    ----------
    target_id : str or None
        ID of the copy; None while none was launched.
    predicted : mapping
        What was expected of it, as `plan_move` was given it.
    launched_at, stopped_at : datetime or None
        When the copy had passed its checks, and when the source was stopped.
    """

    plan_id: str
    state: PlanState
    account_id: str
    source_id: str
    source_region: str
    source_type: str
    target_id: str | None
    target_region: str
    target_type: str
    predicted: Mapping[str, float | None]
    created_at: datetime
    launched_at: datetime | None
    stopped_at: datetime | None


def moves(store: Store, count: int = 200, *, state: PlanState | None = None) -> list[Move]:
    """The latest moves, or those in one state, the newest first.

    Those that were not begun are left out.
    """
    found = action_log.plans(store, count, action="move", state=state)
    return [_move(Journal(store), entry) for entry in found if entry.state != "skipped"]


def _move(journal: Journal, entry: LoggedPlan) -> Move:
    plan, steps = Plan.from_dict(entry.plan), journal.steps(entry.plan_id)
    ended = {s.operation: s.ended_at for s in steps if s.state != "failed"}
    to = plan.destination
    assert to is not None  # noqa: S101 (a move has one)
    return Move(
        entry.plan_id, entry.state, entry.account_id, entry.resource_id, entry.region,
        plan.target.type, results_of(plan, steps).get(INSTANCE_COPY), to.region, to.instance_type,
        plan.predicted, entry.created_at, ended.get("run_instances"), ended.get("stop_instances"),
    )  # fmt: skip


def left_behind(plan: Plan, runner: Runner, journal: Journal) -> str:
    """What exists where of a move by now, in words; empty for any other plan."""
    if plan.destination is None:
        return ""
    try:
        found: Described | SourceError = runner.describe(plan, created=True)
    except SourceError as error:
        found = error
    return whereabouts(plan, journal.results(plan), found)


def whereabouts(plan: Plan, known: Mapping[str, str], found: Described | SourceError) -> str:
    """What exists where after a move stopped, the source first.

    Parameters
    ----------
    known : mapping
        What the journal has of the steps' results.
    found : Described or SourceError
        Read just now with what the plan made, or why it could not be read.
    """
    to, source = plan.destination, plan.target
    if to is None:
        return ""
    made = known if isinstance(found, SourceError) else found.created
    places = ((IMAGE, "image", source.region), (IMAGE_COPY, "image", to.region),
              (INSTANCE_COPY, "instance", to.region))  # fmt: skip
    parts = [f"{kind} {made[name]} in {region}" for name, kind, region in places if name in made]
    listed = ", ".join(parts) or "nothing"
    if isinstance(found, SourceError):
        return (
            f"By the journal the move has made: {listed}. AWS cannot be asked now whether that is "
            f"all, nor how {source.resource_id} is."
        )
    state = found.instance["State"]["Name"] if found.instance else "not there"
    return (
        f"The source {source.resource_id} in {source.region} is {state}. "
        f"The move has made: {listed}. Resume it to go on, or roll it back to remove that."
    )
