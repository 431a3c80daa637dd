"""Setting budgets: a new one, another amount, the next period, a reduction path, CSV."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st

from spectra import budget_charts, budget_csv, budgets, units
from spectra.allocation import rules_on
from spectra.budget_outlook import BASIS_NAMES
from spectra.budget_status import Status
from spectra.errors import InputError, SpectraError
from spectra.insight.budgets import KINDS, Version, period_of, reduction_path
from spectra.moments import DAY
from spectra.store import budget_log
from spectra.store.budget_log import BASES, PROFILES, SCOPES, Budget, Scope, new_budget
from spectra.store.emission_queries import choices
from spectra.ui import cards, empty, workspace
from spectra.ui.budgets import standing
from spectra.ui.frame import Page
from spectra.ui.plain import plain
from spectra.units import GRAMS_PER_KG, GRAMS_PER_TONNE

UNITS = {"kg": GRAMS_PER_KG, "t": GRAMS_PER_TONNE}
SCOPE_NAMES: dict[Scope, str] = {"team": "Team", "environment": "Environment", "tag": "Tag"}
PROFILE_NAMES = {"even": "evenly", "weekly": "as the load runs over the week"}
_EMPTIED = "_budget_form_emptied"  # in the session: fields to begin anew with the next run
WAYS = ("New", "Amount", "Next period", "Reduction path", "Close", "CSV")


def show(page: Page, found: list[Status]) -> None:
    """One way of changing at a time."""
    if not page.workspace.may_change:
        st.info("This deployment is public: budgets are shown and not changed.",
                icon=":material/lock:")  # fmt: skip
        _download(page)
        return
    # What was typed for one budget is not there for the next.
    st.session_state.update(st.session_state.pop(_EMPTIED, {}))
    way = st.segmented_control("Change", WAYS, default=WAYS[0], required=True, key="budget_way",
                               persist_state="session")  # fmt: skip
    try:
        with cards.card(way):
            _way(page, found, way)
    except SpectraError as error:
        workspace.show_error(error)


def _way(page: Page, found: list[Status], way: str) -> None:
    # Fields and buttons are each of one budget: where another tab closed it, what was typed and a
    # click must not pass to the next.
    if way == "New":
        _new(page)
    elif way == "CSV":
        _csv(page)
    elif not (kept := budget_log.budgets(page.store, page.hour.date())):
        empty.say("No budget is set yet.", "Set the first one.", standing.SET_ONE)
    else:
        names = {b.budget_id: _label(b) for b in kept}
        chosen = st.selectbox("Budget", list(names), format_func=names.__getitem__,
                              key="budget_changed")  # fmt: skip
        budget = next(b for b in kept if b.budget_id == chosen)
        ways = {"Amount": _amount, "Next period": _next, "Reduction path": _path, "Close": _close}
        ways[way](page, budget, found)


def _label(budget: Budget) -> str:
    ends = f" · until {budget.closed_on}" if budget.closed_on else ""
    return f"{budget.name} · {budget.period_kind} · {BASIS_NAMES[budget.basis]}{ends}"


def _new(page: Page) -> None:
    scope: Scope = st.segmented_control(
        "Of",
        SCOPES,
        default="team",
        required=True,
        format_func=SCOPE_NAMES.__getitem__,
        key="new_scope",
    )
    with st.form("new_budget", border=False):
        key = _scope_key(page, scope)
        left, middle, right = st.columns(3)
        kind = left.selectbox("Each", KINDS, key="new_kind")
        basis = middle.selectbox("Basis", BASES, format_func=BASIS_NAMES.__getitem__,
                                 key="new_basis")  # fmt: skip
        profile = right.selectbox("Planned", PROFILES, format_func=PROFILE_NAMES.__getitem__,
                                  key="new_profile")  # fmt: skip
        grams = _grams("new")
        since = st.date_input("From (UTC day)", period_of("month", page.hour).start.date(),
                              key="new_from")  # fmt: skip
        note = st.text_input("Note", key="new_note")
        st.caption("The amount is of a whole period; one that begins within it gets the part of "
                   "the hours that are left.")  # fmt: skip
        if st.form_submit_button("Set", type="primary") and since:
            budget = new_budget(scope, key or "", kind, basis=basis, profile=profile, note=note)
            budgets.create(page.store, budget, _given(grams), since, note.strip())
            _done(f"Set for {budget.scope_key}.", new_amount=None, new_note="", new_tag="",
                  new_team=None, new_environment=None)  # fmt: skip


def _scope_key(page: Page, scope: Scope) -> str | None:
    if scope == "tag":
        return st.text_input("Tag", placeholder="project=apollo", key="new_tag")
    names = _teams(page) if scope == "team" else page.get(choices)["environments"]
    return st.selectbox(SCOPE_NAMES[scope], names, key=f"new_{scope}", index=None,
                        accept_new_options=True, placeholder="Choose or write one")  # fmt: skip


def _teams(page: Page) -> list[str]:
    """Teams as the rules of allocation name them, those that carry only what is dealt out too."""
    rules = page.get(rules_on, page.hour.date())
    return sorted({rules.team(name) for name in page.get(choices)["teams"]} | rules.receivers)


def _grams(key: str, value: float | None = None) -> float | None:
    """The amount that was typed [gCO2e]; None for none, which is not 0."""
    left, right = st.columns(2)
    amount = left.number_input("Amount", min_value=0.0, value=value, step=1.0, format="%.3f",
                               key=f"{key}_amount", placeholder="none yet")  # fmt: skip
    unit = right.selectbox("Unit", list(UNITS), key=f"{key}_unit")
    return None if amount is None else amount * UNITS[unit]


def _given(grams: float | None) -> float:
    if grams is None:
        raise InputError(
            "The budget has no amount; nothing was set.",
            next_step="Type one. 0 is an amount, too, but limits nothing.",
        )
    return grams


def _amount(page: Page, budget: Budget, found: list[Status]) -> None:
    with st.form(f"change_amount_{budget.budget_id}", border=False):
        # Of another budget nothing that was typed for this one may stay.
        current = _current(page, budget)
        grams = _grams(f"change_{budget.budget_id}",
                       None if current is None else current / GRAMS_PER_KG)  # fmt: skip
        since = st.date_input("From (UTC day)", page.hour.date(),
                              key=f"change_from_{budget.budget_id}")  # fmt: skip
        note = st.text_input("Why", key=f"change_note_{budget.budget_id}")
        st.caption("Within a period it counts for the hours left; what was stays readable.")
        if st.form_submit_button("Set", type="primary") and since:
            budgets.change_amount(page.store, budget, _given(grams), since, note.strip())
            _done("Set.", **{f"change_note_{budget.budget_id}": ""})
    _take_back(page, budget)


def _take_back(page: Page, budget: Budget) -> None:
    amounts = {v.valid_from: v.grams for v in budgets.amounts_between(page.store, budget, date.min)}
    day = st.selectbox("Take an amount back", list(reversed(amounts)), index=None,
                       format_func=lambda d: f"{d}: {units.mass_text(amounts[d])}",
                       placeholder="Choose one", key=f"back_{budget.budget_id}",
                       help="The amount before it holds on then; what was set stays readable.",
                       )  # fmt: skip
    if day is not None and st.button("Take back", key=f"back_keep_{budget.budget_id}_{day}"):
        budget_log.keep(page.store, budget, [], taken_back=[day])
        _done(f"The amount from {day} on is taken back.")


def _current(page: Page, budget: Budget) -> float | None:
    known = budget_log.versions(page.store).get(budget.budget_id, [])
    in_force = [v.grams for v in known if v.start <= page.hour]
    return in_force[-1] if in_force else None


def _next(page: Page, budget: Budget, found: list[Status]) -> None:
    period = period_of(budget.period_kind, page.hour)
    change = st.number_input("Change [%]", -100.0, 1_000.0, 0.0, step=1.0,
                             key=f"next_change_{budget.budget_id}")  # fmt: skip
    st.caption(f"{period.next.label} gets the amount of {period.label}, changed by this.")
    day = period.end.date()
    for old in budgets.amounts_between(page.store, budget, day, day + DAY):
        st.warning(f"{units.mass_text(old.grams)} are set for {period.next.label}: the copy takes "
                   "their place.", icon=":material/published_with_changes:")  # fmt: skip
    if st.button("Copy", type="primary", key=f"next_copy_{budget.budget_id}"):
        grams = budgets.copy_to_next(page.store, budget, page.hour, change)
        _done(f"{period.next.label}: {units.mass_text(grams)}.")


def _path(page: Page, budget: Budget, found: list[Status]) -> None:
    year = page.hour.year
    left, middle, right = st.columns(3)
    base = left.number_input("Emissions of the base year [kg]", min_value=0.0, step=1.0,
                             format="%.3f", value=_yearly_kg(budget, found),
                             key=f"path_base_{budget.budget_id}",
                             help="Proposed: the pace of this period, over a year.")  # fmt: skip
    target = middle.number_input("Until", year + 1, year + 40, year + 4,
                               key=f"path_until_{budget.budget_id}")  # fmt: skip
    pct = right.number_input(
        "Less each year [%]",
        0.1,
        99.0,
        4.2,
        step=0.1,
        key=f"path_pct_{budget.budget_id}",
        help="4.2 % of the base year is the linear path to 1.5 °C.",
    )
    is_linear = st.toggle("Of the base year (linear), else of the year before", value=True,
                          key=f"path_linear_{budget.budget_id}")  # fmt: skip
    if base <= 0:
        st.caption("Name the emissions of the base year.")
        return
    path = reduction_path(base * GRAMS_PER_KG, year, int(target), pct, budget.period_kind,
                          is_linear=is_linear)  # fmt: skip
    _drawn(path)
    if (nothing := next((v for v in path if not v.grams), None)) is not None:
        st.warning(f"From {nothing.valid_from} on the path is at 0, which limits nothing: end it "
                   "before, or reduce by less.", icon=":material/warning:")  # fmt: skip
    if older := budgets.amounts_between(page.store, budget, path[0].valid_from):
        st.warning(f"{units.counted(len(older), 'amount is', 'amounts are')} set from "
                   f"{older[0].valid_from} on, the last being {units.mass_text(older[-1].grams)} "
                   f"from {older[-1].valid_from}: this path takes over, and holds on after its "
                   "last period.", icon=":material/published_with_changes:")  # fmt: skip
    count = units.counted(len(path), "amount")
    if st.button(f"Lay out {count}", type="primary", key=f"path_keep_{budget.budget_id}"):
        budgets.follow_path(page.store, budget, path, f"−{pct:g} % a year from {year}")
        _done(f"Set: {count}.")


def _yearly_kg(budget: Budget, found: list[Status]) -> float:
    """What a year emits at the pace of the running period; 0 where nothing is known."""
    status = next((s for s in found if s.budget.budget_id == budget.budget_id), None)
    if status is None or status.outlook is None:
        return 0.0
    hours = status.period.hours if status.plan is None else len(status.plan)
    return round(status.outlook.central_g / hours * 8_760 / GRAMS_PER_KG, 3)


def _drawn(path: list[Version]) -> None:
    scale = units.mass_unit(max(v.grams for v in path))
    cards.chart(
        budget_charts.amounts(path, *scale), key="path",
        alt=f"{units.counted(len(path), 'amount')}, from {units.mass_text(path[0].grams)} to "
        f"{units.mass_text(path[-1].grams)}.",
    )  # fmt: skip


def _close(page: Page, budget: Budget, found: list[Status]) -> None:
    if budget.closed_on:
        st.markdown(f"It is no longer kept from {budget.closed_on} on.")
        if st.button("Keep it on", key=f"close_back_{budget.budget_id}"):
            budgets.close(page.store, budget, None)
            _done("Kept on.")
    on = st.date_input("No longer kept from (UTC day)", page.hour.date() + DAY,
                       key=f"close_on_{budget.budget_id}")  # fmt: skip
    st.caption("It leaves this page; its amounts and what was told of it stay in the database.")
    if st.button("Close", key=f"close_keep_{budget.budget_id}") and on:
        budgets.close(page.store, budget, on)
        _done("Closed.")


def _csv(page: Page) -> None:
    _download(page)
    st.caption("Columns: " + ", ".join(f"`{name}`" for name in budget_csv.COLUMNS) + ". One row "
               "per amount and day from which it holds; what differs from what is kept is set "
               "anew, nothing is deleted.")  # fmt: skip
    file = st.file_uploader("Budgets as CSV", type="csv", key="budget_file")
    if file is not None and st.button("Bring them in", type="primary", key="budget_import"):
        brought = budget_csv.import_budgets(page.store, file.getvalue())
        _done(
            f"{brought.created} new, {brought.changed} changed, {brought.unchanged} as they were."
        )


def _download(page: Page) -> None:
    st.download_button("All budgets as CSV", page.get(budget_csv.export_budgets, page.hour.date()),
                       "budgets.csv", "text/csv", key="budgets_csv", icon=":material/download:",
                       on_click="ignore")  # fmt: skip


def _done(text: str, **emptied: Any) -> None:
    st.session_state[_EMPTIED] = emptied
    st.toast(plain(text), icon=":material/check:")
    st.rerun()
