"""The journal of actions: every plan that was begun, and how far each of its steps came."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from spectra.errors import BusyError, InputError
from spectra.moments import in_utc
from spectra.store.database import Store
from spectra.store.presence import is_alive

if TYPE_CHECKING:
    import duckdb

PlanState = Literal["running", "done", "failed", "skipped", "rolling back", "rolled back", "closed"]
StepState = Literal["pending", "running", "done", "failed", "undoing", "undone", "kept"]
# A resource with such a plan takes no other before it is resumed, rolled back or closed.
UNFINISHED: tuple[PlanState, ...] = ("running", "failed", "rolling back")
# Of a journal that is looked at.
JOURNAL_ROWS = 500
# Plans that this process carries out now, by the opening that they began in: what a full disk kept
# from being written down has ended all the same.
_CARRIED: set[tuple[str, str]] = set()
_STEP_COLUMNS = {
    "state", "arguments", "request_id", "result", "error_code", "error", "started_at",
    "ended_at", "undo_arguments", "undo_request_id", "undo_started_at", "undone_at",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LoggedPlan:
    """A plan as it was begun, and what became of it.

    Attributes
    ----------
    plan : dict
        The whole plan as plain values.
    origin : str
        Who wanted it: ``page``, or ``schedule`` and its name.
    owner : str
        Identity of the opened store that carried it out.
    """

    plan_id: str
    batch_id: str | None
    runner: str
    action: str
    account_id: str
    region: str
    resource_id: str
    plan: dict[str, Any]
    origin: str
    state: PlanState
    owner: str
    error: str
    created_at: datetime
    ended_at: datetime | None

    @property
    def is_unfinished(self) -> bool:
        """Whether it has to be resumed, rolled back or closed before another one."""
        return self.state in UNFINISHED


@dataclass(frozen=True, slots=True)
class LoggedStep:
    """How far one step came; arguments as they were sent."""

    plan_id: str
    number: int
    state: StepState
    operation: str
    arguments: str | None
    request_id: str | None
    result: str | None
    error_code: str | None
    error: str | None
    started_at: datetime | None
    ended_at: datetime | None
    undo_arguments: str | None
    undo_request_id: str | None
    undo_started_at: datetime | None
    undone_at: datetime | None


def begin_plan(  # noqa: PLR0913 (the parts of one record)
    store: Store,
    plan: Mapping[str, Any],
    operations: Sequence[str],
    *,
    runner: str,
    origin: str,
    batch_id: str | None = None,
    state: PlanState = "running",
    error: str = "",
) -> None:
    """Write a plan down with all its steps, before anything is done.

    Raises
    ------
    BusyError
        If the resource has a plan that is not finished, or this plan was begun already.
    """
    target, now = plan["target"], datetime.now(UTC)
    row = [
        plan["plan_id"], batch_id, runner, plan["action"], target["account_id"], target["region"],
        target["resource_id"], json.dumps(plan), origin, state, store.identity, error, now,
        None if state in UNFINISHED else now,
    ]  # fmt: skip
    with _carrying(store, plan["plan_id"], state) as cursor:
        _require_free(cursor, plan["plan_id"], target["resource_id"], state)
        cursor.execute(f"INSERT INTO action_plans VALUES ({', '.join('?' * 14)})", row)
        cursor.executemany(
            "INSERT INTO action_steps (plan_id, number, operation) VALUES (?, ?, ?)",
            [[plan["plan_id"], number, name] for number, name in enumerate(operations, 1)],
        )


@contextmanager
def _carrying(store: Store, plan_id: str, state: PlanState) -> Iterator[duckdb.DuckDBPyConnection]:
    """A transaction that puts a plan into a state; from a running one on it is carried out here."""
    key, is_new = (store.identity, plan_id), False
    try:
        with store.write(is_fact=False) as cursor:
            yield cursor
            if state in ("running", "rolling back"):
                is_new = key not in _CARRIED
                _CARRIED.add(key)
    except BaseException:
        if is_new:
            _CARRIED.discard(key)
        raise


def let_go(store: Store, plan_id: str) -> None:
    """A run of a plan has ended, whatever could be written down of it."""
    _CARRIED.discard((store.identity, plan_id))


def is_carried_out(store: Store, plan_id: str, owner: str) -> bool:
    """Whether the opening that a running plan belongs to is at it, else it was interrupted."""
    if owner == store.identity:
        return (owner, plan_id) in _CARRIED
    return is_alive(store, owner)


def _require_free(
    cursor: duckdb.DuckDBPyConnection, plan_id: str, resource_id: str, state: PlanState
) -> None:
    """Raise BusyError if a plan is there already, or a running one would meet an unfinished one."""
    busy = cursor.execute(
        "SELECT plan_id, state FROM action_plans WHERE plan_id = $plan OR (resource_id = $id "
        "AND list_contains($unfinished, state) AND $state = 'running')",
        {"plan": plan_id, "id": resource_id, "unfinished": list(UNFINISHED), "state": state},
    ).fetchall()
    if busy:
        raise BusyError(
            f"Plan {busy[0][0]} for {resource_id} is {busy[0][1]}.",
            next_step="Resume it, roll it back or close it first; nothing was started.",
        )


def set_plan(store: Store, plan_id: str, state: PlanState, error: str = "") -> None:
    """Write down what became of a plan; an open state also takes it over for this opening."""
    ended = None if state in UNFINISHED else datetime.now(UTC)
    with store.write(is_fact=False) as cursor:
        cursor.execute(
            "UPDATE action_plans SET state = ?, error = ?, owner = ?, ended_at = ? "
            "WHERE plan_id = ?",
            [state, error, store.identity, ended, plan_id],
        )


def take_plan(store: Store, plan_id: str, state: PlanState, seen: PlanState) -> None:
    """Take over a plan that nobody carries out now.

    Parameters
    ----------
    seen : str
        State it was in when it was decided to take it over.

    Raises
    ------
    BusyError
        If it is under way in this or another opening of the store (else it was interrupted), or
        somebody else has taken it over since it was seen.
    """
    with _carrying(store, plan_id, state) as cursor:
        owners = cursor.execute(
            "SELECT owner FROM action_plans WHERE plan_id = ? "
            "AND state IN ('running', 'rolling back')",
            [plan_id],
        ).fetchall()
        if any(is_carried_out(store, plan_id, owner) for (owner,) in owners):
            raise BusyError(f"Plan {plan_id} is under way.", next_step="Wait until it has ended.")
        ended = None if state in UNFINISHED else datetime.now(UTC)
        taken = cursor.execute(
            "UPDATE action_plans SET state = ?, owner = ?, ended_at = ? "
            "WHERE plan_id = ? AND state = ? RETURNING 1",
            [state, store.identity, ended, plan_id, seen],
        ).fetchall()
        if not taken:
            raise BusyError(f"Plan {plan_id} is not {seen} any more.", next_step="Reload the page.")


def set_step(store: Store, plan_id: str, number: int, **values: Any) -> None:
    """Write down what is known of a step.

    Raises
    ------
    InputError
        If a name is no column.
    """
    if unknown := set(values) - _STEP_COLUMNS:
        raise InputError(f"A step has no {', '.join(sorted(unknown))}.")
    assignments = ", ".join(f"{name} = ?" for name in values)
    with store.write(is_fact=False) as cursor:
        cursor.execute(
            f"UPDATE action_steps SET {assignments} WHERE plan_id = ? AND number = ?",
            [*values.values(), plan_id, number],
        )


def plan_of(store: Store, plan_id: str) -> LoggedPlan:
    """A plan by its ID.

    Raises
    ------
    InputError
        If there is none.
    """
    row = store.row("SELECT * FROM action_plans WHERE plan_id = ?", [plan_id])
    if row is None:
        raise InputError(f"The journal has no plan {plan_id}.")
    return _plan(row)


def plans(
    store: Store, count: int = 200, *, action: str | None = None, state: PlanState | None = None
) -> list[LoggedPlan]:
    """The latest plans, or those of one action or in one state, the newest first."""
    rows = store.cursor().execute(
        "SELECT * FROM action_plans WHERE action = coalesce($action, action) "
        "AND state = coalesce($state, state) ORDER BY created_at DESC, plan_id LIMIT $count",
        {"action": action, "state": state, "count": count},
    )
    return [_plan(row) for row in rows.fetchall()]


def unfinished(store: Store) -> list[LoggedPlan]:
    """Plans that have to be resumed, rolled back or closed; the oldest first."""
    rows = store.cursor().execute(
        "SELECT * FROM action_plans WHERE list_contains(?, state) ORDER BY created_at",
        [list(UNFINISHED)],
    )
    return [_plan(row) for row in rows.fetchall()]


def steps_of(store: Store, plan_id: str) -> list[LoggedStep]:
    """The steps of a plan in order."""
    rows = store.cursor().execute(
        "SELECT * FROM action_steps WHERE plan_id = ? ORDER BY number", [plan_id]
    )
    return [LoggedStep(*map(in_utc, row)) for row in rows.fetchall()]


def journal(store: Store, count: int | None = JOURNAL_ROWS) -> pd.DataFrame:
    """Plans as a table: created_at, action, resource_id, region, runner, origin, state, error.

    The latest `count` of them, or all.
    """
    return store.frame(
        "SELECT created_at, plan_id, action, resource_id, account_id, region, runner, origin, "
        "state, error, ended_at FROM action_plans ORDER BY created_at DESC LIMIT ?",
        [count],
    )


def _plan(row: tuple[Any, ...]) -> LoggedPlan:
    values = list(map(in_utc, row))
    values[7] = json.loads(values[7])
    return LoggedPlan(*values)
