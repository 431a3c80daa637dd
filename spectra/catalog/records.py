"""Turns the checked tables into the value objects of the catalogue."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from typing import Any

import pandas as pd

from spectra.catalog.columns import TEADS_W, UNIFORM_W
from spectra.catalog.types import (
    Coefficient,
    InstanceType,
    PowerCurve,
    Region,
    TdLoss,
    TypeLimits,
    Zone,
)


def _rows(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield rows as dicts of plain Python values."""
    columns = list(frame.columns)
    for values in zip(*(frame[column].tolist() for column in columns), strict=True):
        yield dict(zip(columns, values, strict=True))


def instance_types_from(frame: pd.DataFrame) -> dict[str, InstanceType]:
    """Return all types by name."""
    types = {}
    for row in _rows(frame):
        teads = [row.pop(column) for column in TEADS_W]
        uniform = [row.pop(column) for column in UNIFORM_W]
        name = row.pop("instance_type")
        row["gpu_model"] = row["gpu_model"] or None
        types[name] = InstanceType(
            name=name,
            teads=None if math.isnan(teads[0]) else PowerCurve(*teads),
            uniform=PowerCurve(*uniform),
            **row,
        )
    return types


def limits_from(frame: pd.DataFrame) -> dict[str, TypeLimits]:
    """Return limits by type; an empty cell is None."""
    return {
        row.pop("instance_type"): TypeLimits(**{name: _known(row[name]) for name in row})
        for row in _rows(frame)
    }


def _known(value: Any) -> Any:
    return None if value == "" or value != value else value  # noqa: PLR0124 (NaN is unequal to itself)


def regions_from(frame: pd.DataFrame) -> dict[str, Region]:
    """Return all regions by code."""
    return {row["region"]: Region(code=row.pop("region"), **row) for row in _rows(frame)}


def zones_from(frame: pd.DataFrame, with_profile: frozenset[str]) -> dict[str, Zone]:
    """Return all zones by code; an unknown share is None."""
    zones = {}
    for row in _rows(frame):
        code = row.pop("zone")
        for column in ("low_carbon_pct", "renewable_pct"):
            row[column] = None if math.isnan(row[column]) else row[column]
        zones[code] = Zone(code=code, has_profile=code in with_profile, **row)
    return zones


def prices_from(frame: pd.DataFrame) -> dict[tuple[str, str], tuple[float, date, str]]:
    """Return the fields of Price by (type, region); objects are made when asked for."""
    keys = zip(frame["instance_type"].tolist(), frame["region"].tolist(), strict=True)
    values = zip(
        frame["usd_per_hour"].tolist(),
        frame["as_of"].tolist(),
        frame["source"].tolist(),
        strict=True,
    )
    return dict(zip(keys, values, strict=True))


def td_losses_from(frame: pd.DataFrame) -> dict[str, TdLoss]:
    """Return losses by country."""
    return {row["country"]: TdLoss(row["td_loss_pct"] / 100, row["tier"]) for row in _rows(frame)}


def coefficients_from(frame: pd.DataFrame) -> dict[str, Coefficient]:
    """Return the named constants by name."""
    return {row["name"]: Coefficient(**row) for row in _rows(frame)}


def ebs_prices_from(frame: pd.DataFrame) -> dict[str, float]:
    """Return EBS list prices by volume type [USD/GB-month]."""
    return {row["volume_type"]: row["usd_per_gb_month"] for row in _rows(frame)}
