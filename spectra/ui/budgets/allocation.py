"""Whose emissions are whose: what nobody owns, names to merge, and the rules with their effect."""

from __future__ import annotations

import json
from datetime import date

import pandas as pd
import streamlit as st

from spectra import allocation, units
from spectra.insight.allocation import Rules
from spectra.moments import DAY, first_of_month
from spectra.store import budget_log
from spectra.store.hashing import digest
from spectra.ui import cards, kept
from spectra.ui.budgets import rules_form
from spectra.ui.frame import Page

_NUMBER = st.column_config.NumberColumn
WORST, MOST_IN_FILE = 50, 1_000_000
_DRAFT, _TYPED = "allocation_draft", "allocation_typed"


def show(page: Page) -> None:
    """Three cards: nobody's emissions, names to merge, the rules."""
    first, after = _days(page)
    left, right = st.columns([3, 2])
    with left, cards.card("Belongs to nobody", help="The greatest resources without a team, over "
                          "whole UTC days of the period chosen."):  # fmt: skip
        _worst(page, first, after)
    with right, cards.card("Names that look like one team", help="Merging makes one name stand for "
                           "the other; it shows its effect before it is kept."):  # fmt: skip
        _near_misses(page, first, after)
    with cards.card("Rules", help="In force from a UTC day on; days before keep the rules they "
                    "had."):  # fmt: skip
        _rules(page)


def _days(page: Page) -> tuple[date, date]:
    return page.selection.start.date(), page.selection.last_day + DAY


def _worst(page: Page, first: date, after: date) -> None:
    rows = page.get(allocation.worst_unallocated, first, after, WORST)
    if rows.empty:
        st.caption("Everything belongs to a team.")
        return
    rows = rows.assign(
        kg=rows["total_g"] / units.GRAMS_PER_KG, tags=rows["tags"].map(_in_words, "ignore")
    )
    st.dataframe(
        rows, hide_index=True, width="stretch", key="worst", placeholder="–",
        height=cards.table_height(len(rows)),
        column_order=["resource_id", "name", "kg", "share", "service", "region", "account_id",
                      "tags"],
        column_config={
            "resource_id": "Resource", "name": "Name",
            "kg": _NUMBER("CO₂e [kg]", format="%,.3f"),
            "share": _NUMBER("Of all that", **cards.SHARE),
            "service": "Service", "region": "Region", "account_id": "Account", "tags": "Tags",
        },
    )  # fmt: skip
    if len(rows) == WORST:
        st.caption(f"The {WORST} greatest are shown; the CSV has all.")
    cards.download(
        lambda: allocation.worst_unallocated(page.store, first, after, MOST_IN_FILE),
        "unallocated", of=(f"{first}", f"{after - DAY}"),
    )  # fmt: skip


def _in_words(tags: str) -> str:
    """Tags (JSON text) as they are said."""
    return ", ".join(f"{key} = {value}" for key, value in json.loads(tags).items())


def _near_misses(page: Page, first: date, after: date) -> None:
    found = page.get(allocation.merge_candidates, first, after)
    if not found:
        st.caption("No two names look alike.")
        return
    rows = pd.DataFrame(found).assign(kg=[miss.grams / units.GRAMS_PER_KG for miss in found])
    event = st.dataframe(
        rows, hide_index=True, width="stretch", height=cards.table_height(len(rows)),
        key=cards.rows_key("near_misses", rows["name"]), on_select="rerun",
        selection_mode="multi-row", column_order=["name", "means", "likeness", "kg"],
        column_config={
            "name": "Name", "means": "Looks like",
            "likeness": _NUMBER("Likeness", **cards.SHARE),
            "kg": _NUMBER("CO₂e [kg]", format="%,.3f"),
        },
    )  # fmt: skip
    cards.download(rows.drop(columns="grams"), "near_misses", of=(f"{first}", f"{after - DAY}"))
    chosen = [found[row] for row in event.selection.rows if row < len(found)]
    if not page.workspace.may_change:
        return
    if st.button("Merge in the rules below", key="merge", disabled=not chosen,
                 icon=":material/merge:"):  # fmt: skip
        rules: Rules = kept.kept(_TYPED, *_base(page)) or _draft(page)[0]
        for miss in chosen:
            rules = allocation.with_alias(rules, miss.name, miss.means)
        _set_draft(page, rules)
        st.rerun()


def _rules(page: Page) -> None:
    if page.workspace.may_change:
        rules, turn = _draft(page)
        # What is typed is kept by the place of its row: it must not land on rows of other rules.
        draft = rules_form.form(rules, f"{turn}_{digest(''.join(_base(page)))[:12]}")
        kept.keep(_TYPED, draft, *_base(page))
        if draft is not None:
            _preview_and_keep(page, draft)
    else:
        st.caption("This deployment is public: the rules are shown and not changed.")
        rules_form.shown(_in_force(page), "in_force")
    history = page.get(budget_log.rules_history)
    if not history.empty:
        with st.expander(f"History: {units.counted(len(history), 'version')}"):
            _history(history)


def _history(history: pd.DataFrame) -> None:
    """Every version that was ever set, and what the one chosen says."""
    event = st.dataframe(
        history, hide_index=True, width="stretch", height=cards.table_height(len(history)),
        key=cards.rows_key("rules_history", history["created_at"].astype(str)), on_select="rerun",
        selection_mode="single-row", column_order=["valid_from", "note", "created_at"],
        column_config={"valid_from": st.column_config.DateColumn("From (UTC day)"), "note": "Note",
                       "created_at": cards.utc_column("Set")},
    )  # fmt: skip
    cards.download(history, "allocation_rules")
    rows = [row for row in event.selection.rows if row < len(history)]
    if rows:
        rules_form.shown(Rules.from_json(history["rules"].iloc[rows[0]]), "version")
    else:
        st.caption("Choose a row to see what its rules say.")


def _in_force(page: Page) -> Rules:
    rules: Rules = page.get(allocation.rules_on, page.hour.date())
    return rules


def _base(page: Page) -> tuple[str, str]:
    """What a draft is of: a workspace, and the rules that it began from."""
    return page.store.identity, _in_force(page).to_json()


def _draft(page: Page) -> tuple[Rules, int]:
    """The rules that the form starts from, and how often it was started from others."""
    rules, turn = kept.kept(_DRAFT, *_base(page)) or (None, 0)
    return _in_force(page) if rules is None else rules, turn


def _set_draft(page: Page, rules: Rules | None) -> None:
    """Start the form again from other rules; None for those in force."""
    kept.keep(_DRAFT, (rules, _draft(page)[1] + 1), *_base(page))
    kept.drop(_TYPED)


def _preview_and_keep(page: Page, rules: Rules) -> None:
    if rules == _in_force(page):
        st.caption("These are the rules in force.")
        return
    effect = page.get(allocation.effect_of, rules, page.hour)
    moved = effect[effect["change_g"].abs() > 0.5]
    st.markdown(f"**What they would have made of the last {allocation.PREVIEW_DAYS} days**")
    if moved.empty:
        st.caption("No team's emissions would change by as much as a gram.")
    else:
        amounts = moved[["before_g", "after_g", "change_g"]] / units.GRAMS_PER_KG
        st.dataframe(
            moved[["team"]].join(amounts), hide_index=True, width="stretch", height="content",
            key="effect",
            column_config={"team": "Team", "before_g": _NUMBER("Now [kg]", format="%,.3f"),
                           "after_g": _NUMBER("Then [kg]", format="%,.3f"),
                           "change_g": _NUMBER("Change [kg]", format="%+,.3f")},
        )  # fmt: skip
        cards.download(effect, "rules_effect")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        known = [day for day, _ in budget_log.rules_by_day(page.store)]
        today = page.hour.date()
        # Set before those in force, they would be replaced by them on that day.
        first = max([first_of_month(today), *(day for day in known if day <= today)])
        since = st.date_input("In force from (UTC day)", first, width=200,
                              key=f"rules_from_{first}")  # fmt: skip
        note = st.text_input("Why", key="rules_note", width=320)
        if st.button("Put in force", type="primary", key="rules_keep") and since:
            budget_log.keep_rules(page.store, rules, since, note.strip())
            _set_draft(page, None)
            st.rerun()
        st.button("Start again", key="rules_reset", on_click=_set_draft, args=(page, None))
    later = [day for day in known if since and day > since]
    if later:
        st.caption(f"They hold until {later[0]}, when the rules that were set for that day begin.")
