"""The fetch log: every attempt to bring data in, what it brought and what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from spectra.store.database import Store


@dataclass(frozen=True, slots=True)
class Fetch:
    """One attempt; `detail` must hold no secret.

    Attributes
    ----------
    window_start, window_end : datetime or None
        The time span asked for, aware UTC.
    estimated_usd : float
        What the provider charges for it [USD].
    """

    source: str
    dataset: str
    row_count: int
    status: Literal["ok", "failed", "skipped"]
    detail: str = ""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    window_start: datetime | None = None
    window_end: datetime | None = None
    request_count: int = 0
    estimated_usd: float = 0.0


def log_fetch(store: Store, fetch: Fetch) -> None:
    """Add an attempt to the log; its duration runs from ``started_at`` to now."""
    seconds = (datetime.now(UTC) - fetch.started_at).total_seconds()
    with store.write() as cursor:
        cursor.execute(
            "INSERT OR REPLACE INTO fetch_log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                fetch.started_at,
                fetch.source,
                fetch.dataset,
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
