"""Starts and stops by the clock: due times of schedules, through the same guarded path."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from spectra import units
from spectra.actions.builders import start, stop
from spectra.actions.executor import RunnerOf, execute, require_confirmation
from spectra.actions.journal import Journal
from spectra.actions.permit import Permit
from spectra.actions.plan import Action, Plan
from spectra.actions.run import Outcome
from spectra.actions.targets import targets
from spectra.cron import next_time
from spectra.errors import GuardError, InputError, SpectraError, StoreError
from spectra.store import Store
from spectra.store.action_schedules import ActionSchedule, handle, save_schedule, schedules

# A time that was missed by more, while nothing ran, is not made up for.
LATE = timedelta(hours=1)
# The state in which a machine is when there is something to do.
_FROM: dict[Action, str] = {"stop": "running", "start": "stopped"}


def new_schedule(  # noqa: PLR0913 (the parts of one record)
    name: str,
    tag: tuple[str, str],
    *,
    cron_start: str | None = None,
    cron_stop: str | None = None,
    timezone: str = "UTC",
    now: datetime | None = None,
) -> ActionSchedule:
    """A schedule that is not confirmed yet.

    Raises
    ------
    InputError
        If it has no name, no time, one of its times never comes, or it would start and stop what
        it names at one moment.
    """
    if not name.strip() or not all(tag):
        raise InputError("A schedule needs a name and a tag.")
    if not (cron_start or cron_stop):
        raise InputError("A schedule needs a time to start or to stop.")
    now = now or datetime.now(UTC)
    for cron in filter(None, (cron_start, cron_stop)):
        next_time(cron, timezone, now)
    if cron_start and cron_stop and (met := _meeting(cron_start, cron_stop, timezone, now)):
        raise InputError(
            f"It would start and stop at one time, on {met:%d %b %Y at %H:%M} UTC first.",
            next_step="Give it times that never meet.",
        )
    return ActionSchedule(
        uuid4().hex[:12], name.strip(), *tag, cron_start or None, cron_stop or None, timezone,
        True, None, now,
    )  # fmt: skip


def _meeting(cron_start: str, cron_stop: str, timezone: str, after: datetime) -> datetime | None:
    """The first of the next thousand times at which both come due; None if they do not meet."""
    first, second = (next_time(cron, timezone, after) for cron in (cron_start, cron_stop))
    for _ in range(1_000):
        if first == second:
            return first
        if first < second:
            first = next_time(cron_start, timezone, first)
        else:
            second = next_time(cron_stop, timezone, second)
    return None


def confirm(
    store: Store, schedule: ActionSchedule, typed: str, now: datetime | None = None
) -> ActionSchedule:
    """Keep a schedule once its name was typed; it acts from now on.

    Raises
    ------
    GuardError
        If something else was typed.
    """
    require_confirmation(typed, schedule.name)
    now = now or datetime.now(UTC)
    confirmed = replace(schedule, confirmed_at=now, handled_until=now)
    save_schedule(store, confirmed)
    return confirmed


def next_due(schedule: ActionSchedule, after: datetime) -> tuple[datetime, Action] | None:
    """What a schedule does next, and when in UTC."""
    crons: list[tuple[Action, str | None]] = [
        ("start", schedule.cron_start), ("stop", schedule.cron_stop),
    ]  # fmt: skip
    times = [(next_time(cron, schedule.timezone, after), action) for action, cron in crons if cron]
    return min(times) if times else None


def due(schedule: ActionSchedule, now: datetime) -> tuple[datetime, Action] | None:
    """The last thing that came due since the schedule was handled, if it is not too late for it."""
    found, moment = None, max(schedule.handled_until, now - LATE)
    while (coming := next_due(schedule, moment)) is not None and coming[0] <= now:
        found, moment = coming, coming[0]
    return found


def missed(schedule: ActionSchedule, now: datetime) -> tuple[datetime, Action] | None:
    """The first thing that came due since the schedule was handled, and is too late by now."""
    coming = next_due(schedule, schedule.handled_until)
    return coming if coming is not None and coming[0] <= now - LATE else None


def run_due(
    store: Store, runner_of: RunnerOf, permit: Permit, now: datetime | None = None
) -> list[Outcome]:
    """Do what schedules have due; everything they do, and everything refused, is journalled."""
    now = now or datetime.now(UTC)
    outcomes: list[Outcome] = []
    for schedule in schedules(store):
        if not schedule.is_active or schedule.confirmed_at is None:
            continue
        found = due(schedule, now)
        lost = missed(schedule, now) if found is None else None
        if (found or lost) is None or not handle(store, schedule, now):
            continue
        if found is not None:
            outcomes += _run(store, schedule, found[1], runner_of, permit)
        elif lost is not None:
            outcomes += _told_missed(store, schedule, *lost)
    return outcomes


def plans_of(store: Store, schedule: ActionSchedule, action: Action) -> list[Plan]:
    """Plans for every instance with the tag that is not yet as the schedule wants it."""
    return [plan for plan in _plans(store, schedule, action) if plan.target.state == _FROM[action]]


def _plans(store: Store, schedule: ActionSchedule, action: Action) -> list[Plan]:
    """Plans for every instance with the tag, in whatever state it was listed."""
    build, tag = (stop if action == "stop" else start), (schedule.tag_key, schedule.tag_value)
    # The listing may be old: who took the tag off since does not want it any more.
    return [
        replace(build(found), chosen_by=tag) for found in targets(store, kind="instance", tag=tag)
    ]


def _plans_now(
    store: Store, schedule: ActionSchedule, action: Action, runner_of: RunnerOf
) -> Iterator[Plan]:
    """As `plans_of`, and for those that the last listing had in another state than they are in."""
    for plan in _plans(store, schedule, action):
        if plan.target.state == _FROM[action]:
            yield plan
            continue
        try:
            instance = runner_of(plan).describe(plan).instance
        except SpectraError:
            yield plan  # who wants to carry it out cannot either, and says why
            continue
        if instance is not None and instance["State"]["Name"] == _FROM[action]:
            yield replace(plan, target=replace(plan.target, state=_FROM[action]))


def _run(
    store: Store, schedule: ActionSchedule, action: Action, runner_of: RunnerOf, permit: Permit
) -> list[Outcome]:
    """Run plans one by one; what is not safe is left out, and the first failure ends it."""
    journal, outcomes = Journal(store), list[Outcome]()
    plans = (
        list(_plans_now(store, schedule, action, runner_of))
        if permit
        else plans_of(store, schedule, action)
    )
    origin, why = f"schedule {schedule.name}", ""
    if plans and (refused := _too_many(len(plans), permit)):
        # One line for all: by the minute, thousands of machines would flood the journal.
        others = f" Nor were {len(plans) - 1} others changed." if len(plans) > 1 else ""
        return [_skipped(journal, plans[0], f"{refused}{others}", origin)]
    for plan in plans:
        if not why:
            try:
                outcome = execute(
                    plan, runner_of(plan), journal,
                    confirmation=plan.confirmation, permit=permit, origin=origin,
                )  # fmt: skip
            except SpectraError as error:
                outcomes.append(_skipped(journal, plan, str(error), origin))
                continue
            outcomes.append(outcome)
            why = "" if outcome.is_done else f"Not begun: {outcome.plan_id} before it failed."
        else:
            outcomes.append(_skipped(journal, plan, why, origin))
    return outcomes


def _told_missed(
    store: Store, schedule: ActionSchedule, moment: datetime, action: Action
) -> list[Outcome]:
    """One line for what was not done in time, under the first machine with the tag."""
    plans = _plans(store, schedule, action)
    why = (
        f"The {action} of {units.moment_text(moment)} was missed by more than an hour and is not "
        "made up for."
    )
    origin = f"schedule {schedule.name}"
    return [_skipped(Journal(store), plan, why, origin) for plan in plans[:1]]


def _too_many(count: int, permit: Permit) -> str:
    try:
        permit.require()
    except GuardError as error:
        return str(error)
    if count > permit.limit:
        return f"{count} instances have the tag, and at most {permit.limit} are changed at once."
    return ""


def _skipped(journal: Journal, plan: Plan, why: str, origin: str) -> Outcome:
    with suppress(StoreError):  # what became of those before it has to be told
        journal.skip(plan, "none", why, origin=origin, batch_id=None)
    return Outcome(plan.plan_id, "skipped", f"{plan.title}: {why}")
