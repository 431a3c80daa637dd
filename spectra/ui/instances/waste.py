"""Waste that needs no load curve: disks nobody uses, disks of stopped machines, old types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from spectra import units
from spectra.actions import volume_migration_text
from spectra.actions.plan import Kind
from spectra.actions.targets import target
from spectra.store import waste_queries as waste
from spectra.ui import cards, empty
from spectra.ui.frame import Page
from spectra.ui.instances import asking

_NUMBER = st.column_config.NumberColumn
COLUMNS: dict[str, Any] = {
    "volume_id": st.column_config.TextColumn("Volume", pinned=True),
    "instance_id": st.column_config.TextColumn("Instance", pinned=True),
    "name": "Name",
    "instance_type": st.column_config.TextColumn("Type", pinned=True),
    "instance_count": _NUMBER("Running", format="%,d"),
    "volume_type": st.column_config.TextColumn("Disk type", width="small"),
    "size_gib": _NUMBER("Size [GiB]", format="localized"),
    "volume_count": _NUMBER("Disks", format="%,d"),
    "days": _NUMBER(
        "For [days]", format="%,d", help="At the least: what was before it was listed is not known."
    ),
    "successor": "Better",
    "traffic_gb": _NUMBER("Traffic [GB in 30 d]", format="%,.1f"),
    "saves_usd_per_month": _NUMBER("Saves [USD/month]", format="%,.2f", help="At list price."),
    "usd_per_month": _NUMBER("Costs [USD/month]", format="%,.2f"),
    "kg_per_month": _NUMBER("CO₂e [kg/month]", format="%,.3f"),
    "cost_basis": "Cost basis",
    "team": "Team",
    "teams": "Teams",
    "environment": "Environment",
    "region": "Region",
    "account_id": "Account",
}
ADVICE = {
    "unattached": "Snapshot, then delete: a snapshot costs about half as much per GB and only of "
    "what is written.",
    "stopped": "A stopped machine emits nothing itself; its disks go on. Terminate with a "
    "snapshot, or start it.",
    "old_types": "gp3 costs less than gp2: the plan gives it at least the IOPS and throughput that "
    "a gp2 of its size sustains, and the saving is after what that costs. Changed while in use. "
    "The same disks carry both: no CO₂e is saved.",
    "quiet": "How full a disk is cannot be seen from outside: look, and take the written migration "
    "plan. AWS cannot shrink a volume. Only machines whose disk traffic is known are listed.",
    "generations": "What a newer generation saves on each stands on its page, under “As if it had "
    "run there”.",
}
TABLE_PX = 320


def show(page: Page) -> None:
    """One card for each kind of waste that there is, and a line for those there are not."""
    unattached = _rows(page, waste.unattached)
    stopped = _rows(page, waste.of_stopped)
    old = _rows(page, waste.old_volume_types)
    quiet = _rows(page, waste.quiet_volumes)
    types = _rows(page, waste.old_generations)
    _headlines(unattached, stopped, old)
    if all(rows.empty for rows in (unattached, stopped, old, quiet, types)):
        empty.say("No waste of these kinds is in the selection.",
                  "Idle and over-provisioned machines are under Fleet.",
                  asking.TO_FLEET, empty.EVERYTHING)  # fmt: skip
        return
    chosen = _card("Volumes without a machine", unattached, "unattached")
    _plan(page, "delete volume", "volume", chosen)
    chosen = _card(
        f"Machines stopped for {waste.STOPPED_DAYS} days or more that still pay for disks",
        stopped, "stopped",
    )  # fmt: skip
    _plan(page, "terminate", "instance", chosen)
    chosen = _card("Volumes of an old type", old, "old_types")
    to_gp3 = chosen[chosen["successor"] == "gp3"] if len(chosen) else chosen
    _plan(page, "change volume type", "volume", to_gp3)
    _migration(page, _card("Large volumes that are hardly touched", quiet, "quiet"))
    _card("Running machines of old generations", types, "generations")


def _rows(page: Page, query: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    rows: pd.DataFrame = page.get(query, page.catalog, page.selection, page.hour)
    if "g_per_month" in rows:
        rows = rows.assign(kg_per_month=rows["g_per_month"] / units.GRAMS_PER_KG)
    return rows


def _headlines(unattached: pd.DataFrame, stopped: pd.DataFrame, old: pd.DataFrame) -> None:
    columns = st.columns(3)
    for column, label, rows, noun in (
        (columns[0], "Volumes without a machine", unattached, "volume"),
        (columns[1], "Disks of stopped machines", stopped, "machine"),
    ):
        with column:
            cards.headline(
                label,
                f"{units.usd_text(float(rows['usd_per_month'].sum()))} a month",
                note=f"{units.counted(len(rows), noun)}, "
                f"{units.mass_text(float(rows['g_per_month'].sum()))} a month",
            )
    with columns[2]:
        cards.headline(
            "Old volume types",
            f"{units.usd_text(float(old['saves_usd_per_month'].sum()))} a month",
            note=f"{units.counted(len(old), 'volume')}, at list price",
        )


def _card(title: str, rows: pd.DataFrame, key: str) -> pd.DataFrame:
    """A card with the rows and the advice of `key`; returns those that are chosen."""
    if rows.empty:
        st.caption(f"{title}: none.")
        return rows
    with cards.card(f"{title} ({len(rows)})"):
        st.caption(ADVICE[key])
        event = st.dataframe(
            rows, hide_index=True, width="stretch", placeholder="–",
            key=cards.rows_key(f"waste_{key}", rows.iloc[:, 0]),
            on_select="rerun", selection_mode="multi-row",
            height=cards.table_height(len(rows), TABLE_PX),
            column_order=[name for name in COLUMNS if name in rows],
            column_config=COLUMNS,
        )  # fmt: skip
        cards.download(rows, key)
    return rows.iloc[[row for row in event.selection.rows if row < len(rows)]]


def _plan(page: Page, verb: str, kind: Kind, rows: pd.DataFrame) -> None:
    """A button that plans something for the chosen rows."""
    if rows.empty:
        return
    ids = list(rows[f"{kind}_id"])
    types = dict(zip(ids, rows["successor"], strict=True)) if "successor" in rows else {}
    asking.button(page, verb, kind, ids, wanted=types, key=f"plan_{verb}",
                  label=f"Plan: {asking.VERBS[verb].lower()} {len(ids)}")  # fmt: skip


def _migration(page: Page, rows: pd.DataFrame) -> None:
    """The written plan for one volume: AWS cannot shrink it."""
    if len(rows) != 1:
        return
    found = target(page.store, "volume", rows["volume_id"].iloc[0])
    size_gib = max(int(rows["size_gib"].iloc[0]) // 2, 1)
    st.download_button("Migration plan to half the size", volume_migration_text(found, size_gib),
                       "migration.md", "text/markdown", key="migration",
                       icon=":material/description:", on_click="ignore")  # fmt: skip
