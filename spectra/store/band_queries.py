"""95 % intervals of the ledger's sums: of a period, of its days and of every breakdown.

All figures are of the provider view, location-based, over the selection's whole UTC days.
"""

from __future__ import annotations

import math

import pandas as pd

from spectra.carbon import uncertainty
from spectra.store import emission_queries
from spectra.store.database import Store
from spectra.store.emission_queries import DIMENSIONS, Dimension
from spectra.store.selection import Selection

_SUMS = """
    sum(energy_kwh) AS kwh, sum(scope2_lb_g + upstream_g + td_g) AS op, sum(td_g) AS td,
    sum(embodied_g) AS embodied, sum(power_sigma_g) AS power, sum(intensity_sigma_g) AS intensity,
    sum(burst_sigma_g) AS burst
"""
_SUMMED = ("kwh", "op", "td", "embodied", "power", "intensity", "burst")
# The combination of `uncertainty.band` for all groups of `parts` at once.
_BANDS = f"""
    zones AS (SELECT {{keys}}, sum(s * s) AS v FROM (
        SELECT {{keys}}, zone, sum(intensity) AS s FROM parts JOIN region_factors USING (region)
        GROUP BY ALL) GROUP BY ALL),
    countries AS (SELECT {{keys}}, sum(s * s) AS v FROM (
        SELECT {{keys}}, country, sum(td) * {math.log(uncertainty.TD_GSD)} AS s
        FROM parts JOIN region_factors USING (region) GROUP BY ALL) GROUP BY ALL)
SELECT {{keys}}, sum(kwh) AS energy_kwh, sum(op) + sum(embodied) AS total_g,
    sum(power) ** 2 + any_value(zones.v) + any_value(countries.v)
        + sum((op * CASE WHEN pue_is_regional
               THEN {math.log(uncertainty.PUE_REGIONAL_GSD)}
               ELSE {math.log(uncertainty.PUE_GLOBAL_GSD)} END) ** 2)
        + sum(utilisation) + (sum(embodied) * {uncertainty.EMBODIED_SIGMA}) ** 2 AS variance,
    exp({uncertainty.Z95} * sqrt(variance + sum(burst) ** 2) / nullif(total_g, 0)) AS below,
    exp({uncertainty.Z95} * sqrt(variance) / nullif(total_g, 0)) AS above
FROM parts JOIN region_factors USING (region)
    JOIN zones USING ({{keys}}) JOIN countries USING ({{keys}})
GROUP BY {{keys}} ORDER BY {{keys}}
"""


def total_band(store: Store, selection: Selection) -> uncertainty.Interval:
    """95 % interval of the emissions of the selection's whole days [gCO2e]."""
    rows = store.frame(
        f"""
        WITH resources AS (
            SELECT resource_id, region, sum(utilisation_sigma_g) AS sigma
            FROM emissions_daily WHERE {selection.days_sql} GROUP BY ALL),
        variance AS (SELECT region, sum(sigma ** 2) AS variance_g2
                     FROM resources GROUP BY region)
        SELECT region, r.zone, r.country, r.pue_is_regional,
            sum(scope2_lb_g + upstream_g + td_g) AS operational_g, sum(td_g) AS td_g,
            sum(embodied_g) AS embodied_g, sum(power_sigma_g) AS power_sigma_g,
            sum(intensity_sigma_g) AS intensity_sigma_g, sum(burst_sigma_g) AS burst_sigma_g,
            any_value(variance_g2) AS utilisation_variance_g2
        FROM (SELECT * FROM emissions_spread WHERE {selection.days_sql})
        JOIN region_factors r USING (region) JOIN variance USING (region) GROUP BY ALL
        """,
        selection.parameters,
    )
    return uncertainty.band(rows)


def daily_bands(store: Store, selection: Selection) -> pd.DataFrame:
    """Emissions by UTC day with the 95 % band: day, low_g, total_g, high_g, energy_kwh."""
    return _with_band(
        store.frame(
            f"""
            WITH parts AS (
                SELECT "day", region, {_SUMS}, sum(utilisation_variance_g2) AS utilisation
                FROM emissions_spread WHERE {selection.days_sql} GROUP BY ALL),
            {_BANDS.format(keys='"day"')}
            """,
            selection.parameters,
        )
    )


def bands(store: Store, selection: Selection) -> pd.DataFrame:
    """Emissions by every dimension and by month with the 95 % band of each by itself.

    Columns dimension, name, low_g, total_g, high_g, energy_kwh; the name of a month is ``2026-11``.
    Groups share most of what is uncertain, so that their ends are no parts of their sum's interval.
    """
    dimensions = ", ".join((*DIMENSIONS, "month"))
    sums = ", ".join(f"sum({name}) AS {name}" for name in _SUMMED)
    return _with_band(
        store.frame(
            f"""
            WITH shares AS (
                SELECT resource_id, region AS place, {", ".join(DIMENSIONS)},
                    strftime("day", '%Y-%m') AS month, {_SUMS},
                    sum(utilisation_sigma_g) AS utilisation
                FROM emissions_spread WHERE {selection.days_sql} GROUP BY ALL),
            resources AS (
                SELECT dimension, name, place, resource_id, {sums}, sum(utilisation) AS utilisation
                FROM (UNPIVOT shares ON {dimensions} INTO NAME dimension VALUE name) GROUP BY ALL),
            parts AS (
                SELECT dimension, name, place AS region, {sums},
                    sum(utilisation ** 2) AS utilisation
                FROM resources GROUP BY ALL),
            {_BANDS.format(keys="dimension, name")}
            """,
            selection.parameters,
        )
    )


def breakdown(store: Store, selection: Selection, dimension: Dimension) -> pd.DataFrame:
    """`emission_queries.breakdown` with low_g and high_g, whose spread is that of whole days."""
    rows = emission_queries.breakdown(store, selection, dimension)
    groups = bands(store, selection).query("dimension == @dimension").set_index("name")
    for column in ("low_g", "high_g"):
        rows[column] = rows["total_g"] * rows["name"].map(groups[column] / groups["total_g"])
    return rows


def top_emitters(store: Store, selection: Selection, limit: int) -> pd.DataFrame:
    """`emission_queries.top_emitters` with low_g and high_g of each by itself."""
    rows = emission_queries.top_emitters(store, selection, limit)
    ends = _with_band(
        store.frame(
            f"""
            WITH parts AS (
                SELECT resource_id, service, region, {_SUMS},
                    sum(utilisation_sigma_g) ** 2 AS utilisation
                FROM emissions_spread
                WHERE {selection.days_sql} AND list_contains($resources, resource_id)
                GROUP BY ALL),
            {_BANDS.format(keys="resource_id, service")}
            """,
            {**selection.parameters, "resources": list(rows["resource_id"])},
        )
    )
    keys = ["resource_id", "service"]
    return rows.merge(ends[[*keys, "low_g", "high_g"]], how="left", on=keys)


def _with_band(sums: pd.DataFrame) -> pd.DataFrame:
    spreads = sums[["below", "above"]].fillna(1.0)
    sums["low_g"] = sums["total_g"] / spreads["below"]
    sums["high_g"] = sums["total_g"] * spreads["above"]
    return sums.drop(columns=["variance", "below", "above"])
