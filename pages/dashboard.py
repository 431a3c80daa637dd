"""Dashboard: what the fleet emits now, in this period, of which scopes, and who emits most."""

import streamlit as st

from spectra.store import emission_queries as emissions
from spectra.ui import cards, dashboard, empty, fleetless, frame, guide, headlines, scopes
from spectra.ui.budgets import standing

page = frame.current()
selection = page.selection
totals = page.get(emissions.totals, selection)

st.title("Dashboard")
if page.get(emissions.ledger_span) is None:
    fleetless.say(page, "to account for", empty.FILES)
    st.stop()

guide.show(page.workspace)
headlines.draw(page, totals)

if not totals["hours"]:
    empty.say(
        "Nothing was running under these filters in this period.",
        "Choose a longer period, or clear a filter in the sidebar.",
        empty.LONGER,
        empty.EVERYTHING,
    )
    st.stop()

frame.paint_first()
standing.card(page)

left, right = st.columns([5, 4])
with left, cards.card("CO₂e by day", help="Bars: central estimate. Whiskers: 95 % interval."):
    dashboard.by_day(page)
with right, cards.card("Scopes", help="AWS-operations scopes, allocated to us. Location-based."):
    scopes.show(page, totals)

for column, dimension in zip(st.columns(3), ("region", "team", "service"), strict=True):
    with column, cards.card(f"CO₂e by {dimension}", help=dashboard.HELP.get(dimension)):
        dashboard.by_dimension(page, dimension)
        if dimension == "service":
            st.markdown("**CO₂e by environment**")
            dashboard.by_dimension(page, "environment")

with cards.card(
    "Top emitters", help="Resources by CO₂e in the period; cost at on-demand list price."
):
    dashboard.top_emitters(page)

left, right = st.columns(2)
with (
    left,
    cards.card("What the numbers rest on", help="Share of energy by the quality of each input."),
):
    dashboard.quality(page)
with right, cards.card("What hour by hour adds"):
    dashboard.context(page, totals)
