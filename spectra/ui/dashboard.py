"""The parts of the Dashboard page below its headline numbers."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from spectra import charts, units
from spectra.moments import midnight
from spectra.store import band_queries
from spectra.store import emission_queries as emissions
from spectra.ui import cards, drawn
from spectra.ui.frame import Page

TIER_NAMES = {
    "A": "A measured",
    "B": "B estimated by provider",
    "C": "C interpolated",
    "D": "D profile",
    "E": "E monthly mean",
    "F": "F annual factor",
    "T1": "T1 measured",
    "T2-T4": "T2–T4 filled in",
    "EBS": "EBS volumes",
}
POWER_TIERS = {"A": "A measured curve", "C": "C calibrated", "D": "D unknown type"}


HELP: dict[str, str] = {
    "team": "By the team that resources are tagged with, as are the filters. Budgets and "
    "chargeback follow the rules of allocation."
}

# Narrow, so that bar and number both fit into a small card.
SHARE = st.column_config.ProgressColumn(
    "Share [%]", format="%,.1f", min_value=0, max_value=100, width="small"
)


# A smaller difference is none at the precision that is shown.
SMALLEST_SHARE = 0.0005


def by_day(page: Page) -> None:
    """Emissions by day with their interval, and the period's total in words."""
    days = page.get(band_queries.daily_bands, page.selection)
    scale = units.mass_unit(float(days["total_g"].max()))
    band = page.get(band_queries.total_band, page.selection)
    end = page.selection.end
    is_whole = end <= page.hour and end == midnight(end)
    st.caption(
        f"{units.mass_text(band.central)} in {units.counted(len(days), 'UTC day')} "
        f"(95 % interval {cards.mass_range(band)})"
        f"{'' if is_whole else '; the last day is not complete'}."
    )
    cards.chart(
        charts.daily_emissions(days, *scale, height=370),
        key="by_day",
        alt=f"CO₂e by UTC day, {units.mass_text(band.central)} in "
        f"{units.counted(len(days), 'day')}, from "
        f"{units.mass_text(float(days['total_g'].min()))} to "
        f"{units.mass_text(float(days['total_g'].max()))} a day.",
    )


def by_dimension(page: Page, dimension: emissions.Dimension) -> None:
    """A small table of one dimension with shares as bars."""
    rows = page.get(emissions.breakdown, page.selection, dimension)
    shown = rows.assign(co2e=rows["total_g"].map(units.mass_text))
    drawn.shares(shown, dimension.capitalize(), alt=f"CO₂e by {dimension}: {drawn.most(shown)}")
    cards.download(
        partial(band_queries.breakdown, page.store, page.selection, dimension), f"by_{dimension}"
    )


def top_emitters(page: Page) -> None:
    """The resources that emit most, with what they are and cost."""
    rows = page.get(emissions.top_emitters, page.selection)
    exported = rows.copy()
    rows["resource"] = (
        rows["name"].fillna("").where(rows["name"].fillna("") != "", rows["resource_id"])
    )
    rows["kg"] = rows["total_g"] / units.GRAMS_PER_KG
    rows["share"] *= 100
    st.dataframe(
        rows[
            ["resource", "resource_type", "region", "team", "environment", "kg", "share",
             "cpu_pct", "list_cost_usd", "power_tier"]
        ],
        hide_index=True,
        key="top_emitters",
        height="content",
        placeholder="–",
        column_config={
            "resource": st.column_config.TextColumn("Resource", pinned=True),
            "resource_type": "Type",
            "region": "Region",
            "team": "Team",
            "environment": "Environment",
            "kg": st.column_config.NumberColumn("CO₂e [kg]", format="%,.1f"),
            "share": SHARE,
            "cpu_pct": st.column_config.NumberColumn("Mean CPU [%]", format="%,.0f"),
            "list_cost_usd": st.column_config.NumberColumn("List cost", format="dollar"),
            "power_tier": st.column_config.TextColumn(
                "Power tier", help="A measured, C calibrated, D estimated for an unknown type."
            ),
        },
    )  # fmt: skip
    cards.download(exported, "top_emitters")


def quality(page: Page) -> None:
    """Energy by the tier of each of its inputs."""
    rows = page.get(emissions.quality, page.selection)
    is_power = rows["input"].eq("power")
    rows["label"] = (
        rows["tier"]
        .map(_tier_name)
        .where(
            ~is_power,
            rows["tier"].map(lambda tier: POWER_TIERS.get(tier, TIER_NAMES.get(tier, tier))),
        )
    )
    rows["input"] = rows["input"].str.capitalize()
    cards.chart(
        charts.tier_bars(rows, dark=st.context.theme.type == "dark"),
        key="quality",
        alt="Share of energy by quality of input: "
        + "; ".join(f"{r.input} {r.label} {units.share_text(r.share)}" for r in rows.itertuples())
        + ".",
    )
    st.caption(
        "Not in the total: provider's scope 1 and buildings, embodied carbon of EBS, traffic "
        "between regions, the idle part of dedicated hosts, other AWS services."
    )


def _tier_name(tier: str) -> str:
    letter, _, demo = tier.partition(" ")
    return f"{TIER_NAMES.get(letter, letter)} {demo}".strip()


def context(page: Page, totals: dict[str, Any]) -> None:
    """The covariance effect, the low scenario of the power model, and one equivalent."""
    effect = page.get(emissions.covariance, page.selection)
    hourly, averaged = effect["hourly_g"].sum(), effect["averaged_g"].sum()
    share = hourly / averaged - 1 if averaged else 0.0
    more = "more" if share >= 0 else "less"
    compared = (
        f"**{units.percent_text(abs(share) * 100, 1)} {more}** than energy × mean intensity "
        f"({units.mass_text(abs(hourly - averaged))})"
        if abs(share) >= SMALLEST_SHARE
        else "as much as energy × mean intensity"
    )
    km = totals["total_g"] / page.catalog.coefficient("car_g_per_km")
    st.markdown(
        f"- Energy × intensity **hour by hour** gives {units.mass_text(hourly)} of grid emissions, "
        f"{compared}: the part that shifting work in time moves.\n"
        f"- Under the **low scenario** of the power model (Cloud Carbon Footprint's formula) the "
        f"total would be {units.mass_text(totals['ccf_low_total_g'])} instead of "
        f"{units.mass_text(totals['total_g'])}.\n"
        f"- For scale: {units.mass_text(totals['total_g'])} is what an average US car emits on "
        f"about {units.number(km, 2)} km (EPA: 400 g CO₂ per mile)."
    )
    if len(effect) > 1:
        st.dataframe(
            pd.DataFrame(
                {
                    "Month": effect["month"].dt.strftime("%b %Y"),
                    "Hour by hour": effect["hourly_g"].map(units.mass_text),
                    "With mean intensity": effect["averaged_g"].map(units.mass_text),
                    "Difference": effect["covariance_g"] / effect["averaged_g"],
                }
            ),
            hide_index=True,
            key="covariance",
            height="content",
            column_config={"Difference": st.column_config.NumberColumn(**cards.SHARE)},
        )
        cards.download(effect, "hour_by_hour")
