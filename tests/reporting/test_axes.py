"""Axes of charts: round ticks, one unit, dates as people write them."""

from dataclasses import replace

import pytest

from spectra.reporting.faces.axes import (
    axis_title,
    display_unit,
    label_texts,
    runs,
    tick_text,
    ticks,
)
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
