"""One budget, or a team without one: its course, where it will end, what would bring it back."""

from __future__ import annotations

from functools import partial

import streamlit as st

from spectra import budget_charts, budgets, units
from spectra.budget_outlook import BASIS_NAMES
from spectra.budget_status import Status
from spectra.insight.budgets import THRESHOLDS
from spectra.moments import day_after
from spectra.store import budget_log
from spectra.store.budget_log import Budget
from spectra.ui import cards, choosing, empty
from spectra.ui.budgets import asked, standing, team
from spectra.ui.frame import Page
from spectra.ui.plain import plain

_TEAM = "team:"  # before the name of one without a budget
LABELS = {
    "actual-50": "50 % used", "actual-80": "80 % used", "actual-100": "used up",
    "forecast-100": "expected above the budget", "probability-80": "overrun likely (80 %)",
}  # fmt: skip


def show(page: Page, found: list[Status]) -> None:
    """Everything about one budget, or about a team that has none."""
    if not found:
        empty.say("No budget is set yet.", "Set the first one.", standing.SET_ONE)
    teams = {f"{_TEAM}{name}": name for name in team.without_budget(page, found)}
    names = {s.budget.budget_id: _label(s) for s in found}
    names |= {key: f"{name} · no budget" for key, name in teams.items()}
    if not names:
        return
    of_team = {s.budget.scope_key: s.budget.budget_id for s in reversed(found)
               if s.budget.scope_kind == "team"}  # fmt: skip
    asked.follow(page, "budget", lambda name: of_team.get(name, f"{_TEAM}{name}"))
    chosen = choosing.one_of("Budget or team", names, key="budget", steps=(asked.ALL_TEAMS,),
                             lacking=partial(_lacking, page))  # fmt: skip
    if chosen in teams:
        team.show(page, teams[chosen])
    elif chosen:
        _budget(page, next(s for s in found if s.budget.budget_id == chosen))


def _lacking(page: Page, chosen: str) -> tuple[str, str]:
    """What is said of what an address names and is not on offer."""
    name = chosen.removeprefix(_TEAM)
    if name == chosen:
        return ("The budget of this page's address is closed, or never was.",
                "Choose another one here.")  # fmt: skip
    if not asked.is_known(page, name):
        return asked.unknown(name)
    return (f"“{plain(name)}” has no budget and has emitted nothing this month.",
            "Choose another one here, or set a budget under Change.")  # fmt: skip


def _budget(page: Page, status: Status) -> None:
    _head(page, status)
    _course(status)
    left, right = st.columns(2)
    with left, cards.card("What would bring it back"):
        _way_back(status)
    with right, cards.card("Amounts and thresholds"):
        _history(page, status)
    if status.budget.scope_kind == "team" and status.until > status.start:
        team.where(page, status.budget.scope_key, status.start.date(), day_after(status.until),
                   status.budget.basis)  # fmt: skip


def _label(status: Status) -> str:
    """A budget among others; one of a part of the scopes says so."""
    budget = status.budget
    basis = "" if budget.basis == "total_lb" else f" · {BASIS_NAMES[budget.basis]}"
    return f"{budget.name} · {status.period.label}{basis} · {status.state}"


def _head(page: Page, status: Status) -> None:
    with cards.card(plain(status.budget.name)):
        with st.container(horizontal=True, gap="small"):
            st.badge(str(status.state), color=standing.COLORS[status.state])
            st.badge(status.period.label, color="blue")
            st.caption(f"{BASIS_NAMES[status.budget.basis]} · AWS's operations, allocated")
        st.markdown(plain(status.reason))
        if status.budget.note:
            st.caption(plain(status.budget.note))
        outlook = status.outlook
        columns = st.columns(4)
        with columns[0]:
            cards.headline("Actual", units.mass_text(status.actual_g),
                           note=units.until_text(status.until, page.hour))  # fmt: skip
        with columns[1]:
            cards.headline("Budget", units.mass_text(status.budget_g),
                           note=f"{units.mass_text(status.planned_g)} planned by now")  # fmt: skip
        with columns[2]:
            cards.headline("Expected at the end",
                           units.mass_text(outlook.central_g if outlook else None),
                           note=_band(status))  # fmt: skip
        with columns[3]:
            chance = outlook.probability if outlook else None
            cards.headline("Probability of an overrun", units.share_text(chance),
                           note=f"burn rate {units.number(status.burn, 3)}",
                           help="Burn rate 1 is as planned.")  # fmt: skip


def _band(status: Status) -> str:
    outlook = status.outlook
    if outlook is None:
        return "too little is known"
    if outlook.low_g is None or outlook.high_g is None:
        return "straight on from what was so far"
    return f"{units.mass_text(outlook.low_g)} to {units.mass_text(outlook.high_g)} (5 to 95 %)"


def _course(status: Status) -> None:
    with cards.card("Course of the period"):
        course = budgets.burn_down(status)
        if course.empty:
            empty.say("No amount is set for this period.", "Set one, or take over the last.",
                      standing.SET_AMOUNT)  # fmt: skip
            return
        scale = units.mass_unit(float(course.drop(columns="day").max().max()))
        cards.chart(
            budget_charts.burn_down(course, *scale, status.until), key="burn_down",
            alt=f"{status.budget.name} by day: {units.mass_text(status.actual_g)} used, "
            f"{units.mass_text(status.planned_g)} planned by now, "
            f"{units.mass_text(status.budget_g)} budget.",
        )  # fmt: skip
        st.caption(
            "Sums since the start of the period, at the end of each UTC day. Expected: medians of "
            "the hour of the week in four weeks, the trend of the last one, and the grids' usual "
            "hours; the band resamples how far whole days and weeks were off."
        )
        cards.download(course, "burn_down", of=_file_of(status.budget, status.period.label))


def _way_back(status: Status) -> None:
    gap = status.gap_g
    if not status.budget_g:
        st.caption("Nothing is to be kept: no amount above 0 is set for this period.")
    elif gap is None:
        st.caption("Where the period will end is not known.")
    elif gap <= 0:
        st.markdown(f"It is expected to end {units.mass_text(-gap)} within its budget.")
    else:
        st.markdown(f"{units.mass_text(gap)} must be saved until the end to keep it.")
    if status.savings_g is None:
        st.caption("Open recommendations are summed for budgets of teams on all scopes.")
    else:
        st.markdown(
            f"Open recommendations of the team would save "
            f"{units.mass_text(status.savings_g)} until then, if carried out now."
        )
    if status.budget.scope_kind == "team":
        team.links(status.budget.scope_key)
    else:
        st.page_link("pages/scheduler.py", label="Move work to cleaner hours",
                     icon=":material/schedule:")  # fmt: skip


def _history(page: Page, status: Status) -> None:
    for threshold in THRESHOLDS:
        is_now, was = threshold.name in status.reached, threshold.name in status.told
        mark = "check_circle" if is_now else "history" if was else "radio_button_unchecked"
        word = "" if is_now or not was else " (reached before)"
        st.markdown(f":material/{mark}: {LABELS[threshold.name]}{word}")
    versions = page.get(budget_log.version_history, status.budget.budget_id)
    st.dataframe(
        versions.assign(kg=versions["grams"] / units.GRAMS_PER_KG), hide_index=True,
        width="stretch", height="content", key="versions", placeholder="–",
        column_order=["valid_from", "kg", "note", "created_at"],
        column_config={"valid_from": st.column_config.DateColumn("From (UTC day)"),
                       "kg": st.column_config.NumberColumn("Amount [kg]", format="%,.3f"),
                       "note": "Note", "created_at": cards.utc_column("Set")},
    )  # fmt: skip
    cards.download(versions, "budget_amounts",
                   of=_file_of(status.budget, status.budget.period_kind))  # fmt: skip


def _file_of(budget: Budget, period: str) -> tuple[str, str, str]:
    """What tells the files of budgets apart."""
    return budget.name, period, budget.basis
