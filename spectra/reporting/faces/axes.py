"""Axes of a report's charts: the unit they are drawn in, round ticks, short labels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime

from spectra.reporting.faces.text import plain, unit_text
from spectra.reporting.parts import Chart
from spectra.units import energy, mass

# The app's categorical colours, in the order of the series; on paper those of light mode.
COLOURS = (
    "#0b6e4f", "#c8642f", "#2f5d8c", "#a67c00", "#7b4b94", "#24858c", "#a23b52", "#5d6863",
)  # fmt: skip
DARK_COLOURS = (
    "#5cc99b", "#f0965f", "#7fb2e5", "#e3c04d", "#c09ad8", "#6fd0d6", "#ec8ba1", "#a9b5b0",
)  # fmt: skip


def display_unit(chart: Chart) -> tuple[float, str]:
    """Base units per unit of the axis, and the axis' unit, "" for a bare number."""
    largest = max((abs(value) for value in _values(chart)), default=0.0)
    if chart.unit == "gCO2e":
        shown = mass(largest)
        return largest / shown.value if largest else 1e3, f"{shown.unit if largest else 'kg'}CO₂e"
    if chart.unit == "kWh":
        shown = energy(largest)
        return (largest / shown.value, shown.unit) if largest else (1.0, "kWh")
    if chart.unit == "share":
        return 0.01, "%"
    return 1.0, "USD" if chart.unit == "USD" else unit_text(chart.unit, "")


def axis_title(chart: Chart) -> str:
    """The title of the axis of numbers, with its unit once."""
    title, (_, unit) = plain(chart.y_title), display_unit(chart)
    return f"{title} [{unit}]" if unit and "[" not in title else title


def ticks(low: float, high: float, about: int = 5) -> tuple[float, ...]:
    """Round numbers that enclose `low` to `high` and zero."""
    low, high = min(low, 0.0), max(high, 0.0)
    span = high - low or 1.0
    magnitude = 10.0 ** math.floor(math.log10(span / about))
    step = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if span / (m * magnitude) <= about + 0.5)
    first, last = math.floor(low / step + 1e-9), math.ceil(max(high, low + step) / step - 1e-9)
    return tuple(i * step for i in range(first, last + 1))


def tick_text(value: float, step: float) -> str:
    """A tick's number with the decimals that its step needs."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step else 0
    if abs(round(step, decimals) - step) > step * 1e-6:
        decimals += 1  # a step of 2.5
    return f"{value:,.{decimals}f}".replace("-", "−")


def label_texts(x: tuple[str, ...]) -> list[str]:
    """Days and months as people write them, with the year where there are several."""
    several = len({name[:4] for name in x}) > 1
    day = "{0.day} {0:%b %Y}" if several else "{0.day} {0:%b}"
    return [_label(name, day) for name in x]


def _label(name: str, day: str) -> str:
    for form, length, pattern in (("%Y-%m-%d", 10, day), ("%Y-%m", 7, "{0:%b %Y}")):
        if len(name) == length:
            try:
                return pattern.format(datetime.strptime(name, form))  # noqa: DTZ007 (a day has no zone)
            except ValueError:
                continue
    return plain(name)


def runs(values: tuple[float | None, ...]) -> list[list[int]]:
    """The positions of known values, cut where one is missing."""
    found: list[list[int]] = [[]]
    for i, value in enumerate(values):
        if value is None or not math.isfinite(value):
            found.append([])
        else:
            found[-1].append(i)
    return [run for run in found if run]


def lone(values: tuple[float | None, ...]) -> set[int]:
    """The positions of known values without a known neighbour: no line goes through them."""
    return {run[0] for run in runs(values) if len(run) == 1}


def _values(chart: Chart) -> Iterator[float]:
    """All known numbers of a chart; of stacked bars also their sums."""
    for series in chart.series:
        for values in (series.values, series.low, series.high):
            yield from (v for v in values if v is not None and math.isfinite(v))
    if chart.kind == "stacked":
        columns = zip(*(series.values for series in chart.series), strict=True)
        yield from (sum(v for v in column if v is not None) for column in columns)


def extent(chart: Chart) -> tuple[float, float]:
    """The lowest and the highest number of a chart, both 0 without any."""
    values = list(_values(chart))
    return (min(values), max(values)) if values else (0.0, 0.0)
