"""History in the Data section: how long readings are kept, and months out to Parquet and back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from spectra.errors import SpectraError
from spectra.moments import midnight
from spectra.refresh.keeping import PROBLEM
from spectra.store import retention
from spectra.store.history_export import Progress, export_history
from spectra.store.history_files import MANIFEST, Manifest
from spectra.store.history_import import import_history
from spectra.ui import workspace as workspaces
from spectra.ui.frame import Page
from spectra.ui.plain import plain
from spectra.ui.settings import forms


def section(page: Page) -> None:
    """The policy with its plan, the export and the import."""
    st.header("History", anchor=False)
    if page.workspace.is_private:
        st.caption(
            "History is not exported from a private workspace: nothing of it goes to a file of the "
            "server. The download above gives you its rows."
        )
        return
    config = page.workspace.config
    found = page.get(retention.plan, config.retention_hourly_days, config.retention_keep_reported)
    st.markdown(found.text)
    if problem := page.store.meta(PROBLEM):
        st.warning(
            f"Readings were kept because a month could not be archived. {plain(problem)}",
            icon=":material/warning:",
        )
    st.caption(
        "Sums by hour and group and by day and machine stay for ever, so the Dashboard, regions, "
        "budgets and reports stay as they are. The hours of one machine on older days are not "
        "shown any more; rightsizing and anomalies look at the last weeks alone."
    )
    forms.section(page, "Data")
    if config.public:
        st.caption("This deployment is public: its history is exported by its operator.")
        return
    left, right = st.columns(2)
    with left, st.container(border=True, height="stretch"):
        _export(page, config.history_folder)
    with right, st.container(border=True, height="stretch"):
        _import(page, config.history_folder)


def _export(page: Page, folder: Path) -> None:
    before = st.date_input(
        "Export what is before", value=None, key="history_before",
        help="A UTC day; empty for everything.",
    )  # fmt: skip
    st.caption(
        f"Facts and sums as Parquet by month, into a new folder below “{folder.name}” on the "
        "machine that SPECTRA runs on (SPECTRA_HISTORY_FOLDER). Budgets, final reports and the "
        "journal are not in it: copy the database file for those."
    )
    if not st.button("Export history", icon=":material/archive:", key="history_export"):
        return
    end = None if before is None else midnight(before)
    name = f"history-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    _run(
        f"Exported to {name}",
        lambda say: export_history(page.store, folder / name, before=end, progress=say),
    )


def _import(page: Page, folder: Path) -> None:
    names = sorted((path.parent.name for path in folder.glob(f"*/{MANIFEST}")), reverse=True)
    if not names:
        st.header("Read back", anchor=False)
        st.caption(f"No export is in “{folder.name}” yet.")
        return
    name = st.selectbox("Read back", names, key="history_name")
    st.caption(
        "Every file is compared with the manifest first. What is known newer stays; reading one "
        "twice changes nothing."
    )
    if st.button("Read history", icon=":material/unarchive:", key="history_import"):
        _run(
            f"Read {name}",
            lambda say: import_history(page.store, page.catalog, folder / name, say),
        )


def _run(done: str, work: Callable[[Progress], Manifest]) -> None:
    """Do it under a progress bar, and say what it was or why it was not."""
    place = st.empty()
    bar = place.progress(0.0, "Looking")

    def say(share: float, text: str) -> None:
        bar.progress(min(max(share, 0.0), 1.0), f"{text} …")

    try:
        manifest = work(say)
    except SpectraError as error:
        place.empty()
        workspaces.show_error(error)
        return
    place.empty()
    st.session_state["settings_note"] = f"{done}: {manifest.text}"
    st.rerun()
