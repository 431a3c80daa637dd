"""AWS's own figures beside ours: market-based scope 2, scope 1, and the factors k between both."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

PLACE = ["month", "region", "account_id"]
SCOPE1 = "TOTAL_SCOPE_1_CARBON_EMISSIONS"
SCOPE2_LB = "TOTAL_SCOPE_2_LBM_CARBON_EMISSIONS"
SCOPE2_MB = "TOTAL_SCOPE_2_MBM_CARBON_EMISSIONS"
TOTAL_LB = "TOTAL_LBM_CARBON_EMISSIONS"
# |ln k| above this is more than a difference of method.
SUSPICIOUS = math.log(3)
# A scope that AWS states for less than all of the period is not used: the rest would read 0.
ALL = 1 - 1e-9


@dataclass(frozen=True, slots=True)
class Market:
    """Market-based scope 2 and scope 1, shared out within AWS's places by location-based scope 2.

    Attributes
    ----------
    ratios : DataFrame
        By month, region and account: grams of `mb` and of `s1` per gram of scope 2,
        location-based. Where AWS states nothing `mb` is 1 and `s1` unknown.
    scope2_mb : float
        [gCO2e].
    aws_share : float
        Share of scope 2, location-based, whose market-based figure is AWS's own.
    scope1 : float or None
        [gCO2e]; None unless AWS states it for all of the period and boundary.
    scope1_share : float
        Share of scope 2 in places for which AWS states a scope 1.
    stated_mb, stated_scope1 : float
        What AWS states of both for the part that it states them of [gCO2e].
    """

    ratios: pd.DataFrame
    scope2_mb: float
    aws_share: float
    scope1: float | None
    scope1_share: float
    stated_mb: float
    stated_scope1: float

    @property
    def basis(self) -> str:
        """Where the market-based figure comes from: ``aws``, ``mixed`` or ``location-based``."""
        if self.aws_share <= 0:
            return "location-based"
        return "aws" if self.aws_share >= ALL else "mixed"

    def of(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows of places with their columns ``scope1_g`` and ``scope2_mb_g`` added."""
        found = self.stated(rows)
        found["scope2_mb_g"] = found["scope2_mb_g"].fillna(found["scope2_lb_g"])
        return found

    def stated(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The same, but market-based scope 2 is unknown where AWS states none."""
        found = rows.merge(self.ratios, on=PLACE, how="left")
        found["scope2_mb_g"] = found["scope2_lb_g"] * found["mb"]
        known = found["s1"] if self.scope1 is not None else float("nan")
        found["scope1_g"] = found["scope2_lb_g"] * known
        return found.drop(columns=["mb", "s1"])


def market_of(places: pd.DataFrame, whole: pd.DataFrame, provider: pd.DataFrame) -> Market:
    """Share AWS's figures of whole months out over what was selected of them.

    Parameters
    ----------
    places : DataFrame
        Selected ``scope2_lb_g`` by month, region and account.
    whole : DataFrame
        All of it in months that are accounted for whole; AWS's figure of any other month cannot
        be shared out.
    provider : DataFrame
        AWS's figures: PLACE, emissions_type, grams.
    """
    stated = _by_place(provider)
    base = whole.rename(columns={"scope2_lb_g": "whole_g"}).merge(stated, on=PLACE, how="inner")
    base = base[base["whole_g"] > 0]
    ratios = base[PLACE].assign(
        mb=base[SCOPE2_MB] / base["whole_g"], s1=base[SCOPE1] / base["whole_g"]
    )
    rows = places.merge(ratios, on=PLACE, how="left")
    grams = rows["scope2_lb_g"]
    total = float(grams.sum())
    aws_share = float(grams[rows["mb"].notna()].sum()) / total if total > 0 else 0.0
    scope1_share = float(grams[rows["s1"].notna()].sum()) / total if total > 0 else 0.0
    stated_mb, stated_s1 = (float((grams * rows[ratio]).sum()) for ratio in ("mb", "s1"))
    scope1 = stated_s1 if scope1_share >= ALL else None
    scope2_mb = float((grams * rows["mb"].fillna(1.0)).sum()) if aws_share > 0 else total
    return Market(ratios, scope2_mb, aws_share, scope1, scope1_share, stated_mb, stated_s1)


def reconciled(whole: pd.DataFrame, provider: pd.DataFrame) -> pd.DataFrame:
    """``k = AWS's scope 2 (LBM) ÷ ours`` by month and region, over the accounts it states one of.

    Returns
    -------
    DataFrame
        month, region, ours_g, aws_g, aws_total_g, k, is_suspicious; ours_g and k are NaN where
        AWS states no scope 2 of its own.
    """
    rows = whole.merge(_by_place(provider), on=PLACE, how="inner")
    rows = rows.rename(
        columns={"scope2_lb_g": "ours_g", SCOPE2_LB: "aws_g", TOTAL_LB: "aws_total_g"}
    )
    rows = rows[rows["aws_g"].notna() | rows["aws_total_g"].notna()]
    # An account without a scope 2 of AWS's own would stand on one side alone.
    rows["ours_g"] = rows["ours_g"].where(rows["aws_g"].notna())
    columns = ["ours_g", "aws_g", "aws_total_g"]
    sums = rows.groupby(["month", "region"], as_index=False)[columns].sum(min_count=1)
    sums["k"] = sums["aws_g"] / sums["ours_g"].where(sums["ours_g"] > 0)
    logs = sums["k"].where(sums["k"] > 0).map(math.log, na_action="ignore").abs()
    sums["is_suspicious"] = (logs > SUSPICIOUS) | (sums["k"] <= 0)
    return sums.sort_values(["month", "region"]).reset_index(drop=True)


def unknown_places(whole: pd.DataFrame, provider: pd.DataFrame) -> pd.DataFrame:
    """Places for which AWS states emissions and we know of no usage, in months known whole.

    Columns month, region, account_id and grams, AWS's location-based total.
    """
    stated = _by_place(provider).rename(columns={TOTAL_LB: "grams"})
    stated = stated[stated["grams"].gt(0) & stated["month"].isin(whole["month"])]
    known = whole.loc[whole["scope2_lb_g"] > 0, PLACE].drop_duplicates()
    rows = stated.merge(known, on=PLACE, how="left", indicator=True)
    return rows.loc[rows["_merge"] == "left_only", [*PLACE, "grams"]].reset_index(drop=True)


def _by_place(provider: pd.DataFrame) -> pd.DataFrame:
    """A row per place with a column per kind of figure; NaN where AWS states none."""
    kinds = [SCOPE1, SCOPE2_LB, SCOPE2_MB, TOTAL_LB]
    if provider.empty:
        # The dtypes of the keys stay: an empty frame of objects joins with nothing.
        return provider[PLACE].assign(**dict.fromkeys(kinds, pd.Series(dtype=float)))
    table = provider.pivot_table(
        index=PLACE, columns="emissions_type", values="grams", aggfunc="sum"
    )
    return table.reindex(columns=kinds).astype(float).reset_index()
