"""Intervals of sums: what is shared by all instances must not shrink with their number."""

import math

import numpy as np
import pandas as pd
import pytest

from spectra.carbon import uncertainty
from spectra.carbon.uncertainty import band, monte_carlo
from spectra.catalog import load_catalog


def test_spreads_are_those_of_the_method():
    """Section 9, its table of defaults."""
    assert uncertainty.POWER_GSD == {"A": 1.20, "C": 1.35, "D": 1.60}
    assert (uncertainty.PUE_REGIONAL_GSD, uncertainty.PUE_GLOBAL_GSD) == (1.03, 1.05)
    assert list(uncertainty.INTENSITY_GSD.values()) == [1.05, 1.08, 1.10, 1.15, 1.25, 1.40]
    assert uncertainty.UTILISATION_GSD == {1: 1.01, 2: 1.15, 3: 1.25}
    assert (uncertainty.EMBODIED_GSD, uncertainty.TD_GSD) == (1.5, 1.15)


def region(count: int = 1, **extra) -> dict:
    """One region's row of `count` equal instances of 100 g each."""
    grams = 100.0 * count
    return {
        "region": "eu-central-1",
        "zone": "DE",
        "country": "DE",
        "pue_is_regional": True,
        "operational_g": grams,
        "td_g": 5.0 * count,
        "embodied_g": 0.0,
        "power_sigma_g": grams * math.log(1.35),
        "intensity_sigma_g": grams * math.log(1.05),
        "utilisation_variance_g2": count * (100.0 * math.log(1.15)) ** 2,
        "burst_sigma_g": 0.0,
        **extra,
    }


def factor(rows: list[dict]) -> float:
    low, central, high = band(pd.DataFrame(rows))
    assert central / low == pytest.approx(high / central)
    return high / central


def test_shared_errors_stay_and_independent_ones_average_out():
    one, hundred = factor([region()]), factor([region(100)])
    shared = math.exp(
        1.96
        * math.sqrt(
            math.log(1.35) ** 2
            + math.log(1.05) ** 2
            + math.log(1.03) ** 2
            + (0.05 * math.log(1.15)) ** 2
        )
    )
    assert hundred == pytest.approx(shared, rel=0.01)
    assert shared < one < shared * 1.1


def test_two_zones_average_out_and_two_regions_of_one_zone_do_not():
    same = factor([region(), region(region="us-east-1")])
    other = factor([region(), region(region="us-east-1", zone="US-MIDA-PJM")])
    assert other < same


@pytest.mark.parametrize(
    ("name", "share"), [("t3.medium", 0.5), ("t3.large", 1.0), ("t3.nano", 1 / 16), ("m5.large", 1)]
)
def test_the_low_case_of_a_burstable_type_is_its_share_of_memory(name, share):
    """Section 1.3: t3.medium has 4 of 384 GiB and 2 of 96 vCPUs."""
    sigma = uncertainty.burst_sigma(load_catalog().instance_type(name).type)
    known = dict.fromkeys(("power_sigma_g", "intensity_sigma_g", "utilisation_variance_g2"), 0.0)
    row = region(**known, td_g=0.0)
    plain, burst = (band(pd.DataFrame([row | {"burst_sigma_g": 100 * s}])) for s in (0.0, sigma))
    assert math.exp(-1.96 * sigma) == pytest.approx(share)
    assert burst[1:] == plain[1:]
    assert burst.low <= plain.low
    assert burst.low == pytest.approx(100 * share, rel=0.06)
    each = uncertainty.each_band(pd.DataFrame([row | {"burst_sigma_g": 100 * sigma}])).iloc[0]
    assert tuple(each) == pytest.approx((burst.low, burst.high))


def test_nothing_has_no_band():
    assert band(pd.DataFrame([region()]).iloc[:0]) == (0.0, 0.0, 0.0)


def test_default_utilisation_is_bounded_by_10_and_90_percent():
    sigma = uncertainty.default_utilisation_sigma(14.0, 37.6)
    assert math.exp(2 * 1.96 * sigma) == pytest.approx(37.6 / 14.0)


def test_simulation_and_formula_agree():
    rng = np.random.default_rng(4)
    count = 200
    zones = np.array(["DE", "FR", "US-MIDA-PJM", "IN-WE"])
    codes = rng.integers(0, 4, count)
    operational = rng.uniform(50, 500, count)
    fleet = pd.DataFrame(
        {
            "region": [f"r{c}" for c in codes],
            "zone": zones[codes],
            "country": zones[codes],
            "pue_is_regional": codes < 3,
            "operational_g": operational,
            "td_g": operational * 0.06,
            "embodied_g": rng.uniform(5, 50, count),
            "power_sigma": math.log(1.2),
            "intensity_sigma": math.log(1.08),
            "utilisation_sigma": math.log(1.15),
            "burst_sigma": np.where(codes == 0, math.log(2) / 1.96, 0.0),
        }
    )
    rows = fleet.assign(
        power_sigma_g=fleet["operational_g"] * fleet["power_sigma"],
        intensity_sigma_g=fleet["operational_g"] * fleet["intensity_sigma"],
        utilisation_variance_g2=(fleet["operational_g"] * fleet["utilisation_sigma"]) ** 2,
        burst_sigma_g=(fleet["operational_g"] + fleet["embodied_g"]) * fleet["burst_sigma"],
    )
    keys = ["region", "zone", "country", "pue_is_regional"]
    analytic = band(rows.groupby(keys, as_index=False).sum(numeric_only=True))
    simulated = monte_carlo(fleet, draws=40_000)
    width = analytic.high - analytic.low
    assert simulated.central == pytest.approx(analytic.central)
    assert abs(simulated.low - analytic.low) < 0.05 * width
    assert abs(simulated.high - analytic.high) < 0.05 * width
    assert monte_carlo(fleet) == monte_carlo(fleet)
