"""Empty states: why there is nothing to see, and the next step one press away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import streamlit as st

from spectra.ui import address, landing
from spectra.ui.plain import plain, shorten


class Link(NamedTuple):
    """A next step on another page, with what that page is to show."""

    page: str
    label: str
    icon: str
    parameters: Mapping[str, str] = {}


class Turn(NamedTuple):
    """A next step on this page: a button that sets its filters or its view by their keys."""

    label: str
    icon: str
    values: Mapping[str, Any] = {}


CONNECT = Link("pages/settings.py", "Connect an AWS account", ":material/key:",
               {"section": "AWS"})  # fmt: skip
GRIDS = Link("pages/settings.py", "Connect Electricity Maps", ":material/bolt:",
             {"section": "Grids and latency"})  # fmt: skip
FILES = Link("pages/regions.py", "Bring grid files", ":material/upload_file:")
LONGER = Turn("Look at 90 days", ":material/date_range:", {"period": "90 days"})
EVERYTHING = Turn("Clear the sidebar's filters", ":material/filter_alt_off:",
                  {"regions": [], "teams": [], "environments": []})  # fmt: skip
_LONGEST = 60  # letters of a name that nobody knows


def say(message: str, next_step: str, *steps: Link | Turn) -> None:
    """An empty state: what is missing and why, what to do, and the ways to do it."""
    st.info(f"{message}\n\n{next_step}", icon=":material/info:")
    if steps:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            for step in steps:
                _draw(step, message)


def say_not_on_offer(key: str, kind: str, next_step: str, *steps: Link | Turn) -> None:
    """What an address asks for as `key` and is not there (`address.read`); nothing else is said."""
    if unknown := st.session_state.get(address.note(key)):
        names = ", ".join(f"“{plain(shorten(name, _LONGEST))}”" for name in unknown[:3])
        more = f" and {len(unknown) - 3:,} more" if len(unknown) > 3 else ""
        say(f"This page's address asks for the {kind} {names}{more}, which is not on offer.",
            next_step, *steps)  # fmt: skip


def _draw(step: Link | Turn, message: str) -> None:
    if isinstance(step, Link):
        st.page_link(step.page, label=step.label, icon=step.icon,
                     query_params=dict(step.parameters) or None)  # fmt: skip
    else:
        st.button(step.label, icon=step.icon, key=f"turn {message} {step.label}",
                  on_click=_turn, args=(dict(step.values),))  # fmt: skip


def _turn(values: dict[str, Any]) -> None:
    st.session_state.update(values)
    for key in values:
        address.forget(key)
    landing.on_heading()
