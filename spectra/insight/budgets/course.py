"""The course of a period by day: what was planned, what it came to, and the cone ahead."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from spectra.insight.budgets.outlook import Outlook

COLUMNS = ("planned_g", "actual_g", "expected_g", "low_g", "high_g")


def course(
    plan: pd.Series | None,
    actual_days: pd.Series,
    until: datetime,
    actual_g: float | None,
    outlook: Outlook | None,
) -> pd.DataFrame:
    """Sums up to the end of each UTC day.

    Parameters
    ----------
    plan : Series or None
        Grams planned by hour.
    actual_days : Series
        Grams by UTC day, so far.
    until : datetime
        End of what is accounted for, aware UTC.

    Returns
    -------
    DataFrame
        Columns day, planned_g, actual_g (NaN after what is known), expected_g, low_g and high_g
        (NaN before). The band widens with the root of the time that passes, as errors of single
        days do.
    """
    if plan is None:
        return pd.DataFrame(columns=["day", *COLUMNS])
    path = plan.groupby(pd.DatetimeIndex(plan.index).floor("D")).sum().cumsum()
    days = pd.DatetimeIndex(path.index)
    actual = actual_days.copy()
    actual.index = pd.to_datetime(actual.index).tz_localize(UTC).as_unit("us")
    seen = actual.reindex(days).fillna(0.0).cumsum()
    seen[days >= pd.Timestamp(until)] = np.nan
    if actual_g is None:
        seen[:] = np.nan
    frame = pd.DataFrame({"planned_g": path, "actual_g": seen}, index=days)
    frame = frame.reindex(columns=list(COLUMNS))
    if outlook is not None and outlook.hours is not None:
        _add_cone(frame, outlook, outlook.hours, actual_g or 0.0)
    return frame.rename_axis("day").reset_index()


def _add_cone(frame: pd.DataFrame, outlook: Outlook, hours: pd.Series, actual_g: float) -> None:
    """Add the expected course and its band to the days ahead."""
    ahead = hours.groupby(pd.DatetimeIndex(hours.index).floor("D")).sum().cumsum()
    days = pd.DatetimeIndex(ahead.index)
    frame.loc[days, "expected_g"] = actual_g + ahead
    if outlook.low_g is None or outlook.high_g is None:
        return
    widening = np.sqrt(np.arange(1, len(days) + 1) / len(days))
    frame.loc[days, "low_g"] = actual_g + ahead - widening * (outlook.central_g - outlook.low_g)
    frame.loc[days, "high_g"] = actual_g + ahead + widening * (outlook.high_g - outlook.central_g)
