"""The faces of a report: each format's name and what writes it.

Every face shows the same numbers by the same ids. `FACES` is what the command line and the page
choose from; the libraries behind a face are loaded when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable

from spectra.errors import InputError
from spectra.reporting.codec import to_json
from spectra.reporting.model import Report

# ruff: noqa: PLC0415 (a start of the app need not pay for the libraries of the faces)


def json_face(report: Report) -> bytes:
    """The report itself; `codec.from_json` reads it back, `faces.schema` says what it holds."""
    return to_json(report, indent=1).encode(errors="replace")


def csv_face(report: Report) -> bytes:
    """All figures as one tidy table, a row each."""
    from spectra.reporting.faces.tidy import tidy_csv

    return tidy_csv(report)


def markdown_face(report: Report) -> bytes:
    """A summary to paste into a ticket or a wiki."""
    from spectra.reporting.faces.markdown import markdown

    return markdown(report)


def html_face(report: Report) -> bytes:
    """One interactive page that needs no network."""
    from spectra.reporting.faces.html import html

    return html(report)


def xlsx_face(report: Report) -> bytes:
    """A workbook with a sheet for every section."""
    from spectra.reporting.faces.xlsx import xlsx

    return xlsx(report)


def pdf_face(report: Report) -> bytes:
    """A paged document, A4."""
    from spectra.reporting.faces.pdf import pdf

    return pdf(report)


FACES: dict[str, Callable[[Report], bytes]] = {
    "pdf": pdf_face,
    "html": html_face,
    "xlsx": xlsx_face,
    "csv": csv_face,
    "json": json_face,
    "md": markdown_face,
}

# What a browser is told about a download of each face.
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "html": "text/html",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "json": "application/json",
    "md": "text/markdown",
}


def written(report: Report, name: str) -> bytes:
    """The report in a format.

    Raises
    ------
    InputError
        If there is no such format, or the report's template or logo cannot be used.
    """
    face = FACES.get(name)
    if face is None:
        raise InputError(
            f"There is no report format “{name}”.", next_step=f"Use {', '.join(sorted(FACES))}."
        )
    return face(report)
