"""Energy of an instance-hour: power curves, accelerators, storage and network."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from spectra.carbon.uncertainty import POWER_GSD, burst_sigma, interval
from spectra.catalog import Catalog, InstanceType, PowerCurve, TypeMatch, load_catalog

LOAD_POINTS_PCT = (0.0, 10.0, 50.0, 100.0)

# Medians of Teads over the uniform method on the 384 non-GPU types that have both, at LOAD_POINTS.
CALIBRATION = (1.27, 1.80, 1.92, 1.91)

GLOBAL_PUE = 1.14
EBS_REPLICATION = 2.0
SSD_WH_PER_TB_H = 1.2
HDD_WH_PER_TB_H = 0.65
# Accelerators whose watts Cloud Carbon Footprint lists; those of others follow from their TDP.
GPUS_MEASURED = frozenset({"K80", "M60", "V100", "T4", "A10G", "A100"})
HDD_VOLUME_TYPES = frozenset({"st1", "sc1", "standard"})
GIB_TO_GB = 1.073_741_824  # a volume's size is stated in GiB, storage per TB
NETWORK_KWH_PER_GB = 0.001
MEMORY_W_PER_GB = 0.392


class Watts(NamedTuple):
    """IT power of one instance, without PUE.

    Attributes
    ----------
    watts : float
        Central estimate [W].
    tier : str
        ``A`` measured curve, ``C`` derived and calibrated, ``D`` type unknown.
    low, high : float
        95 % interval of the power model [W].
    """

    watts: float
    tier: str
    low: float
    high: float


def interpolate_watts(curve: PowerCurve, cpu_pct: float) -> float:
    """Power of the host part at a CPU load.

    Piecewise linear through 0, 10, 50 and 100 % load [1]_. The curve is concave: taken at the mean
    load of an hour it is the power of steady load, and above that of bursts between idle and full
    load: by 13 % at a half and 28 % at a tenth on average of all types, at most by 36 %.

    Parameters
    ----------
    curve : PowerCurve
        Watts at the four loads [W].
    cpu_pct : float
        CPU utilisation [%]; clipped to 0-100.

    References
    ----------
    .. [1] Teads engineering, "Building an AWS EC2 Carbon Emissions Dataset" (CC BY 4.0).
    """
    load = min(max(cpu_pct, LOAD_POINTS_PCT[0]), LOAD_POINTS_PCT[-1])
    return float(np.interp(load, LOAD_POINTS_PCT, curve.watts))


def calibrated_curve(instance: InstanceType) -> PowerCurve:
    """Uniform watts brought to the level of the measured table."""
    return PowerCurve(*(w * k for w, k in zip(instance.uniform.watts, CALIBRATION, strict=True)))


def central_curve(match: TypeMatch) -> PowerCurve:
    """Host curve that the ledger uses: measured where there is one, else calibrated."""
    return match.type.teads or calibrated_curve(match.type)


def curve(match: TypeMatch, power_model: str = "measured") -> PowerCurve:
    """Host curve of a power model: ``measured`` (the central one) or ``linear`` (the low case)."""
    if power_model == "measured":
        return central_curve(match)
    idle, per_pct = ccf_line(match.type)
    return PowerCurve(*(idle + per_pct * load for load in LOAD_POINTS_PCT))


def common_method(*types: InstanceType) -> str:
    """The best power method that all of some types have: ``measured``, else ``calibrated``.

    Types are only compared by one method: the difference between two would pass for a saving.
    """
    return "measured" if all(t.teads is not None for t in types) else "calibrated"


def curve_by(instance: InstanceType, method: str) -> PowerCurve:
    """Host curve by a method of `common_method`."""
    if method == "measured" and instance.teads is not None:
        return instance.teads
    return calibrated_curve(instance)


def power_tier(match: TypeMatch) -> str:
    """Tier of the power of a type: D where its accelerators are known by their TDP alone."""
    model = match.type.gpu_model
    return match.tier if model is None or model in GPUS_MEASURED else "D"


def gpu_watts(instance: InstanceType, gpu_pct: float) -> float:
    """Power of all accelerators of an instance at a load [W]; 0 for types without any."""
    load = min(max(gpu_pct, 0.0), 100.0) / 100.0
    span = instance.gpu_max_w - instance.gpu_idle_w
    return instance.gpu_count * (instance.gpu_idle_w + load * span)


def instance_watts(
    instance_type: str,
    cpu_pct: float,
    gpu_pct: float = 50.0,
    catalog: Catalog | None = None,
) -> Watts:
    """IT power of one running instance, without PUE.

    Parameters
    ----------
    instance_type : str
        EC2 type name; an unknown one is estimated and comes back as tier D.
    cpu_pct, gpu_pct : float
        Utilisation [%]; the accelerator's is used for GPU types alone.

    Returns
    -------
    Watts
        Central value, tier and 95 % interval.

    Examples
    --------
    >>> round(instance_watts("m5.xlarge", cpu_pct=30.0).watts, 1)
    21.1
    """
    match = (catalog or load_catalog()).instance_type(instance_type)
    watts = interpolate_watts(central_curve(match), cpu_pct) + gpu_watts(match.type, gpu_pct)
    tier = power_tier(match)
    sigma = math.log(POWER_GSD[tier])
    low, _, high = interval(watts, sigma, math.hypot(sigma, burst_sigma(match.type)))
    return Watts(watts, tier, low, high)


def ccf_watts(
    instance_type: str, cpu_pct: float, gpu_pct: float = 50.0, catalog: Catalog | None = None
) -> float:
    """Low sensitivity of the power model: the Cloud Carbon Footprint formula [W].

    ``vCPU·(min + u·(max − min)) + 0.392 W/GB·extra memory + GPU``.
    """
    instance = (catalog or load_catalog()).instance_type(instance_type).type
    idle, slope = ccf_line(instance)
    load = min(max(cpu_pct, 0.0), 100.0)
    return idle + slope * load + gpu_watts(instance, gpu_pct)


def ccf_line(instance: InstanceType) -> tuple[float, float]:
    """Idle watts [W] and slope [W per % load] of the CCF formula, host part."""
    span = instance.ccf_max_w_per_vcpu - instance.ccf_min_w_per_vcpu
    idle = instance.vcpu * instance.ccf_min_w_per_vcpu
    return idle + MEMORY_W_PER_GB * instance.ccf_extra_memory_gib, instance.vcpu * span / 100.0


def storage_wh(size_gb: float, volume_type: str = "gp3", hours: float = 1.0) -> float:
    """IT energy of an EBS volume [Wh], replication included, PUE not."""
    per_tb = HDD_WH_PER_TB_H if volume_type in HDD_VOLUME_TYPES else SSD_WH_PER_TB_H
    return size_gb / 1_000.0 * per_tb * EBS_REPLICATION * hours


def network_wh(inter_region_gb: float) -> float:
    """Energy of traffic between regions [Wh]; end-to-end, so no PUE is applied to it."""
    return inter_region_gb * NETWORK_KWH_PER_GB * 1_000.0


def instance_hour_wh(
    watts: float,
    *,
    pue: float = GLOBAL_PUE,
    running_fraction: float = 1.0,
    storage_it_wh: float = 0.0,
    network_it_wh: float = 0.0,
) -> float:
    """Energy at the data-centre meter of one hour [Wh].

    ``E = PUE·P·τ + PUE·E_storage + E_network``.

    Parameters
    ----------
    watts : float
        IT power of the instance, accelerators included [W].
    pue : float
        What AWS publishes for the region for 2024; where it publishes none, its global average of
        2025. It is applied to the hours of all years.
    running_fraction : float
        Share τ of the hour in state running; storage goes on when it is 0.
    """
    return pue * (watts * running_fraction + storage_it_wh) + network_it_wh
