"""Series of metrics as the tidy utilisation frame: one row an instance and hour."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import pandas as pd

VALUES = [
    "cpu_avg_pct",
    "cpu_max_pct",
    "memory_avg_pct",
    "memory_max_pct",
    "gpu_avg_pct",
    "network_in_bytes",
    "network_out_bytes",
    "ebs_read_bytes",
    "ebs_write_bytes",
    "cpu_credit_balance",
]


class Series(NamedTuple):
    """Values of one column of one instance, in any order."""

    instance_id: str
    column: str
    points: list[tuple[datetime, float]]


def utilisation_frame(series: Iterable[Series]) -> pd.DataFrame:
    """Tidy rows from series; several series of one column (GPUs of one instance) are averaged."""
    flat = [
        (one.instance_id, moment, one.column, value)
        for one in series
        for moment, value in one.points
    ]
    long = pd.DataFrame(flat, columns=["instance_id", "hour", "column", "value"])
    hours = pd.to_datetime(long["hour"], utc=True).astype("datetime64[us, UTC]")
    long["hour"] = hours.dt.floor("h")
    long["value"] = long["value"].astype(float)
    wide = long.pivot_table(
        index=["instance_id", "hour"], columns="column", values="value", aggfunc="mean"
    )
    frame = wide.reindex(columns=VALUES).reset_index().rename_axis(columns=None)
    frame["fetched_at"] = pd.Timestamp.now("UTC").as_unit("us")
    return frame.assign(source="aws", quality="measured")
