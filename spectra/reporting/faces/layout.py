"""Which sections a template shows, and how: all of them as pages, or cut to two."""

from __future__ import annotations

from dataclasses import dataclass, replace

from spectra.errors import InputError
from spectra.reporting.model import Report
from spectra.reporting.parts import Cell, Chart, Column, Figure, Row, Section, Table
from spectra.reporting.words import figure_text, interval_text
from spectra.units import share_text


@dataclass(frozen=True, slots=True)
class Template:
    """How a template looks; which sections it shows is the model's part.

    `rows` is how many rows of a table are shown at most, 0 for all; totals always are. `charts`
    above 0 asks for two pages with so many charts.
    """

    name: str
    charts: int = 0
    rows: int = 0
    is_full: bool = False


LOOKS = {
    "full": Template("Full ESG report", is_full=True),
    "executive": Template("Executive summary", charts=2, rows=6),
    "team": Template("Team statement", rows=25),
}


def template_of(report: Report) -> Template:
    """The template that a report asks for.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    template = LOOKS.get(report.request.template)
    if template is None:
        raise InputError(
            f"There is no report template “{report.request.template}”.",
            next_step=f"Use {', '.join(LOOKS)}.",
        )
    return template


def arranged(report: Report, template: Template) -> tuple[Section, ...]:
    """The sections to show, in order; the full report ends with an index of its figures."""
    return (*report.shown, _index(report)) if template.is_full else report.shown


def leading_figures(report: Report, count: int) -> list[Figure]:
    """The first figures that the report's sections name, without those that are not known."""
    ids = dict.fromkeys(id for section in report.sections for id in section.figures)
    found = [report.figure(id) for id in ids] or list(report.figures)
    return sorted(found[: count * 2], key=lambda figure: figure.value is None)[:count]


def leading_charts(report: Report, count: int) -> list[Chart]:
    """The first chart of each kind, so that few charts say different things."""
    kinds = dict.fromkeys(chart.kind for chart in report.charts)
    first = [next(c for c in report.charts if c.kind == kind) for kind in kinds]
    return [*first, *(c for c in report.charts if c not in first)][:count]


def shortened(table: Table, rows: int) -> tuple[Table, int]:
    """A table with its first `rows` rows and its totals, and how many rows were left out."""
    if not rows:
        return table, 0
    shown: list[Row] = []
    for row in table.rows:
        if row.is_total or sum(not r.is_total for r in shown) < rows:
            shown.append(row)
    return replace(table, rows=tuple(shown)), len(table.rows) - len(shown)


def _index(report: Report) -> Section:
    """The headline figures with the ids by which an auditor asks for them."""
    rows: list[Row] = []
    for f in report.figures:
        coverage = share_text(f.coverage) if f.coverage is not None else "–"
        interval = interval_text(f) or "–"
        cells: tuple[Cell, ...] = (
            f.id, f.label, figure_text(f), interval, f.quality or "–", coverage,
        )  # fmt: skip
        rows.append(Row(f.id, cells))
    heads = ("Id", "Figure", "Value", "95 % interval", "Quality", "Coverage")
    columns = tuple(Column(head.lower(), head) for head in heads)
    number = max((table.number for table in report.tables), default=0) + 1
    table = Table("index.figures", number, "Headline figures and their ids", columns, tuple(rows))
    last = max((section.number for section in report.sections), default=0)
    return Section("index.figures", last + 1, "Index of figures", tables=(table,))
