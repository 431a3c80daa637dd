"""What becomes of an incident: acknowledged, snoozed, expected or dismissed with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pandas as pd
import streamlit as st

from spectra.store import incident_log
from spectra.store.incident_log import FALSE_ALARM, Decision, State
from spectra.ui import landing
from spectra.ui.frame import Page
from spectra.ui.workspace import errors_shown

LABELS: dict[State, str] = {
    "acknowledged": "Acknowledge",
    "snoozed": "Snooze",
    "expected": "Mark expected",
    "dismissed": "Dismiss",
    "open": "Reopen",
}
SNOOZES = {"4 hours": 4, "a day": 24, "a week": 168, "30 days": 720}
REASONS = (FALSE_ALARM, "known and accepted", "not worth it", "other")


def bulk(page: Page, rows: pd.DataFrame) -> None:
    """Decide on the rows chosen, or open the one that is."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(rows) == 1:
            st.button("Open this incident", icon=":material/open_in_new:", type="primary",
                      key="open_incident", on_click=_open,
                      args=(rows["incident_id"].iloc[0],))  # fmt: skip
        st.caption(f"{len(rows)} chosen." if len(rows) else "Choose rows to decide on them.")
    if len(rows):
        form(page, list(rows["incident_id"]), "incidents")


def _open(incident_id: str) -> None:
    st.session_state["incident"] = st.query_params["incident"] = incident_id
    st.session_state["anomaly_view"] = "One incident"


def form(page: Page, ids: Sequence[str], key: str) -> None:
    """One decision for some incidents."""
    if not page.workspace.may_change:
        st.caption("This deployment is public: decisions are not kept.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choice: State | None = st.segmented_control(
            "Decision",
            LABELS,
            format_func=lambda state: LABELS[state],
            key=f"{key}_choice",
            wrap=True,
        )
        until, reason = _details(choice, key)
        if st.button("Keep", key=f"{key}_keep", disabled=choice is None) and choice:
            _keep(page, ids, choice, until, reason)


def _details(choice: State | None, key: str) -> tuple[datetime | None, str]:
    if choice == "snoozed":
        name = st.selectbox("For", list(SNOOZES), key=f"{key}_for", width=140)
        return datetime.now(UTC) + timedelta(hours=SNOOZES[name]), ""
    if choice in ("dismissed", "expected"):
        reason = ""
        if choice == "dismissed":
            reason = st.selectbox("Because", REASONS, key=f"{key}_because", width=200)
        said = st.text_input("In words", key=f"{key}_words", width=260).strip()
        return None, f"{reason}: {said}".strip(": ") if said else reason
    return None, ""


def _keep(
    page: Page, ids: Sequence[str], choice: State, until: datetime | None, reason: str
) -> None:
    if choice == "dismissed" and reason == "other":
        st.warning("Say in words why: the next reader asks for it.")
        return
    now = datetime.now(UTC)
    with errors_shown():
        incident_log.decide(page.store, [Decision(i, choice, now, until, reason) for i in ids])
        st.toast(f"{len(ids)} × {choice}.", icon=":material/check:")
        landing.on_heading()
        st.rerun()
