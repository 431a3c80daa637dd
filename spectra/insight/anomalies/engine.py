"""One step of detection: the past of some series and their new hours give signals and a new past.

Back-tests and streams run the same step: a history is one long step from an empty memory.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spectra.insight.anomalies import scores
from spectra.insight.anomalies.memory import Memory
from spectra.insight.anomalies.runaway import run_on
from spectra.insight.anomalies.seasons import Band, usual_band
from spectra.insight.anomalies.sensitivity import Sensitivity
from spectra.insight.anomalies.windows import Floats, median_of


class Signals(NamedTuple):
    """What was found at each new value of each series.

    Attributes
    ----------
    spike, shift : ndarray
        Signed scores as multiples of the series' own past [1]; NaN where not known.
    is_early, is_runaway : ndarray of bool
        A process seems to run away, and it has done so for long enough.
    values, expected : ndarray
        What was measured, and what was usual [unit of the series].
    """

    spike: Floats
    shift: Floats
    is_early: NDArray[np.bool_]
    is_runaway: NDArray[np.bool_]
    values: Floats
    expected: Floats


class _Step(NamedTuple):
    """The past and the new values of some series: by value and by hour, and off what is usual."""

    values: Floats
    hourly: Floats
    rest: Floats
    by_value: Band
    by_hour: Band
    per_hour: int


def advance(
    memory: Memory, new: Floats, sensitivity: Sensitivity, per_hour: int = 1
) -> tuple[Memory, Signals]:
    """Score the new values, whole hours from `memory.end` on, and remember them.

    Parameters
    ----------
    new : ndarray
        series × values; NaN where nothing is known.
    sensitivity : Sensitivity
        Its floor and the rules of shifts and runaways apply here, its threshold later.
    per_hour : int
        Values an hour: 1, or 12 for a whole history at once.
    """
    step = _step(memory, new, per_hour)
    raw, expected = _spikes(step, sensitivity.floor)
    spikes = np.concatenate([memory.spikes, raw], axis=1)
    z = _shift_z(step, sensitivity.floor)
    sums = scores.cusum(z, memory.sums)
    shifts = np.concatenate([memory.shifts, _larger(sums, z)], axis=1)
    run = run_on(memory, _mean(step.values, per_hour), sums[:, 0], sensitivity)
    spike, shift = _measured(spikes, shifts, new.shape[1], per_hour)
    size = shifts[:, -z.shape[1] :]
    # A sum falls slowly: what has ended is no shift any more.
    lasts = (np.abs(size) >= sensitivity.shift_h) & (z * np.sign(size) >= scores.ALLOWANCE)
    shift = np.where(lasts, shift, 0.0 * shift)
    known = ~np.isnan(new)
    signals = Signals(
        np.where(known, spike, np.nan),
        np.where(known, _when_complete(shift, per_hour), np.nan),
        known & (_when_complete(run.is_early.astype(float), per_hour) > 0),
        known & (_when_complete(run.is_runaway.astype(float), per_hour) > 0),
        new,
        expected,
    )
    kept = replace(
        _remembered(memory, step, spikes, shifts),
        sums=sums[:, :, -1],
        run_hours=run.hours,
        run_limit=run.limit,
        run_alarm=run.alarm,
    )
    return kept, signals


def _step(memory: Memory, new: Floats, per_hour: int) -> _Step:
    values = np.concatenate([memory.values, new], axis=1)
    hourly = _median(values, per_hour)
    band = usual_band(hourly, memory.end)
    by_value = Band(
        np.repeat(band.usual, per_hour, axis=1),
        np.repeat(band.below, per_hour, axis=1),
        np.repeat(band.above, per_hour, axis=1),
    )
    rest = np.concatenate([memory.rest, new - by_value.usual], axis=1)
    return _Step(values, hourly, rest, by_value, band, per_hour)


def _median(values: Floats, per_hour: int) -> Floats:
    """Median of each hour of which half is known; the values themselves if hourly."""
    if per_hour == 1:
        return values
    return median_of(values.reshape(len(values), -1, per_hour), per_hour // 2)


def _mean(values: Floats, per_hour: int) -> Floats:
    """Mean of each hour of which half is known; the values themselves if hourly."""
    blocks = values.reshape(len(values), -1, per_hour)
    known = np.count_nonzero(~np.isnan(blocks), axis=-1)
    mean: Floats = np.nansum(blocks, axis=-1) / np.maximum(known, 1)
    return np.where(known >= max(per_hour // 2, 1), mean, np.nan)


def _spikes(step: _Step, floor: float) -> tuple[Floats, Floats]:
    """Raw spike scores and what was expected: by the season where it is known, else without."""
    season, per_hour = step.by_value, step.per_hour
    count = season.usual.shape[1]
    # Steadying looks two values further back than the scores do.
    reach = scores.SPIKE_PAST_HOURS * per_hour + 2 + count
    score, expected = np.full(season.usual.shape, np.nan), season.usual
    if not np.isnan(expected).all():
        score = scores.spike(step.rest[:, -reach:], season, floor, per_hour).score
    if np.isnan(score[~np.isnan(step.values[:, -count:])]).any():
        plain = scores.spike(step.values[:, -reach:], None, floor, per_hour)
        score = np.where(np.isnan(score), plain.score, score)
        expected = np.where(np.isnan(expected), plain.usual, expected)
    return scores.damped(score), expected


def _shift_z(step: _Step, floor: float) -> Floats:
    """Deviation of each new hour from the days before: of the rest where the season is known."""
    season = step.by_hour
    reach = scores.SHIFT_PAST_HOURS + season.usual.shape[1]
    z = np.full(season.usual.shape, np.nan)
    if not np.isnan(season.usual).all():
        z = scores.shift_z(_median(step.rest, step.per_hour)[:, -reach:], season, floor)
    if np.isnan(z).any():
        z = np.where(np.isnan(z), scores.shift_z(step.hourly[:, -reach:], None, floor), z)
    return z


def _larger(sums: Floats, z: Floats) -> Floats:
    """The larger of the two sums, that of downward deviations negative."""
    size = np.where(sums[:, 0] >= sums[:, 1], sums[:, 0], -sums[:, 1])
    return np.where(np.isnan(z), np.nan, size)


def _measured(spikes: Floats, shifts: Floats, count: int, per_hour: int) -> tuple[Floats, Floats]:
    """Both scores as multiples of the series' own past: by value, and by hour."""
    scale = scores.HOURLY if per_hour == 1 else scores.FINE
    return (
        scores.calibrated(spikes, spikes.shape[1] - count, scale),
        scores.calibrated(shifts, shifts.shape[1] - count // per_hour, scores.HOURLY),
    )


def _when_complete(hourly: Floats, per_hour: int) -> Floats:
    """What is known of hours at each value: of an hour at its last value and not before."""
    if per_hour == 1:
        return hourly
    first = np.full((len(hourly), 1), np.nan)
    lagged = np.repeat(np.concatenate([first, hourly[:, :-1]], axis=1), per_hour, axis=1)
    lagged[:, per_hour - 1 :: per_hour] = hourly
    return lagged


def _remembered(memory: Memory, step: _Step, spikes: Floats, shifts: Floats) -> Memory:
    """The memory with the last columns of each matrix; copies, so that the step is let go."""

    def last(full: Floats, old: Floats) -> Floats:
        return full[:, -old.shape[1] :].astype(old.dtype)

    hours = step.by_hour.usual.shape[1]
    return replace(
        memory,
        end=memory.end + pd.Timedelta(hours=hours),
        values=last(step.values, memory.values),
        rest=last(step.rest, memory.rest),
        spikes=last(spikes, memory.spikes),
        shifts=last(shifts, memory.shifts),
    )
