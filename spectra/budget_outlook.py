"""What is known of many budgets at once: their grams so far, and where their periods will end."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from spectra import allocation
from spectra.errors import InputError
from spectra.insight.budgets import Outlook, Period, ahead, linear_outlook, outlook, weekly_weights
from spectra.moments import HOUR, day_after, midnight
from spectra.store import Store, advice_log, budget_queries
from spectra.store.allocation_queries import PARTS
from spectra.store.budget_log import Basis, Budget

LOOK_BACK = timedelta(days=28)
BASIS_NAMES: dict[Basis, str] = {
    "total_lb": "all scopes, location-based",
    "scope2_lb": "scope 2, location-based",
    "scope3": "scope 3",
}
# The parts of emissions that a budget's basis counts.
BASIS_PARTS: dict[Basis, tuple[str, ...]] = {
    "total_lb": PARTS, "scope2_lb": PARTS[:1], "scope3": PARTS[1:]
}  # fmt: skip
_NO_HOURS = pd.DataFrame(
    {
        "hour": pd.DatetimeIndex([], tz="UTC"),
        "zone": pd.Series([], dtype=str),
        **{name: pd.Series([], dtype=float) for name in ("energy_kwh", "grid_g", "fixed_g")},
    }
)


@dataclass(frozen=True, slots=True)
class Facts:
    """Sums and hours that the budgets of one look are judged by.

    Attributes
    ----------
    until : datetime
        End of what is accounted for.
    days : DataFrame
        Emissions by day as allocated.
    parts : mapping of str to DataFrame
        Hours of the last weeks by budget.
    plans : mapping of str to ndarray
        How the plan of a period is spread over its hours, by budget; evenly where there is none.
    """

    until: datetime
    days: pd.DataFrame
    known: pd.DatetimeIndex
    parts: dict[str, pd.DataFrame]
    deviation: pd.DataFrame
    plans: dict[str, np.ndarray]


def gather(
    store: Store,
    budgets: Sequence[Budget],
    periods: Mapping[str, Period],
    end_hour: datetime,
    until: datetime | None = None,
) -> Facts:
    """Read what all budgets need, in a few queries.

    Parameters
    ----------
    periods : mapping of str to Period
        What each budget is judged in.
    end_hour : datetime
        End of what is accounted for, a whole hour.
    until : datetime, optional
        A UTC midnight before it, as of which they are judged.

    Raises
    ------
    InputError
        If `until` is within a day.
    """
    until = _known_until(end_hour, until)
    start, end = min(p.start for p in periods.values()), max(p.end for p in periods.values())
    labels = sorted({b.scope_key for b in budgets if b.scope_kind == "tag"})
    last = day_after(until)
    days = allocation.allocated_days(store, start.date(), min(last, end.date()), labels)
    first = until - LOOK_BACK
    # What is to come belongs to whom the rules of its first day say.
    rules = allocation.rules_on(store, until.astimezone(UTC).date())
    groups = allocation.allocated_groups(store, first.date(), last, labels, rules)
    weights = _weights(budgets, groups)
    rows = budget_queries.hourly_parts(store, first, until, weights)
    rows["hour"] = pd.DatetimeIndex(rows["hour"]).tz_convert("UTC") if len(rows) else rows["hour"]
    return Facts(
        until,
        days,
        budget_queries.known_hours(store, first, until),
        {str(key): part for key, part in rows.groupby("budget_id")},
        budget_queries.deviations(store, until, max(until, end)),
        _plans(store, budgets, periods, labels),
    )


def _known_until(end: datetime, until: datetime | None) -> datetime:
    """The end of the ledger, or an earlier midnight: sums are by UTC day."""
    if until is not None and until != midnight(until.astimezone(UTC)):
        raise InputError(
            "Budgets stand as of the end of a UTC day.", next_step="Give the midnight after it."
        )
    return min(end.astimezone(UTC), until or end)


def grams_by_day(budget: Budget, days: pd.DataFrame, period: Period) -> pd.Series:
    """Grams of a budget by UTC day of a period, on its basis."""
    first, end = (pd.Timestamp(at.replace(tzinfo=None)) for at in (period.start, period.end))
    inside = (days["day"] >= first) & (days["day"] < end)
    own = days.loc[_is_own(budget, days) & inside, ["day", *BASIS_PARTS[budget.basis]]]
    sums = own.groupby("day").sum().sum(axis=1)
    return sums.sort_index()


def expected(
    budget: Budget, facts: Facts, period: Period, known: tuple[float, float, float]
) -> Outlook | None:
    """Where the period of a budget will end; None when too little is known, or it has ended.

    Parameters
    ----------
    known : tuple of float
        Grams so far, the budget, and the share of the plan that has passed.
    """
    actual_g, budget_g, elapsed_share = known
    if facts.until >= period.end:
        return None
    coming = pd.date_range(max(facts.until, period.start), period.end, freq="h", inclusive="left")
    # Nothing of it in the last weeks is a history, too: then nothing more is expected.
    history = facts.parts.get(budget.budget_id, _NO_HOURS)
    # What began of late is no team that emitted nothing before: its own hours count.
    hours = facts.known if history.empty else facts.known[facts.known >= history["hour"].min()]
    if len(hours):
        found = ahead(history, hours, coming.as_unit("us"), facts.deviation)
        if found is not None:
            return outlook(actual_g, budget_g, found)
    return linear_outlook(actual_g, elapsed_share)


def covered(span: tuple[datetime, datetime], start: datetime, end: datetime) -> float:
    """Share of the whole hours of [start, end) that the ledger accounts for; 1 for none."""
    hours = (end - start) // HOUR
    if hours <= 0:
        return 1.0
    return max(0, (min(span[1], end) - max(span[0], start)) // HOUR) / hours


def open_savings(store: Store, now: datetime) -> Mapping[str, float] | None:
    """Open savings by team [gCO2e/h]; None where the fleet was never judged."""
    if advice_log.last_run(store) is None:
        return None
    frame = advice_log.open_savings(store, now, "team").dropna(subset=["carbon_g_per_h"])
    rules, found = (
        allocation.rules_on(store, now.astimezone(UTC).date()),
        defaultdict[str, float](float),
    )
    for name, grams in zip(frame["name"], frame["carbon_g_per_h"], strict=True):
        found[rules.team(str(name))] += float(grams)
    return found


def saved(
    savings: Mapping[str, float] | None, budget: Budget, start: datetime, end: datetime
) -> float | None:
    """Open savings of a budget's team over a span [gCO2e]; None where they are not known by it."""
    is_known = budget.scope_kind == "team" and budget.basis == "total_lb"
    if savings is None or not is_known:
        return None
    return savings.get(budget.scope_key, 0.0) * ((end - start) / HOUR)


def _plans(
    store: Store, budgets: Sequence[Budget], periods: Mapping[str, Period], labels: Sequence[str]
) -> dict[str, np.ndarray]:
    """How weekly plans are spread over the hours of their periods, by budget.

    A weekly plan follows the load of the four weeks before the period, as it was allocated then
    by the rules that the period began with, so that it stands still once the period has begun;
    without a full week before it is even. All that begin at one moment are read at once.
    """
    weekly: dict[Period, list[Budget]] = {}
    for budget in budgets:
        if budget.profile == "weekly":
            weekly.setdefault(periods[budget.budget_id], []).append(budget)
    found = {}
    for period, own in weekly.items():
        first, day = period.start - LOOK_BACK, period.start.date()
        rules = allocation.rules_on(store, day)
        groups = allocation.allocated_groups(store, first.date(), day, labels, rules)
        rows = budget_queries.hourly_parts(store, first, period.start, _weights(own, groups))
        known = budget_queries.known_hours(store, first, period.start)
        for key, part in rows.groupby("budget_id"):
            if (weights := _plan(part, known, period)) is not None:
                found[str(key)] = weights
    return found


def _plan(rows: pd.DataFrame, known: pd.DatetimeIndex, period: Period) -> np.ndarray | None:
    """Weights of a period's hours as the load of some weeks ran; None without a full week.

    A known hour without a row, once there has been one, ran nothing.
    """
    hours = pd.DatetimeIndex(rows["hour"]).tz_convert("UTC")
    grams = (rows["grid_g"] + rows["fixed_g"]).groupby(hours).sum()
    grams = grams.reindex(known[known >= grams.index.min()], fill_value=0.0)
    index = pd.DatetimeIndex(grams.index)
    profile = grams.groupby(index.day_of_week * 24 + index.hour).mean().reindex(range(168))
    if profile.isna().any() or profile.sum() <= 0:
        return None
    return weekly_weights(profile, period)


def _weights(budgets: Sequence[Budget], groups: pd.DataFrame) -> pd.DataFrame:
    """Share of each group of the hourly sums that belongs to each budget."""
    totals = groups.groupby("group_key")["energy_kwh"].sum()
    parts = []
    for budget in budgets:
        mine = groups.loc[_is_own(budget, groups), ["group_key", "energy_kwh"]]
        own = mine.groupby("group_key")["energy_kwh"].sum()
        share = (own / totals.reindex(own.index)).fillna(0.0)
        parts.append(
            pd.DataFrame(
                {
                    "budget_id": budget.budget_id,
                    "group_key": share.index,
                    "weight": share.to_numpy(dtype=float),
                    "scope2": float(budget.basis != "scope3"),
                    "scope3": float(budget.basis != "scope2_lb"),
                }
            )
        )
    found = pd.concat(parts, ignore_index=True)
    return found[found["weight"] > 0]


def _is_own(budget: Budget, rows: pd.DataFrame) -> pd.Series:
    """Rows that belong to a budget."""
    if budget.scope_kind == "team":
        return rows["team"] == budget.scope_key
    if budget.scope_kind == "environment":
        return rows["environment"] == budget.scope_key
    said = [text for text in rows["labels"].unique() if text]
    return rows["labels"].isin([text for text in said if budget.scope_key in json.loads(text)])
