"""Who bears which tag, as planned events ask for it."""

from __future__ import annotations

import json

import pandas as pd


def tags_of(facts: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Tags that events name by series, one column a key; keys and values as they are written."""
    keys = list(events["tag"].dropna().unique())
    tags = [json.loads(text) for text in facts["tags"]] if keys else []
    return pd.DataFrame({k: [own.get(k) for own in tags] for k in keys}, index=facts.index)


def team_tags(facts: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Those that all machines of a team bear alike, by team."""
    machines = facts[facts.index.str.startswith("i-")]
    teams = tags_of(machines, events).groupby(machines["team"])
    return teams.first().where(teams.nunique(dropna=False) == 1)
