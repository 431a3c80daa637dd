"""Plotly figures of budgets: the course of a period, and how teams came to their emissions."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from spectra.charts import COLORWAY, MUTED, add_band, figure_layout
from spectra.insight.budgets import Version

# How a team came to emissions that are its own, and the colour of each way.
MAX_LABEL = 40
METHODS = {
    "direct_g": ("its own tag", COLORWAY[0]),
    "account_g": ("its account", COLORWAY[2]),
    "parent_g": ("the machine it belongs to", COLORWAY[3]),
    "pool_g": ("shared pools", COLORWAY[4]),
    "none_g": ("nobody", MUTED),
}


def burn_down(course: pd.DataFrame, unit: str, per_unit: float, until: datetime) -> go.Figure:
    """What was planned, what it came to, and what is expected with its band.

    Parameters
    ----------
    course : DataFrame
        As `spectra.budgets.burn_down` gives it.
    unit, per_unit : str, float
        Unit of the axis and grams per unit.
    """
    # A sum up to the end of a day stands at that end; that of today at what is accounted for.
    days = course["day"] + pd.Timedelta(days=1)
    known = days.where(days < pd.Timestamp(until), pd.Timestamp(until))
    amounts = course.drop(columns="day") / per_unit
    figure = go.Figure()
    if amounts["low_g"].notna().any():
        add_band(figure, days, amounts["low_g"], amounts["high_g"], "expected, 5 to 95 %")
    lines = {
        "planned_g": ("planned", {"color": MUTED, "width": 1.4, "dash": "dot"}),
        "expected_g": ("expected", {"color": COLORWAY[1], "width": 1.6, "dash": "dash"}),
        "actual_g": ("actual", {"color": COLORWAY[0], "width": 2.2}),
    }
    for column, (name, line) in lines.items():
        figure.add_scatter(
            x=known if column == "actual_g" else days, y=amounts[column], mode="lines",
            name=name, line=line,
            hovertemplate="%{y:,.3~r} " + unit,
        )  # fmt: skip
    figure.add_vline(x=until, line={"color": MUTED, "width": 1})
    figure_layout(figure, height=340)
    figure.update_yaxes(title=f"CO₂e since the start [{unit}]", rangemode="tozero")
    figure.update_xaxes(title="Day (UTC)")
    return figure


def by_day(days: pd.DataFrame, unit: str, per_unit: float) -> go.Figure:
    """What a team came to on each UTC day, columns day and total_g [gCO2e], as bars."""
    figure = _bars(days["day"], days["total_g"] / per_unit, unit)
    figure.update_yaxes(title=f"CO₂e [{unit}/day]")
    figure.update_xaxes(title="Day (UTC)")
    return figure


def amounts(versions: Sequence[Version], unit: str, per_unit: float) -> go.Figure:
    """What is set from each day on, as bars."""
    figure = _bars([v.valid_from for v in versions], [v.grams / per_unit for v in versions], unit)
    figure.update_yaxes(title=f"Amount [{unit}]")
    figure.update_xaxes(title="From (UTC day)")
    return figure


def _bars(days: Any, values: Any, unit: str) -> go.Figure:
    figure = go.Figure()
    figure.add_bar(
        x=days, y=values, marker={"color": COLORWAY[0]}, hovertemplate="%{y:,.3~r} " + unit,
        name="CO₂e",
    )  # fmt: skip
    figure_layout(figure, showlegend=False)
    figure.update_yaxes(rangemode="tozero")
    return figure


def by_team(league: pd.DataFrame, unit: str, per_unit: float) -> go.Figure:
    """Teams as bars, by the way in which the emissions came to be theirs; the greatest on top."""
    figure = go.Figure()
    for column, (name, color) in METHODS.items():
        if league[column].abs().sum() == 0:
            continue
        figure.add_bar(
            y=league["team"].map(html.escape), x=league[column] / per_unit, orientation="h",
            name=name, marker={"color": color}, hovertemplate="%{x:,.3~r} " + unit,
        )  # fmt: skip
    figure_layout(figure, height=110 + 26 * len(league), barmode="stack", hovermode="y unified")
    figure.update_xaxes(title=f"CO₂e [{unit}]")
    names = league["team"].tolist()
    labels = [html.escape(n if len(n) <= MAX_LABEL else n[: MAX_LABEL - 1] + "…") for n in names]
    # A team may be called 42, or 2026-01-01: its bar has no place on a scale of numbers.
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False,
                        tickvals=list(range(len(names))), ticktext=labels)  # fmt: skip
    return figure
