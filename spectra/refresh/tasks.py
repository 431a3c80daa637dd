"""The work of a refresh in pieces: each has its own age, its own failure and its own log entry."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from spectra import metering
from spectra.errors import (
    CredentialsError,
    NotEntitledError,
    SourceError,
    SpectraError,
    StoreError,
    ThrottledError,
    UnknownPlaceError,
    UnreachableError,
    unexpected,
)
from spectra.store import Store, source_state
from spectra.store.fetch_log import Fetch, log_fetch
from spectra.store.source_state import Key

WORKERS = 8
# What does not mend itself is not asked again soon, unless a person says so.
_WAITS: dict[type[SpectraError], timedelta] = {
    CredentialsError: timedelta(hours=1),
    NotEntitledError: timedelta(hours=24),
    UnknownPlaceError: timedelta(hours=24),
}
# After one of these the rest of the same group is not asked in this run.
_ENDS_GROUP = (CredentialsError, ThrottledError, UnreachableError)


class CancelledError(SpectraError):
    """This was left alone: a person stopped the refresh, or what it was for is not there now."""


@dataclass(frozen=True, slots=True)
class Landed:
    """What a task brought in.

    Attributes
    ----------
    read_until : datetime or None
        Exclusive end of what is now known whole; the next read begins there.
    notes : tuple of str
        What could not be read, in plain sentences.
    detail : str
        Kept with the state of the dataset for the next run.
    """

    row_count: int = 0
    window_start: datetime | None = None
    window_end: datetime | None = None
    read_until: datetime | None = None
    notes: tuple[str, ...] = ()
    detail: str = ""


class Estimate(NamedTuple):
    """Requests, and what the provider charges for them [USD]."""

    requests: int
    usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Task:
    """One dataset of one part of the world.

    Attributes
    ----------
    ttl : timedelta
        Younger data is not asked for again.
    group : str
        Tasks that fail together: one set of credentials, one service.
    estimate : callable
        What it would ask for and what that costs, found without asking; not cheap for all of
        them, so it is made when somebody wants to see it.
    """

    key: Key
    ttl: timedelta
    run: Callable[[], Landed]
    group: str
    estimate: Callable[[], Estimate] = lambda: Estimate(1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task."""

    key: Key
    status: Literal["ok", "failed", "cancelled"]
    row_count: int = 0
    detail: str = ""
    next_step: str = ""
    request_count: int = 0
    estimated_usd: float = 0.0
    seconds: float = 0.0


@dataclass(slots=True)
class Step:
    """Progress of one source."""

    total: int = 0
    done: int = 0
    failed: int = 0
    current: str = ""


class Progress:
    """Progress of a refresh, safe to read from another thread, and the way to stop it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps: dict[str, Step] = {}
        self.cancelled = threading.Event()
        self.phase = "Starting"
        self.phase_share = 0.0

    def expect(self, tasks: Sequence[Task]) -> None:
        """Add work that lies ahead."""
        with self._lock:
            for source, count in Counter(task.key.source for task in tasks).items():
                self._steps.setdefault(source, Step()).total += count

    def begin(self, key: Key) -> None:
        """Say what is being worked on."""
        with self._lock:
            self._steps[key.source].current = f"{key.dataset} {key.scope}".strip()

    def finish(self, outcome: Outcome) -> None:
        """Count a finished task."""
        with self._lock:
            step = self._steps[outcome.key.source]
            step.done += 1
            step.failed += outcome.status == "failed"

    def enter(self, phase: str, share: float = 0.0) -> None:
        """Name the phase of the whole."""
        self.phase, self.phase_share = phase, share

    def steps(self) -> dict[str, Step]:
        """A copy of the progress by source."""
        with self._lock:
            return {
                source: Step(s.total, s.done, s.failed, s.current)
                for source, s in self._steps.items()
            }


class _Failed(NamedTuple):
    """The first failure of a group, for which the rest of it is not asked."""

    key: Key
    error: SourceError

    def told(self) -> SourceError:
        """The same error, as the rest of the group is told it."""
        error = copy(self.error)
        error.message = f"Not asked for in this run: {self.error.message}"
        return error


_Groups = dict[str, _Failed]


def due(
    store: Store, tasks: Sequence[Task], now: datetime, *, oldest: timedelta = timedelta.max
) -> list[Task]:
    """Tasks whose data is older than its time to live, or than `oldest`, and not to be left alone.

    Waits that a service asked for hold in either case.
    """
    wanted = []
    for task in tasks:
        state = source_state.read(store, task.key)
        if state is None or state.is_due(min(task.ttl, oldest), now):
            wanted.append(task)
    return wanted


def run_tasks(
    store: Store, tasks: Sequence[Task], progress: Progress, *, workers: int = WORKERS
) -> list[Outcome]:
    """Run tasks side by side; a failure in one never stops another.

    Each outcome is logged, and the state of its dataset kept, as soon as it is known.

    Raises
    ------
    StoreError
        If the database cannot be written: what is brought in could not be kept.
    """
    progress.expect(tasks)
    groups: _Groups = {}
    if not tasks:
        return []
    with ThreadPoolExecutor(min(workers, len(tasks)), thread_name_prefix="refresh") as pool:
        return list(pool.map(lambda task: _run(store, task, progress, groups), tasks))


def _run(store: Store, task: Task, progress: Progress, groups: _Groups) -> Outcome:
    if progress.cancelled.is_set():
        outcome = Outcome(task.key, "cancelled", detail="Stopped before it began.")
        progress.finish(outcome)
        return outcome
    progress.begin(task.key)
    started_at = datetime.now(UTC)
    failed = groups.get(task.group)
    with metering.tally() as tally:
        landed, error = _attempt(task, groups) if failed is None else (None, failed.told())
    stopped = isinstance(error, CancelledError)
    outcome = Outcome(
        task.key,
        "ok" if landed else "cancelled" if stopped else "failed",
        landed.row_count if landed else 0,
        " ".join(landed.notes) if landed else str(error.message if error else ""),
        error.next_step if error else "",
        tally.request_count,
        tally.estimated_usd,
        (datetime.now(UTC) - started_at).total_seconds(),
    )
    try:
        if not stopped:
            _record(store, task, landed, error, failed)
        _log(store, outcome, started_at, landed)
    except StoreError:
        raise  # nothing that the others bring could be kept either
    except Exception as fault:  # noqa: BLE001 (what is not known of one ends no other)
        told = unexpected(fault)
        outcome = replace(outcome, status="failed", detail=told.message, next_step=told.next_step)
    progress.finish(outcome)
    return outcome


def _log(store: Store, outcome: Outcome, started_at: datetime, landed: Landed | None) -> None:
    log_fetch(
        store,
        Fetch(
            *outcome.key[:2],
            outcome.row_count,
            outcome.status,
            f"{outcome.detail} {outcome.next_step}".strip(),
            outcome.key.scope,
            started_at,
            landed.window_start if landed else None,
            landed.window_end if landed else None,
            outcome.request_count,
            outcome.estimated_usd,
        ),
    )


def _attempt(task: Task, groups: _Groups) -> tuple[Landed | None, SpectraError | None]:
    try:
        return task.run(), None
    except SpectraError as error:
        if isinstance(error, _ENDS_GROUP):
            groups.setdefault(task.group, _Failed(task.key, error))
        return None, error
    except Exception as error:  # noqa: BLE001 (whatever a source does, the others go on)
        return None, unexpected(error)


def _record(
    store: Store,
    task: Task,
    landed: Landed | None,
    error: SpectraError | None,
    failed: _Failed | None,
) -> None:
    now = datetime.now(UTC)
    if landed is not None:
        source_state.succeed(
            store, task.key, now, read_until=landed.read_until, detail=landed.detail
        )
        return
    wait = _WAITS.get(type(error)) if error else None
    if isinstance(error, ThrottledError) and error.wait_seconds is not None:
        wait = timedelta(seconds=error.wait_seconds)
    status, detail = type(error).__name__, str(error)
    if failed is None:
        source_state.fail(store, task.key, now, status=status, detail=detail, wait=wait)
    else:
        source_state.hold_back(
            store, task.key, now, status=status, detail=detail, failed=failed.key, wait=wait
        )
