"""What needs attention, when it was, and everything else on request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

from spectra import incident_charts, units
from spectra.ui import cards, empty
from spectra.ui.anomalies import decisions, watching
from spectra.ui.frame import Page

_NUMBER = st.column_config.NumberColumn
COLUMNS: dict[str, Any] = {
    "name": st.column_config.TextColumn("What", pinned=True, width="medium"),
    "kind": "Kind",
    "severity": st.column_config.TextColumn("Severity", width="small"),
    "kg_per_day": _NUMBER("CO₂e [kg/day]", format="%,.3f", help="Mean excess CO₂e since it began."),
    "usd_per_day": _NUMBER("Cost [USD/day]", format="%,.2f", help="Empty: not known."),
    "kg": _NUMBER("CO₂e so far [kg]", format="%,.3f"),
    "excess_usd": _NUMBER("Cost so far [USD]", format="%,.2f"),
    "start": cards.utc_column("Since"),
    "end": cards.utc_column("Ended"),
    "state": st.column_config.TextColumn("Decision", width="small"),
    "cause": st.column_config.TextColumn("Likely cause", width="large"),
    "team": "Team",
    "region": "Region",
    "environment": "Environment",
}
SHOW = ("Going on", "Ended", "Settled", "Small")
ALL = empty.Turn("Show all incidents", ":material/visibility:",
                 {"kinds": [], "show_incidents": list(SHOW)})  # fmt: skip


def show(page: Page, found: pd.DataFrame) -> None:
    """Filters, timeline and the ranked table."""
    shown = _filtered(found)
    if found.empty:
        empty.say("Nothing is out of the ordinary in this period.",
                  "Every hour that is known was looked at; a longer period shows what was "
                  "before.",
                  empty.LONGER, empty.EVERYTHING)  # fmt: skip
        return
    if shown.empty:
        empty.say("Nothing of these kinds needs attention.",
                  "Show what ended, was settled or is small as well.", ALL)  # fmt: skip
        return
    most = incident_charts.MAX_ROWS
    heading = "When" if len(shown) <= most else f"When: the gravest {most} of {len(shown):,}"
    with cards.card(heading, help="One row each, as ranked below."):
        cards.chart(
            incident_charts.timeline(shown, page.selection.start, datetime.now(UTC)),
            key="timeline", alt=_told(shown),
        )  # fmt: skip
    with cards.card(
        f"{units.counted(len(shown), 'incident')}, the gravest first",
        help="By severity, then by CO₂e per day. Choose rows by their left edge to decide on them "
        "or open one.",
    ):
        rows = _table(shown)
    decisions.bulk(page, shown.iloc[rows])


def _told(shown: pd.DataFrame) -> str:
    """The timeline in a sentence."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in shown["kind"].value_counts().items())
    first = units.moment_text(shown["start"].min())
    count = units.counted(len(shown), "incident")
    return f"{count} over time, the earliest since {first}: {kinds}."


def _filtered(found: pd.DataFrame) -> pd.DataFrame:
    counts = found["kind"].value_counts()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kinds = st.multiselect(
            "Kinds", list(counts.index), key="kinds", width=420, placeholder="All kinds",
            format_func=lambda kind: f"{kind} ({counts.get(kind, 0)})", persist_state="session",
        )  # fmt: skip
        wanted = st.pills(
            "Show", SHOW, selection_mode="multi", default=SHOW[:1], key="show_incidents",
            persist_state="session",
            help="Settled: snoozed, expected or dismissed. Small: below the least excess that is "
            "worth raising.",
        )  # fmt: skip
        is_over, is_small = found["end"].notna(), found["severity"].eq("log")
        is_settled = ~found["state"].isin(watching.LIVE_STATES)
        keep = (
            (~is_over | ("Ended" in wanted))
            & (is_over | ("Going on" in wanted))
            & (~is_settled | ("Settled" in wanted))
            & (~is_small | ("Small" in wanted))
        )
        if kinds:
            keep &= found["kind"].isin(kinds)
        shown = found[keep].reset_index(drop=True)
        shown = shown.assign(
            kg=shown["excess_g"] / units.GRAMS_PER_KG,
            kg_per_day=shown["g_per_day"] / units.GRAMS_PER_KG,
        )
        cards.download(shown, "incidents")
    return shown


def _table(shown: pd.DataFrame) -> list[int]:
    event = st.dataframe(
        shown, hide_index=True, width="stretch", height=cards.table_height(len(shown)),
        key=cards.rows_key("incidents", shown["incident_id"]), on_select="rerun",
        selection_mode="multi-row", placeholder="–",
        column_order=list(COLUMNS), column_config=COLUMNS,
    )  # fmt: skip
    return [row for row in event.selection.rows if row < len(shown)]
