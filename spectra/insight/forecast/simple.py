"""Forecasts that need little history: persistence, same hour yesterday, climatology, STL and AR."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pandas as pd

from spectra.insight.forecast.series import Hours

# Warnings are caught for the whole process: one thread at a time may change what is caught.
_QUIET = threading.Lock()
DAY = 24
WEEK = 7 * DAY


def last_value(values: np.ndarray, horizon: int) -> np.ndarray:
    """The last value, unchanged."""
    return np.full(horizon, values[-1])


def same_hour_yesterday(values: np.ndarray, horizon: int) -> np.ndarray:
    """The last day, repeated."""
    return np.resize(values[-DAY:], horizon)


def same_hour_last_week(values: np.ndarray, horizon: int) -> np.ndarray:
    """The last week, repeated."""
    return np.resize(values[-WEEK:], horizon)


def climatology(hours: Hours, horizon: int) -> np.ndarray:
    """The mean of each hour of day over what is known; the mean of all where an hour is not."""
    known = pd.Series(hours.values[hours.is_known], index=hours.at[hours.is_known])
    by_hour = known.groupby(pd.DatetimeIndex(known.index).hour).mean()
    ahead = (hours.at[-1].hour + 1 + np.arange(horizon)) % DAY
    result: np.ndarray = by_hour.reindex(ahead).fillna(known.mean()).to_numpy()
    return result


def anchored_day(hours: Hours, horizon: int) -> np.ndarray:
    """The mean day, met from where the series is now: its deviation fades as it did before.

    A first-order autoregression of the deviations from the mean of their hour of day.
    """
    hour = hours.at.hour.to_numpy()
    known = pd.Series(np.where(hours.is_known, hours.values, np.nan))
    mean = known.groupby(hour).transform("mean").fillna(known.mean()).to_numpy()
    deviation = hours.values - mean
    before, after = deviation[:-1], deviation[1:]
    power = float(before @ before)
    persistence = min(max(float(before @ after) / power, 0.0), 1.0) if power > 0 else 0.0
    fading = deviation[-1] * persistence ** np.arange(1, horizon + 1)
    result: np.ndarray = climatology(hours, horizon) + fading
    return result


def stl_ar(values: np.ndarray, horizon: int) -> np.ndarray:
    """Seasonal-trend decomposition by loess, its rest continued by an autoregression.

    statsmodels' ``STLForecast`` over ``AutoReg``, after Cleveland et al., "STL: A Seasonal-Trend
    Decomposition Procedure Based on Loess", J. Official Statistics 6 (1990).
    """
    # Half of these are seconds to import, and most forecasts do not need them.
    from statsmodels.tsa.ar_model import AutoReg  # noqa: PLC0415
    from statsmodels.tsa.forecasting.stl import STLForecast  # noqa: PLC0415

    lags = min(DAY, len(values) // 4)
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a flat stretch makes the fit rank-deficient; it is judged
        fitted = STLForecast(
            pd.Series(values), AutoReg, model_kwargs={"lags": lags}, period=DAY, robust=True
        ).fit()
        result: np.ndarray = fitted.forecast(horizon).to_numpy()
    return result
