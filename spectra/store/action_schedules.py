"""Schedules that start and stop instances by a tag."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from spectra.moments import in_utc
from spectra.store.database import Store


@dataclass(frozen=True, slots=True)
class ActionSchedule:
    """When instances with a tag are started and stopped.

    Attributes
    ----------
    cron_start, cron_stop : str or None
        Cron expressions in `timezone`; None where it only does the other.
    confirmed_at : datetime or None
        When a person confirmed it as it is; without that it does nothing.
    handled_until : datetime
        Times that came due before this moment were dealt with.
    """

    schedule_id: str
    name: str
    tag_key: str
    tag_value: str
    cron_start: str | None
    cron_stop: str | None
    timezone: str
    is_active: bool
    confirmed_at: datetime | None
    handled_until: datetime


def save_schedule(store: Store, schedule: ActionSchedule) -> None:
    """Add or replace a schedule."""
    with store.write(is_fact=False) as cursor:
        cursor.execute(
            f"INSERT OR REPLACE INTO action_schedules VALUES ({', '.join('?' * 10)})",
            [getattr(schedule, name) for name in schedule.__slots__],
        )


def delete_schedule(store: Store, schedule_id: str) -> None:
    """Delete a schedule; what it did stays in the journal."""
    with store.write(is_fact=False) as cursor:
        cursor.execute("DELETE FROM action_schedules WHERE schedule_id = ?", [schedule_id])


def schedules(store: Store) -> list[ActionSchedule]:
    """All schedules by name."""
    rows = store.cursor().execute("SELECT * FROM action_schedules ORDER BY name, schedule_id")
    return [ActionSchedule(*map(in_utc, row)) for row in rows.fetchall()]


def handle(store: Store, schedule: ActionSchedule, until: datetime) -> bool:
    """Note that everything up to a moment is dealt with, before it is: never twice.

    Returns
    -------
    bool
        False if it was deleted, or dealt with by another, since it was read.
    """
    with store.write(is_fact=False) as cursor:
        noted = cursor.execute(
            "UPDATE action_schedules SET handled_until = ? "
            "WHERE schedule_id = ? AND handled_until = ? RETURNING 1",
            [until, schedule.schedule_id, schedule.handled_until],
        ).fetchall()
    return bool(noted)
