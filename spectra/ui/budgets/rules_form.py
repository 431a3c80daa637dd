"""The rules of allocation as tables to edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import pandas as pd
import streamlit as st

from spectra.errors import InputError
from spectra.insight.allocation import Pool, Rules
from spectra.insight.allocation.rules import By, Match, Policy
from spectra.store.tags import fold
from spectra.ui import cards, workspace

POLICIES: dict[Policy, str] = {
    "visible": "leave it as a line of its own",
    "direct": "also show it dealt out by what teams emit themselves",
    "even": "also show it dealt out evenly",
}
MATCHES: dict[str, str] = {
    "tag": "a tag", "team": "a team", "account": "an account", "service": "a service",
    "environment": "an environment",
}  # fmt: skip
WAYS: dict[str, str] = {
    "direct": "by what teams emit themselves", "even": "evenly", "fixed": "by fixed shares",
}  # fmt: skip
_TEXT, _CHOICE = st.column_config.TextColumn, st.column_config.SelectboxColumn
_POOLS: dict[str, Any] = {
    "name": _TEXT("Pool", required=True),
    "match": _CHOICE("Matches", options=list(MATCHES), required=True,
                     format_func=lambda match: MATCHES[str(match)]),
    "key": _TEXT("What", required=True, help="A tag as key=value, a team, an account, a service or "
                 "an environment."),
    "by": _CHOICE("Dealt out", options=list(WAYS), required=True,
                  format_func=lambda by: WAYS[str(by)]),
    "shares": _TEXT("Shares", help="Of fixed shares: web=60, data=40. The rest of 100 % stays "
                    "unallocated."),
    "teams": _TEXT("Among", help="Teams, separated by commas; empty: all."),
}  # fmt: skip


def form(rules: Rules, key: str) -> Rules | None:
    """Edit rules; None, with the reason on the screen, where they cannot be read.

    Parameters
    ----------
    key : str
        Another one starts the widgets again from `rules`.
    """
    left, right = st.columns(2)
    with left:
        st.caption("Names that stand for another team")
        aliases = _pairs(rules.aliases, ("Name", "Stands for"), f"aliases_{key}")
    with right:
        st.caption("Team of what has no team, by account")
        accounts = _pairs(rules.accounts, ("Account", "Team"), f"accounts_{key}")
    st.caption("Shared pools: the first that matches a resource holds")
    pools = st.data_editor(
        _pool_table(rules.pools), num_rows="dynamic", hide_index=True, width="stretch",
        key=f"pools_{key}", column_config=_POOLS,
    )  # fmt: skip
    policy = st.selectbox("What belongs to nobody", list(POLICIES),
                          format_func=POLICIES.__getitem__,
                          index=list(POLICIES).index(rules.unallocated),
                          key=f"policy_{key}")  # fmt: skip
    try:
        return Rules(
            _read_pairs(aliases, "name"), _read_pairs(accounts, "account"), _read_pools(pools),
            policy,
        )  # fmt: skip
    except InputError as error:
        workspace.show_error(error)
        return None


def shown(rules: Rules, key: str) -> None:
    """The rules without a way to change them; `key` tells those on one screen apart."""
    pairs = [("stands for", *pair) for pair in rules.aliases.items()]
    pairs += [("is the team of account", team, account) for account, team in rules.accounts.items()]
    rows = pd.DataFrame(
        [(name, kind, other) for kind, name, other in pairs], columns=["Name", "Rule", "Of"]
    )
    if len(rows):
        st.dataframe(rows, hide_index=True, width="stretch", height="content",
                     key=f"names_{key}")  # fmt: skip
        cards.download(rows, f"names_{key}")
    if rules.pools:
        pools = _pool_table(rules.pools)
        pools = pools.assign(match=pools["match"].map(MATCHES), by=pools["by"].map(WAYS))
        st.dataframe(
            pools, hide_index=True, width="stretch", height="content", key=f"pools_{key}",
            column_config={"name": "Pool", "match": "Matches", "key": "What", "by": "Dealt out",
                           "shares": "Shares", "teams": "Among"},
        )  # fmt: skip
        cards.download(pools.rename(columns={"shares": "shares [%]"}), f"pools_{key}")
    st.caption(f"What belongs to nobody: {POLICIES[rules.unallocated]}.")


def _pairs(known: Any, heads: tuple[str, str], key: str) -> pd.DataFrame:
    table = pd.DataFrame(list(known.items()), columns=["of", "to"], dtype=object)
    edited: pd.DataFrame = st.data_editor(
        table, num_rows="dynamic", hide_index=True, width="stretch", key=key,
        column_config={"of": _TEXT(heads[0], required=True), "to": _TEXT(heads[1], required=True)},
    )  # fmt: skip
    return edited


def _read_pairs(table: pd.DataFrame, what: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for of, to in table.itertuples(index=False):
        name, team = _text(of), _text(to)
        if name and team and found.setdefault(name, team) != team:
            raise InputError(
                f"The {what} “{name}” is given to two teams.",
                next_step="Leave one of the two rows.",
            )
    return found


def _pool_table(pools: Iterable[Pool]) -> pd.DataFrame:
    rows = [
        (p.name, p.match, p.key, p.by, ", ".join(f"{t}={s:.15g}" for t, s in p.shares.items()),
         ", ".join(p.teams))
        for p in pools
    ]  # fmt: skip
    columns = ["name", "match", "key", "by", "shares", "teams"]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _read_pools(table: pd.DataFrame) -> tuple[Pool, ...]:
    found = []
    for name, match, key, by, shares, teams in table.itertuples(index=False):
        if not (_text(name) or _text(key)):
            continue
        found.append(
            Pool(
                _text(name),
                cast(Match, match or "tag"),
                _text(key),
                cast(By, by or "direct"),
                _read_shares(_text(name), _text(shares)),
                tuple(part for part in map(_text, _text(teams).split(",")) if part),
            )
        )
    return tuple(found)


def _read_shares(pool: str, text: str) -> dict[str, float]:
    try:
        # A name may hold the sign; what stands behind the last one is the share.
        pairs = [part.rpartition("=") for part in text.split(",") if part.strip()]
        found = {fold(team): float(share) for team, _, share in pairs}
        if "" in found or len(found) < len(pairs):
            raise ValueError
        return found
    except ValueError:
        raise InputError(
            f"The shares of the pool “{pool}” cannot be read.",
            next_step="Write them as web=60, data=40, each team once.",
        ) from None


def _text(value: Any) -> str:
    """What a cell holds, folded as tags are; an empty cell holds None or NaN."""
    return fold(value) if isinstance(value, str) else ""
