"""How good the forecasts were: on what was issued, and on the models' own past."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import streamlit as st

from spectra.store import forecast_log
from spectra.store.grid_queries import Factor
from spectra.ui import cards, empty
from spectra.ui.frame import Page

_NUMBER = st.column_config.NumberColumn
COLUMNS: dict[str, Any] = {
    "zone": st.column_config.TextColumn("Zone", pinned=True),
    "models": "Models",
    "known_hours": _NUMBER("History [h]", format="localized"),
    "past_mae_g_per_kwh": _NUMBER(
        "MAE on its past [g/kWh]", format="%,.1f",
        help="Mean absolute error at past origins, of models fitted before them.",
    ),
    "past_mae_yesterday_g_per_kwh": _NUMBER(
        "MAE of same hour yesterday [g/kWh]", format="%,.1f", help="At the same past origins."
    ),
    "hour_count": _NUMBER("Hours judged", format="localized"),
    "mae_g_per_kwh": _NUMBER(
        "MAE [g/kWh]", format="%,.1f",
        help="On forecasts that were issued and whose hours have been stated since, last 30 days, "
        "as all that follows.",
    ),
    "mape_pct": _NUMBER("MAPE [%]", format="%,.1f"),
    "bias_g_per_kwh": _NUMBER("Bias [g/kWh]", format="%,.1f", help="Forecast minus value."),
    "coverage_pct": _NUMBER("80 % interval held [%]", format="%,.0f"),
    "skill": _NUMBER(
        "Skill", format="%,.2f",
        help="Share of the error of “same hour yesterday” that is avoided; 0 is no better, 1 is "
        "perfect.",
    ),
    "mae_provider_g_per_kwh": _NUMBER(
        "MAE of the provider [g/kWh]", format="%,.1f",
        help="Of the forecasts that it issued within the same hour as ours, of the same hours.",
    ),
    "mae_beside_provider_g_per_kwh": _NUMBER(
        "MAE of ours beside it [g/kWh]", format="%,.1f", help="In these hours alone."
    ),
}  # fmt: skip


def table(page: Page, factor: Factor) -> None:
    """One row a zone that has been forecast."""
    judged = page.get(forecast_log.choices, factor)
    if judged.empty:
        empty.say("No forecast was issued yet.",
                  "One is, each hour, for every grid of which a source has stated hours.",
                  empty.GRIDS, empty.FILES)  # fmt: skip
        return
    issued = page.get(forecast_log.accuracy, factor, page.hour - timedelta(days=30))
    rows = judged.merge(issued, on="zone", how="left")
    rows["models"] = [_named(members) for members in rows["members"]]
    rows["hour_count"] = rows["hour_count"].astype("Int64")
    # Past hours judge the models, the others the forecasts that were issued.
    rows = rows.rename(columns={"mae": "past_mae_g_per_kwh",
                                "mae_yesterday": "past_mae_yesterday_g_per_kwh"})  # fmt: skip
    st.dataframe(
        rows, hide_index=True, width="stretch", height="content", placeholder="–", key="accuracy",
        column_order=list(COLUMNS), column_config=COLUMNS,
    )  # fmt: skip
    cards.download(rows.drop(columns=["members"]), "forecast_accuracy")


def _named(members: Sequence[str]) -> str:
    """Names of the members without their numbers, each once."""
    return ", ".join(dict.fromkeys(name.rstrip("0123456789 ") for name in members))
