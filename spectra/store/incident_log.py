"""Incidents as kept: how far was looked, what was found, what was decided, what was planned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import pandas as pd

from spectra.store.database import Store
from spectra.store.hashing import digest
from spectra.store.selection import Selection

State = Literal["open", "acknowledged", "snoozed", "expected", "dismissed"]
FALSE_ALARM = "false alarm"
# What says whether an incident was one; who snoozes it or opens it again has not judged yet.
_JUDGED = "s.state IN ('acknowledged', 'expected', 'dismissed')"

# The last decision holds; a snooze ends by itself.
_STATES = """
SELECT incident_id, until, reason, decided_at,
    CASE WHEN state = 'snoozed' AND until <= $now THEN 'open' ELSE state END AS state
FROM (SELECT DISTINCT ON (incident_id) * FROM incident_events
      ORDER BY incident_id, decided_at DESC)
"""


# Days that an excess is spread over. Of waste they are those that were summed up; of days of a team
# the last ones are not known yet.
_RATE_DAYS = """greatest(1 / 24, CASE
    WHEN i.family IN ('idle', 'fleet') THEN i."value"
    WHEN i.family = 'volume' THEN date_diff('second', i."start", i.last_seen) / 86400.0
    WHEN i.family IN ('team', 'cost') AND i."end" IS NULL
        THEN date_diff('second', i."start", i.last_seen + INTERVAL 1 DAY) / 86400.0
    ELSE days END)"""


@dataclass(frozen=True, slots=True)
class Looked:
    """How far a detector has looked, and with which sensitivity."""

    until: datetime
    sensitivity: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said of an incident."""

    incident_id: str
    state: State
    decided_at: datetime
    until: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """A maintenance or a deployment; without series and tag it is about everything."""

    event_id: str
    name: str
    start: datetime
    end: datetime
    series: str | None = None
    tag: str | None = None
    value: str | None = None


def incident_id(series: str, family: str, start: datetime) -> str:
    """The name of an incident, the same whenever it is found."""
    return digest(f"{series}|{family}|{start.isoformat()}")[:12]


def looked(store: Store, detector: str) -> Looked | None:
    """How far a detector has looked; None before its first time."""
    row = store.row("SELECT until, sensitivity FROM watch_state WHERE detector = ?", [detector])
    return None if row is None else Looked(*row)


def keep(store: Store, detector: str, seen: Looked, incidents: pd.DataFrame) -> int:
    """Keep what a detector found, in the transaction that says how far it looked.

    Incidents that were found before are brought up to date; their first finding stays.
    """
    with store.write() as cursor:
        if not incidents.empty:
            cursor.register("incoming", incidents)
            cursor.execute(
                "INSERT OR REPLACE INTO incidents BY NAME SELECT i.* REPLACE ("
                "coalesce(k.found_at, i.found_at) AS found_at) "
                "FROM incoming i LEFT JOIN incidents k USING (incident_id)"
            )
            cursor.unregister("incoming")
        cursor.execute(
            "INSERT OR REPLACE INTO watch_state VALUES (?, ?, ?)",
            [detector, seen.until, seen.sensitivity],
        )
    return len(incidents)


def restart(
    store: Store, detector: str, families: Iterable[str], since: datetime | None = None
) -> None:
    """Forget what a detector found that nobody decided on or was told, so that it looks anew.

    What began before `since`, from where it will look, stays: it would not be found again.
    """
    with store.write() as cursor:
        cursor.execute("DELETE FROM watch_state WHERE detector = ?", [detector])
        cursor.execute(
            "DELETE FROM incidents WHERE list_contains($families, family) "
            'AND ($since IS NULL OR "start" >= $since) '
            "AND incident_id NOT IN (SELECT incident_id FROM incident_events) "
            "AND incident_id NOT IN (SELECT split_part(event_key, '|', 2) FROM notices "
            "WHERE event_key LIKE 'incident|%')",
            {"families": list(families), "since": since},
        )


def going_on(store: Store, family: str, since: datetime | None = None) -> pd.DataFrame:
    """Incidents of a family that have not ended or were seen since, as `fold` takes them."""
    return store.frame(
        """
        SELECT incident_id, series, kind, "start", last_seen, "end", score, excess, "value",
            expected, alerts, excess_g, excess_usd, cause
        FROM incidents WHERE family = $family AND ("end" IS NULL OR last_seen >= $since)
        """,
        {"family": family, "since": since},
    )


def end_others(
    store: Store, family: str, going: list[str], unknown: list[str], until: datetime
) -> None:
    """End those of a family that are not found any more, with their last day.

    Parameters
    ----------
    until : datetime
        Up to when was looked: none ends later.
    unknown : list of str
        Series of which the day is not known: what is not known has not ended.
    """
    with store.write() as cursor:
        cursor.execute(
            """
            UPDATE incidents SET "end" = least(last_seen + INTERVAL 1 DAY, ?)
            WHERE family = ? AND "end" IS NULL AND NOT list_contains(?, incident_id)
                AND NOT list_contains(?, series)
            """,
            [until, family, going, unknown],
        )


# Incidents of machines that run no more and of volumes that were deleted.
_GONE = """
SELECT incident_id FROM incidents WHERE "end" IS NULL AND (
    family IN ('usage', 'idle', 'gap') AND series IN (SELECT instance_id FROM instances)
        AND series NOT IN (
            SELECT instance_id FROM instances WHERE state = 'running' AND valid_to IS NULL)
    OR family = 'volume' AND series NOT IN (SELECT volume_id FROM volumes WHERE valid_to IS NULL))
"""


def any_gone(store: Store) -> bool:
    """Whether an incident goes on whose machine or volume is there no more."""
    return store.row(f"{_GONE} LIMIT 1") is not None


def end_gone(store: Store, now: datetime) -> None:
    """End incidents whose machine or volume is there no more, with the time it was seen."""
    with store.write() as cursor:
        cursor.execute(
            f"""
            UPDATE incidents SET "end" = greatest("start", least($now, coalesce(
                (SELECT max(valid_to) FROM instances
                 WHERE instance_id = series AND state = 'running'),
                (SELECT max(valid_to) FROM volumes WHERE volume_id = series), $now)))
            WHERE incident_id IN ({_GONE})
            """,
            {"now": now},
        )


def incidents(store: Store, now: datetime, selection: Selection | None = None) -> pd.DataFrame:
    """Incidents that touch a span with their state, what weighs and costs most per day first.

    Those of a grid concern every team and environment in its regions.
    """
    where, parameters = "true", {}
    if selection is not None:
        parameters = selection.parameters
        where = f"""
            "start" < $end AND coalesce("end", 'infinity') >= $start
            AND (len($regions) = 0 OR region IS NULL OR list_contains($regions, region))
            AND (family = 'grid' OR {_sharing("teams", "team")} AND
                 {_sharing("environments", "environment")})
        """
    return store.frame(
        f"""
        SELECT i.*, coalesce(s.state, 'open') AS state, s.until, s.reason, s.decided_at,
            date_diff('second', i."start", coalesce(i."end", $now)) / 86400.0 AS days,
            i.excess_g / {_RATE_DAYS} AS g_per_day, i.excess_usd / {_RATE_DAYS} AS usd_per_day
        FROM (SELECT * FROM incidents WHERE {where}) i
        LEFT JOIN ({_STATES}) s USING (incident_id)
        ORDER BY "end" IS NOT NULL, list_position(['critical', 'warning', 'log'], severity),
            g_per_day DESC NULLS LAST, usd_per_day DESC NULLS LAST, incident_id
        """,
        {**parameters, "now": now},
    )


def _sharing(name: str, column: str) -> str:
    return f"(len(${name}) = 0 OR {column} IS NULL OR list_contains(${name}, {column}))"


def decide(store: Store, decisions: Iterable[Decision]) -> None:
    """Write down decisions."""
    with store.write() as cursor:
        for made in decisions:
            cursor.execute(
                "INSERT INTO incident_events VALUES (?, ?, ?, ?, ?)",
                [made.incident_id, made.state, made.until, made.reason, made.decided_at],
            )


def events(store: Store, incident: str) -> pd.DataFrame:
    """What was decided of an incident, newest first."""
    return store.frame(
        "SELECT decided_at, state, until, reason FROM incident_events WHERE incident_id = ? "
        "ORDER BY decided_at DESC",
        [incident],
    )


def statistics(store: Store, now: datetime, since: datetime) -> dict[str, Any]:
    """Open incidents, median hours to the first decision, and the share of false alarms."""
    frame = store.frame(
        f"""
        WITH first AS (SELECT incident_id, min(decided_at) AS at FROM incident_events GROUP BY ALL)
        SELECT count(*) FILTER (coalesce(s.state, 'open') = 'open' AND "end" IS NULL) AS open,
            count(*) FILTER (severity = 'critical' AND coalesce(s.state, 'open') = 'open'
                AND "end" IS NULL) AS critical,
            count(*) AS found,
            median(epoch(first.at - found_at) / 3600) AS hours_to_decision,
            count(first.at) AS decided, count(*) FILTER ({_JUDGED}) AS judged,
            count(*) FILTER (s.state = 'dismissed' AND s.reason LIKE '{FALSE_ALARM}%')
                AS false_alarms
        FROM (SELECT * FROM incidents WHERE severity <> 'log' AND last_seen >= $since) i
        LEFT JOIN ({_STATES}) s USING (incident_id) LEFT JOIN first USING (incident_id)
        """,
        {"now": now, "since": since},
    )
    return {str(k): None if pd.isna(v) else v for k, v in frame.iloc[0].items()}


def by_kind(store: Store, now: datetime, since: datetime) -> pd.DataFrame:
    """How each kind did: kind, raised, decided, false_alarms, false_share; most raised first."""
    return store.frame(
        f"""
        SELECT kind, count(*) AS raised, count(*) FILTER ({_JUDGED}) AS decided,
            count(*) FILTER (s.state = 'dismissed' AND s.reason LIKE '{FALSE_ALARM}%')
                AS false_alarms,
            false_alarms / nullif(decided, 0) AS false_share
        FROM incidents LEFT JOIN ({_STATES}) s USING (incident_id)
        WHERE severity <> 'log' AND last_seen >= $since GROUP BY kind ORDER BY raised DESC, kind
        """,
        {"now": now, "since": since},
    )


def plan(store: Store, event: PlannedEvent, created_at: datetime) -> None:
    """Add or replace a planned event."""
    with store.write() as cursor:
        cursor.execute(
            "INSERT OR REPLACE INTO planned_events VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [event.event_id, event.name, event.start, event.end, event.series, event.tag,
             event.value, created_at],
        )  # fmt: skip


def unplan(store: Store, event_id: str) -> None:
    """Take a planned event away."""
    with store.write() as cursor:
        cursor.execute("DELETE FROM planned_events WHERE event_id = ?", [event_id])


def planned(store: Store) -> pd.DataFrame:
    """Planned events, the latest first: event_id, name, start, end, series, tag, value."""
    return store.frame('SELECT * EXCLUDE (created_at) FROM planned_events ORDER BY "start" DESC')
