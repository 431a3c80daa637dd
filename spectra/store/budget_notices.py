"""Thresholds of budgets that were reached, each once a period.

A budget that is closed and set again goes on in the place of the first of its scope, period and
basis, its line: what was told of one is told of all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import pandas as pd

from spectra.insight.budgets import Period
from spectra.store.database import Store

_LINES = """
    SELECT budget_id, first_value(budget_id) OVER (
        PARTITION BY scope_kind, scope_key, period_kind, basis ORDER BY created_at, budget_id
    ) AS line FROM budgets
"""


def lines(store: Store) -> dict[str, str]:
    """The first budget of the same scope, period and basis, by budget."""
    return {str(budget): str(first) for budget, first in store.cursor().execute(_LINES).fetchall()}


def told(
    store: Store, periods: Collection[Period], until: datetime | None = None
) -> dict[tuple[str, str], dict[str, bool]]:
    """Thresholds told by (line, period label), and whether each is still reached.

    Of a period that goes on after `until`, as it was then.
    """
    running = [p.label for p in periods if until is not None and p.end > until]
    over = [p.label for p in periods if p.label not in running]
    rows: list[tuple[Any, ...]] = (
        store.cursor()
        .execute(
            f"""
            WITH lines AS ({_LINES}),
            said AS (
                SELECT budget_id, "period", threshold, cleared_at IS NULL AS holds
                FROM budget_notices WHERE list_contains($over, "period")
                UNION ALL
                SELECT budget_id, "period", threshold, coalesce(cleared_at > $until, true)
                FROM budget_notices
                WHERE list_contains($running, "period") AND raised_at <= $until)
            SELECT coalesce(line, budget_id), "period", threshold, bool_or(holds)
            FROM said LEFT JOIN lines USING (budget_id) GROUP BY ALL
            """,
            {"over": over, "running": running, "until": until},
        )
        .fetchall()
    )
    found: dict[tuple[str, str], dict[str, bool]] = {}
    for line, period, threshold, is_reached in rows:
        found.setdefault((line, period), {})[threshold] = bool(is_reached)
    return found


def notices(store: Store, line: str | None = None) -> pd.DataFrame:
    """Thresholds that were reached: budget_id, period, threshold, value, raised_at, cleared_at."""
    return store.frame(
        'SELECT budget_id, "period", threshold, "value", raised_at, cleared_at FROM budget_notices '
        "WHERE ? IS NULL OR budget_id = ? ORDER BY raised_at DESC",
        [line, line],
    )


def mark(
    store: Store,
    reached: Iterable[tuple[str, str, str, str, float]],
    left: Iterable[str],
    now: datetime,
) -> None:
    """Write down thresholds that were reached (key, line, period, threshold, value) or left.

    What was reached once keeps its first moment; reached again it is told no second time.
    """
    with store.write(is_fact=False) as cursor:
        for key, line, period, threshold, value in reached:
            cursor.execute(
                "INSERT INTO budget_notices VALUES (?, ?, ?, ?, ?, ?, NULL) "
                "ON CONFLICT (event_key) DO UPDATE SET cleared_at = NULL",
                [key, line, period, threshold, value, now],
            )
        for key in left:
            cursor.execute(
                "UPDATE budget_notices SET cleared_at = ? "
                "WHERE event_key = ? AND cleared_at IS NULL",
                [now, key],
            )
