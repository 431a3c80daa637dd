"""What a team emits, with a budget or without: its course, where, and what would reduce it."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st

from spectra import allocation, budget_charts, teams, units
from spectra.budget_outlook import BASIS_NAMES, BASIS_PARTS, open_savings
from spectra.budget_status import Status
from spectra.insight.allocation import UNALLOCATED
from spectra.insight.budgets import period_of
from spectra.moments import DAY, HOUR
from spectra.store.budget_log import Basis
from spectra.store.emission_queries import accounted_span
from spectra.ui import cards, drawn
from spectra.ui.frame import Page
from spectra.ui.plain import plain

SHOWN = 8


def without_budget(page: Page, found: list[Status]) -> list[str]:
    """Teams that emit in the running month and have no budget, the greatest first."""
    kept = {s.budget.scope_key for s in found if s.budget.scope_kind == "team"}
    league = page.get(allocation.league, *_month(page))
    return [name for name in league["team"] if name not in kept and name != UNALLOCATED]


def show(page: Page, name: str) -> None:
    """A team without a budget: all but a limit."""
    first, after = _month(page)
    days = page.get(teams.days, name, first, after)
    total = float(days["total_g"].sum())
    with cards.card(plain(name)):
        with st.container(horizontal=True, gap="small"):
            st.badge("no budget", color="gray")
            st.badge(f"{first:%Y-%m}", color="blue")
            st.caption("all scopes, location-based · AWS's operations, allocated")
        st.markdown(f"{units.mass_text(total)} CO₂e so far this month, without a limit: no budget "
                    "is set for this team.")  # fmt: skip
    with cards.card("Course of the month"):
        scale = units.mass_unit(float(days["total_g"].max()))
        cards.chart(
            budget_charts.by_day(days, *scale), key="team_course",
            alt=f"CO₂e of the team by UTC day: {units.mass_text(total)} in "
            f"{units.counted(len(days), 'day')}.",
        )  # fmt: skip
        cards.download(days, "team_days", of=(name, f"{first:%Y-%m}"))
    left, right = st.columns(2)
    with left:
        where(page, name, first, after)
    with right, cards.card("What would reduce it"):
        _advice(page, name)
        links(name)


def where(page: Page, name: str, since: date, after: date, basis: Basis = "total_lb") -> None:
    """Regions and services of a team over the UTC days of [since, after), on a basis."""
    with cards.card("Where it emits", help="By region and service, after the rules of allocation, "
                    f"on the UTC days {since} to {after - DAY}; {BASIS_NAMES[basis]}."
                    ):  # fmt: skip
        rows = page.get(teams.places, name, since, after, BASIS_PARTS[basis])
        if rows.empty:
            st.caption("Nothing is accounted for yet.")
            return
        st.caption(f"{units.mass_text(rows['total_g'].sum())} CO₂e from {since:%d %b} to "
                   f"{after - DAY:%d %b %Y}.")  # fmt: skip
        shown = rows.assign(
            name=rows["region"] + " · " + rows["service"],
            co2e=rows["total_g"].map(units.mass_text),
            share=rows["total_g"] / (rows["total_g"].sum() or 1.0),
        )
        drawn.shares(shown.head(SHOWN), "Region and service",
                     alt=f"CO₂e of the team: {drawn.most(shown)}")  # fmt: skip
        if len(rows) > SHOWN:
            st.caption(f"The {SHOWN} greatest of {len(rows)} are shown; the CSV has all.")
        cards.download(rows, "team_places", of=(name, f"{since}", f"{after - DAY}"))


def links(name: str) -> None:
    """Where to act on what a team emits."""
    query: dict[str, Any] = {"teams": name}
    st.page_link("pages/instances.py", label="The team's recommendations",
                 icon=":material/dns:", query_params=query)  # fmt: skip
    st.page_link("pages/anomalies.py", label="The team's anomalies",
                 icon=":material/warning:", query_params=query)  # fmt: skip
    st.page_link("pages/scheduler.py", label="Move work to cleaner hours",
                 icon=":material/schedule:")  # fmt: skip


def _advice(page: Page, name: str) -> None:
    savings = page.get(open_savings, page.hour)
    if savings is None:
        st.caption("The fleet was not judged yet.")
        return
    grams = 24 * savings.get(name, 0.0)
    st.markdown(f"Open recommendations of the team would save {units.mass_text(grams)} a day, if "
                "carried out now.")  # fmt: skip


def _month(page: Page) -> tuple[date, date]:
    """UTC days of the month that the last hour lies in, up to its day."""
    last = page.get(accounted_span)[1] - HOUR
    return period_of("month", last).start.date(), last.date() + DAY
