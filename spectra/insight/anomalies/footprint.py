"""Footprint spikes of a team, and what drove them: usage, the grid, or where the work ran."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from spectra.errors import InputError
from spectra.insight.anomalies.alerts import COLUMNS
from spectra.insight.anomalies.daily import daily_sums, unusual_days
from spectra.insight.anomalies.sensitivity import DEFAULT, Sensitivity
from spectra.insight.anomalies.windows import Floats

FOOTPRINT_SPIKE = "footprint spike"
PARTS = ["usage_g", "grid_g", "mix_g"]


class Change(NamedTuple):
    """A change of emissions in parts that add up to it [gCO2e]."""

    usage_g: float
    grid_g: float
    mix_g: float


def decompose(before: pd.DataFrame, after: pd.DataFrame) -> Change:
    """Change of emissions by usage, grid and mix, exactly: the additive LMDI-I.

    Emissions are total energy × share of a zone in it × intensity of the zone, summed over zones.
    Each factor is weighted with the logarithmic mean of a zone's emissions; Ang, "The LMDI
    approach to decomposition analysis: a practical guide", Energy Policy 33 (2005). Where a zone
    comes or goes, all of its emissions are of the mix; where an intensity is 0, of the grid: these
    are the limits of the same formula (Ang and Liu, Energy Policy 35 (2007)). Embodied emissions
    follow the hours that ran, so their change is usage.

    Parameters
    ----------
    before, after : DataFrame
        Indexed by zone: energy_kwh, grams [gCO2e] without embodied, embodied_g (0 if left out).

    Raises
    ------
    InputError
        If a value is negative or unknown, or there are grams without energy.
    """
    zones = before.index.union(after.index)
    energy, grams = (
        np.array([_column(frame, zones, name) for frame in (before, after)])
        for name in ("energy_kwh", "grams")
    )
    if (grams[energy == 0] > 0).any():
        raise InputError("There are emissions without energy.", next_step="Check the two days.")
    embodied = sum(_column(after, zones, "embodied_g")) - sum(_column(before, zones, "embodied_g"))
    usage, grid, mix = _parts(energy, grams)
    return Change(float(usage + embodied), float(grid), float(mix))


def _column(frame: pd.DataFrame, zones: pd.Index, name: str) -> Floats:
    """A column over all zones: a zone that is not there used nothing."""
    if name not in frame.columns:
        return np.zeros(len(zones))
    known = frame[name].to_numpy(dtype=float)
    if not (known >= 0).all():
        raise InputError(
            f"{name} is negative or unknown.", next_step="Compare only days that are complete."
        )
    return frame[name].reindex(zones, fill_value=0.0).to_numpy(dtype=float)


def _parts(energy: Floats, grams: Floats) -> tuple[float, float, float]:
    """Usage, grid and mix [gCO2e] from energy [kWh] and grams, each before and after × zones."""
    total = energy.sum(axis=1)
    change = grams[1] - grams[0]
    if (total == 0).any():
        return float(change.sum()), 0.0, 0.0
    is_there = (grams > 0).all(axis=0)
    # A factor that is 0 on one side takes all of the change.
    moved = change[(energy == 0).any(axis=0)].sum()
    cleaned = change[(energy > 0).all(axis=0) & ~is_there].sum()
    e, c = energy[:, is_there], grams[:, is_there]
    share, intensity = e / total[:, None], c / e
    weight = _logarithmic_mean(c[0], c[1])
    usage = float((weight * np.log(total[1] / total[0])).sum())
    grid = float((weight * np.log(intensity[1] / intensity[0])).sum() + cleaned)
    mix = float((weight * np.log(share[1] / share[0])).sum() + moved)
    return usage, grid, mix


def _logarithmic_mean(a: Floats, b: Floats) -> Floats:
    """(b − a) / ln(b / a), and a where both are the same."""
    ratio = np.log(b / a)
    same = np.abs(ratio) < 1e-9
    mean: Floats = np.where(same, (a + b) / 2, (b - a) / np.where(same, 1.0, ratio))
    return mean


def footprint_spikes(
    rows: pd.DataFrame,
    since: pd.Timestamp | None = None,
    sensitivity: Sensitivity = DEFAULT,
) -> pd.DataFrame:
    """Days on which a team emitted far more than on the same kind of day before, and why.

    Parameters
    ----------
    rows : DataFrame
        team, day (midnight, aware UTC), zone, energy_kwh, grams (without embodied), embodied_g;
        complete days only. A zone without a row used nothing on a day that the team has; a day
        without any row, or of which a part is unknown, is neither judged nor compared with.
    since : Timestamp, optional
        First day that is asked for; the 28 days before it are compared with.

    Returns
    -------
    DataFrame
        As the alerts of `scan`, daily: series is the team, expected the mean of the days compared
        with [gCO2e]; and usage_g, grid_g, mix_g, which add up to the excess.
    """
    rows = rows.assign(total_g=rows["grams"] + rows["embodied_g"])
    daily = daily_sums(rows, "team", "total_g")
    if daily.empty:
        return pd.DataFrame(columns=[*COLUMNS, *PARTS])
    days, values = pd.DatetimeIndex(daily.index), daily.to_numpy(dtype=float).T
    unusual = unusual_days(values, days)
    found = []
    for team, day in np.argwhere(unusual.is_high).tolist():
        if since is not None and days[day] < since:
            continue
        name = daily.columns[team]
        own = rows[rows["team"] == name]
        past = days[day] - pd.to_timedelta(np.flatnonzero(unusual.baseline[team, day]) + 1, "D")
        before = _by_zone(own[own["day"].isin(past)]) / len(past)
        expected = float(before[["grams", "embodied_g"]].to_numpy().sum())
        excess = values[team, day] - expected
        least = max(sensitivity.min_excess_g, sensitivity.min_excess_share * expected)
        if excess >= sensitivity.least_times(FOOTPRINT_SPIKE) * least:
            change = decompose(before, _by_zone(own[own["day"] == days[day]]))
            head = (name, days[day], FOOTPRINT_SPIKE, unusual.z[team, day], values[team, day])
            found.append((*head, expected, excess, True, *change))
    return pd.DataFrame(found, columns=[*COLUMNS, *PARTS])


def _by_zone(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.groupby("zone")[["energy_kwh", "grams", "embodied_g"]].sum()
