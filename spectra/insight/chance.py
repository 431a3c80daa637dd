"""How likely a slot is the better one: errors of past forecasts, replayed as whole paths."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from spectra.moments import HOUR

Slot = tuple[datetime, datetime]

MIN_PROBABILITY, MIN_SAVING_PCT, MIN_SAVING_G = 0.8, 5.0, 10.0


def emission_paths(forecast: pd.Series, errors: np.ndarray, slots: Sequence[Slot]) -> np.ndarray:
    """What slots would emit per kW if each past error came again [gCO2e/kW], one an origin."""
    hours = _hours_used(forecast, slots)[: errors.shape[1]]
    ran = hours > 0  # an error that is not known matters in the hours that are run alone
    levels = forecast.to_numpy(dtype=float)[: errors.shape[1]] + errors
    result: np.ndarray = levels[:, ran] @ hours[ran]
    return result


def share_below(chosen: np.ndarray, other: np.ndarray) -> float:
    """Share of origins at which one emits less than the other; NaN without any.

    The latest origins of both are paired, so that what was wrong in both at once stays so. NaN too
    where they are the same at every origin: a slot is no better than itself.
    """
    count = min(len(chosen), len(other))
    pairs = np.column_stack([chosen[len(chosen) - count :], other[len(other) - count :]])
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    if np.allclose(pairs[:, 0], pairs[:, 1], rtol=1e-9, atol=0):
        return float("nan")
    return float(np.mean(pairs[:, 0] < pairs[:, 1]))


def is_recommended(saving_pct: float, saving_g: float, probability: float) -> bool:
    """A shift is advised if it is likely, worth the while, and material."""
    return bool(
        probability >= MIN_PROBABILITY and saving_pct >= MIN_SAVING_PCT and saving_g >= MIN_SAVING_G
    )


def _hours_used(forecast: pd.Series, slots: Sequence[Slot]) -> np.ndarray:
    """Hours of each hour of the forecast that slots run in."""
    first = pd.DatetimeIndex(forecast.index)[0].to_pydatetime()
    edges = np.arange(len(forecast))
    used = np.zeros(len(forecast))
    for begin, end in slots:
        a, b = ((moment - first) / HOUR for moment in (begin, end))
        used += np.clip(np.minimum(edges + 1, b) - np.maximum(edges, a), 0, 1)
    return used
