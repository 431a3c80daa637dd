"""Budgets of a workspace: how each stands, what was told of it, and changes to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from spectra.allocation import rules_on
from spectra.budget_outlook import (
    Facts,
    covered,
    expected,
    gather,
    grams_by_day,
    open_savings,
    saved,
)
from spectra.errors import InputError
from spectra.insight.allocation import Rules
from spectra.insight.budgets import (
    KINDS,
    THRESHOLDS,
    Known,
    Outlook,
    Period,
    State,
    Threshold,
    Version,
    burn,
    course,
    crossed,
    judge,
    notice_key,
    period_of,
    planned,
)
from spectra.moments import HOUR
from spectra.store import Store, budget_log
from spectra.store.budget_log import Budget
from spectra.store.emission_queries import ledger_span

# Hours arrive late; thresholds of a period are looked at this long after its end.
SETTLING = timedelta(days=3)
_UNCLEAR = (State.NO_BUDGET, State.NOT_ENOUGH_DATA)


@dataclass(frozen=True, slots=True)
class Status:
    """How a budget stands in a period.

    Attributes
    ----------
    until : datetime
        End of what is accounted for in the period.
    plan : Series or None
        Grams planned by hour; None without a version in force.
    elapsed_share : float
        Share of the plan that has passed [1].
    coverage : float
        Share of the hours so far that is accounted for [1].
    reached, held, told : tuple of str
        Thresholds that are reached; those that are, or were and are not left by two points yet;
        and those that were told before.
    actual_days : Series
        Grams by UTC day.
    savings_g : float or None
        What the open recommendations of the team would save until the end; None where they are
        not known by this scope and basis.
    """

    budget: Budget
    period: Period
    until: datetime
    plan: pd.Series | None
    budget_g: float | None
    actual_g: float | None
    planned_g: float | None
    elapsed_share: float
    coverage: float
    burn: float | None
    outlook: Outlook | None
    reached: tuple[str, ...]
    held: tuple[str, ...]
    told: tuple[str, ...]
    state: State
    reason: str
    actual_days: pd.Series
    savings_g: float | None

    @property
    def gap_g(self) -> float | None:
        """What the period is expected to end above its budget; negative is room."""
        if self.outlook is None or self.budget_g is None:
            return None
        return self.outlook.central_g - self.budget_g

    def value_of(self, threshold: str) -> float:
        """What a threshold that is reached is about: grams, or a probability."""
        if threshold.startswith("actual") or self.outlook is None:
            return self.actual_g or 0.0
        is_chance = threshold.startswith("probability")
        return (self.outlook.probability or 0.0) if is_chance else self.outlook.central_g


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
    span = ledger_span(store)
    if not chosen or span is None:
        return []
    periods = {b.budget_id: period_of(b.period_kind, now) for b in chosen}
    facts = gather(store, chosen, periods, span[1], until)
    context = _Context(
        facts,
        now,
        (span[0].astimezone(UTC), facts.until),
        budget_log.versions(store),
        budget_log.told(store, set(periods.values()), until),
        open_savings(store, now),
        rules_on(store, now.date()),
    )
    return [_status(context, budget, periods[budget.budget_id]) for budget in chosen]


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
            key = notice_key(status.budget.budget_id, status.period, name)
            value = status.value_of(name)
            reached.append((key, status.budget.budget_id, status.period.label, name, value))
        left += [
            notice_key(status.budget.budget_id, status.period, name)
            for name in status.told
            if name not in status.held
        ]
    if reached or left:
        budget_log.mark(store, reached, left, now)
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


def create(store: Store, budget: Budget, grams: float, valid_from: date, note: str = "") -> Budget:
    """Keep a new budget from a UTC day on.

    Raises
    ------
    InputError
        If there is one of the same scope, period and basis.
    """
    if budget_log.find(store, budget) is not None:
        raise InputError(
            f"There is a {budget.period_kind} budget of “{budget.scope_key}” on this basis.",
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


def close(store: Store, budget: Budget, on: date) -> None:
    """Keep a budget no longer from a UTC day on; its past stays readable."""
    budget_log.keep(store, replace(budget, closed_on=on), [])


@dataclass(frozen=True, slots=True)
class _Context:
    """What the statuses of one look share."""

    facts: Facts
    now: datetime
    span: tuple[datetime, datetime]
    versions: dict[str, list[Version]]
    told: dict[tuple[str, str], dict[str, bool]]
    savings: Mapping[str, float] | None
    rules: Rules


def _status(context: _Context, budget: Budget, period: Period) -> Status:
    facts, versions = context.facts, context.versions.get(budget.budget_id, [])
    plan = planned(versions, period, facts.plans.get(budget.budget_id))
    start = period.start if plan is None else plan.index[0].to_pydatetime()
    until = min(max(facts.until, start), period.end)
    days = grams_by_day(budget, facts.days, replace(period, start=start))
    coverage = covered(context.span, start, min(period.end, max(context.now, facts.until)))
    is_seen = not days.empty or facts.knows(budget, context.rules)
    has_hours = context.span[1] > start and context.span[0] < until
    actual = float(days.sum()) if has_hours and is_seen else None
    amount = None if plan is None else float(plan.sum())
    so_far = None if plan is None else float(plan[plan.index < pd.Timestamp(until)].sum())
    share = so_far / amount if amount and so_far is not None else 0.0
    future = None
    if amount is not None and is_seen and (actual is not None or until == start):
        own = replace(period, start=start)
        future = expected(budget, facts, own, (actual or 0.0, amount, share))
    known = Known(amount, actual, share, coverage, future, is_seen)
    before = context.told.get((budget.budget_id, period.label), {})
    held = crossed(known, [name for name, holds in before.items() if holds])
    state, reason = judge(known, list(before), has_ended=facts.until >= period.end)
    if (merged := _merged(context, budget)) and state in _UNCLEAR:
        reason = merged
    return Status(
        budget, period, until, plan, amount, actual, so_far, share, coverage,
        None if amount is None or actual is None else burn(actual, amount, share),
        future, crossed(known), held, tuple(before), state, reason, days,
        saved(context.savings, budget, max(until, context.now), period.end),
    )  # fmt: skip


def _merged(context: _Context, budget: Budget) -> str:
    """What became of a team that the rules of today merge into another; empty for none."""
    means = context.rules.team(budget.scope_key)
    if budget.scope_kind != "team" or means == budget.scope_key:
        return ""
    return f"The rules of allocation merge this team into “{means}”: set a budget for that one."
