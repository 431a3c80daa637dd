"""Anomalies: what is out of the ordinary, what it costs, and what to do about it."""

import streamlit as st

from spectra.ui import choosing, fleetless, frame
from spectra.ui.anomalies import attention, calendar, incident, sensitivity, watching

VIEWS = ("Attention", "One incident", "Planned events", "Sensitivity")

page = frame.current()

st.title("Anomalies")
if not watching.ensure(page):
    fleetless.say(page, "with hours of load")
    st.stop()

found = watching.incidents(page)
watching.headlines(page, found)
view = choosing.view(VIEWS, key="anomaly_view")
match view:
    case "One incident":
        incident.show(page, found)
    case "Planned events":
        calendar.show(page)
    case "Sensitivity":
        sensitivity.show(page)
    case _:
        attention.show(page, found)
