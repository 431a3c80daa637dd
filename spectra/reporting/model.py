"""The report as data: what every face (PDF, HTML, XLSX, CSV, JSON, Markdown) shows.

::

    Report
    ├── cover        what the reader sees first: company, period, boundary, status, coverage
    ├── figures      the headline figures, each with a stable id
    ├── sections     numbered; each has text, ids of figures, charts, tables, notes, in this order
    │   ├── charts   lines or bars as numbers; drawing them is the face's part
    │   └── tables   typed columns with a unit; rows with a key
    ├── blockers     what keeps the report from "audit-ready", with the next step
    ├── factors      what was computed with: version, source, licence, SHA-256
    ├── datapoints   disclosure requirements and the figure that answers each
    ├── manifest     everything that the totals follow from; its hash is printed on the last page
    └── seal         only a final report has one: its place in the chain

Rules for faces. A number is shown by its id, found with `Report.figure`: a headline figure's own
id, or `cell_id(table, row, column)` of a table's number, so that two faces can be compared.
Numbers are unrounded, in the base unit of their column; `spectra.reporting.words.shown` writes
them the same way everywhere. None is "not estimated" or "not known" and is never shown as 0; a
table without rows says "There are no rows in this period."
Texts may hold what people typed into tags: a face escapes them. The parts of a section are in
`spectra.reporting.parts`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from spectra.errors import InputError
from spectra.reporting.parts import (
    Chart,
    Column,
    Drill,
    Figure,
    Row,
    Section,
    Table,
    cell_id,
)

SCHEMA = "spectra-report-1"

# Sections by their id, in order, and which of them a template shows; none means all.
TEMPLATES: dict[str, tuple[str, ...]] = {
    "full": (),
    "executive": ("summary", "scopes", "reductions", "quality"),
    "team": ("summary", "scopes", "breakdowns", "intensity", "reductions", "budgets", "quality"),
}


@dataclass(frozen=True, slots=True)
class Blocker:
    """Why the report is not audit-ready, or, if not `blocks`, what a reader is to be warned of."""

    id: str
    what: str
    next_step: str
    section: str
    blocks: bool = True


@dataclass(frozen=True, slots=True)
class Factor:
    """A method, a table of factors or a constant that the report was computed with.

    `version` is a release, a year or a commit; `sha256` is "" for what is no file.
    """

    id: str
    name: str
    version: str
    source: str
    licence: str
    sha256: str = ""
    value: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Datapoint:
    """A disclosure requirement, how far the report answers it, and by which figure.

    `status` is ``answered``, ``partly``, ``not estimated``, ``needs input`` or ``information``.
    """

    id: str
    standard: str
    reference: str
    title: str
    status: str
    figure: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class InputHash:
    """A table of the store as it was read: rows of the period and SHA-256 of their content."""

    name: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for; the whole input that a person gives.

    Attributes
    ----------
    period : str
        As typed: ``2026-07``, ``2026-Q3``, ``2026`` or ``2026-07-01..2026-07-14`` (both included).
    start, end : datetime
        Aware UTC, `end` exclusive.
    regions, teams, accounts : tuple of str
        The boundary; empty for all.
    view : str
        Which inventory leads; both are always in the report and have equal totals.
    logo : str
        A data URI of a PNG, JPEG or SVG picture; "" for none.
    revenue : float or None
        Net revenue of the period, in `currency`.
    """

    period: str
    start: datetime
    end: datetime
    regions: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    view: Literal["customer", "provider"] = "customer"
    template: str = "full"
    company: str = ""
    entity: str = ""
    logo: str = ""
    revenue: float | None = None
    currency: str = "USD"
    assurance: str = ""
    prepared_by: str = ""


@dataclass(frozen=True, slots=True)
class Cover:
    """The first page; `badge` is ``audit-ready``, ``not audit-ready`` or ``no data``."""

    title: str
    status: Literal["draft", "final"]
    period: str
    boundary: str
    view: str
    company: str
    entity: str
    logo: str
    assurance: str
    badge: str
    coverage: float | None
    warning: str
    generated_at: datetime
    data_until: datetime | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that the totals follow from; equal manifests give equal totals to 1e-9.

    `totals` are by figure id, unrounded. `config` is canonical JSON of the choices in force.
    """

    request: Request
    method_version: str
    code_version: str
    config: str
    factor_set: str
    files: tuple[Factor, ...]
    inputs: tuple[InputHash, ...]
    seed: int
    draws: int
    totals: tuple[tuple[str, float | None], ...]


@dataclass(frozen=True, slots=True)
class Seal:
    """The place of a final report in the chain: ``chain = SHA256(previous ‖ record)``.

    The record holds the manifest and all of the below; see `spectra.store.report_log`. `restates`
    is the report that this one takes the place of, "" for none, and `reason` says why.
    """

    report_id: str
    sequence: int
    sealed_at: datetime
    manifest_hash: str
    inputs_hash: str
    content_hash: str
    previous_hash: str
    chain_hash: str
    restates: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report; see the module for its parts."""

    schema: str
    request: Request
    cover: Cover
    figures: tuple[Figure, ...]
    sections: tuple[Section, ...]
    blockers: tuple[Blocker, ...]
    factors: tuple[Factor, ...]
    datapoints: tuple[Datapoint, ...]
    manifest: Manifest
    manifest_hash: str
    seal: Seal | None = None
    numbers: dict[str, Figure] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        self.numbers.update({figure.id: figure for figure in _numbers(self)})

    def figure(self, id: str) -> Figure:
        """The figure of an id: a headline figure or a number of a table.

        Raises
        ------
        InputError
            If the report has no such number.
        """
        found = self.numbers.get(id)
        if found is None:
            raise InputError(f"This report has no figure “{id}”.")
        return found

    @property
    def shown(self) -> tuple[Section, ...]:
        """The sections that the report's template shows; data files hold all of them."""
        wanted = TEMPLATES.get(self.request.template, ())
        return tuple(s for s in self.sections if not wanted or s.id in wanted)

    @property
    def tables(self) -> tuple[Table, ...]:
        """All tables in order."""
        return tuple(table for section in self.sections for table in section.tables)

    @property
    def charts(self) -> tuple[Chart, ...]:
        """All charts in order."""
        return tuple(chart for section in self.sections for chart in section.charts)


def _numbers(report: Report) -> Iterator[Figure]:
    yield from report.figures
    for table in report.tables:
        for row in table.rows:
            name = next((cell for cell in row.cells if isinstance(cell, str)), row.key)
            for column, cell in zip(table.columns, row.cells, strict=True):
                if column.unit in ("", "time", "day") or isinstance(cell, str | bool | datetime):
                    continue
                yield Figure(
                    cell_id(table, row, column),
                    f"{table.title}: {name}, {column.title}",
                    cell,
                    column.unit,
                    drill=_drill(row, column),
                )


def _drill(row: Row, column: Column) -> Drill | None:
    if row.drill is None or not column.part:
        return None
    return row.drill if column.part == "*" else replace(row.drill, part=column.part)
