"""Plotly figures with one look: units on axes, UTC named, colours from the active theme."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spectra import units

# Streamlit swaps these placeholders, in the browser, for the theme's categorical colours, so that
# one figure suits light and dark.
COLORWAY = tuple(f"#0000{n:02d}" for n in range(1, 9))

MUTED = "rgba(128, 140, 136, 0.9)"
GRID_LINE = "rgba(128, 140, 136, 0.18)"
# Numbers are written out as in the tables: no “k” of a thousand, no “m” of a thousandth.
AXIS = {"gridcolor": GRID_LINE, "zeroline": False, "automargin": True, "exponentformat": "none",
        "separatethousands": True}  # fmt: skip
BAND_FILL = "rgba(64, 145, 108, 0.20)"

# More days than this are a comb of bars: they are drawn as a line in its band.
MAX_BARS = 45
# So few days that the axis would be divided into hours.
FEW_DAYS = 7


def figure_layout(figure: go.Figure, *, height: int = 280, **layout: Any) -> go.Figure:
    """Give a figure the common look; `layout` overrides single keys."""
    common = {
        "height": height,
        "colorway": list(COLORWAY),
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "hovermode": "x unified",
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "bargap": 0.25,
    }
    axes = {name: figure.layout[name].to_plotly_json() | AXIS for name in ("xaxis", "yaxis")}
    # Plotly takes three times as long to merge as to overwrite.
    figure.update_layout(common | axes | layout, overwrite=True)
    return figure


def daily_emissions(
    days: pd.DataFrame, unit: str, per_unit: float, *, height: int = 280
) -> go.Figure:
    """Emissions by UTC day with their interval: bars with whiskers, or a line in a band.

    Parameters
    ----------
    days : DataFrame
        Columns day, total_g, low_g, high_g [gCO2e].
    unit, per_unit : str, float
        Unit of the axis and grams per unit.
    """
    amounts = days[["low_g", "total_g", "high_g"]] / per_unit
    figure = go.Figure()
    if len(days) > MAX_BARS:
        add_band(figure, days["day"], amounts["low_g"], amounts["high_g"], "95 % interval")
        figure.add_scatter(
            x=days["day"], y=amounts["total_g"], mode="lines",
            line={"width": 1.8, "color": COLORWAY[0]}, name="CO₂e",
        )  # fmt: skip
    else:
        figure.add_bar(
            x=days["day"],
            y=amounts["total_g"],
            error_y={
                "type": "data",
                "array": amounts["high_g"] - amounts["total_g"],
                "arrayminus": amounts["total_g"] - amounts["low_g"],
                "color": MUTED,
                "thickness": 1,
                "width": 2,
            },
            marker={"color": COLORWAY[0]},
            name="CO₂e",
        )
    figure.update_traces(hovertemplate="%{y:,.3~r} " + unit, selector={"name": "CO₂e"})
    figure_layout(figure, height=height, showlegend=False)
    figure.update_yaxes(title=f"CO₂e [{unit}/day]", rangemode="tozero")
    figure.update_xaxes(title="Day (UTC)")
    if len(days) <= FEW_DAYS:
        figure.update_xaxes(dtick=86_400_000, tickformat="%d %b")
    return figure


def add_band(figure: go.Figure, x: pd.Series, low: pd.Series, high: pd.Series, name: str) -> None:
    """Fill the area between two series."""
    for values, fill in ((high, None), (low, "tonexty")):
        figure.add_scatter(
            x=x,
            y=values.astype(np.float32),
            mode="lines",
            line={"width": 0},
            fill=fill,
            fillcolor=BAND_FILL,
            name=name,
            showlegend=fill is not None,
            hoverinfo="skip",
        )


def hourly_line(
    at: pd.Series, values: pd.Series, *, title: str, name: str, height: int = 280
) -> go.Figure:
    """A regular hourly series; start and step instead of every timestamp."""
    figure = go.Figure(
        go.Scatter(
            x0=at.iloc[0],
            dx=3_600_000,
            y=values.astype(np.float32),
            mode="lines",
            line={"width": 1.6, "color": COLORWAY[0]},
            name=name,
            hovertemplate="%{y:,.3~r}<extra>" + name + "</extra>",
        )
    )
    figure.update_xaxes(type="date", title="Hour (UTC)")
    figure.update_yaxes(title=title)
    return figure_layout(figure, height=height, showlegend=False)


def daily_range(line: pd.DataFrame, *, title: str, height: int = 280) -> go.Figure:
    """Daily means with the range of each day: columns at, g_per_kwh, low_, high_g_per_kwh."""
    figure = go.Figure()
    add_band(figure, line["at"], line["low_g_per_kwh"], line["high_g_per_kwh"], "Range of the day")
    figure.add_scatter(
        x=line["at"],
        y=line["g_per_kwh"].astype(np.float32),
        mode="lines",
        line={"width": 1.8, "color": COLORWAY[0]},
        name="Daily mean",
    )
    figure.update_xaxes(title="Day (UTC)")
    figure.update_yaxes(title=title)
    return figure_layout(figure, height=height)


def tier_bars(tiers: pd.DataFrame, dark: bool) -> go.Figure:
    """Share of energy by tier, one stacked bar per input: columns input, label, share."""
    figure = go.Figure()
    page_text = "#e3ece8" if dark else "#0d1512"
    steps = tiers.assign(step=tiers.groupby("input").cumcount(), percent=100 * tiers["share"])
    for step, part in steps.groupby("step"):
        figure.add_bar(
            y=part["input"].tolist(),
            x=part["share"].tolist(),
            orientation="h",
            marker={"color": COLORWAY[0], "opacity": max(0.25, 1 - 0.28 * int(str(step)))},
            text=[
                f"{label} {units.share_text(share)}" if share > 0.12 else ""
                for label, share in zip(part["label"], part["share"], strict=True)
            ],
            textposition="inside",
            insidetextanchor="middle",
            # The chart picks a text colour for the full shade; the paler ones take the page's.
            insidetextfont={"color": page_text} if step else None,
            customdata=list(zip(part["label"], part["percent"], strict=True)),
            hovertemplate="%{customdata[0]}: %{customdata[1]:.1f} %<extra></extra>",
        )
    figure_layout(figure, height=170, barmode="stack", hovermode="closest", showlegend=False)
    figure.update_xaxes(tickformat=".0%", range=[0, 1.02], dtick=0.25)
    return figure
