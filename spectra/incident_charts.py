"""Plotly figures of incidents: when they were, and one of them against what is usual."""

from __future__ import annotations

import html
from datetime import datetime

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spectra.charts import COLORWAY, MUTED, add_band, figure_layout

SEVERITY_COLORS = {"critical": COLORWAY[6], "warning": COLORWAY[1], "log": MUTED}
# Colour alone tells nothing to some readers.
_PATTERNS = {"critical": "", "warning": "/", "log": "."}
MAX_ROWS = 25
MAX_NAME = 28


def timeline(incidents: pd.DataFrame, start: datetime, now: datetime) -> go.Figure:
    """Incidents as bars over time, one row each, coloured by severity; the first `MAX_ROWS`.

    Parameters
    ----------
    incidents : DataFrame
        Columns incident_id, name, kind, severity, start, end; the most important first.
    """
    shown = incidents.head(MAX_ROWS)
    first, least = pd.Timestamp(start), pd.Timedelta(hours=3)
    begin = shown["start"].where(shown["start"] > first, first)
    stop = shown["end"].fillna(pd.Timestamp(now))
    stop = stop.where(stop > begin + least, begin + least)
    figure = go.Figure()
    for severity, color in SEVERITY_COLORS.items():
        is_it = shown["severity"].eq(severity)
        part = shown[is_it]
        if part.empty:
            continue
        length = (stop[is_it] - begin[is_it]).dt.total_seconds() * 1_000
        figure.add_bar(
            y=part["incident_id"], base=begin[is_it], x=length, orientation="h", name=severity,
            marker={"color": color, "opacity": 0.75, "line": {"width": 0},
                    "pattern": {"shape": _PATTERNS[severity], "solidity": 0.2}},
            customdata=np.stack([part["name"].map(html.escape), part["kind"]], axis=-1),
            hovertemplate="%{customdata[0]}<br>%{customdata[1]}, %{fullData.name}, "
            "from %{base|%d %b %H:%M} UTC<extra></extra>",
        )  # fmt: skip
    figure_layout(
        figure, height=90 + 21 * len(shown), barmode="overlay", hovermode="closest", bargap=0.35
    )
    figure.update_xaxes(type="date", title="UTC", range=[start, now])
    figure.update_yaxes(
        showgrid=False, autorange="reversed", categoryorder="array", tickmode="array",
        categoryarray=shown["incident_id"], tickvals=shown["incident_id"],
        ticktext=[_short(name) for name in shown["name"]],
    )  # fmt: skip
    return figure


def _short(name: str) -> str:
    """Without its middle where it is long: names of one kind differ at their end."""
    half = MAX_NAME // 2
    return html.escape(name if len(name) <= MAX_NAME else f"{name[: half - 1]}…{name[-half:]}")


def against_usual(
    series: pd.DataFrame, title: str, span: tuple[datetime, datetime], onset: datetime | None
) -> go.Figure:
    """A series with what was usual at each moment, the incident shaded, its onset marked."""
    figure = go.Figure()
    if series["low"].notna().any():
        add_band(figure, series["moment"], series["low"], series["high"], "usual (5 to 95 %)")
    figure.add_scatter(
        x=series["moment"], y=series["usual"].astype(np.float32), mode="lines", name="median",
        line={"color": MUTED, "width": 1, "dash": "dot"}, hovertemplate="%{y:,.3~r}",
    )  # fmt: skip
    figure.add_scatter(
        x=series["moment"], y=series["value"].astype(np.float32), mode="lines", name="value",
        line={"color": COLORWAY[0], "width": 1.7}, hovertemplate="%{y:,.3~r}",
    )  # fmt: skip
    figure.add_vrect(x0=span[0], x1=span[1], fillcolor=COLORWAY[1], opacity=0.12, line_width=0)
    if onset is not None:
        figure.add_vline(x=onset, line={"color": COLORWAY[1], "width": 1.5, "dash": "dash"})
    figure_layout(figure, height=320)
    figure.update_yaxes(title=title, rangemode="tozero")
    figure.update_xaxes(title="UTC")
    return figure
