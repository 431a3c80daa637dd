"""The sidebar filters: they survive page changes and live in the URL."""

from __future__ import annotations

from datetime import datetime, timedelta

import streamlit as st

from spectra.insight.periods import PERIODS, Span, named_period
from spectra.moments import DAY, HOUR, last_day, midnight
from spectra.store.selection import Selection
from spectra.store.tags import fold
from spectra.ui import address, empty

CUSTOM = "Custom"
DEFAULT_PERIOD = "30 days"
# In the session: names of a workspace that has ended are not to be selected any more.
TO_CLEAR = "_filters_to_clear"
NAMES = ("regions", "teams", "environments")
# In the session: teams that an address asked for and that are not on offer.
OTHER_TEAMS = address.note("teams")


def sidebar(choices: dict[str, list[str]], known: Span, hour: datetime) -> Selection:
    """Draw the filters and return what they select.

    Parameters
    ----------
    choices : dict
        Values on offer: regions, teams, environments.
    known : Span
        Hours of which anything is known; a custom period stays within them.
    hour : datetime
        The running hour.
    """
    if st.session_state.pop(TO_CLEAR, False):
        st.session_state.update({key: [] for name in NAMES for key in (name, address.note(name))})
    _read(choices)
    with st.sidebar:
        span = _period(known, hour)
        picked = {
            name: tuple(
                st.multiselect(
                    name.capitalize(),
                    choices[name],
                    key=name,
                    placeholder=f"All {len(choices[name])}" if choices[name] else "None yet",
                    bind="query-params",
                    persist_state="session",
                    on_change=address.forget,
                    args=(name,),
                )
            )
            for name in NAMES
        }
        st.caption("Days and hours are UTC.")
    return Selection(span.start, span.end, **picked)


def tell() -> None:
    """Say what an address asked these filters for and they do not have."""
    for name in NAMES:
        empty.say_not_on_offer(
            name, name.removesuffix("s"), f"All {name} are shown unless others are chosen.",
            empty.Turn(f"Look at all {name}", ":material/filter_alt_off:", {name: []}),
        )  # fmt: skip
    shown = f"“{st.session_state['period']}” is shown instead; choose another one at the side."
    empty.say_not_on_offer("period", "period", shown)


def _read(choices: dict[str, list[str]]) -> None:
    """Take ``?team=`` for ``?teams=``, and keep names that the filters drop from the address."""
    one = [fold(name) for name in st.query_params.get_all("team")]
    for name in NAMES:
        address.read(name, choices[name], *(one if name == "teams" else ()))
    address.read("period", (*PERIODS, CUSTOM))
    known = [name for name in one if name in choices["teams"]]
    if known and "teams" not in st.query_params:
        st.session_state["teams"] = st.query_params["teams"] = known
    if one:
        del st.query_params["team"]


def _period(known: Span, hour: datetime) -> Span:
    name = st.selectbox(
        "Period",
        [*PERIODS, CUSTOM],
        index=PERIODS.index(DEFAULT_PERIOD),
        key="period",
        bind="query-params",
        persist_state="session",
        on_change=address.forget,
        args=("period",),
    )
    if name != CUSTOM:
        return named_period(name or DEFAULT_PERIOD, hour)
    first, last = known.start.date(), last_day(known.end)
    chosen = st.date_input(
        "From and to (UTC days)",
        (max(first, last - timedelta(days=6)), last),
        min_value=first,
        max_value=last,
        key="days",
        bind="query-params",
        persist_state="session",
    )
    days = chosen if isinstance(chosen, tuple) else (chosen,)
    if len(days) < 2:
        st.caption("Pick the last day too.")
    start = midnight(days[0] if days else first)
    end = midnight(days[-1] if days else last) + DAY
    return Span(start, min(end, max(known.end, start + HOUR)))
