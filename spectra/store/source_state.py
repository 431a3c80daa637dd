"""How far each dataset was read, when it is due again, and whether it is left alone for a while."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pandas as pd

from spectra.moments import in_utc
from spectra.store.database import Store

OK, OUTDATED = "ok", "outdated"
FAILURES_TO_OPEN = 3
# Two moments that are written and read by one clock differ by no more.
CLOCK_ERROR = timedelta(minutes=5)
_FIRST_WAIT, _OPEN_WAIT, _LONGEST_WAIT = (
    timedelta(minutes=1),
    timedelta(minutes=15),
    timedelta(hours=6),
)
_DOUBLINGS = 5  # enough to pass the longest wait; failures may go on for years


class Key(NamedTuple):
    """A dataset of a source and the part of the world it is asked for."""

    source: str
    dataset: str
    scope: str


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a dataset's reading.

    Attributes
    ----------
    read_until : datetime or None
        Exclusive end of what was read, aware UTC.
    status : str
        ``ok``, ``outdated``, or the kind of the last failure.
    failure_count : int
        Failures since the last success; what was not asked has not failed.
    retry_at : datetime or None
        Before this moment it is not asked again.
    """

    read_until: datetime | None
    succeeded_at: datetime | None
    attempted_at: datetime
    status: str
    failure_count: int
    retry_at: datetime | None
    detail: str

    def is_due(self, ttl: timedelta, now: datetime) -> bool:
        """Whether it is older than its time to live and not to be left alone.

        What was written while the clock was ahead says nothing of now.
        """
        if self.attempted_at > now + CLOCK_ERROR:
            return True
        if self.retry_at is not None and now < self.retry_at:
            return False
        return self.succeeded_at is None or now - self.succeeded_at >= ttl or self.status != OK


def read(store: Store, key: Key) -> State | None:
    """Return the state of a dataset; None if it was never asked for."""
    row = store.row(
        """
        SELECT read_until, succeeded_at, attempted_at, status, failure_count, retry_at, detail
        FROM source_state WHERE source = ? AND dataset = ? AND scope = ?
        """,
        list(key),
    )
    if row is None:
        return None
    values: list[Any] = [in_utc(value) for value in row]
    state, now = State(*values), datetime.now(UTC)
    if state.attempted_at > now + CLOCK_ERROR and state.read_until is not None:
        return replace(state, read_until=min(state.read_until, now))
    return state


def learned(store: Store, key: Key, fingerprint: str) -> str | None:
    """What the last read kept with the state after the fingerprint of the key it was made with.

    None if it failed or was made with another key: that one may lead elsewhere.
    """
    state = read(store, key)
    by, _, text = state.detail.partition(" ") if state and state.status == OK else ("", "", "")
    return text if by == fingerprint else None


def table(store: Store) -> pd.DataFrame:
    """Every dataset's state, one row each, by source, dataset and scope."""
    return store.frame("SELECT * FROM source_state ORDER BY source, dataset, scope")


def succeed(
    store: Store, key: Key, now: datetime, *, read_until: datetime | None = None, detail: str = ""
) -> None:
    """Record that a dataset was read whole."""
    _write(store, key, State(read_until, now, now, OK, 0, None, detail))


def fail(  # noqa: PLR0913 (one keyword for each thing known of a failure)
    store: Store,
    key: Key,
    now: datetime,
    *,
    status: str,
    detail: str,
    wait: timedelta | None = None,
) -> State:
    """Record a failure and when the dataset is asked again.

    After three failures in a row the circuit is open: waits begin at 15 minutes and double up to
    6 hours. A longer wait that the service asks for is kept.
    """
    before = read(store, key)
    count = 1 + (before.failure_count if before else 0)
    if count < FAILURES_TO_OPEN:
        pause = _FIRST_WAIT * count
    else:
        doublings = min(count - FAILURES_TO_OPEN, _DOUBLINGS)
        pause = min(_OPEN_WAIT * 2**doublings, _LONGEST_WAIT)
    state = State(
        before.read_until if before else None,
        before.succeeded_at if before else None,
        now,
        status,
        count,
        now + max(pause, wait or timedelta()),
        detail,
    )
    _write(store, key, state)
    return state


def hold_back(  # noqa: PLR0913 (one keyword for each thing known of a failure)
    store: Store,
    key: Key,
    now: datetime,
    *,
    status: str,
    detail: str,
    failed: Key,
    wait: timedelta | None = None,
) -> None:
    """Leave a dataset that was not asked alone as long as the one that failed for both.

    That is no failure of its own, and is not counted as one.
    """
    state = read(store, key) or State(None, None, now, status, 0, None, detail)
    other, until = read(store, failed), now + (wait or _FIRST_WAIT)
    if other is not None and other.retry_at is not None:
        until = max(until, other.retry_at)
    _write(
        store,
        key,
        replace(state, attempted_at=now, status=status, retry_at=until, detail=detail),
    )


def outdate(store: Store, key: Key) -> None:
    """Make a dataset due at once: something was changed that it does not know of yet.

    How far it was read and when it succeeded stay; a wait that the service asked for holds.
    """
    with store.write(is_fact=False) as cursor:
        cursor.execute(
            "UPDATE source_state SET status = ?, detail = ? "
            "WHERE source = ? AND dataset = ? AND scope = ? AND status = ?",
            [OUTDATED, "It is read again at the next refresh.", *key, OK],
        )


def close_circuits(store: Store, source: str) -> None:
    """Let a source be asked at once, as after its key was changed; waits it asked for stay."""
    with store.write(is_fact=False) as cursor:
        cursor.execute(
            "UPDATE source_state SET retry_at = NULL, failure_count = 0 "
            "WHERE source = ? AND status <> 'ThrottledError'",
            [source],
        )


def left_alone(store: Store, sources: Collection[str], since: datetime, now: datetime) -> int:
    """How many datasets of some sources wait after a failure, and were not tried since a moment."""
    row = store.row(
        "SELECT count(*) FROM source_state WHERE list_contains($sources, source) "
        "AND retry_at > $now AND attempted_at < $since",
        {"sources": list(sources), "since": since, "now": now},
    )
    return int(row[0]) if row else 0


def _write(store: Store, key: Key, state: State) -> None:
    with store.write(is_fact=False) as cursor:
        cursor.execute(
            """
            INSERT OR REPLACE INTO source_state (source, dataset, scope, read_until, succeeded_at,
                attempted_at, status, failure_count, retry_at, detail)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                *key,
                state.read_until,
                state.succeeded_at,
                state.attempted_at,
                state.status,
                state.failure_count,
                state.retry_at,
                state.detail,
            ],
        )
