"""Charts of the workbook: the spreadsheet's own, over a sheet that holds their numbers."""

from __future__ import annotations

from typing import Any

from spectra.reporting.faces.axes import COLOURS, axis_title, display_unit, label_texts, lone
from spectra.reporting.faces.text import clipped, plain
from spectra.reporting.faces.xlsx_look import Look
from spectra.reporting.parts import Chart, Series

_KINDS = {
    "line": {"type": "line"},
    "bar": {"type": "bar"},
    "stacked": {"type": "column", "subtype": "stacked"},
}
_LINES = {"visible": True, "line": {"color": "#d9e2de", "width": 0.5}}
_ROWS = 16  # of a sheet that a chart covers


class ChartSheet:
    """The sheet with the numbers of all charts, side by side."""

    def __init__(self, book: Any, name: str, look: Look) -> None:
        self._book, self._look, self._name = book, look, name
        self._sheet = book.add_worksheet(name)
        self._column = 0

    def insert(self, sheet: Any, row: int, chart: Chart) -> int:
        """Put a chart on a sheet; the first free row below it."""
        first = self._column
        drawn = self._book.add_chart(_KINDS[chart.kind])
        series = self._write(chart)
        last = len(chart.x) + 1
        for i, (column, is_bound) in enumerate(series):
            drawn.add_series(
                {
                    "name": [self._name, 1, column],
                    "categories": [self._name, 2, first, last, first],
                    "values": [self._name, 2, column, last, column],
                    **_paint(chart, COLOURS[i % len(COLOURS)], is_bound),
                }
            )
        self._dress(drawn, chart, len(series))
        sheet.insert_chart(row, 0, drawn, {"description": clipped(plain(chart.alt), 250)})
        self._look.text(sheet, row + _ROWS, 0, chart.alt, "muted")
        return row + _ROWS + 2

    def _dress(self, drawn: Any, chart: Chart, series: int) -> None:
        title = clipped(f"Figure {chart.number}. {plain(chart.title)}", 200)
        drawn.set_title({"name": title, "name_font": {"size": 11}})
        # The library takes a title that begins with "=" for a formula.
        names = {"name": clipped(plain(chart.x_title).lstrip("= "), 100)}
        values = {
            "name": clipped(axis_title(chart).lstrip("= "), 100),
            "major_gridlines": {"visible": True},
        }
        if chart.kind == "bar":  # they lie, and turned round the first name is on top
            drawn.set_x_axis(values)
            drawn.set_y_axis({**names, "reverse": True, "interval_unit": 1})
        else:
            drawn.set_x_axis(names)
            drawn.set_y_axis(values)
        drawn.set_legend({"position": "bottom"} if series > 1 else {"none": True})
        drawn.set_size({"width": 760, "height": 300})
        drawn.show_na_as_empty_cell()

    def _write(self, chart: Chart) -> list[tuple[int, bool]]:
        """The chart's numbers as columns: where each stands, and whether it is a bound."""
        look, sheet, first = self._look, self._sheet, self._column
        look.text(sheet, 0, first, f"Figure {chart.number}. {chart.title}", "caption")
        look.text(sheet, 1, first, chart.x_title, "head")
        for i, label in enumerate(label_texts(chart.x), 2):
            look.text(sheet, i, first, label)
        found = []
        for name, values, is_bound in _columns(chart):
            self._column += 1
            self._values(chart, name, values)
            found.append((self._column, is_bound))
        self._column += 2
        return found

    def _values(self, chart: Chart, name: str, values: tuple[float | None, ...]) -> None:
        per_unit, unit = display_unit(chart)
        head = f"{name} [{unit}]" if unit else name
        self._look.text(self._sheet, 1, self._column, head, "head")
        for i, value in enumerate(values, 2):
            if value is not None:  # an empty cell is a gap in the line
                self._look.number(self._sheet, i, self._column, value / per_unit, "number")


def _paint(chart: Chart, colour: str, is_bound: bool) -> dict[str, Any]:
    if chart.kind != "line":
        return {"fill": {"color": colour}, "gap": 40}
    line = {"color": colour, "width": 1.75}
    if is_bound:
        line = {"color": COLOURS[-1], "width": 0.75, "dash_type": "dash"}
    if not any(lone(series.values) for series in chart.series):
        return {"line": line}
    paint = {"border": {"color": line["color"]}, "fill": {"color": line["color"]}}
    return {"line": line, "marker": {"type": "long_dash" if is_bound else "circle", **paint}}


def _columns(chart: Chart) -> list[tuple[str, tuple[float | None, ...], bool]]:
    """Name, values and whether they bound the band, for every series of a chart."""
    found = []
    for series in chart.series:
        found.append((plain(series.name), series.values, False))
        found += _band(series) if chart.kind == "line" else []
    return found


def _band(series: Series) -> list[tuple[str, tuple[float | None, ...], bool]]:
    bounds = (("low", series.low), ("high", series.high))
    return [(f"{plain(series.name)}, {name}", b, True) for name, b in bounds if b]
