"""Keeps the advice that the page shows up to date, and says how it came about."""

from __future__ import annotations

import json

import streamlit as st

from spectra import advice, units
from spectra.store import advice_log
from spectra.store.advice_log import Run
from spectra.store.emission_queries import ledger_span
from spectra.ui import empty, fleetless
from spectra.ui.frame import Page


def ensure(page: Page) -> Run | None:
    """The last run; the fleet is judged first where that is due and nobody else is at it."""
    rules = advice.rules_of(page.workspace.config)
    lock = page.store.refresh_lock
    if page.get(advice.is_due, page.catalog, rules) and lock.acquire(blocking=False):
        try:
            with st.spinner("Reading the load of the last weeks and judging every machine…"):
                advice.refresh_advice(page.store, page.catalog, rules)
        finally:
            lock.release()
    found: Run | None = page.get(advice_log.last_run)
    return found


def nothing_yet(page: Page) -> None:
    """Why there is nothing to show: no fleet, or one that somebody else is reading."""
    if page.get(ledger_span) is None:
        fleetless.say(page, "with hours of load")
    else:
        empty.say(
            "The fleet is being read or judged for the first time just now.",
            "It takes about a minute.",
            empty.Turn("Look again", ":material/refresh:"),
        )


def footnote(run: Run) -> None:
    """How, when and on what the advice was made."""
    rules = json.loads(run.rules)
    st.caption(
        f"Judged {units.moment_text(run.computed_at)} on hourly load up to "
        f"{units.moment_text(run.data_until)}: the last {rules['look_back_days']} "
        f"days, {rules['cpu_headroom_pct']:.0f} % of CPU and {rules['memory_headroom_pct']:.0f} % "
        "of memory kept free. Savings replay four weeks hour by hour with each hour's grid; a "
        "month is 730 hours, intervals are 95 % over days. The **allocated** footprint falls by "
        "this; less is emitted only when AWS uses the capacity that becomes free."
    )
    with st.container(horizontal=True, gap="small"):
        st.page_link("pages/settings.py", label="Rules", icon=":material/tune:",
                     query_params={"section": "Rightsizing"})  # fmt: skip
        st.page_link("pages/method.py", label="Method", icon=":material/function:",
                     query_params={"topic": "Rightsizing"})  # fmt: skip
