"""Demo carbon intensity: the zone's mean profile times a seeded two-scale AR(1) residual."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spectra.catalog import Catalog
from spectra.catalog.columns import MAX_G_PER_KWH
from spectra.sources.demo.clock import DAY_S, EPOCH_S, HOUR_S, hours_between, timestamps
from spectra.sources.demo.noise import Floats, Ints, Keys, key64, normals, share, uniforms
from spectra.sources.demo.tables import stamped

Bools = NDArray[np.bool_]

# A grid cannot be dirtier than its dirtiest plants, but a log-normal residual can: without
# this limit Ireland would exceed a grid of coal alone. It costs 4 % of the spread.
MAX_RESIDUAL_SD = 2.0
# Share of three-hour blocks that the provider would have estimated [1].
ESTIMATED_SHARE = 0.03
# Zones whose provider fails for some hours once a month.
GAP_ZONES = ("DE", "US-MIDA-PJM")
_DAILY, _HOURLY, _ESTIMATED = 1, 2, 3


class _Profiles(NamedTuple):
    """Mean intensity [g/kWh] by zone × (month, day type, UTC hour), and a flag by zone."""

    lifecycle: Floats
    direct: Floats
    direct_is_scaled: Bools


def intensity_rows(
    catalog: Catalog, seed: int, zones: Collection[str] | None, first_s: int, last_s: int
) -> pd.DataFrame:
    """Tidy frame ``intensities`` for the hours in [first, last) [s since 1970].

    Intensity [gCO2e/kWh] = profile(month, day type, hour; all in UTC) × exp(r − var(r)/2),
    clipped to 0-1500, where r is the sum of a daily and an hourly AR(1) residual and the
    correction keeps the mean. Direct and lifecycle share r. Shares of low-carbon and
    renewable power are not known and stay NaN.
    """
    residuals = catalog.residuals.set_index("zone").sort_index()
    if zones is not None:
        residuals = residuals.loc[residuals.index.intersection(list(zones))].sort_index()
    names = [str(zone) for zone in residuals.index]
    hours = hours_between(first_s, last_s)
    place = np.repeat(np.arange(len(names)), hours.size)
    stamps = timestamps(np.tile(hours, len(names)))
    zone = pd.array(names, dtype="str").take(place)
    columns = _columns(catalog, seed, residuals, hours)
    frame = stamped(pd.DataFrame({"zone": zone, "hour": stamps, **columns}), last_s)
    frame.insert(10, "updated_at", stamps + pd.Timedelta(hours=1))
    kept = np.zeros((len(names), hours.size), dtype=bool)
    for number, name in enumerate(names):
        kept[number] = _reported(seed, name, hours)
    return frame[kept.ravel()].reset_index(drop=True)


def _columns(
    catalog: Catalog, seed: int, residuals: pd.DataFrame, hours: Ints
) -> dict[str, Floats | Bools | float]:
    """Columns of every zone and hour, zone by zone."""
    names = [str(zone) for zone in residuals.index]
    keys = np.array([key64(seed, "grid", zone) for zone in names], dtype=np.uint64)
    profiles, slots = _profiles(catalog.profiles, names), _profile_slots(hours)
    factor = np.exp(_log_residual(residuals, keys, hours)).T
    lifecycle = np.clip(profiles.lifecycle[:, slots] * factor, 0.0, MAX_G_PER_KWH)
    direct = np.clip(profiles.direct[:, slots] * factor, 0.0, MAX_G_PER_KWH)
    estimated = uniforms(keys[:, None], hours // (3 * HOUR_S), _ESTIMATED) < ESTIMATED_SHARE
    return {
        "intensity_direct_g_per_kwh": direct.ravel().round(3),
        "intensity_lifecycle_g_per_kwh": lifecycle.ravel().round(3),
        "low_carbon_pct": np.nan,
        "renewable_pct": np.nan,
        "is_estimated": estimated.ravel(),
        "direct_is_scaled": np.repeat(profiles.direct_is_scaled, hours.size),
    }


def _profiles(table: pd.DataFrame, names: list[str]) -> _Profiles:
    """Arrange the profile table as one row of 12 × 2 × 24 values for each zone."""
    order = ["zone", "month", "day_type", "hour_utc"]
    rows = table[table["zone"].astype(str).isin(names)].astype({"zone": str, "day_type": str})
    # "weekday" sorts before "weekend", which gives day types 0 and 1.
    rows = rows.sort_values(order)
    shape = (len(names), 12 * 2 * 24)
    return _Profiles(
        rows["mean_lifecycle_g_per_kwh"].to_numpy(dtype=float).reshape(shape),
        rows["mean_direct_g_per_kwh"].to_numpy(dtype=float).reshape(shape),
        rows["direct_is_scaled"].to_numpy(dtype=bool).reshape(shape)[:, 0],
    )


def _profile_slots(hours: Ints) -> Ints:
    """Place of each hour in a zone's row of the profiles; months, days and hours in UTC."""
    stamps = timestamps(hours)
    weekend = (stamps.day_of_week >= 5).astype(np.int64)
    return np.asarray(((stamps.month - 1) * 2 + weekend) * 24 + stamps.hour, dtype=np.int64)


def _log_residual(residuals: pd.DataFrame, keys: Keys, hours: Ints) -> Floats:
    """Mean-corrected log residual, hours × zones.

    The daily residual is drawn for each noon and interpolated between noons, divided by the
    interpolation's own loss of spread, so that midnight has no step and every hour has the
    table's standard deviation.
    """
    if not hours.size or not keys.size:
        return np.zeros((hours.size, keys.size))
    daily_sd, daily_lag, hourly_sd, hourly_lag = (
        residuals[name].to_numpy(dtype=float)
        for name in (
            "daily_residual_sd", "daily_residual_lag1", "hourly_residual_sd",
            "hourly_residual_lag1",
        )
    )  # fmt: skip
    # Series begin one day before the epoch, so that its first hours lie between two noons.
    since_s = EPOCH_S - DAY_S
    step = (hours - since_s) // HOUR_S
    hourly = _ar1(keys, hourly_lag, since_s // HOUR_S, int(step[-1]) + 1, _HOURLY)[step]
    days = _ar1(keys, daily_lag, since_s // DAY_S, int(step[-1]) // 24 + 2, _DAILY)
    before = (step - 12) // 24
    part = (((step - 12) % 24) / 24)[:, None]
    mixed = (1 - part) * days[before] + part * days[before + 1]
    spread = np.sqrt((1 - part) ** 2 + part**2 + 2 * part * (1 - part) * daily_lag)
    variance = daily_sd**2 + hourly_sd**2
    limit = MAX_RESIDUAL_SD * np.sqrt(variance)
    residual = np.clip(daily_sd * mixed / spread + hourly_sd * hourly, -limit, limit)
    return np.asarray(residual - variance / 2)


def _ar1(keys: Keys, lag1: Floats, first: int, count: int, stream: int) -> Floats:
    """Run a stationary AR(1) of unit variance forward from a fixed start, steps × zones."""
    index = np.arange(first, first + count, dtype=np.int64)[:, None]
    series = normals(keys[None, :], index, stream)
    series[1:] *= np.sqrt(1 - lag1**2)
    for step in range(1, count):
        series[step] += lag1 * series[step - 1]
    return series


def _reported(seed: int, zone: str, hours: Ints) -> Bools:
    """Return False for two to five hours of every month in the zones with a flaky provider."""
    kept = np.ones(hours.size, dtype=bool)
    if zone not in GAP_ZONES or not hours.size:
        return kept
    stamps = timestamps(hours)
    months = np.asarray(stamps.year * 12 + stamps.month)
    hour_of_month = np.asarray((stamps.day - 1) * 24 + stamps.hour)
    for month in np.unique(months).tolist():
        begin = int(share(seed, "gap", zone, month) * 27 * 24)
        length = 2 + int(share(seed, "gap length", zone, month) * 4)
        kept &= ~((months == month) & (hour_of_month >= begin) & (hour_of_month < begin + length))
    return kept
