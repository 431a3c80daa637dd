"""Loads the reference tables of ``data/`` and checks what spans columns or files."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from spectra.catalog.columns import (
    COEFFICIENTS,
    EBS_PRICES,
    INSTANCE_LIMITS,
    INSTANCE_TYPES,
    PRICES,
    PROFILES,
    REGIONS,
    RESIDUALS,
    TD_LOSSES,
    TEADS_W,
    UNIFORM_W,
    ZONES,
)
from spectra.catalog.schema import read_table, refuse

DATA_DIR = Path(__file__).resolve().parents[2] / "data"

HOURS_PER_PROFILE = 12 * 2 * 24
TABLE_NAMES = (
    "coefficients.csv",
    "ebs_prices.csv",
    "instance_limits.csv",
    "instance_types.csv",
    "prices.csv",
    "regions.csv",
    "td_losses.csv",
    "zone_profiles.csv",
    "zone_residuals.csv",
    "zones.csv",
)


@dataclass(frozen=True, slots=True)
class Tables:
    """The checked tables that are read at once; the hourly profiles are read when asked for."""

    instance_types: pd.DataFrame
    instance_limits: pd.DataFrame
    prices: pd.DataFrame
    regions: pd.DataFrame
    zones: pd.DataFrame
    residuals: pd.DataFrame
    td_losses: pd.DataFrame
    coefficients: pd.DataFrame
    ebs_prices: pd.DataFrame


def load_tables(data_dir: Path) -> Tables:
    """Read and check every table but the profiles.

    Raises
    ------
    CatalogError
        Naming file, line and value of the first fault.
    """
    zones = _load_zones(data_dir / "zones.csv")
    regions = _load_regions(data_dir / "regions.csv", zones)
    types = _load_instance_types(data_dir / "instance_types.csv")
    return Tables(
        instance_types=types,
        instance_limits=_load_limits(data_dir / "instance_limits.csv", types),
        prices=_load_prices(data_dir / "prices.csv", types, regions),
        regions=regions,
        zones=zones,
        residuals=_load_residuals(data_dir / "zone_residuals.csv", zones),
        td_losses=_load_td_losses(data_dir / "td_losses.csv"),
        coefficients=read_table(data_dir / "coefficients.csv", COEFFICIENTS, ["name"]),
        ebs_prices=read_table(data_dir / "ebs_prices.csv", EBS_PRICES, ["volume_type"]),
    )


def load_profiles(data_dir: Path, zones: Collection[str]) -> pd.DataFrame:
    """Read and check the hourly profiles: 12 months x 2 day types x 24 hours per zone.

    Raises
    ------
    CatalogError
        Naming file, line and value of the first fault.
    """
    path = data_dir / "zone_profiles.csv"
    frame = read_table(path, PROFILES, ["zone", "month", "day_type", "hour_utc"])
    _require_known(path, frame, "zone", zones)
    _require_one_of(path, frame, "day_type", ["weekday", "weekend"])
    _require_direct_within_lifecycle(path, frame, "mean")
    hours = frame.groupby("zone")["zone"].transform("size")
    refuse(path, frame, hours != HOURS_PER_PROFILE, "zone", "whose profile is not 576 hours")
    return frame


def _load_zones(path: Path) -> pd.DataFrame:
    frame = read_table(path, ZONES, ["zone"])
    _require_timezones(path, frame)
    _require_direct_within_lifecycle(path, frame, "annual")
    return frame


def _load_regions(path: Path, zones: pd.DataFrame) -> pd.DataFrame:
    frame = read_table(path, REGIONS, ["region"])
    _require_known(path, frame, "zone", zones["zone"])
    _require_timezones(path, frame)
    _require_one_of(path, frame, "zone_basis", ["published", "inferred"])
    return frame


def _load_instance_types(path: Path) -> pd.DataFrame:
    frame = read_table(path, INSTANCE_TYPES, ["instance_type"])
    shares = frame["vcpu"] > frame["platform_vcpu"]
    refuse(path, frame, shares, "vcpu", "more than platform_vcpu")
    for points in (TEADS_W, UNIFORM_W):
        _require_rising(path, frame, points)
    _require_rising(path, frame, ("ccf_min_w_per_vcpu", "ccf_max_w_per_vcpu"))
    partial = frame[list(TEADS_W)].isna().sum(axis=1).between(1, 3)
    refuse(path, frame, partial, TEADS_W[0], "and only some of the four Teads points are given")
    has_gpu = frame["gpu_count"] > 0
    unpowered = has_gpu & ~((frame["gpu_idle_w"] > 0) & (frame["gpu_max_w"] > frame["gpu_idle_w"]))
    refuse(path, frame, unpowered, "gpu_max_w", "which does not exceed gpu_idle_w above 0")
    refuse(
        path, frame, has_gpu != (frame["gpu_model"] != ""), "gpu_model", "at odds with gpu_count"
    )
    prefix = frame["instance_type"].str.partition(".")[0]
    refuse(path, frame, prefix != frame["family"], "family", "not the first part of the name")
    return frame


def _load_limits(path: Path, types: pd.DataFrame) -> pd.DataFrame:
    frame = read_table(path, INSTANCE_LIMITS, ["instance_type"])
    _require_known(path, frame, "instance_type", types["instance_type"])
    burstable = frame["instance_type"].isin(types["instance_type"][types["burstable"]])
    strays = frame["burst_baseline_pct"].notna() & ~burstable
    refuse(path, frame, strays, "burst_baseline_pct", "for a type that is not burstable")
    return frame


def _load_prices(path: Path, types: pd.DataFrame, regions: pd.DataFrame) -> pd.DataFrame:
    frame = read_table(path, PRICES, ["instance_type", "region"])
    _require_known(path, frame, "instance_type", types["instance_type"])
    _require_known(path, frame, "region", regions["region"])
    return frame


def _load_residuals(path: Path, zones: pd.DataFrame) -> pd.DataFrame:
    frame = read_table(path, RESIDUALS, ["zone"])
    _require_known(path, frame, "zone", zones["zone"])
    _require_direct_within_lifecycle(path, frame, "mean")
    return frame


def _load_td_losses(path: Path) -> pd.DataFrame:
    frame = read_table(path, TD_LOSSES, ["country"])
    _require_one_of(path, frame, "tier", ["A", "F"])
    return frame


def _require_known(path: Path, frame: pd.DataFrame, column: str, known: Collection[str]) -> None:
    refuse(path, frame, ~frame[column].isin(known), column, f"an unknown {column}")


def _require_one_of(path: Path, frame: pd.DataFrame, column: str, allowed: list[str]) -> None:
    refuse(path, frame, ~frame[column].isin(allowed), column, f"not one of {', '.join(allowed)}")


def _require_direct_within_lifecycle(path: Path, frame: pd.DataFrame, prefix: str) -> None:
    direct = f"{prefix}_direct_g_per_kwh"
    above = frame[direct] > frame[f"{prefix}_lifecycle_g_per_kwh"]
    refuse(path, frame, above, direct, "more than the lifecycle factor")


def _require_rising(path: Path, frame: pd.DataFrame, points: tuple[str, ...]) -> None:
    for lower, upper in itertools.pairwise(points):
        falls = frame[upper] < frame[lower]
        refuse(path, frame, falls, upper, f"less than {lower}: watts must not fall with load")


def _require_timezones(path: Path, frame: pd.DataFrame) -> None:
    for timezone in frame["timezone"].unique().tolist():
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            refuse(path, frame, frame["timezone"] == timezone, "timezone", "an unknown timezone")
