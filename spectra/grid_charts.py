"""Plotly figures of grids: hours by day, regions on a map, zones beside one another."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spectra.charts import COLORWAY, MUTED, figure_layout

LAND = Path(__file__).resolve().parent.parent / "data" / "land.csv"

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


def heat_map(frame: pd.DataFrame, timezone: str) -> go.Figure:
    """Hour of day × day of carbon intensity: columns day, hour_of_day, g_per_kwh."""
    table = frame.pivot(index="hour_of_day", columns="day", values="g_per_kwh")
    figure = go.Figure(
        go.Heatmap(
            x=table.columns,
            y=[f"{hour:02d}:00" for hour in table.index],
            z=table.to_numpy(dtype=np.float32),
            colorscale=[list(stop) for stop in INTENSITY_SCALE],
            colorbar={"title": "gCO₂e/kWh", "thickness": 10, "outlinewidth": 0},
            hovertemplate="%{x|%a %d %b}, %{y}: %{z:,.0f} gCO₂e/kWh<extra></extra>",
        )
    )
    figure_layout(figure, height=300, hovermode="closest")
    figure.update_xaxes(title=f"Day ({timezone})", showgrid=False)
    figure.update_yaxes(
        title="Hour of day", type="category", dtick=6, autorange="reversed", showgrid=False
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
            hoverinfo="skip",
        )
    _say_quantiles(figure, zones)
    figure_layout(figure, height=300, hovermode="x")
    figure.update_xaxes(
        categoryorder="array", categoryarray=zones["label"], tickangle=-45, showgrid=False
    )
    figure.update_yaxes(title="gCO₂e/kWh, 5 to 95 %", rangemode="tozero")
    return figure


def _say_quantiles(figure: go.Figure, zones: pd.DataFrame) -> None:
    """What a box says when it is pointed at: Plotly's own are five labels without a unit."""
    figure.add_scatter(
        x=zones["label"],
        y=zones["p50"],
        mode="markers",
        marker={"opacity": 0},
        showlegend=False,
        customdata=zones[["p05", "p25", "p75", "p95"]].round(),
        hovertemplate="%{x}: median %{y:,.0f} gCO₂e/kWh<br>half of the hours "
        "%{customdata[1]:,.0f} to %{customdata[2]:,.0f}, 5 to 95 % %{customdata[0]:,.0f} to "
        "%{customdata[3]:,.0f}<extra></extra>",
    )
