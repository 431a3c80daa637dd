"""Plotly figures of regions: price against carbon, and a move month by month."""

from __future__ import annotations

import html

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spectra import units
from spectra.charts import COLORWAY, MUTED, figure_layout

# Bars of fewer hours stand for part of a month.
WHOLE_MONTH_HOURS = 27 * 24
# Room that the name of a region takes, as a share of the axes.
NAME_WIDTH, NAME_HEIGHT = 0.3, 0.065


def efficient_regions(ranked: pd.DataFrame) -> go.Figure:
    """Every ranked region by price and emissions; those that no other one beats are filled.

    Parameters
    ----------
    ranked : DataFrame
        Columns region, usd_per_h, g_per_h, latency_ms, is_efficient, is_home; the price known.
    """
    figure = go.Figure()
    others = ranked[~ranked["is_home"]]
    parts = (
        ("beaten by another", others[~others["is_efficient"]], MUTED, "circle-open"),
        ("efficient", others[others["is_efficient"]], COLORWAY[0], "circle"),
        ("where we are now", ranked[ranked["is_home"]], COLORWAY[1], "star"),
    )
    labelled = set(_apart(ranked))
    for name, part, color, symbol in parts:
        if part.empty:
            continue
        shown = part["region"].where(part["region"].isin(labelled), "")
        figure.add_scatter(
            x=part["usd_per_h"], y=part["g_per_h"], mode="markers+text", name=name,
            text=shown.map(html.escape), textposition="top center",
            textfont={"size": 11, "color": MUTED},
            customdata=np.stack([part["region"], part["latency_ms"]], axis=-1),
            hovertemplate="%{customdata[0]}<br>$%{x:,.4~r}/h, %{y:,.3~r} g/h, "
            "%{customdata[1]:.0f} ms<extra></extra>",
            marker={"color": color, "symbol": symbol, "size": 14 if symbol == "star" else 10},
        )  # fmt: skip
    figure_layout(figure, height=440, hovermode="closest")
    # Room for the names at both ends.
    least, most = float(ranked["usd_per_h"].min()), float(ranked["usd_per_h"].max())
    room = max(0.16 * (most - least), 0.02 * most)
    figure.update_xaxes(
        title="List price [USD/h]", tickprefix="$", range=[least - room, most + room]
    )
    figure.update_yaxes(title="CO₂e [g/h]", rangemode="tozero")
    return figure


def _apart(ranked: pd.DataFrame) -> list[str]:
    """Regions whose names do not lie on one another; the important ones are asked first."""
    order = ranked.sort_values(["is_home", "is_efficient"], ascending=False, kind="stable")
    x = (order["usd_per_h"] / max(np.ptp(order["usd_per_h"].to_numpy()), 1e-9)).to_numpy()
    y = (order["g_per_h"] / max(float(order["g_per_h"].max()), 1e-9)).to_numpy()
    kept: list[int] = []
    for n in range(len(order)):
        if all(abs(x[n] - x[k]) > NAME_WIDTH or abs(y[n] - y[k]) > NAME_HEIGHT for k in kept):
            kept.append(n)
    return [str(order["region"].iloc[n]) for n in kept]


def move_months(months: pd.DataFrame, unit: str, per_unit: float) -> go.Figure:
    """Emissions of each month before and after.

    Parameters
    ----------
    months : DataFrame
        Columns month, before_g, after_g, clock_hours.
    unit, per_unit : str, float
        Unit of the axis and grams per unit.
    """
    labels = [
        f"{month:%b %Y}"
        + ("" if hours >= WHOLE_MONTH_HOURS else f"<br>{units.counted(round(hours / 24), 'day')}")
        for month, hours in zip(months["month"], months["clock_hours"], strict=True)
    ]
    figure = go.Figure()
    for column, name, color, pattern in (
        ("before_g", "as it was", MUTED, ""),
        ("after_g", "in the target", COLORWAY[0], "/"),
    ):
        figure.add_bar(
            x=labels, y=months[column] / per_unit, name=name,
            marker={"color": color, "pattern": {"shape": pattern, "size": 6}},
            hovertemplate="%{y:,.3~r} " + unit,
        )  # fmt: skip
    figure_layout(figure, height=300, barmode="group")
    figure.update_yaxes(title=f"CO₂e [{unit}/month]", rangemode="tozero")
    figure.update_xaxes(title="Month (UTC)", type="category")
    return figure
