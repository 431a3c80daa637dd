"""Unusual days: a day against the same kind of day in the four weeks before it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spectra.insight.anomalies.scores import MAD_TO_SIGMA, TINY
from spectra.insight.anomalies.windows import Floats, spread_of

DAYS = 28
LEAST_DAYS, LEAST_SAME = 14, 4
FLOOR_SHARE, LEAST_Z = 0.05, 3.5
FALSE_SHARE = 0.05


class Unusual(NamedTuple):
    """High days of each series, rows of a matrix series × days.

    Attributes
    ----------
    z, median : ndarray
        Robust z of each day [1] and what it is a deviation from; NaN without enough history.
    is_high : ndarray of bool
        Days that stand out, also among all series tested on that day.
    baseline : ndarray of bool
        series × days × 28: which of the days before each day it is compared with, nearest first.
    """

    z: Floats
    median: Floats
    is_high: NDArray[np.bool_]
    baseline: NDArray[np.bool_]


def daily_sums(rows: pd.DataFrame, of: str, value: str) -> pd.DataFrame:
    """Sums by day and by what they are of, every day in between; unknown if any part is.

    Parameters
    ----------
    rows : DataFrame
        day (midnight, aware UTC), and the columns `of` and `value`.
    """
    grouped = rows.groupby(["day", of])[value]
    sums = grouped.sum().where(grouped.count() == grouped.size()).unstack(of)
    if sums.empty:
        return sums
    return sums.reindex(pd.date_range(sums.index.min(), sums.index.max(), freq="D"))


def unusual_days(values: Floats, days: pd.DatetimeIndex) -> Unusual:
    """Compare each day with workdays, or weekend days, of the 28 days before it.

    Parameters
    ----------
    values : ndarray
        series × days, days without a gap in between; NaN where nothing is known.
    """
    weekend = days.day_of_week.to_numpy() >= 5
    back = np.arange(1, DAYS + 1)
    padded = np.pad(values, ((0, 0), (DAYS, 0)), constant_values=np.nan)
    columns = np.arange(DAYS, padded.shape[1])[:, None] - back
    kinds = np.pad(weekend, (DAYS, 0))[columns] == weekend[:, None]
    past = padded[:, columns]
    enough = np.count_nonzero(~np.isnan(past), axis=-1) >= LEAST_DAYS
    baseline = kinds & ~np.isnan(past) & enough[..., None]
    spread = spread_of(np.where(baseline, past, np.nan), LEAST_SAME)
    sigma = np.maximum(MAD_TO_SIGMA * spread.mad, FLOOR_SHARE * np.abs(spread.median))
    z = (values - spread.median) / np.maximum(sigma, TINY)
    stands_out = np.zeros(values.shape, dtype=bool)
    for day in range(values.shape[1]):
        stands_out[:, day] = benjamini_hochberg(upper_tail(z[:, day]), FALSE_SHARE)
    return Unusual(z, spread.median, stands_out & (z >= LEAST_Z), baseline)


def upper_tail(z: Floats) -> Floats:
    """Probability that a standard normal number is as high [1]; NaN stays."""
    return np.array([0.5 * math.erfc(value / math.sqrt(2)) for value in z.tolist()])


def benjamini_hochberg(p: Floats, share: float) -> NDArray[np.bool_]:
    """Which of many tests are positive, so that at most a share of those is so by chance.

    Benjamini and Hochberg, "Controlling the false discovery rate", J. Royal Statistical Society B
    57 (1995). NaN is no test.
    """
    known = np.flatnonzero(~np.isnan(p))
    positive = np.zeros(p.shape, dtype=bool)
    if known.size:
        order = known[np.argsort(p[known], kind="stable")]
        passes = np.flatnonzero(p[order] <= share * np.arange(1, known.size + 1) / known.size)
        if passes.size:
            positive[order[: passes[-1] + 1]] = True
    return positive
