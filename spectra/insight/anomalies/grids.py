"""Intensity spikes of a zone's grid: one for the zone, not one for each machine in it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spectra.insight.anomalies.alerts import COLUMNS
from spectra.insight.anomalies.sensitivity import INTENSITY_FLOOR_G_PER_KWH
from spectra.insight.anomalies.series import HOUR, to_hours
from spectra.insight.anomalies.windows import Floats, median_of, quantile_of

INTENSITY_SPIKE = "intensity spike"
DAY, DAYS, LEAST_DAYS = 24, 28, 14
PEAK_SHARE, TIMES_MEDIAN = 0.95, 1.25
PAST_HOURS = DAYS * DAY


def intensity_spikes(frame: pd.DataFrame, since: pd.Timestamp | None = None) -> pd.DataFrame:
    """Hours in which a grid has been far dirtier than at the same hour of the last four weeks.

    For at least two hours above the 95th percentile and 1.25 times the median of that hour of the
    day, and 5 g/kWh above it. The second hour raises it, the first counts as well.

    Parameters
    ----------
    frame : DataFrame
        Carbon intensity [gCO2e/kWh]: one row an hour (aware UTC), one column a zone, with the four
        weeks before the hours that are asked for.
    since : Timestamp, optional
        First hour that is asked for; that before it is told, too, if it is known only now to count.

    Returns
    -------
    DataFrame
        As the alerts of `scan`: series is the zone, score the intensity as a multiple of the
        percentile [1], expected the median [gCO2e/kWh].
    """
    hourly = to_hours(frame, None)
    values = hourly.to_numpy(dtype=float).T
    past = _same_hour(values)
    peak = quantile_of(past, PEAK_SHARE, LEAST_DAYS)
    median = median_of(past, LEAST_DAYS)
    least = np.maximum(TIMES_MEDIAN * median, median + INTENSITY_FLOOR_G_PER_KWH)
    high = values > np.fmax(peak, least)
    high &= ~np.isnan(peak)
    lasting = high & np.pad(high, ((0, 0), (1, 0)))[:, :-1]
    begins = lasting & ~np.pad(lasting, ((0, 0), (1, 0)))[:, :-1]
    opens = np.pad(begins, ((0, 0), (0, 1)))[:, 1:]
    zone, hour = np.nonzero(lasting | opens)
    rows = pd.DataFrame(
        {
            "series": hourly.columns[zone],
            "at": pd.DatetimeIndex(hourly.index)[hour],
            "kind": INTENSITY_SPIKE,
            "score": values[zone, hour] / peak[zone, hour],
            "value": values[zone, hour],
            "expected": median[zone, hour],
            "excess": values[zone, hour] - median[zone, hour],
            "is_alert": begins[zone, hour],
        },
        columns=COLUMNS,
    )
    known_at = rows["at"] + HOUR * opens[zone, hour].astype(int)
    return rows if since is None else rows[known_at >= since].reset_index(drop=True)


def _same_hour(values: Floats) -> Floats:
    """Values of the same hour on the days before, unknown ones where there were none."""
    padded = np.pad(values, ((0, 0), (PAST_HOURS, 0)), constant_values=np.nan)
    columns = np.arange(PAST_HOURS, padded.shape[1])
    same: Floats = padded[:, columns[:, None] - DAY * np.arange(1, DAYS + 1)]
    return same
