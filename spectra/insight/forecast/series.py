"""An hourly history as a forecast needs it: whole hours in order, gaps known and filled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from spectra.errors import InputError

HOURS_PER_WEEK = 168
# Longer gaps are not interpolated: what lies in them is taken from the same hours of other weeks.
INTERPOLATED_HOURS = 3
MAX_JUMP = 5.0


class Hours(NamedTuple):
    """A history without holes.

    Attributes
    ----------
    at : DatetimeIndex
        Every hour from the first to the last known one, aware UTC.
    values : ndarray
        One value an hour, none unknown.
    is_known : ndarray of bool
        False where a value was filled in.
    """

    at: pd.DatetimeIndex
    values: np.ndarray
    is_known: np.ndarray


def clean(history: pd.Series) -> Hours:
    """Order a history, drop repeated and unknown hours at its ends, and fill its gaps.

    Raises
    ------
    InputError
        If its index is no timezone-aware DatetimeIndex of whole hours, or nothing is known.
    """
    index = history.index
    if not isinstance(index, pd.DatetimeIndex) or index.tz is None:
        raise InputError("A history needs a timezone-aware DatetimeIndex.")
    series = pd.Series(history.to_numpy(dtype=float), index=index.tz_convert("UTC"))
    series = series[~series.index.duplicated(keep="last")].sort_index()
    series = series[np.isfinite(series.to_numpy())]
    if series.empty:
        raise InputError("There is no history to forecast from.")
    if (series.index != series.index.floor("h")).any():
        raise InputError("A history holds one value for each whole hour.")
    hourly = _without_spikes(series.asfreq("h"))
    known = hourly.notna().to_numpy()
    return Hours(pd.DatetimeIndex(hourly.index), _filled(hourly), known)


def _without_spikes(hourly: pd.Series) -> pd.Series:
    """Drop lone hours of more than five times both hours around them: errors, not the grid."""
    around = np.fmax(hourly.shift(1), hourly.shift(-1))
    lone = hourly.shift(1).notna() & hourly.shift(-1).notna()
    return hourly.mask(lone & (around > 0) & (hourly > MAX_JUMP * around))


def _filled(hourly: pd.Series) -> np.ndarray:
    """Short gaps linearly, longer ones from the median of their hour of week, else of day."""
    if hourly.notna().all():
        return hourly.to_numpy()
    line = hourly.interpolate(limit_area="inside")
    gap = hourly.isna()
    run = gap.groupby((~gap).cumsum()).transform("sum")
    filled = hourly.where(~gap | (run > INTERPOLATED_HOURS), line)
    hour = pd.DatetimeIndex(hourly.index).hour
    of_week = pd.DatetimeIndex(hourly.index).day_of_week * 24 + hour
    for group in (of_week, hour):
        filled = filled.fillna(hourly.groupby(group).transform("median"))
    return filled.fillna(hourly.median()).to_numpy()
