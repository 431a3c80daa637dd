"""The fetch log: every attempt to bring data in, what it brought and what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import pandas as pd

from spectra.store.database import Store


@dataclass(frozen=True, slots=True)
class Fetch:
    """One attempt; `detail` must hold no secret.

    Attributes
    ----------
    scope : str
        The part of the world it was about: account and region, zone, file.
    window_start, window_end : datetime or None
        The time span asked for, aware UTC.
    estimated_usd : float
        What the provider charges for it [USD].
    """

    source: str
    dataset: str
    row_count: int
    status: Literal["ok", "failed", "cancelled"]
    detail: str = ""
    scope: str = ""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    window_start: datetime | None = None
    window_end: datetime | None = None
    request_count: int = 0
    estimated_usd: float = 0.0


def log_fetch(store: Store, fetch: Fetch) -> None:
    """Add an attempt to the log; its duration runs from ``started_at`` to now."""
    seconds = (datetime.now(UTC) - fetch.started_at).total_seconds()
    with store.write(is_fact=False) as cursor:
        cursor.execute(
            "INSERT OR REPLACE INTO fetch_log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                fetch.started_at,
                fetch.source,
                fetch.dataset,
                fetch.scope,
                fetch.window_start,
                fetch.window_end,
                fetch.row_count,
                fetch.status,
                fetch.detail,
                seconds,
                fetch.request_count,
                fetch.estimated_usd,
            ],
        )


def usage(store: Store, now: datetime) -> pd.DataFrame:
    """Requests and cost by source: source, requests_today, usd_today, requests_month, usd_month.

    Days and months are UTC.
    """
    return store.frame(
        """
        SELECT source,
            coalesce(sum(request_count) FILTER (started_at >= date_trunc('day', $now)), 0)
                AS requests_today,
            coalesce(sum(estimated_usd) FILTER (started_at >= date_trunc('day', $now)), 0)
                AS usd_today,
            sum(request_count) AS requests_month,
            sum(estimated_usd) AS usd_month
        FROM fetch_log WHERE started_at >= date_trunc('month', $now)
        GROUP BY source ORDER BY source
        """,
        {"now": now},
    )


def by_source(store: Store) -> pd.DataFrame:
    """How each source fares, one row each, by source.

    Columns source, succeeded_at and failed_at (last attempts, NaT for none), dataset_count and
    failing_count of what is read by a schedule of its own, retry_at (when the first that fails is
    asked again) and detail: why the last one failed, and what to do.
    """
    return store.frame(
        """
        WITH attempts AS (
            SELECT source, max(started_at) FILTER (status = 'ok') AS succeeded_at,
                max(started_at) FILTER (status = 'failed') AS failed_at,
                arg_max(detail, started_at) FILTER (status = 'failed') AS detail
            FROM fetch_log GROUP BY source),
        states AS (
            SELECT *, status NOT IN ('ok', 'outdated') AS is_failing FROM source_state),
        datasets AS (
            SELECT source, max(succeeded_at) AS succeeded_at, count(*) AS dataset_count,
                max(attempted_at) FILTER (is_failing) AS failed_at,
                count(*) FILTER (is_failing) AS failing_count,
                min(retry_at) FILTER (is_failing) AS retry_at,
                arg_max(detail, attempted_at) FILTER (is_failing) AS detail
            FROM states GROUP BY source)
        SELECT source, greatest(d.succeeded_at, a.succeeded_at) AS succeeded_at,
            greatest(d.failed_at, a.failed_at) AS failed_at,
            coalesce(dataset_count, 0) AS dataset_count,
            coalesce(failing_count, 0) AS failing_count, retry_at,
            coalesce(d.detail, a.detail, '') AS detail
        FROM attempts a FULL JOIN datasets d USING (source) ORDER BY source
        """
    )


def recent(store: Store, count: int = 200) -> pd.DataFrame:
    """The latest attempts, newest first, with every column of the log."""
    return store.frame("SELECT * FROM fetch_log ORDER BY started_at DESC LIMIT ?", [count])
