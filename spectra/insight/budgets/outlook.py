"""Where a period will end: what the coming hours emit, and how sure that is."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from spectra.insight.budgets.plan import HOURS_PER_WEEK

DRAWS, SEED = 1_000, 20_261_125
MIN_DAYS = 7
LOOK_BACK_DAYS = 28
TREND_LOW, TREND_HIGH = 0.8, 1.25
MIN_LINEAR_SHARE = 0.2


class Outlook(NamedTuple):
    """Emissions of the whole period as expected [gCO2e]; low and high are P5 and P95.

    Attributes
    ----------
    probability : float or None
        That the budget is overrun; None where no band is known, or the budget is 0.
    method : str
        ``hourly`` from the hours of the week, or ``linear``.
    hours : Series or None
        Expected grams by coming hour.
    """

    central_g: float
    low_g: float | None
    high_g: float | None
    probability: float | None
    method: Literal["hourly", "linear"]
    hours: pd.Series | None = None


class Ahead(NamedTuple):
    """Expected grams by coming hour, and how far past days were off [gCO2e a day]."""

    hours: pd.Series
    residuals: np.ndarray
    trend: float


def ahead(
    history: pd.DataFrame,
    known: pd.DatetimeIndex,
    coming: pd.DatetimeIndex,
    deviation: pd.DataFrame | None = None,
) -> Ahead | None:
    """What the coming hours emit: ``Ê·Î`` of every zone, and what does not depend on a grid.

    Parameters
    ----------
    history : DataFrame
        Columns hour, zone, energy_kwh, grid_g (what the grid makes of it), fixed_g.
    known : DatetimeIndex
        Hours that are accounted for; one without a row had nothing running.
    coming : DatetimeIndex
        Hours to look ahead.
    deviation : DataFrame, optional
        Grid forecast over its usual value, by hour and zone [1]; 1 where there is none.

    Returns
    -------
    Ahead or None
        None with less than a week of hours.

    Notes
    -----
    Ê is the median of the hour of the week over 28 days, times the trend: the last week over what
    the medians make of it, at least 0.8 and at most 1.25.
    """
    known = known[known >= known.max() - pd.Timedelta(days=LOOK_BACK_DAYS, hours=-1)]
    week = _week(known)
    if len(np.unique(week)) < HOURS_PER_WEEK:
        return None
    zones, (energy, grid, fixed) = _tables(history, known)
    usual_kwh, (rate, scale) = _medians(energy, week), _rates(grid, energy, week)
    usual_fixed = _medians(fixed.sum(axis=1)[:, None], week)[:, 0]
    model = (usual_kwh * rate).sum(axis=1) + usual_fixed
    actual = grid.sum(axis=1) + fixed.sum(axis=1)
    last = known >= known.max() - pd.Timedelta(days=MIN_DAYS, hours=-1)
    trend = _trend(energy[last].sum(), usual_kwh[week[last]].sum())
    at = _week(coming)
    changed = np.ones((len(coming), len(zones)))
    if deviation is not None:
        # A forecast is of the grid itself: what scales the medians is none of its business.
        known_grid = deviation.reindex(index=coming, columns=zones) / scale
        changed = known_grid.fillna(1.0).to_numpy()
    grams = trend * ((usual_kwh * rate)[at] * changed).sum(axis=1) + usual_fixed[at]
    return Ahead(pd.Series(grams, index=coming), _residuals(actual, model[week], known), trend)


def outlook(actual_g: float, budget_g: float, found: Ahead) -> Outlook:
    """Emissions at the end of the period, with a day-block bootstrap of the residuals.

    Whole days of residuals are drawn with replacement for the days that are left: hours of a day
    are alike. What a week was off by on the whole is drawn once for all of them, as weather and
    load shift for weeks: days alone would make the band far too narrow. The draws are the same in
    every call.
    """
    expected = actual_g + float(found.hours.sum())
    count = len(found.residuals)
    if count < MIN_DAYS:
        return Outlook(expected, None, None, None, "hourly", found.hours)
    rng = np.random.default_rng(SEED)
    days = len(found.hours) / 24
    whole, part = divmod(days, 1)
    draws = rng.multinomial(int(whole), np.full(count, 1 / count), DRAWS) @ found.residuals
    draws = draws + part * rng.choice(found.residuals, DRAWS)
    draws = draws + days * rng.choice(_week_levels(found.residuals), DRAWS)
    # What is left of the period emits nothing at the least.
    ends = np.maximum(expected + draws, actual_g)
    low, high = np.quantile(ends, (0.05, 0.95))
    probability = float(np.mean(ends > budget_g)) if budget_g > 0 else None
    return Outlook(expected, float(low), float(high), probability, "hourly", found.hours)


def linear_outlook(actual_g: float, elapsed_share: float) -> Outlook | None:
    """``A·T/t``, from a fifth of the period on; no band."""
    if elapsed_share < MIN_LINEAR_SHARE:
        return None
    return Outlook(actual_g / elapsed_share, None, None, None, "linear")


def _week(hours: pd.DatetimeIndex) -> np.ndarray:
    """Hour of the week, Monday 00:00 UTC is 0."""
    return np.asarray(hours.day_of_week * 24 + hours.hour)


def _week_levels(residuals: np.ndarray) -> np.ndarray:
    """Mean residual of seven days on end, from every day on, around the end to the beginning."""
    around = np.concatenate([residuals, residuals[: MIN_DAYS - 1]])
    return np.convolve(around, np.full(MIN_DAYS, 1 / MIN_DAYS), mode="valid")


def _tables(
    history: pd.DataFrame, known: pd.DatetimeIndex
) -> tuple[pd.Index, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Zones, and hour × zone of energy, grid and fixed grams; 0 where nothing ran."""
    codes, zones = pd.factorize(history["zone"], sort=True)
    row = known.get_indexer(pd.DatetimeIndex(history["hour"]))
    inside = row >= 0

    def table(column: str) -> np.ndarray:
        values = np.zeros((len(known), len(zones)))
        np.add.at(values, (row[inside], codes[inside]), history[column].to_numpy()[inside])
        return values

    return pd.Index(zones), (table("energy_kwh"), table("grid_g"), table("fixed_g"))


def _medians(values: np.ndarray, week: np.ndarray) -> np.ndarray:
    """Median by hour of the week, shape (168, columns)."""
    return pd.DataFrame(values).groupby(week).median().to_numpy()


def _rates(grid: np.ndarray, energy: np.ndarray, week: np.ndarray) -> tuple[np.ndarray, float]:
    """Usual gCO2e/kWh by hour of the week and zone; of all hours where that hour had no load.

    Intensities are skewed: their medians are scaled so that the load that ran gives what it gave.
    The scale is returned, too.
    """
    rates = np.divide(grid, energy, out=np.full(grid.shape, np.nan), where=energy > 0)
    frame = pd.DataFrame(rates)
    usual = frame.groupby(week).median().fillna(frame.median()).fillna(0.0).to_numpy()
    modelled = float((energy * usual[week]).sum())
    scale = float(grid.sum()) / modelled if modelled > 0 else 1.0
    return usual * scale, scale


def _trend(actual: float, usual: float) -> float:
    if usual <= 0:
        return 1.0
    return float(np.clip(actual / usual, TREND_LOW, TREND_HIGH))


def _residuals(actual: np.ndarray, model: np.ndarray, known: pd.DatetimeIndex) -> np.ndarray:
    """How far whole days were off, around their mean: the level is the trend's business."""
    frame = pd.DataFrame({"off": actual - model}, index=known)
    days = frame.groupby(known.floor("D"))["off"].agg(["sum", "size"])
    whole = days.loc[days["size"] == 24, "sum"].to_numpy()
    return np.asarray(whole - whole.mean()) if len(whole) else whole
