"""Measurements in order: one value for every five minutes or hour, unknown ones as NaN."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from spectra.errors import InputError

HOUR, FIVE_MINUTES = pd.Timedelta(hours=1), pd.Timedelta(minutes=5)


class Regular(NamedTuple):
    """Whole hours of values.

    Attributes
    ----------
    at : DatetimeIndex
        Beginning of each step, aware UTC.
    values : ndarray
        NaN where nothing is known.
    per_hour : int
        Steps an hour: 12 or 1.
    """

    at: pd.DatetimeIndex
    values: np.ndarray
    per_hour: int


def regular(series: pd.Series) -> Regular:
    """Order a series, keep the last of repeated values, and tell its step from its index.

    Raises
    ------
    InputError
        If its index is naive, nothing is known, or its step is neither five minutes nor an hour.
    """
    index = _aware(series.index)
    ordered = pd.Series(series.to_numpy(dtype=float), index=index).sort_index(kind="stable")
    ordered = ordered[np.isfinite(ordered.to_numpy())]
    if ordered.empty:
        raise InputError("There is nothing to look for anomalies in.")
    steps = pd.DatetimeIndex(ordered.index.unique()).to_series().diff().dropna()
    usual = steps.median() if len(steps) else HOUR
    step = FIVE_MINUTES if usual < HOUR / 2 else HOUR
    if not step * 0.8 <= usual < step * 1.5:
        raise InputError(
            f"Values come every {usual}; detection needs them every five minutes or every hour.",
            next_step="Take the mean of each hour.",
        )
    ordered.index = pd.DatetimeIndex(ordered.index).floor(step)
    ordered = ordered[~ordered.index.duplicated(keep="last")]
    last = pd.Timestamp(ordered.index[-1]).floor("h") + HOUR - step
    at = pd.date_range(pd.Timestamp(ordered.index[0]).floor("h"), last, freq=step)
    return Regular(at, ordered.reindex(at).to_numpy(), round(HOUR / step))


def to_hours(frame: pd.DataFrame, since: pd.Timestamp | None) -> pd.DataFrame:
    """Every hour from a moment, or the first one, to the last one of a frame.

    Raises
    ------
    InputError
        If the index is naive or not of whole hours, or an hour or a series appears twice.
    """
    index = _aware(frame.index)
    if (index != index.floor("h")).any():
        raise InputError("A fleet is scanned by whole hours.", next_step="Take hourly means.")
    if index.has_duplicates or frame.columns.has_duplicates:
        raise InputError(
            "An hour or a series appears twice.", next_step="Keep one row an hour and series."
        )
    ordered = frame.set_axis(index).sort_index()
    if since is not None:
        ordered = ordered[ordered.index >= since]
    if ordered.empty:
        return ordered
    first = ordered.index[0] if since is None else since
    return ordered.reindex(pd.date_range(first, ordered.index[-1], freq="h"))


def _aware(index: pd.Index) -> pd.DatetimeIndex:
    if not isinstance(index, pd.DatetimeIndex) or index.tz is None:
        raise InputError("Detection needs a timezone-aware DatetimeIndex.")
    return index.tz_convert("UTC").as_unit("us")
