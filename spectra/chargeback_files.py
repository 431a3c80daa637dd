"""A statement as files: CSV with FOCUS columns, a workbook, and its manifest."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

import pandas as pd
import xlsxwriter

from spectra.chargeback import Statement
from spectra.exports import csv_bytes

# What a cell of a workbook holds at most.
MAX_CELL = 32_767


def csv_file(made: Statement) -> bytes:
    """All rows as CSV; text that looks like a formula is neutralised."""
    return csv_bytes(made.rows)


def manifest_file(made: Statement) -> bytes:
    """The manifest with its hash."""
    text = json.dumps(
        {**made.run.manifest, "manifest_sha256": made.run.manifest_hash},
        indent=2,
        sort_keys=True,
        ensure_ascii=False,
    )
    return text.encode("utf-8")


def workbook(made: Statement) -> bytes:
    """Sheets Statement, Rows, Changes and Manifest; text is never a formula or a link."""
    buffer = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(buffer, options) as book:
        bold = book.add_format({"bold": True})
        for name, frame in (
            ("Statement", _with_total(made.teams)),
            ("Rows", made.rows),
            ("Changes", _changes(made)),
            ("Manifest", _manifest(made)),
        ):
            sheet = book.add_worksheet(name)
            _fill(sheet, bold, list(map(str, frame.columns)), frame.itertuples(index=False))
    return buffer.getvalue()


def _fill(sheet: Any, bold: Any, names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    for column, name in enumerate(names):
        sheet.write_string(0, column, name, bold)
        sheet.set_column(column, column, max(12, min(40, len(name) + 2)))
    sheet.freeze_panes(1, 0)
    for line, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            _write(sheet, line, column, value)


def _write(sheet: Any, line: int, column: int, value: Any) -> None:
    if isinstance(value, Decimal | float | int) and isfinite(value):
        sheet.write_number(line, column, float(value))
    elif isinstance(value, str):
        short = value if len(value) <= MAX_CELL else value[: MAX_CELL - 1] + "…"
        sheet.write_string(line, column, short)


def _with_total(teams: pd.DataFrame) -> pd.DataFrame:
    """The table of teams with its sums; an interval has none."""
    sums: dict[str, Any] = {"team": "Total"}
    for column in teams.columns.drop(["team", "low_kg", "high_kg"]):
        known = [value for value in teams[column] if value is not None]
        sums[column] = sum(known) if known else None
    return pd.concat([teams, pd.DataFrame([sums], dtype=object)], ignore_index=True)


def _changes(made: Statement) -> pd.DataFrame:
    """What differs from the last export: sentences first, then lines."""
    if made.changes is None:
        return pd.DataFrame({"what": ["This is the first export of the period."]})
    said = made.differences or ("Nothing else differs from the last export.",)
    return pd.concat([pd.DataFrame({"what": list(said)}), made.changes], ignore_index=True)


def _manifest(made: Statement) -> pd.DataFrame:
    rows = [(name, _text(value)) for name, value in sorted(made.run.manifest.items())]
    return pd.DataFrame([*rows, ("manifest_sha256", made.run.manifest_hash)],
                        columns=["name", "value"])  # fmt: skip


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
