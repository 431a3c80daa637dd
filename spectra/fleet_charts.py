"""Plotly figures of the fleet: cost against carbon, one machine's load, candidates, promises."""

from __future__ import annotations

import html

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from spectra.charts import AXIS, COLORWAY, MUTED, figure_layout
from spectra.units import GRAMS_PER_KG

FINDING_LOOKS = {
    "over-provisioned": (COLORWAY[0], "circle"),
    "idle": (COLORWAY[6], "x"),
    "under-provisioned": (COLORWAY[1], "triangle-up"),
    "beyond its burst baseline": (COLORWAY[3], "diamond"),
    "optimised": (MUTED, "circle-open"),
}
OTHER_LOOK = (MUTED, "circle-dot")
OTHERS = "no verdict"
# Of more units than this, those whose markers would lie on one another share one.
MANY_POINTS = 800
# The chart in steps of a third of a marker, across and up.
STEPS = (300, 120)


def cost_and_carbon(fleet: pd.DataFrame) -> go.Figure:
    """Every unit by its cost and its emissions in the period, both on log axes.

    Parameters
    ----------
    fleet : DataFrame
        Columns unit_id, name, instance_type, finding, cost_usd, kg; both amounts positive.
    """
    figure = go.Figure()
    named = fleet.assign(
        shown=fleet["finding"].where(fleet["finding"].isin(list(FINDING_LOOKS)), OTHERS)
    )
    named = named.assign(more=0) if len(named) <= MANY_POINTS else _apart(named)
    for finding in (OTHERS, *reversed(FINDING_LOOKS)):
        part = named[named["shown"] == finding]
        if part.empty:
            continue
        color, symbol = FINDING_LOOKS.get(finding, OTHER_LOOK)
        others = part["more"].map(lambda more: f" and {more:,} more here" if more else "")
        figure.add_scatter(
            x=part["cost_usd"],
            y=part["kg"],
            mode="markers",
            name=finding,
            text=part["name"].map(html.escape) + " · " + part["instance_type"] + others,
            customdata=part["unit_id"],
            hovertemplate="%{text}<br>$%{x:,.4~r}, %{y:,.3~r} kgCO₂e<extra></extra>",
            marker={"color": color, "symbol": symbol, "size": 9, "opacity": 0.9},
        )
    figure_layout(figure, height=340, hovermode="closest", clickmode="event+select")
    figure.update_xaxes(type="log", title="Cost in the period [USD]", dtick=1)
    figure.update_yaxes(type="log", title="CO₂e in the period [kg]", dtick=1)
    return figure


def _apart(named: pd.DataFrame) -> pd.DataFrame:
    """The first unit of each finding and step of the chart, with `more`: how many it stands for."""
    cells = ["shown"]
    for column, steps in zip(("cost_usd", "kg"), STEPS, strict=True):
        height = np.log(named[column].to_numpy(dtype=float))
        share = (height - height.min()) / max(np.ptp(height), 1e-9)
        cells.append(f"{column}_step")
        named[cells[-1]] = np.floor(share * (steps - 1e-6))
    more = named.groupby(cells)["unit_id"].transform("size") - 1
    return named.assign(more=more).drop_duplicates(cells)


def load(hours: pd.DataFrame, lines: dict[str, float | None]) -> go.Figure:
    """CPU hour by hour: mean, maximum, and named levels as horizontal lines, if known [%]."""
    figure = go.Figure()
    for column, name, color, width in (
        ("cpu_max_pct", "Maximum CPU of the hour", MUTED, 1.0),
        ("cpu_pct", "Mean CPU", COLORWAY[0], 1.8),
    ):
        figure.add_scatter(
            x=hours["hour"], y=hours[column].astype(np.float32), mode="lines", name=name,
            line={"color": color, "width": width}, connectgaps=False,
            hovertemplate="%{y:.1f} %<extra>" + name + "</extra>",
        )  # fmt: skip
    _levels(figure, lines)
    figure.update_yaxes(title="CPU [%]", rangemode="tozero")
    figure.update_xaxes(title="Hour (UTC)")
    return figure_layout(figure, height=300)


def _levels(figure: go.Figure, lines: dict[str, float | None]) -> None:
    known = {label: level for label, level in lines.items() if level is not None}
    for place, (label, level) in enumerate(known.items()):
        figure.add_hline(
            y=level, line={"color": COLORWAY[1], "width": 1, "dash": "dash"},
            annotation={"text": label, "font": {"size": 11}},
            annotation_position=("bottom right", "top left")[place % 2],
        )  # fmt: skip


def series(
    hours: pd.DataFrame, names: dict[str, str], title: str, lines: dict[str, float | None]
) -> go.Figure:
    """Columns of an hourly frame as lines, and named levels as `load` has them.

    A column without any value is left out.
    """
    figure = go.Figure()
    for place, (column, name) in enumerate(names.items()):
        if hours[column].notna().any():
            figure.add_scatter(
                x=hours["hour"], y=hours[column].astype(np.float32), mode="lines", name=name,
                line={"color": COLORWAY[place], "width": 1.4},
                hovertemplate="%{y:,.3~r}<extra>" + name + "</extra>",
            )  # fmt: skip
    _levels(figure, lines)
    figure.update_yaxes(title=title, rangemode="tozero")
    figure.update_xaxes(title="Hour (UTC)")
    return figure_layout(figure, height=220, showlegend=True)


def emissions_and_cost(days: pd.DataFrame) -> go.Figure:
    """Operational and embodied emissions by day, with the cost as a line on its own axis."""
    figure = go.Figure()
    for column, name, color in (
        ("operational_g", "Electricity", COLORWAY[0]),
        ("embodied_g", "Hardware", COLORWAY[5]),
    ):
        figure.add_bar(
            x=days["day"], y=days[column] / GRAMS_PER_KG, name=name, marker={"color": color},
            hovertemplate="%{y:,.3~r} kg<extra>" + name + "</extra>",
        )  # fmt: skip
    figure.add_scatter(
        x=days["day"], y=days["cost_usd"], name="Cost", yaxis="y2", mode="lines",
        line={"color": COLORWAY[1], "width": 1.6},
        hovertemplate="$%{y:.2f}<extra>Cost</extra>",
    )  # fmt: skip
    figure_layout(figure, height=240, barmode="stack")
    figure.update_layout(
        yaxis2={**AXIS, "overlaying": "y", "side": "right", "title": "USD/day",
                "rangemode": "tozero", "showgrid": False}
    )  # fmt: skip
    figure.update_yaxes(title="CO₂e [kg/day]", selector={"overlaying": None})
    figure.update_xaxes(title="Day (UTC)")
    return figure


def candidates(options: pd.DataFrame) -> go.Figure:
    """What each type saves a month as if the unit had run there, with its interval.

    Savings, not what is left: some types are compared by another power method than the ledger's,
    and only the difference by one method says something.

    Parameters
    ----------
    options : DataFrame
        Columns instance_type, kg, low_kg, high_kg (savings [kg/month]) and is_feasible.
    """
    colors = [COLORWAY[0] if ok else MUTED for ok in options["is_feasible"]]
    figure = go.Figure(
        go.Bar(
            y=options["instance_type"],
            x=options["kg"],
            orientation="h",
            marker={"color": colors},
            error_x={
                "type": "data",
                "array": options["high_kg"] - options["kg"],
                "arrayminus": options["kg"] - options["low_kg"],
                "color": MUTED,
                "thickness": 1,
            },
            hovertemplate="%{y}: %{x:,.3~r} kg/month<extra></extra>",
        )
    )
    figure.add_vline(x=0, line={"color": COLORWAY[1], "width": 1.5, "dash": "dash"},
                     annotation={"text": "now", "font": {"size": 11}})  # fmt: skip
    figure_layout(figure, height=60 + 30 * max(len(options), 3), hovermode="closest",
                  showlegend=False)  # fmt: skip
    figure.update_xaxes(title="CO₂e saved [kg/month]; left of now it adds")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure
