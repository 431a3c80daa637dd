"""Which events were told, and the queries that find them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pandas as pd

from spectra.insight.anomalies.alerts import RUNAWAY
from spectra.store.database import Store
from spectra.store.incident_log import incidents
from spectra.store.source_state import Key

# How the webhook takes notices is kept as a source's state is.
WEBHOOK = Key("webhook", "notices", "")
# A grid that passes its threshold again within these hours of a notice is not told anew.
QUIET = timedelta(hours=6)
# Before the key of one that cannot have arrived: its event counts as not told.
_WAITS = "waits|"


class FailingSource(NamedTuple):
    """A dataset that failed again and again."""

    source: str
    dataset: str
    scope: str
    failure_count: int
    succeeded_at: datetime | None
    detail: str


class GridAbove(NamedTuple):
    """A grid with running instances whose intensity is above a threshold since an hour."""

    zone: str
    regions: list[str]
    running_count: int
    g_per_kwh: float
    quality: str
    since: datetime


class UntoldIncident(NamedTuple):
    """An incident that goes on, that nobody has settled, and whose severity was not told."""

    incident_id: str
    name: str
    kind: str
    severity: str
    cause: str
    start: datetime
    g_per_day: float | None


def claim(  # noqa: PLR0913, PLR0917 (the columns of one row, and what comes with it)
    store: Store,
    event_key: str,
    kind: str,
    text: str,
    raised_at: datetime,
    covers: tuple[str, ...] = (),
) -> bool:
    """Keep an event, and those told with it, as told; False if it was before."""
    with store.write(is_fact=False) as cursor:
        known = cursor.execute("SELECT 1 FROM notices WHERE event_key = ?", [event_key]).fetchall()
        if known:
            return False
        cursor.execute(
            "INSERT INTO notices VALUES (?, ?, ?, ?, NULL, 'not sent')",
            [event_key, kind, text, raised_at],
        )
        cursor.execute(
            "INSERT OR IGNORE INTO notices "
            "SELECT unnest($keys), 'covered', $text, $at, NULL, 'told in another notice'",
            {"keys": list(covers), "text": event_key, "at": raised_at},
        )
        cursor.execute("DELETE FROM notices WHERE event_key = ?", [_WAITS + event_key])
    return True


def give_back(store: Store, event_key: str, detail: str) -> None:
    """Keep that a notice cannot have arrived: its event, and those told with it, are not told."""
    with store.write(is_fact=False) as cursor:
        cursor.execute(
            "DELETE FROM notices WHERE kind = 'covered' AND \"text\" = $key", {"key": event_key}
        )
        cursor.execute(
            "UPDATE notices SET event_key = $waits, detail = $detail WHERE event_key = $key",
            {"waits": _WAITS + event_key, "key": event_key, "detail": detail},
        )


def drop_waiting(store: Store) -> None:
    """Forget notices that wait for the webhook: it takes them again, as far as they are so."""
    with store.write(is_fact=False) as cursor:
        cursor.execute("DELETE FROM notices WHERE starts_with(event_key, ?)", [_WAITS])


def settle(store: Store, event_key: str, sent_at: datetime | None, detail: str) -> None:
    """Keep what became of a notice."""
    with store.write(is_fact=False) as cursor:
        cursor.execute(
            "UPDATE notices SET sent_at = ?, detail = ? WHERE event_key = ?",
            [sent_at, detail, event_key],
        )


def recent(store: Store, count: int = 50) -> pd.DataFrame:
    """The latest notices: raised_at, kind, text, sent_at, detail."""
    return store.frame(
        'SELECT raised_at, kind, "text", sent_at, detail FROM notices '
        "WHERE kind <> 'covered' ORDER BY raised_at DESC LIMIT ?",
        [count],
    )


def untold_incidents(store: Store, now: datetime) -> list[UntoldIncident]:
    """Incidents worth a notice, the gravest first; one that was told as critical is told.

    A machine that runs away is told as that also after its spike was. One that somebody took on is
    told again only when it has become critical since.
    """
    found = incidents(store, now)
    told = set(store.frame("SELECT event_key FROM notices")["event_key"])
    was_lighter = found["incident_id"].map(
        lambda name: not told.isdisjoint(incident_key(name, "warning", k) for k in ("", RUNAWAY))
    )
    is_graver = (
        found["state"].eq("acknowledged")
        & found["severity"].eq("critical")
        & was_lighter.astype(bool)
    )
    is_told = found["state"].eq("open") | is_graver
    found = found[found["end"].isna() & found["severity"].ne("log") & is_told]
    rows = [
        UntoldIncident(*row)
        for row in found[list(UntoldIncident._fields)].itertuples(index=False, name=None)
    ]
    return [row for row in rows if not told & _as_grave(row)]


def _as_grave(row: UntoldIncident) -> set[str]:
    """Keys of notices of an incident that said as much as there is to say."""
    return {
        incident_key(row.incident_id, severity, kind)
        for severity in (row.severity, "critical")
        for kind in (row.kind, RUNAWAY)
    }


def incident_key(incident_id: str, severity: str, kind: str) -> str:
    """The key of an incident's notice: another one when its severity grows, or it runs away."""
    return f"incident|{incident_id}|{severity}" + ("|runaway" if kind == RUNAWAY else "")


def failing_sources(
    store: Store, failures: int, *, left_since: datetime | None = None
) -> list[FailingSource]:
    """Datasets with at least so many failures in a row; of the webhook itself it cannot tell.

    What the keys never led to is no trouble. What they have ceased to lead to is, from its first
    failure on: it is asked again but once a day.

    Parameters
    ----------
    left_since : datetime, optional
        Only those that wait, and were not tried since, aware UTC.
    """
    rows = (
        store.cursor()
        .execute(
            """
            SELECT source, dataset, scope, failure_count, succeeded_at, detail
            FROM source_state WHERE source <> $webhook
                AND CASE status WHEN 'NotEntitledError' THEN succeeded_at IS NOT NULL
                    AND failure_count > 0 ELSE failure_count >= $failures END
                AND ($since IS NULL OR attempted_at < $since::TIMESTAMPTZ
                    AND retry_at > $since::TIMESTAMPTZ)
            ORDER BY ALL
            """,
            {"failures": failures, "webhook": WEBHOOK.source, "since": left_since},
        )
        .fetchall()
    )
    return [FailingSource(*row) for row in rows]


def grid_key(zone: str, threshold: float, since: datetime) -> str:
    """The key of a notice that a grid is above a threshold."""
    return f"intensity|{zone}|{threshold:g}|{since:%Y-%m-%dT%H}"


def zones_of(store: Store, regions: tuple[str, ...]) -> set[str]:
    """Zones of the regions named; of those with running instances when none is."""
    frame = store.frame(
        """
        SELECT DISTINCT zone FROM region_factors WHERE list_contains($regions, region)
            OR (len($regions) = 0 AND region IN (
                SELECT region FROM instances WHERE state = 'running' AND valid_to IS NULL))
        """,
        {"regions": list(regions)},
    )
    return set(frame["zone"])


def grids_above(store: Store, threshold: float, now: datetime) -> list[GridAbove]:
    """Grids of running instances above a lifecycle intensity [gCO2e/kWh] at this hour, not told.

    Past hours are revised, which moves the beginning of an event and parts it: what was told a
    few hours before it began, or since, is the same one.
    """
    rows = (
        store.cursor()
        .execute(
            """
            WITH fleet AS (
                SELECT zone, list(DISTINCT region ORDER BY region) AS regions, count(*) AS running
                FROM instances JOIN region_factors USING (region)
                WHERE state = 'running' AND valid_to IS NULL GROUP BY zone),
            present AS (
                SELECT i.* FROM intensity_hourly i JOIN fleet USING (zone)
                WHERE hour = date_trunc('hour', $now) AND intensity_lifecycle_g_per_kwh > $limit),
            below AS (
                SELECT zone, max(hour) AS hour FROM intensity_hourly
                WHERE intensity_lifecycle_g_per_kwh <= $limit AND hour < $now GROUP BY zone),
            first AS (SELECT zone, min(hour) AS hour FROM intensity_hourly GROUP BY zone)
            SELECT p.zone, f.regions, f.running, p.intensity_lifecycle_g_per_kwh, p.quality,
                coalesce(b.hour + INTERVAL 1 HOUR, s.hour)
            FROM present p JOIN fleet f USING (zone) JOIN first s USING (zone)
            LEFT JOIN below b USING (zone)
            WHERE NOT EXISTS (
                SELECT 1 FROM notices n
                WHERE starts_with(n.event_key, concat('intensity|', p.zone, $suffix))
                    AND n.raised_at >= coalesce(b.hour + INTERVAL 1 HOUR, s.hour) - $quiet)
            ORDER BY p.zone
            """,
            {"now": now, "limit": threshold, "suffix": f"|{threshold:g}|", "quiet": QUIET},
        )
        .fetchall()
    )
    return [
        GridAbove(zone, regions, running, g_per_kwh, quality, since.astimezone(UTC))
        for zone, regions, running, g_per_kwh, quality, since in rows
    ]
