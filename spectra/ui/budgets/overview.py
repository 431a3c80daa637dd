"""All budgets at a glance, and the league of teams."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from spectra import allocation, budget_charts, units
from spectra.budget_status import Status
from spectra.insight.allocation import UNALLOCATED
from spectra.insight.budgets import State
from spectra.moments import DAY
from spectra.ui import cards, empty
from spectra.ui.budgets import standing
from spectra.ui.frame import Page
from spectra.ui.plain import plain, shorten

SHOWN, LONGEST = 25, 60
PRESSING = (State.OVER, State.ALERT, State.WARN)


def show(page: Page, found: list[Status]) -> None:
    """Headlines, the table of budgets, and teams by emissions."""
    _headlines(found)
    if not found:
        empty.say(
            "No budget is set yet.",
            "Set one, or bring a CSV file with many. What teams emit shows below.",
            standing.SET_ONE,
            standing.BRING_SOME,
        )
    else:
        with cards.card("Every budget in its running period", help="The most pressing first."):
            cards.download(standing.draw(found, "budgets"), "budget_standing")
    _league(page)


def _headlines(found: list[Status]) -> None:
    pressing = [s for s in found if s.state in PRESSING or _is_overrunning(s)]
    columns = st.columns(4)
    with columns[0]:
        cards.headline("Budgets", str(len(found)), note=standing.counts(found) or "none is set")
    with columns[1]:
        names = ", ".join(dict.fromkeys(s.budget.name for s in pressing[:3]))
        cards.headline("Likely over or over", str(len(pressing)), note=_short(names) or "none",
                       help="Used up, or expected to end above the budget.")  # fmt: skip
    with columns[2]:
        worst = max(pressing, key=_above, default=None)
        gap = _above(worst) if worst else 0.0
        cards.headline("Furthest above budget", units.mass_text(gap) if gap > 0 else "nothing",
                       note=_short(worst.budget.name) if worst and gap > 0 else "",
                       help="At the end of its period. Not summed: budgets overlap, of a team and "
                       "of its environment, or of a month and its quarter.")  # fmt: skip
    with columns[3]:
        savings = _savings(pressing)
        cards.headline("Open advice of those teams",
                       units.mass_text(savings) if savings is not None else "none known",
                       note="until the end of their periods",
                       help="What open recommendations would save, if done now; each team once, in "
                       "the longest of its periods.")  # fmt: skip


def _is_overrunning(status: Status) -> bool:
    """Whether what is restated is expected above its budget all the same."""
    return status.state is State.RESTATED and (status.gap_g or 0.0) > 0


def _above(status: Status) -> float:
    """What a budget is expected to end above its amount, or is above it already [gCO2e]."""
    if status.gap_g is not None:
        return status.gap_g
    return (status.actual_g or 0.0) - (status.budget_g or 0.0)


def _savings(pressing: list[Status]) -> float | None:
    """Open savings of teams, a team with several budgets once; None where none is known."""
    by_team: dict[str, float] = {}
    for status in pressing:
        if status.savings_g is not None:
            team = status.budget.scope_key
            by_team[team] = max(by_team.get(team, 0.0), status.savings_g)
    return sum(by_team.values()) if by_team else None


def _short(names: str) -> str:
    """Names as text under a number, which reads Markdown; a very long one is cut."""
    return plain(shorten(names, LONGEST))


def _distributed(league: pd.DataFrame) -> None:
    """What the rules would deal out of nobody's emissions, beside what teams emit."""
    if not league["distributed_g"].any():
        return
    amounts = league[["total_g", "distributed_g"]] / units.GRAMS_PER_KG
    st.dataframe(
        league[["team"]].join(amounts), hide_index=True, width="stretch", key="distributed",
        height=cards.table_height(len(league)),
        column_config={
            "team": "Team",
            "total_g": st.column_config.NumberColumn("Its own [kg]", format="%,.3f"),
            "distributed_g": st.column_config.NumberColumn(
                "Of nobody's, beside it [kg]", format="%,.3f",
                help="What belongs to nobody, dealt out as the rules say; no part of any total."),
        },
    )  # fmt: skip


def _league(page: Page) -> None:
    first, last = page.selection.start.date(), page.selection.last_day
    with cards.card(
        "Teams by CO₂e",
        help="After aliases, account defaults and shared pools, over whole UTC days of the period "
        "chosen; filters of regions and environments do not apply.",
    ):
        league = page.get(allocation.league, first, last + DAY)
        if league.empty:
            empty.say("Nothing was emitted in this period.", "Choose a longer one.", empty.LONGER)
            return
        total = float(league["total_g"].sum())
        rest = float(league.loc[league["team"] == UNALLOCATED, "total_g"].sum())
        scale = units.mass_unit(float(league["total_g"].max()))
        st.caption(f"{units.mass_text(total)} in all; {units.share_text(rest / total)} belongs to "
                   "nobody." if total else "Nothing was emitted.")  # fmt: skip
        cards.chart(
            budget_charts.by_team(league.head(SHOWN), *scale), key="league",
            alt=f"{min(len(league), SHOWN)} of {units.counted(len(league), 'team')} by CO₂e, the "
            f"greatest first: {league['team'].iloc[0]} with "
            f"{units.mass_text(float(league['total_g'].iloc[0]))}.",
        )  # fmt: skip
        if len(league) > SHOWN:
            st.caption(f"The {SHOWN} greatest of {len(league)} are drawn; the CSV has all.")
        _distributed(league)
        cards.download(league, "teams", of=(f"{first}", f"{last}"))
