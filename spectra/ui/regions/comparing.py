"""Which region suits a load best: weights, hard conditions, the efficient ones and the ranking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from spectra import region_charts, units
from spectra.catalog import Catalog
from spectra.errors import InputError
from spectra.insight.regions import Comparison, Limits, Weights, compare
from spectra.region_compare import BASES, BY_DISTANCE, BY_EDGE, Question, regions_for
from spectra.store import region_queries
from spectra.store.grid_queries import Factor
from spectra.ui import cards, choosing, empty
from spectra.ui import workspace as workspaces
from spectra.ui.frame import Page
from spectra.ui.plain import plain

OWN, ONE_TYPE = "What runs there now", "One instance type"
HERE = "where SPECTRA runs"
DEFAULT_TYPE = "m5.xlarge"
_NUMBER = st.column_config.NumberColumn
NO_CONDITIONS = empty.Turn(
    "Drop all conditions", ":material/filter_alt_off:",
    {"only_countries": [], "only_regions": [], "most_latency": None, "needs_types": False},
)  # fmt: skip


def show(page: Page, factor: Factor) -> None:
    """The question, the conditions, and what comes of them."""
    question = _question(page, factor)
    weights, limits = _wishes(page.catalog)
    try:
        places, facts = page.get(regions_for, page.catalog, question, page.hour)
        found = compare(places, question.home, limits, weights)
    except InputError as error:
        workspaces.show_error(error)
        return
    if not found.ranked:
        empty.say("No region meets the conditions.", "Drop some of them.", NO_CONDITIONS)
    else:
        st.markdown(_answer(found))
        table = _table(found, facts)
        left, right = st.columns([2, 3])
        with left, cards.card("Price against carbon", help="A region is efficient if no other one "
                              "is at least as good in carbon, price and latency."):  # fmt: skip
            _chart(found)
        with right, cards.card(f"Ranking against {question.home}", help="The score is the weighted "
                               "sum of relative changes: 0 where we are now, lower is better. "
                               "Equal scores go to the lower emissions."):  # fmt: skip
            _ranking(table, question.home)
    _excluded(found, facts)
    _notes(question, facts)


def _question(page: Page, factor: Factor) -> Question:
    codes = [region.code for region in page.catalog.regions]
    # Regions of other partitions have no place in the catalogue.
    own = [code for code in page.get(region_queries.own_regions) if code in codes]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        home = choosing.region(
            "Where we are now", codes, key="compare_home", usual=own[0] if own else codes[0],
            follows=page.selection.regions, width=180,
        )  # fmt: skip
        load = st.segmented_control(
            "Load", (OWN, ONE_TYPE) if own else (ONE_TYPE,), default=OWN if own else ONE_TYPE,
            required=True, key="compare_load", persist_state="session",
        )  # fmt: skip
        name = None
        if load != OWN:
            types = [kind.name for kind in page.catalog.instance_types]
            name = st.selectbox("Type, at half load", types, index=types.index(DEFAULT_TYPE),
                                key="compare_type", width=200, persist_state="session")  # fmt: skip
        basis = st.segmented_control("Grid of the", BASES, default="30 days", required=True,
                                     key="compare_basis", persist_state="session")  # fmt: skip
        near = st.selectbox(
            "Latency from", [HERE, *codes], key="compare_near", width=240, persist_state="session",
            format_func=lambda code: code if code == HERE else _place(page.catalog, code),
            help="Measured where SPECTRA runs, if its probe is on; else as Cloudflare measured it "
            "from its edge, or estimated by distance. The table says which.",
        )  # fmt: skip
    choosing.tell("compare_home", "region", home)
    return Question(home, name, basis, factor, None if near == HERE else near)


def _place(catalog: Catalog, code: str) -> str:
    region = catalog.region(code)
    return f"{code} · {region.city}" if region else code


def _wishes(catalog: Catalog) -> tuple[Weights, Limits]:
    countries = sorted({region.country for region in catalog.regions})
    codes = [region.code for region in catalog.regions]
    left, right = st.columns([2, 3])
    with left, cards.card("What counts", help="What a relative change of each figure weighs. "
                          "Latency is often many times what it is now: a limit says more than a "
                          "weight."):  # fmt: skip
        parts = [
            st.slider(name, 0, 100, value, 5, key=f"weight_{name.lower()}", persist_state="session")
            for name, value in (("Carbon", 70), ("Price", 30), ("Latency", 0))
        ]
    with right, cards.card("Conditions", help="A region outside them is never ranked."):
        first, second = st.columns(2)
        with first:
            chosen = st.multiselect("Countries", countries, key="only_countries",
                                    placeholder="All", persist_state="session")  # fmt: skip
            allowed = st.multiselect("Regions", codes, key="only_regions", placeholder="All",
                                     persist_state="session")  # fmt: skip
        with second:
            limit = st.number_input("Latency up to [ms]", 1.0, 1_000.0, None, 10.0, "%.0f",
                                    key="most_latency", placeholder="No limit",
                                    persist_state="session")  # fmt: skip
            needs = st.toggle("Every type must be offered", True, key="needs_types",
                              persist_state="session")  # fmt: skip
    total = max(sum(parts), 1)
    limits = Limits(tuple(chosen), tuple(allowed), limit, needs)
    return Weights(*(part / total for part in parts)), limits


def _answer(found: Comparison) -> str:
    """The first region in a sentence."""
    best, home = found.ranked[0], found.home.region
    if best.place.region == home:
        return (
            f"**{home}** is the best of {units.counted(len(found.ranked), 'region')} at these "
            f"weights; it stays first in {units.share_text(best.first_share)} of {found.draws:,} "
            "draws."
        )
    changes = [
        f"{name} {_change(value)}"
        for value, name in ((best.carbon_change, "CO₂e"), (best.cost_change, "list price"))
        if value is not None
    ]
    return (
        f"**{best.place.region}** comes first: {', '.join(changes)} against {home}. It stays "
        f"first in {units.share_text(best.first_share)} of {found.draws:,} draws of what is "
        "uncertain."
    )


def _change(value: float) -> str:
    text = units.change_text(value)
    return "unchanged" if text == "0 %" else text


def _table(found: Comparison, facts: pd.DataFrame) -> pd.DataFrame:
    """One row a ranked region, with the facts behind its score."""
    rows = [
        {
            "rank": n + 1, "region": row.place.region, "score": row.score,
            "first_share": row.first_share, "is_efficient": row.is_efficient,
            "carbon_change": row.carbon_change, "cost_change": row.cost_change,
            "g_per_h": row.place.g_per_h, "usd_per_h": row.place.usd_per_h,
            "latency_ms": row.place.latency_ms,
        }
        for n, row in enumerate(found.ranked)
    ]  # fmt: skip
    names = ["region", "name", "now_g_per_kwh", "ahead_g_per_kwh", "month_g_per_kwh",
             "year_g_per_kwh", "year_days", "price_index", "latency_is", "latency_source", "pue",
             "wue_l_per_kwh", "water_l_per_h"]  # fmt: skip
    return pd.DataFrame(rows).merge(facts[names], on="region", how="left")


def _chart(found: Comparison) -> None:
    rows = [
        {
            "region": row.place.region, "usd_per_h": row.place.usd_per_h,
            "g_per_h": row.place.g_per_h, "latency_ms": row.place.latency_ms,
            "is_efficient": row.is_efficient, "is_home": row.place.region == found.home.region,
        }
        for row in found.ranked
    ]  # fmt: skip
    known = pd.DataFrame(rows).dropna(subset=["usd_per_h", "g_per_h"])
    if known.empty:
        st.caption("No price is known of any of them.")
        return
    usd, grams = known["usd_per_h"], known["g_per_h"]
    cards.chart(
        region_charts.efficient_regions(known), key="efficient",
        alt=f"{units.counted(len(known), 'region')} by list price ({units.usd_text(usd.min())} to "
        f"{units.usd_text(usd.max())} an hour) and emissions ({units.mass_text(grams.min())} to "
        f"{units.mass_text(grams.max())} an hour); efficient: "
        f"{', '.join(known.loc[known['is_efficient'], 'region'])}.",
    )  # fmt: skip


COLUMNS: dict[str, Any] = {
    "shown": st.column_config.TextColumn("Region", pinned=True, width=130),
    "score": _NUMBER("Score", format="%,.3f"),
    "first_share": st.column_config.ProgressColumn(
        "Stays first", **cards.SHARE, min_value=0, max_value=1, width="small",
        help="Share of 1,000 draws of grids, PUE, latency and hardware.",
    ),
    "is_efficient": st.column_config.CheckboxColumn("Efficient"),
    "carbon_pct": _NUMBER("CO₂e [%]", format="%+,.0f", help="Against where we are now."),
    "cost_pct": _NUMBER("Price [%]", format="%+,.0f", help="List price. Empty: not known."),
    "latency_ms": _NUMBER("Latency [ms]", format="%,.0f"),
    "latency_is": "Latency is",
    "latency_source": "Its source",
    "now_g_per_kwh": _NUMBER("Now [g/kWh]", format="%,.0f"),
    "ahead_g_per_kwh": _NUMBER("Next 24 h", format="%,.0f", help="Forecast. Empty: none."),
    "month_g_per_kwh": _NUMBER("30 days", format="%,.0f"),
    "year_g_per_kwh": _NUMBER("Year", format="%,.0f", help="Of the days that are known."),
    "year_days": _NUMBER("Days known", format="%,.0f"),
    "g_per_h": _NUMBER("CO₂e [g/h]", format="%,.1f"),
    "usd_per_h": _NUMBER("USD/h", format="%,.4f"),
    "pue": _NUMBER("PUE", format="%,.2f"),
    "wue_l_per_kwh": _NUMBER("Water [L/kWh]", format="%,.2f",
                             help="Drawn for cooling, as AWS states it."),
    "name": "Place",
}  # fmt: skip


def _ranking(table: pd.DataFrame, home: str) -> None:
    is_home = table["region"] == home
    shown = table.assign(
        shown=table["region"].where(~is_home, table["region"] + " (now)"),
        carbon_pct=table["carbon_change"].astype(float) * 100,
        cost_pct=table["cost_change"].astype(float) * 100,
    )
    st.dataframe(
        shown, hide_index=True, width="stretch", height=cards.table_height(len(table)),
        key="ranking", placeholder="–",
        column_order=list(COLUMNS), column_config=COLUMNS,
    )  # fmt: skip
    cards.download(table, "regions_ranked")


def _excluded(found: Comparison, facts: pd.DataFrame) -> None:
    if not found.excluded:
        return
    rows = pd.DataFrame([{"region": e.region, "reason": e.reason} for e in found.excluded])
    rows = rows.merge(facts[["region", "name"]], on="region", how="left")
    with st.expander(f"Not ranked: {units.counted(len(rows), 'region')}", icon=":material/block:"):
        st.dataframe(
            rows, hide_index=True, width="stretch", key="not_ranked",
            height=cards.table_height(len(rows)), column_order=["region", "name", "reason"],
            column_config={
                "region": "Region", "name": "Place",
                "reason": st.column_config.TextColumn("Why", width="large"),
            },
        )  # fmt: skip
        cards.download(rows, "regions_not_ranked")


def _notes(question: Question, facts: pd.DataFrame) -> None:
    notes: list[str] = []
    unpriced: Sequence[str] = facts.attrs.get("unpriced", ())
    if unpriced:
        notes.append(f"No price is known in {question.home} for {plain(', '.join(unpriced))}: the "
                     "price leaves them out everywhere, the carbon does not. Where the catalogue "
                     "has no price of a type at all, no region is left out for it.")  # fmt: skip
    if facts["latency_is"].eq(BY_DISTANCE).any():
        notes.append("Latency that nobody measured is 2 × distance × 1.5 / 200 km a millisecond "
                     "+ 5 ms.")  # fmt: skip
    if facts["latency_is"].eq(BY_EDGE).any():
        notes.append("Latency from Cloudflare's edge leaves out the way from here to that "
                     "edge.")  # fmt: skip
    notes.append("The price is AWS's on-demand list price. What a region emits is an allocation "
                 "of its grid's electricity: moving does not by itself make that grid emit "
                 "less.")  # fmt: skip
    st.caption(" ".join(notes))
