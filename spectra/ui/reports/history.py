"""Final reports: the chain, each with its files, run again, and two compared."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd
import streamlit as st

from spectra.errors import SpectraError
from spectra.reporting import final
from spectra.reporting.diff import Change, compare
from spectra.reporting.model import Report
from spectra.reporting.words import shown as written
from spectra.store import report_log
from spectra.store.report_log import Entry
from spectra.ui import cards, empty, workspace
from spectra.ui.frame import Page
from spectra.ui.plain import plain
from spectra.ui.reports import making
from spectra.units import GRAMS_PER_KG

TODAY = "as it would be today"


def show(page: Page) -> None:
    """All final reports, the newest first, and one of them."""
    entries = report_log.entries(page.store)
    if not entries:
        empty.say("No report is final yet.", "Make one under Report, and seal it when its period "
                  "is over.", empty.Turn("Make a report", ":material/description:",
                                         {"reports_view": "Report"}))  # fmt: skip
        return
    _chain(page, entries)
    names = {e.report_id: f"{e.report_id} · {e.period}" for e in entries}
    if st.session_state.get("report_id") not in names:
        st.session_state.pop("report_id", None)
    chosen = st.selectbox("Report", list(names), format_func=names.__getitem__, key="report_id",
                          persist_state="session")  # fmt: skip
    try:
        report = final.load(page.store, str(chosen))
        making.card_of(report, names[str(chosen)], "final")
        _again(page, str(chosen))
        _compared(page, report, names)
    except SpectraError as error:
        workspace.show_error(error)


def _chain(page: Page, entries: list[Entry]) -> None:
    with cards.card("Final reports", help="Each holds the hash of the one before it."):
        breaks = report_log.breaks(page.store)
        if breaks:
            for broken in breaks:
                st.error(plain(f"{broken.report_id}: {broken.what}"), icon=":material/link_off:")
        else:
            st.caption(":material/link: The chain holds: none was changed or dropped.")
        rows = pd.DataFrame([asdict(e) for e in entries]).drop(columns=["record", "scope_key"])
        rows["kg"] = rows["total_lb_g"] / GRAMS_PER_KG
        st.dataframe(
            rows, hide_index=True, width="stretch", key="final_reports", placeholder="–",
            height=cards.table_height(len(rows)),
            column_order=["report_id", "period", "kg", "sealed_at", "restates", "reason",
                          "chain_hash"],
            column_config={
                "report_id": "Report", "period": "Period",
                "kg": st.column_config.NumberColumn("Location-based [kg]", format="%,.3f"),
                "sealed_at": cards.utc_column("Sealed"), "restates": "Restates",
                "reason": "Why", "chain_hash": "Hash of the chain",
            },
        )  # fmt: skip
        cards.download(rows, "final_reports")


def _again(page: Page, report_id: str) -> None:
    with st.expander("Run its manifest again"):
        if not st.button("Run", key="reproduce", icon=":material/replay:"):
            st.caption("Computes every total from today's store and compares it to a billionth.")
            return
        with st.spinner("Computing it again…"):
            result = final.reproduce(page.store, page.catalog, report_id, now=page.hour)
        if result.holds:
            st.success("Every total is reproduced.", icon=":material/verified:")
        else:
            st.warning("Totals differ: a restatement is due. Seal the same report again.",
                       icon=":material/difference:")  # fmt: skip
        for sentence in result.changed:
            st.markdown(f"- {plain(sentence)}")
        rows = pd.DataFrame([(t.figure, t.before, t.now, t.is_equal) for t in result.totals],
                            columns=["Figure", "Then", "Now", "Equal"])  # fmt: skip
        st.dataframe(rows, hide_index=True, width="stretch", height="content", key="reproduced")
        cards.download(rows, "reproduced")


def _compared(page: Page, report: Report, names: dict[str, str]) -> None:
    with cards.card("Against another one"):
        mine = report.seal.report_id if report.seal else ""
        others = [TODAY, *(name for name in names if name != mine)]
        other = st.selectbox("Compare with", others, index=None, key="report_other",
                             placeholder="Choose what to compare with",
                             format_func=lambda id: names.get(id, id))  # fmt: skip
        if other is None:
            return
        if other == TODAY:
            before, after = report, making.draft(page, report.request)
        else:
            # Whichever was opened first: what came later in the chain is what it became.
            before, after = sorted(
                (final.load(page.store, other), report),
                key=lambda made: made.seal.sequence if made.seal else 0,
            )
        found = compare(before, after)
        if found.is_empty:
            st.caption("They say the same.")
            return
        named = {
            "Asked differently": found.request, "Other factors": found.factors,
            "Other inputs": found.inputs, "Other quality": found.quality,
            "Other words or charts": found.words, "Other open points": found.blockers,
        }  # fmt: skip
        for label, values in named.items():
            if values:
                st.markdown(f"{label}: {plain(', '.join(values))}")
        _changes("Headline figures", found.figures, "changed_figures")
        _changes("Rows of tables", found.cells, "changed_cells")


def _changes(title: str, changes: tuple[Change, ...], key: str) -> None:
    if not changes:
        return
    st.markdown(f"**{title}**")
    rows = [
        {"What": c.label, "Before": written(c.before, c.unit), "After": written(c.after, c.unit),  # type: ignore[arg-type]
         "Change": c.relative, "ID": c.id}
        for c in changes
    ]  # fmt: skip
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", key=key,
                 height=cards.table_height(len(rows)),
                 column_config={"Change": st.column_config.NumberColumn(**cards.SHARE)}
                 )  # fmt: skip
    cards.download(pd.DataFrame([{**asdict(c), "relative": c.relative} for c in changes]), key)
