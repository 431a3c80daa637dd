"""The Data section: what is there and how old, import, export, clear."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from spectra import units
from spectra.refresh import settle
from spectra.store import inventory_queries
from spectra.store.clearing import SOURCE_GROUPS, clear_source
from spectra.ui import cards, empty, names, portal_upload
from spectra.ui.frame import Page
from spectra.ui.settings import history_section

MAX_EXPORT_ROWS = 2_000_000


def section(page: Page) -> None:
    """Everything about the data itself."""
    rows = page.get(inventory_queries.datasets)
    st.markdown(f"{units.counted(int(rows['row_count'].sum()), 'row')} of facts, {place(page)}.")
    if rows.empty:
        empty.say("The workspace is empty.", "Connect a source, or import files below.",
                  empty.Turn("Connect AWS", ":material/key:", {"section": "AWS"}),
                  empty.Turn("Connect grids", ":material/bolt:",
                             {"section": "Grids and latency"}))  # fmt: skip
    else:
        _table(rows)
    portal_upload.button(page)
    _export(page)
    history_section.section(page)
    _clear(page)


def place(page: Page) -> str:
    """Where the workspace is kept."""
    if page.workspace.is_private:
        return "in memory of this session"
    size = inventory_queries.file_size_bytes(page.store)
    return "in MotherDuck" if size is None else f"{units.number(size / 1e6)} MB on disk"


def _table(rows: pd.DataFrame) -> None:
    st.dataframe(
        rows.assign(source=rows["source"].map(names.source)),
        hide_index=True,
        width="stretch",
        height="content",
        column_config={
            "dataset": "Dataset",
            "source": "Source",
            "row_count": st.column_config.NumberColumn("Rows", format="localized"),
            "first": cards.utc_column("From", "D MMM YYYY HH:mm"),
            "last": cards.utc_column("To", "D MMM YYYY HH:mm"),
            "fetched_at": cards.utc_column("Newest fetch", "D MMM YYYY HH:mm"),
        },
    )
    cards.download(rows, "datasets")


def _export(page: Page) -> None:
    """One dataset of the chosen period as a Parquet file."""
    st.header("Export", anchor=False)
    selection = page.selection
    dataset = st.selectbox(
        "Dataset", list(inventory_queries.DATASETS), key="export_dataset",
        help="Of the period chosen in the sidebar. Every row keeps its source and quality.",
    )  # fmt: skip
    count = page.get(inventory_queries.count_between, dataset, selection.start, selection.end)
    days = f"{selection.start:%d %b %Y} to {selection.last_day:%d %b %Y} UTC"
    st.caption(f"{units.counted(count, 'row')} from {days}.")
    if count > MAX_EXPORT_ROWS:
        st.warning(
            f"More than {MAX_EXPORT_ROWS:,} rows: choose a shorter period, or copy the database "
            "file itself.",
            icon=":material/warning:",
        )
        return

    st.download_button(
        "Download as Parquet",
        partial(
            inventory_queries.parquet_bytes, page.store, dataset, selection.start, selection.end
        ),
        file_name=f"spectra_{dataset}_{selection.start:%Y%m%d}_{selection.last_day:%Y%m%d}.parquet",
        icon=":material/download:",
        disabled=not count,
        key="export",
        on_click="ignore",
    )


def _clear(page: Page) -> None:
    """Delete what a source brought in, after its name was typed."""
    st.header("Clear", anchor=False)
    name = st.selectbox("Source", list(SOURCE_GROUPS), key="clear_source")
    st.caption(
        "Deletes what this source brought in, here and not at the source. What other sources said "
        "stays. A connected source is read again at the next refresh; demo data comes back at the "
        "next hour while SPECTRA_DEMO is on and no other fleet is there."
    )
    typed = st.text_input(f"Type “{name}” to confirm", key="clear_typed")
    if st.button(
        "Clear",
        icon=":material/delete:",
        key="clear",
        disabled=typed != name or not page.workspace.may_change,
    ):
        with st.spinner("Clearing, and computing what it changes"):
            count = clear_source(page.store, page.catalog, *SOURCE_GROUPS[name])
            settle(page.store, page.catalog, config=page.workspace.config)
        page.workspace.refresher.look_again()
        st.session_state["settings_note"] = f"Cleared {units.counted(count, 'row')} of {name}."
        st.rerun()
