"""Regions: every AWS region's grid now, which one suits us best, and what a move would bring."""

import streamlit as st

from spectra.ui import address, choosing, frame, portal_upload
from spectra.ui.regions import comparing, grids, known, moved, moving, past

VIEWS = ("Map and hours", "Compare", "Move", "Moves made")
FACTORS = ("lifecycle", "direct")
OF_ONE_FACTOR = VIEWS[:2]

page = frame.current()
factor = page.workspace.config.emission_factor

st.title("Regions")
view = choosing.view(VIEWS, key="region_view")
reach = known.reach(page, factor)
if view in OF_ONE_FACTOR or reach != "now":
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choosing.look_up("factor", FACTORS)
        factor = st.segmented_control(
            "Emission factor",
            FACTORS,
            default=factor,
            required=True,
            key="factor",
            bind="query-params",
            persist_state="session",
            on_change=address.forget,
            args=("factor",),
            help="Lifecycle includes building plants and producing fuel; direct is combustion "
            "alone, which scope 2 counts.",
        )
        st.space("stretch")
        portal_upload.button(page)
    choosing.tell("factor", "emission factor", factor)

if reach == "nothing":
    known.say_empty()
    st.stop()
if reach == "past" and view in ("Compare", "Move"):
    known.say_past(page, factor)
    st.stop()

match view:
    case "Map and hours" if reach == "past":
        past.show(page, factor)
    case "Compare":
        comparing.show(page, factor)
    case "Move":
        moving.show(page)
    case "Moves made":
        moved.show(page)
    case _:
        grids.show(page, factor)
