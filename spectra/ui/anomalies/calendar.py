"""Planned events: maintenance and deployments that explain what would else be an alert."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from uuid import uuid4

import streamlit as st

from spectra.moments import hour_of
from spectra.store import incident_log
from spectra.store.incident_log import PlannedEvent
from spectra.ui import cards, landing
from spectra.ui.frame import Page
from spectra.ui.workspace import errors_shown

ABOUT = ("Everything", "Machines with a tag", "One machine")


def show(page: Page) -> None:
    """What is planned, and a form for more."""
    events = page.get(incident_log.planned)
    with cards.card("Planned events", help="What happens while one lasts raises no alert of usage "
                    "or missing data; a day it falls on raises none of the footprint or cost of a "
                    "team if the event is about everything, or about a tag that all machines of "
                    "the team bear. What outlasts it is raised when it is over."):  # fmt: skip
        if events.empty:
            st.caption("No event is planned.")
        else:
            st.dataframe(
                events, hide_index=True, width="stretch", height="content", key="planned",
                placeholder="–",
                column_order=["name", "start", "end", "tag", "value", "series"],
                column_config={
                    "name": "What", "start": cards.utc_column("From"),
                    "end": cards.utc_column("To"), "tag": "Tag", "value": "Value",
                    "series": "Machine",
                },
            )  # fmt: skip
            cards.download(events, "planned_events")
    if not page.workspace.may_change:
        st.caption("This deployment is public: nothing is planned here.")
        return
    _delete(page, dict(zip(events["event_id"], events["name"], strict=True)))
    with cards.card("Plan one"):
        _form(page)


def _delete(page: Page, names: dict[str, str]) -> None:
    if not names:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Event", list(names), format_func=names.__getitem__, width=320,
                              key="planned_chosen")  # fmt: skip
        # Its own button: where another tab deleted it, the click must not pass to the next.
        if chosen and st.button("Delete", icon=":material/delete:",
                                key=f"planned_delete_{chosen}"):  # fmt: skip
            with errors_shown():
                incident_log.unplan(page.store, chosen)
                st.rerun()


def _form(page: Page) -> None:
    about = st.segmented_control("About", ABOUT, default=ABOUT[0], required=True, key="plan_about")
    now = hour_of(datetime.now(UTC))
    with st.form("plan_event", border=False):
        name = st.text_input("What", key="plan_name", placeholder="Load test of the shop")
        tag = value = series = None
        if about == ABOUT[1]:
            tag = st.text_input("Tag key, as it is written", key="plan_tag")
            value = st.text_input("Tag value", key="plan_value")
        elif about == ABOUT[2]:
            series = st.text_input("Instance ID", key="plan_series")
        left, right = st.columns(2)
        begin = _moment(left, "From", now, "from")
        end = _moment(right, "To", now + timedelta(hours=4), "to")
        if st.form_submit_button("Plan it"):
            texts = [text.strip() if text else None for text in (series, tag, value)]
            _keep(page, PlannedEvent(uuid4().hex[:12], name.strip(), begin, end, *texts), about)


def _moment(column: st.delta_generator.DeltaGenerator, label: str, at: datetime, key: str
            ) -> datetime:  # fmt: skip
    day = column.date_input(f"{label} (UTC day)", at.date(), key=f"plan_{key}_day")
    clock = column.time_input(f"{label} (UTC)", at.time(), key=f"plan_{key}_time")
    return datetime.combine(day, clock or time(), UTC)


def _keep(page: Page, event: PlannedEvent, about: str) -> None:
    needs = {ABOUT[1]: bool(event.tag and event.value), ABOUT[2]: bool(event.series)}
    if not event.name or not needs.get(about, True):
        st.warning("It needs a name, and what it is about.")
        return
    if event.end <= event.start:
        st.warning("It ends before it begins.")
        return
    with errors_shown():
        incident_log.plan(page.store, event, datetime.now(UTC))
        landing.on_heading()
        st.rerun()
