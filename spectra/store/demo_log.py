"""What was done to the demo fleet, in order, and the spans that are no longer true after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import pandas as pd

from spectra.store import reach
from spectra.store.database import Store


@dataclass(frozen=True, slots=True)
class DemoChange:
    """One change of one demo resource.

    Attributes
    ----------
    kind : str
        ``state``, ``type``, or ``copy`` for a machine that was launched as a copy of another.
    value : str
        The new state (``running``, ``stopped``, ``terminated``, ``deleted``) or type, or of whom
        it is a copy, where and as which type.
    """

    resource_id: str
    at: datetime
    kind: str
    value: str


def record(store: Store, change: DemoChange) -> None:
    """Write a change down; the facts follow when it is applied."""
    with store.write(is_fact=False) as cursor:
        cursor.execute(
            "INSERT INTO demo_changes (resource_id, changed_at, kind, value) VALUES (?, ?, ?, ?)",
            [change.resource_id, change.at, change.kind, change.value],
        )


def changes(store: Store) -> list[DemoChange]:
    """Every change, in the order in which they were made."""
    rows = store.cursor().execute(
        "SELECT resource_id, changed_at, kind, value FROM demo_changes ORDER BY change_id"
    )
    return [DemoChange(name, at.astimezone(UTC), kind, value)
            for name, at, kind, value in rows.fetchall()]  # fmt: skip


def unapplied(store: Store) -> tuple[datetime, int] | None:
    """When the first change was made that the facts do not follow yet, and the last one's ID."""
    row = store.row("SELECT min(changed_at), max(change_id) FROM demo_changes WHERE NOT is_applied")
    return None if row is None or row[0] is None else (row[0].astimezone(UTC), row[1])


def unapplied_resources(store: Store) -> set[str]:
    """Resources of such changes."""
    rows = store.cursor().execute(
        "SELECT DISTINCT resource_id FROM demo_changes WHERE NOT is_applied"
    )
    return {str(name) for (name,) in rows.fetchall()}


def mark_applied(store: Store, last_id: int) -> None:
    """Note that the facts follow all changes up to one."""
    with store.write(is_fact=False) as cursor:
        cursor.execute("UPDATE demo_changes SET is_applied = true WHERE change_id <= ?", [last_id])


def span_at(
    store: Store, table: Literal["instances", "volumes"], resource_id: str, moment: datetime
) -> dict[str, Any] | None:
    """The span of a demo resource at a moment, with changes that the facts do not follow yet."""
    id_column, kind = (("instance_id", "instance_type") if table == "instances"
                       else ("volume_id", "volume_type"))  # fmt: skip
    cursor = store.cursor().execute(
        f"SELECT * FROM {table} WHERE {id_column} = $id AND source = 'demo' "
        "AND valid_from <= $moment AND coalesce(valid_to > $moment, true) "
        "ORDER BY valid_from DESC LIMIT 1",
        {"id": resource_id, "moment": moment},
    )
    names = [column[0] for column in cursor.description]
    rows = cursor.fetchall()
    if not rows:
        return None
    span = dict(zip(names, rows[0], strict=True))
    pending = store.cursor().execute(
        "SELECT kind, value FROM demo_changes WHERE resource_id = ? AND NOT is_applied "
        "AND kind IN ('state', 'type') ORDER BY change_id",
        [resource_id],
    )
    for what, value in pending.fetchall():
        span[kind if what == "type" else "state"] = value
    return span


def volumes_at(store: Store, instance_id: str, moment: datetime) -> list[str]:
    """Volumes that are attached to a demo instance at a moment."""
    rows = store.cursor().execute(
        "SELECT volume_id FROM volumes WHERE instance_id = $id AND source = 'demo' "
        "AND valid_from <= $moment AND coalesce(valid_to > $moment, true) ORDER BY ALL",
        {"id": instance_id, "moment": moment},
    )
    return [str(name) for (name,) in rows.fetchall()]


def drop_spans(
    store: Store, table: str, id_column: str, kept: pd.DataFrame, since: datetime
) -> None:
    """Delete the spans of the demo that begin after a moment and are not among `kept`.

    Parameters
    ----------
    kept : DataFrame
        The tidy frame as it is true now; only resources that it names are looked at.
    """
    offered = kept[[id_column, "valid_from"]]
    with store.write() as cursor:
        cursor.register("kept", offered)
        cursor.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE changed AS
            SELECT {id_column}, region, valid_from, valid_from AS stale_from,
                coalesce(valid_to, 'infinity') AS stale_to
            FROM {table} t
            WHERE source = 'demo' AND valid_from > $since
              AND {id_column} IN (SELECT {id_column} FROM kept)
              AND NOT EXISTS (SELECT 1 FROM kept k WHERE k.{id_column} = t.{id_column}
                              AND k.valid_from = t.valid_from)
            """,
            {"since": since},
        )
        cursor.unregister("kept")
        if table == "instances":
            reach.queue_peers(cursor)
        cursor.execute(
            f"DELETE FROM {table} t USING changed c "
            f"WHERE t.{id_column} = c.{id_column} AND t.valid_from = c.valid_from"
        )
        reach.queue_spans(cursor)
