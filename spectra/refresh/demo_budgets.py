"""Budgets of the demo company: some it keeps, some it does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from spectra import budgets
from spectra.allocation import league
from spectra.insight.allocation import UNALLOCATED
from spectra.insight.budgets import Kind, period_of
from spectra.moments import DAY
from spectra.store import Store, budget_log
from spectra.store.budget_log import DEMO_PREFIX, Scope, new_budget
from spectra.store.emission_queries import ledger_span

# What a month of each team may emit, of what it emitted in the last 30 days.
TIGHTNESS = (0.92, 1.25, 1.04, 0.7, 1.12, 1.4)
DAYS, MONTHS_BACK = 30, 2


def set_demo_budgets(store: Store, end: datetime) -> None:
    """Give the demo company budgets, once; whoever has any keeps them."""
    if budget_log.budgets(store):
        return
    span = ledger_span(store)
    if span is None:
        return
    first = max(end - timedelta(days=DAYS), span[0])
    teams = league(store, first.date(), end.date() + DAY)
    teams = teams[teams["team"] != UNALLOCATED]
    teams["total_g"] *= timedelta(days=DAYS) / (end - first)
    for (name, grams), share in zip(
        teams[["team", "total_g"]].itertuples(index=False, name=None), TIGHTNESS, strict=False
    ):
        _set(store, "team", str(name), "month", _round(share * float(grams)), end)
    total = float(teams["total_g"].sum())
    _set(store, "environment", "production", "quarter", _round(3.1 * total), end)


def _set(  # noqa: PLR0913, PLR0917 (what a budget is)
    store: Store, scope: Scope, key: str, kind: Kind, grams: float, end: datetime
) -> None:
    budget = replace(
        new_budget(scope, key, kind, note="demo"), budget_id=f"{DEMO_PREFIX}{scope}-{key}"
    )
    period = period_of(kind, end)
    for _ in range(MONTHS_BACK):
        period = period.previous
    budgets.create(store, budget, grams, period.start.date(), "demo")


def _round(grams: float) -> float:
    """Two significant digits, as a person sets a budget."""
    return float(f"{grams:.2g}")
