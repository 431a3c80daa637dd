"""What one team carries: by day, and by region and service."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from spectra import allocation
from spectra.insight.allocation import allocate
from spectra.insight.budgets import period_of
from spectra.store import Store, allocation_queries
from spectra.store.allocation_queries import PARTS


def days(store: Store, name: str, first: date, after: date) -> pd.DataFrame:
    """Grams of a team by UTC day of [first, after): day, total_g."""
    rows = allocation.allocated_days(store, first, after)
    return rows[rows["team"] == name].groupby("day", as_index=False)[["total_g"]].sum()


def places(
    store: Store, name: str, since: date, after: date, parts: Sequence[str] = PARTS
) -> pd.DataFrame:
    """Grams of a team by region and service over the UTC days of [since, after).

    Pools are dealt out over each month from its first day on, as in what a budget has used.

    Parameters
    ----------
    parts : sequence of str
        The parts of emissions that count.

    Returns
    -------
    DataFrame
        Columns region, service, total_g; the greatest first.
    """
    found = []
    for part in allocation.segments(store, period_of("month", since).start.date(), after):
        if part.end <= since:
            continue
        classes = allocation.classes(store, part.rules)
        rows = allocation_queries.by_place(store, part.start, part.end, since, classes)
        owned = allocate(rows.assign(period="one"), part.rules, ("total_g", *PARTS))
        own = owned[owned["team"] == name].dropna(subset=list(PARTS), how="all")
        found.append(own.assign(total_g=own[list(parts)].sum(axis=1)))
    if not found:
        return pd.DataFrame(columns=["region", "service", "total_g"])
    sums = pd.concat(found).groupby(["region", "service"], as_index=False)[["total_g"]].sum()
    return sums.sort_values("total_g", ascending=False, ignore_index=True)
