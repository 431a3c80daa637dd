"""Embodied carbon of hardware per running hour, and the SCI score."""

from __future__ import annotations

from spectra.catalog import InstanceType

LIFE_HOURS_CENTRAL = 52_560.0  # 6 years: AWS's own amortisation of IT hardware
LIFE_HOURS_SHORT = 35_040.0  # 4 years: the high case
LIFE_HOURS_LONG = 61_320.0  # 7 years: the low case


def embodied_g_per_h(instance: InstanceType, life_hours: float = LIFE_HOURS_CENTRAL) -> float:
    """Embodied emissions charged per running hour [gCO2e/h].

    ``TE · (1/EL) · (vCPU/vCPU of the server)`` after the Software Carbon Intensity
    specification 1.1.0; independent of utilisation and never negative. An instance on a dedicated
    host counts as on shared hardware: the idle part of such a host is not in any figure.

    Parameters
    ----------
    life_hours : float
        Service life EL [h].
    """
    share = min(instance.vcpu / instance.platform_vcpu, 1.0)
    return instance.embodied_platform_kg * 1_000.0 * share / life_hours


def sci_g_per_unit(
    energy_kwh: float, intensity_direct_g_per_kwh: float, embodied_g: float, units: float
) -> float | None:
    """Software Carbon Intensity ``(E·I + M)/R`` [gCO2e per functional unit].

    `I` is the direct location-based intensity, comparable to scope 2. Without functional units
    the score is undefined and comes back as None.
    """
    if units <= 0:
        return None
    return (energy_kwh * intensity_direct_g_per_kwh + embodied_g) / units
