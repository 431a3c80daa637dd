"""The planned path of a budget: versions by effective date, hour by hour, and its burn rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pandas as pd

from spectra.errors import InputError
from spectra.insight.budgets.periods import Kind, Period, period_of
from spectra.moments import midnight

HOURS_PER_WEEK = 168


@dataclass(frozen=True, slots=True)
class Version:
    """An amount per whole period [gCO2e], in force from a UTC day until the next version."""

    valid_from: date
    grams: float

    @property
    def start(self) -> datetime:
        """First moment of it."""
        return midnight(self.valid_from)


def planned(
    versions: Sequence[Version], period: Period, weights: np.ndarray | None = None
) -> pd.Series | None:
    """Grams planned for every hour of a period; their sum is the budget.

    A version that begins or ends within the period counts for its hours; a budget that begins
    within it has no hours before.

    Parameters
    ----------
    weights : ndarray, optional
        Share of each hour of the period, for a seasonal plan; even without, or where the budget
        begins when only hours without a share are left.

    Returns
    -------
    Series or None
        On the hours from the first one planned; None when no version reaches into the period.
    """
    ordered = sorted(versions, key=lambda v: v.valid_from)
    hours = pd.date_range(period.start, periods=period.hours, freq="h", unit="us")
    if not ordered or ordered[0].start >= period.end:
        return None
    starts = [version.start for version in ordered]
    number = hours.searchsorted(pd.DatetimeIndex(starts).as_unit("us"))
    is_seasonal = weights is not None and weights[number[0] :].sum() > 0
    shares = weights if is_seasonal else np.full(period.hours, 1 / period.hours)
    grams = np.full(period.hours, np.nan)
    for version, first in zip(ordered, number, strict=True):
        grams[first:] = version.grams
    return pd.Series(grams * shares, index=hours, name="planned_g").iloc[int(number[0]) :]


def weekly_weights(profile: pd.Series, period: Period) -> np.ndarray:
    """Weights of a period's hours after a profile by hour of the week (Monday 00:00 UTC first)."""
    hours = pd.date_range(period.start, periods=period.hours, freq="h", unit="us")
    values = profile.to_numpy(dtype=float)[np.asarray(hours.day_of_week * 24 + hours.hour)]
    total = float(values.sum())
    if not np.isfinite(total) or total <= 0:
        raise InputError("A seasonal plan needs a profile of which every hour is known.")
    return np.asarray(values / total)


def burn(actual_g: float, budget_g: float, elapsed_share: float) -> float | None:
    """How fast a budget is used up: 1 is as planned, 1.55 half as much again.

    ``(A/B) / (t/T)``, with the share of the plan that has passed by hours. None without a budget
    or before the first hour that anything is planned for.

    Examples
    --------
    >>> round(burn(620.0, 1000.0, 12 / 30), 9)
    1.55
    """
    if budget_g <= 0 or elapsed_share <= 0:
        return None
    return actual_g / budget_g / elapsed_share


def reduction_path(  # noqa: PLR0913 (the parts of one target)
    base_g: float,
    base_year: int,
    target_year: int,
    pct_a_year: float,
    kind: Kind,
    *,
    is_linear: bool = True,
) -> list[Version]:
    """Lay a yearly reduction out to periods by their hours, from the year after the base year.

    Parameters
    ----------
    base_g : float
        Emissions of the base year [gCO2e].
    pct_a_year : float
        Reduction a year: of the base year when linear, else of the year before.

    Raises
    ------
    InputError
        If the target year is not after the base year, or nothing can come of the numbers.
    """
    if not 0 < target_year - base_year <= 50:
        raise InputError("The target year lies 1 to 50 years after the base year.")
    if not 0 < pct_a_year < 100 or not np.isfinite(base_g) or base_g <= 0:
        raise InputError(
            "A reduction path needs emissions of the base year and a reduction of 0 to 100 %."
        )
    found = []
    for year in range(base_year + 1, target_year + 1):
        step = year - base_year
        left = 1 - step * pct_a_year / 100 if is_linear else (1 - pct_a_year / 100) ** step
        periods = _periods(kind, year)
        hours = np.array([p.hours for p in periods], dtype=float)
        amounts = base_g * max(0.0, left) * hours / hours.sum()
        found += [Version(p.start.date(), float(a)) for p, a in zip(periods, amounts, strict=True)]
    return found


def _periods(kind: Kind, year: int) -> list[Period]:
    """The periods of a year."""
    found = [period_of(kind, date(year, 1, 1))]
    while (following := found[-1].next).start.year == year:
        found.append(following)
    return found
