"""Small fleets as tidy frames, for tests: one line an instance, with sensible defaults."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pandas as pd

FETCHED = pd.Timestamp("2026-11-25T12:00Z")


def utc(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC").as_unit("us")


def hours(start: str, end: str) -> pd.DatetimeIndex:
    return pd.date_range(utc(start), utc(end), freq="h", inclusive="left", unit="us")


def _frame(rows: list[dict[str, Any]], times: tuple[str, ...]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    for column in times:
        frame[column] = pd.to_datetime(frame[column], utc=True).dt.as_unit("us")
    return frame


def instances(*rows: dict[str, Any]) -> pd.DataFrame:
    defaults = {
        "valid_to": None,
        "account_id": "111111111111",
        "region": "eu-central-1",
        "availability_zone": "eu-central-1a",
        "instance_type": "m5.xlarge",
        "state": "running",
        "name": None,
        "lifecycle": "on-demand",
        "tenancy": "default",
        "asg_name": None,
        "architecture": "x86_64",
        "launched_at": None,
        "tags": {"team": "web", "environment": "production"},
        "source": "test",
        "quality": "measured",
        "fetched_at": FETCHED,
    }
    full = [{**defaults, **row} for row in rows]
    for row in full:
        row["tags"] = json.dumps(row["tags"])
    return _frame(full, ("valid_from", "valid_to", "launched_at", "fetched_at"))


def volumes(*rows: dict[str, Any]) -> pd.DataFrame:
    defaults = {
        "valid_to": None,
        "account_id": "111111111111",
        "region": "eu-central-1",
        "volume_type": "gp3",
        "size_gib": 100,
        "state": "in-use",
        "instance_id": None,
        "tags": {},
        "source": "test",
        "quality": "measured",
        "fetched_at": FETCHED,
    }
    full = [{**defaults, **row} for row in rows]
    for row in full:
        row["tags"] = json.dumps(row["tags"])
    return _frame(full, ("valid_from", "valid_to", "fetched_at"))


def utilisation(instance_id: str, at: pd.DatetimeIndex, cpu_pct: Any, **extra: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "instance_id": instance_id,
            "hour": at,
            "cpu_avg_pct": cpu_pct,
            "cpu_max_pct": cpu_pct,
            "memory_avg_pct": None,
            "gpu_avg_pct": extra.pop("gpu_avg_pct", None),
            "network_in_bytes": 0.0,
            "network_out_bytes": 0.0,
            "source": "test",
            "quality": "measured",
            "fetched_at": FETCHED,
        }
    ).astype({"memory_avg_pct": float, "gpu_avg_pct": float, "cpu_avg_pct": float})


def intensities(
    zone: str, at: pd.DatetimeIndex, direct: Any, lifecycle: Any, **extra: Any
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "zone": zone,
            "hour": at,
            "intensity_direct_g_per_kwh": direct,
            "intensity_lifecycle_g_per_kwh": lifecycle,
            "low_carbon_pct": float("nan"),
            "renewable_pct": float("nan"),
            "is_estimated": False,
            "direct_is_scaled": False,
            "source": "electricity_maps",
            "quality": "measured",
            "updated_at": FETCHED,
            "fetched_at": FETCHED,
            **extra,
        }
    )


def as_datetime(stamp: pd.Timestamp) -> datetime:
    return stamp.to_pydatetime()
