"""Tables on a sheet: typed cells, and sums where the rows add up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xlsxwriter.utility import xl_range

from spectra.reporting.faces.text import is_numeric
from spectra.reporting.faces.xlsx_look import Look
from spectra.reporting.parts import Table

_FIRST, _LEAST, _MOST, _ID = 32.0, 13.0, 46.0, 30.0  # widths in characters


def write_table(sheet: Any, row: int, table: Table, unit: str, look: Look) -> int:
    """Write a table from a row on; the first free row below it."""
    look.text(sheet, row, 0, f"Table {table.number}. {table.title}", "caption")
    head = row + 1
    sheet.set_row(head, 30)  # headings have two lines
    for i, column in enumerate(table.columns):
        shown = look.unit_text(column.unit, unit)
        title = f"{column.title} [{shown}]" if shown else column.title
        look.text(sheet, head, i, title, "head*" if is_numeric(column) else "head")
    look.text(sheet, head, len(table.columns), "Row id", "head")
    for i, line in enumerate(table.rows, head + 1):
        for j, (column, cell) in enumerate(zip(table.columns, line.cells, strict=True)):
            look.value(
                sheet, i, j, cell, column.unit, unit, total=line.is_total, missing=table.missing
            )
        look.text(sheet, i, len(table.columns), f"{table.id}/{line.key}", "id")
    _sums(sheet, head + 1, table, unit, look)
    end = head + 1 + len(table.rows)
    for note in table.notes:
        look.text(sheet, end, 0, note, "muted")
        end += 1
    return end + 1


def column_widths(tables: Sequence[Table]) -> dict[int, float]:
    """How wide each column of a sheet is to be for all of its tables, in characters."""
    widths: dict[int, float] = {0: _FIRST}
    for table in tables:
        for j, column in enumerate(table.columns):
            cells = (row.cells[j] for row in table.rows)
            longest = max((len(c) for c in cells if isinstance(c, str)), default=0)
            wanted = min(max(longest + 2.0, len(column.title) / 2 + 6, _LEAST), _MOST)
            widths[j] = max(widths.get(j, 0.0), wanted)
        end = len(table.columns)
        widths[end] = max(widths.get(end, 0.0), _ID)
    return widths


def _sums(sheet: Any, first: int, table: Table, unit: str, look: Look) -> None:
    """Make the one total below all rows a SUM, with the report's value stored as its result."""
    totals = [i for i, row in enumerate(table.rows) if row.is_total]
    if totals != [len(table.rows) - 1] or len(table.rows) < 2:
        return
    last = first + len(table.rows) - 1
    for j, column in enumerate(table.columns):
        value = table.rows[-1].cells[j]
        if column.key not in table.additive or not isinstance(value, int | float):
            continue
        formula = f"=SUM({xl_range(first, j, last - 1, j)})"
        stored = value / look.per_unit(column.unit, unit)
        sheet.write_formula(last, j, formula, look.form(column.unit, stored, total=True), stored)
