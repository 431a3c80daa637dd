"""Who carries which row of emissions: direct, account default, parent, pool, or nobody."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd

from spectra.insight.allocation.rules import UNALLOCATED, Policy, Pool, Rules

# In the order in which they are tried; a shared resource is taken out first.
METHODS = ("direct", "account", "parent", "pool", "none")
# What a team emits itself: what decides its share of anything that is dealt out.
OWN = METHODS[:3]

# Shares that a person rounded mean the whole: 33.3333 % three times.
ROUNDED = 2e-6

_COLUMN = {"team": "team", "account": "account_id", "service": "service",
           "environment": "environment", "tag": "tag_pool"}  # fmt: skip


def allocate(rows: pd.DataFrame, rules: Rules, measures: Sequence[str]) -> pd.DataFrame:
    """Say for every row which team carries it; a shared row is split among its teams.

    Parameters
    ----------
    rows : DataFrame
        Columns period (pools are dealt out within each), team (as tagged), account_id, service,
        environment, tag_pool (name of the pool that a tag puts it in, or empty), is_inherited
        (the team is that of the instance a volume belongs to) and the measures; the weight of
        pools is total_g.
    measures : sequence of str
        Columns that are split; a value that is not known stays unknown.

    Returns
    -------
    DataFrame
        The rows with team as carried, method, allocation_key and share; nothing is dropped.
    """
    owned = _owned(rows, rules)
    pooled = owned["method"] == "pool"
    if not pooled.any():
        return owned.assign(share=1.0)
    shares = _shares(owned, rules)
    split = owned[pooled].drop(columns="team").merge(shares, on=["period", "allocation_key"])
    split = split.astype(dict.fromkeys(measures, float))
    split[list(measures)] = split[list(measures)].mul(split["share"], axis=0)
    split.loc[split["team"] == UNALLOCATED, "method"] = "none"
    return pd.concat([owned[~pooled].assign(share=1.0), split], ignore_index=True)


def distribute(own: pd.Series, rest_g: float, policy: Policy) -> pd.Series:
    """What each team would carry of what nobody owns; zero for all where it stays visible.

    Parameters
    ----------
    own : Series
        Grams by team of what is its own, without its shares of pools; what is unallocated takes no
        part.
    """
    teams = own.drop(UNALLOCATED, errors="ignore")
    if policy == "visible" or teams.empty:
        return pd.Series(0.0, index=own.index)
    weights = _weights(teams, policy == "even")
    return (weights * rest_g).reindex(own.index, fill_value=0.0)


def _owned(rows: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Rows with the first step of the order that applies to each."""
    team = rows["team"].map(lambda name: rules.team(str(name)))
    pool = _pool(rows.assign(team=team), rules)
    default = rows["account_id"].map(lambda account: _default(str(account), rules))
    is_tagged = team != UNALLOCATED
    inherits = rows["is_inherited"].astype(bool)
    steps = [pool != "", is_tagged & ~inherits, default.notna(), is_tagged]
    method = np.select(steps, ["pool", "direct", "account", "parent"], "none")
    carried = np.select([method == "account", method == "none"], [default, UNALLOCATED], team)
    return rows.assign(
        team=carried,
        method=method,
        allocation_key=np.select(
            [method == "pool", method == "account"], [pool, rows["account_id"]], ""
        ),
    )


def _default(account: str, rules: Rules) -> str | None:
    """Team of what has no team in an account; None for nobody."""
    team = rules.team(rules.accounts.get(account, UNALLOCATED))
    return None if team == UNALLOCATED else team


def _pool(rows: pd.DataFrame, rules: Rules) -> pd.Series:
    """Name of the first pool that each row is in, empty for none."""
    found = pd.Series("", index=rows.index, dtype=object)
    for pool in rules.pools:
        wanted = pool.name if pool.match == "tag" else pool.key
        if pool.match == "team":
            wanted = rules.team(wanted)
        # AWS writes Amazon EBS; a person may write it in any case.
        said = rows[_COLUMN[pool.match]].astype(str).str.casefold()
        found[(found == "") & (said == wanted.casefold())] = pool.name
    return found


def _shares(owned: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Share of every team in every pool and period: period, allocation_key, team, share."""
    # A row of mere cost makes nobody a team that emits.
    is_own = owned["method"].isin(OWN) & owned["total_g"].notna()
    own = owned[is_own]
    totals = own.groupby(["period", "team"])["total_g"].sum()
    keys = owned.loc[owned["method"] == "pool", ["period", "allocation_key"]].drop_duplicates()
    pools = {pool.name: pool for pool in rules.pools}
    parts = []
    for period, name in keys.itertuples(index=False):
        teams = totals[totals.index.get_level_values("period") == period].droplevel("period")
        parts += [
            (period, name, team, share)
            for team, share in _of_pool(pools[str(name)], teams, rules).items()
        ]
    return pd.DataFrame(parts, columns=["period", "allocation_key", "team", "share"])


def _of_pool(pool: Pool, direct: pd.Series, rules: Rules) -> dict[Hashable, float]:
    """Shares of one pool, which add up to 1; what no team takes is unallocated."""
    if pool.by == "fixed":
        return _fixed(pool, rules)
    teams = list(dict.fromkeys(rules.team(name) for name in pool.teams))
    weights = direct.reindex(teams, fill_value=0.0) if teams else direct
    if weights.empty:
        return {UNALLOCATED: 1.0}
    return dict(_weights(weights, pool.by == "even"))


def _fixed(pool: Pool, rules: Rules) -> dict[Hashable, float]:
    found: dict[Hashable, float] = {}
    for name, pct in pool.shares.items():
        found[rules.team(name)] = found.get(rules.team(name), 0.0) + pct / 100
    total = sum(found.values())
    if abs(total - 1) < ROUNDED:
        return {team: share / total for team, share in found.items()}
    return found | {UNALLOCATED: found.get(UNALLOCATED, 0.0) + 1 - total}


def _weights(amounts: pd.Series, is_even: bool) -> pd.Series:
    """Proportions of 1; even where nothing was emitted."""
    positive = amounts.clip(lower=0)
    total = float(positive.sum())
    if is_even or total <= 0:
        return pd.Series(1 / len(amounts), index=amounts.index)
    return positive / total
