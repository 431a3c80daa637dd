"""Jobs to schedule, and every run that was planned for them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from spectra.moments import in_utc
from spectra.store.database import Store
from spectra.store.grid_queries import Factor
from spectra.store.latency_queries import NEWEST

Slot = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class SavedJob:
    """A job as it was saved; `spec` holds its form.

    Attributes
    ----------
    cron : str or None
        When it comes due, in `timezone`; None for a job that runs once.
    """

    job_id: str
    name: str
    spec: dict[str, Any]
    cron: str | None
    timezone: str
    is_active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """One planned run, and what running at once at home was expected to emit instead.

    Attributes
    ----------
    earliest, deadline : datetime
        Its window; with the job the earliest start names the run.
    power_kw, home_power_kw : float
        At the meter of its region, and of the home region [kW].
    planned_grams, planned_now_grams : float
        In its slots with what follows, and at once at home [gCO2e].
    transfer_grams : float or None
        What moving its data to its region emits [gCO2e]; None where it is not known.
    restart_grams : float
        What each start after the first emits [gCO2e].
    at_once : datetime
        When running at once begins: at the earliest start, or when it was first planned if later.
    """

    job_id: str
    earliest: datetime
    deadline: datetime
    region: str
    zone: str
    factor: Factor
    power_kw: float
    home_zone: str
    home_power_kw: float
    duration_hours: float
    slots: tuple[Slot, ...]
    planned_grams: float
    planned_now_grams: float
    probability: float | None
    planned_at: datetime
    transfer_grams: float | None
    restart_grams: float
    at_once: datetime


def save_job(store: Store, job: SavedJob) -> None:
    """Add or replace a job."""
    with store.write(is_fact=False) as cursor:
        cursor.execute(
            "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                job.job_id,
                job.name,
                json.dumps(job.spec),
                job.cron,
                job.timezone,
                job.is_active,
                job.created_at,
            ],
        )


def delete_job(store: Store, job_id: str) -> None:
    """Delete a job and its runs."""
    with store.write(is_fact=False) as cursor:
        cursor.execute("DELETE FROM job_runs WHERE job_id = ?", [job_id])
        cursor.execute("DELETE FROM jobs WHERE job_id = ?", [job_id])


def jobs(store: Store) -> list[SavedJob]:
    """All jobs, the newest first."""
    rows = store.cursor().execute("SELECT * FROM jobs ORDER BY created_at DESC").fetchall()
    return [SavedJob(row[0], row[1], json.loads(row[2]), *row[3:]) for row in rows]


def spec_of(store: Store, job_id: str) -> dict[str, Any]:
    """The form of a job as it was saved; empty for one that was not."""
    row = store.row("SELECT spec FROM jobs WHERE job_id = ?", [job_id])
    return {} if row is None else dict(json.loads(row[0]))


def allows_home(store: Store, spec: dict[str, Any], zone: str) -> bool:
    """Whether a job's limits on country and latency allow its home's zone, as when it is placed.

    Latency is what regions are compared by, proxies apart; home may be where it is not known.
    """
    row = store.row(
        f"""
        SELECT (len($countries) = 0 OR list_contains($countries, any_value(country)))
            AND ($most IS NULL OR coalesce($most >= (
                SELECT rtt_ms_p50 FROM ({NEWEST}) WHERE region = $home AND NOT is_proxy), true))
        FROM region_factors WHERE zone = $zone
        """,
        {
            "countries": list(spec.get("countries", [])),
            "most": spec.get("max_latency_ms"),
            "home": spec.get("home"),
            "zone": zone,
        },
    )
    return bool(row and row[0])


def keep_run(store: Store, run: Run) -> None:
    """Keep a planned run; one that is planned anew before it starts is replaced."""
    slots = json.dumps([[a.isoformat(), b.isoformat()] for a, b in run.slots])
    with store.write(is_fact=False) as cursor:
        cursor.execute(
            f"INSERT OR REPLACE INTO job_runs VALUES ({', '.join('?' * 18)})",
            [
                run.job_id,
                run.earliest,
                run.deadline,
                run.region,
                run.zone,
                run.factor,
                run.power_kw,
                run.home_zone,
                run.home_power_kw,
                run.duration_hours,
                slots,
                run.planned_grams,
                run.planned_now_grams,
                run.probability,
                run.planned_at,
                run.transfer_grams,
                run.restart_grams,
                run.at_once,
            ],
        )


def runs(store: Store, count: int = 500) -> list[Run]:
    """The latest runs, by their earliest start, newest first."""
    rows = (
        store.cursor()
        .execute("SELECT * FROM job_runs ORDER BY earliest DESC LIMIT ?", [count])
        .fetchall()
    )
    return [_run(row) for row in rows]


def run_count(store: Store) -> int:
    """How many runs are kept."""
    row = store.row("SELECT count(*) FROM job_runs")
    return int(row[0]) if row else 0


def runs_between(store: Store, start: datetime, end: datetime) -> list[Run]:
    """Runs whose earliest start lies in [start, end), newest first."""
    rows = (
        store.cursor()
        .execute(
            "SELECT * FROM job_runs WHERE earliest >= ? AND earliest < ? ORDER BY earliest DESC",
            [start, end],
        )
        .fetchall()
    )
    return [_run(row) for row in rows]


def run_of(store: Store, job_id: str, earliest: datetime) -> Run | None:
    """The run of a job that is due at a moment."""
    row = store.row("SELECT * FROM job_runs WHERE job_id = ? AND earliest = ?", [job_id, earliest])
    return None if row is None else _run(row)


def _run(row: tuple[Any, ...]) -> Run:
    slots = tuple(
        (datetime.fromisoformat(a).astimezone(UTC), datetime.fromisoformat(b).astimezone(UTC))
        for a, b in json.loads(row[10])
    )
    facts: list[Any] = [in_utc(value) for value in row]
    facts[10] = slots
    return Run(*facts)
