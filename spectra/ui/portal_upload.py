"""The upload of Electricity Maps portal files, with what became of each file."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from spectra import portal_import, units
from spectra.portal_import import FileReport
from spectra.refresh import settle
from spectra.ui import cards, kept
from spectra.ui.frame import Page
from spectra.ui.plain import plain
from spectra.ui.workspace import errors_shown

_REPORTS = "import_reports"
_STATUS = {
    "imported": ("Imported", "green"),
    "unchanged": ("Already there", "gray"),
    "older": ("Newer data is there", "gray"),
    "refused": ("Refused", "red"),
}


def button(page: Page) -> None:
    """The button that opens the upload."""
    if st.button("Bring your grid data", icon=":material/upload_file:", key="open_upload"):
        _dialog(page)


@st.dialog("Bring your grid data", width="large", icon=":material/upload_file:", on_dismiss="rerun")
def _dialog(page: Page) -> None:
    st.markdown(
        "Hourly CSV files from the Electricity Maps data portal, one zone and year each. They take "
        "the place of demo values hour by hour; a newer file of a zone and year replaces the older."
    )
    if not page.workspace.may_change:
        st.info(
            "This is a public deployment: visitors cannot change the data that all share. Run "
            "SPECTRA yourself to import files.",
            icon=":material/lock:",
        )
        return
    files = st.file_uploader(
        "Portal CSV files", type="csv", accept_multiple_files=True, key="portal_files"
    )
    if st.button("Import", type="primary", disabled=not files, key="import_files"):
        # A dialog runs without the frame, which tells what ends a page.
        with errors_shown():
            _import(page, files)
    reports = kept.kept(_REPORTS, page.store.identity) or page.workspace.reports
    for number, report in enumerate(reports, 1):
        _report(report, number)


def _import(page: Page, files: Sequence[UploadedFile]) -> None:
    place = st.empty()
    bar = place.progress(0.0, "Reading")

    def progress(share: float, text: str) -> None:
        bar.progress(min(share, 1.0), plain(text))

    try:
        uploads = [(file.name, io.BytesIO(file.getvalue())) for file in files]
        reports = portal_import.import_files(page.store, page.catalog, uploads, progress)
        kept.keep(_REPORTS, reports, page.store.identity)
        settle(page.store, page.catalog, progress)
    finally:
        place.empty()


def _report(report: FileReport, number: int) -> None:
    label, color = _STATUS[report.status]
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(label, color=color)  # type: ignore[arg-type]
            st.text(report.name)
        if report.message:
            st.text(report.message)
        if report.row_count:
            st.caption(
                f"{units.counted(report.row_count, 'usable row')}, "
                f"{report.changed_count:,} new or changed, {report.rejected_count:,} rejected."
            )
        for note in report.notes:
            st.text(note)
        if report.rejected:
            rows = pd.DataFrame(
                [{"line": row.line, "why": row.reason, "text": row.text} for row in report.rejected]
            )
            st.dataframe(
                rows,
                hide_index=True,
                height=180,
                column_config={"line": "Line", "why": "Why", "text": "As in the file"},
            )
            cards.download(rows, f"rejected_{number}")
