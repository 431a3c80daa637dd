"""Declares what each reference table of ``data/`` must hold, column by column."""

from __future__ import annotations

from spectra.catalog.schema import Column

MAX_G_PER_KWH = 1500.0


def _intensity(name: str) -> Column:
    return Column(name, "number", low=0.0, high=MAX_G_PER_KWH, unit="g/kWh")


def _percent(name: str) -> Column:
    return Column(name, "number", low=0.0, high=100.0, optional=True, unit="%")


def _watts(name: str, *, optional: bool = False) -> Column:
    return Column(name, "number", above=0.0, optional=optional, unit="W")


TEADS_W = ("teads_0_w", "teads_10_w", "teads_50_w", "teads_100_w")
UNIFORM_W = ("uniform_0_w", "uniform_10_w", "uniform_50_w", "uniform_100_w")

INSTANCE_TYPES = (
    Column("instance_type"),
    Column("family"),
    Column("generation", "whole", low=1),
    Column("vcpu", "whole", above=0.0, unit="vCPU"),
    Column("memory_gib", "number", above=0.0, unit="GiB"),
    Column("architecture"),
    Column("processor"),
    Column("microarchitecture"),
    Column("gpu_count", "number", low=0.0),
    Column("gpu_model", optional=True),
    Column("gpu_idle_w", "number", low=0.0, unit="W"),
    Column("gpu_max_w", "number", low=0.0, unit="W"),
    Column("burstable", "flag"),
    Column("bare_metal", "flag"),
    Column("current_generation", "flag"),
    Column("platform_vcpu", "whole", above=0.0, unit="vCPU"),
    Column("platform_memory_gib", "number", above=0.0, unit="GiB"),
    Column("embodied_platform_kg", "number", above=0.0, unit="kgCO2e"),
    *(_watts(name, optional=True) for name in TEADS_W),
    *(_watts(name) for name in UNIFORM_W),
    _watts("ccf_min_w_per_vcpu"),
    _watts("ccf_max_w_per_vcpu"),
    Column("ccf_extra_memory_gib", "number", low=0.0, unit="GiB"),
    Column("notes", optional=True),
)
INSTANCE_LIMITS = (
    Column("instance_type"),
    Column("hypervisor", optional=True),
    Column("network_baseline_gbps", "number", above=0.0, optional=True, unit="Gbit/s"),
    Column("ebs_baseline_mbps", "number", above=0.0, optional=True, unit="Mbit/s"),
    Column("ena_support", optional=True),
    Column("instance_storage_gb", "number", low=0.0, optional=True, unit="GB"),
    Column("burst_baseline_pct", "number", above=0.0, high=100.0, optional=True, unit="%"),
)
PRICES = (
    Column("instance_type"),
    Column("region"),
    Column("usd_per_hour", "number", above=0.0, unit="USD/h"),
    Column("as_of", "date"),
    Column("source"),
)
REGIONS = (
    Column("region"),
    Column("name"),
    Column("city"),
    Column("country"),
    Column("lat", "number", low=-90.0, high=90.0, unit="degrees"),
    Column("lon", "number", low=-180.0, high=180.0, unit="degrees"),
    Column("zone"),
    Column("timezone"),
    Column("pue", "number", low=1.0, high=2.5),
    Column("pue_basis"),
    Column("pue_is_regional", "flag"),
    Column("wue_l_per_kwh", "number", low=0.0, high=10.0, unit="L/kWh"),
    Column("zone_basis"),
)
ZONES = (
    Column("zone"),
    Column("name"),
    Column("country"),
    Column("timezone"),
    _intensity("annual_direct_g_per_kwh"),
    _intensity("annual_lifecycle_g_per_kwh"),
    Column("annual_year", "whole", low=2015, high=2100),
    _percent("low_carbon_pct"),
    _percent("renewable_pct"),
)
PROFILES = (
    Column("zone"),
    Column("month", "whole", low=1, high=12),
    Column("day_type"),
    Column("hour_utc", "whole", low=0, high=23),
    _intensity("mean_lifecycle_g_per_kwh"),
    _intensity("mean_direct_g_per_kwh"),
    Column("direct_is_scaled", "flag"),
)
RESIDUALS = (
    Column("zone"),
    Column("daily_residual_sd", "number", above=0.0),
    Column("daily_residual_lag1", "number", low=-1.0, high=1.0),
    Column("hourly_residual_sd", "number", above=0.0),
    Column("hourly_residual_lag1", "number", low=-1.0, high=1.0),
    _intensity("mean_lifecycle_g_per_kwh"),
    _intensity("mean_direct_g_per_kwh"),
    Column("direct_is_scaled", "flag"),
)
TD_LOSSES = (
    Column("country"),
    Column("td_loss_pct", "number", above=0.0, high=50.0, unit="%"),
    Column("tier"),
)
COEFFICIENTS = (
    Column("name"),
    Column("value", "number", above=0.0),
    Column("unit"),
    Column("source"),
)
EBS_PRICES = (
    Column("volume_type"),
    Column("usd_per_gb_month", "number", above=0.0, unit="USD/GB-month"),
    Column("source"),
)
