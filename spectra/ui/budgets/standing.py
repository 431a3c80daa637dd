"""How all budgets stand: the table that the Budgets page and the Dashboard share."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd
import streamlit as st

from spectra import budgets, units
from spectra.budget_outlook import BASIS_NAMES
from spectra.budget_status import Status
from spectra.insight.budgets import State
from spectra.ui import cards, empty
from spectra.ui.frame import Page

COLORS: dict[State, cards.Color] = {
    State.OVER: "red",
    State.ALERT: "red",
    State.WARN: "orange",
    State.RESTATED: "violet",
    State.NOT_ENOUGH_DATA: "gray",
    State.NO_BUDGET: "gray",
    State.ON_TRACK: "green",
    State.KEPT: "green",
}
SET_ONE = empty.Turn("Set a budget", ":material/add:",
                     {"budget_view": "Change", "budget_way": "New"})  # fmt: skip
SET_AMOUNT = empty.Turn("Set an amount", ":material/edit:",
                        {"budget_view": "Change", "budget_way": "Amount"})  # fmt: skip
BRING_SOME = empty.Turn("Bring a CSV file", ":material/upload_file:",
                        {"budget_view": "Change", "budget_way": "CSV"})  # fmt: skip
_NUMBER = st.column_config.NumberColumn
COLUMNS: dict[str, Any] = {
    "name": st.column_config.TextColumn("Budget of", pinned=True),
    "period": "Period",
    "state": "State",
    "used": st.column_config.ProgressColumn("Used", **cards.SHARE, min_value=0, max_value=1,
                                            width="small"),
    "elapsed": _NUMBER("Planned by now", **cards.SHARE,
                       help="Share of the budget that the plan has used by now."),
    "actual_kg": _NUMBER("Actual [kg]", format="%,.3f"),
    "budget_kg": _NUMBER("Budget [kg]", format="%,.3f"),
    "expected_kg": _NUMBER("Expected [kg]", format="%,.3f", help="At the end of the period."),
    "low_kg": _NUMBER("5 % [kg]", format="%,.3f"),
    "high_kg": _NUMBER("95 % [kg]", format="%,.3f"),
    "probability": _NUMBER("Overrun", **cards.SHARE, help="Probability of an overrun."),
    "burn": _NUMBER("Burn rate", format="%,.2f", help="1 is as planned."),
    "savings_kg": _NUMBER("Open advice [kg]", format="%,.3f",
                          help="What the team's open recommendations would save until the end."),
    "basis": "Basis",
    "coverage": _NUMBER("Coverage", **cards.SHARE,
                        help="Share of the hours so far that is accounted for."),
}  # fmt: skip
SHORT = ("name", "period", "state", "used", "elapsed", "expected_kg", "budget_kg", "probability",
         "basis")  # fmt: skip


def statuses(page: Page) -> list[Status]:
    """All open budgets as they stand in the period of this hour, the most pressing first."""
    found: list[Status] = page.get(budgets.statuses, page.hour)
    order = list(COLORS)
    return sorted(found, key=lambda s: (order.index(s.state), s.budget.name))


def table(found: list[Status]) -> pd.DataFrame:
    """One row a budget, in kg; what is not known is empty."""
    rows = [
        {
            "name": s.budget.name, "period": s.period.label, "state": str(s.state),
            "used": _share(s.actual_g, s.budget_g),
            "elapsed": s.elapsed_share if s.budget_g else None,
            "actual_kg": _kg(s.actual_g), "budget_kg": _kg(s.budget_g),
            "expected_kg": _kg(s.outlook.central_g if s.outlook else None),
            "low_kg": _kg(s.outlook.low_g if s.outlook else None),
            "high_kg": _kg(s.outlook.high_g if s.outlook else None),
            "probability": s.outlook.probability if s.outlook else None,
            "burn": s.burn, "savings_kg": _kg(s.savings_g), "basis": BASIS_NAMES[s.budget.basis],
            "coverage": s.coverage,
        }
        for s in found
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(
        {name: float for name in COLUMNS if name.endswith(("_kg", "used", "burn", "probability"))}
    )


def _share(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def _kg(grams: float | None) -> float | None:
    return None if grams is None else grams / units.GRAMS_PER_KG


def draw(found: list[Status], key: str, columns: tuple[str, ...] = tuple(COLUMNS)) -> pd.DataFrame:
    """The table on a screen; returns its rows."""
    frame = table(found)
    st.dataframe(
        frame, hide_index=True, width="stretch", key=key, placeholder="–",
        height=cards.table_height(len(frame)), column_order=columns,
        column_config={name: COLUMNS[name] for name in columns},
    )  # fmt: skip
    return frame


def counts(found: list[Status]) -> str:
    """How many stand how, in words."""
    numbers = Counter(str(s.state) for s in found)
    return ", ".join(f"{numbers[str(state)]} {state}" for state in COLORS if numbers[str(state)])


def card(page: Page) -> None:
    """The overview on the Dashboard."""
    with cards.card("Budgets", help="Every open budget in its running period, the most pressing "
                    "first. Expected: at the end of the period."):  # fmt: skip
        found = statuses(page)
        if not found:
            st.caption("No budget is set.")
        else:
            st.caption(counts(found))
            cards.download(draw(found, "dashboard_budgets", SHORT), "budget_standing")
        st.page_link("pages/budgets.py", label="All of it, and chargeback" if found else "Set one",
                     icon=":material/account_balance_wallet:",
                     query_params=None if found else {"budget_view": "Change"})  # fmt: skip
