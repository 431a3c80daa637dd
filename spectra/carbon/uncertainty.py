"""Low, central and high: spread of every factor and how spreads combine."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from spectra.carbon.embodied import LIFE_HOURS_LONG, LIFE_HOURS_SHORT
from spectra.catalog import InstanceType

Z95 = 1.96  # half-width of a 95 % interval in standard deviations

# Geometric standard deviations; systematic ones are shared and do not shrink with fleet size.
POWER_GSD = {"A": 1.20, "C": 1.35, "D": 1.60}
PUE_REGIONAL_GSD = 1.03
PUE_GLOBAL_GSD = 1.05
INTENSITY_GSD = {"A": 1.05, "B": 1.08, "C": 1.10, "D": 1.15, "E": 1.25, "F": 1.40}
UTILISATION_GSD = {1: 1.01, 2: 1.15, 3: 1.25}
TD_GSD = 1.15
EMBODIED_GSD = 1.50
# Service life 4 to 7 years around 6 adds to the spread of the embodied total.
EMBODIED_SIGMA = math.hypot(
    math.log(EMBODIED_GSD), math.log(LIFE_HOURS_LONG / LIFE_HOURS_SHORT) / (2 * Z95)
)


class Interval(NamedTuple):
    """A central value with its 95 % interval, all in one unit."""

    low: float
    central: float
    high: float


def combine_gsd(*gsds: float) -> tuple[float, float]:
    """Spread of a product of independent factors.

    Returns
    -------
    sigma : float
        ``sqrt(Σ ln(GSD)²)``.
    factor : float
        Multiply and divide the central value by it for the 95 % interval.

    Examples
    --------
    >>> [round(x, 3) for x in combine_gsd(1.35, 1.05, 1.08)]
    [0.314, 1.849]
    """
    sigma = math.sqrt(sum(math.log(gsd) ** 2 for gsd in gsds))
    return sigma, math.exp(Z95 * sigma)


def interval(central: float, sigma: float, low_sigma: float | None = None) -> Interval:
    """95 % interval of a lognormal quantity with median `central` and log deviation `sigma`.

    `low_sigma` is that below the median where it is another one.
    """
    below = sigma if low_sigma is None else low_sigma
    return Interval(central / math.exp(Z95 * below), central, central * math.exp(Z95 * sigma))


def burst_sigma(instance: InstanceType) -> float:
    """Log deviation of power and hardware below the central value, of a burstable type.

    Its vCPUs are sold several times over, so that its share of the server's vCPUs is an upper
    estimate: the low case is its share of the memory. 0 for other types.

    Examples
    --------
    A t3.medium has 4 of 384 GiB and 2 of 96 vCPUs: half as much.

    >>> from spectra.catalog import load_catalog
    >>> medium = load_catalog().instance_type("t3.medium").type
    >>> round(math.exp(-Z95 * burst_sigma(medium)), 2)
    0.5
    """
    if not instance.burstable:
        return 0.0
    memory = instance.memory_gib / instance.platform_memory_gib
    vcpu = instance.vcpu / instance.platform_vcpu
    return max(math.log(vcpu / memory), 0.0) / Z95


def default_utilisation_sigma(watts_low: float, watts_high: float) -> float:
    """Log deviation of a power at unknown utilisation: low and high load bound 95 % of it.

    These are 10 % and 90 % for a CPU, 10 % and 100 % for an accelerator. Where the CPU's load is
    known, the accelerator's alone varies, beside a CPU at 50 %.
    """
    return math.log(watts_high / watts_low) / (2 * Z95)


def band(rows: pd.DataFrame) -> Interval:
    """95 % interval of a sum of emissions, correlations kept.

    The power model is common to all instances, embodied to all hardware, intensity to a zone,
    PUE to a region, losses to a country; utilisation alone is independent per resource. So
    common parts add up linearly before they are squared. That burstable types are oversold is
    common to all of them and widens the low side alone.

    Parameters
    ----------
    rows : DataFrame
        One row per region with columns operational_g, td_g, embodied_g [g]; power_sigma_g,
        intensity_sigma_g and burst_sigma_g, the sums of grams × log deviation [g];
        utilisation_variance_g2 [g²]; and zone, country, pue_is_regional. ``operational_g``
        includes ``td_g``.

    Returns
    -------
    Interval
        In grams; all zero for no rows.
    """
    central = float((rows["operational_g"] + rows["embodied_g"]).sum())
    if central <= 0:
        return Interval(0.0, 0.0, 0.0)
    pue_sigma = np.where(
        rows["pue_is_regional"].astype(bool), math.log(PUE_REGIONAL_GSD), math.log(PUE_GLOBAL_GSD)
    )
    by_zone = rows.groupby("zone", sort=False)["intensity_sigma_g"].sum()
    by_country = rows.groupby("country", sort=False)["td_g"].sum()
    variance = (
        float(rows["power_sigma_g"].sum()) ** 2
        + float(((rows["operational_g"] * pue_sigma) ** 2).sum())
        + float((by_zone**2).sum())
        + float(((by_country * math.log(TD_GSD)) ** 2).sum())
        + float(rows["utilisation_variance_g2"].sum())
        + (float(rows["embodied_g"].sum()) * EMBODIED_SIGMA) ** 2
    )
    below = variance + float(rows["burst_sigma_g"].sum()) ** 2
    return interval(central, math.sqrt(variance) / central, math.sqrt(below) / central)


def each_band(rows: pd.DataFrame) -> pd.DataFrame:
    """95 % interval of every row by itself; columns low_g and high_g, NaN without emissions.

    Takes the columns of `band`, one row per resource. Rows share most of what is uncertain, so
    that their ends are no parts of the interval of their sum.
    """
    operational, embodied = rows["operational_g"], rows["embodied_g"]
    pue_sigma = np.where(
        rows["pue_is_regional"].astype(bool), math.log(PUE_REGIONAL_GSD), math.log(PUE_GLOBAL_GSD)
    )
    variance = (
        rows["power_sigma_g"] ** 2
        + (operational * pue_sigma) ** 2
        + rows["intensity_sigma_g"] ** 2
        + (rows["td_g"] * math.log(TD_GSD)) ** 2
        + rows["utilisation_variance_g2"]
        + (embodied * EMBODIED_SIGMA) ** 2
    )
    central = operational + embodied
    below = variance + rows["burst_sigma_g"] ** 2
    low, high = (np.exp(Z95 * np.sqrt(v) / central.where(central > 0)) for v in (below, variance))
    return pd.DataFrame({"low_g": central / low, "high_g": central * high})


def monte_carlo(resources: pd.DataFrame, draws: int = 2_000, seed: int = 20_261_125) -> Interval:
    """95 % interval of a sum of emissions by simulation, for reports.

    Parameters
    ----------
    resources : DataFrame
        One row per resource with operational_g (losses included), td_g, embodied_g [g];
        power_sigma, intensity_sigma, utilisation_sigma, burst_sigma [log]; region, zone, country,
        pue_is_regional.
    draws, seed : int
        Number of draws and the seed, both to be stored with the result.
    """
    rng = np.random.default_rng(seed)
    power, hardware = rng.standard_normal((2, draws, 1))
    pue_sigma = np.where(
        resources["pue_is_regional"].astype(bool),
        math.log(PUE_REGIONAL_GSD),
        math.log(PUE_GLOBAL_GSD),
    )
    log_factor = (
        power * resources["power_sigma"].to_numpy()
        + _shared(rng, resources["region"], draws) * pue_sigma
        + _shared(rng, resources["zone"], draws) * resources["intensity_sigma"].to_numpy()
        + rng.standard_normal((draws, len(resources))) * resources["utilisation_sigma"].to_numpy()
    )
    losses = np.exp(_shared(rng, resources["country"], draws) * math.log(TD_GSD))
    td, operational = resources["td_g"].to_numpy(), resources["operational_g"].to_numpy()
    oversold = np.minimum(rng.standard_normal((draws, 1)), 0) * resources["burst_sigma"].to_numpy()
    embodied = np.exp(oversold) @ resources["embodied_g"].to_numpy()
    embodied *= np.exp(hardware[:, 0] * EMBODIED_SIGMA)
    totals = (np.exp(log_factor + oversold) * (operational - td + td * losses)).sum(axis=1)
    totals += embodied
    low, high = np.quantile(totals, [0.025, 0.975])
    central = float(operational.sum() + resources["embodied_g"].sum())
    return Interval(float(low), central, float(high))


def _shared(rng: np.random.Generator, groups: pd.Series, draws: int) -> np.ndarray:
    """Standard normal draws, equal for all rows of a group; shape (draws, rows)."""
    codes, names = pd.factorize(groups)
    return np.asarray(rng.standard_normal((draws, len(names)))[:, codes])
