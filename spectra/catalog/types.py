"""The value objects of the catalogue: instance types, regions, zones, prices, constants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Tier = Literal["A", "C", "D"]
ZoneBasis = Literal["published", "inferred"]


@dataclass(frozen=True, slots=True)
class PowerCurve:
    """Power of the host part of one instance at four CPU loads, in watts.

    Memory and the rest of the machine are included; GPUs and PUE are not.

    Attributes
    ----------
    idle_w, at_10_w, at_50_w, at_100_w
        Watts [W] at 0, 10, 50 and 100 % CPU; positive and non-decreasing.
    """

    idle_w: float
    at_10_w: float
    at_50_w: float
    at_100_w: float

    @property
    def watts(self) -> tuple[float, float, float, float]:
        """The four points in order of load [W]."""
        return (self.idle_w, self.at_10_w, self.at_50_w, self.at_100_w)

    def scaled(self, factor: float) -> PowerCurve:
        """Return the curve with every point multiplied by ``factor`` [1]."""
        return PowerCurve(*(point * factor for point in self.watts))


@dataclass(frozen=True, slots=True)
class InstanceType:
    """One EC2 instance type as the energy and embodied models need it.

    Attributes
    ----------
    vcpu, platform_vcpu
        vCPUs of the instance and of the whole server it is a share of [1].
    memory_gib, platform_memory_gib
        Memory of the instance and of the server [GiB].
    gpu_count
        GPUs of the instance [1]; a fraction where several instances share one.
    gpu_idle_w, gpu_max_w
        Power of one GPU when idle and at full load [W]; 0.0 without a GPU.
    embodied_platform_kg
        Cradle-to-gate emissions of the whole server [kgCO2e].
    teads
        Measured curve (Teads), or None where the type was not measured.
    uniform
        Curve of the method that covers every type, uncalibrated: METHOD 1.1, fallback 1.
    ccf_min_w_per_vcpu, ccf_max_w_per_vcpu
        Cloud Carbon Footprint's linear model [W/vCPU], the low sensitivity.
    ccf_extra_memory_gib
        Memory that model charges in addition, for the whole instance [GiB].
    notes
        What is known about the weakness of this row; empty when nothing is.
    """

    name: str
    family: str
    generation: int
    vcpu: int
    memory_gib: float
    architecture: str
    processor: str
    microarchitecture: str
    gpu_count: float
    gpu_model: str | None
    gpu_idle_w: float
    gpu_max_w: float
    burstable: bool
    bare_metal: bool
    current_generation: bool
    platform_vcpu: int
    platform_memory_gib: float
    embodied_platform_kg: float
    teads: PowerCurve | None
    uniform: PowerCurve
    ccf_min_w_per_vcpu: float
    ccf_max_w_per_vcpu: float
    ccf_extra_memory_gib: float
    notes: str


@dataclass(frozen=True, slots=True)
class TypeLimits:
    """What a type can carry besides CPU and memory; None where it is not known.

    Attributes
    ----------
    hypervisor
        "nitro" or "xen".
    network_baseline_gbps
        Bandwidth that it can keep up, of all its cards [Gbit/s].
    ebs_baseline_mbps
        Bandwidth to its volumes that it can keep up [Mbit/s].
    ena_support
        "required", "supported" or "unsupported".
    instance_storage_gb
        Disks of the machine itself [GB]; 0 where it has none.
    burst_baseline_pct
        CPU per vCPU that a burstable type sustains without credits [%].
    """

    hypervisor: str | None
    network_baseline_gbps: float | None
    ebs_baseline_mbps: float | None
    ena_support: str | None
    instance_storage_gb: float | None
    burst_baseline_pct: float | None


@dataclass(frozen=True, slots=True)
class TypeMatch:
    """The type that stands for a name, how good the match is, and why.

    Attributes
    ----------
    tier
        A: measured curve. C: listed, calibrated uniform curve. D: estimated from
        the family, or from averages when the family is unknown.
    basis
        The reason in words, fit to be shown to a reader.
    """

    type: InstanceType
    tier: Tier
    basis: str


@dataclass(frozen=True, slots=True)
class Region:
    """One commercial AWS region.

    Attributes
    ----------
    lat, lon
        Of the city, not of a data centre [degrees].
    zone
        Electricity Maps zone the region draws from.
    pue
        Power usage effectiveness [1].
    pue_is_regional
        False where AWS publishes no figure for the region and the global one stands in.
    wue_l_per_kwh
        Water usage effectiveness [L/kWh].
    zone_basis
        "published" by Electricity Maps, or "inferred" from the location.
    """

    code: str
    name: str
    city: str
    country: str
    lat: float
    lon: float
    zone: str
    timezone: str
    pue: float
    pue_basis: str
    pue_is_regional: bool
    wue_l_per_kwh: float
    zone_basis: ZoneBasis


@dataclass(frozen=True, slots=True)
class Zone:
    """One Electricity Maps zone with its annual factors.

    Attributes
    ----------
    annual_direct_g_per_kwh, annual_lifecycle_g_per_kwh
        Annual mean carbon intensity, flow-traced [gCO2e/kWh].
    annual_year
        Calendar year of the factors.
    low_carbon_pct, renewable_pct
        Annual share of consumption [%]; None where not published.
    has_profile
        True where ``zone_profiles.csv`` has hourly means of this zone.
    """

    code: str
    name: str
    country: str
    timezone: str
    annual_direct_g_per_kwh: float
    annual_lifecycle_g_per_kwh: float
    annual_year: int
    low_carbon_pct: float | None
    renewable_pct: float | None
    has_profile: bool


@dataclass(frozen=True, slots=True)
class Price:
    """On-demand Linux list price of one type in one region [USD/h]."""

    usd_per_hour: float
    as_of: date
    source: str


@dataclass(frozen=True, slots=True)
class TdLoss:
    """Share of the electricity supplied that is lost in transmission and distribution.

    Attributes
    ----------
    share
        Loss ÷ supply [1], 0 to 1.
    tier
        "A": national five-year mean (World Bank). "F": default or floored figure.
    """

    share: float
    tier: Literal["A", "F"]


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A named constant with its unit and where it comes from."""

    name: str
    value: float
    unit: str
    source: str
