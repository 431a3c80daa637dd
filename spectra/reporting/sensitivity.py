"""What the total would be by another choice within the method: one choice changed at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from spectra.carbon.energy import GLOBAL_PUE
from spectra.carbon.scopes import td_factor
from spectra.reporting.evidence import Evidence

TRANSMISSION_ONLY = 0.02
YEARS = (4.0, 6.0, 7.0)


class Alternative(NamedTuple):
    """A choice, and the location-based total by it [gCO2e]; None where it cannot be told."""

    key: str
    choice: str
    total_g: float | None


def alternatives(e: Evidence) -> list[Alternative]:
    """All alternatives to the choices in force; empty for an empty report."""
    return [] if e.scopes is None else list(_alternatives(e, e.scopes.total_lb))


def _alternatives(e: Evidence, total: float) -> Iterator[Alternative]:
    rows, method, parts = e.bands, e.method, e.total
    scope1 = e.market.scope1 or 0.0
    other = "global" if method.pue_source == "regional" else "regional"
    pue = rows["pue"].map(lambda _: GLOBAL_PUE) if other == "global" else _regional(e)
    changed = float((rows["operational_g"] * (pue / rows["pue"] - 1)).sum())
    yield Alternative("pue", f"PUE: {other} instead of {method.pue_source}", total + changed)
    for years in YEARS:
        if years != method.embodied_years:
            extra = parts["embodied_g"] * (method.embodied_years / years - 1)
            yield Alternative(f"years_{years:.0f}", f"Hardware over {years:.0f} years instead of "
                              f"{method.embodied_years:.0f}", total + extra)  # fmt: skip
    if method.power_model == "measured":
        low = parts["ccf_low_g"] + parts["embodied_g"] + scope1
        yield Alternative("power", "Power: linear model of CCF instead of measured curves", low)
    else:
        yield Alternative("power", "Power: measured curves instead of the linear model", None)
    direct = parts["scope2_lb_g"] + parts["embodied_g"] + scope1
    yield Alternative("direct", "Electricity: direct factor alone, no upstream or losses", direct)
    losses = float((rows["td_g"] * (td_factor(TRANSMISSION_ONLY) / rows["td_factor"] - 1)).sum())
    yield Alternative("losses", "Losses: transmission alone, 2 %", total + losses)
    timing = float(e.covariance[["covariance_g", "td_covariance_g"]].to_numpy().sum())
    yield Alternative("hourly", "Grid: monthly mean instead of hourly intensity", total - timing)
    yield Alternative("aws", "Scope 2 scaled to AWS's own figures by k", _calibrated(e, total))


def _regional(e: Evidence) -> pd.Series:
    """PUE of each row as AWS publishes it."""
    known = {region.code: region.pue for region in e.catalog.regions}
    return e.bands["region"].map(known).fillna(e.bands["pue"])


def _calibrated(e: Evidence, total: float) -> float | None:
    """The total with scope 2 times k where AWS states one; None where it states none."""
    factors = e.reconciled[["month", "region", "k"]].dropna()
    if factors.empty:
        return None
    rows = e.cuts["places"].merge(factors, on=["month", "region"], how="inner")
    if rows.empty:
        return None
    return total + float((rows["scope2_lb_g"] * (rows["k"] - 1)).sum())
