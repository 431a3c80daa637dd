"""A runaway process: hour after hour far above what the machine ever needs at that time.

Two such hours are said early, as a usage spike, and so are two hours that lie a quarter above
anything of the last week: on a machine that swings widely, no deviation is beyond its spread.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spectra.insight.anomalies.memory import Memory
from spectra.insight.anomalies.seasons import DAY, PAST_HOURS, WEEK, usual_peak
from spectra.insight.anomalies.sensitivity import Sensitivity
from spectra.insight.anomalies.windows import Floats, quantile_of, trailing

FULL_PCT = 100.0
EARLY_HOURS = 2
SURGE_TIMES, SURGE_MARGIN_PCT, SURGE_SHARE = 1.25, 5.0, 0.99


class Run(NamedTuple):
    """Which hours look like a runaway, which are one, and how each series stands at the end."""

    is_early: NDArray[np.bool_]
    is_runaway: NDArray[np.bool_]
    hours: Floats
    limit: Floats
    alarm: Floats


def run_on(memory: Memory, hourly: Floats, sum_up: Floats, sensitivity: Sensitivity) -> Run:
    """Count the hours above the limit, which stays as it was when they began.

    Only series that look like percentages can run away: none of their values lies above 100.

    Parameters
    ----------
    hourly : ndarray
        series × hours, the past first: mean CPU [%].
    sum_up : ndarray
        series × new hours: cumulative sums upwards [1].
    """
    count = sum_up.shape[1]
    new = hourly[:, -count:]
    is_early, is_runaway = _surges(hourly), np.zeros(new.shape, dtype=bool)
    hours, limit, alarm = (
        getattr(memory, name).copy() for name in ("run_hours", "run_limit", "run_alarm")
    )
    # Few machines are ever that busy: the others need no baseline.
    busy = np.flatnonzero((new >= sensitivity.runaway_pct).any(axis=1))
    quiet = np.setdiff1d(np.arange(len(new)), busy)
    ended = quiet[~np.isnan(new[quiet]).all(axis=1)]
    hours[ended], limit[ended], alarm[ended] = 0.0, np.nan, 0.0
    if busy.size:
        limits = _limits(memory, hourly[busy], sensitivity)
        run = _count(
            new[busy], limits, sum_up[busy], (hours[busy], limit[busy], alarm[busy]), sensitivity
        )
        early, is_runaway[busy], hours[busy], limit[busy], alarm[busy] = run
        is_early[busy] |= early
    return Run(is_early, is_runaway, hours, limit, alarm)


def _limits(memory: Memory, hourly: Floats, sensitivity: Sensitivity) -> Floats:
    """From where on an hour counts [%]; infinite where that cannot be said."""
    peak = usual_peak(hourly, memory.end)
    limits = np.maximum(sensitivity.runaway_pct, peak + sensitivity.runaway_margin_pct)
    is_percent = _is_percent(hourly)[:, -peak.shape[1] :]
    return np.where(is_percent & ~np.isnan(limits), limits, np.inf)


def _is_percent(hourly: Floats) -> NDArray[np.bool_]:
    """Whether every value up to each hour lies between 0 and 100."""
    with np.errstate(invalid="ignore"):
        beyond = (hourly > FULL_PCT) | (hourly < 0)
    return ~np.logical_or.accumulate(beyond, axis=1)


def _surges(hourly: Floats) -> NDArray[np.bool_]:
    """Hours after the past that, with the one before, lie far above the week before them."""
    past = PAST_HOURS - 1
    now = hourly[:, past:]
    known = np.where(np.isnan(hourly), 0.0, hourly)[:, past - WEEK :].cumsum(axis=1)
    # A percentile as high as this lies above the mean: below it there is no need to sort.
    mean = (known[:, WEEK - 1 : -1] - np.pad(known, ((0, 0), (1, 0)))[:, : now.shape[1]]) / WEEK
    with np.errstate(invalid="ignore"):
        row, column = np.nonzero(
            (now > SURGE_TIMES * mean) & (now > SURGE_MARGIN_PCT) & _is_percent(hourly)[:, past:]
        )
    week = trailing(hourly, WEEK, past)[row, column]
    usual = quantile_of(week[None], SURGE_SHARE, DAY)[0]
    surge = np.zeros(now.shape, dtype=bool)
    with np.errstate(invalid="ignore"):
        surge[row, column] = now[row, column] >= np.maximum(
            SURGE_TIMES * usual, usual + SURGE_MARGIN_PCT
        )
    return surge[:, 1:] & surge[:, :-1]


def _count(
    hourly: Floats, limits: Floats, sum_up: Floats, state: tuple[Floats, Floats, Floats],
    sensitivity: Sensitivity,
) -> Run:  # fmt: skip
    """Run lengths hour by hour; an unknown hour neither lengthens nor ends a run."""
    hours, limit, alarm = state
    is_early, is_runaway = np.zeros(hourly.shape, dtype=bool), np.zeros(hourly.shape, dtype=bool)
    for column in range(hourly.shape[1]):
        value = hourly[:, column]
        known = ~np.isnan(value)
        limit = np.where(hours > 0, limit, limits[:, column])
        above = known & (value >= limit)
        hours = np.where(known, np.where(above, hours + 1, 0.0), hours)
        alarmed = (alarm > 0) | (sum_up[:, column] >= sensitivity.shift_h)
        alarm = np.where(hours > 0, alarmed, 0.0)
        is_early[:, column] = above & (hours >= EARLY_HOURS)
        is_runaway[:, column] = above & (hours >= sensitivity.runaway_hours) & (alarm > 0)
    return Run(is_early, is_runaway, hours, np.where(hours > 0, limit, np.nan), alarm)
