"""The forecast itself: what it needs, what it gives back, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spectra.errors import InputError
from spectra.insight.forecast.choice import MIN_ORIGINS, Choice, choose, predict
from spectra.insight.forecast.series import HOURS_PER_WEEK, Hours, clean

MAX_HORIZON = HOURS_PER_WEEK
# Measured on eleven grids: intervals of the last three months' errors cover 76 % instead of 80 %
# of the next two weeks; this much wider they cover 80 %.
WIDENED = 1.1


@dataclass(frozen=True, slots=True)
class Forecast:
    """A forecast with what it rests on.

    Attributes
    ----------
    frame : DataFrame
        Indexed by the hours ahead, aware UTC: mean, lower, upper.
    choice : Choice
        The models behind it, and their errors at past origins.
    level : float
        Probability that the interval is meant to hold.
    """

    frame: pd.DataFrame
    choice: Choice
    level: float


def forecast_intensity(
    history: pd.Series,
    horizon: int = 24,
    level: float = 0.8,
    weather: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Forecast the hours after a history.

    With twelve weeks or more, direct linear models; with three days or more, simple models and
    STL with an autoregression; where less than that is known of the last four weeks, the mean of
    each hour, met from where the series is after a gap. Members are chosen and averaged by their
    errors at past origins of the same series.

    Parameters
    ----------
    history : Series
        Carbon intensity by hour [gCO2e/kWh], on a timezone-aware DatetimeIndex; gaps are allowed.
    horizon : int
        Hours ahead, 1 to 168.
    level : float
        Probability of the prediction interval, between 0 and 1.
    weather : DataFrame, optional
        Numeric columns by hour over the history and the horizon; hours it lacks are interpolated.

    Returns
    -------
    DataFrame
        Indexed by the next `horizon` hours, aware UTC: mean, lower, upper [gCO2e/kWh]; the step
        that was taken and the members stand in ``attrs``.

    Raises
    ------
    InputError
        If nothing is known, the index is naive, or a number is out of range.
    """
    made = issue(history, horizon, level, weather=weather)
    frame = made.frame
    frame.attrs = {"step": made.choice.step, "members": made.choice.members}
    return frame


def issue(
    history: pd.Series,
    horizon: int = 24,
    level: float = 0.8,
    *,
    weather: pd.DataFrame | None = None,
    choice: Choice | None = None,
) -> Forecast:
    """Forecast with a choice made before, or make one; see `forecast_intensity`."""
    if not 1 <= horizon <= MAX_HORIZON:
        raise InputError(f"A forecast reaches 1 to {MAX_HORIZON} hours ahead, not {horizon}.")
    if not 0 < level < 1:
        raise InputError("The level of an interval lies between 0 and 1.")
    hours = clean(history)
    known = _weather(weather, hours, horizon)
    choice = choice or choose(hours, horizon, known)
    mean = predict(hours, choice, horizon, known)
    low, high = _spread(choice, hours, horizon, level)
    ahead = pd.date_range(hours.at[-1], periods=horizon + 1, freq="h")[1:]
    frame = pd.DataFrame(
        {"mean": mean, "lower": np.maximum(mean + low, 0.0), "upper": mean + high}, index=ahead
    )
    return Forecast(frame, choice, level)


def _spread(
    choice: Choice, hours: Hours, horizon: int, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper quantile of the error by hour ahead, from errors at past origins.

    Neighbouring hours are pooled, so that a tail rests on more than one value an origin. Seasons
    move on while a choice is in force: errors are taken a little wider than they were. Where an
    hour ahead could not be judged, such as one of a nightly gap, all hours' errors count for it.
    """
    errors = choice.errors
    if len(errors) < MIN_ORIGINS:
        errors = _naive_errors(hours, horizon)
    anywhere = errors[np.isfinite(errors)]
    tail = (1 - level) / 2
    low, high = np.empty(horizon), np.empty(horizon)
    for ahead in range(horizon):
        pool = errors[:, max(0, ahead - 1) : ahead + 2].ravel()
        known = pool[np.isfinite(pool)]
        pool = (known if len(known) >= MIN_ORIGINS else anywhere) * WIDENED
        low[ahead], high[ahead] = np.quantile(pool, [tail, 1 - tail])
    return np.minimum(low, 0.0), np.maximum(high, 0.0)


def _naive_errors(hours: Hours, horizon: int) -> np.ndarray:
    """Errors of a constant mean, where there is too little history to have judged anything."""
    deviation = hours.values[hours.is_known] - hours.values[hours.is_known].mean()
    return np.tile(deviation[:, None], (1, horizon))


def _weather(weather: pd.DataFrame | None, hours: Hours, horizon: int) -> np.ndarray | None:
    """Weather of every hour from the history's first to the horizon's last."""
    if weather is None:
        return None
    if not isinstance(weather.index, pd.DatetimeIndex) or weather.index.tz is None:
        raise InputError("Weather needs a timezone-aware DatetimeIndex.")
    span = pd.date_range(hours.at[0], periods=len(hours.values) + horizon, freq="h")
    aligned = weather.select_dtypes("number").tz_convert("UTC").reindex(span)
    if aligned.tail(horizon).isna().all().any():
        raise InputError("Weather must reach over the horizon.")
    values: np.ndarray = aligned.interpolate(limit_direction="both").to_numpy(dtype=float)
    return values
