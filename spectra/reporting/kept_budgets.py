"""The budgets that a workspace keeps, as a report shows them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from spectra import budgets
from spectra.budget_outlook import BASIS_NAMES
from spectra.budget_status import Status
from spectra.insight.budgets import period_of
from spectra.moments import HOUR
from spectra.reporting.budgets import BudgetLine
from spectra.reporting.model import Request
from spectra.store import Store, budget_log


def budget_lines(store: Store, request: Request, now: datetime) -> list[BudgetLine]:
    """Budgets of the months in a report's period, and of the quarters and years it ends in.

    A quarter or year that goes on is told as it stood at the report's end.

    Where the boundary names teams, theirs alone; a boundary of regions or accounts has none, as a
    budget is about all of them.
    """
    if request.regions or request.accounts:
        return []
    kept = [
        budget
        for budget in budget_log.budgets(store)
        if not request.teams or (budget.scope_kind == "team" and budget.scope_key in request.teams)
    ]
    last = min(now, request.end - HOUR)
    found: list[Status] = []
    for moment in _month_ends(request.start, last):
        wanted = [b for b in kept if b.period_kind == "month" or moment == last]
        # One that was closed within its period was kept for a part of it, and says until when.
        open_ones = [
            b for b in wanted
            if b.closed_on is None or b.closed_on > period_of(b.period_kind, moment).start.date()
        ]  # fmt: skip
        found += budgets.statuses(store, moment, open_ones, request.end)
    return [_line(status) for status in found if status.budget_g is not None]


def _month_ends(start: datetime, last: datetime) -> Iterator[datetime]:
    """The last hour of each month from `start` on, and at last `last`."""
    moment = period_of("month", start).end - HOUR
    while moment < last:
        yield moment
        moment = period_of("month", moment + HOUR).end - HOUR
    yield last


def _line(status: Status) -> BudgetLine:
    budget, closed = status.budget, ""
    if budget.closed_on is not None and budget.closed_on < status.period.end.date():
        closed = f", closed on {budget.closed_on}"
    return BudgetLine(
        f"{budget.budget_id}.{status.period.label}",
        f"{budget.scope_kind} {budget.scope_key}",
        status.period.label,
        status.budget_g,
        status.actual_g,
        status.outlook.central_g if status.outlook else None,
        f"{status.state}{closed}",
        BASIS_NAMES[budget.basis],
    )
