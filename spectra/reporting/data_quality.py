"""A report's data quality rating: energy-weighted tiers of its inputs, 1 best to 5 worst."""

from __future__ import annotations

import pandas as pd

# Rating of each tier; EBS is the one rated power of volumes, T2-T4 any utilisation filled in.
RATING = {
    "power": {"A": 2.0, "C": 3.0, "D": 5.0, "EBS": 3.0},
    "intensity": {"A": 1.0, "B": 2.0, "C": 2.0, "D": 3.0, "E": 4.0, "F": 5.0},
    "utilisation": {"T1": 1.0, "T2-T4": 4.0},
}
WORST = 5.0


def rating(input_name: str, tier: str) -> float:
    """Rating of a tier; what was made up for the demo company is the worst."""
    if tier.endswith("(demo)"):
        return WORST
    return RATING.get(input_name, {}).get(tier, WORST)


def dqr(tiers: pd.DataFrame) -> float | None:
    """Mean of the three inputs' energy-weighted ratings; None without energy.

    Parameters
    ----------
    tiers : DataFrame
        Columns input, tier, energy_kwh, as `emission_queries.quality` returns.
    """
    if tiers.empty:
        return None
    rated = tiers.assign(
        score=[rating(i, t) for i, t in zip(tiers["input"], tiers["tier"], strict=True)]
    )
    rated["weighted"] = rated["score"] * rated["energy_kwh"]
    sums = rated.groupby("input")[["weighted", "energy_kwh"]].sum()
    return float((sums["weighted"] / sums["energy_kwh"]).mean())
