"""The front of the PDF: cover or strip, contents, what blocks; and its last words."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from reportlab.lib.colors import white
from reportlab.platypus import Image, Paragraph, Spacer

from spectra.reporting.codec import to_json
from spectra.reporting.faces.layout import leading_figures
from spectra.reporting.faces.logo import left_out, logo_of
from spectra.reporting.faces.pdf_style import (
    ACCENT,
    BOLD,
    LINE,
    MUTED,
    PAPER,
    STYLES,
    WARNING,
    grid_of,
    has_glyph,
    paragraph,
    rich,
)
from spectra.reporting.faces.pdf_tables import tiles
from spectra.reporting.faces.text import (
    CLOSING,
    clipped,
    cover_facts,
    owner,
    plain,
    seal_facts,
    short_boundary,
)
from spectra.reporting.model import Blocker, Report
from spectra.reporting.parts import Section

_NAME = 120  # characters of a name on the cover
_FACT = 400
_NUMBERED = "Characters that this file has no font for are written by number, such as [U+96F2]."


def logo_picture(report: Report, width: float, height: float) -> Any | None:
    """The logo within a box, None without one."""
    logo = logo_of(report.cover.logo)
    if logo is None or logo.is_drawn:
        return None
    scale = min(width / logo.width, height / logo.height)
    picture = Image(io.BytesIO(logo.content), logo.width * scale, logo.height * scale)
    picture.hAlign = "LEFT"
    return picture


def cover(report: Report, name: str, width: float) -> list[Any]:
    """The first page of the full report."""
    picture = logo_picture(report, 170, 60)
    parts: list[Any] = [Spacer(1, 26), *([picture, Spacer(1, 26)] if picture else [Spacer(1, 60)])]
    parts.append(paragraph(clipped(owner(report), _NAME) or "SPECTRA", "owner"))
    parts.append(paragraph(clipped(plain(report.cover.title), _NAME), "title"))
    parts.append(paragraph(f"{name} · {clipped(report.cover.period, _NAME)}", "subtitle"))
    parts += [Spacer(1, 14), badge(report), Spacer(1, 20), facts(report, width)]
    if no_logo := left_out(report.cover.logo):
        parts += [Spacer(1, 6), paragraph(no_logo, "note")]
    if report.cover.warning:
        parts += [Spacer(1, 14), warning(report.cover.warning, width)]
    figures = leading_figures(report, 3)
    return [*parts, Spacer(1, 18), tiles(figures, width)] if figures else parts


def strip(report: Report, name: str, width: float) -> list[Any]:
    """What the short reports begin with in place of a cover."""
    picture = logo_picture(report, 110, 38)
    left = [
        paragraph(clipped(owner(report), _NAME) or "SPECTRA", "owner"),
        paragraph(clipped(plain(report.cover.title), 80), "strip"),
        paragraph(f"{name} · {clipped(report.cover.period, 80)}", "subtitle"),
    ]
    row = [left, [picture] if picture else ""]
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0), ("LINEBELOW", (0, 0), (-1, -1), 1.2, ACCENT),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
    ]  # fmt: skip
    if picture:
        picture.hAlign = "RIGHT"
    parts: list[Any] = [
        grid_of([row], [width - 110, 110], style),
        Spacer(1, 8),
    ]
    boundary = short_boundary(report, _FACT, "all are in the full report")
    notes = [f"{boundary} · {report.cover.view}", report.cover.assurance, _about(report),
             left_out(report.cover.logo)]  # fmt: skip
    parts += [badge(report), Spacer(1, 6)]
    parts += [paragraph(clipped(note, 2 * _FACT), "note") for note in notes if note]
    if report.cover.warning:
        parts += [Spacer(1, 4), warning(report.cover.warning, width)]
    return parts


def _about(report: Report) -> str:
    """Whose report it is beside the name above, who made it, when, and up to when it knows."""
    told = dict(cover_facts(report))
    if told.get("Reporting entity") == owner(report):
        del told["Reporting entity"]
    names = ("Reporting entity", "Prepared by", "Data until", "Generated")
    return " · ".join(f"{name}: {told[name]}" for name in names if name in told)


def badge(report: Report) -> Any:
    """Status and badge side by side; the words say what the colours say."""
    texts = (report.cover.status.capitalize(), report.cover.badge.capitalize())
    fine = (report.cover.status == "final", report.cover.badge == "audit-ready")
    cells = [
        Paragraph(f'<font color="white">{rich(text)}</font>', STYLES["tile"]) for text in texts
    ]
    style: list[Any] = [
        ("TOPPADDING", (0, 0), (-1, -1), 3), ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
        ("LINEAFTER", (0, 0), (0, 0), 4, white), ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ]  # fmt: skip
    for i, good in enumerate(fine):
        colour = ACCENT if good else WARNING if i else MUTED
        style.append(("BACKGROUND", (i, 0), (i, 0), colour))
    return grid_of([cells], [52, 96], style)


def facts(report: Report, width: float) -> Any:
    """The cover's facts as a list of two columns."""
    told = dict(cover_facts(report))
    told["Boundary"] = short_boundary(report, _FACT, "all in section “Boundary and perspective”")
    rows = [
        [paragraph(name, "tile"), paragraph(clipped(text, _FACT + 200), "text")]
        for name, text in told.items()
    ]
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE), ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
    ]  # fmt: skip
    return grid_of(rows, [110, width - 110], style)


def warning(text: str, width: float) -> Any:
    """A box that cannot be overlooked."""
    style = [
        ("BACKGROUND", (0, 0), (-1, -1), PAPER), ("LINEBEFORE", (0, 0), (0, 0), 3, WARNING),
        ("LEFTPADDING", (0, 0), (-1, -1), 10), ("TOPPADDING", (0, 0), (-1, -1), 6),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 7),
    ]  # fmt: skip
    return grid_of([[paragraph(clipped(text, 800), "warning")]], [width], style)


def contents(sections: Sequence[Section], pages: Mapping[str, int], width: float) -> list[Any]:
    """The table of contents; `pages` by section id, empty in the first pass."""
    rows = []
    for section in sections:
        title = rich(f"{section.number}. {clipped(section.title, 110)}")
        link = f'<a href="#{anchor(section)}">{title}</a>'
        page = paragraph(str(pages.get(section.id, "")), "number")
        rows.append([paragraph(link, "contents", markup=True), page])
    style = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE), ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("TOPPADDING", (0, 0), (-1, -1), 2), ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]  # fmt: skip
    head = paragraph("Contents", "section")
    return [head, grid_of(rows, [width - 40, 40], style)] if rows else []


def anchor(section: Section) -> str:
    """The name that links to a section use."""
    return f"section-{section.number}"


def blockers(report: Report, sections: Sequence[Section]) -> list[Any]:
    """What keeps the report from "audit-ready", with a link to the section that tells more."""
    if not report.blockers:
        return []
    anchors = {section.id: section for section in sections}
    parts = [paragraph("What keeps the report from “audit-ready”", "caption")]
    return parts + [
        paragraph(_blocker(blocker, anchors.get(blocker.section)), "text", markup=True)
        for blocker in report.blockers
    ]


def _blocker(blocker: Blocker, section: Section | None) -> str:
    kind = "Blocks" if blocker.blocks else "Warning"
    kind = f'<font name="{BOLD}">{kind}:</font>'
    text = f"{kind} {rich(clipped(blocker.what, 500))} {rich(clipped(blocker.next_step, 500))}"
    if section is None:
        return text
    return f'{text} <a href="#{anchor(section)}" color="#0b6e4f">Section {section.number}</a>'


def last_words(report: Report) -> list[Any]:
    """The hash that the totals can be checked by; it stands on the last page."""
    lines = [f"{name}: {text}" for name, text in seal_facts(report)]
    if not all(c.isspace() or has_glyph(c) for c in set(plain(to_json(report)))):
        lines.append(_NUMBERED)
    lines.append(CLOSING)
    return [paragraph("Verification", "caption"), *(paragraph(line, "hash") for line in lines)]
