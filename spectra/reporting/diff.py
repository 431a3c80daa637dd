"""The difference between two reports: figures, rows, words, and what they were computed from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from spectra.insight.periods import relative_change
from spectra.reporting.model import Report
from spectra.reporting.parts import Chart, Section

# Tables and sections that differ from report to report by their nature.
_OF_THE_REPORT = ("report_log/", "inputs/")
_ABOUT_THE_REPORT = ("restatements", "audit")
# What a number is stated with, and how that is named.
_PARTS = {"value": "", "low": "low", "high": "high", "coverage": "coverage"}
# Cells of tables that are no number.
_IN_WORDS = (str, bool, datetime)
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Change:
    """A number, its interval's end or its coverage that differs; None is not known or not there."""

    id: str
    label: str
    unit: str
    before: float | None
    after: float | None

    @property
    def relative(self) -> float | None:
        """Change as a share of the number before; None where it has no meaning."""
        return relative_change(self.after, self.before)


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs from one report to another.

    Attributes
    ----------
    figures, cells : tuple of Change
        Headline figures, and numbers of tables.
    quality : tuple of str
        Labels of headline figures of another quality.
    words : tuple of str
        Labels of headline figures with another note, and titles of sections whose texts or charts
        are not the same.
    blockers, factors, inputs : tuple of str
        Ids of open points and factors, and names of inputs, that are not the same. An input that
        one of both did not record is none of them.
    request : tuple of str
        Names of what was asked differently.
    """

    figures: tuple[Change, ...]
    cells: tuple[Change, ...]
    quality: tuple[str, ...]
    words: tuple[str, ...]
    blockers: tuple[str, ...]
    factors: tuple[str, ...]
    inputs: tuple[str, ...]
    request: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the reports say the same."""
        return not any(getattr(self, field.name) for field in fields(self))


def compare(before: Report, after: Report) -> Difference:
    """All differences; numbers that agree to a billionth are the same."""
    ids = [*before.numbers, *(id for id in after.numbers if id not in before.numbers)]
    changes = [
        change
        for id in ids
        if not id.startswith(_OF_THE_REPORT)
        for change in _changes(before, after, id)
    ]
    old, new = before.manifest.inputs, after.manifest.inputs
    recorded = {i.name for i in old} & {i.name for i in new}
    asked = type(before.request).__dataclass_fields__
    return Difference(
        tuple(c for c in changes if "/" not in c.id),
        tuple(c for c in changes if "/" in c.id),
        _unlike(*({f.label: f.quality for f in r.figures} for r in (before, after))),
        _unlike(_words(before), _words(after)),
        _unlike(*({b.id: b for b in r.blockers} for r in (before, after))),
        _unlike(*({f.id: f for f in r.factors} for r in (before, after))),
        _unlike(*({i.name: i for i in inputs if i.name in recorded} for inputs in (old, new))),
        tuple(n for n in asked if getattr(before.request, n) != getattr(after.request, n)),
    )


def _changes(before: Report, after: Report, id: str) -> Iterator[Change]:
    """The number of an id, then what it is stated with where both reports have it."""
    old, new = before.numbers.get(id), after.numbers.get(id)
    told = new or old
    assert told is not None  # noqa: S101 (the id is one of theirs)
    for part, name in _PARTS.items() if old and new else [("value", "")]:
        then, now = (getattr(f, part, None) for f in (old, new))
        unit = "share" if part == "coverage" else told.unit
        # A difference of two sums is known to a billionth of the sums, not of itself.
        least = TOLERANCE * max(_scale(before, unit), _scale(after, unit))
        if not _agree(then, now, least):
            label = f"{told.label}, {name}" if name else told.label
            yield Change(id, label, unit, then, now)


def _agree(then: float | None, now: float | None, least: float) -> bool:
    if then is None or now is None:
        return then is now
    return math.isclose(then, now, rel_tol=TOLERANCE, abs_tol=least)


def _scale(report: Report, unit: str) -> float:
    """What numbers of a unit are measured against: the report's total, or 1."""
    total = report.figure("provider.total_lb").value or 0.0
    return {"gCO2e": total, "share": 1.0, "ratio": 1.0}.get(unit, 0.0)


def _words(report: Report) -> dict[str, object]:
    """Notes of figures by label, and what is read and drawn in a section by title."""
    sections = (s for s in report.sections if s.id not in _ABOUT_THE_REPORT)
    return {f.label: f.note for f in report.figures} | {s.title: _read(s) for s in sections}


def _read(section: Section) -> object:
    """The words of a section and of its tables, and its charts."""
    tables = [
        (t.title, t.notes, [c for r in t.rows for c in r.cells if isinstance(c, _IN_WORDS)])
        for t in section.tables
    ]
    return section.text, section.notes, tables, [_drawn(chart) for chart in section.charts]


def _drawn(chart: Chart) -> object:
    """A chart as far as an eye can tell: its numbers to a millionth of the largest."""
    lines = [line for s in chart.series for line in (s.values, s.low, s.high)]
    peak = max((abs(v) for line in lines for v in line if v), default=1.0)
    digits = 6 - math.floor(math.log10(peak))
    points = [[None if v is None else round(v, digits) for v in line] for line in lines]
    return chart.title, chart.alt, chart.notes, chart.x, [s.name for s in chart.series], points


def _unlike(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[str, ...]:
    names = sorted(before.keys() | after.keys())
    return tuple(name for name in names if before.get(name) != after.get(name))
