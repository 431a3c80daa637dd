"""All regions side by side now, and one region's grid in detail."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import pandas as pd
import streamlit as st

from spectra import charts, grid_charts, units
from spectra.catalog import Catalog, Region
from spectra.catalog.price_index import price_index
from spectra.store import grid_queries, latency_queries
from spectra.ui import address, cards, choosing, empty, names
from spectra.ui.frame import Page
from spectra.ui.regions import known as known_grids

HEAT_MAP_DAYS = 28
_NUMBER = st.column_config.NumberColumn
COLUMNS: dict[str, Any] = {
    "region": st.column_config.TextColumn("Region", pinned=True),
    "g_per_kwh": _NUMBER("Now [g/kWh]", format="%,.0f", help="Carbon intensity in this hour."),
    "trend": st.column_config.LineChartColumn("Last 24 h", y_min=0, width="small"),
    "mean_30d_g_per_kwh": _NUMBER("30-day mean [g/kWh]", format="%,.0f"),
    "quality_text": "Quality",
    "low_carbon": st.column_config.ProgressColumn(
        "Low-carbon", **cards.SHARE, max_value=1.0,
        help="Share of low-carbon electricity: of the newest hour where the source states it, else "
        "of the year.",
    ),
    "price_index": _NUMBER("Price index", format="%,.2f", help="On-demand prices of seven common "
                           "types against us-east-1 = 1.00; empty where no price is known."),
    "pue": _NUMBER("PUE", format="%,.2f"),
    "own_kg": _NUMBER("Our CO₂e [kg]", format="%,.1f"),
    "name": "Place",
}  # fmt: skip
LATENCY_COLUMNS: dict[str, Any] = {
    "rtt_ms_p50": _NUMBER("Latency p50 [ms]", format="%,.1f", help="What it measures stands in the "
                          "next column; figures of different kinds do not compare."),
    "latency_meaning": "Latency is",
}  # fmt: skip


def show(page: Page, factor: grid_queries.Factor) -> None:
    """The map, the table, and the region that is chosen in it or below."""
    table = overview(page, factor)
    if table["g_per_kwh"].isna().all():
        known_grids.say_not_this_hour(page)
        return
    st.markdown(greenest(table))
    with cards.card("Carbon intensity now"):
        world(table)
    with cards.card("All regions", help="Choose a row by its left edge to see that region below."):
        chosen = table_of_regions(table)
    codes = table["region"].tolist()
    if chosen and chosen != st.session_state.get("region_row"):
        st.session_state["region"] = chosen
        address.forget("region")
    st.session_state["region_row"] = chosen
    code = choosing.region("Region in detail", codes, key="region", usual=codes[0])
    choosing.tell("region", "region", code)
    detail(page, code, factor)


def overview(page: Page, factor: grid_queries.Factor) -> pd.DataFrame:
    """One row per commercial region: grid now, age, price level and our own footprint."""
    grid = page.get(grid_queries.regions_now, page.hour, factor)
    own = page.get(grid_queries.footprint_by_region, page.selection)
    table = (
        _facts(page.catalog)
        .merge(grid, on=["region", "zone"], how="left")
        .merge(own, on="region", how="left")
    )
    table = table.merge(_latency(page), on="region", how="left")
    table["is_hourly"] = table["tier"].isin(["A", "B", "C", "D"])
    ages = pd.Timestamp(page.hour) - pd.to_datetime(table["observed_at"], utc=True)
    table["age_h"] = ages.dt.total_seconds() / 3600
    table["low_carbon_pct"] = table["low_carbon_pct"].astype(float)
    table["quality_text"] = [
        names.quality(tier, quality, age)
        for tier, quality, age in zip(table["tier"], table["quality"], table["age_h"], strict=True)
    ]
    return table.sort_values(["is_hourly", "g_per_kwh"], ascending=[False, True], ignore_index=True)


def _latency(page: Page) -> pd.DataFrame:
    """Newest latency by region with what it means, in words."""
    rows = page.get(latency_queries.newest)
    meaning = [
        f"{row.meaning}, {units.moment_text(row.measured_at)}, {names.source(row.source)}"
        for row in rows.itertuples()
    ]
    known: pd.DataFrame = rows[["region", "rtt_ms_p50"]]
    return known.assign(latency_meaning=meaning)


@lru_cache(maxsize=1)
def _facts(catalog: Catalog) -> pd.DataFrame:
    """What the catalogue says of each region."""
    return pd.DataFrame([_facts_of(catalog, region) for region in catalog.regions])


def _facts_of(catalog: Catalog, region: Region) -> dict[str, object]:
    zone = catalog.zone(region.zone)
    return {
        "region": region.code,
        "name": region.name,
        "zone": region.zone,
        "lat": region.lat,
        "lon": region.lon,
        "pue": region.pue,
        "price_index": price_index(catalog, region.code),
        "annual_low_carbon_pct": zone.low_carbon_pct if zone else None,
    }


def greenest(table: pd.DataFrame) -> str:
    """The lowest and highest grids now in a sentence; annual factors stay out of it."""
    hourly = table[table["is_hourly"]]
    if hourly.empty:
        return "No region has hourly data for this hour; means of months or years are not ranked."
    best, worst = hourly.iloc[0], hourly.iloc[-1]
    kinds = table.loc[~table["is_hourly"], "quality_text"].value_counts()
    unranked = ", ".join(f"{count} with {kind}" for kind, count in kinds.items()) or "none"
    return (
        f"Greenest now: **{best['region']}** at {units.number(best['g_per_kwh'])} g/kWh; dirtiest "
        f"**{worst['region']}** at {units.number(worst['g_per_kwh'])} g/kWh. "
        f"Of {len(table)} regions not ranked: {unranked}."
    )


def world(table: pd.DataFrame) -> None:
    """The map: colour is intensity now, size our own share."""
    known = table[table["g_per_kwh"].notna()].copy()
    share = known["total_g"].fillna(0) / max(known["total_g"].sum(), 1e-9)
    known["marker_size"] = 9 + 26 * share**0.5
    known["text"] = (
        "<b>" + known["region"] + "</b> " + known["name"] + "<br>"
        + known["g_per_kwh"].map(units.number) + " g/kWh (" + known["quality_text"] + ")<br>"
        + "our CO₂e: " + known["total_g"].map(units.mass_text)
    )  # fmt: skip
    cards.chart(
        grid_charts.world_map(known, dark=st.context.theme.type == "dark"),
        key="map",
        alt=f"World map of {len(known)} regions: colour is intensity now, size our own emissions. "
        f"{greenest(table).replace('**', '')}",
    )
    st.caption("Colour: g/kWh now. Size: our CO₂e in the period. Hollow: no hourly data.")


def table_of_regions(table: pd.DataFrame) -> str | None:
    """The table of all regions; returns the region whose row is chosen."""
    shown = table.assign(
        low_carbon=table["low_carbon_pct"].fillna(table["annual_low_carbon_pct"]) / 100,
        own_kg=table["total_g"] / units.GRAMS_PER_KG,
    )
    columns = COLUMNS | (LATENCY_COLUMNS if table["rtt_ms_p50"].notna().any() else {})
    state = st.dataframe(
        shown[list(columns)],  # what is not shown would be sent all the same
        hide_index=True, key=cards.rows_key("regions_table", table["region"]),
        on_select="rerun", selection_mode="single-row", height=430, placeholder="–",
        column_config=columns,
    )  # fmt: skip
    cards.download(table.drop(columns=["trend", "is_hourly"]), "regions_now")
    rows = state["selection"]["rows"]
    return str(table["region"].iloc[rows[0]]) if rows else None


def detail(page: Page, code: str, factor: grid_queries.Factor) -> None:
    """One region: its hours, its daily rhythm, and where it stands among the others."""
    region = page.catalog.region(code)
    if region is None:
        empty.say(f"There is no region {code}.", "Choose one in the table.")
        return
    span = page.selection
    line = page.get(grid_queries.zone_line, region.zone, span.start, span.end, factor)
    if line.empty:
        empty.say(
            f"There is no intensity for {code} in this period.",
            "Choose another period in the sidebar, or import a portal file of that time.",
            empty.LONGER,
            empty.GRIDS,
        )
        return
    if line["tier"].eq("F").all():
        _annual(page, region)
        return
    with cards.card(f"Carbon intensity of {code}, {region.name}, zone {region.zone}"):
        _line(line, factor)
    left, right = st.columns(2)
    with left, cards.card("Hour of day by day"):
        _heat_map(page, region, span.end, factor)
    with right, cards.card("Against the other regions"):
        _distribution(page, region, factor)


def _annual(page: Page, region: Region) -> None:
    """All that is known of a region without hourly data."""
    if (zone := page.catalog.zone(region.zone)) is None:
        return
    st.info(
        f"{region.code}, {region.name} ({region.zone}) has no hourly data. The annual factor of "
        f"{zone.annual_year} stands for every hour: "
        f"{units.number(zone.annual_lifecycle_g_per_kwh)} g/kWh lifecycle and "
        f"{units.number(zone.annual_direct_g_per_kwh)} g/kWh direct. There is no rhythm to show, "
        "and it is not ranked.",
        icon=":material/calendar_month:",
    )


def _line(line: pd.DataFrame, factor: str) -> None:
    title = f"gCO₂e/kWh ({factor})"
    is_daily = len(line) > 1 and line["at"].iloc[1] - line["at"].iloc[0] >= pd.Timedelta(days=1)
    figure = (
        charts.daily_range(line, title=title)
        if is_daily
        else charts.hourly_line(line["at"], line["g_per_kwh"], title=title, name="g/kWh")
    )
    low, high = line["low_g_per_kwh"].min(), line["high_g_per_kwh"].max()
    cards.chart(
        figure,
        key="zone_line",
        alt=f"Carbon intensity by {'day' if is_daily else 'hour'}, between {units.number(low)} "
        f"and {units.number(high)} gCO₂e/kWh.",
    )
    hours, filled = line["hours"].sum(), line["filled_hours"].sum()
    mean = (line["g_per_kwh"] * line["hours"]).sum() / hours
    st.caption(
        f"Mean {units.number(mean)}, lowest {units.number(low)}, highest {units.number(high)} "
        f"g/kWh. {units.share_text(float(filled / hours))} of the hours are filled in."
    )


def _heat_map(page: Page, region: Region, end: datetime, factor: grid_queries.Factor) -> None:
    start = max(page.selection.start, end - timedelta(days=HEAT_MAP_DAYS))
    frame = page.get(grid_queries.heat_map, region.zone, (start, end), region.timezone, factor)
    if frame["g_per_kwh"].isna().all():
        st.caption(f"No hour of the last {HEAT_MAP_DAYS} days of the period is known.")
        return
    by_hour = frame.groupby("hour_of_day")["g_per_kwh"].mean()
    told = (
        f"lowest at {by_hour.idxmin():02}:00 ({units.number(by_hour.min())} g/kWh) and highest at "
        f"{by_hour.idxmax():02}:00 ({units.number(by_hour.max())} g/kWh), {region.timezone}."
    )
    cards.chart(
        grid_charts.heat_map(frame, region.timezone),
        key="heat_map",
        alt=f"Carbon intensity by hour of day: {told}",
    )
    st.caption(f"On average {told}")


def _distribution(page: Page, region: Region, factor: grid_queries.Factor) -> None:
    zones = page.get(grid_queries.distribution, page.selection.start, page.selection.end, factor)
    by_zone: dict[str, list[str]] = {}
    for r in page.catalog.regions:
        by_zone.setdefault(r.zone, []).append(r.code)
    zones = zones[zones["zone"].isin(by_zone)].assign(
        label=lambda frame: [", ".join(by_zone[zone]) for zone in frame["zone"]]
    )
    if zones.empty:
        empty.say("No zone has hourly data in this period.", "Choose a longer one.", empty.LONGER)
        return
    order = zones["zone"].tolist()
    rank = order.index(region.zone) + 1 if region.zone in order else None
    cards.chart(
        grid_charts.distribution(zones, region.zone),
        key="distribution",
        alt=f"{units.counted(len(zones), 'zone')} from the 5th to the 95th percentile of their "
        f"hours, medians {units.number(zones['p50'].min())} to "
        f"{units.number(zones['p50'].max())} gCO₂e/kWh.",
    )
    st.caption(
        f"Median rank {rank} of {units.counted(len(zones), 'zone')} with hourly data."
        if rank
        else "This region has only an annual factor and is not in the comparison."
    )
