"""A report on the screen: cover, what blocks it, headline figures, and its sections."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from spectra import units
from spectra.charts import figure_layout
from spectra.reporting.faces.html_charts import chart_data
from spectra.reporting.model import Report
from spectra.reporting.parts import Chart, Section, Table
from spectra.reporting.words import cell_text, figure_text, interval_text, mass_unit
from spectra.ui import cards
from spectra.ui.plain import plain

BADGES: dict[str, cards.Color] = {
    "audit-ready": "green",
    "not audit-ready": "orange",
    "no data": "gray",
}
HEADLINES = ("customer.total_lb", "customer.total_mb", "energy.kwh", "quality.coverage")


def cover(report: Report) -> None:
    """Status, coverage, and what stands between the report and an audit."""
    cover = report.cover
    with cards.card(plain(f"{cover.title} · {cover.period}")):
        with st.container(horizontal=True, gap="small"):
            st.badge(cover.status, color="green" if cover.status == "final" else "blue")
            st.badge(cover.badge, color=BADGES.get(cover.badge, "gray"))
            if report.seal is not None:
                st.badge(f"{report.seal.report_id}, sealed", icon=":material/verified:",
                         color="green")  # fmt: skip
            parts = [cover.company, cover.entity, cover.boundary, cover.view]
            st.caption(" · ".join(plain(part) for part in parts if part))
        if cover.warning:
            st.warning(plain(cover.warning), icon=":material/warning:")
        _figures(report, tuple(id for id in HEADLINES if id in report.numbers))
        _blockers(report)


def _figures(report: Report, ids: tuple[str, ...]) -> None:
    """Headline figures, four in a row, with their interval."""
    for low in range(0, len(ids), 4):
        for column, id in zip(st.columns(4), ids[low : low + 4], strict=False):
            figure = report.figure(id)
            with column:
                cards.headline(figure.label, figure_text(figure),
                               note=interval_text(figure) or figure.quality or " ",
                               help=figure.note)  # fmt: skip


def _blockers(report: Report) -> None:
    blocking = [b for b in report.blockers if b.blocks]
    others = [b for b in report.blockers if not b.blocks]
    if not report.blockers:
        st.success("Nothing keeps this report from an audit.", icon=":material/verified:")
        return
    count = units.counted(len(blocking), "thing blocks", "things block")
    title = f"{count} “audit-ready”" if blocking else "Nothing blocks it"
    with st.expander(f"{title}; {len(others)} to know", expanded=bool(blocking)):
        for blocker in (*blocking, *others):
            mark = ":red[:material/block:]" if blocker.blocks else ":gray[:material/info:]"
            st.markdown(f"{mark} **{plain(blocker.what)}** {plain(blocker.next_step)}")


def sections(report: Report) -> None:
    """One section at a time, chosen by number."""
    shown = {f"{s.number}. {s.title}": s for s in report.shown}
    if not shown:
        st.caption("This template has no sections.")
        return
    name = st.selectbox("Section", list(shown), key="report_section", persist_state="session")
    section = shown[name]
    with cards.card(plain(name)):
        _section(report, section)


def _section(report: Report, section: Section) -> None:
    for text in section.text:
        st.markdown(plain(text))
    _figures(report, section.figures)
    for chart in section.charts:
        cards.chart(_drawn(chart), key=f"report_{chart.id}", alt=chart.alt)  # fmt: skip
        st.caption(plain(f"Figure {chart.number}. {chart.title}"))
    for table in section.tables:
        st.markdown(plain(f"Table {table.number}. {table.title}"))
        frame = frame_of(report, table)
        st.dataframe(frame, hide_index=True, width="stretch", key=f"report_{table.id}",
                     height=cards.table_height(len(table.rows)))  # fmt: skip
        cards.download(frame, f"report_{table.id}", of=[report.request.period])
        for note in table.notes:
            st.caption(plain(note))
    for note in section.notes:
        st.caption(plain(note))


def _drawn(chart: Chart) -> go.Figure:
    """A chart of the report in the colours and margins of the app."""
    made = chart_data(chart)
    figure = go.Figure(made["data"])
    bars = chart.kind == "bar"
    figure_layout(
        figure, height=120 + 24 * len(chart.x) if bars else 320,
        barmode="stack" if chart.kind == "stacked" else "group",
    )  # fmt: skip
    along, across = figure.update_xaxes, figure.update_yaxes
    if bars:
        along, across = across, along
        figure.update_yaxes(autorange="reversed")
    along(title=chart.x_title, type=made["layout"]["yaxis" if bars else "xaxis"].get("type"))
    across(title=made["layout"]["xaxis" if bars else "yaxis"].get("title"))
    return figure


def frame_of(report: Report, table: Table) -> pd.DataFrame:
    """A table as texts with their units, the same as in every file of the report."""
    unit = mass_unit(report)
    rows = [[cell_text(table, row, i, unit) for i in range(len(table.columns))]
            for row in table.rows]  # fmt: skip
    return pd.DataFrame(rows, columns=_titles(table))


def _titles(table: Table) -> list[str]:
    """Headings; a heading that is there twice is numbered."""
    titles = [column.title for column in table.columns]
    return [t if titles.count(t) == 1 else f"{t} ({i})" for i, t in enumerate(titles, 1)]
