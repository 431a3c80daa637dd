"""Tags of the demo machines as people left them: mostly right, some misspelt, some missing."""

from __future__ import annotations

import json

from spectra.sources.demo.blueprint import (
    ENVIRONMENT_VARIANTS,
    TEAM_VARIANTS,
    TEAMS,
    Group,
)
from spectra.sources.demo.noise import share

# Shares of machines by what is wrong with their tags; the rest is in order.
_UNTAGGED, _NO_TEAM, _TEAM_VARIANT, _ENVIRONMENT_VARIANT = 0.045, 0.07, 0.15, 0.20


def tags_json(group: Group, number: int, *path: object) -> str:
    """Tags of one machine as JSON text; members of an autoscaling group share theirs.

    Parameters
    ----------
    number
        The machine's place in its group, from 0.
    path
        Names that seed what is wrong with the tags.
    """
    who = (*path, "tags", None if group.asg_name else number)
    fate, pick = share(*who), share(*who, "pick")
    if fate < _UNTAGGED:
        return "{}"
    tags = {
        "Name": machine_name(group, number),
        "team": group.team_tag or team_of(group, number),
        "environment": str(group.environment),
        "service": group.service,
    }
    if fate < _NO_TEAM:
        del tags["team"]
    elif fate < _TEAM_VARIANT and not group.team_tag:
        tags["team"] = _one_of(TEAM_VARIANTS[tags["team"]], pick)
    elif fate < _ENVIRONMENT_VARIANT:
        tags["environment"] = _one_of(ENVIRONMENT_VARIANTS[tags["environment"]], pick)
    return json.dumps(tags)


def team_of(group: Group, number: int) -> str:
    """Team that a machine belongs to, spelt right."""
    return TEAMS[number % len(TEAMS)] if group.team == "*" else group.team


def machine_name(group: Group, number: int) -> str:
    """Name tag: of the group where it scales by itself, else with the machine's number."""
    stem = f"{group.service}-{group.environment}"
    return stem if group.asg_name else f"{stem}-{number + 1:02d}"


def _one_of(choices: tuple[str, ...], pick: float) -> str:
    return choices[int(pick * len(choices))]
