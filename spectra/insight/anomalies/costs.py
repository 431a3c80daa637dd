"""Cost spikes: days that were far dearer than usual, once their cost is final."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spectra.insight.anomalies.alerts import COLUMNS
from spectra.insight.anomalies.daily import daily_sums, unusual_days
from spectra.insight.anomalies.sensitivity import DEFAULT, Sensitivity

COST_SPIKE = "cost spike"


def cost_spikes(
    rows: pd.DataFrame,
    since: pd.Timestamp | None = None,
    sensitivity: Sensitivity = DEFAULT,
) -> pd.DataFrame:
    """Days on which something cost far more than on the same kind of day before.

    A day of which any part is provisional is not known yet: it is neither judged nor compared
    with.

    Parameters
    ----------
    rows : DataFrame
        series (a team, service or account), day (midnight, aware UTC), usd, is_provisional. A
        series without a row on a day that others have is unknown there, not free.
    since : Timestamp, optional
        First day that is asked for; the 28 days before it are compared with.

    Returns
    -------
    DataFrame
        As the alerts of `scan`, daily; value, expected (the median) and excess in USD.
    """
    final = rows.assign(usd=rows["usd"].mask(rows["is_provisional"].astype(bool)))
    daily = daily_sums(final, "series", "usd")
    if daily.empty:
        return pd.DataFrame(columns=COLUMNS)
    days, values = pd.DatetimeIndex(daily.index), daily.to_numpy(dtype=float).T
    unusual = unusual_days(values, days)
    excess = values - unusual.median
    least = sensitivity.least_times(COST_SPIKE) * np.maximum(
        sensitivity.min_excess_usd, sensitivity.min_excess_share * np.abs(unusual.median)
    )
    series, day = np.nonzero(unusual.is_high & (excess >= least))
    found = pd.DataFrame(
        {
            "series": daily.columns[series],
            "at": days[day],
            "kind": COST_SPIKE,
            "score": unusual.z[series, day],
            "value": values[series, day],
            "expected": unusual.median[series, day],
            "excess": excess[series, day],
            "is_alert": True,
        },
        columns=COLUMNS,
    )
    return found if since is None else found[found["at"] >= since].reset_index(drop=True)
