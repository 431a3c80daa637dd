"""The Usage section: what was asked and what it cost, and what a refresh would ask now."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from spectra import units
from spectra.store import fetch_log, source_state
from spectra.ui import empty, names
from spectra.ui.cards import download, headline, utc_column
from spectra.ui.frame import Page

_WHOLE_LOG = 1_000_000


def section(page: Page) -> None:
    """Meter, preview and log."""
    now = datetime.now(UTC)
    used = fetch_log.usage(page.store, now)
    due = [task.estimate() for task in page.workspace.setup.live().due(now)]
    columns = st.columns(4)
    with columns[0]:
        headline("Requests today", f"{int(used['requests_today'].sum()):,}")
    with columns[1]:
        headline("Cost today", units.usd_text(used["usd_today"].sum()), note="estimated")
    with columns[2]:
        headline("Cost this month", units.usd_text(used["usd_month"].sum()), note="estimated")
    with columns[3]:
        headline(
            "A refresh now",
            units.usd_text(sum(estimate.usd for estimate in due)),
            note=f"{units.counted(sum(estimate.requests for estimate in due), 'request')}, "
            f"{units.counted(len(due), 'dataset')}",
            help="What is due and can be known before asking: further pages, agent metrics and "
            "what a first listing will find come on top. Nothing due costs nothing.",
        )
    st.caption(
        "Estimated from list prices: Cost Explorer \\$0.01 a request, CloudWatch GetMetricData "
        "\\$0.01 per 1,000 metrics. Electricity Maps and Cloudflare are by plan, without a price a "
        "request. A bill may differ."
    )
    if len(used):
        _by_source(used)
    _states(page, now)
    _log(page)


def _by_source(used: pd.DataFrame) -> None:
    st.dataframe(
        used.assign(source=used["source"].map(names.source)),
        hide_index=True,
        width="stretch",
        height="content",
        column_config={
            "source": "Source",
            "requests_today": st.column_config.NumberColumn("Requests today", format="localized"),
            "usd_today": st.column_config.NumberColumn("USD today", format="dollar"),
            "requests_month": st.column_config.NumberColumn(
                "Requests this month", format="localized"
            ),
            "usd_month": st.column_config.NumberColumn("USD this month", format="dollar"),
        },
    )
    download(used, "usage")


def _states(page: Page, now: datetime) -> None:
    """What is failing now, and when it is asked again."""
    states = source_state.table(page.store)
    failing = states[~states["status"].isin([source_state.OK, source_state.OUTDATED])]
    if failing.empty:
        return
    st.header("Not read at the moment", anchor=False)
    st.dataframe(
        failing[["source", "dataset", "scope", "detail", "failure_count", "succeeded_at",
                 "retry_at"]].assign(source=failing["source"].map(names.source)),
        hide_index=True,
        width="stretch",
        height="content",
        column_config={
            "source": "Source",
            "dataset": "Dataset",
            "scope": "Where",
            "detail": st.column_config.TextColumn("Why, and what to do", width="large"),
            "failure_count": "Failures in a row",
            "succeeded_at": utc_column("Last read"),
            "retry_at": utc_column("Asked again"),
        },
    )  # fmt: skip
    download(failing, "not_read")


def _log(page: Page) -> None:
    st.header("Fetch log", anchor=False)
    rows = fetch_log.recent(page.store)
    if rows.empty:
        empty.say("Nothing was fetched so far.", "Demo data and files ask nobody; a source does.",
                  empty.Turn("Connect AWS", ":material/key:", {"section": "AWS"}),
                  empty.Turn("Connect grids", ":material/bolt:",
                             {"section": "Grids and latency"}))  # fmt: skip
        return
    st.dataframe(
        rows[["started_at", "source", "dataset", "scope", "status", "row_count", "request_count",
              "estimated_usd", "seconds", "window_start", "window_end", "detail"]].assign(
            source=rows["source"].map(names.source)
        ),
        hide_index=True,
        width="stretch",
        height=360,
        column_config={
            "started_at": utc_column("Started", "D MMM HH:mm:ss"),
            "source": "Source",
            "dataset": "Dataset",
            "scope": "Where",
            "status": "Status",
            "row_count": st.column_config.NumberColumn("Rows", format="localized"),
            "request_count": "Requests",
            "estimated_usd": st.column_config.NumberColumn("USD", format="$%,.4f"),
            "seconds": st.column_config.NumberColumn("Seconds", format="%,.2f"),
            "window_start": utc_column("From"),
            "window_end": utc_column("To"),
            "detail": st.column_config.TextColumn("Detail", width="large"),
        },
    )  # fmt: skip
    download(
        lambda: fetch_log.recent(page.store, _WHOLE_LOG), "fetch_log",
        help="All of the log; the table shows the newest entries.",
    )  # fmt: skip
