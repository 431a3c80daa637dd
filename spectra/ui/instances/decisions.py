"""What becomes of a recommendation: accepted, snoozed, dismissed, done; for one unit or many."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import pandas as pd
import streamlit as st

from spectra.moments import DAY, midnight, today
from spectra.store import advice_log
from spectra.store.advice_log import Decision, State
from spectra.ui import landing
from spectra.ui.frame import Page
from spectra.ui.instances import asking

LABELS: dict[State, str] = {
    "accepted": "Accept",
    "snoozed": "Snooze",
    "dismissed": "Dismiss",
    "done": "Mark done",
    "open": "Reopen",
}
SNOOZE_DAYS = 30
COLORS: dict[str, Literal["blue", "green", "orange", "gray", "violet"]] = {
    "open": "blue",
    "accepted": "green",
    "snoozed": "orange",
    "dismissed": "gray",
    "done": "violet",
}


def bulk(page: Page, rows: pd.DataFrame) -> None:
    """Decide on the rows chosen in the table, or open the one that is."""
    advised = rows[rows["action"].notna()]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(rows) == 1:
            st.button(
                "Open this machine", icon=":material/open_in_new:", key="open_machine",
                on_click=_open, args=(rows["unit_id"].iloc[0],), type="primary",
            )  # fmt: skip
        st.caption(
            f"{len(rows)} chosen, {len(advised)} with advice."
            if len(rows)
            else "Choose rows to decide on their advice, or one to look into it."
        )
        _plans(page, rows)
    if len(advised):
        form(page, list(zip(advised["unit_id"], advised["finding"], strict=True)), "bulk")


def _plans(page: Page, rows: pd.DataFrame) -> None:
    """Buttons that plan something for the rows; groups change by their launch template."""
    single = rows[rows["kind"] == "instance"]
    for verb, part in (
        ("stop", single[single["state"] == "running"]),
        ("start", single[single["state"] == "stopped"]),
        ("resize", single[single["action"] == "resize"]),
    ):
        if len(part):
            asking.button(
                page, verb, "instance", list(part["unit_id"]), key=f"plan_{verb}",
                wanted=dict(zip(part["unit_id"], part["target_type"], strict=True)),
                label=f"Plan: {'resize as advised' if verb == 'resize' else verb} {len(part)}",
            )  # fmt: skip


def _open(unit_id: str) -> None:
    st.session_state["unit"] = st.query_params["unit"] = unit_id
    st.session_state["view"] = "One machine"


def form(page: Page, subjects: Sequence[tuple[str, str]], key: str) -> None:
    """One decision for some recommendations, each a unit and its finding."""
    if not page.workspace.may_change:
        st.caption("This deployment is public: decisions are not kept.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{key}_decision"):
        choice: State | None = st.segmented_control(
            "Decision",
            LABELS,
            format_func=lambda state: LABELS[state],
            key=f"{key}_state",
            wrap=True,
        )
        until, reason = _details(choice, key)
        if st.button("Keep", key=f"{key}_keep", disabled=choice is None) and choice:
            _keep(page, subjects, choice, until, reason)


def _details(choice: State | None, key: str) -> tuple[datetime | None, str]:
    """What a decision needs besides: an end, or a reason."""
    if choice == "snoozed":
        day = st.date_input(
            "Until (UTC)", today() + timedelta(days=SNOOZE_DAYS), key=f"{key}_until",
            min_value=today() + DAY,
        )  # fmt: skip
        return midnight(day), ""
    if choice == "dismissed":
        return None, st.text_input(
            "Reason", key=f"{key}_reason", placeholder="e.g. standby of the database", width=320
        ).strip()
    return None, ""


def _keep(
    page: Page,
    subjects: Sequence[tuple[str, str]],
    choice: State,
    until: datetime | None,
    reason: str,
) -> None:
    if choice == "dismissed" and not reason:
        st.warning("A dismissal needs a reason: the next reader asks for it.")
        return
    now = datetime.now(UTC)
    advice_log.decide(
        page.store,
        [Decision(unit, finding, choice, now, until, reason) for unit, finding in subjects],
    )
    st.toast(f"{len(subjects)} × {choice}.", icon=":material/check:")
    landing.on_heading()
    st.rerun()
