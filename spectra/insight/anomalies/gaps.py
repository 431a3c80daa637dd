"""Data gaps: too little is known of a day. A gap is said as such, and never as low usage."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spectra.insight.anomalies.alerts import COLUMNS
from spectra.insight.anomalies.series import to_hours

GAP = "data gap"
WINDOW_HOURS, LEAST_COVERAGE = 24, 0.90


def data_gaps(
    frame: pd.DataFrame, since: pd.Timestamp | None = None, due: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Hours before which less than nine tenths of a day's values are known.

    Parameters
    ----------
    frame : DataFrame
        One row an hour (aware UTC), one column a series; NaN where nothing is known.
    since : Timestamp, optional
        First hour that is asked for; the day before it is looked at too.
    due : DataFrame, optional
        As `frame`: whether a value was to be expected, such as while an instance ran. Without it
        values are due from the first known one on; a new instance has no gap before it.

    Returns
    -------
    DataFrame
        As the alerts of `scan`: score is the share that is missing [1], value the coverage.
    """
    hourly = to_hours(frame, None)
    known = hourly.notna()
    expected = known.cummax() if due is None else due.reindex_like(known).fillna(False).astype(bool)
    wanted = expected.rolling(WINDOW_HOURS, min_periods=1).sum()
    found = (known & expected).rolling(WINDOW_HOURS, min_periods=1).sum()
    # A day must be due: of an instance's first hours a single one would weigh too much.
    coverage = found / wanted.where(wanted >= WINDOW_HOURS / 2)
    hour, place = np.nonzero(coverage.to_numpy() < LEAST_COVERAGE)
    rows = pd.DataFrame(
        {
            "series": coverage.columns[place],
            "at": pd.DatetimeIndex(coverage.index)[hour],
            "value": coverage.to_numpy()[hour, place],
        }
    )
    if since is not None:
        rows = rows[rows["at"] >= since]
    rows = rows.sort_values(["series", "at"], ignore_index=True)
    before = rows.groupby("series")["at"].shift(1)
    rows["kind"] = GAP
    rows["score"] = 1 - rows["value"]
    rows["expected"] = 1.0
    rows["excess"] = rows["value"] - 1.0
    rows["is_alert"] = before.isna() | (rows["at"] - before > pd.Timedelta(hours=1))
    return rows[COLUMNS]
