"""How good the forecasts were: on what was issued, and on the models' own past."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pandas as pd
import streamlit as st

from spectra.store import forecast_log
from spectra.store.grid_queries import Factor
from spectra.ui import cards, empty
from spectra.ui.frame import Page


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
    shown = pd.DataFrame(
        {
            "Zone": rows["zone"],
            "Models": [_named(members) for members in rows["members"]],
            "History [h]": rows["known_hours"],
            "MAE on its past": rows["mae"],
            "… same hour yesterday": rows["mae_yesterday"],
            "Hours judged": rows["hour_count"].astype("Int64"),
            "MAE": rows["mae_g_per_kwh"],
            "MAPE [%]": rows["mape_pct"],
            "Bias": rows["bias_g_per_kwh"],
            "80 % interval held [%]": rows["coverage_pct"],
            "Skill": rows["skill"],
            "MAE of the provider": rows["mae_provider_g_per_kwh"],
            "… ours beside it": rows["mae_beside_provider_g_per_kwh"],
        }
    )
    number = st.column_config.NumberColumn
    st.dataframe(
        shown,
        hide_index=True,
        width="stretch",
        height="content",
        placeholder="–",
        key="accuracy",
        column_config={
            "MAE on its past": number(format="%.1f", help="Mean absolute error at past origins "
                                      "[g/kWh], of models fitted before them."),
            "… same hour yesterday": number(format="%.1f"),
            "MAE": number(format="%.1f", help="On forecasts that were issued and whose hours have "
                          "been stated since, last 30 days, as all that follows [g/kWh]."),
            "MAPE [%]": number(format="%.1f"),
            "Bias": number(format="%.1f", help="Forecast minus value [g/kWh]."),
            "80 % interval held [%]": number(format="%.0f"),
            "Skill": number(format="%.2f", help="Share of the error of “same hour yesterday” that "
                            "is avoided; 0 is no better, 1 is perfect."),
            "MAE of the provider": number(format="%.1f", help="Of the forecasts that it issued "
                                          "within the same hour as ours, of the same hours."),
            "… ours beside it": number(format="%.1f", help="In these hours alone."),
        },
    )  # fmt: skip
    cards.download(rows.drop(columns=["members"]), "forecast_accuracy")


def _named(members: Sequence[str]) -> str:
    """Names of the members without their numbers, each once."""
    return ", ".join(dict.fromkeys(name.rstrip("0123456789 ") for name in members))
