"""How unusual each moment is: a spike score and a shift score, each measured against its own past.

All functions take matrices whose first columns are the past, as in `windows`, and never look at a
later column: the score of a moment does not change when more data comes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from spectra.insight.anomalies.seasons import Band
from spectra.insight.anomalies.windows import Floats, Spread, quantile_of, spread_of, trailing

DAY = 24
HOD_DAYS, HOD_SAMPLES = 14, 24
# Looked back to by a spike score: the hour of the day of two weeks, and one hour more.
SPIKE_PAST_HOURS = (HOD_DAYS + 1) * DAY
REFERENCE_HOURS, LAG_HOURS = 72, 6
SHIFT_PAST_HOURS = REFERENCE_HOURS + LAG_HOURS
MAD_TO_SIGMA = 1.4826
SPIKE_FLOOR_SHARE, SHIFT_FLOOR_SHARE = 0.05, 0.10
# The method has a limit of 10 for z: with 8, no single hour is a shift, however far off it is.
ALLOWANCE, Z_LIMIT, CUSUM_LIMIT = 1.0, 8.0, 50.0
CALIBRATION_HOURS = 28 * DAY
# A z beyond this says little more than this one: a spread near zero makes it any size.
FAR = 10.0
TINY = 1e-9


def robust_z(
    values: Floats, spread: Spread, season: Band | None, share: float, floor: float
) -> Floats:
    """Deviation from the median in robust standard deviations [1].

    The spread is at least a share of the level, and the floor of the unit: many idle hosts have
    a spread of exactly 0. Of a deviation from a season only what lies beyond its range counts.
    """
    deviation = values - spread.median
    level = spread.median
    if season is not None:
        deviation = deviation - np.clip(deviation, season.below, season.above)
        level = season.usual
    sigma = np.maximum(MAD_TO_SIGMA * spread.mad, share * np.abs(level))
    z: Floats = deviation / np.maximum(sigma, max(floor, TINY))
    return z


def steady(values: Floats) -> Floats:
    """Median of each value and the two before it, so that a spike is one that lasts.

    With one of the three unknown, the lower: two of three consecutive values must be high. The
    first two columns are past.
    """
    ordered = np.sort(sliding_window_view(values, 3, axis=1), axis=-1)
    known = np.count_nonzero(~np.isnan(ordered), axis=-1)
    middle = np.where(known == 3, ordered[..., 1], ordered[..., 0])
    result: Floats = np.where((known >= 2) & ~np.isnan(values[:, 2:]), middle, np.nan)
    return result


class Spike(NamedTuple):
    """Signed score of each value, and the median of the day before it."""

    score: Floats
    usual: Floats


def spike(values: Floats, season: Band | None, floor: float, per_hour: int) -> Spike:
    """Signed spike score: the smaller z of the last day and of this hour of the last two weeks.

    Both of the steadied value and of the value itself: what has just ended is no spike, and next
    to a steep hour the noise of a busy one is none of an idle one.

    Parameters
    ----------
    values : ndarray
        Values, or deviations from the season; `SPIKE_PAST_HOURS` and two values of past first.
    floor : float
        Least spread that means anything [unit of the values].
    per_hour : int
        Values an hour.
    """
    past, day = SPIKE_PAST_HOURS * per_hour, DAY * per_hour
    steadied = steady(values)
    last_day = spread_of(trailing(steadied, day, past), day // 2)
    rolling, hourly = (
        _agreed(
            robust_z(steadied[:, past:], spread, season, SPIKE_FLOOR_SHARE, floor),
            robust_z(values[:, past + 2 :], spread, season, SPIKE_FLOOR_SHARE, floor),
        )
        for spread in (last_day, _of_hour(steadied, per_hour))
    )
    smaller = np.fmin(np.abs(rolling), np.abs(hourly))
    score = np.where(np.isnan(rolling), np.nan, np.sign(rolling) * smaller)
    return Spike(score, last_day.median)


def _agreed(a: Floats, b: Floats) -> Floats:
    """The smaller of two deviations to the same side; 0 if they are to different ones."""
    same = np.sign(a) * np.minimum(np.abs(a), np.abs(b))
    result: Floats = np.where(a * b < 0, 0.0, same)
    return result


def _of_hour(values: Floats, per_hour: int) -> Spread:
    """Spread of the same hour and its neighbours on the days before, at each value."""
    blocks = values.reshape(len(values), -1, per_hour)
    hours = np.arange(SPIKE_PAST_HOURS, blocks.shape[1])
    back = DAY * np.arange(1, HOD_DAYS + 1)[:, None] + np.array([-1, 0, 1])
    pooled = blocks[:, hours[:, None] - back.ravel()]
    spread = spread_of(pooled.reshape(len(values), len(hours), -1), HOD_SAMPLES)
    return Spread(
        np.repeat(spread.median, per_hour, axis=1),
        np.repeat(spread.mad, per_hour, axis=1),
        np.repeat(spread.known, per_hour, axis=1),
    )


def shift_z(hourly: Floats, season: Band | None, floor: float) -> Floats:
    """Deviation from three days that ended six hours ago, which a shift has not reached yet."""
    reference = spread_of(
        trailing(hourly, REFERENCE_HOURS, SHIFT_PAST_HOURS, LAG_HOURS), REFERENCE_HOURS // 2
    )
    return robust_z(hourly[:, SHIFT_PAST_HOURS:], reference, season, SHIFT_FLOOR_SHARE, floor)


def cusum(z: Floats, carried: Floats) -> Floats:
    """Cumulative sums of deviations up and down, of every hour.

    Page, "Continuous inspection schemes", Biometrika 41 (1954). Sums stay while an hour is
    unknown, and are held at a limit, so that a shift that has become usual is soon forgotten.

    Parameters
    ----------
    z : ndarray
        series × hours.
    carried : ndarray
        series × 2: the sums after the hour before, up and down.

    Returns
    -------
    ndarray
        series × 2 × hours.
    """
    step = np.clip(z, -Z_LIMIT, Z_LIMIT)
    steps = np.stack([step - ALLOWANCE, -step - ALLOWANCE], axis=-1)
    steps = np.nan_to_num(steps, nan=0.0).swapaxes(0, 1)
    sums, now = np.empty(steps.shape), carried
    for hour, change in enumerate(steps):
        now = np.clip(now + change, 0.0, CUSUM_LIMIT)
        sums[hour] = now
    return sums.transpose(1, 2, 0)


def damped(score: Floats) -> Floats:
    """A score whose size beyond `FAR` counts by its logarithm only; its sign stays."""
    size = np.abs(score)
    result: Floats = np.sign(score) * np.where(
        size > FAR, FAR * (1 + np.log(np.maximum(size, FAR) / FAR)), size
    )
    return result


class Scale(NamedTuple):
    """What a series' own past scores are summed up to, for scores to be measured by.

    Attributes
    ----------
    share : float
        Quantile of the scores other than 0 [1].
    least_known : int
        How many of them must be known.
    least_silent : int
        With this many known scores it does not matter how many of them are 0: a week in which
        nothing moved says as much.
    least : float
        The scale is at least this [1].
    """

    share: float
    least_known: int
    least_silent: int
    least: float


# An hour is the mean of many moments, and fewer of them are known: it must say more.
FINE, HOURLY = Scale(0.995, 200, 12 * 7 * DAY, 3.0), Scale(0.99, 24, 7 * DAY, 3.5)


def calibrated(scores: Floats, past: int, scale: Scale) -> Floats:
    """Signed scores as multiples of what the series itself reached in the four weeks before [1].

    A score below the least scale is only set against that: it is below 1 whatever the past was.
    NaN where too little is known.
    """
    now = scores[:, past:]
    result: Floats = now / scale.least
    row, column = np.nonzero(np.abs(now) >= scale.least)
    before = trailing(np.abs(scores), past, past)[row, column]
    own = quantile_of(np.where(before > 0, before, np.nan)[None], scale.share, 1)[0]
    moved = np.count_nonzero(before > 0, axis=1) >= scale.least_known
    silent = np.count_nonzero(before >= 0, axis=1) >= scale.least_silent
    measured = now[row, column] / np.fmax(scale.least, own)
    result[row, column] = np.where(moved | silent, measured, np.nan)
    return result
