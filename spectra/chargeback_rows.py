"""Rows of a statement: FOCUS columns with largest-remainder rounding, and the table of teams."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal

import numpy as np
import pandas as pd

from spectra.carbon import uncertainty
from spectra.carbon.method import METHOD_VERSION
from spectra.catalog import Catalog
from spectra.insight.allocation import (
    METHODS,
    UNALLOCATED,
    apportion,
    apportion_tree,
    total_of,
)
from spectra.insight.budgets import Period, period_of
from spectra.insight.market import PLACE, market_of
from spectra.moments import iso, midnight
from spectra.store import Store, allocation_queries
from spectra.store.hashing import digest
from spectra.store.report_sums import provider_months, whole_months
from spectra.units import GRAMS_PER_KG, GRAMS_PER_TONNE

UNALLOCATED_NAME = "Unallocated"
INVENTORY_SCOPE = "3.1"
# Decimals of the rows; the table of teams has fewer.
DIGITS = {"kg": 6, "kwh": 6, "usd": 6, "hours": 6}
TEAM_DIGITS = {"kg": 3, "kwh": 3, "usd": 2}

COLUMNS = (
    "BillingAccountId", "BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart",
    "ChargePeriodEnd", "ChargeCategory", "BilledCost", "EffectiveCost", "ListCost",
    "BillingCurrency", "ConsumedQuantity", "ConsumedUnit", "ServiceCategory", "ServiceName",
    "RegionId", "RegionName", "ResourceId", "ResourceName", "ResourceType", "SubAccountId",
    "SubAccountName", "SkuId", "Tags", "x_Team", "x_AllocationMethod", "x_AllocationKey",
    "x_EnergyKWh", "x_ProviderScope1Kg", "x_ProviderScope2LbKg", "x_ProviderScope2MbKg",
    "x_Scope3FeraUpstreamKg", "x_Scope3FeraTdKg", "x_Scope3HardwareKg", "x_TotalLbKg",
    "x_TotalLowKg", "x_TotalHighKg", "x_InventoryScope", "x_IntensityTier", "x_UtilisationTier",
    "x_CoveragePct", "x_InternalCarbonPrice", "x_CarbonCharge", "x_MethodVersion",
    "x_FactorSetHash", "x_RunId",
)  # fmt: skip
SCOPE1, SCOPE2_MB = "x_ProviderScope1Kg", "x_ProviderScope2MbKg"
PARTS = {
    "x_ProviderScope2LbKg": "scope2_lb_g",
    "x_Scope3FeraUpstreamKg": "upstream_g",
    "x_Scope3FeraTdKg": "td_g",
    "x_Scope3HardwareKg": "embodied_g",
}
_MEASURED = {
    "BilledCost": ("billed_cost_usd", "usd"),
    "EffectiveCost": ("effective_cost_usd", "usd"),
    "ListCost": ("list_cost_usd", "usd"),
    "ConsumedQuantity": ("resource_hours", "hours"),
    "x_EnergyKWh": ("energy_kwh", "kwh"),
}
_KINDS = {"Amazon EC2": ("Compute", "Instance"), "Amazon EBS": ("Storage", "Volume")}
_LEVELS = ("period", "team")


def with_aws_figures(
    store: Store, period: Period, raw: pd.DataFrame
) -> tuple[pd.DataFrame, str | None]:
    """Rows with AWS's scope 1 and market-based scope 2, shared out as in a report of the period.

    Scope 1 is part of total_g and has no interval. Also the hash of what AWS states; None where it
    is none of a month that is accounted for whole.
    """
    span = period.start, period.end
    provider = provider_months(store, *span)
    rows = raw.assign(month=pd.to_datetime(raw["period"]))
    places = rows.groupby(PLACE, as_index=False)[["scope2_lb_g"]].sum()
    market = market_of(places, whole_months(store, *span), provider)
    found = market.stated(rows)
    for name in ("total_g", "low_g", "high_g"):
        found[name] += found["scope1_g"].fillna(0.0)
    if found["scope1_g"].isna().all() and found["scope2_mb_g"].isna().all():
        return found, None
    said = provider[[*PLACE, "emissions_type", "grams"]].to_csv(index=False, lineterminator="\n")
    return found, digest(said)


def focus_rows(  # noqa: PLR0913, PLR0917 (what a row says of itself)
    store: Store,
    catalog: Catalog,
    raw: pd.DataFrame,
    span: tuple[datetime, datetime],
    price_usd_per_tonne: float | None,
    run_id: str,
) -> pd.DataFrame:
    """Rows by month, team and resource, in the columns and the order of `COLUMNS`.

    No row's charge period reaches out of `span`, which is what is accounted for.

    Every column of amounts adds up to its total by month and by team, to the last decimal; the
    parts of a row, AWS's scope 1 among them where it is known, add up to its x_TotalLbKg.
    """
    rows = raw.sort_values(["period", "team", "service", "region", "resource_id"]).reset_index(
        drop=True
    )
    found = _named(store, catalog, rows, span)
    for column, (value, unit) in _MEASURED.items():
        found[column] = apportion_tree(rows, value, _LEVELS, DIGITS[unit])
    for column, parts in _part_columns(rows).items():
        found[column] = parts
    found["x_TotalLbKg"] = _row_sums([found[column] for column in (SCOPE1, *PARTS)])
    in_kg = rows.assign(kg=rows["scope2_mb_g"] / GRAMS_PER_KG)
    found[SCOPE2_MB] = apportion_tree(in_kg, "kg", _LEVELS, DIGITS["kg"])
    for column, bound in (("x_TotalLowKg", "low_g"), ("x_TotalHighKg", "high_g")):
        found[column] = _fixed(rows[bound] / GRAMS_PER_KG, DIGITS["kg"])
    coverage = (
        100 * rows["measured_utilisation_kwh"] / rows["energy_kwh"].where(rows["energy_kwh"] > 0)
    )
    found["x_CoveragePct"] = _fixed(coverage, 1)
    found["x_UtilisationTier"] = _utilisation_tier(coverage)
    price = None if price_usd_per_tonne is None else Decimal(str(price_usd_per_tonne))
    found["x_InternalCarbonPrice"] = pd.Series([price] * len(rows), dtype=object)
    found["x_CarbonCharge"] = _charges(rows, price_usd_per_tonne, DIGITS["usd"])
    found["x_FactorSetHash"] = store.meta("factor_set")
    return found.assign(
        x_MethodVersion=METHOD_VERSION, x_RunId=run_id, x_InventoryScope=INVENTORY_SCOPE,
    )[list(COLUMNS)]  # fmt: skip


def team_table(raw: pd.DataFrame, price_usd_per_tonne: float | None) -> pd.DataFrame:
    """One row a team, the greatest first and the unallocated last.

    Columns team, total_kg, low_kg, high_kg; direct_kg, account_kg, parent_kg, pool_kg, none_kg that
    add up to total_kg; energy_kwh, list_usd, effective_usd, carbon_charge_usd. Decimals; None is
    unknown. Every column but the interval adds up to its total.
    """
    names = ["total_g", "energy_kwh", "list_cost_usd", "effective_cost_usd"]
    table = raw.groupby("team")[names].sum(min_count=1)
    order = np.lexsort((-table["total_g"].fillna(-1.0).to_numpy(), table.index == UNALLOCATED))
    table = table.iloc[order].reset_index()
    table["kg"] = table["total_g"] / GRAMS_PER_KG
    found = pd.DataFrame({"team": [shown_team(name) for name in table["team"]]})
    found["total_kg"] = apportion_tree(table, "kg", (), TEAM_DIGITS["kg"])
    bands = [_team_band(raw[raw["team"] == team]) for team in table["team"]]
    for column, number in (("low_kg", 0), ("high_kg", 2)):
        bound = pd.Series([band[number] for band in bands]) / GRAMS_PER_KG
        found[column] = _fixed(bound.where(table["total_g"].notna()), TEAM_DIGITS["kg"])
    found = found.join(_by_method(raw, table["team"], found["total_kg"]))
    found["energy_kwh"] = apportion_tree(table, "energy_kwh", (), TEAM_DIGITS["kwh"])
    for column in ("list", "effective"):
        amounts = apportion_tree(table, f"{column}_cost_usd", (), TEAM_DIGITS["usd"])
        found[f"{column}_usd"] = amounts
    found["carbon_charge_usd"] = _charges(table, price_usd_per_tonne, TEAM_DIGITS["usd"], ())
    return found


def shown_team(name: str) -> str:
    """Name of a team on a statement."""
    return UNALLOCATED_NAME if name == UNALLOCATED else name


def _named(
    store: Store, catalog: Catalog, rows: pd.DataFrame, span: tuple[datetime, datetime]
) -> pd.DataFrame:
    """Columns that name what a row is about."""
    start, end = span
    last = end.date() if end.time() == time() else period_of("month", end).end.date()
    known = allocation_queries.details(store, last).set_index("resource_id")
    known = known[~known.index.duplicated()]
    regions = {region.code: region.name for region in catalog.regions}
    tiers = allocation_queries.worst_tier(store, rows["start"].min(), rows["end"].max())
    kinds = [_KINDS.get(service, ("Other", "")) for service in rows["service"]]
    months = {label: period_of("month", date.fromisoformat(f"{label}-01"))
              for label in rows["period"].unique()}  # fmt: skip
    return pd.DataFrame(
        {
            "BillingAccountId": rows["account_id"],
            "BillingPeriodStart": [iso(months[label].start) for label in rows["period"]],
            "BillingPeriodEnd": [iso(months[label].end) for label in rows["period"]],
            "ChargePeriodStart": [iso(max(midnight(day), start)) for day in rows["start"]],
            "ChargePeriodEnd": [iso(min(midnight(day), end)) for day in rows["end"]],
            "ChargeCategory": "Usage",
            "BillingCurrency": "USD",
            "ConsumedUnit": "Hours",
            "ServiceCategory": [category for category, _ in kinds],
            "ServiceName": rows["service"],
            "RegionId": rows["region"],
            "RegionName": rows["region"].map(regions),
            "ResourceId": rows["resource_id"],
            "ResourceName": rows["resource_id"].map(known["name"]),
            "ResourceType": [kind for _, kind in kinds],
            "SubAccountId": rows["account_id"],
            "SubAccountName": None,
            "SkuId": rows["resource_type"],
            "Tags": rows["resource_id"].map(known["tags"]).map(_tags, na_action="ignore"),
            "x_Team": rows["team"].map(shown_team),
            "x_AllocationMethod": rows["method"],
            "x_AllocationKey": rows["allocation_key"],
            "x_IntensityTier": rows["region"].map(tiers),
        }
    )


def _part_columns(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """The parts in kg: the total is split into them first, then each down to the rows."""
    parts = {SCOPE1: "scope1_g", **PARTS}
    total = total_of(list(rows["total_g"].dropna() / GRAMS_PER_KG), DIGITS["kg"])
    sums = [float(rows[part].sum()) / GRAMS_PER_KG for part in parts.values()]
    wanted = apportion(sums, DIGITS["kg"], total)
    found = {}
    for (column, part), amount in zip(parts.items(), wanted, strict=True):
        in_kg = rows.assign(kg=rows[part] / GRAMS_PER_KG)
        found[column] = apportion_tree(in_kg, "kg", _LEVELS, DIGITS["kg"], amount)
    return found


def _charges(
    rows: pd.DataFrame, price: float | None, digits: int, levels: Sequence[str] = _LEVELS
) -> pd.Series:
    """Carbon charge in USD; None without a price."""
    if price is None:
        return pd.Series([None] * len(rows), index=rows.index, dtype=object)
    charge = rows.assign(charge=rows["total_g"] / GRAMS_PER_TONNE * price)
    return apportion_tree(charge, "charge", levels, digits)


def _row_sums(columns: Sequence[pd.Series]) -> pd.Series:
    """What is known of each row added up; None where nothing is."""
    known = ([part for part in parts if part is not None] for parts in zip(*columns, strict=True))
    sums = [sum(parts) if parts else None for parts in known]
    return pd.Series(sums, index=columns[0].index, dtype=object)


def _by_method(raw: pd.DataFrame, teams: pd.Series, totals: pd.Series) -> pd.DataFrame:
    """How each team came to its total [kg]: a column by method, adding up to it."""
    table = raw.pivot_table(
        index="team", columns="method", values="total_g", aggfunc="sum", fill_value=0.0
    ).reindex(index=teams, columns=list(METHODS), fill_value=0.0)
    parts = [
        [None] * len(METHODS)
        if total is None
        else apportion(list(table.loc[team] / GRAMS_PER_KG), TEAM_DIGITS["kg"], total)
        for team, total in zip(teams, totals, strict=True)
    ]
    return pd.DataFrame(parts, columns=[f"{name}_kg" for name in METHODS], dtype=object)


def _team_band(rows: pd.DataFrame) -> uncertainty.Interval:
    """Interval of rows; what a machine's utilisation is off by holds for all of its months."""
    keys = ["region", "zone", "country", "pue_is_regional"]
    sums = ["operational_g", "td_g", "embodied_g", "power_sigma_g", "intensity_sigma_g",
            "burst_sigma_g"]  # fmt: skip
    machines = rows.groupby([*keys, "resource_id"], as_index=False)[
        [*sums, "utilisation_sigma_g"]
    ].sum()
    machines["utilisation_variance_g2"] = machines["utilisation_sigma_g"] ** 2
    by_region = machines.groupby(keys, as_index=False)
    band = uncertainty.band(by_region[[*sums, "utilisation_variance_g2"]].sum())
    scope1 = float(rows["scope1_g"].sum())  # AWS states it without an interval
    return uncertainty.Interval(*(bound + scope1 for bound in band))


def _utilisation_tier(coverage: pd.Series) -> np.ndarray:
    return np.select(
        [coverage.isna(), coverage >= 100 - 1e-6, coverage <= 0], ["", "T1", "T2-T4"], "T1-T4"
    )


def _fixed(values: pd.Series, digits: int) -> pd.Series:
    """Decimals with a fixed number of digits, None where unknown; each by itself."""
    unit = Decimal(1).scaleb(-digits)
    fixed = [Decimal(v).quantize(unit) if np.isfinite(v) else None for v in values.astype(float)]
    return pd.Series(fixed, index=values.index, dtype=object)


def _tags(text: str) -> str:
    """Tags as JSON on one line, whatever is in them."""
    return json.dumps(json.loads(text), ensure_ascii=False, sort_keys=True)
