"""Scheduler: when and where to run a job, on a forecast whose accuracy is shown."""

import streamlit as st

from spectra.ui import cards, frame
from spectra.ui.scheduler import accuracy, form, jobs, result

page = frame.current()

st.title("Scheduler")
st.caption(
    "A job has its own hours and regions. It begins with the sidebar's first region; no other "
    "filter applies."
)
asked = form.job_form(page)
best = result.advice(page, asked)
jobs.save_form(page, asked, best)
with cards.card("Jobs", help="Recurring jobs are planned again each hour until they start."):
    jobs.job_list(page)
with cards.card(
    "Forecast accuracy",
    help="Every forecast that was issued is kept and judged when its hours have been stated.",
):
    accuracy.table(page, asked.spec.factor)
