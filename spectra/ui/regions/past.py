"""Grids of the past alone, as portal files of other years bring them, with their age."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime

import pandas as pd
import streamlit as st

from spectra.moments import DAY, HOUR
from spectra.store import grid_queries
from spectra.ui import cards, names
from spectra.ui.frame import Page
from spectra.ui.regions import grids, known

DAYS = 30


def show(page: Page, factor: grid_queries.Factor) -> None:
    """What is known of each zone, and one region in the last days that it has."""
    zones = known.say_past(page, factor)
    regions = defaultdict[str, list[str]](list)
    for region in page.catalog.regions:
        regions[region.zone].append(region.code)
    told = [", ".join(regions[zone]) or "none of AWS" for zone in zones["zone"]]
    with cards.card("What is known of the past"):
        _table(zones.assign(regions=told))
    lasts = [moment.to_pydatetime() for moment in zones["last_hour"]]
    ends: dict[str, datetime] = {
        code: last
        for zone, last in zip(zones["zone"], lasts, strict=True)
        for code in regions[zone]
    }
    if not ends:
        return
    code = st.selectbox("Region in detail", list(ends), key="past_region", persist_state="session")
    last = ends[code]
    st.caption(f"The {DAYS} days up to {last:%d %b %Y %H:%M} UTC, the last hour that is known.")
    end = last + HOUR
    then = page.selection.between(end - DAYS * DAY, end)
    grids.detail(replace(page, selection=then), code, factor)


def _table(zones: pd.DataFrame) -> None:
    sources = [", ".join(names.sources(text.split(", "))) for text in zones["sources"]]
    shown = zones.assign(sources=sources)
    st.dataframe(
        shown, hide_index=True, width="stretch", key="past_zones",
        height=cards.table_height(len(shown)),
        column_order=["zone", "regions", "first_hour", "last_hour", "hours", "mean_g_per_kwh",
                      "sources"],
        column_config={
            "zone": "Zone", "regions": "Regions", "sources": "Source",
            "first_hour": cards.utc_column("From", "D MMM YYYY HH:mm"),
            "last_hour": cards.utc_column("To", "D MMM YYYY HH:mm"),
            "hours": st.column_config.NumberColumn("Hours", format="%,d"),
            "mean_g_per_kwh": st.column_config.NumberColumn("Mean [g/kWh]", format="%,.0f"),
        },
    )  # fmt: skip
    cards.download(shown, "past_grids")
