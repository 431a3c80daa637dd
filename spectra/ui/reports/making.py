"""Makes a report: asks, builds, shows, writes its files, and seals it as final."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import streamlit as st

from spectra import units
from spectra.catalog import Catalog
from spectra.errors import SpectraError
from spectra.reporting import final
from spectra.reporting.build import build
from spectra.reporting.carbon_import import import_carbon_export
from spectra.reporting.faces import FACES, MEDIA_TYPES
from spectra.reporting.kept_budgets import budget_lines
from spectra.reporting.model import Report, Request
from spectra.store import Store, report_log
from spectra.ui import cards, kept, workspace
from spectra.ui.frame import Page
from spectra.ui.reports import drill, form, shown

NAMES = {"pdf": "PDF", "html": "HTML", "xlsx": "XLSX", "csv": "CSV", "json": "JSON",
         "md": "Markdown"}  # fmt: skip
_SEALED = "report_sealed"  # just now, to be said once


def show(page: Page) -> None:
    """The form, and the report that it asks for."""
    try:
        request = form.ask(page)
        if request is None:
            return
        report = draft(page, request)
    except SpectraError as error:
        workspace.show_error(error)
        return
    carbon_export(page)
    shown.cover(report)
    files(report, f"spectra_{request.period}", "draft")
    _seal(page, request)
    shown.sections(report)
    drill.show(page, report)


def draft(page: Page, request: Request) -> Report:
    """The report as of now; built once for all who ask the same, until another one is sealed."""
    sealed = report_log.head(page.store)
    with st.spinner("Summing the period, its parts and their uncertainty…"):
        made: Report = page.get(_built, page.catalog, request, page.hour, sealed)
    return made


def _built(store: Store, catalog: Catalog, request: Request, now: datetime, _sealed: str) -> Report:
    return build(store, catalog, request, now=now, budgets=budget_lines)


def files(report: Report, name: str, key: str) -> None:
    """A file in every format, written when it is asked for."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for face, label in NAMES.items():
            st.download_button(
                label, partial(FACES[face], report), f"{_plain(name)}.{face}", MEDIA_TYPES[face],
                key=f"{key}_{face}", icon=":material/download:", on_click="ignore",
                type="primary" if face == "pdf" else "secondary",
            )  # fmt: skip


def _plain(name: str) -> str:
    """A file name of letters, digits, dots, dashes and underscores."""
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in name)


def _seal(page: Page, request: Request) -> None:
    if not page.workspace.may_change:
        st.caption("This deployment is public: reports are drafts here.")
        return
    if name := kept.kept(_SEALED, page.store.identity):
        kept.drop(_SEALED)
        st.success(f"{name} is sealed. It stands under History.", icon=":material/verified:")
    with st.expander("Make it final"):
        st.markdown(
            "A final report is frozen with the hashes of its inputs, in a chain that shows every "
            "later change. Where data change afterwards, another final report restates it."
        )
        reason = st.text_input("Why, if it restates one", key="seal_reason")
        if st.button("Seal as final", key="seal", icon=":material/verified:"):
            try:
                sealed = final.seal(page.store, page.catalog, request, reason=reason,
                                    budgets=budget_lines)  # fmt: skip
            except SpectraError as error:
                workspace.show_error(error)
                return
            name = sealed.seal.report_id if sealed.seal else ""
            st.session_state["report_id"] = name
            kept.keep(_SEALED, name, page.store.identity)
            st.rerun()  # what is below knows nothing of it yet


def carbon_export(page: Page) -> None:
    """Brings a carbon export of AWS, so that the report is reconciled with AWS's own figures."""
    if not page.workspace.may_change:
        return
    with st.expander("Bring AWS's own figures"):
        st.caption("A carbon data export or a download of AWS's carbon tool, as CSV. They are held "
                   "against ours in the section Reconciliation and never added.")  # fmt: skip
        file = st.file_uploader("AWS carbon export", type="csv", key="carbon_export")
        if file is None or not st.button("Bring it in", key="carbon_import"):
            return
        try:
            count = import_carbon_export(page.store, file.name, file.getvalue())
        except SpectraError as error:
            workspace.show_error(error)
            return
        st.toast(f"{units.counted(count, 'figure')} of AWS.", icon=":material/check:")
        st.rerun()


def card_of(report: Report, name: str, key: str) -> None:
    """A kept report with its files."""
    with cards.card(name):
        files(report, f"spectra_{name}", key)
