"""The fleet as a chart and a table: search, filters, columns, download, decisions in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from spectra import fleet_charts, units
from spectra.insight.rightsizing.model import HOURS_PER_MONTH
from spectra.store import instance_queries
from spectra.ui import cards, empty
from spectra.ui.frame import Page
from spectra.ui.instances import decisions
from spectra.ui.instances.potential import LIVE_STATES

_NUMBER = st.column_config.NumberColumn
COLUMNS: dict[str, Any] = {
    "name": st.column_config.TextColumn("Name", pinned=True, width="medium"),
    "finding": "Finding",
    "advice": st.column_config.TextColumn("Advice", width="small"),
    "kg_per_month": _NUMBER("Saves [kg/month]", format="%,.2f", help="Of CO₂e; minus: it adds."),
    "usd_per_month": _NUMBER("Saves [USD/month]", format="%,.2f", help="At list price."),
    "instance_type": st.column_config.TextColumn("Type", width="small"),
    "cpu_days": st.column_config.AreaChartColumn(
        "CPU [%]", y_min=0, y_max=100, width="small",
        help="Daily means of 14 days; the highest hour is in its own column.",
    ),
    "highest_pct": _NUMBER("Peak [%]", format="%,.0f", width="small",
                           help="Highest CPU maximum of an hour in the look-back."),
    "kg": _NUMBER("CO₂e [kg]", format="%,.2f", help="In the period of the sidebar."),
    "cost_usd": _NUMBER("Cost [USD]", format="%,.2f", help="In the period; see Cost basis."),
    "team": "Team",
    "region": "Region",
    "state": st.column_config.TextColumn("State", width="small"),
    "g_per_running_hour": _NUMBER("g/h", format="%,.1f", width="small",
                                  help="CO₂e of a running hour on its last day [g]."),
    "confidence": st.column_config.TextColumn("Confidence", width="small"),
    "state_now": st.column_config.TextColumn("Decision", width="small"),
    "cash_per_month": _NUMBER("Cash [USD/month]", format="%,.2f",
                              help="What would really be paid less; empty: not known."),
    "environment": "Environment",
    "lifecycle": "Bought as",
    "account_id": "Account",
    "mean_pct": _NUMBER("Mean CPU [%]", format="%,.1f"),
    "memory_pct": _NUMBER("Memory [%]", format="%,.0f", help="99.5th percentile; empty: unknown."),
    "members": _NUMBER("Members", format="%,d", help="Of an autoscaling group."),
    "cost_basis": "Cost basis",
    "unit_id": "ID",
}  # fmt: skip
FIRST = tuple(COLUMNS)[: tuple(COLUMNS).index("environment")]
TABLE_PX = 520
ALL = empty.Turn("Clear the filters above", ":material/filter_alt_off:",
                 {"search": "", "findings": [], "states": []})  # fmt: skip


def selected(page: Page) -> pd.DataFrame:
    """The fleet of the sidebar's selection with what the table adds."""
    table: pd.DataFrame = page.get(instance_queries.fleet, page.selection, page.hour)
    table["kg"] = table["total_g"] / units.GRAMS_PER_KG
    for shown, column, scale in (
        ("kg_per_month", "carbon_g_per_h", units.GRAMS_PER_KG),
        ("usd_per_month", "list_usd_per_h", 1),
        ("cash_per_month", "cash_usd_per_h", 1),
    ):
        table[shown] = table[column].astype(float) * HOURS_PER_MONTH / scale
    stops = table["kind"].map({"instance": "stop", "group": "scale to 0"})
    table["advice"] = (
        ("→ " + table["target_type"])
        .where(table["action"].eq("resize"), "")
        .mask(table["action"].eq("stop"), stops)
    )
    table["lifecycle"] = table["purchase_option"].fillna(table["lifecycle"])
    # What can be saved comes first, then what must grow, then the rest by what it emits.
    is_open = table["state_now"].isin(LIVE_STATES)
    rank = (
        pd.Series(2, index=table.index)
        .mask(is_open, 1)
        .mask(is_open & table["kg_per_month"].gt(0), 0)
    )
    order = pd.DataFrame({"rank": rank, "saves": -table["kg_per_month"].where(rank.eq(0), 0.0)})
    return table.loc[order.sort_values(["rank", "saves"], kind="stable").index].reset_index(
        drop=True
    )


def show(page: Page, table: pd.DataFrame) -> None:
    """Filters, chart, table, and what is done with the rows that are chosen."""
    shown, columns = _filtered(table)
    if shown.empty:
        empty.say("No machine matches.", "Take a filter away, here or in the sidebar.",
                  ALL, empty.EVERYTHING)  # fmt: skip
        return
    with cards.card(
        "Cost against carbon",
        help="Lower left is cheap and clean. Both axes are logarithmic; what has no cost or no "
        "emissions in the period is left out.",
    ):
        _scatter(shown)
    with cards.card(
        f"{len(shown):,} of {units.counted(len(table), 'machine')}",
        help="An autoscaling group is one row. Choose rows by their left edge to decide or act.",
    ):
        rows = _table(shown, columns)
    decisions.bulk(page, shown.iloc[rows])


def _filtered(table: pd.DataFrame) -> tuple[pd.DataFrame, Sequence[str]]:
    """Rows that match the controls above the table, and the columns to show."""
    counts = table["finding"].fillna("not judged yet").value_counts()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = st.text_input(
            "Search", key="search", placeholder="Name, ID, type, team, region", width=280,
            persist_state="session",
        )  # fmt: skip
        findings = st.multiselect(
            "Findings", list(counts.index), key="findings", width=420,
            format_func=lambda name: f"{name} ({counts.get(name, 0)})", placeholder="All findings",
            persist_state="session",
        )  # fmt: skip
        states = st.multiselect(
            "State", sorted(table["state"].unique()), key="states", placeholder="All", width=200,
            persist_state="session",
        )  # fmt: skip
        with st.popover("Columns", icon=":material/view_column:"):
            columns = st.multiselect(
                "Columns", list(COLUMNS), default=FIRST, key="columns", format_func=_label,
                persist_state="session", label_visibility="collapsed",
            )  # fmt: skip
        keep = _matching(table, words.lower().split())
        if findings:
            keep &= table["finding"].fillna("not judged yet").isin(findings)
        if states:
            keep &= table["state"].isin(states)
        shown = table[keep].reset_index(drop=True)
        cards.download(_for_export(shown), "instances", help="These rows, all columns.")
    return shown, columns or FIRST


def _matching(table: pd.DataFrame, words: list[str]) -> pd.Series:
    """Which rows have every one of some words, in lower case, in what the search looks through."""
    keep = pd.Series(True, index=table.index)
    if not words:
        return keep
    looked_through = table[["name", "unit_id", "instance_type", "team", "region"]].fillna("")
    text = looked_through["name"].str.cat(looked_through.iloc[:, 1:], sep=" ").str.lower()
    for word in words:
        keep &= text.str.contains(word, regex=False)
    return keep


def _label(column: str) -> str:
    config = COLUMNS[column]
    return config if isinstance(config, str) else str(config["label"])


def _scatter(shown: pd.DataFrame) -> None:
    points = shown[(shown["kg"] > 0) & (shown["cost_usd"] > 0)]
    if points.empty:
        empty.say("No row has both a cost and emissions in the period.", "Choose a longer one.",
                  empty.LONGER)  # fmt: skip
        return
    cards.chart(
        fleet_charts.cost_and_carbon(points),
        key="scatter",
        alt=f"Cost against CO₂e of {units.counted(len(points), 'machine')} in the period: together "
        f"{units.usd_text(float(points['cost_usd'].sum()))} and "
        f"{units.mass_text(float(points['total_g'].sum()))}.",
    )


def _table(shown: pd.DataFrame, columns: Sequence[str]) -> list[int]:
    event = st.dataframe(
        shown[list(columns)],  # what is not shown would be sent all the same
        hide_index=True,
        width="stretch",
        height=cards.table_height(len(shown), TABLE_PX),
        key=cards.rows_key("fleet", shown["unit_id"]),
        on_select="rerun",
        selection_mode="multi-row",
        column_config=COLUMNS,
        placeholder="–",
    )
    return [row for row in event.selection.rows if row < len(shown)]


def _for_export(shown: pd.DataFrame) -> pd.DataFrame:
    """All columns of the table under names with their unit."""
    columns = [name for name in COLUMNS if name != "cpu_days"]
    frame: pd.DataFrame = shown[
        [*columns, "carbon_low_g_per_h", "carbon_high_g_per_h", "coverage", "reason"]
    ]
    return frame.rename(columns={"kg": "period_kg_co2e", "kg_per_month": "saves_kg_per_month",
                                 "usd_per_month": "saves_list_usd_per_month",
                                 "cash_per_month": "saves_cash_usd_per_month"})  # fmt: skip
