"""The tidy latency frame: every value says what it measures, between what, and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

COLUMNS = [
    "region",
    "method",
    "measured_at",
    "meaning",
    "is_proxy",
    "rtt_ms_p50",
    "rtt_ms_p90",
    "rtt_ms_p99",
    "confidence_level",
    "source",
    "quality",
    "fetched_at",
]


@dataclass(frozen=True, slots=True)
class Latency:
    """Rows of the tidy ``latency`` frame, and what there is no figure for."""

    frame: pd.DataFrame
    notes: tuple[str, ...] = ()


def latency_frame(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Tidy rows; a percentile that is not known is NaN."""
    frame = pd.DataFrame(list(rows), columns=COLUMNS)
    numbers = ["rtt_ms_p50", "rtt_ms_p90", "rtt_ms_p99"]
    frame[numbers] = frame[numbers].astype(float)
    frame["confidence_level"] = frame["confidence_level"].astype("Int64")
    frame["quality"] = "measured"
    frame["fetched_at"] = pd.Timestamp.now("UTC")
    for column in ("measured_at", "fetched_at"):
        frame[column] = pd.to_datetime(frame[column], utc=True).astype("datetime64[us, UTC]")
    return frame
