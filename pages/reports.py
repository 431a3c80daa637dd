"""Reports: a scope 1/2/3 report with its files, final ones in a chain, and what they rest on."""

import streamlit as st

from spectra.store import emission_queries as emissions
from spectra.ui import choosing, fleetless, frame
from spectra.ui.reports import history, making

VIEWS = ("Report", "History")

page = frame.current()

st.title("Reports")
st.caption("A report has a period and a boundary of its own: the sidebar's filters do not apply.")
if page.get(emissions.ledger_span) is None:
    fleetless.say(page, "to report on")
    st.stop()

view = choosing.view(VIEWS, key="reports_view")
if view == "History":
    history.show(page)
else:
    making.show(page)
