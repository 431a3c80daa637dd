"""Carbon intensity of every hour of a zone: the ladder A to F for missing values."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from spectra.catalog.columns import MAX_G_PER_KWH
from spectra.errors import InputError

MAX_JUMP = 5.0
INTERPOLATED_HOURS = 3
PROFILE_HOURS = 7 * 24
PROFILE_HISTORY_HOURS = 28 * 24
# What a filled hour can depend on: its month, or the profile of the beginning of its gap.
HISTORY = pd.Timedelta(hours=PROFILE_HISTORY_HOURS + PROFILE_HOURS)
MONTH_MIN_HOURS = 7 * 24
LEVEL_CLIP = (0.5, 2.0)

DIRECT = "intensity_direct_g_per_kwh"
LIFECYCLE = "intensity_lifecycle_g_per_kwh"
VALUES = [DIRECT, LIFECYCLE]


class AnnualFactor(NamedTuple):
    """Annual grid factors of a zone [gCO2e/kWh]; the last step of the ladder."""

    direct: float
    lifecycle: float


MonthlyMeans = dict[int, tuple[float, float]]  # direct and lifecycle by calendar month [gCO2e/kWh]


def resolve_intensity(
    observed: pd.DataFrame,
    hours: pd.DatetimeIndex,
    annual: AnnualFactor,
    monthly: MonthlyMeans | None = None,
) -> pd.DataFrame:
    """Give every hour an intensity and the tier it came from.

    A measured, B provider-estimated, C linear over gaps of up to 3 h, D the zone's own
    hour-of-week median of the last 28 days scaled to its present level for gaps of up to 7 days,
    E the mean of its month: of the hours observed in it where they are a week or more, else of the
    reference profile, F the annual factor. Never 0 for "unknown", never skipped, never carried on.

    Parameters
    ----------
    observed : DataFrame
        Columns hour (aware UTC), intensity_direct_g_per_kwh, intensity_lifecycle_g_per_kwh
        [gCO2e/kWh, NaN where unknown], is_estimated, quality, source; one row an hour.
    hours : DatetimeIndex
        The hours wanted, aware UTC, hourly and without holes.
    annual : AnnualFactor
        Also gives the ratio that fills in the one of the two factors that a source lacks.
    monthly : dict, optional
        Means of the reference profile by calendar month: direct and lifecycle, each of its own,
        over weeks of five weekdays and two weekend days [gCO2e/kWh].

    Returns
    -------
    DataFrame
        Index `hours`; both intensities, ``tier`` (A-F), ``quality``, ``source``,
        ``direct_is_scaled``.
    """
    if hours.tz is None:
        raise InputError("Intensity hours must be timezone-aware UTC.")
    if observed.empty:
        return _only_defaults(hours, annual, monthly or {})
    if observed["hour"].duplicated().any():
        observed = observed.drop_duplicates("hour", keep="last")
    series = observed.set_index("hour").sort_index()
    span = _hourly_span(series.index, hours)
    table = series.reindex(span)
    direct, lifecycle, is_scaled = _both_factors(table, annual)
    _drop_implausible(direct, lifecycle)
    is_known = ~np.isnan(lifecycle)
    is_estimated = table["is_estimated"].eq(True).to_numpy() | is_scaled
    tier = np.full(len(span), None, dtype=object)
    tier[is_known] = "A"
    tier[is_known & is_estimated] = "B"
    values = np.column_stack([direct, lifecycle])
    _fill_gaps(values, tier, is_known)
    _fill_defaults(values, tier, span, annual, monthly or {})
    is_default = np.isin(tier, ["E", "F"])
    quality = table["quality"].to_numpy(dtype=object, copy=True)
    quality[~is_known] = "imputed"
    quality[is_default] = "default"
    source = table["source"].ffill().bfill().to_numpy(dtype=object, copy=True)
    source[is_default] = "catalogue"
    filled = {
        DIRECT: values[:, 0],
        LIFECYCLE: values[:, 1],
        "direct_is_scaled": is_scaled,
        "tier": tier,
        "quality": quality,
        "source": source,
    }
    start = int(span.get_indexer(hours[:1])[0])
    asked = {name: column[start : start + len(hours)] for name, column in filled.items()}
    return pd.DataFrame(asked, index=hours.rename("hour"))


def _only_defaults(
    hours: pd.DatetimeIndex, annual: AnnualFactor, monthly: MonthlyMeans
) -> pd.DataFrame:
    """Steps E and F alone: nothing was ever observed."""
    count = len(hours)
    values, tier = np.full((count, 2), np.nan), np.full(count, None, dtype=object)
    _fill_defaults(values, tier, hours, annual, monthly)
    filled = {
        DIRECT: values[:, 0],
        LIFECYCLE: values[:, 1],
        "direct_is_scaled": np.zeros(count, dtype=bool),
        "tier": tier,
        "quality": np.full(count, "default", dtype=object),
        "source": np.full(count, "catalogue", dtype=object),
    }
    return pd.DataFrame(filled, index=hours.rename("hour"))


def _hourly_span(observed: pd.Index, hours: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Hours from the earliest that can matter to the last one wanted."""
    first = max(observed.min(), hours[0] - HISTORY)
    # A gap ends at the first later observation, so one may lie behind the hours wanted.
    last = min(observed.max(), hours[-1] + HISTORY)
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


def _fill_gaps(values: np.ndarray, tier: np.ndarray, is_known: np.ndarray) -> None:
    """Steps C and D, gap by gap; needs A or B hours around or before the gap."""
    edges = np.flatnonzero(np.diff(np.r_[True, is_known, True])).reshape(-1, 2).tolist()
    gaps = [(first, end) for first, end in edges if first and end - first <= PROFILE_HOURS]
    if not gaps:
        return
    known = np.where(is_known[:, None], values, np.nan)
    profile = _profile(known)
    for first, end in gaps:
        if end < len(values) and end - first <= INTERPOLATED_HOURS:
            weights = np.arange(1, end - first + 1)[:, None] / (end - first + 1)
            values[first:end] = known[first - 1] + (known[end] - known[first - 1]) * weights
            tier[first:end] = "C"
            continue
        wanted = profile[first:end]
        usable = first + np.flatnonzero(~np.isnan(wanted[:, 1]))
        values[usable] = profile[usable] * _level(known[:first, 1], profile[:, 1])
        tier[usable] = "D"


def _profile(known: np.ndarray) -> np.ndarray:
    """Median of the same hour of the four weeks before, for each hour and a week beyond them."""
    before = np.vstack([np.full((PROFILE_HISTORY_HOURS, 2), np.nan), known])
    count = len(known) + PROFILE_HOURS
    starts = range(0, PROFILE_HISTORY_HOURS, PROFILE_HOURS)
    weeks = np.sort([before[start : start + count] for start in starts], axis=0)  # NaN last
    seen = (~np.isnan(weeks)).sum(axis=0, keepdims=True)
    low = np.take_along_axis(weeks, np.maximum(seen - 1, 0) // 2, axis=0)
    high = np.take_along_axis(weeks, seen // 2, axis=0)
    return np.asarray((low + high)[0] / 2)


def _level(known: np.ndarray, profile: np.ndarray) -> float:
    """How the last 24 known hours before a gap of step D stand to what is usual for them."""
    first = len(known)
    start = max(first - PROFILE_HISTORY_HOURS, 0)
    recent = start + np.flatnonzero(~np.isnan(known[start:]))[-24:]
    usual = profile[first + (recent - first) % PROFILE_HOURS]
    if not len(recent) or not usual.mean() > 0:
        return 1.0
    return float(np.clip(known[recent].mean() / usual.mean(), *LEVEL_CLIP))


def _fill_defaults(
    values: np.ndarray,
    tier: np.ndarray,
    hours: pd.DatetimeIndex,
    annual: AnnualFactor,
    monthly: MonthlyMeans,
) -> None:
    """Steps E and F: the zone's monthly mean, else its annual factor."""
    missing = pd.isna(tier)
    if not missing.any():
        return
    means = _monthly(values, np.isin(tier, ["A", "B"]), hours, monthly)
    has_month = ~np.isnan(means[:, 1])
    values[missing & has_month] = means[missing & has_month]
    values[missing & ~has_month] = annual
    tier[missing & has_month] = "E"
    tier[missing & ~has_month] = "F"


def _monthly(
    values: np.ndarray, is_observed: np.ndarray, hours: pd.Index, monthly: MonthlyMeans
) -> np.ndarray:
    """Mean pair of each hour's month: of what was observed in it, else of the reference profile."""
    months = _month_key(hours)
    means = np.array([monthly.get(m, (np.nan, np.nan)) for m in months % 12 + 1])
    for month in np.unique(months[is_observed]):
        of_month = months == month
        seen = values[of_month & is_observed]
        if len(seen) >= MONTH_MIN_HOURS:
            mean = pd.DataFrame(seen).mean().to_numpy()
            means[of_month] = np.where(np.isnan(mean), means[of_month], mean)
    return means


def _month_key(index: pd.Index) -> np.ndarray:
    stamps = pd.DatetimeIndex(index)
    return np.asarray(stamps.year * 12 + stamps.month - 1)
