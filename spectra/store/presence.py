"""Who has the database open, and who is at what: for a database that several processes share.

A file belongs to one process, so whatever another opening of it began was interrupted. A ``md:``
database may be open in several: each writes down a sign of life, and only what a silent one began
was interrupted.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb

from spectra.errors import BusyError, StoreError

if TYPE_CHECKING:
    from spectra.store.database import Store

BEAT_EVERY_S = 30.0
# Three beats that failed to arrive, and some time for clocks that differ.
SILENT_AFTER = timedelta(minutes=3)
# A sign of life that is this old is of nobody who comes back.
FORGOTTEN_AFTER = timedelta(days=7)


def beat(store: Store, now: datetime | None = None) -> None:
    """Write down that this opening is alive, and forget those that are long gone."""
    now = now or datetime.now(UTC)
    with store.write(is_fact=False) as cursor:
        cursor.execute("INSERT OR REPLACE INTO openings VALUES (?, ?)", [store.identity, now])
        cursor.execute("DELETE FROM openings WHERE beat_at < ?", [now - FORGOTTEN_AFTER])


def is_alive(store: Store, identity: str, now: datetime | None = None) -> bool:
    """Whether an opening of the database, this one or another, may still be at work."""
    if identity == store.identity:
        return True
    if not store.is_shared:
        return False
    since = (now or datetime.now(UTC)) - SILENT_AFTER
    return store.row(
        "SELECT 1 FROM openings WHERE identity = ? AND beat_at > ?", [identity, since]
    ) is not None  # fmt: skip


@contextmanager
def lease(store: Store, name: str, what: str) -> Iterator[None]:
    """Do something that one opening of the database does at a time.

    Raises
    ------
    BusyError
        If another one that is alive is at it, or began at the same moment.
    """
    busy = BusyError(
        f"{what} is already under way in another SPECTRA on this database.",
        next_step="Its result comes to all who share the database; nothing was started.",
    )
    try:
        with store.write(is_fact=False) as cursor:
            owners = cursor.execute('SELECT owner FROM leases WHERE "name" = ?', [name]).fetchall()
            if any(owner != store.identity and is_alive(store, owner) for (owner,) in owners):
                raise busy
            cursor.execute("INSERT OR REPLACE INTO leases VALUES (?, ?)", [name, store.identity])
    except (duckdb.TransactionException, duckdb.ConstraintException) as error:
        raise busy from error
    try:
        yield
    finally:
        with store.write(is_fact=False) as cursor:
            cursor.execute(
                'DELETE FROM leases WHERE "name" = ? AND owner = ?', [name, store.identity]
            )


def keep_beating(store: Store, every_s: float = BEAT_EVERY_S) -> threading.Event:
    """Beat in the background until the store is closed or forgotten; set the event to end it."""
    ended, known = threading.Event(), weakref.ref(store)
    beat(store)

    def run() -> None:
        while not ended.wait(every_s):
            opened = known()
            if opened is None:
                return
            try:
                beat(opened)
            except (duckdb.Error, StoreError):
                continue  # the service is away; the next beat may arrive
            del opened

    threading.Thread(target=run, name="spectra-beat", daemon=True).start()
    return ended
