"""What a move costs once and brings per hour: transfer, dual running, replication, break-even."""

from __future__ import annotations

import math

import pandas as pd

from spectra.carbon.energy import NETWORK_KWH_PER_GB
from spectra.carbon.uncertainty import (
    EMBODIED_SIGMA,
    PUE_GLOBAL_GSD,
    PUE_REGIONAL_GSD,
    TD_GSD,
    Z95,
    Interval,
)


def one_off_g(  # noqa: PLR0913 (one argument for each factor of the formula)
    source_g_per_kwh: float,
    target_g_per_kwh: float,
    *,
    transfer_gb: float = 0.0,
    network_kwh_per_gb: float = NETWORK_KWH_PER_GB,
    dual_kwh: float = 0.0,
    double_storage_kwh: float = 0.0,
) -> float:
    """Emissions of a move itself [gCO2e].

    ``GB·k·(I_src + I_dst)/2 + E_dual·I_src + E_storage·I_src``.

    Parameters
    ----------
    source_g_per_kwh, target_g_per_kwh : float
        Mean intensity of both grids [gCO2e/kWh].
    dual_kwh, double_storage_kwh : float
        Energy at the meter of the source while the target runs already, and of its volumes while
        both are kept [kWh].

    References
    ----------
    METHOD.md, section 8.
    """
    transfer = transfer_gb * network_kwh_per_gb * (source_g_per_kwh + target_g_per_kwh) / 2
    return transfer + (dual_kwh + double_storage_kwh) * source_g_per_kwh


def replication_g_per_h(
    source_g_per_kwh: float,
    target_g_per_kwh: float,
    gb_per_h: float,
    network_kwh_per_gb: float = NETWORK_KWH_PER_GB,
) -> float:
    """Emissions of traffic between both regions that goes on after the move [gCO2e/h]."""
    return gb_per_h * network_kwh_per_gb * (source_g_per_kwh + target_g_per_kwh) / 2


def break_even_hours(once: float, saving_per_h: float) -> float:
    """Hours until a saving has made up for what is spent once; infinite without a saving [h].

    Examples
    --------
    >>> once = one_off_g(380, 30, transfer_gb=2_000, dual_kwh=48 * 0.0241)
    >>> round(break_even_hours(once, 0.0241 * (380 - 30)), 1)
    100.7
    """
    if not saving_per_h > 0:
        return math.inf
    return max(once, 0.0) / saving_per_h


def saving_interval(rows: pd.DataFrame) -> Interval:
    """95 % interval of a difference of emissions, with what both sides share cancelling out.

    The power model, the load and the hardware are the same on both sides; grids, PUE and losses
    are those of each region.

    Parameters
    ----------
    rows : DataFrame
        A row for each instance and side: instance_id, region, zone, country, pue_is_regional;
        operational_g, td_g, embodied_g with the sign of the side (before +, after −);
        power_sigma, intensity_sigma, utilisation_sigma, burst_sigma [log].

    Returns
    -------
    Interval
        In the unit of the rows; normal about the central value, for a difference may be negative.
        Towards nothing it reaches further where machines are burstable: both sides are less then.

    References
    ----------
    METHOD.md, section 9, differences.
    """
    operational, embodied = rows["operational_g"], float(rows["embodied_g"].sum())
    central = float(operational.sum()) + embodied
    pue_gsd = rows["pue_is_regional"].map({True: PUE_REGIONAL_GSD, False: PUE_GLOBAL_GSD})
    by_group = [
        (operational * rows["intensity_sigma"]).groupby(rows["zone"]),
        (operational * pue_gsd.map(math.log)).groupby(rows["region"]),
        (rows["td_g"] * math.log(TD_GSD)).groupby(rows["country"]),
        (operational * rows["utilisation_sigma"]).groupby(rows["instance_id"]),
    ]
    variance = float((operational * rows["power_sigma"]).sum()) ** 2
    variance += sum(float((part.sum() ** 2).sum()) for part in by_group)
    variance += (embodied * EMBODIED_SIGMA) ** 2
    burst = float(((operational + rows["embodied_g"]) * rows["burst_sigma"]).sum())
    away, towards = (Z95 * math.sqrt(variance + extra) for extra in (0.0, burst**2))
    low, high = (towards, away) if central >= 0 else (away, towards)
    return Interval(central - low, central, central + high)
