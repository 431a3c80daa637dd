"""The CSV face: every figure of the report as a row."""

from __future__ import annotations

import pandas as pd

from spectra.exports import csv_bytes
from spectra.reporting.faces.text import plain
from spectra.reporting.model import Report
from spectra.reporting.parts import Figure


def tidy_csv(report: Report) -> bytes:
    """All figures, unrounded and in their base unit; an unknown value is an empty cell.

    Each row names the manifest that its number follows from, so that a row which was copied out
    can still be traced.
    """
    places = _places(report)
    rows = [_row(figure, places, report) for figure in report.numbers.values()]
    return csv_bytes(pd.DataFrame(rows, columns=_COLUMNS, dtype=object))


_COLUMNS = [
    "id", "section", "table", "row", "column", "label", "value", "unit", "low", "high", "quality",
    "coverage", "datapoints", "factors", "note", "period", "status", "manifest_sha256",
    "report_id", "sequence", "previous_sha256", "chain_sha256",
]  # fmt: skip


def _row(figure: Figure, places: dict[str, tuple[str, ...]], report: Report) -> list[object]:
    texts = (plain(text) for text in places.get(figure.id, ("", "", "", "")))
    seal = report.seal
    place = (
        (seal.report_id, seal.sequence, seal.previous_hash, seal.chain_hash) if seal else [None] * 4
    )
    return [
        plain(figure.id), *texts, plain(figure.label), figure.value, figure.unit, figure.low,
        figure.high, figure.quality, figure.coverage, " ".join(figure.datapoints),
        " ".join(figure.factors), plain(figure.note), report.request.period, report.cover.status,
        report.manifest_hash, *place,
    ]  # fmt: skip


def _places(report: Report) -> dict[str, tuple[str, ...]]:
    """Section, table, row and column of every table's cell."""
    return {
        f"{table.id}/{row.key}/{column.key}": (section.id, table.id, row.key, column.key)
        for section in report.sections
        for table in section.tables
        for row in table.rows
        for column in table.columns
    }
