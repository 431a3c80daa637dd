"""The difference between two reports: their figures, rows, and what they were computed from."""

from __future__ import annotations

import math
from dataclasses import dataclass

from spectra.insight.periods import relative_change
from spectra.reporting.model import Report

# Tables that differ from report to report by their nature.
_OF_THE_REPORT = ("report_log/", "inputs/")
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Change:
    """A number that differs; None is not known or not in that report."""

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
    factors, inputs : tuple of str
        Ids of factors and names of inputs that are not the same.
    request : tuple of str
        Names of what was asked differently.
    """

    figures: tuple[Change, ...]
    cells: tuple[Change, ...]
    factors: tuple[str, ...]
    inputs: tuple[str, ...]
    request: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the reports say the same."""
        return not (self.figures or self.cells or self.factors or self.inputs or self.request)


def compare(before: Report, after: Report) -> Difference:
    """All differences; numbers that agree to a billionth are the same."""
    ids = [*before.numbers, *(id for id in after.numbers if id not in before.numbers)]
    changes = [
        change
        for id in ids
        if not id.startswith(_OF_THE_REPORT) and (change := _change(before, after, id)) is not None
    ]
    asked = type(before.request).__dataclass_fields__
    return Difference(
        tuple(c for c in changes if "/" not in c.id),
        tuple(c for c in changes if "/" in c.id),
        _unlike({f.id: f for f in before.factors}, {f.id: f for f in after.factors}),
        _unlike(
            {i.name: i for i in before.manifest.inputs}, {i.name: i for i in after.manifest.inputs}
        ),
        tuple(n for n in asked if getattr(before.request, n) != getattr(after.request, n)),
    )


def _change(before: Report, after: Report, id: str) -> Change | None:
    old, new = before.numbers.get(id), after.numbers.get(id)
    told = new or old
    assert told is not None  # noqa: S101 (the id is one of theirs)
    then, now = (f.value if f else None for f in (old, new))
    if then is None and now is None:
        return None
    if then is not None and now is not None:
        # A difference of two sums is known to a billionth of the sums, not of itself.
        least = TOLERANCE * max(_scale(before, told.unit), _scale(after, told.unit))
        if math.isclose(then, now, rel_tol=TOLERANCE, abs_tol=least):
            return None
    return Change(id, told.label, told.unit, then, now)


def _scale(report: Report, unit: str) -> float:
    """What numbers of a unit are measured against: the report's total, or 1."""
    total = report.figure("provider.total_lb").value or 0.0
    return {"gCO2e": total, "share": 1.0, "ratio": 1.0}.get(unit, 0.0)


def _unlike(before: dict[str, object], after: dict[str, object]) -> tuple[str, ...]:
    names = sorted(before.keys() | after.keys())
    return tuple(name for name in names if before.get(name) != after.get(name))
