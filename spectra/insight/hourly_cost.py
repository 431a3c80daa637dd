"""What a job costs hour by hour: grams, dollars, and the sum of both that is minimised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from spectra.errors import InputError
from spectra.moments import HOUR


@dataclass(frozen=True, slots=True)
class HourlyCost:
    """Rates that are constant within each hour; NaN where the intensity is not known.

    Attributes
    ----------
    first : Timestamp
        Beginning of the first hour, aware UTC.
    grams, usd, score : ndarray
        Per hour of running [gCO2e/h, USD/h, gCO2e-equivalent/h].
    """

    first: pd.Timestamp
    grams: np.ndarray
    usd: np.ndarray
    score: np.ndarray

    @classmethod
    def of(
        cls,
        intensity: pd.Series,
        power_kw: float,
        price_usd_per_hour: pd.Series | float = 0.0,
        grams_per_usd: float = 0.0,
    ) -> HourlyCost:
        """Rates from an intensity by hour [gCO2e/kWh]; a gap of one hour is interpolated."""
        index = intensity.index
        if not isinstance(index, pd.DatetimeIndex) or index.tz is None or not len(index):
            raise InputError("An intensity needs a timezone-aware hourly DatetimeIndex.")
        series = pd.Series(intensity.to_numpy(dtype=float), index=index.tz_convert("UTC"))
        hourly = series.sort_index().asfreq("h")
        unknown = hourly.isna()
        run = unknown.groupby((~unknown).cumsum()).transform("sum")
        filled = hourly.interpolate(limit=1, limit_area="inside")
        grams = filled.mask(unknown & (run > 1)).to_numpy() * power_kw
        if isinstance(price_usd_per_hour, pd.Series):
            usd = price_usd_per_hour.tz_convert("UTC").reindex(hourly.index).to_numpy(dtype=float)
        else:
            usd = np.full(len(hourly), float(price_usd_per_hour))
        return cls(pd.Timestamp(hourly.index[0]), grams, usd, grams + grams_per_usd * usd)

    def hours_since(self, moment: datetime) -> float:
        """Hours from the first one to a moment; negative before it."""
        return float((moment - self.first.to_pydatetime()) / HOUR)

    def moment(self, hours: float) -> datetime:
        """The moment so many hours after the first one, to the second, aware UTC."""
        at = self.first + pd.Timedelta(seconds=round(hours * 3600))
        result: datetime = at.to_pydatetime().astimezone(UTC)
        return result

    def between(self, begins: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Score of runs over [begin, end); NaN if an hour in them is unknown."""
        return _integral(self.score, begins, ends)

    def emissions_between(self, begins: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Emissions of runs over [begin, end) [gCO2e]."""
        return _integral(self.grams, begins, ends)

    def usd_between(self, begins: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Price of runs over [begin, end) [USD]."""
        return _integral(self.usd, begins, ends)


def _integral(rates: np.ndarray, begins: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Integral of hourly constant rates; NaN where a rate within is NaN or outside."""
    unknown = ~np.isfinite(rates)
    sums = np.concatenate([[0.0], np.cumsum(np.where(unknown, 0.0, rates))])
    gaps = np.concatenate([[0.0], np.cumsum(unknown)])
    edges = np.arange(len(rates) + 1)
    total = np.interp(ends, edges, sums) - np.interp(begins, edges, sums)
    missing = np.interp(ends, edges, gaps) - np.interp(begins, edges, gaps)
    outside = (begins < -1e-9) | (ends > len(rates) + 1e-9)
    result: np.ndarray = np.where((missing > 1e-9) | outside, np.nan, total)
    return result
