"""From a figure of a report to its rows, to the hour, to energy × intensity."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from spectra import units
from spectra.reporting.drill import hours_of_row, months_within, narrowed, unit_of
from spectra.reporting.model import Report
from spectra.reporting.parts import Unit
from spectra.reporting.words import figure_text, shown
from spectra.store import report_queries, retention
from spectra.ui import cards
from spectra.ui.frame import Page
from spectra.ui.plain import plain

MOST_ROWS, MOST_IN_FILE = 200, 100_000
_NUMBER = st.column_config.NumberColumn
_COLUMNS: dict[str, Any] = {
    "resource_id": "Resource", "service": "Service", "resource_type": "Type", "region": "Region",
    "account_id": "Account", "team": "Team", "environment": "Environment",
    "resource_hours": _NUMBER("Hours", format="%,.1f"),
    "energy_kwh": _NUMBER("Energy [kWh]", format="%,.3f"),
    "share": _NUMBER("Share", **cards.SHARE),
}  # fmt: skip
_OF_AWS = ("provider.scope1", "provider.scope2_mb")


def show(page: Page, report: Report) -> None:
    """Choose a figure and follow it down."""
    with cards.card("Where a figure comes from", help="Any sum, cost, intensity or row of a "
                    "breakdown: its resources, their days, and each hour as energy times "
                    "intensity."):  # fmt: skip
        ids = [
            id for id, f in report.numbers.items() if f.drill is not None and f.value is not None
        ]
        if not ids:
            st.caption("No figure of this report is a sum of resources.")
            return
        labels = {id: f"{report.figure(id).label}: {figure_text(report.figure(id))}" for id in ids}
        chosen = st.selectbox("Figure", ids, format_func=lambda id: f"{labels[id]}  ·  {id}",
                              key="report_figure")  # fmt: skip
        if any(report.figure(id).quality in ("imported", "mixed") for id in _OF_AWS):
            st.caption("Scope 1, and cells of tables that hold AWS's own figures, have no rows "
                       "here: its carbon export states them by month, region and account, not by "
                       "resource.")  # fmt: skip
        _rows(page, report, chosen)


def _rows(page: Page, report: Report, figure: str) -> None:
    found = page.get(report_queries.rows, *narrowed(report, figure), MOST_ROWS)
    if found.frame.empty:
        st.caption("No resource is behind it.")
        return
    made, narrow = report.figure(figure), narrowed(report, figure)[1]
    unit = unit_of(narrow.part)
    is_whole = math.isclose(found.total or 0.0, made.value or 0.0)
    more = "" if is_whole else plain(made.note)
    if unit != made.unit:
        more = "The figure is computed from that."
    st.caption(f"{units.counted(found.count, 'resource sums', 'resources sum')} to "
               f"{shown(found.total, unit)} in today's store. {more}")  # fmt: skip
    largest = found.frame
    event = st.dataframe(
        largest, hide_index=True, width="stretch", height=cards.table_height(len(largest)),
        key=cards.rows_key(f"report_rows_{figure}", largest["resource_id"]), on_select="rerun",
        selection_mode="single-row",
        column_config={**_COLUMNS, "value": _NUMBER(f"Value [{_on_screen(unit)}]", format="%,.3f")},
    )  # fmt: skip
    if found.count > MOST_ROWS:
        in_file = f"the {MOST_IN_FILE:,} largest" if found.count > MOST_IN_FILE else "all"
        st.caption(f"The {MOST_ROWS} largest of {found.count:,} are shown; the CSV has {in_file}.")
    with st.container(horizontal=True):
        cards.download(lambda: _in_file(page, report, figure), "rows", label="Rows as CSV")
        days = page.get(report_queries.days, *narrowed(report, figure))
        cards.download(_with_unit(days, unit), "days", label="Days as CSV")
    if narrow.part in report_queries.OF_COSTS:
        st.caption("What is paid is known by the day, not by the hour.")
        return
    rows = [row for row in event.selection.rows if row < len(largest)]
    if rows:
        _hours(page, report, figure, largest.iloc[rows[0]].to_dict())
    else:
        st.caption("Choose a row to see its hours.")


def _in_file(page: Page, report: Report, figure: str) -> pd.DataFrame:
    selection, narrow = narrowed(report, figure)
    found = report_queries.rows(page.store, selection, narrow, MOST_IN_FILE).frame
    return _with_unit(found, unit_of(narrow.part))


def _on_screen(unit: Unit) -> str:
    return unit.replace("CO2e", "CO₂e")


def _with_unit(frame: pd.DataFrame, unit: Unit) -> pd.DataFrame:
    return frame.rename(columns={"value": f"value [{unit}]"})


def _hours(page: Page, report: Report, figure: str, row: Mapping[str, Any]) -> None:
    """Hours of a row within the figure, a month at a time."""
    selection, narrow = hours_of_row(report, figure, row)
    days = page.get(report_queries.days, selection, narrow)["day"]
    known = {(day.year, day.month) for day in days}
    months = [(start, end) for start, end in months_within(selection.start, selection.end)
              if (start.year, start.month) in known]  # fmt: skip
    start, end = months[0]
    if len(months) > 1:
        start, end = st.selectbox("Hours of", months, format_func=lambda span: f"{span[0]:%b %Y}",
                                  key="report_hours_month", width=160)  # fmt: skip
    hours = page.get(report_queries.hours, selection.between(start, end), narrow)
    unit = unit_of(narrow.part)
    total = shown(float(hours["value"].sum()), unit)
    st.markdown(
        f"Hours of {plain(row['resource_id'])} from {start:%d %b %Y} to before {end:%d %b %Y} UTC "
        f"sum to {total}."
    )
    if rolled := page.get(retention.rolled_days_between, start, end):
        st.info(
            f"{units.counted(rolled, 'day of these was', 'days of these were')} rolled up to daily "
            "sums, as the retention policy says: the hours are not kept, and every total above "
            "counts them.",
            icon=":material/info:",
        )
    value = _NUMBER(f"value [{_on_screen(unit)}]", format="%,.3f")
    st.dataframe(hours, hide_index=True, width="stretch", height=cards.table_height(len(hours)),
                 key="report_hours",
                 column_config={"hour": cards.utc_column("Hour"), "value": value})  # fmt: skip
    st.caption("scope2_lb_g is energy_kwh times intensity_direct_g_per_kwh of its row, value is "
               "what the figure sums, and the factor columns name the entries of the section "
               "Methods and factors.")  # fmt: skip
    cards.download(_with_unit(hours, unit), "hours", label="Hours as CSV")
