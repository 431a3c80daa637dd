"""From signals to alerts: what kind it is, and whether it says anything that was not just said."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from spectra.insight.anomalies.engine import Signals
from spectra.insight.anomalies.memory import Memory
from spectra.insight.anomalies.sensitivity import Sensitivity
from spectra.insight.anomalies.windows import Floats

SPIKE, DROP, SHIFT, RUNAWAY = "usage spike", "usage drop", "sustained shift", "runaway process"
COLUMNS = ["series", "at", "kind", "score", "value", "expected", "excess", "is_alert"]


class Hits(NamedTuple):
    """Where a rule holds: row and column of the signals, kind, score."""

    row: np.ndarray
    column: np.ndarray
    kind: np.ndarray
    score: Floats


def hits_of(signals: Signals, sensitivity: Sensitivity) -> Hits:
    """Values at which a rule holds, series by series in the order of time."""
    size = np.fmax(np.abs(signals.spike), np.abs(signals.shift))
    with np.errstate(invalid="ignore"):
        row, column = np.nonzero((size >= sensitivity.threshold) | signals.is_early)
    spike, shift = signals.spike[row, column], signals.shift[row, column]
    kind = np.where(
        np.nan_to_num(np.abs(shift)) > np.nan_to_num(np.abs(spike)),
        SHIFT,
        np.where(np.nan_to_num(spike) < 0, DROP, SPIKE),
    )
    kind = np.where(signals.is_runaway[row, column], RUNAWAY, kind)
    score = np.fmax(np.nan_to_num(size[row, column]), sensitivity.threshold)
    return Hits(row, column, kind, score)


def raise_alerts(
    memory: Memory, signals: Signals, at: pd.DatetimeIndex, sensitivity: Sensitivity
) -> tuple[Memory, pd.DataFrame]:
    """Every value at which a rule holds, and which of them are alerts.

    Within some hours of an alert only a much higher score, or a runaway after something less,
    alerts again.

    Returns
    -------
    Memory, DataFrame
        The memory with the last alert of each series; series, at (aware UTC), kind, score [1],
        value, expected, excess [unit of the series], is_alert.
    """
    hits = hits_of(signals, sensitivity)
    last_at, last_score, last_rank = (
        getattr(memory, name).copy() for name in ("alert_at", "alert_score", "alert_rank")
    )
    hours = (at - pd.Timestamp(0, tz="UTC")).total_seconds().to_numpy()[hits.column] / 3600
    is_alert = np.zeros(len(hits.row), dtype=bool)
    rank = (hits.kind == RUNAWAY).astype(float)
    for hit, row in enumerate(hits.row.tolist()):
        is_alert[hit] = (
            hours[hit] - last_at[row] >= sensitivity.realert_hours
            or hits.score[hit] >= sensitivity.realert_factor * last_score[row]
            or rank[hit] > last_rank[row]
        )
        if is_alert[hit]:
            last_at[row], last_score[row] = hours[hit], hits.score[hit]
            last_rank[row] = rank[hit]
    value, expected = (m[hits.row, hits.column] for m in (signals.values, signals.expected))
    frame = pd.DataFrame(
        {
            "series": memory.series[hits.row],
            "at": at[hits.column],
            "kind": pd.array(hits.kind, dtype="str"),
            "score": hits.score,
            "value": value,
            "expected": expected,
            "excess": value - expected,
            "is_alert": is_alert,
        }
    )
    kept = replace(memory, alert_at=last_at, alert_score=last_score, alert_rank=last_rank)
    return kept, frame
