"""All budgets at a glance, and the league of teams."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from spectra import allocation, budget_charts, units
from spectra.budgets import Status
from spectra.exports import csv_bytes
from spectra.insight.allocation import UNALLOCATED
from spectra.insight.budgets import State
from spectra.ui import cards
from spectra.ui.budgets import standing
from spectra.ui.frame import Page

PRESSING = (State.OVER, State.ALERT, State.WARN)


def show(page: Page, found: list[Status]) -> None:
    """Headlines, the table of budgets, and teams by emissions."""
    _headlines(page, found)
    if not found:
        cards.empty(
            "No budget is set yet.",
            "Set one under Change, or bring a CSV file with many. What teams emit shows below.",
        )
    else:
        with cards.card("Every budget in its running period", help="The most pressing first."):
            standing.draw(found, "budgets")
            st.download_button(
                "CSV", csv_bytes(standing.table(found)), "budget_standing.csv", "text/csv",
                key="standing_csv", icon=":material/download:", on_click="ignore",
            )  # fmt: skip
    _league(page)


def _headlines(page: Page, found: list[Status]) -> None:
    pressing = [s for s in found if s.state in PRESSING]
    gaps = [s.gap_g for s in pressing if s.gap_g is not None and s.gap_g > 0]
    savings = [s.savings_g for s in pressing if s.savings_g is not None]
    columns = st.columns(4)
    with columns[0]:
        cards.headline("Budgets", str(len(found)), note=standing.counts(found) or "none is set")
    with columns[1]:
        cards.headline("Likely over or over", str(len(pressing)),
                       note=", ".join(s.budget.name for s in pressing[:3]) or "none",
                       help="Used up, or expected to end above the budget.")  # fmt: skip
    with columns[2]:
        cards.headline("Expected above budget", units.mass_text(sum(gaps)) if gaps else "nothing",
                       note="summed over those", help="A budget of a part of another one counts "
                       "for itself.")  # fmt: skip
    with columns[3]:
        cards.headline("Open advice of those teams",
                       units.mass_text(sum(savings)) if savings else "none known",
                       note="until the end of their periods",
                       help="What open recommendations would save, if done now.")  # fmt: skip


def _league(page: Page) -> None:
    first, last = page.selection.start.date(), (page.selection.end - timedelta(hours=1)).date()
    with cards.card(
        "Teams by CO₂e",
        help="After aliases, account defaults and shared pools, over whole UTC days of the period "
        "chosen; filters of regions and environments do not apply.",
    ):
        league = page.get(allocation.league, first, last + timedelta(days=1))
        if league.empty:
            st.caption("Nothing was emitted in this period.")
            return
        total = float(league["total_g"].sum())
        rest = float(league.loc[league["team"] == UNALLOCATED, "total_g"].sum())
        unit = units.mass(float(league["total_g"].max()))
        per_unit = float(league["total_g"].max()) / unit.value if unit.value else 1.0
        st.caption(f"{units.mass_text(total)} in all; {units.share_text(rest / total)} belongs to "
                   "nobody." if total else "Nothing was emitted.")  # fmt: skip
        st.plotly_chart(
            budget_charts.by_team(league.head(25), unit.unit, per_unit), key="league",
            alt=f"{len(league)} teams by CO₂e, the greatest first.",
            config={"displayModeBar": False},
        )  # fmt: skip
        st.download_button("CSV", csv_bytes(league), "teams.csv", "text/csv", key="league_csv",
                           icon=":material/download:", on_click="ignore")  # fmt: skip
