"""The XLSX face: a sheet for every section, numbers as numbers, texts never as formulas."""

from __future__ import annotations

import io
import re
from datetime import UTC
from typing import Any

import xlsxwriter

from spectra.reporting.faces.layout import arranged, template_of
from spectra.reporting.faces.logo import left_out, logo_of
from spectra.reporting.faces.text import clipped, cover_facts, owner, plain, seal_facts
from spectra.reporting.faces.xlsx_charts import ChartSheet
from spectra.reporting.faces.xlsx_look import Look
from spectra.reporting.faces.xlsx_tables import column_widths, write_table
from spectra.reporting.model import Report
from spectra.reporting.parts import Section
from spectra.reporting.words import mass_unit

_FORBIDDEN = re.compile(r"[\[\]:*?/\\'\x00-\x1f]")
_NAME = 31  # characters that a sheet's name may have
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}


def xlsx(report: Report) -> bytes:
    """A workbook: cover, all figures in a list, and a sheet for every section.

    A total of an additive column is a SUM of the rows above it, stored with its value. Masses are
    in the unit that the heading names.

    Raises
    ------
    InputError
        If the report's template or logo cannot be used.
    """
    content = io.BytesIO()
    sections = [s for s in arranged(report, template_of(report)) if s.id != "index.figures"]
    with xlsxwriter.Workbook(content, _OPTIONS) as book:
        _properties(book, report)
        look = Look(book)
        names = _Names()
        cover = book.add_worksheet(names.take("Cover"))
        _figures(book.add_worksheet(names.take("Figures")), look, report)
        sheets = [(book.add_worksheet(names.take(_title(s))), s) for s in sections]
        charts = ChartSheet(book, names.take("Chart data"), look)
        for sheet, section in sheets:
            _section(sheet, look, section, report, charts)
        _cover(cover, look, report, sheets)
    return content.getvalue()


class _Names:
    """Names of sheets, each taken once, whatever case it is written in."""

    def __init__(self) -> None:
        self._taken: set[str] = {"history"}  # a name that Excel keeps for itself

    def take(self, title: str) -> str:
        """A name of a sheet for a title."""
        base = " ".join(_FORBIDDEN.sub(" ", plain(title)).split())[:_NAME].strip() or "Sheet"
        name, number = base, 2
        while name.lower() in self._taken:
            ending = f" {number}"
            name, number = base[: _NAME - len(ending)] + ending, number + 1
        self._taken.add(name.lower())
        return name


def _title(section: Section) -> str:
    return f"{section.number} {section.title}"


def _properties(book: Any, report: Report) -> None:
    created = report.cover.generated_at.astimezone(UTC).replace(tzinfo=None)
    book.set_properties(
        {
            "title": clipped(plain(report.cover.title), 200),
            "author": clipped(owner(report), 200) or "SPECTRA",
            "keywords": f"manifest {report.manifest_hash}",
            "created": created,
        }
    )
    book.set_calc_mode("auto")


def _cover(sheet: Any, look: Look, report: Report, sheets: list[tuple[Any, Section]]) -> None:
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 90)
    sheet.hide_gridlines(2)
    _on_paper(sheet)
    look.text(sheet, 0, 0, report.cover.title, "title")
    look.text(sheet, 1, 0, owner(report), "strong")
    row = _logo(sheet, report, 3)
    for name, text in cover_facts(report):
        look.text(sheet, row, 0, name, "muted")
        look.text(sheet, row, 1, text, "wrapped")
        row += 1
    facts = [*seal_facts(report), ("Warning", report.cover.warning),
             ("Logo", left_out(report.cover.logo))]  # fmt: skip
    for blocker in report.blockers:
        kind = "Blocks “audit-ready”" if blocker.blocks else "Warning"
        facts.append((kind, f"{blocker.what} {blocker.next_step}"))
    for name, text in facts:
        if text:
            look.text(sheet, row, 0, name, "muted")
            look.text(sheet, row, 1, text, "wrapped")
            row += 1
    look.text(sheet, row + 1, 0, "Sheets", "strong")
    for i, (target, section) in enumerate(sheets, row + 2):
        text = clipped(f"{section.number}. {plain(section.title)}", 250)
        sheet.write_url(i, 0, f"internal:'{target.get_name()}'!A1", look["link"], text)


def _logo(sheet: Any, report: Report, row: int) -> int:
    """Put in the logo; the row below it."""
    logo = logo_of(report.cover.logo)
    if logo is None or logo.is_drawn:
        return row
    scale = min(60 / logo.height, 240 / logo.width)
    options = {
        "image_data": io.BytesIO(logo.content), "x_scale": scale, "y_scale": scale,
        "description": "Logo",
    }  # fmt: skip
    sheet.insert_image(row, 0, "logo", options)
    return row + 4


_HEADS = (
    ("Id", 34), ("Figure", 52), ("Value", 20), ("Unit", 12), ("Low", 16), ("High", 16),
    ("Quality", 12), ("Coverage", 11), ("Datapoints", 22), ("Factors", 22), ("Note", 60),
)  # fmt: skip


def _figures(sheet: Any, look: Look, report: Report) -> None:
    """Every number of the report by its id, in its base unit and with all digits."""
    for column, (head, width) in enumerate(_HEADS):
        sheet.set_column(column, column, width)
        look.text(sheet, 0, column, head, "head")
    for row, figure in enumerate(report.numbers.values(), 1):
        texts = (figure.id, figure.label, None, figure.unit, None, None, figure.quality, None,
                 ", ".join(figure.datapoints), ", ".join(figure.factors), figure.note)  # fmt: skip
        for column, text in enumerate(texts):
            if text is not None:
                look.text(sheet, row, column, text)
        look.number(sheet, row, 2, figure.value, "any", figure.missing)
        optional = ((4, figure.low, "any"), (5, figure.high, "any"), (7, figure.coverage, "share"))
        for column, value, form in optional:
            if value is not None:
                look.number(sheet, row, column, value, form)
    _on_paper(sheet)
    sheet.repeat_rows(0)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(report.numbers), 1), len(_HEADS) - 1)


def _on_paper(sheet: Any) -> None:
    """A sheet prints on A4 across, as wide as the page."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _section(sheet: Any, look: Look, section: Section, report: Report, charts: ChartSheet) -> None:
    unit = mass_unit(report)
    look.text(sheet, 0, 0, f"{section.number}. {section.title}", "title")
    _on_paper(sheet)
    for column, width in {1: 15.0, 2: 13.0, **column_widths(section.tables)}.items():
        sheet.set_column(column, column, width)
    row = 2
    for text in section.text:
        look.text(sheet, row, 0, text)
        row += 1
    for id in section.figures:
        figure = report.figure(id)
        look.text(sheet, row, 0, figure.label, "muted")
        look.value(sheet, row, 1, figure.value, figure.unit, unit, missing=figure.missing)
        look.text(sheet, row, 2, look.unit_text(figure.unit, unit), "muted")
        look.text(sheet, row, 3, figure.id, "muted")
        row += 1
    for chart in section.charts:
        row = charts.insert(sheet, row + 1, chart)
    for table in section.tables:
        row = write_table(sheet, row + 1, table, unit, look)
    for note in section.notes:
        look.text(sheet, row, 0, note, "muted")
        row += 1
