"""Columns and types of the frames that AWS's answers become; an empty answer has them too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

_TEXT, _NUMBER, _WHOLE, _FLAG, _MOMENT, _DAY = "str", "float", "Int64", "bool", "moment", "day"

_WHO = {"account_id": _TEXT, "region": _TEXT}
_FROM = {"source": _TEXT, "fetched_at": _MOMENT}
_COST = {
    "billed_cost_usd": _NUMBER,
    "effective_cost_usd": _NUMBER,
    "is_provisional": _FLAG,
}

_COLUMNS: dict[str, dict[str, str]] = {
    "instances": {
        "instance_id": _TEXT,
        **_WHO,
        "availability_zone": _TEXT,
        "instance_type": _TEXT,
        "state": _TEXT,
        "name": _TEXT,
        "lifecycle": _TEXT,
        "tenancy": _TEXT,
        "asg_name": _TEXT,
        "architecture": _TEXT,
        "launched_at": _MOMENT,
        "transition_at": _MOMENT,
        "tags": _TEXT,
        "quality": _TEXT,
        **_FROM,
    },
    "volumes": {
        "volume_id": _TEXT,
        **_WHO,
        "volume_type": _TEXT,
        "size_gib": _WHOLE,
        "state": _TEXT,
        "instance_id": _TEXT,
        "created_at": _MOMENT,
        "tags": _TEXT,
        "quality": _TEXT,
        **_FROM,
    },
    "groups": {
        **_WHO,
        "asg_name": _TEXT,
        "min_size": _WHOLE,
        **_FROM,
    },
    "costs": {
        "day": _DAY,
        **_WHO,
        "service": _TEXT,
        "resource_id": _TEXT,
        "purchase_option": _TEXT,
        "team": _TEXT,
        "list_cost_usd": _NUMBER,
        **_COST,
        "quality": _TEXT,
        **_FROM,
    },
    "resource_costs": {
        "day": _DAY,
        "account_id": _TEXT,
        "resource_id": _TEXT,
        "purchase_option": _TEXT,
        **_COST,
        **_FROM,
    },
    "findings": {
        "instance_id": _TEXT,
        **_WHO,
        "instance_type": _TEXT,
        "finding": _TEXT,
        "reasons": _TEXT,
        "look_back_days": _NUMBER,
        "options": _TEXT,
        "refreshed_at": _MOMENT,
        **_FROM,
    },
    "prices": {
        "instance_type": _TEXT,
        "region": _TEXT,
        "usd_per_hour": _NUMBER,
        "as_of": _DAY,
        **_FROM,
    },
    "emissions": {
        "month": _DAY,
        **_WHO,
        "service": _TEXT,
        "emissions_type": _TEXT,
        "emissions_kg": _NUMBER,
        "model_version": _TEXT,
        **_FROM,
    },
}


def tidy(name: str, rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Rows as a tidy frame: its columns in order, moments aware UTC, days as dates."""
    columns = _COLUMNS[name]
    frame = pd.DataFrame(list(rows), columns=list(columns))
    for column, kind in columns.items():
        if kind == _MOMENT:
            moments = pd.to_datetime(frame[column], utc=True)
            frame[column] = moments.astype("datetime64[us, UTC]")
        elif kind != _DAY:
            frame[column] = frame[column].astype(kind)  # type: ignore[call-overload]
    return frame
