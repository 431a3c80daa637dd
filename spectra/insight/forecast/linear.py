"""Direct linear models: all hours of the horizon at once, from what lies before the origin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from spectra.insight.forecast.series import HOURS_PER_WEEK, Hours

DAY = 24
MEMORY = 28 * DAY  # hours before an origin that its features look back to
TRAIN_DAYS = 3 * 365
# A window whose target was mostly filled in teaches nothing.
MAX_FILLED_SHARE = 0.25
# A feature this many standard deviations off its mean is cut there: a spike is not extrapolated.
MAX_DEVIATION = 6.0


class Windows(NamedTuple):
    """Examples of one kind: what was known at origins a day apart, and what came after.

    Attributes
    ----------
    origins : ndarray
        Hours from the history's first to each origin.
    features : ndarray
        One row an origin, the last one for the origin that is asked for.
    targets : ndarray
        The hours after each origin but the last.
    usable : ndarray of bool
        Origins whose targets were mostly measured.
    """

    origins: np.ndarray
    features: np.ndarray
    targets: np.ndarray
    usable: np.ndarray


@dataclass(frozen=True, slots=True)
class LinearModel:
    """A ridge regression of all horizon hours; `predict` gives levels."""

    mean: np.ndarray
    scale: np.ndarray
    intercept: np.ndarray
    coefficients: np.ndarray

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Targets of feature rows."""
        standard = np.clip((features - self.mean) / self.scale, -MAX_DEVIATION, MAX_DEVIATION)
        result: np.ndarray = standard @ self.coefficients + self.intercept
        return result


def windows(hours: Hours, values: np.ndarray, horizon: int, weather: np.ndarray | None) -> Windows:
    """Examples at the hour of day of the origin, which is the hour after the history's last.

    Features are the last 72 hours, the hours asked for one, two and three weeks back, the mean day
    of the last 7 and 28 days, the day of week, the season, and the weather of the horizon and of
    the day before it.

    Parameters
    ----------
    values : ndarray
        The history's values, in levels or logs.
    weather : ndarray, optional
        One row an hour from the history's first to the horizon's last.
    """
    count = len(values)
    days = (count - MEMORY) // DAY
    first = max(0, days - TRAIN_DAYS)
    origins = count - DAY * np.arange(days - first, -1, -1)
    origins = origins[(origins + horizon <= count) | (origins == count)]
    day = sliding_window_view(values, DAY)
    blocks = [day[origins - lag] for lag in (24, 48, 72)]
    padded = np.concatenate([values, np.full(horizon, np.nan)])
    ahead = sliding_window_view(padded, horizon)
    blocks += [ahead[origins - HOURS_PER_WEEK * week] for week in (1, 2, 3)]
    blocks += [
        np.mean([day[origins - DAY * back] for back in range(1, length + 1)], axis=0)
        for length in (7, 28)
    ]
    blocks.append(_calendar(hours.at, origins))
    if weather is not None:
        ahead_weather = sliding_window_view(weather, (horizon, weather.shape[1]))[:, 0]
        day_weather = sliding_window_view(weather, (DAY, weather.shape[1]))[:, 0]
        blocks += [
            ahead_weather[origins].reshape(len(origins), -1),
            day_weather[origins - DAY].reshape(len(origins), -1),
        ]
    known = np.concatenate([hours.is_known, np.zeros(horizon, bool)])
    share = sliding_window_view(known, horizon)[origins[:-1]].mean(axis=1)
    usable = share >= 1 - MAX_FILLED_SHARE
    return Windows(origins, np.hstack(blocks), ahead[origins[:-1]], usable)


def fit(
    features: np.ndarray, targets: np.ndarray, penalties: tuple[float, ...]
) -> list[LinearModel]:
    """Ridge regressions of all targets at once, one for each penalty on standardised features."""
    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    standard = np.clip((features - mean) / scale, -MAX_DEVIATION, MAX_DEVIATION)
    centre = standard.mean(axis=0)
    standard = standard - centre
    intercept = targets.mean(axis=0)
    gram, moment = standard.T @ standard, standard.T @ (targets - intercept)
    models = []
    for penalty in penalties:
        solved = np.linalg.solve(gram + penalty * np.eye(len(gram)), moment)
        models.append(LinearModel(mean, scale, intercept - centre @ solved, solved))
    return models


def _calendar(index: pd.DatetimeIndex, origins: np.ndarray) -> np.ndarray:
    """Day of week of each origin, one column a day, and two harmonics of the year."""
    moments = index[0] + pd.to_timedelta(origins, unit="h")
    week = np.eye(7)[moments.day_of_week.to_numpy()]
    angle = moments.day_of_year.to_numpy() * (2 * np.pi / 365.25)
    return np.column_stack(
        [week, np.sin(angle), np.cos(angle), np.sin(2 * angle), np.cos(2 * angle)]
    )
