"""One-off script that made the reference tables of this folder; kept for provenance.

Run as ``python data/build_tables.py SOURCE`` where SOURCE holds the folders ``ec2`` and
``grid`` with the collected public figures that ``data/README.md`` cites. The dashboard
never runs it.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd

OUT = Path(__file__).parent

# GPU watts over TDP at 0, 10, 50 and 100 % in the source curves (Teads, V100 row).
TDP_RATIO = np.array([0.1167, 0.3183, 0.7523, 1.0187])
LOADS = np.array([0.0, 0.1, 0.5, 1.0])
GPU_TDP_W = {
    "A100": 400, "A10G": 150, "B200": 1000, "B300": 1200, "H100": 700, "H200": 700,
    "K520": 225, "K80": 300, "L4": 72, "L40S": 350, "M60": 300, "RTX PRO 4500": 165,
    "RTX PRO Server 6000": 600, "Radeon Pro V520": 225, "T4": 70, "T4g": 70, "V100": 300,
}  # fmt: skip
TDP_IDLE_RATIO, TDP_MAX_RATIO = 0.12, 1.02
SOURCE_WATTS = ["watts_idle", "watts_10", "watts_50", "watts_100"]
UNIFORM_WATTS = [f"uniform_{name}" for name in SOURCE_WATTS]
POINTS = ["0_w", "10_w", "50_w", "100_w"]

# Where the CCF app's processor list of a family differs from the row's own processor.
CCF_PROCESSORS = {
    "t3": ["cascade_lake"],
    "m5": ["skylake"],
    "c5": ["cascade_lake", "skylake"],
    "r5": ["cascade_lake", "skylake"],
}
CCF_VCPU_PER_CHIP = 96

PUE_GLOBAL, PUE_GLOBAL_BASIS = 1.14, "AWS global average 2025"
WUE_GLOBAL, WUE_GLOBAL_BASIS = 0.15, "AWS global average 2024"
# The source has no name or timezone for these two; both are plain geography.
ZONE_FIXES = {
    "DK-BHM": ("Bornholm", "Europe/Copenhagen"),
    "GB-ORK": ("Orkney Islands", "Europe/London"),
}
RATIO_STAND_IN = {"PT-MA": "PT"}
TD_LOSS_DOUBTFUL = {"SG", "MY", "SA"}
TD_LOSS_FLOOR_PCT = 2.0


def read(path: Path) -> pd.DataFrame:
    """Read a source table; "NA" is Namibia, never a missing value."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def write(frame: pd.DataFrame, name: str) -> None:
    """Write one table with Unix line ends."""
    frame.to_csv(OUT / name, index=False, lineterminator="\n")
    print(f"{name}: {len(frame)} rows, {(OUT / name).stat().st_size / 1000:.0f} kB")


def recovered_tdp_w(row: pd.Series) -> float:
    """Least squares of w(u) = a + b*u + ratio(u) * gpu_count * TDP on the uniform curve."""
    columns = [np.ones(4), LOADS, TDP_RATIO * row["gpu_count"]]
    watts = row[UNIFORM_WATTS].to_numpy(float)
    solution, *_ = np.linalg.lstsq(np.stack(columns, axis=1), watts, rcond=None)
    return float(solution[2])


def gpu_range_w(model: str, ccf: dict[str, float]) -> tuple[float, float]:
    """Idle and full watts of one GPU: CCF where it lists the model, else from TDP."""
    key = model.lower().replace(" pro ", " ").replace(" ", "_")
    if f"gpu_min_watts_{key}" in ccf:
        return ccf[f"gpu_min_watts_{key}"], ccf[f"gpu_max_watts_{key}"]
    tdp_w = GPU_TDP_W[model]
    return round(TDP_IDLE_RATIO * tdp_w, 2), round(TDP_MAX_RATIO * tdp_w, 2)


def split_gpu(types: pd.DataFrame, ccf: dict[str, float]) -> None:
    """Add host curves without GPU and the watts of one GPU, in place."""
    tdp_w = types["gpu_model"].map(GPU_TDP_W).fillna(0.0)
    for _, row in types[types["gpu_count"] > 0].iterrows():
        known = GPU_TDP_W[row["gpu_model"]]
        if abs(recovered_tdp_w(row) / known - 1) > 0.01:
            raise SystemExit(f"TDP of {row['gpu_model']} does not fit {row['instance_type']}")
    gpu_w = np.outer(types["gpu_count"] * tdp_w, TDP_RATIO)
    measured = (types["power_source"] == "teads").to_numpy()
    for label, source in (("teads", SOURCE_WATTS), ("uniform", UNIFORM_WATTS)):
        host = (types[source].to_numpy(float) - gpu_w).round(2)
        sound = (host > 0).all(axis=1) & (np.diff(host, axis=1) >= 0).all(axis=1)
        if label == "uniform" and not sound.all():
            raise SystemExit("a uniform host curve is not positive and non-decreasing")
        for name in types["instance_type"][~sound & measured]:
            print(f"{name}: no sound Teads host curve, left empty")
        keep = sound if label == "uniform" else sound & measured
        types[[f"{label}_{point}" for point in POINTS]] = np.where(keep[:, None], host, np.nan)
    ranges = {model: gpu_range_w(model, ccf) for model in GPU_TDP_W}
    for column, index in (("gpu_idle_w", 0), ("gpu_max_w", 1)):
        types[column] = [ranges[m][index] if m in ranges else 0.0 for m in types["gpu_model"]]


def ccf_processor(row: pd.Series, ccf: dict[str, float]) -> tuple[float, float, float]:
    """CCF's watts per vCPU at 0 and 100 % and GB per chip; the averages if unmapped."""
    own = row["microarchitecture"].lower().replace(" ", "_")
    names = CCF_PROCESSORS.get(row["family"], [own])
    if f"ccf_app_min_watts_{names[0]}" not in ccf:
        return (
            ccf["min_watts_default"],
            ccf["max_watts_default"],
            ccf["spec_gb_per_chip_default"],
        )
    kinds = ("min_watts", "max_watts", "spec_gb")
    low, high, spec_gb = (
        float(np.mean([ccf[f"ccf_app_{kind}_{name}"] for name in names])) for kind in kinds
    )
    return low, high, spec_gb


def add_ccf(types: pd.DataFrame, ccf: dict[str, float]) -> None:
    """Add the low sensitivity: CCF's linear watts and its extra memory, in place."""
    by_size = types.sort_values(["vcpu", "memory_gib"])
    largest = by_size.groupby("family")[["vcpu", "memory_gib"]].last()
    out = []
    for _, row in types.iterrows():
        low, high, spec_gb = ccf_processor(row, ccf)
        top = largest.loc[row["family"]]
        chips = math.ceil(top["vcpu"] / CCF_VCPU_PER_CHIP)
        above_gb = max(0.0, top["memory_gib"] / chips - spec_gb)
        extra_gb = 0.0 if row["burstable"] else above_gb * row["memory_gib"] / top["memory_gib"]
        out.append((round(low, 4), round(high, 4), round(extra_gb, 4)))
    types[["ccf_min_w_per_vcpu", "ccf_max_w_per_vcpu", "ccf_extra_memory_gib"]] = out


def build_instance_types(source: Path, ccf: dict[str, float]) -> None:
    """Write instance_types.csv."""
    types = read(source / "ec2" / "instance_types.csv")
    split_gpu(types, ccf)
    add_ccf(types, ccf)
    types["processor"] = types["processor"].fillna("unknown")
    types = types.rename(columns={"embodied_platform_kgco2e": "embodied_platform_kg"})
    columns = [
        "instance_type", "family", "generation", "vcpu", "memory_gib", "architecture",
        "processor", "microarchitecture", "gpu_count", "gpu_model", "gpu_idle_w", "gpu_max_w",
        "burstable", "bare_metal", "current_generation", "platform_vcpu",
        "platform_memory_gib", "embodied_platform_kg",
        *(f"teads_{point}" for point in POINTS), *(f"uniform_{point}" for point in POINTS),
        "ccf_min_w_per_vcpu", "ccf_max_w_per_vcpu", "ccf_extra_memory_gib", "notes",
    ]  # fmt: skip
    write(types[columns].sort_values("instance_type"), "instance_types.csv")


def build_prices(source: Path, regions: set[str]) -> None:
    """Write prices.csv for the commercial regions."""
    prices = pd.read_parquet(source / "ec2" / "ec2_prices.parquet").astype(
        {"instance_type": str, "region": str, "as_of": str, "source": str}
    )
    prices["source"] = prices["source"].str.replace(r"^.*/|-provider-aws", "", regex=True)
    prices = prices[prices["region"].isin(regions)].sort_values(["instance_type", "region"])
    write(prices[["instance_type", "region", "usd_per_hour", "as_of", "source"]], "prices.csv")


def build_regions(source: Path) -> pd.DataFrame:
    """Write regions.csv and return it."""
    mapping = read(source / "grid" / "aws_region_zones.csv").query("partition == 'aws'")
    published = read(source / "ec2" / "aws_regions.csv").drop(columns="location")
    table = mapping.merge(published, on="region", how="left")
    regional = table["pue_basis"].fillna("AWS global").str.match("AWS 20")
    table["pue_is_regional"] = regional
    table["pue"] = table["pue_used"].where(regional, PUE_GLOBAL)
    table["pue_basis"] = table["pue_basis"].where(regional, PUE_GLOBAL_BASIS)
    regional_wue = table["wue_basis"].fillna("AWS global").str.match("AWS 20")
    table["wue_l_per_kwh"] = table["wue_used_l_per_kwh"].where(regional_wue, WUE_GLOBAL)
    table["wue_basis"] = table["wue_basis"].where(regional_wue, WUE_GLOBAL_BASIS)
    table["city"] = table["city"].str.replace(r"\(assumed.*\)", "(assumed)", regex=True)
    table = table.rename(columns={"zone_timezone": "timezone", "mapping_confidence": "zone_basis"})
    columns = [
        "region", "name", "city", "country", "lat", "lon", "zone", "zone_basis", "timezone",
        "pue", "pue_basis", "pue_is_regional", "wue_l_per_kwh", "wue_basis",
    ]  # fmt: skip
    write(table[columns].sort_values("region"), "regions.csv")
    return table


def build_zones(source: Path) -> pd.Series:
    """Write zones.csv; return the direct share of lifecycle by zone."""
    raw = read(source / "grid" / "zone_factors.csv").query("zone != 'GLOBAL'").set_index("zone")
    for zone, (name, timezone) in ZONE_FIXES.items():
        raw.loc[zone, ["zone_name", "timezone"]] = [name, timezone]
    ratio = raw["em_annual_2024_direct"] / raw["em_annual_2024_lca"]
    basis = pd.Series("2024 direct / lifecycle of the zone", raw.index)
    for zone, stand_in in RATIO_STAND_IN.items():
        ratio[zone], basis[zone] = ratio[stand_in], f"2024 direct / lifecycle of {stand_in}"
    basis[ratio > 1] = "2024 direct above lifecycle in the source: set equal to lifecycle"
    ratio = ratio.clip(upper=1.0)
    has_2025 = raw["em_annual_2025_lca_co2js"].notna()
    lifecycle = raw["em_annual_2025_lca_co2js"].fillna(raw["em_annual_2024_lca"])
    table = pd.DataFrame(
        {
            "name": raw["zone_name"],
            "country": raw["country"],
            "timezone": raw["timezone"],
            "annual_direct_g_per_kwh": (lifecycle * ratio).round(1),
            "annual_lifecycle_g_per_kwh": lifecycle.round(1),
            "annual_year": np.where(has_2025, 2025, 2024),
            "low_carbon_pct": raw["em_annual_2025_cfe_pct"],
            "renewable_pct": raw["em_annual_2025_renewable_pct"],
            "direct_basis": basis,
        }
    )
    write(table.sort_index().reset_index(), "zones.csv")
    return ratio


def fill_direct(frame: pd.DataFrame, ratio: pd.Series, digits: int) -> pd.DataFrame:
    """Scale lifecycle to direct where direct is missing, and mark those rows."""
    missing = frame["mean_direct"].isna()
    scaled = frame["mean_lifecycle"] * frame["zone"].map(ratio)
    return frame.assign(
        mean_lifecycle_g_per_kwh=frame["mean_lifecycle"].round(digits),
        mean_direct_g_per_kwh=frame["mean_direct"].fillna(scaled).round(digits),
        direct_is_scaled=missing,
    ).drop(columns=["mean_lifecycle", "mean_direct"])


def build_grid(source: Path, zones: set[str], ratio: pd.Series) -> None:
    """Write zone_profiles.csv and zone_residuals.csv for the zones of the regions."""
    for name in ("zone_profiles.csv", "zone_residuals.csv"):
        frame = read(source / "grid" / name)
        write(fill_direct(frame[frame["zone"].isin(zones)], ratio, digits=1), name)


def build_td_losses(source: Path) -> None:
    """Write td_losses.csv; the doubtful countries get tier F and the floor."""
    raw = read(source / "grid" / "td_losses.csv")
    doubtful = raw["country"].isin(TD_LOSS_DOUBTFUL)
    mean_pct = raw["td_loss_pct_5y_mean"]
    table = pd.DataFrame(
        {
            "country": raw["country"],
            "td_loss_pct": mean_pct.where(~doubtful, mean_pct.clip(lower=TD_LOSS_FLOOR_PCT)),
            "tier": np.where(doubtful, "F", "A"),
            "source_mean_5y_pct": mean_pct,
            "latest_year": raw["year"],
            "source": "World Bank WDI EG.ELC.LOSS.ZS",
        }
    )
    write(table, "td_losses.csv")


def main(source: Path) -> None:
    """Build every table except those kept by hand and the one of `build_limits.py`."""
    raw = read(source / "ec2" / "cloud_coefficients.csv")
    ccf = dict(zip(raw["name"], raw["value"].astype(float), strict=True))
    build_instance_types(source, ccf)
    regions = build_regions(source)
    build_prices(source, set(regions["region"]))
    ratio = build_zones(source)
    build_grid(source, set(regions["zone"]), ratio)
    build_td_losses(source)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
