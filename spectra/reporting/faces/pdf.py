"""The PDF face: A4 pages with contents, numbered tables and figures, links and bookmarks."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Frame,
    KeepInFrame,
    KeepTogether,
    PageBreak,
    PageTemplate,
)

from spectra.reporting.faces import pdf_front as front
from spectra.reporting.faces.layout import (
    Template,
    arranged,
    leading_charts,
    leading_figures,
    template_of,
)
from spectra.reporting.faces.pdf_charts import chart_drawing
from spectra.reporting.faces.pdf_style import (
    LINE,
    MUTED,
    REGULAR,
    fitted,
    font_for,
    load_fonts,
    paragraph,
    rich,
)
from spectra.reporting.faces.pdf_tables import table_parts, tiles
from spectra.reporting.faces.text import clipped, is_facts, owner, plain
from spectra.reporting.model import Report
from spectra.reporting.parts import Chart, Section
from spectra.reporting.words import mass_unit

_MARGIN, _TOP, _BOTTOM = 51.0, 62.0, 54.0
_WIDTH, _HEIGHT = A4[0] - 2 * _MARGIN, A4[1] - _TOP - _BOTTOM
_SHORT = 14  # rows of a table that is not broken over pages
_PARAGRAPH = 4_000  # characters; a longer text is cut, so that a tag cannot fill the report


def pdf(report: Report) -> bytes:
    """A report as PDF, the same bytes for the same report.

    Laid out twice: the first pass finds the pages that contents and footer name.

    Raises
    ------
    InputError
        If the report's template or logo cannot be used.
    """
    load_fonts()
    template = template_of(report)
    sections = arranged(report, template)
    found = _Pass()
    for _ in range(2):
        found = _Pass(pages=found.seen, total=found.page)
        content = io.BytesIO()
        _document(report, content, found).build(_story(report, template, sections, found.pages))
    return content.getvalue()


@dataclass
class _Pass:
    """What one pass knows from the one before, and what it finds."""

    pages: Mapping[str, int] = field(default_factory=dict)
    total: int = 0
    page: int = 0
    seen: dict[str, int] = field(default_factory=dict)


def _document(report: Report, content: io.BytesIO, found: _Pass) -> Any:
    frame = Frame(_MARGIN, _BOTTOM, _WIDTH, _HEIGHT, 0, 0, 0, 0)
    title = f"{clipped(plain(report.cover.title), 200)}, {clipped(report.cover.period, 100)}"
    document = BaseDocTemplate(
        content,
        pagesize=A4,
        title=title,
        author=clipped(owner(report), 200) or "SPECTRA",
        subject=clipped(plain(f"{report.cover.status}; {report.cover.boundary}"), 400),
        keywords=f"carbon, greenhouse gas, manifest {report.manifest_hash}",
        creator="SPECTRA",
        lang="en",
        displayDocTitle=True,
        invariant=1,
        initialFontName=REGULAR,
    )
    furniture = partial(_furniture, report, found)
    document.addPageTemplates([PageTemplate("page", [frame], onPage=furniture)])
    document.afterFlowable = partial(_bookmark, document, found)
    return document


def _furniture(report: Report, found: _Pass, canvas: Any, document: Any) -> None:
    """Header and footer of a page, and what a page knows of its number."""
    found.page = document.page
    at = f"D:{report.cover.generated_at:%Y%m%d%H%M%S}+00'00'"
    canvas.setDateFormatter(lambda *_: at)
    right, top, bottom = A4[0] - _MARGIN, A4[1] - 40, 34
    canvas.saveState()
    canvas.setStrokeColor(LINE)
    canvas.setLineWidth(0.6)
    canvas.setFillColor(MUTED)
    if document.page > 1:
        name = " · ".join(part for part in (owner(report), report.cover.title) if part)
        _put(canvas, _MARGIN, top, fitted(name, _WIDTH * 0.6, REGULAR, 8))
        status = f"{report.cover.status.capitalize()} · {report.cover.period}"
        _put(canvas, right, top, fitted(status, _WIDTH * 0.38, REGULAR, 8), is_right=True)
        canvas.line(_MARGIN, top - 6, right, top - 6)
    canvas.line(_MARGIN, bottom + 12, right, bottom + 12)
    _put(canvas, _MARGIN, bottom, f"SPECTRA · manifest {report.manifest_hash[:16]}")
    of = f" of {found.total}" if found.total else ""
    _put(canvas, right, bottom, f"Page {document.page}{of}", is_right=True)
    canvas.restoreState()


def _put(canvas: Any, x: float, y: float, text: str, *, is_right: bool = False) -> None:
    canvas.setFont(font_for(text), 8)
    (canvas.drawRightString if is_right else canvas.drawString)(x, y, text)


def _bookmark(document: Any, found: _Pass, flowable: Any) -> None:
    """Note a section's page, and put the section among the bookmarks."""
    section = getattr(flowable, "section", None)
    if section is None:
        return
    found.seen[section.id] = document.page
    name = front.anchor(section)
    document.canv.bookmarkPage(name)
    title = f"{section.number}. {clipped(plain(section.title), 100)}"
    document.canv.addOutlineEntry(title, name, level=0)


def _story(
    report: Report, template: Template, sections: Sequence[Section], pages: Mapping[str, int]
) -> list[Any]:
    if template.charts:
        return _two_pages(report, template, sections)
    unit = mass_unit(report)
    if template.is_full:
        story = [*front.cover(report, template.name, _WIDTH), PageBreak()]
        story += [*front.contents(sections, pages, _WIDTH)]
    else:
        story = front.strip(report, template.name, _WIDTH)
    story += front.blockers(report, sections)
    if template.is_full:
        story.append(PageBreak())
    for section in sections:
        story += _section(report, section, unit, template.rows)
    return [*story, KeepTogether(front.last_words(report))]


def _section(report: Report, section: Section, unit: str, rows: int) -> list[Any]:
    title = f"{section.number}. {rich(clipped(section.title, 160))}"
    head = paragraph(f'<a name="{front.anchor(section)}"/>{title}', "section", markup=True)
    head.section = section
    # A heading is not left alone at the foot of a page, nor parted from the picture under it.
    parts: list[Any] = [CondPageBreak(_room(section)), head]
    parts += [paragraph(clipped(text, _PARAGRAPH), "text") for text in section.text]
    if section.figures:
        parts.append(KeepTogether([tiles([report.figure(id) for id in section.figures], _WIDTH)]))
    parts += [KeepTogether(_chart(chart)) for chart in section.charts]
    for table in section.tables:
        made = table_parts(table, unit, _WIDTH, rows)
        is_short = len(table.rows) <= _SHORT and not is_facts(table)
        parts += [KeepTogether(made)] if is_short else [CondPageBreak(90), *made]
    return parts + [paragraph(clipped(note, 1_000), "note") for note in section.notes]


def _room(section: Section) -> float:
    """About the height of a section's heading, text and first block, in points."""
    room = 60.0 + 32 * len(section.text)
    if section.figures:
        room += 78 * -(-len(section.figures) // 3)
    elif section.charts:
        first = section.charts[0]
        room += 60 + (15 * len(first.x) if first.kind == "bar" else 170)
    elif section.tables:
        room += 60 + 16 * min(len(section.tables[0].rows), _SHORT)
    return float(min(room, _HEIGHT * 0.7))


def _chart(chart: Chart, height: float = 128.0) -> list[Any]:
    caption = paragraph(f"Figure {chart.number}. {clipped(chart.title, 300)}", "caption")
    notes = (clipped(chart.alt, 600), *(clipped(note, 600) for note in chart.notes))
    return [
        caption,
        chart_drawing(chart, _WIDTH, height),
        *(paragraph(note, "note") for note in notes),
    ]


def _two_pages(report: Report, template: Template, sections: Sequence[Section]) -> list[Any]:
    """The executive summary: figures and pictures on one page, tables and caveats on the other."""
    unit = mass_unit(report)
    figures = leading_figures(report, 6)
    first = [
        *front.strip(report, template.name, _WIDTH),
        *([tiles(figures, _WIDTH)] if figures else []),
    ]
    texts = [text for section in sections if section.id == "summary" for text in section.text]
    first += [paragraph(clipped(text, 700), "text") for text in texts[:4]]
    for chart in leading_charts(report, template.charts):
        first += _chart(chart, 90.0)[:2]
    second: list[Any] = []
    for table in [t for section in sections for t in section.tables if t.rows][:3]:
        second += table_parts(table, unit, _WIDTH, template.rows)
    second += [*front.blockers(report, sections=()), *front.last_words(report)]
    return [_page(first), PageBreak(), _page(second)]


def _page(parts: list[Any]) -> Any:
    """One page of parts, made smaller if they would not fit."""
    return KeepInFrame(_WIDTH, _HEIGHT - 1, parts, mode="shrink")
