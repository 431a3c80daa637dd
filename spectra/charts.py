"""Plotly figures with one look: units on axes, UTC named, colours from the active theme."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spectra import units

# Streamlit swaps these placeholders, in the browser, for the theme's categorical colours, so that
# one figure suits light and dark.
COLORWAY = tuple(f"#0000{n:02d}" for n in range(1, 9))

LAND = Path(__file__).resolve().parent.parent / "data" / "land.csv"

MUTED = "rgba(128, 140, 136, 0.9)"
GRID_LINE = "rgba(128, 140, 136, 0.18)"
AXIS = {"gridcolor": GRID_LINE, "zeroline": False, "automargin": True}
BAND_FILL = "rgba(64, 145, 108, 0.20)"

# Intensity in steps of lightness as well as hue, so that it reads without colour vision too.
INTENSITY_SCALE = (
    (0.0, "#0b6e4f"),
    (0.15, "#4ca98a"),
    (0.35, "#c9d97a"),
    (0.55, "#e8b04a"),
    (0.75, "#c8642f"),
    (1.0, "#6f2411"),
)
INTENSITY_RANGE = (0, 800)

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
    figure.update_traces(hovertemplate="%{y:.3s} " + unit, selector={"name": "CO₂e"})
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
            hovertemplate="%{y:.3s}<extra>" + name + "</extra>",
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


def heat_map(frame: pd.DataFrame, timezone: str) -> go.Figure:
    """Hour of day × day of carbon intensity: columns day, hour_of_day, g_per_kwh."""
    table = frame.pivot(index="hour_of_day", columns="day", values="g_per_kwh")
    figure = go.Figure(
        go.Heatmap(
            x=table.columns,
            y=table.index,
            z=table.to_numpy(dtype=np.float32),
            colorscale=[list(stop) for stop in INTENSITY_SCALE],
            colorbar={"title": "gCO₂e/kWh", "thickness": 10, "outlinewidth": 0},
            hovertemplate="%{x|%a %d %b} %{y}:00: %{z:.0f} gCO₂e/kWh<extra></extra>",
        )
    )
    figure_layout(figure, height=300, hovermode="closest")
    figure.update_xaxes(title=f"Day ({timezone})", showgrid=False)
    figure.update_yaxes(
        title="Hour of day", dtick=6, autorange="reversed", showgrid=False, ticksuffix=":00"
    )
    return figure


@cache
def _land() -> pd.DataFrame:
    """Coast lines of Natural Earth: lon, lat [degrees], rings parted by rows of NaN."""
    rings = pd.read_csv(LAND)
    parts = [pd.concat([ring, pd.DataFrame([{}])]) for _, ring in rings.groupby("ring")]
    return pd.concat(parts, ignore_index=True)[["lon", "lat"]]


def world_map(regions: pd.DataFrame, dark: bool) -> go.Figure:
    """Regions on a map; colour is intensity, size our own footprint, hollow an annual factor.

    Drawn on plain axes with our own coast lines: Plotly's maps load theirs from another host.

    Parameters
    ----------
    regions : DataFrame
        Columns region, lat, lon [degrees], g_per_kwh, is_hourly, marker_size [px], text.
    """
    land = _land()
    fill, coast = ("#1c2e29", "#33504a") if dark else ("#e4ebe7", "#c3cfca")
    figure = go.Figure(
        go.Scatter(
            x=land["lon"],
            y=land["lat"],
            mode="lines",
            fill="toself",
            fillcolor=fill,
            line={"width": 0.6, "color": coast},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    for is_hourly, symbol, name in ((False, "diamond-open", "Annual"), (True, "circle", "Hourly")):
        part = regions[regions["is_hourly"].eq(is_hourly)]
        figure.add_scatter(
            x=part["lon"],
            y=part["lat"],
            mode="markers",
            text=part["text"],
            customdata=part["region"],
            hovertemplate="%{text}<extra></extra>",
            name=f"{name} intensity",
            marker={
                "symbol": symbol,
                "size": part["marker_size"],
                "color": part["g_per_kwh"],
                "colorscale": [list(stop) for stop in INTENSITY_SCALE],
                "cmin": INTENSITY_RANGE[0],
                "cmax": INTENSITY_RANGE[1],
                "line": {
                    "width": 0.8 if is_hourly else 1.8,
                    "color": "white" if is_hourly else None,
                },
                "opacity": 0.95,
                "showscale": is_hourly,
                "colorbar": {
                    "title": {"text": "gCO₂e/kWh", "side": "top"},
                    "orientation": "h",
                    "thickness": 8,
                    "outlinewidth": 0,
                    "len": 0.7,
                    "y": -0.02,
                    "yanchor": "top",
                },
            },
        )
    figure_layout(figure, height=430, hovermode="closest")
    figure.update_xaxes(visible=False, range=[-135, 192], constrain="domain")
    figure.update_yaxes(visible=False, range=[-50, 74], scaleanchor="x", scaleratio=1.25)
    return figure


def distribution(zones: pd.DataFrame, highlighted: str) -> go.Figure:
    """Boxes of every zone's hours, one highlighted: label, zone and p05, p25, p50, p75, p95."""
    figure = go.Figure()
    for is_chosen in (False, True):
        part = zones[zones["zone"].eq(highlighted) == is_chosen]
        figure.add_box(
            x=part["label"],
            lowerfence=part["p05"],
            q1=part["p25"],
            median=part["p50"],
            q3=part["p75"],
            upperfence=part["p95"],
            name="This region" if is_chosen else "Other regions",
            marker={"color": COLORWAY[0] if is_chosen else MUTED},
            line={"width": 2.2 if is_chosen else 1},
        )
    figure_layout(figure, height=300, hovermode="closest")
    figure.update_xaxes(
        categoryorder="array", categoryarray=zones["label"], tickangle=-45, showgrid=False
    )
    figure.update_yaxes(title="gCO₂e/kWh, 5 to 95 %", rangemode="tozero")
    return figure


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
