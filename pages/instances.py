"""Instances: which machines have the wrong size, what a change would save, and the change."""

import streamlit as st

from spectra.ui import choosing, frame
from spectra.ui.instances import (
    changes,
    fleet,
    judging,
    machine,
    potential,
    results,
    waste,
    what_if,
)

VIEWS = ("Fleet", "One machine", "Waste", "What if", "Changes", "Results")

page = frame.current()

st.title("Instances")
run = judging.ensure(page)
if run is None:
    judging.nothing_yet(page)
    st.stop()

table = fleet.selected(page)
potential.headlines(page, table)
view = choosing.view(VIEWS, key="view")
match view:
    case "One machine":
        machine.show(page, table)
    case "Waste":
        waste.show(page)
    case "What if":
        what_if.show(page, table)
    case "Changes":
        changes.show(page)
    case "Results":
        results.show(page)
    case _:
        fleet.show(page, table)
judging.footnote(run)
