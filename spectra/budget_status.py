"""How one budget stands in a period, from what a look at all of them has gathered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd

from spectra.budget_outlook import Facts, covered, expected, grams_by_day, saved
from spectra.insight.allocation import Rules
from spectra.insight.budgets import (
    Known,
    Outlook,
    Period,
    State,
    Version,
    burn,
    crossed,
    judge,
    notice_key,
    planned,
)
from spectra.store.budget_log import Budget

_UNCLEAR = (State.NO_BUDGET, State.NOT_ENOUGH_DATA)


@dataclass(frozen=True, slots=True)
class Status:
    """How a budget stands in a period.

    Attributes
    ----------
    line : str
        The first budget of this scope, period and basis, for all of which a threshold is told once.
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
    line: str
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
    def start(self) -> datetime:
        """First hour of the period that counts: that of the first amount in it."""
        if self.plan is None:
            return self.period.start
        first: datetime = self.plan.index[0].to_pydatetime()
        return first

    @property
    def gap_g(self) -> float | None:
        """What the period is expected to end above its budget; negative is room.

        None where the end is not known, or no amount above 0 is set.
        """
        if self.outlook is None or not self.budget_g:
            return None
        return self.outlook.central_g - self.budget_g

    def key_of(self, threshold: str) -> str:
        """What a threshold is told under, see `notice_key`."""
        return notice_key(self.line, self.period, threshold)

    def value_of(self, threshold: str) -> float:
        """What a threshold that is reached is about: grams, or a probability."""
        if threshold.startswith("actual") or self.outlook is None:
            return self.actual_g or 0.0
        is_chance = threshold.startswith("probability")
        return (self.outlook.probability or 0.0) if is_chance else self.outlook.central_g


@dataclass(frozen=True, slots=True)
class Look:
    """What the statuses of one look share.

    Attributes
    ----------
    span : tuple of datetime
        First hour and end of what is accounted for.
    lines : mapping of str to str
        The first budget of the same scope, period and basis, by budget.
    told : mapping
        Thresholds told by (line, period label), and whether each is still reached.
    savings : mapping of str to float or None
        Open savings by team [gCO2e/h]; None where the fleet was never judged.
    rules : Rules
        Those of today.
    """

    facts: Facts
    now: datetime
    span: tuple[datetime, datetime]
    versions: dict[str, list[Version]]
    lines: Mapping[str, str]
    told: dict[tuple[str, str], dict[str, bool]]
    savings: Mapping[str, float] | None
    rules: Rules


def status_of(look: Look, budget: Budget, period: Period) -> Status:
    """How a budget stands in a period."""
    facts, versions = look.facts, look.versions.get(budget.budget_id, [])
    plan = planned(versions, period, facts.plans.get(budget.budget_id))
    start = period.start if plan is None else plan.index[0].to_pydatetime()
    until = min(max(facts.until, start), period.end)
    days = grams_by_day(budget, facts.days, replace(period, start=start))
    coverage = covered(look.span, start, min(period.end, max(look.now, facts.until)))
    is_seen = not days.empty or budget.budget_id in facts.parts or _is_named(look, budget)
    has_hours = look.span[1] > start and look.span[0] < until
    actual = float(days.sum()) if has_hours and is_seen else None
    amount = None if plan is None else float(plan.sum())
    so_far = None if plan is None else float(plan[plan.index < pd.Timestamp(until)].sum())
    share = so_far / amount if amount and so_far is not None else 0.0
    future = None
    if amount is not None and is_seen and (actual is not None or until == start):
        own = replace(period, start=start)
        future = expected(budget, facts, own, (actual or 0.0, amount, share))
    known = Known(amount, actual, share, coverage, future, is_seen)
    line = look.lines.get(budget.budget_id, budget.budget_id)
    before = look.told.get((line, period.label), {})
    held = crossed(known, [name for name, holds in before.items() if holds])
    state, reason = judge(known, list(before), has_ended=facts.until >= period.end)
    if (elsewhere := _carried_by_others(look, budget)) and state in _UNCLEAR:
        reason = elsewhere
    return Status(
        budget, line, period, until, plan, amount, actual, so_far, share, coverage,
        None if amount is None or actual is None else burn(actual, amount, share),
        future, crossed(known), held, tuple(before), state, reason, days,
        saved(look.savings, budget, max(until, look.now), period.end),
    )  # fmt: skip


def _is_named(look: Look, budget: Budget) -> bool:
    """Whether the rules of today give a team something: nothing so far is 0, and no misspelling."""
    return budget.scope_kind == "team" and budget.scope_key in look.rules.receivers


def _carried_by_others(look: Look, budget: Budget) -> str:
    """What became of a team that the rules of today merge or deal out; empty for none."""
    name, rules = budget.scope_key, look.rules
    if budget.scope_kind != "team":
        return ""
    if (means := rules.team(name)) != name:
        return f"The rules of allocation merge this team into “{means}”: set a budget for that one."
    pools = [p.name for p in rules.pools if p.match == "team" and rules.team(p.key) == name]
    if pools and name not in rules.receivers:
        return (
            f"The rules of allocation deal this team out as the shared pool “{pools[0]}”: budgets "
            "of the teams that take part hold it."
        )
    return ""
