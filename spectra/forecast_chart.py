"""The chart of a forecast and of what was placed on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spectra.charts import COLORWAY, add_band, figure_layout


def forecast(
    past: pd.DataFrame,
    ahead: pd.DataFrame,
    slots: Sequence[tuple[datetime, datetime]] = (),
    *,
    provider: pd.DataFrame | None = None,
    height: int = 320,
) -> go.Figure:
    """The last day, the forecast in its interval, and the chosen slots shaded.

    Parameters
    ----------
    past : DataFrame
        Columns at, g_per_kwh.
    ahead : DataFrame
        Columns hour, mean_, lower_ and upper_g_per_kwh.
    provider : DataFrame, optional
        The provider's own forecast: hour, g_per_kwh.
    """
    figure = go.Figure()
    add_band(
        figure, ahead["hour"], ahead["lower_g_per_kwh"], ahead["upper_g_per_kwh"], "80 % interval"
    )
    for (at, values), name, dash in (
        (_steps(past["at"], past["g_per_kwh"]), "Stated", "solid"),
        (_steps(ahead["hour"], ahead["mean_g_per_kwh"]), "Forecast", "dot"),
    ):
        figure.add_scatter(
            x=at, y=values.astype(np.float32), mode="lines", name=name,
            line={"width": 1.8, "color": COLORWAY[0], "dash": dash, "shape": "hv"},
            hovertemplate="%{y:,.3~r} g/kWh<extra>" + name + "</extra>",
        )  # fmt: skip
    if provider is not None and len(provider):
        figure.add_scatter(
            x=provider["hour"], y=provider["g_per_kwh"].astype(np.float32), mode="lines",
            name="Provider's forecast", line={"width": 1.2, "color": COLORWAY[2], "shape": "hv"},
            hovertemplate="%{y:,.3~r} g/kWh<extra>Provider</extra>",
        )  # fmt: skip
    for start, end in slots:
        figure.add_vrect(
            x0=start, x1=end, fillcolor=COLORWAY[1], opacity=0.18, line_width=0, layer="below"
        )
    if slots:
        figure.add_annotation(
            x=slots[0][0], y=1, yref="paper", text="chosen", showarrow=False, xanchor="left",
            yanchor="top", font={"color": COLORWAY[1]},
        )  # fmt: skip
    figure.update_yaxes(title="Carbon intensity [gCO₂e/kWh]")
    figure.update_xaxes(title="Hour (UTC)")
    return figure_layout(figure, height=height)


def _steps(at: pd.Series, values: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Hours as steps, the last one as wide as the others."""
    if at.empty:
        return at, values
    end = pd.Series([at.iloc[-1] + pd.Timedelta(hours=1)])
    return pd.concat([at, end]), pd.concat([values, values.iloc[-1:]])
