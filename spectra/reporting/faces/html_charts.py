"""Charts of the HTML face as what plotly.js draws; no figure is built in Python."""

from __future__ import annotations

from html import escape
from typing import Any

from spectra.reporting.faces.axes import COLOURS, axis_title, display_unit, label_texts, lone, runs
from spectra.reporting.faces.text import clipped, plain
from spectra.reporting.parts import Chart, Series

_DASHES = ("solid", "dash", "dot", "dashdot")


def chart_data(chart: Chart) -> dict[str, Any]:
    """Traces and layout of a chart."""
    traces: list[dict[str, Any]] = []
    for number, series in enumerate(chart.series):
        if chart.kind == "line":
            traces += _band(chart, series, number)
        traces.append(_trace(chart, series, number))
    return {"data": traces, "layout": _layout(chart)}


def _safe(text: str, length: int = 80) -> str:
    """A text that plotly.js, which reads some HTML and templates, shows as it is."""
    return escape(clipped(plain(text), length), quote=False).replace("%{", "% {")


def _names(chart: Chart) -> list[str]:
    """Places on the axis; equal names would fall on one place, so that each gets its number."""
    if chart.kind == "line":
        return [plain(x) for x in chart.x]
    names = [_safe(text, 40) for text in label_texts(chart.x)]
    return [n if names.count(n) == 1 else f"{n} ({i})" for i, n in enumerate(names, 1)]


def _trace(chart: Chart, series: Series, number: int) -> dict[str, Any]:
    per_unit, unit = display_unit(chart)
    values = [None if v is None else v / per_unit for v in series.values]
    colour = COLOURS[number % len(COLOURS)]
    trace: dict[str, Any] = {"name": _safe(series.name), "x": _names(chart), "y": values}
    if chart.kind == "line":
        line = {"color": colour, "width": 1.8, "dash": _DASHES[number % len(_DASHES)]}
        trace |= {"type": "scatter", "mode": "lines", "line": line, "connectgaps": False}
        if alone := lone(series.values):
            sizes = [6 if i in alone else 0 for i in range(len(values))]
            trace |= {"mode": "lines+markers", "marker": {"size": sizes, "color": colour}}
    else:
        trace |= {"type": "bar", "marker": {"color": colour}}
    across = chart.kind == "bar"
    if across:
        trace |= {"orientation": "h", "x": values, "y": _names(chart)}
    trace["hovertemplate"] = f"%{{{'x' if across else 'y'}:,.4~r}} {unit}"
    return trace


def _band(chart: Chart, series: Series, number: int) -> list[dict[str, Any]]:
    """The area between the bounds, one closed shape for each piece without a gap.

    A lone interval has no area and is a line from bound to bound.
    """
    if not series.low or not series.high:
        return []
    per_unit, _ = display_unit(chart)
    names = _names(chart)
    fill = f"{COLOURS[number % len(COLOURS)]}2e"
    name = "95 % interval" if len(chart.series) == 1 else f"{_safe(series.name)}, 95 % interval"
    shapes: list[dict[str, Any]] = []
    for run in runs(tuple(_width(*bounds) for bounds in zip(series.low, series.high, strict=True))):
        there, back = run, run[::-1]
        values = [series.high[i] for i in there] + [series.low[i] for i in back]
        shapes.append(
            {
                "type": "scatter", "mode": "lines", "hoverinfo": "skip",
                "line": {"width": 0 if len(run) > 1 else 6, "color": fill},
                "x": [names[i] for i in there + back], "y": [(v or 0.0) / per_unit for v in values],
                "fill": "toself", "fillcolor": fill,
                "name": name, "legendgroup": name, "showlegend": not shapes,
            }
        )  # fmt: skip
    return shapes


def _width(low: float | None, high: float | None) -> float | None:
    return None if low is None or high is None else high - low


def _layout(chart: Chart) -> dict[str, Any]:
    across = chart.kind == "bar"
    names: dict[str, Any] = {"title": {"text": _safe(chart.x_title)}, "automargin": True}
    if chart.kind != "line" or len(chart.x) == 1:  # a lone day's axis would count milliseconds
        names["type"] = "category"
    values = {"title": {"text": _safe(axis_title(chart))}, "automargin": True, "zeroline": True}
    if across:  # the names speak for themselves, and a title would stand over long ones
        names |= {"autorange": "reversed", "title": {"text": ""}}
    has_legend = len(chart.series) > 1 or any(series.low for series in chart.series)
    return {
        "xaxis": values if across else names,
        "yaxis": names if across else values | {"rangemode": "tozero"},
        "barmode": "stack" if chart.kind == "stacked" else "group",
        "hovermode": "closest" if across else "x unified",
        "showlegend": has_legend,
        "legend": {
            "orientation": "h",
            "y": 1.02,
            "yanchor": "bottom",
            "x": 0,
            "traceorder": "normal",
        },
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "bargap": 0.3,
    }
