"""Allocation of a workspace's emissions: the rules in force, their effect, and what nobody owns."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from spectra.insight.allocation import (
    METHODS,
    OWN,
    NearMiss,
    Rules,
    allocate,
    distribute,
    near_misses,
)
from spectra.insight.budgets import period_of
from spectra.moments import DAY
from spectra.store import Store, allocation_queries, budget_log
from spectra.store.allocation_queries import COSTS, MEASURES, PARTS, SPREADS
from spectra.store.tags import TagRules, fold, folded

PREVIEW_DAYS = 30


class Segment(NamedTuple):
    """UTC days of [start, end) with one version of the rules."""

    start: date
    end: date
    rules: Rules


def rules_on(store: Store, day: date) -> Rules:
    """The rules in force on a UTC day."""
    return next(
        (r for start, r in reversed(budget_log.rules_by_day(store)) if start <= day), Rules()
    )


def segments(store: Store, start: date, end: date) -> Iterator[Segment]:
    """Parts of the UTC days of [start, end) by month and by version of the rules.

    Pools are dealt out month by month, so that a quarter is the sum of its months.
    """
    versions = budget_log.rules_by_day(store)
    edges = {start, end} | {day for day, _ in versions} | set(_month_starts(start, end))
    inside = sorted(day for day in edges if start <= day <= end)
    for first, last in pairwise(inside):
        in_force = next((r for day, r in reversed(versions) if day <= first), Rules())
        yield Segment(first, last, in_force)


def allocated_days(  # noqa: PLR0913 (what the days are cut by)
    store: Store,
    start: date,
    end: date,
    labels: Sequence[str] = (),
    rules: Rules | None = None,
    *,
    parents: bool = False,
) -> pd.DataFrame:
    """Emissions by day and team over the UTC days of [start, end).

    Parameters
    ----------
    labels : sequence of str
        Tags as ``key=value`` whose resources are to be told apart, in the column ``labels``.
    rules : Rules, optional
        In the place of those in force, to see what they would do.
    parents : bool
        Tell a team of its own from that of a parent even where it decides nothing.

    Returns
    -------
    DataFrame
        Columns day, team, method, environment, account_id, service, labels, the parts and total_g.
    """
    parts = [
        _allocated(store, part._replace(rules=rules or part.rules), labels, parents)
        for part in segments(store, start, end)
    ]
    return pd.concat(parts, ignore_index=True) if parts else _nothing()


def allocated_groups(
    store: Store, start: date, end: date, labels: Sequence[str] = (), rules: Rules | None = None
) -> pd.DataFrame:
    """The same by group of the hourly sums: group_key, team, …; by default under the rules of
    the last day.
    """
    rules = rules or rules_on(store, end - DAY)
    rows = allocation_queries.by_group(store, start, end, classes(store, rules, labels))
    return allocate(rows.assign(period="all"), rules, ("energy_kwh", "total_g"))


def allocated_resources(store: Store, start: date, end: date) -> pd.DataFrame:
    """The same by resource, with costs and what the spread of a sum needs."""
    parts = []
    for part in segments(store, start, end):
        found = classes(store, part.rules, parents=True)
        rows = allocation_queries.by_resource(store, part.start, part.end, found)
        rows["total_g"] = rows[list(PARTS)].sum(axis=1, min_count=1)
        rows["period"] = f"{part.start:%Y-%m}"
        parts.append(
            allocate(rows, part.rules, (*MEASURES, "total_g", *SPREADS, *COSTS)).assign(
                start=part.start, end=part.end
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else _nothing()


def effect_of(store: Store, rules: Rules, now: datetime) -> pd.DataFrame:
    """What other rules would have made of the last 30 days.

    Returns
    -------
    DataFrame
        One row a team: team, before_g, after_g, change_g; the greatest change first. Both columns
        have the same sum.
    """
    end = now.astimezone(UTC).date() + DAY
    start = end - PREVIEW_DAYS * DAY
    before, after = (
        allocated_days(store, start, end, rules=tried).groupby("team")["total_g"].sum()
        for tried in (rules_on(store, now.astimezone(UTC).date()), rules)
    )
    frame = pd.DataFrame({"before_g": before, "after_g": after}).fillna(0.0)
    frame["change_g"] = frame["after_g"] - frame["before_g"]
    order = frame["change_g"].abs().sort_values(ascending=False, kind="stable").index
    return frame.loc[order].rename_axis("team").reset_index()


def league(store: Store, start: date, end: date) -> pd.DataFrame:
    """Teams by emissions over the UTC days of [start, end), with how they came to them.

    Pools are dealt out by whole months even where the days are a part of one: weeks add up to
    their month, and a month is that of its statement.

    Returns
    -------
    DataFrame
        Columns team, total_g, direct_g, account_g, parent_g, pool_g, none_g and distributed_g,
        what the policy deals out of the unallocated rest; the latter is not part of total_g and
        goes by what a team emits itself, as pools do.
    """
    first, after = period_of("month", start).start, period_of("month", end - DAY).end
    days = allocated_days(store, first.date(), after.date(), parents=True)
    days = days[(days["day"] >= pd.Timestamp(start)) & (days["day"] < pd.Timestamp(end))]
    table = days.pivot_table(
        index="team", columns="method", values="total_g", aggfunc="sum", fill_value=0.0
    ).reindex(columns=list(METHODS), fill_value=0.0)
    own, rest_g = table[list(OWN)].sum(axis=1), float(table["none"].sum())
    table.columns = pd.Index([f"{name}_g" for name in table.columns])
    table.insert(0, "total_g", table.sum(axis=1))
    table["distributed_g"] = distribute(own, rest_g, rules_on(store, end - DAY).unallocated)
    return table.sort_values("total_g", ascending=False).rename_axis("team").reset_index()


def worst_unallocated(store: Store, start: date, end: date, limit: int = 20) -> pd.DataFrame:
    """Resources that no team owns, the greatest first.

    Columns resource_id, name, account_id, region, service, resource_type, tags, total_g, share (of
    all that is unallocated).
    """
    rows = allocated_resources(store, start, end)
    rest = rows[rows["method"] == "none"]
    keys = ["resource_id", "account_id", "region", "service"]
    sums = rest.groupby(keys, as_index=False).agg(
        resource_type=("resource_type", "last"), total_g=("total_g", "sum")
    )
    sums["share"] = sums["total_g"] / (sums["total_g"].sum() or 1.0)
    known = allocation_queries.details(store, end)
    top = sums.nlargest(limit, "total_g").merge(known, on="resource_id", how="left")
    columns = ["resource_id", "name", *keys[1:], "resource_type", "tags", "total_g", "share"]
    return top[columns]


def merge_candidates(store: Store, start: date, end: date) -> list[NearMiss]:
    """Team tags that look like one team, those that the rules merge already left out."""
    rules = rules_on(store, end - DAY)
    rows = allocation_queries.by_day(store, start, end, pd.DataFrame())
    grams = (
        rows.assign(team=rows["team"].map(rules.team), total_g=rows[list(PARTS)].sum(axis=1))
        .groupby("team")["total_g"]
        .sum()
    )
    return near_misses({str(name): float(value) for name, value in grams.items()})


def with_alias(rules: Rules, name: str, means: str) -> Rules:
    """The rules with one more alias; what stood for the old name stands for the new one.

    Where the new name is an alias itself, its team is meant; a circle changes nothing.
    """
    final = rules.team(means)
    if final == name:
        return rules
    moved = {old: final if new == name else new for old, new in rules.aliases.items()}
    return Rules({**moved, name: final}, rules.accounts, rules.pools, rules.unallocated)


def classes(
    store: Store, rules: Rules, labels: Sequence[str] = (), *, parents: bool = False
) -> pd.DataFrame:
    """What the tags of each resource say to the rules, from which moment on.

    A volume without a tag of its own has that of its instance. A resource that nothing is to be
    said of is left out. Whether a team is that of a parent decides who carries a row only where
    accounts have a default; else it is left unsaid unless `parents` asks for it.
    """
    pools = [(p.name, *_tag(p.key)) for p in rules.pools if p.match == "tag"]
    if not (pools or labels or rules.accounts or parents):
        return pd.DataFrame()
    tag_rules = allocation_queries.tag_rules_in_force(store)
    read = _reader(tag_rules, pools, [(label, *_tag(label)) for label in labels])
    rows = allocation_queries.tagged_resources(store)
    said = [read(*tags) for tags in zip(rows["tags"], rows["parent_tags"], strict=True)]
    frame = pd.DataFrame(
        {
            "resource_id": rows["resource_id"],
            "valid_from": rows["valid_from"],
            "tag_pool": [pool for pool, _, _ in said],
            "is_inherited": rows["is_volume"].to_numpy(dtype=bool)
            & np.array([not has_team for _, has_team, _ in said], dtype=bool),
            "labels": [text for _, _, text in said],
        }
    )
    return _collapsed(frame)


def _reader(
    tag_rules: TagRules, pools: list[tuple[str, str, str]], labels: list[tuple[str, str, str]]
) -> Callable[[str, str], tuple[str, bool, str]]:
    """Reads tags and those of a parent (JSON texts) into pool, whether there is a team, labels.

    A tag of its own comes before that of the parent; a team of its own keeps it out of the
    parent's pool.
    """

    @functools.cache
    def read(text: str, of_parent: str) -> tuple[str, bool, str]:
        own = folded(text)
        tags = own | {k: v for k, v in folded(of_parent).items() if not own.get(k)}
        has_team = any(own.get(key) for key in tag_rules.team)
        asked = own if has_team else tags
        pool = next((name for name, key, value in pools if asked.get(key) == value), "")
        found = [label for label, key, value in labels if tags.get(key) == value]
        return pool, has_team, json.dumps(found) if found else ""

    return read


def _collapsed(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows where the class of a resource changes; none for one that never has any."""
    said = ["tag_pool", "is_inherited", "labels"]
    same_resource = frame["resource_id"].eq(frame["resource_id"].shift())
    changes = ~same_resource | frame[said].ne(frame[said].shift()).any(axis=1)
    kept = frame[changes]
    is_plain = (kept["tag_pool"] == "") & ~kept["is_inherited"] & (kept["labels"] == "")
    return kept[~(is_plain & ~kept["resource_id"].duplicated(keep=False))]


def _allocated(store: Store, part: Segment, labels: Sequence[str], parents: bool) -> pd.DataFrame:
    found = classes(store, part.rules, labels, parents=parents)
    rows = allocation_queries.by_day(store, part.start, part.end, found)
    rows["total_g"] = rows[list(PARTS)].sum(axis=1)
    rows["period"] = f"{part.start:%Y-%m}"
    return allocate(rows, part.rules, (*MEASURES, "total_g"))


def _nothing() -> pd.DataFrame:
    columns = ["day", "team", "method", "environment", "account_id", "service", "labels"]
    return pd.DataFrame(columns=[*columns, *MEASURES, "total_g"])


def _tag(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return fold(key), fold(value)


def _month_starts(start: date, end: date) -> Iterator[date]:
    month = period_of("month", start).next
    while month.start.date() < end:
        yield month.start.date()
        month = month.next
