"""Budgets: what each team may emit, what it will, whose emissions are whose, and chargeback."""

import streamlit as st

from spectra.store import emission_queries as emissions
from spectra.ui import choosing, fleetless, frame
from spectra.ui.budgets import allocation, asked, changing, one, overview, standing, statements
from spectra.ui.instances import judging

VIEWS = ("Overview", "One budget", "Allocation", "Chargeback", "Change")
OF_ONE = {"One budget", "Chargeback"}  # which follow the team that is asked for

page = frame.current()

st.title("Budgets")
if page.get(emissions.ledger_span) is None:
    fleetless.say(page, "to account for")
    st.stop()

judging.ensure(page)  # what would bring a budget back rests on open recommendations
view = choosing.view(VIEWS, key="budget_view")
if view not in OF_ONE:
    asked.tell(page, view)
match view:
    case "One budget":
        one.show(page, standing.statuses(page))
    case "Allocation":
        allocation.show(page)
    case "Chargeback":
        statements.show(page)
    case "Change":
        changing.show(page, standing.statuses(page))
    case _:
        overview.show(page, standing.statuses(page))
