"""Axes of charts: round ticks, one unit, dates as people write them."""

from dataclasses import replace

import pytest
from reportlab.graphics.shapes import Circle, Line, Polygon

from spectra.reporting.faces.axes import (
    axis_title,
    display_unit,
    label_texts,
    lone,
    runs,
    tick_text,
    ticks,
)
from spectra.reporting.faces.html_charts import chart_data
from spectra.reporting.faces.pdf_charts import chart_drawing
from spectra.reporting.faces.pdf_style import load_fonts
from spectra.reporting.faces.xlsx_charts import _paint
from spectra.reporting.parts import Series
from tests.reporting.sample import sample


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (0, 9, (0, 2, 4, 6, 8, 10)),
        (300, 580, (0, 200, 400, 600)),
        (-3, 2, (-3, -2, -1, 0, 1, 2)),
        (0, 0, (0, 0.2)),
    ],
)
def test_ticks_are_round_and_hold_all_values_and_zero(low, high, wanted):
    assert ticks(low, high) == pytest.approx(wanted)


def test_ticks_have_the_decimals_of_their_step():
    assert [tick_text(v, 2.5) for v in (0, 2.5, -5)] == ["0.0", "2.5", "−5.0"]
    assert tick_text(1_500, 500) == "1,500"


def test_a_stack_s_unit_follows_its_sum():
    chart = sample().charts[0]
    assert display_unit(chart) == (1e6, "tCO₂e")
    assert axis_title(replace(chart, y_title="CO₂e [t]")) == "CO₂e [t]"


def test_days_show_the_year_only_where_there_are_two():
    assert label_texts(("2026-07-01", "2026-07-02")) == ["1 Jul", "2 Jul"]
    assert label_texts(("2025-12-31", "2026-01-01")) == ["31 Dec 2025", "1 Jan 2026"]
    assert label_texts(("2026-07", "production", "2026-13")) == [
        "Jul 2026",
        "production",
        "2026-13",
    ]


def test_a_gap_cuts_a_line():
    assert runs((1.0, None, 2.0, 3.0, float("nan"))) == [[0], [2, 3]]


def test_a_value_without_neighbours_is_a_mark_with_its_interval_in_every_face():
    line = sample().sections[5].charts[0]
    series = Series("a", "A", (1e3, None, 2e3, 2e3), (5e2, None, 1e3, 1e3), (2e3, None, 4e3, 4e3))
    chart = replace(line, x=line.x[:4], series=(series,))
    assert lone(series.values) == {0}
    alone, area, trace = chart_data(chart)["data"]
    assert (alone["x"], alone["y"], alone["line"]["width"]) == ([chart.x[0]] * 2, [2.0, 0.5], 6)
    assert area["line"]["width"] == 0
    assert (trace["mode"], trace["marker"]["size"]) == ("lines+markers", [6, 0, 0, 0])
    assert "type" not in chart_data(chart)["layout"]["xaxis"]
    day = Series("a", "A", (1e3,), (5e2,), (2e3,))
    assert chart_data(replace(line, x=line.x[:1], series=(day,)))["layout"]["xaxis"]["type"] == (
        "category"
    )
    load_fonts()
    shapes = chart_drawing(chart, 400).contents
    assert [type(s) for s in shapes].count(Circle) == [type(s) for s in shapes].count(Polygon) == 1
    assert any(isinstance(s, Line) and s.strokeWidth == 6 for s in shapes)
    assert _paint(chart, "#000000", False)["marker"]["type"] == "circle"
    assert _paint(chart, "#000000", True)["marker"]["type"] == "long_dash"
    assert "marker" not in _paint(line, "#000000", False)
    assert chart_data(line)["data"][-1]["mode"] == "lines"
