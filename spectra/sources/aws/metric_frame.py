"""Series of metrics as the tidy utilisation frame: one row an instance and hour."""

from __future__ import annotations

from collections import Counter
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

# CloudWatch rounds up now and then; the ledger counts what is above 100 as 100.
MAX_PCT = 105.0
# A hundred times what the widest machine there is moves in an hour [bytes].
MAX_AMOUNT = 1e17


class Series(NamedTuple):
    """Values of one column of one instance, in any order."""

    instance_id: str
    column: str
    points: list[tuple[datetime, float]]


def plausible(
    series: Iterable[Series], start: datetime, end: datetime
) -> tuple[list[Series], list[str]]:
    """Series without what cannot be, and what was left out in plain sentences.

    A share of more than all or less than none, a negative or absurd amount and an hour that was
    not asked for are unknown, which is neither 0 nor 100 %.
    """
    kept, left_out = [], Counter[str]()
    for one in series:
        most = MAX_PCT if one.column.endswith("_pct") else MAX_AMOUNT
        points = [
            (at, value) for at, value in one.points
            if start <= at < end and 0 <= value <= most
        ]  # fmt: skip
        left_out[one.column] += len(one.points) - len(points)
        kept.append(one._replace(points=points))
    notes = [
        f"{count} values of {column} were implausible and are left out."
        for column, count in left_out.items() if count
    ]  # fmt: skip
    return kept, notes


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
