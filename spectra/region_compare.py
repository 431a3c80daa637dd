"""What each region would mean for a load: its grid, price, latency, PUE and water, and a ranking.

The load is one instance type at half load, or all that runs in our own region now.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args

import pandas as pd

from spectra.carbon.embodied import embodied_g_per_h
from spectra.carbon.energy import instance_watts
from spectra.carbon.uncertainty import PUE_GLOBAL_GSD, PUE_REGIONAL_GSD
from spectra.catalog import Catalog, Region
from spectra.errors import InputError
from spectra.insight.regions import Place, distance_km, estimated_rtt_ms
from spectra.insight.regions.distance import ESTIMATE_SIGMA, MEASURED_SIGMA
from spectra.store import Store, latency_queries, region_queries
from spectra.store.factors import method_in_force
from spectra.store.grid_queries import Factor

Basis = Literal["next 24 h", "30 days", "year"]
BASES: tuple[Basis, ...] = get_args(Basis)
LOAD_DAYS = {"next 24 h": 30, "30 days": 30, "year": 365}
# With fewer hours of its own than this a region's span is a monthly or annual mean.
LEAST_HOUR_SHARE = 0.5
DEFAULT_LOAD_PCT = 50.0
MEASURED, BY_DISTANCE = "measured from here", "estimate by distance"
# Cloudflare's own network to the region: nobody's way from anywhere to it.
BY_EDGE = "measured from Cloudflare's edge"
_PROBE = "probe"  # source of what was measured from here


@dataclass(frozen=True, slots=True)
class Question:
    """What is compared.

    Attributes
    ----------
    home : str
        Region where the load is now.
    instance_type : str or None
        One type at half load; None for all that runs in `home`.
    users_near : str or None
        Region near which the users are; None for where SPECTRA measures from.
    """

    home: str
    instance_type: str | None = None
    basis: Basis = "30 days"
    factor: Factor = "lifecycle"
    users_near: str | None = None


class _Load(NamedTuple):
    """Energy of the machines [kWh/h], embodied emissions [g/h] and their number by type.

    Only types that have a price at home are compared by price; `unpriced` are the others.
    """

    it_kwh_per_h: float
    embodied_g_per_h: float
    types: Mapping[str, int]
    unpriced: tuple[str, ...] = ()


def regions_for(
    store: Store, catalog: Catalog, question: Question, hour: datetime
) -> tuple[list[Place], pd.DataFrame]:
    """Every region with the load in it, and the facts behind them, one row a region.

    Returns
    -------
    places : list of Place
        For `insight.regions.compare`.
    facts : DataFrame
        Columns of `region_queries.grids`, and name, basis_g_per_kwh, g_per_h, usd_per_h,
        price_index (1 at home), latency_ms, latency_is, latency_source, wue_l_per_kwh,
        water_l_per_h, missing_types. ``attrs["unpriced"]`` names types that have no price at home
        and are left out of the price everywhere.

    Raises
    ------
    InputError
        If the home region is unknown, nothing of ours runs there, or no grid is known.
    """
    if catalog.region(question.home) is None:
        raise InputError(
            f"There is no region “{question.home}”.", next_step="Choose one from the list."
        )
    load = _load(store, catalog, question, hour)
    is_own = question.instance_type is None
    grids = region_queries.grids(
        store, hour, question.factor, question.home if is_own else None, LOAD_DAYS[question.basis]
    )
    latencies = _latencies(store, catalog, question)
    if grids.empty:
        raise InputError("No grid is known yet.", next_step="Refresh the data.")
    rows: list[dict[str, Any]] = []
    for grid in grids.to_dict("records"):
        region = catalog.region(str(grid["region"]))
        if region is not None:
            named = {str(key): value for key, value in grid.items()}
            rows.append(_facts(catalog, region, named, load, question, latencies))
    facts = pd.DataFrame(rows)
    at_home = facts.loc[facts["region"] == question.home, "usd_per_h"]
    facts["price_index"] = facts["usd_per_h"] / float(at_home.iloc[0])
    facts.attrs["unpriced"] = list(load.unpriced)
    return [_place(row, load) for row in rows], facts


def _load(store: Store, catalog: Catalog, question: Question, hour: datetime) -> _Load:
    name, life_hours = question.instance_type, method_in_force(store).life_hours
    if name is not None:
        kind = catalog.instance_type(name).type
        watts = instance_watts(name, DEFAULT_LOAD_PCT, catalog=catalog).watts
        return _Load(watts / 1_000, embodied_g_per_h(kind, life_hours), {kind.name: 1})
    types = region_queries.running_types(store, question.home)
    known = region_queries.own_load(store, hour, question.home, LOAD_DAYS[question.basis])
    if not types or known is None:
        raise InputError(
            f"Nothing of ours runs in {question.home}.",
            next_step="Choose an instance type, or the region where the load is now.",
        )
    _, unpriced = price_of(catalog, types, question.home)
    priced = {kind: number for kind, number in types.items() if kind not in unpriced}
    return _Load(*known, priced or types, unpriced if priced else ())


def _not_offered(catalog: Catalog, load: _Load, home: str, region: str) -> tuple[str, ...]:
    """Types without a price at home, where they run, that have none in a region but have elsewhere.

    Of a type that has a price nowhere it is not known where it is offered.
    """
    if region == home:
        return ()
    return tuple(
        name
        for name in load.unpriced
        if catalog.price(name, region) is None
        and any(catalog.price(name, other.code) for other in catalog.regions)
    )


def _facts(  # noqa: PLR0913, PLR0917 (what a row is made of)
    catalog: Catalog,
    region: Region,
    grid: dict[str, Any],
    load: _Load,
    question: Question,
    latencies: Mapping[str, tuple[float, str, str]],
) -> dict[str, Any]:
    level, no_data = _level(grid, question)
    usd, missing = price_of(catalog, load.types, region.code)
    latency_ms, meaning, source = latencies[region.code]
    losses = grid["td_factor"] if question.factor == "lifecycle" else 0.0
    kwh_per_h = load.it_kwh_per_h * grid["pue"]
    return {
        **grid,
        "name": region.name,
        "basis_g_per_kwh": level,
        "g_per_h": kwh_per_h * level * (1 + losses) + load.embodied_g_per_h,
        "usd_per_h": math.nan if usd is None else usd,
        "latency_ms": latency_ms,
        "latency_is": meaning,
        "latency_source": source,
        "wue_l_per_kwh": region.wue_l_per_kwh,
        # AWS states water per kWh of the machines themselves.
        "water_l_per_h": load.it_kwh_per_h * region.wue_l_per_kwh,
        "missing_types": tuple(
            sorted((*missing, *_not_offered(catalog, load, question.home, region.code)))
        ),
        "no_data": no_data,
    }


def _level(grid: dict[str, Any], question: Question) -> tuple[float, str]:
    """Intensity of the span asked for [gCO2e/kWh] and, where it is none, why."""
    is_year = question.basis == "year"
    share = grid["year_hour_share"] if is_year else grid["hour_share"]
    if pd.isna(share):
        return math.nan, "There is no carbon data for it."
    if share < LEAST_HOUR_SHARE:
        return math.nan, "No hourly carbon data: an annual or monthly mean is not ranked."
    if question.basis == "next 24 h":
        level = grid["ahead_g_per_kwh"]
        return level, "There is no forecast of its next 24 hours." if pd.isna(level) else ""
    if question.instance_type is None:
        level = grid["own_g_per_kwh"]
    else:
        level = grid["year_g_per_kwh"] if is_year else grid["month_g_per_kwh"]
    return level, "There is no carbon data for it." if pd.isna(level) else ""


def price_of(
    catalog: Catalog, types: Mapping[str, int], region: str
) -> tuple[float | None, tuple[str, ...]]:
    """List price of machines in a region [USD/h] and the types without one; None with any such."""
    prices = {name: catalog.price(name, region) for name in types}
    missing = tuple(sorted(name for name, price in prices.items() if price is None))
    if missing:
        return None, missing
    return sum(p.usd_per_hour * types[name] for name, p in prices.items() if p), ()


def _latencies(
    store: Store, catalog: Catalog, question: Question
) -> dict[str, tuple[float, str, str]]:
    """Round trip by region [ms], what it means and where it comes from.

    Only our own probe measures the way from here. What Cloudflare measured starts at its edge; it
    stands in where there is no probe. Where the users are elsewhere neither says anything.
    """
    near = catalog.region(question.users_near or question.home)
    if near is None:
        raise InputError(
            f"There is no region “{question.users_near}”.", next_step="Choose one from the list."
        )
    note = f"from {near.city}, great circle"
    found = {
        r.code: (
            estimated_rtt_ms(distance_km(near.lat, near.lon, r.lat, r.lon)),
            BY_DISTANCE,
            note,
        )
        for r in catalog.regions
    }
    if question.users_near is None:
        rows = latency_queries.newest(store)
        for row in rows[~rows["is_proxy"].astype(bool)].to_dict("records"):
            meaning = MEASURED if row["source"] == _PROBE else BY_EDGE
            found[str(row["region"])] = (float(row["rtt_ms_p50"]), meaning, str(row["source"]))
    return found


def _place(row: Mapping[str, Any], load: _Load) -> Place:
    is_known = math.isfinite(row["g_per_h"])
    is_estimate = row["latency_is"] != MEASURED
    pue_gsd = PUE_REGIONAL_GSD if row["pue_is_regional"] else PUE_GLOBAL_GSD
    return Place(
        region=row["region"],
        country=row["country"],
        zone=row["zone"],
        operational_g_per_h=row["g_per_h"] - load.embodied_g_per_h if is_known else None,
        embodied_g_per_h=load.embodied_g_per_h,
        usd_per_h=row["usd_per_h"] if math.isfinite(row["usd_per_h"]) else None,
        latency_ms=row["latency_ms"],
        latency_is_estimate=is_estimate,
        missing_types=row["missing_types"],
        intensity_sigma=row["intensity_sigma"] if is_known else 0.0,
        pue_sigma=math.log(pue_gsd),
        latency_sigma=ESTIMATE_SIGMA if is_estimate else MEASURED_SIGMA,
        no_data=row["no_data"],
    )
