"""From a figure of a report to its rows, to the hour, to energy × intensity."""

from __future__ import annotations

from datetime import datetime, timedelta

import streamlit as st

from spectra.reporting.drill import narrowed
from spectra.reporting.model import Report
from spectra.reporting.words import figure_text, shown
from spectra.store import report_queries
from spectra.ui import cards
from spectra.ui.frame import Page

_NUMBER = st.column_config.NumberColumn


def show(page: Page, report: Report) -> None:
    """Choose a figure and follow it down."""
    with cards.card("Where a figure comes from", help="Any total, scope or row of a breakdown: its "
                    "resources, their days, and each hour as energy times intensity."):  # fmt: skip
        ids = [id for id, figure in report.numbers.items() if figure.drill is not None]
        if not ids:
            st.caption("No figure of this report is a sum of resources.")
            return
        labels = {id: f"{report.figure(id).label}: {figure_text(report.figure(id))}" for id in ids}
        chosen = st.selectbox("Figure", ids, format_func=lambda id: f"{labels[id]}  ·  {id}",
                              key="report_figure")  # fmt: skip
        _rows(page, report, chosen)


def _rows(page: Page, report: Report, figure: str) -> None:
    found = page.get(report_queries.rows, *narrowed(report, figure))
    if found.frame.empty:
        st.caption("No resource is behind it.")
        return
    unit = report.figure(figure).unit
    st.caption(f"{found.count} resources sum to {shown(found.total, unit)} in today's store.")
    event = st.dataframe(
        found.frame.head(200), hide_index=True, width="stretch", key="report_rows",
        height=cards.table_height(min(200, len(found.frame))), on_select="rerun",
        selection_mode="single-row",
        column_config={"value": _NUMBER(f"Value [{unit}]", format="%.3f"),
                       "share": _NUMBER("Share", format="percent"),
                       "energy_kwh": _NUMBER("Energy [kWh]", format="%.3f"),
                       "resource_hours": _NUMBER("Hours", format="%.1f")},
    )  # fmt: skip
    with st.container(horizontal=True):
        cards.csv_button(found.frame, "rows.csv", "rows_csv", label="Rows as CSV")
        days = page.get(report_queries.days, *narrowed(report, figure))
        cards.csv_button(days, "days.csv", "days_csv", label="Days as CSV")
    if event.selection.rows:
        row = found.frame.iloc[event.selection.rows[0]]
        _hours(page, report, str(row["resource_id"]))
    else:
        st.caption("Choose a row to see its hours.")


def _hours(page: Page, report: Report, resource_id: str) -> None:
    start, end = report.request.start, report.request.end
    first: datetime = max(start, end - timedelta(days=31))
    hours = page.get(report_queries.hours, resource_id, first, end)
    st.markdown(f"Hours of `{resource_id}` since {first:%d %b %Y}")
    st.dataframe(hours, hide_index=True, width="stretch", height=cards.table_height(len(hours)),
                 key="report_hours",
                 column_config={"hour": cards.utc_column("Hour")})  # fmt: skip
    st.caption("scope2_lb_g is energy_kwh times intensity_direct_g_per_kwh of its row; the factor "
               "columns name the entries of the section Methods and factors.")  # fmt: skip
    cards.csv_button(hours, "hours.csv", "hours_csv", label="Hours as CSV")
