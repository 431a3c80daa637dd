"""Reports: a scope 1/2/3 report with its files, final ones in a chain, and what they rest on."""

import streamlit as st

from spectra.store import emission_queries as emissions
from spectra.ui import empty, frame
from spectra.ui.reports import history, making

VIEWS = ("Report", "History")

page = frame.current()

st.title("Reports")
if page.get(emissions.ledger_span) is None:
    empty.say("There is no fleet to report on yet.", empty.NO_FLEET, empty.CONNECT)
    st.stop()

view = st.segmented_control(
    "View",
    VIEWS,
    default=VIEWS[0],
    required=True,
    key="reports_view",
    bind="query-params",
    persist_state="session",
    label_visibility="collapsed",
)
if view == "History":
    history.show(page)
else:
    making.show(page)
