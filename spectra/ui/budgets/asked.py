"""The team that an address or the sidebar asks the Budgets page for."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from spectra.allocation import rules_on
from spectra.insight.allocation import Rules
from spectra.store import budget_log
from spectra.store.emission_queries import choices
from spectra.ui import empty, filters
from spectra.ui.frame import Page
from spectra.ui.plain import plain, shorten

LONGEST = 60
ALL_TEAMS = empty.Turn("Look at all teams", ":material/groups:",
                       {"budget_view": "Overview", "teams": [], filters.OTHER_TEAMS: []}
                       )  # fmt: skip
RULES = empty.Turn("Rules of allocation", ":material/rule:", {"budget_view": "Allocation"})
OPEN = empty.Turn("Open it", ":material/open_in_new:", {"budget_view": "One budget"})


def team(page: Page) -> str:
    """The first team that is asked for, as the rules of today call it; empty for none."""
    names = (*page.selection.teams, *st.session_state.get(filters.OTHER_TEAMS, ()))
    return _rules(page).team(names[0]) if names else ""


def is_known(page: Page, name: str) -> bool:
    """Whether a tag, a rule of today or an open budget names a team."""
    kept = page.get(budget_log.budgets, page.hour.date())
    return (
        name in page.get(choices)["teams"]
        or name in _rules(page).receivers
        or any(b.scope_kind == "team" and b.scope_key == name for b in kept)
    )


def unknown(name: str) -> tuple[str, str]:
    """What is said of a team that nobody knows, and what to do about it."""
    return (
        f"No team is called “{plain(shorten(name, LONGEST))}”: no tag, rule or budget names it.",
        "Choose another one, or look at all teams.",
    )


def tell(page: Page, view: str) -> None:
    """Say that a view of all teams is not one of the team that is asked for."""
    if not (name := team(page)):
        return
    if not is_known(page, name):
        empty.say(*unknown(name), ALL_TEAMS, RULES)
    elif view == "Overview":
        empty.say(f"This view is of all teams, and not of “{plain(name)}” alone.",
                  "One budget and Chargeback show a team.", OPEN, ALL_TEAMS)  # fmt: skip


def follow(page: Page, key: str, value_of: Callable[[str], str]) -> None:
    """Have a choice that the address carries as `key` follow the team that is asked for.

    It does so once for each team: what is chosen by hand since stays.
    """
    name, seen = team(page), f"_{key}_team"
    before = st.session_state.get(seen)
    if name == before:
        return
    st.session_state[seen] = name
    if before and not name:
        st.query_params.pop(key, None)
    # A link that names the choice itself says more than its filters do.
    elif name and not (before is None and key in st.query_params):
        st.query_params[key] = value_of(name)


def _rules(page: Page) -> Rules:
    rules: Rules = page.get(rules_on, page.hour.date())
    return rules
