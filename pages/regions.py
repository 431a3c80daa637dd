"""Regions: every AWS region's grid now, our footprint there, and one region in detail."""

import streamlit as st

from spectra.ui import cards, frame, portal_upload, regions

page = frame.current()

st.title("Regions")
with st.container(horizontal=True, vertical_alignment="bottom"):
    factor = st.segmented_control(
        "Emission factor",
        ["lifecycle", "direct"],
        default=page.workspace.config.emission_factor,
        required=True,
        key="factor",
        bind="query-params",
        persist_state="session",
        help="Lifecycle includes building plants and producing fuel; direct is combustion alone, "
        "which scope 2 counts.",
    )
    st.space("stretch")
    portal_upload.button(page)

table = regions.overview(page, factor)
if table["g_per_kwh"].isna().all():
    cards.empty(
        "There is no grid data yet.",
        "Set SPECTRA_DEMO=on, or bring an Electricity Maps portal file with the button above.",
    )
    st.stop()

st.markdown(regions.greenest(table))
with cards.card("Carbon intensity now"):
    regions.world(table)
with cards.card("All regions", help="Choose a row by its left edge to see that region below."):
    chosen = regions.table_of_regions(table)

codes = table["region"].tolist()
if chosen and chosen != st.session_state.get("region_row"):
    st.session_state["region"] = chosen
st.session_state["region_row"] = chosen
code = st.selectbox(
    "Region in detail",
    codes,
    key="region",
    bind="query-params",
    persist_state="session",
)
regions.detail(page, code, factor)
