"""Carbon intensity of every hour of a zone: the ladder A to F for missing values."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from spectra.errors import InputError

MAX_G_PER_KWH = 1_500.0
MAX_JUMP = 5.0
INTERPOLATED_HOURS = 3
PROFILE_HOURS = 7 * 24
PROFILE_HISTORY = pd.Timedelta(days=28)
HISTORY = pd.Timedelta(days=31)  # what a filled hour can depend on: its profile and its month
MONTH_MIN_HOURS = 7 * 24
LEVEL_CLIP = (0.5, 2.0)

DIRECT = "intensity_direct_g_per_kwh"
LIFECYCLE = "intensity_lifecycle_g_per_kwh"
VALUES = [DIRECT, LIFECYCLE]


class AnnualFactor(NamedTuple):
    """Annual grid factors of a zone [gCO2e/kWh]; the last step of the ladder."""

    direct: float
    lifecycle: float


def resolve_intensity(
    observed: pd.DataFrame,
    hours: pd.DatetimeIndex,
    annual: AnnualFactor,
    monthly_lifecycle: dict[int, float] | None = None,
) -> pd.DataFrame:
    """Give every hour an intensity and the tier it came from.

    A measured, B provider-estimated, C linear over gaps of up to 3 h, D the zone's own
    hour-of-week median of the last 28 days scaled to its present level for gaps of up to 7 days,
    E the monthly mean, F the annual factor. Never 0 for "unknown", never skipped, never carried on.

    Parameters
    ----------
    observed : DataFrame
        Columns hour (aware UTC), intensity_direct_g_per_kwh, intensity_lifecycle_g_per_kwh
        [gCO2e/kWh, NaN where unknown], is_estimated, quality, source; one row an hour.
    hours : DatetimeIndex
        The hours wanted, aware UTC, hourly and without holes.
    annual : AnnualFactor
        Also gives the ratio that fills in the one of the two factors that a source lacks.
    monthly_lifecycle : dict, optional
        Mean lifecycle intensity by calendar month from the reference profile [gCO2e/kWh].

    Returns
    -------
    DataFrame
        Index `hours`; both intensities, ``tier`` (A-F), ``quality``, ``source``,
        ``direct_is_scaled``.
    """
    if hours.tz is None:
        raise InputError("Intensity hours must be timezone-aware UTC.")
    series = observed.drop_duplicates("hour", keep="last").set_index("hour").sort_index()
    span = _hourly_span(series.index, hours)
    table = series.reindex(span)
    direct, lifecycle, is_scaled = _both_factors(table, annual)
    _drop_implausible(direct, lifecycle)
    is_known = ~np.isnan(lifecycle)
    is_estimated = table["is_estimated"].eq(True).to_numpy() | is_scaled
    tier = np.full(len(span), None, dtype=object)
    tier[is_known] = "A"
    tier[is_known & is_estimated] = "B"
    quality = table["quality"].to_numpy(dtype=object, copy=True)
    quality[~is_known] = None
    frame = pd.DataFrame(
        {
            DIRECT: direct,
            LIFECYCLE: lifecycle,
            "direct_is_scaled": is_scaled,
            "tier": tier,
            "quality": quality,
            "source": table["source"].ffill().bfill().to_numpy(dtype=object),
        },
        index=span,
    )
    known = pd.Series(is_known, index=span)
    _fill_gaps(frame, known)
    _fill_defaults(frame, annual, monthly_lifecycle or {})
    return frame.loc[hours].rename_axis("hour")


def _hourly_span(observed: pd.Index, hours: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Hours from the earliest that can matter to the last one wanted."""
    start = hours[0] - HISTORY
    first = max(observed.min(), start) if len(observed) else hours[0]
    # A gap ends at the first later observation, so one may lie behind the hours wanted.
    last = min(observed.max(), hours[-1] + HISTORY) if len(observed) else hours[-1]
    return pd.date_range(min(first, hours[0]), max(last, hours[-1]), freq="h")


def _both_factors(
    table: pd.DataFrame, annual: AnnualFactor
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Direct, lifecycle and which hours lack one of them: it is scaled by the annual ratio."""
    direct = table[DIRECT].to_numpy(dtype=float, copy=True)
    lifecycle = table[LIFECYCLE].to_numpy(dtype=float, copy=True)
    ratio = annual.direct / annual.lifecycle if annual.lifecycle > 0 else np.nan
    lacking_direct = np.isnan(direct) & ~np.isnan(lifecycle)
    lacking_lifecycle = np.isnan(lifecycle) & ~np.isnan(direct)
    direct[lacking_direct] = lifecycle[lacking_direct] * ratio
    lifecycle[lacking_lifecycle] = direct[lacking_lifecycle] / ratio if ratio else np.nan
    given = table["direct_is_scaled"].eq(True).to_numpy()
    return direct, lifecycle, given | lacking_direct | lacking_lifecycle


def _drop_implausible(direct: np.ndarray, lifecycle: np.ndarray) -> None:
    """Blank values outside 0-1500 and jumps of more than five-fold that the next hour denies."""
    outside = (direct < 0) | (direct > MAX_G_PER_KWH)
    outside |= (lifecycle < 0) | (lifecycle > MAX_G_PER_KWH)
    before, after = np.roll(lifecycle, 1), np.roll(lifecycle, -1)
    before[:1] = after[-1:] = np.nan
    spike = _jumps(lifecycle, before) & _jumps(lifecycle, after) & ~_jumps(after, before)
    spike &= ~np.isnan(before) & ~np.isnan(after)
    direct[outside | spike] = lifecycle[outside | spike] = np.nan


def _jumps(value: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Where two series differ more than five-fold; never where one is unknown."""
    return np.asarray((value > MAX_JUMP * other) | (value * MAX_JUMP < other))


def _fill_gaps(frame: pd.DataFrame, known: pd.Series) -> None:
    """Steps C and D, gap by gap; needs A or B hours around or before the gap."""
    if known.all():
        return
    gap_id = (known != known.shift()).cumsum()[~known]
    positions = pd.Series(np.arange(len(frame)), index=frame.index)
    for _, at in positions[~known].groupby(gap_id):
        first, last = int(at.iloc[0]), int(at.iloc[-1])
        if first == 0 or len(at) > PROFILE_HOURS:
            continue
        closed = last + 1 < len(frame)
        if closed and len(at) <= INTERPOLATED_HOURS:
            _interpolate(frame, first, last)
        else:
            _from_profile(frame, known, first, last)


def _interpolate(frame: pd.DataFrame, first: int, last: int) -> None:
    """Step C: a straight line between the hours on both sides."""
    gap = frame.index[first : last + 1]
    weights = np.arange(1, len(gap) + 1) / (len(gap) + 1)
    for column in VALUES:
        left, right = frame[column].iloc[first - 1], frame[column].iloc[last + 1]
        frame.loc[gap, column] = left + (right - left) * weights
    frame.loc[gap, ["tier", "quality"]] = ["C", "imputed"]


def _from_profile(frame: pd.DataFrame, known: pd.Series, first: int, last: int) -> None:
    """Step D: hour-of-week median of the last 28 days, scaled to the level of the last 24 h."""
    gap = frame.index[first : last + 1]
    past = frame.iloc[:first][known.iloc[:first]]
    past = past[past.index >= gap[0] - PROFILE_HISTORY]
    profile = past.groupby(_hour_of_week(past.index))[VALUES].median()
    wanted = profile.reindex(_hour_of_week(gap))
    recent = past.iloc[-24:]
    usual = profile.reindex(_hour_of_week(recent.index))[LIFECYCLE].mean()
    level = float(np.clip(recent[LIFECYCLE].mean() / usual, *LEVEL_CLIP)) if usual > 0 else 1.0
    usable = wanted[LIFECYCLE].notna().to_numpy()
    frame.loc[gap[usable], VALUES] = wanted[usable].to_numpy() * level
    frame.loc[gap[usable], ["tier", "quality"]] = ["D", "imputed"]


def _fill_defaults(
    frame: pd.DataFrame, annual: AnnualFactor, monthly_lifecycle: dict[int, float]
) -> None:
    """Steps E and F: the zone's monthly mean, else its annual factor."""
    tier = frame["tier"].to_numpy(dtype=object, copy=True)
    missing = pd.isna(tier)
    if not missing.any():
        return
    values = frame[VALUES].to_numpy()
    monthly = _monthly(values, np.isin(tier, ["A", "B"]), frame.index, annual, monthly_lifecycle)
    has_month = ~np.isnan(monthly[:, [1]])
    defaults = np.where(has_month, monthly, [annual.direct, annual.lifecycle])
    frame[VALUES] = np.where(missing[:, None], defaults, values)
    frame["tier"] = np.where(missing, np.where(has_month[:, 0], "E", "F"), tier)
    frame["quality"] = np.where(missing, "default", frame["quality"].to_numpy(dtype=object))
    frame["source"] = np.where(missing, "catalogue", frame["source"].to_numpy(dtype=object))


def _monthly(
    values: np.ndarray,
    is_observed: np.ndarray,
    hours: pd.Index,
    annual: AnnualFactor,
    monthly_lifecycle: dict[int, float],
) -> np.ndarray:
    """Mean pair of each hour's month: of what was observed in it, else of the reference profile."""
    months = _month_key(hours)
    ratio = annual.direct / annual.lifecycle if annual.lifecycle > 0 else 0.0
    reference = np.array([monthly_lifecycle.get(m, np.nan) for m in months % 12 + 1])
    means = np.column_stack([reference * ratio, reference])
    for month in np.unique(months[is_observed]):
        of_month = months == month
        seen = values[of_month & is_observed]
        if len(seen) >= MONTH_MIN_HOURS:
            mean = pd.DataFrame(seen).mean().to_numpy()
            means[of_month] = np.where(np.isnan(mean), means[of_month], mean)
    return means


def _hour_of_week(index: pd.Index) -> np.ndarray:
    stamps = pd.DatetimeIndex(index)
    return np.asarray(stamps.day_of_week * 24 + stamps.hour)


def _month_key(index: pd.Index) -> np.ndarray:
    stamps = pd.DatetimeIndex(index)
    return np.asarray(stamps.year * 12 + stamps.month - 1)
