"""Charts of the PDF, drawn as vectors: lines in their band, bars, stacked bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reportlab.graphics.shapes import Circle, Drawing, Line, Polygon, PolyLine, Rect, String
from reportlab.lib.colors import Color, HexColor, white

from spectra.reporting.faces.axes import (
    COLOURS,
    axis_title,
    display_unit,
    extent,
    label_texts,
    runs,
    tick_text,
    ticks,
)
from spectra.reporting.faces.pdf_style import (
    INK,
    LINE,
    MUTED,
    REGULAR,
    fitted,
    font_for,
    safe,
    text_width,
)
from spectra.reporting.parts import Chart, Series
from spectra.units import MISSING
from spectra.units import number as number_text

_SIZE = 7.2
_PLOT_HEIGHT = 128.0
_BAR = 15.0
_MAX_BARS = 40
_DASHES = (None, (5, 2), (2, 2), (7, 2, 2, 2))  # so that colour is not the only signal


def chart_drawing(chart: Chart, width: float, height: float = _PLOT_HEIGHT) -> Any:
    """A chart as a drawing of `width` points; `height` is that of the plot alone."""
    drawing = _bars(chart, width) if chart.kind == "bar" else _over_time(chart, width, height)
    drawing.hAlign = "LEFT"
    return drawing


@dataclass(frozen=True, slots=True)
class _Plot:
    """Where numbers go on the paper."""

    left: float
    bottom: float
    width: float
    height: float
    low: float
    high: float
    per_unit: float

    def up(self, value: float) -> float:
        """Height on the paper of a value in the chart's base unit."""
        share = (value / self.per_unit - self.low) / (self.high - self.low)
        return self.bottom + self.height * share

    def across(self, i: int, of: int) -> float:
        """Middle of the place of the i-th of so many."""
        return self.left + self.width * (i + 0.5) / max(of, 1)


def _over_time(chart: Chart, width: float, height: float) -> Any:
    legend = _legend_height(chart, width)
    drawing = Drawing(width, height + 40 + legend, initialFontName=REGULAR)
    per_unit, _ = display_unit(chart)
    low, high = extent(chart)
    steps = ticks(low / per_unit, high / per_unit)
    texts = [tick_text(step, steps[1] - steps[0]) for step in steps]
    left = max(text_width(text, REGULAR, _SIZE) for text in texts) + 6
    plot = _Plot(left, 26, width - left - 4, height, steps[0], steps[-1], per_unit)
    for step, text in zip(steps, texts, strict=True):
        y = plot.up(step * per_unit)
        drawing.add(Line(left, y, width - 4, y, strokeColor=LINE, strokeWidth=0.5))
        _write(drawing, left - 4, y - 2.4, text, anchor="end")
    draw = _line if chart.kind == "line" else _stacked
    draw(drawing, chart, plot)
    _labels(drawing, chart, plot)
    zero = plot.up(0)
    drawing.add(Line(left, zero, width - 4, zero, strokeColor=MUTED, strokeWidth=0.7))
    _write(drawing, 0, height + 32 + legend, safe(axis_title(chart)))
    _legend(drawing, chart, height + 32 + legend)
    return drawing


def _line(drawing: Any, chart: Chart, plot: _Plot) -> None:
    for number, series in enumerate(chart.series):
        colour = HexColor(COLOURS[number % len(COLOURS)])
        _band(drawing, series, plot, colour)
        for run in runs(series.values):
            points = _points(series.values, run, plot, len(chart.x))
            if len(run) == 1:  # a single known value is a dot
                drawing.add(Circle(*points, 2, fillColor=colour, strokeColor=None))
                continue
            dash = _DASHES[number % len(_DASHES)]
            drawing.add(PolyLine(points, strokeColor=colour, strokeWidth=1.4, strokeDashArray=dash))


def _band(drawing: Any, series: Series, plot: _Plot, colour: Any) -> None:
    if not series.low or not series.high:
        return
    fill = Color(colour.red, colour.green, colour.blue, alpha=0.16)
    both = tuple(
        None if low is None or high is None else high - low
        for low, high in zip(series.low, series.high, strict=True)
    )
    for run in runs(both):
        over = _points(series.high, run, plot, len(both))
        under = _points(series.low, run[::-1], plot, len(both))
        if len(run) == 1:  # a single interval has no area
            drawing.add(Line(*over, *under, strokeColor=fill, strokeWidth=6))
            continue
        drawing.add(Polygon(over + under, fillColor=fill, strokeColor=None))


def _points(
    values: tuple[float | None, ...], run: list[int], plot: _Plot, count: int
) -> list[float]:
    points: list[float] = []
    for i in run:
        points += [plot.across(i, count), plot.up(values[i] or 0.0)]
    return points


def _stacked(drawing: Any, chart: Chart, plot: _Plot) -> None:
    slot = plot.width / max(len(chart.x), 1)
    wide = min(slot * 0.72, 60)
    for i in range(len(chart.x)):
        tops = [0.0, 0.0]  # of what is above and of what is below zero
        for number, series in enumerate(chart.series):
            value = series.values[i]
            if value is None or value == 0:
                continue
            side = int(value < 0)
            start, tops[side] = tops[side], tops[side] + value
            y0, y1 = sorted((plot.up(start), plot.up(tops[side])))
            fill = HexColor(COLOURS[number % len(COLOURS)])
            x = plot.across(i, len(chart.x)) - wide / 2
            edge = white if slot > 4 else None
            drawing.add(
                Rect(x, y0, wide, y1 - y0, fillColor=fill, strokeColor=edge, strokeWidth=0.4)
            )


def _labels(drawing: Any, chart: Chart, plot: _Plot) -> None:
    texts = label_texts(chart.x)
    widest = max((text_width(safe(text), REGULAR, _SIZE) for text in texts), default=0.0)
    room = max(1, int(plot.width / (min(widest, 90) + 14)))
    every = -(-len(texts) // room) if texts else 1
    for i in range(0, len(texts), every):
        x = plot.across(i, len(texts))
        text = fitted(texts[i], 90, REGULAR, _SIZE)
        _write(drawing, x, plot.bottom - 10, text, anchor="middle")
        drawing.add(Line(x, plot.bottom, x, plot.bottom - 2.5, strokeColor=MUTED, strokeWidth=0.5))
    title = fitted(chart.x_title, plot.width, REGULAR, _SIZE)
    _write(drawing, plot.left + plot.width / 2, plot.bottom - 21, title, anchor="middle")


def _entries(chart: Chart) -> list[tuple[int, str]]:
    """Colour and name of what the legend explains; nothing for a lone series without a band."""
    has_band = any(series.low for series in chart.series)
    names = [(number, series.name) for number, series in enumerate(chart.series)]
    if has_band:
        names.append((-1, "95 % interval"))
    return names if len(names) > 1 else []


def _legend_height(chart: Chart, width: float) -> float:
    return 12.0 * len(_legend_rows(chart, width))


def _legend_rows(chart: Chart, width: float) -> list[list[tuple[int, str, float]]]:
    """The legend's entries with their places, broken into rows."""
    rows: list[list[tuple[int, str, float]]] = []
    x = width
    for number, name in _entries(chart):
        text = fitted(name, 120, REGULAR, _SIZE)
        wide = text_width(text, REGULAR, _SIZE) + 26
        if x + wide > width:
            rows.append([])
            x = 0.0
        rows[-1].append((number, text, x))
        x += wide
    return rows


def _legend(drawing: Any, chart: Chart, top: float) -> None:
    for line, row in enumerate(_legend_rows(chart, drawing.width)):
        y = top - 12 * (line + 1)
        for number, text, x in row:
            colour = HexColor(COLOURS[number % len(COLOURS) if number >= 0 else 0])
            if number < 0:
                colour = Color(colour.red, colour.green, colour.blue, alpha=0.16)
            if chart.kind == "line" and number >= 0:
                dash = _DASHES[number % len(_DASHES)]
                drawing.add(
                    Line(x, y + 2.6, x + 13, y + 2.6, strokeColor=colour, strokeWidth=1.6,
                         strokeDashArray=dash)
                )  # fmt: skip
            else:
                drawing.add(Rect(x + 2, y - 0.5, 9, 6.5, fillColor=colour, strokeColor=None))
            _write(drawing, x + 16, y, text, colour=INK)


def _bars(chart: Chart, width: float) -> Any:
    """Horizontal bars, one per name and series, with their numbers."""
    names, several = chart.x[:_MAX_BARS], len(chart.series)
    legend = _legend_height(chart, width)
    each = _BAR if several == 1 else 9.0 * several + 6
    height = each * len(names)
    drawing = Drawing(width, height + 22 + legend, initialFontName=REGULAR)
    per_unit, _ = display_unit(chart)
    low, high = (min(extent(chart)[0], 0.0), max(extent(chart)[1], 0.0))
    texts = [fitted(name, width * 0.34, REGULAR, 8) for name in label_texts(names)]
    left = max((text_width(text, REGULAR, 8) for text in texts), default=0.0) + 8
    room = width - left - 46
    scale = room / ((high - low) or 1.0)
    zero = left - low * scale
    for i, text in enumerate(texts):
        top = height + 4 - each * i
        _write(drawing, left - 6, top - each / 2 - 2.8, text, anchor="end", colour=INK, size=8)
        for number, series in enumerate(chart.series):
            thick = (each - 5) / several
            y = top - 2.5 - thick * (number + 1)
            _bar(drawing, series.values[i], (zero, y, thick, scale, per_unit), number)
    drawing.add(Line(zero, 4, zero, height + 4, strokeColor=MUTED, strokeWidth=0.7))
    _write(drawing, 0, height + 14 + legend, safe(axis_title(chart)))
    _legend(drawing, chart, height + 14 + legend)
    return drawing


def _bar(
    drawing: Any, value: float | None, place: tuple[float, float, float, float, float], which: int
) -> None:
    zero, y, thick, scale, per_unit = place
    if value is None:
        _write(drawing, zero + 4, y + thick / 2 - 2.6, MISSING)
        return
    fill = HexColor(COLOURS[which % len(COLOURS)])
    start, long = min(zero, zero + value * scale), abs(value * scale)
    drawing.add(Rect(start, y, long, thick, fillColor=fill, strokeColor=None))
    text = number_text(value / per_unit)
    _write(drawing, max(zero, start + long) + 4, y + thick / 2 - 2.6, text, colour=INK)


def _write(  # noqa: PLR0913 (a text, its place and its look)
    drawing: Any,
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    colour: Any = MUTED,
    size: float = _SIZE,
) -> None:
    drawing.add(
        String(
            x, y, text, textAnchor=anchor, fontName=font_for(text), fontSize=size, fillColor=colour
        )
    )
