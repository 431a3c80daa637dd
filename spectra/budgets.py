"""Budgets of a workspace: how each stands, what was told of it, and changes to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from spectra import moments
from spectra.allocation import rules_on
from spectra.budget_outlook import gather, open_savings
from spectra.budget_status import Look, Status, status_of
from spectra.errors import InputError
from spectra.insight.budgets import (
    KINDS,
    THRESHOLDS,
    Threshold,
    Version,
    course,
    period_of,
)
from spectra.moments import HOUR
from spectra.store import Store, budget_log, budget_notices
from spectra.store.budget_log import Budget
from spectra.store.emission_queries import accounted_span

# Hours arrive late; thresholds of a period are looked at this long after its end.
SETTLING = timedelta(days=3)


def statuses(
    store: Store,
    now: datetime,
    budgets: Sequence[Budget] | None = None,
    until: datetime | None = None,
) -> list[Status]:
    """How budgets stand in the periods that a moment lies in.

    Parameters
    ----------
    now : datetime
        Aware UTC; for a period that has ended, a moment in it with the hours known since.
    budgets : sequence of Budget, optional
        All that are open without.
    until : datetime, optional
        A UTC midnight: as they stood then, where periods go on; with all that is known without.
    """
    chosen = budget_log.budgets(store, now.date()) if budgets is None else list(budgets)
    span = accounted_span(store)
    if not chosen or span is None:
        return []
    periods = {b.budget_id: period_of(b.period_kind, now) for b in chosen}
    facts = gather(store, chosen, periods, span[1], until)
    look = Look(
        facts,
        now,
        (span[0], facts.until),
        budget_log.versions(store),
        budget_notices.lines(store),
        budget_notices.told(store, set(periods.values()), until),
        open_savings(store, now),
        rules_on(store, now.date()),
    )
    return [status_of(look, budget, periods[budget.budget_id]) for budget in chosen]


def check_thresholds(store: Store, now: datetime) -> list[tuple[Status, Threshold]]:
    """Write down which thresholds are reached and return all that are, told before or not.

    Each is told once a period under its key, over any number of restarts; what late data lowered
    again stays told, and the budget is called restated.
    """
    found = statuses(store, now)
    # The last hours of a period are known only once the next one has begun.
    begun = {kind: period_of(kind, now).start for kind in KINDS}
    young = {kind: start for kind, start in begun.items() if now - start < SETTLING}
    if young:
        moment = max(young.values()) - HOUR
        # One that was closed with its period is told of its last hours, too.
        late = [b for b in budget_log.budgets(store, moment.date()) if b.period_kind in young]
        found += statuses(store, moment, late)
    reached, left = [], []
    for status in found:
        for name in status.held:
            value = status.value_of(name)
            reached.append((status.key_of(name), status.line, status.period.label, name, value))
        left += [status.key_of(name) for name in status.told if name not in status.held]
    if reached or left:
        budget_notices.mark(store, reached, left, now)
    return [(s, t) for s in found for t in THRESHOLDS if t.name in s.held]


def burn_down(status: Status) -> pd.DataFrame:
    """The course of a period by UTC day, see `spectra.insight.budgets.course`.

    Where hours of the period are missing, days before the first that is known are not 0.
    """
    frame = course(status.plan, status.actual_days, status.until, status.actual_g, status.outlook)
    if status.coverage < 1 and not frame.empty and not status.actual_days.empty:
        first = pd.Timestamp(status.actual_days.index[0]).tz_localize(UTC)
        frame.loc[frame["day"] < first, "actual_g"] = float("nan")
    return frame


def create(  # noqa: PLR0913, PLR0917 (what a budget begins with)
    store: Store,
    budget: Budget,
    grams: float,
    valid_from: date,
    note: str = "",
    today: date | None = None,
) -> Budget:
    """Keep a new budget from a UTC day on.

    Raises
    ------
    InputError
        If there is one of the same scope, period and basis that is not closed by then.
    """
    day = max(valid_from, today or moments.today())
    if (kept := budget_log.find(store, budget, day)) is not None:
        ends = f", kept until {kept.closed_on}" if kept.closed_on else ""
        raise InputError(
            f"There is a {budget.period_kind} budget of “{budget.scope_key}” on this basis{ends}.",
            next_step="Change its amount, or close it first.",
        )
    budget_log.keep(store, budget, [Version(valid_from, grams)], note)
    return budget


def change_amount(
    store: Store, budget: Budget, grams: float, valid_from: date, note: str = ""
) -> None:
    """Set another amount from a UTC day on; within a period it counts for the hours left."""
    budget_log.keep(store, budget, [Version(valid_from, grams)], note)


def follow_path(store: Store, budget: Budget, path: Sequence[Version], note: str = "") -> None:
    """Lay a reduction path out; every amount set for its first day or later gives way to it."""
    older = {v.valid_from for v in amounts_between(store, budget, path[0].valid_from)}
    gone = older - {v.valid_from for v in path}
    budget_log.keep(store, budget, path, note or "reduction path", taken_back=gone)


def amounts_between(
    store: Store, budget: Budget, start: date, end: date = date.max
) -> list[Version]:
    """Amounts of a budget that begin on the UTC days of [start, end)."""
    known = budget_log.versions(store).get(budget.budget_id, [])
    return [version for version in known if start <= version.valid_from < end]


def copy_to_next(store: Store, budget: Budget, now: datetime, change_pct: float = 0.0) -> float:
    """Set the amount of the next period to that of this one, changed by per cent [gCO2e].

    Raises
    ------
    InputError
        If no amount is in force.
    """
    period = period_of(budget.period_kind, now)
    in_force = amounts_between(store, budget, date.min, period.end.date())
    if not in_force:
        raise InputError(
            f"No amount of “{budget.scope_key}” is in force to copy.", next_step="Set one first."
        )
    grams = in_force[-1].grams * (1 + change_pct / 100)
    note = f"copied from {period.label}"
    budget_log.keep(store, budget, [Version(period.end.date(), grams)], note)
    return grams


def close(store: Store, budget: Budget, on: date | None) -> None:
    """Keep a budget no longer from a UTC day on; its past stays readable. None keeps it on."""
    budget_log.keep(store, replace(budget, closed_on=on), [])
