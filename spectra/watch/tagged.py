"""Who bears which tag, as planned events ask for it."""

from __future__ import annotations

import json

import pandas as pd


def tags_of(facts: pd.DataFrame) -> pd.DataFrame:
    """Tags by series, one column a key; keys and values as they are written."""
    return pd.DataFrame([json.loads(text) for text in facts["tags"]], index=facts.index)


def team_tags(facts: pd.DataFrame) -> pd.DataFrame:
    """Tags by team, one column a key: the values that all machines of a team bear."""
    machines = facts[facts.index.str.startswith("i-")]
    teams = tags_of(machines).groupby(machines["team"])
    return teams.first().where(teams.nunique(dropna=False) == 1)
