"""What is usual at an hour: the range of its own hour of the week, or of the day, in the past.

Four weeks of history give a baseline by hour of the week, two weeks one by hour of the day on
workdays or at weekends, less gives none. The neighbouring hours belong to the range: a routine
that starts an hour earlier, as all do when clocks change, is still usual.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from spectra.insight.anomalies.windows import Floats, median_of, quantile_of, trailing

DAY, WEEK = 24, 168
WEEKS = 8  # looked back to at most
MIN_SAMPLES = 4  # of an hour of the week, or of a kind of day
DAYS = 28
MIN_DAYS = 14
# Reached back to: eight weeks from the hour before, and whole days.
PAST_HOURS = WEEKS * WEEK + DAY


class Band(NamedTuple):
    """What is usual at each hour, and how far it may be off it; NaN without enough history.

    Attributes
    ----------
    usual : ndarray
        Median of the hour in the past [unit of the series].
    below, above : ndarray
        From there to the lowest and the highest of the neighbouring hours; not above and not
        below 0.
    """

    usual: Floats
    below: Floats
    above: Floats


def usual_band(hourly: Floats, first: pd.Timestamp) -> Band:
    """Median of an hour in the past, and the range of it and its neighbours.

    Parameters
    ----------
    hourly : ndarray
        series × (`PAST_HOURS` + hours), the past first.
    first : Timestamp
        The first hour after the past, aware UTC.
    """

    def median(windows: Floats) -> Floats:
        return median_of(windows, MIN_SAMPLES)

    usual = _or(median(_weekly(hourly)), lambda: _by_day_type(hourly, first, median))
    around = sliding_window_view(usual, 3, axis=1)
    middle = around[..., 1]
    low = np.where(np.isnan(around), np.inf, around).min(axis=-1)
    high = np.where(np.isnan(around), -np.inf, around).max(axis=-1)
    with np.errstate(invalid="ignore"):  # no neighbour and no middle: NaN, as it should be
        return Band(middle, low - middle, high - middle)


def usual_peak(hourly: Floats, first: pd.Timestamp) -> Floats:
    """The 95th percentile of each hour's past; of the last week where there is no baseline."""

    def peak(windows: Floats) -> Floats:
        return quantile_of(windows, 0.95, MIN_SAMPLES)

    usual = _or(peak(_weekly(hourly)), lambda: _by_day_type(hourly, first, peak))
    # Of the hour and its neighbours, as in the band.
    around = sliding_window_view(usual, 3, axis=1)
    highest = np.where(np.isnan(around), -np.inf, around).max(axis=-1)
    highest = np.where(np.isnan(around[..., 1]), np.nan, highest)
    return _or(highest, lambda: quantile_of(trailing(hourly, WEEK, PAST_HOURS), 0.95, DAY))


def _or(values: Floats, other: Callable[[], Floats]) -> Floats:
    """Values, and others where they are unknown, which are only worked out if need be."""
    unknown = np.isnan(values)
    return np.where(unknown, other(), values) if unknown.any() else values


def _asked(hourly: Floats) -> np.ndarray:
    """Columns that a baseline is asked for: those after the past, and one more at either end.

    The last one is not known yet, but its past is.
    """
    return np.arange(PAST_HOURS - 1, hourly.shape[1] + 1)


def _weekly(hourly: Floats) -> Floats:
    """Values of the same hour in the last weeks."""
    weeks: Floats = hourly[:, _asked(hourly)[:, None] - WEEK * np.arange(1, WEEKS + 1)]
    # Four of eight weeks must be known, so that there are four weeks of history at least.
    return weeks


def _by_day_type(
    hourly: Floats, first: pd.Timestamp, summary: Callable[[Floats], Floats]
) -> Floats:
    """Summary of the same hour on the same kind of day, workday or weekend."""
    columns, days = _asked(hourly), DAY * np.arange(1, DAYS + 1)
    result = np.full((len(hourly), len(columns)), np.nan)
    old = _is_old(hourly)
    if not old.any():
        return result
    week_hour = (first.day_of_week * DAY + first.hour + columns - PAST_HOURS) % WEEK
    is_weekend = week_hour >= 5 * DAY
    same = ((week_hour[:, None] - days) % WEEK >= 5 * DAY) == is_weekend[:, None]
    for kind in (False, True):
        chosen = is_weekend == kind
        if chosen.any():
            past = hourly[:, columns[chosen][:, None] - days]
            result[:, chosen] = summary(np.where(same[chosen], past, np.nan))
    return np.where(old, result, np.nan)


def _is_old(hourly: Floats) -> np.ndarray:
    """Whether anything is known of two weeks before each column."""
    ever = np.maximum.accumulate(~np.isnan(hourly), axis=1)
    old: np.ndarray = ever[:, _asked(hourly) - MIN_DAYS * DAY]
    return old
