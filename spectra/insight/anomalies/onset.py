"""When a level changed: the best cut of a history into stretches, to confirm and date a shift.

It looks at both sides of a moment, so it belongs to a look back at night and never raises an alert.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from spectra.insight.anomalies.scores import MAD_TO_SIGMA, TINY
from spectra.insight.anomalies.windows import Floats

PENALTY = 3.0  # times the logarithm of the length
LEAST_HOURS = 6


def change_points(values: Floats) -> list[int]:
    """Places at which a new level begins, by PELT with squared errors and the penalty 3 ln n.

    Killick, Fearnhead and Eckley, "Optimal detection of changepoints with a linear computational
    cost", J. American Statistical Association 107 (2012). The noise is taken from the differences
    of neighbours, which a change of level hardly touches.

    Parameters
    ----------
    values : ndarray
        Without unknown values.
    """
    count = len(values)
    if count < 2 * LEAST_HOURS:
        return []
    steps = np.abs(np.diff(values))
    noise = max(MAD_TO_SIGMA * float(np.median(steps)) / math.sqrt(2), TINY)
    scaled = (values - np.median(values)) / noise
    first = np.concatenate([[0.0], np.cumsum(scaled)])
    second = np.concatenate([[0.0], np.cumsum(scaled**2)])
    penalty = PENALTY * math.log(count)
    best, previous = np.full(count + 1, np.inf), np.zeros(count + 1, dtype=np.int64)
    best[0] = -penalty
    candidates = np.array([0])
    for end in range(LEAST_HOURS, count + 1):
        length = end - candidates
        squared = (first[end] - first[candidates]) ** 2 / length
        cost = best[candidates] + second[end] - second[candidates] - squared
        chosen = int(np.argmin(cost))
        best[end], previous[end] = cost[chosen] + penalty, candidates[chosen]
        kept = candidates[cost <= best[end]]
        candidates = np.append(kept, end - LEAST_HOURS + 1)
    return _places(previous, count)


def _places(previous: np.ndarray, end: int) -> list[int]:
    places = []
    while previous[end] > 0:
        end = int(previous[end])
        places.append(end)
    return places[::-1]


def onset(series: pd.Series, raised: pd.Timestamp, reach_hours: int = 72) -> pd.Timestamp | None:
    """When the level changed that an alert was raised for; None where no change is confirmed.

    Parameters
    ----------
    series : Series
        Hourly values (aware UTC) around the alert; unknown ones are left out.
    raised : Timestamp
        When the alert was raised.
    reach_hours : int
        How far before it the change may lie [h].
    """
    known = series.dropna().sort_index()
    places = change_points(known.to_numpy(dtype=float))
    earliest = raised - pd.Timedelta(hours=reach_hours)
    at = [pd.Timestamp(known.index[place]) for place in places]
    near = [moment for moment in at if earliest <= moment <= raised]
    return near[-1] if near else None
